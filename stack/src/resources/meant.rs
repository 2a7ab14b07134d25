//! The word that was meant where another one is written.

use velocity::suggest::nearest;

/// What to do about a word that is none of those that are taken: the one that was meant, if that can
/// be told. The message lists them all.
pub(crate) fn meant(text: &str, allowed: &[&str]) -> Option<String> {
    let all = || allowed.iter().copied();
    let same = all().find(|word| word.eq_ignore_ascii_case(text));
    let begins = || all().filter(|word| text.starts_with(word));
    let longest = || begins().max_by_key(|word| word.len());
    match same.or_else(|| nearest(text, all())).or_else(longest) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if allowed.contains(&"AWS_PROXY") && text.to_ascii_uppercase().contains("LAMBDA") => {
            Some("functions are called by `AWS_PROXY`, or by `AWS`".to_owned())
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("mock", Some("did you mean `MOCK`?"))]
    #[case("MOKC", Some("did you mean `MOCK`?"))]
    #[case("MOCKED", Some("did you mean `MOCK`?"))]
    #[case("AWS-PROXY", Some("did you mean `AWS_PROXY`?"))]
    #[case("lambda", Some("functions are called by `AWS_PROXY`, or by `AWS`"))]
    #[case("SQS", None)]
    fn the_word_that_was_meant(#[case] text: &str, #[case] help: Option<&str>) {
        assert_eq!(meant(text, &["AWS", "AWS_PROXY", "MOCK"]).as_deref(), help);
    }
}
