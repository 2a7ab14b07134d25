//! `$util.escapeJavaScript`: commons-lang's rules, which versions 2.4 to 2.6, lang3 and text agree on.

use std::borrow::Cow;

use velocity::{Text, TextBuf};

/// What a byte of UTF-8 becomes: 0 stays, 1 begins a character above U+007F, 2 is written as `\u00XX`, anything else is the
/// letter behind the backslash.
const ACTIONS: [u8; 256] = actions();

const STAYS: u8 = 0;
const NON_ASCII: u8 = 1;
const HEX: u8 = 2;

const fn actions() -> [u8; 256] {
    let mut table = [STAYS; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'"' | b'\'' | b'\\' | b'/' => byte as u8,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0C => b'f',
            b'\r' => b'r',
            0x00..=0x1F => HEX,
            0x80..=0xFF => NON_ASCII,
            _ => STAYS,
        };
        byte += 1;
    }
    table
}

/// Escapes text for a JavaScript string: `"`, `'`, `\` and `/` get a backslash, control characters their letter or `\u00XX`,
/// everything above U+007F one `\uXXXX` for each UTF-16 unit, in upper case. U+007F stays.
///
/// The result is not always JSON: `\'` is no escape there. AWS's guide gives the cure, `.replaceAll("\\'","'")`.
pub fn escape_java_script(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = bytes
        .iter()
        .position(|&byte| ACTIONS[usize::from(byte)] != STAYS)
    else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 16);
    let mut copied = 0;
    let mut at = first;
    while at < bytes.len() {
        let byte = bytes[at];
        let action = ACTIONS[usize::from(byte)];
        if action == STAYS {
            at += 1;
            continue;
        }
        out.push_str(&text[copied..at]);
        at += 1;
        match action {
            NON_ASCII => {
                let character = text[at - 1..].chars().next().unwrap_or('\u{FFFD}');
                at += character.len_utf8() - 1;
                for unit in character.encode_utf16(&mut [0; 2]) {
                    push_unit(&mut out, *unit);
                }
            }
            HEX => push_unit(&mut out, u16::from(byte)),
            letter => {
                out.push('\\');
                out.push(char::from(letter));
            }
        }
        copied = at;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn push_unit(out: &mut String, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from(DIGITS[usize::from(unit >> shift & 0xF)]));
    }
}

/// The same for a string as Java holds it, lone surrogates included.
pub(super) fn escape_text<'a>(text: &Text<'a>) -> Text<'a> {
    match text.as_str() {
        Some(well_formed) => match escape_java_script(well_formed) {
            Cow::Borrowed(_) => text.clone(),
            Cow::Owned(escaped) => Text::from(escaped),
        },
        None => {
            let mut out = TextBuf::new();
            for &unit in text.units().iter() {
                match char::from_u32(u32::from(unit)) {
                    Some(character) => {
                        out.push_str(&escape_java_script(character.encode_utf8(&mut [0; 4])));
                    }
                    None => {
                        let mut escaped = String::new();
                        push_unit(&mut escaped, unit);
                        out.push_str(&escaped);
                    }
                }
            }
            out.into_text()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// The rule, one unit at a time.
    fn by_the_rule(text: &str) -> String {
        text.encode_utf16()
            .map(|unit| match unit {
                0x22 | 0x27 | 0x5C | 0x2F => format!("\\{}", char::from(unit as u8)),
                0x08 => "\\b".into(),
                0x09 => "\\t".into(),
                0x0A => "\\n".into(),
                0x0C => "\\f".into(),
                0x0D => "\\r".into(),
                0x20..=0x7F => char::from(unit as u8).to_string(),
                _ => format!("\\u{unit:04X}"),
            })
            .collect()
    }

    #[rstest]
    #[case("plain", "plain")]
    #[case("it's \"q\" \\ /", "it\\'s \\\"q\\\" \\\\ \\/")]
    #[case("\u{8}\t\n\u{C}\r\u{1}\u{7F}", "\\b\\t\\n\\f\\r\\u0001\u{7F}")]
    #[case("日😀", "\\u65E5\\uD83D\\uDE00")]
    fn escapes(#[case] text: &str, #[case] escaped: &str) {
        assert_eq!(escape_java_script(text), escaped);
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(escape_java_script("all plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_character_goes_by_the_rule() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            assert_eq!(
                escape_java_script(&text),
                by_the_rule(&text),
                "{character:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn texts_go_by_the_rule(text in "\\PC*|[\\x00-\\x2F'\"\\\\/é😀]*") {
            prop_assert_eq!(escape_java_script(&text), by_the_rule(&text));
        }
    }
}
