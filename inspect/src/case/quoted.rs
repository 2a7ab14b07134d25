//! Texts in TOML: strings and comments.

use std::fmt::Write;

/// A text as a TOML string on one line. JSON stays readable where it can: in single quotes, or in
/// three of them.
pub(super) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains(is_odd) {
        if !text.contains('\'') {
            return format!("'{text}'");
        }
        if !text.contains("'''") && !text.starts_with('\'') && !text.ends_with('\'') {
            return format!("'''{text}'''");
        }
    }
    let mut string = String::with_capacity(text.len() + 2);
    string.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                string.push('\\');
                string.push(c);
            }
            '\n' => string.push_str("\\n"),
            '\r' => string.push_str("\\r"),
            '\t' => string.push_str("\\t"),
            c if is_odd(c) => {
                // A `String` takes everything.
                let _ = write!(string, "\\u{:04X}", u32::from(c));
            }
            c => string.push(c),
        }
    }
    string.push('"');
    string
}

/// A text as TOML comments, indented: a line of the text is a line of the file.
pub(super) fn comment(indent: &str, text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let shown: String = line.chars().filter(|c| !is_odd(*c)).collect();
        let _ = writeln!(lines, "{}", format!("{indent}# {shown}").trim_end());
    }
    lines
}

/// What TOML does not take as it is, and what would not be seen: controls, and the characters that
/// turn the direction of the text around them.
fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plain", r#""plain""#)]
    #[case(r#"{"a":1}"#, r#"'{"a":1}'"#)]
    #[case(r#"{"a":"it's"}"#, r#"'''{"a":"it's"}'''"#)]
    #[case(r#""a''''b""#, r#""\"a''''b\"""#)]
    #[case(r#"'"'"#, r#""'\"'""#)]
    #[case("a\nb\u{0}\u{202e}", r#""a\nb\u0000\u202E""#)]
    fn a_string_is_readable(#[case] text: &str, #[case] string: &str) {
        assert_eq!(quoted(text), string);
    }

    #[test]
    fn a_comment_is_one_in_every_line() {
        assert_eq!(comment("  ", "a\u{7}b\r\n\nc"), "  # ab\n  #\n  # c\n");
        assert_eq!(comment("", ""), "");
    }

    proptest! {
        #[test]
        fn a_string_is_what_toml_reads(text in any::<String>()) {
            let file = format!("text = {}\n{}", quoted(&text), comment("", &text));
            let read: toml::Table = toml::from_str(&file).expect("it is TOML");
            prop_assert_eq!(read["text"].as_str(), Some(&*text));
            prop_assert!(!quoted(&text).contains('\n'));
        }
    }
}
