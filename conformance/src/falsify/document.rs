//! JSON as its readers take it: with escapes of lone surrogates, which JavaScript writes for a text
//! that is cut inside of an emoji.

use serde_json::Value;

/// The document. A lone surrogate in an escape becomes `?`, as it does in UTF-8.
///
/// # Errors
/// A text that is not JSON.
pub(super) fn document(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| match without_lone_surrogates(text) {
        Some(text) => serde_json::from_str(&text),
        None => Err(error),
    })
}

/// The text of the same length; `None` if it has no such escape.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                lone.push(at);
                6
            }
            (Some(_), _) => 6,
            // The second may be a backslash, too.
            (None, _) => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for at in &lone {
        out.push_str(&text[from..*at]);
        out.push_str("\\u003f");
        from = at + 6;
    }
    out.push_str(&text[from..]);
    (!lone.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#""\ud83d""#, Some("?"))]
    #[case(r#""\uDE00x\ud83d\ud83d\ude00""#, Some("?x?😀"))]
    #[case(r#""\\ud83d""#, Some("\\ud83d"))]
    #[case(r#""\ud83d\u0041""#, Some("?A"))]
    #[case(r#""\ud83"#, None)]
    #[case(r#""\é\"#, None)]
    #[case("\\", None)]
    fn lone_surrogates_are_read(#[case] text: &str, #[case] expected: Option<&str>) {
        let read = document(text).ok();
        assert_eq!(read, expected.map(Value::from), "{text}");
    }
}
