//! What JSON writes as two escapes of surrogates, and YAML as one character.

use serde_json::Value;

/// A text that YAML can read.
pub(crate) struct Joined {
    pub(crate) text: String,
    /// The byte at which each character is written in the JSON.
    pub(super) offsets: Vec<usize>,
}

/// JSON with a character in place of each pair of surrogates. A half without its other is no
/// character: U+FFFD stands for it. `None` if there are none, or the text is not JSON: in YAML, a
/// backslash can stand for itself.
pub(crate) fn join(text: &str) -> Option<Joined> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return None;
    }
    let mut joined = Joined {
        text: String::with_capacity(text.len()),
        offsets: Vec::with_capacity(text.len()),
    };
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let surrogate = character(&text[at..]);
        let (char, mut length) = surrogate.unwrap_or((first, first.len_utf8()));
        joined.push(char, at);
        // What a backslash escapes begins no escape of its own.
        if first == '\\'
            && surrogate.is_none()
            && let Some(escaped) = text[at + 1..].chars().next()
        {
            joined.push(escaped, at + 1);
            length += escaped.len_utf8();
        }
        at += length;
    }
    let json = joined.text.trim_start_matches('\u{feff}');
    serde_json::from_str::<Value>(json).ok().map(|_| joined)
}

impl Joined {
    fn push(&mut self, char: char, at: usize) {
        self.text.push(char);
        self.offsets.push(at);
    }
}

/// The character that a text's first escapes are, with their length, if the first is that of a
/// surrogate.
pub(super) fn character(text: &str) -> Option<(char, usize)> {
    const ESCAPE: usize = r"\ud83d".len();
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..ESCAPE - 2)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(text).filter(|unit| (0xd800..0xe000).contains(unit))?;
    let pair = text.get(ESCAPE..).and_then(unit).and_then(|second| {
        char::decode_utf16([first, second])
            .next()
            .and_then(Result::ok)
    });
    Some(match pair {
        Some(char) => (char, 2 * ESCAPE),
        None => (char::REPLACEMENT_CHARACTER, ESCAPE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_characters_and_their_places_are_kept() {
        let text = "{\"é\": \"\\ud83d\\uDE00 \\udead \\\\ud83d \\u00e9\"}";
        let joined = join(text).expect("it is JSON with surrogates");
        assert_eq!(joined.text, "{\"é\": \"😀 \u{fffd} \\\\ud83d \\u00e9\"}");
        let offsets = joined.text.chars().zip(&joined.offsets);
        for (char, &at) in offsets {
            let there = text[at..].chars().next();
            assert!(there == Some(char) || there == Some('\\'), "{char} {at}");
        }
        // Two pairs, a half before a pair, and halves in the wrong order.
        for (written, expected) in [
            (r#""\ud83d\ude00\ud83d\ude01""#, "\"😀😁\""),
            (r#""\ud83d\ud83d\ude00""#, "\"\u{fffd}😀\""),
            (r#""\ude00\ud83d""#, "\"\u{fffd}\u{fffd}\""),
            ("\u{feff}\"\\ud83d\\ude00\"", "\u{feff}\"😀\""),
        ] {
            let joined = join(written).expect("it is JSON with surrogates");
            assert_eq!(joined.text, expected);
            assert_eq!(joined.offsets.len(), expected.chars().count());
        }
        for other in [
            r#"{"a": "\u00e9"}"#,
            r#"a: '\ud83d'"#,
            "a: |\n  \"\\ud83d\"",
        ] {
            assert!(join(other).is_none(), "{other}");
        }
    }
}
