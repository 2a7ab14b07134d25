//! Values of parameters in the spellings that `sam deploy --parameter-overrides` takes.

/// Parameters with their values.
pub(crate) type Parameters = Vec<(String, String)>;

/// Those of one argument.
#[derive(Clone, Debug)]
pub(crate) struct Overrides(pub(super) Parameters);

/// `NAME=VALUE`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` must be NAME=VALUE"))
}

/// As [`parse`], of what a shell may have taken the quotes away from: `Key=Two words`.
pub(super) fn of_argument(text: &str) -> Result<Overrides, String> {
    let parsed = parse(text).or_else(|error| {
        let is_one = !words(text).iter().skip(1).any(|word| word.contains('='));
        let one = one(text.trim()).ok().filter(|_| is_one);
        let one = one.filter(|(name, _)| !name.contains(char::is_whitespace));
        one.map(|one| vec![one]).ok_or(error)
    });
    parsed.map(Overrides)
}

/// `Key=Value Key2="Two words"` or `ParameterKey=Key,ParameterValue=Value`, any number of them.
///
/// Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html>
pub(super) fn parse(text: &str) -> Result<Parameters, String> {
    words(text).iter().map(|word| one(word)).collect()
}

fn one(word: &str) -> Result<(String, String), String> {
    let long = word.strip_prefix("ParameterKey=");
    let long = long.and_then(|rest| rest.split_once(",ParameterValue="));
    match long.or_else(|| word.split_once('=')) {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!(
            "`{word}` must be Key=Value, or ParameterKey=Key,ParameterValue=Value"
        )),
    }
}

/// Words as a shell splits them: quotes keep spaces, a backslash keeps a quote or a space.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', _) if chars.peek().is_some_and(|next| "\"'\\ ".contains(*next)) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (_, Some(open)) if char == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (_, None) if char.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("A=1 B=two", &[("A", "1"), ("B", "two")])]
    #[case("A=1\n\tB=", &[("A", "1"), ("B", "")])]
    #[case(r#"A="two words" B='a "b"'"#, &[("A", "two words"), ("B", "a \"b\"")])]
    #[case(r#"A="a \"b\" c""#, &[("A", "a \"b\" c")])]
    #[case("ParameterKey=A,ParameterValue=1,2 ParameterKey=B,ParameterValue=\"x y\"",
           &[("A", "1,2"), ("B", "x y")])]
    #[case("Url=https://a/?b=c", &[("Url", "https://a/?b=c")])]
    #[case(r"A=my\ chat B=c:\x", &[("A", "my chat"), ("B", r"c:\x")])]
    fn every_spelling_of_sam_is_read(#[case] text: &str, #[case] expected: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        assert_eq!(parse(text), Ok(expected.iter().map(owned).collect()));
    }

    #[rstest]
    #[case("A=two words", &[("A", "two words")])]
    #[case("A=1 B=2", &[("A", "1"), ("B", "2")])]
    fn an_argument_may_have_lost_its_quotes(#[case] text: &str, #[case] expected: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let read = of_argument(text).map(|read| read.0);
        assert_eq!(read, Ok(expected.iter().map(owned).collect()));
    }

    #[rstest]
    #[case("A=prod junk B=x")]
    #[case("A=prod junk")]
    fn no_word_swallows_another(#[case] text: &str) {
        let error = parse(text).expect_err("a word is no parameter");
        assert!(error.starts_with("`junk` must be"), "{error}");
        assert_eq!(of_argument(text).is_err(), text.contains("B="));
    }

    #[rstest]
    #[case("my/template.yaml")]
    #[case("=1")]
    #[case("A B=1")]
    fn what_is_no_parameter_is_named(#[case] text: &str) {
        let error = of_argument(text).expect_err("it has no name or no value");
        assert!(error.contains("must be Key=Value"), "{error}");
    }
}
