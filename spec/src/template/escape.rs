//! `$util.escapeJavaScript`: the rules of commons-lang, the same in versions 2.4 to 2.6, lang3 and
//! commons-text.

mod block;
mod unicode;

use std::borrow::Cow;

use velocity::{Text, TextBuf};

use self::block::{BLOCK, plain_bytes};
use self::unicode::{escape_non_ascii, unit_escape};

/// What each ASCII byte becomes, and its length. Nothing above U+007F.
const ESCAPES: [([u8; 8], u8); 256] = escapes();

const fn escapes() -> [([u8; 8], u8); 256] {
    let mut table = [([0; 8], 0); 256];
    let mut byte = 0;
    while byte < 128 {
        let mut escape = [b'\\', 0, 0, 0, 0, 0, 0, 0];
        let letter = match byte as u8 {
            letter @ (b'"' | b'\'' | b'\\' | b'/') => letter,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0C => b'f',
            b'\r' => b'r',
            _ => 0,
        };
        let length = if letter != 0 {
            escape[1] = letter;
            2
        } else if byte < 0x20 {
            let unit = unit_escape(byte as u16);
            let mut at = 0;
            while at < unit.len() {
                escape[at] = unit[at];
                at += 1;
            }
            6
        } else {
            escape[0] = byte as u8;
            1
        };
        table[byte] = (escape, length);
        byte += 1;
    }
    table
}

/// Escapes text for a JavaScript string: `"`, `'`, `\` and `/` get a backslash, control characters
/// their letter or `\u00XX`, everything above U+007F one `\uXXXX` for each UTF-16 unit, in upper
/// case. U+007F stays.
///
/// The result is not always valid JSON, which has no escape `\'`. AWS's guide gives the remedy:
/// `.replaceAll("\\'","'")`.
pub fn escape_java_script(text: &str) -> Cow<'_, str> {
    let plain = plain_length(text.as_bytes());
    if plain == text.len() {
        return Cow::Borrowed(text);
    }
    // Enough for any text without control characters.
    let mut out = String::with_capacity(3 * text.len());
    out.push_str(&text[..plain]);
    escape_rest(&text[plain..], ESCAPED_APOSTROPHE, &mut out);
    Cow::Owned(out)
}

/// What `'` becomes.
pub(super) const ESCAPED_APOSTROPHE: &str = "\\'";

/// Appends the escaped text to `out`, with `apostrophe` for every `'`, and returns the number of
/// apostrophes.
pub(super) fn escape_into(text: &str, apostrophe: &str, out: &mut String) -> usize {
    let plain = plain_length(text.as_bytes());
    out.push_str(&text[..plain]);
    if plain == text.len() {
        return 0;
    }
    escape_rest(&text[plain..], apostrophe, out)
}

fn escape_rest(text: &str, apostrophe: &str, out: &mut String) -> usize {
    let mut short = [0; 8];
    let Some(place) = short.get_mut(..apostrophe.len()) else {
        return escape_with_long_apostrophe(text, apostrophe, out);
    };
    place.copy_from_slice(apostrophe.as_bytes());
    let short = (short, apostrophe.len() as u8);
    if text.len() <= 64 {
        escape_in_pieces::<320>(text.as_bytes(), short, out)
    } else {
        escape_in_pieces::<4096>(text.as_bytes(), short, out)
    }
}

fn escape_with_long_apostrophe(text: &str, apostrophe: &str, out: &mut String) -> usize {
    let mut pieces = text.split('\'');
    out.push_str(&escape_java_script(pieces.next().unwrap_or_default()));
    let mut apostrophes = 0;
    for piece in pieces {
        out.push_str(apostrophe);
        out.push_str(&escape_java_script(piece));
        apostrophes += 1;
    }
    apostrophes
}

/// Escapes into a buffer of fixed size first, which never has to grow.
fn escape_in_pieces<const SIZE: usize>(
    bytes: &[u8],
    apostrophe: ([u8; 8], u8),
    out: &mut String,
) -> usize {
    let mut piece = [0; SIZE];
    let (mut at, mut apostrophes) = (0, 0);
    while at < bytes.len() {
        let length = escape_piece(bytes, &mut at, apostrophe, &mut apostrophes, &mut piece);
        match std::str::from_utf8(&piece[..length]) {
            Ok(escaped) => out.push_str(escaped),
            // Unreachable: only whole characters were written.
            Err(_) => out.push_str(&String::from_utf8_lossy(&piece[..length])),
        }
    }
    apostrophes
}

/// Escapes characters from `at` on until the end or until the piece is nearly full; returns how
/// much was written.
#[inline]
fn escape_piece(
    bytes: &[u8],
    from: &mut usize,
    apostrophe: ([u8; 8], u8),
    apostrophes: &mut usize,
    piece: &mut [u8],
) -> usize {
    /// What one iteration may write, plus one store of eight bytes beyond.
    const ROOM: usize = BLOCK + 24;
    let (mut at, mut length) = (*from, 0);
    while at < bytes.len() && length + ROOM <= piece.len() {
        if let (Some(block), Some(spot)) = (
            bytes[at..].first_chunk::<BLOCK>(),
            piece[length..].first_chunk_mut::<BLOCK>(),
        ) {
            *spot = *block;
            let Some(plain) = plain_bytes(block) else {
                at += BLOCK;
                length += BLOCK;
                continue;
            };
            at += plain;
            length += plain;
        }
        let byte = bytes[at];
        if byte.is_ascii() {
            let is_apostrophe = byte == b'\'';
            *apostrophes += usize::from(is_apostrophe);
            let (escape, escape_length) = if is_apostrophe {
                apostrophe
            } else {
                ESCAPES[usize::from(byte)]
            };
            put(piece, length, escape);
            length += usize::from(escape_length);
            at += 1;
            continue;
        }
        (at, length) = escape_non_ascii(bytes, at, piece, length);
    }
    *from = at;
    length
}

/// Stores eight bytes at once, however many of them count.
#[inline]
fn put(piece: &mut [u8], at: usize, bytes: [u8; 8]) {
    if let Some(spot) = piece.get_mut(at..at + 8) {
        spot.copy_from_slice(&bytes);
    }
}

/// How many bytes at the start need no escape.
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(plain) = plain_bytes(block) {
            return index * BLOCK + plain;
        }
    }
    let plain = rest
        .iter()
        .take_while(|&&byte| ESCAPES[usize::from(byte)].1 == 1);
    blocks.len() * BLOCK + plain.count()
}

/// The same for a Java string, including lone surrogates.
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
                    None => unit_escape(unit)
                        .into_iter()
                        .for_each(|byte| out.push(char::from(byte))),
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

    /// Characters of three bytes are escaped eight at a time if the machine can.
    #[test]
    fn characters_among_others_go_by_the_rule() {
        let behind = by_the_rule("の文です。これは長い");
        for character in ('\0'..=char::MAX).step_by(31) {
            let text = format!("日{character}の文です。これは長い");
            let expected = format!("\\u65E5{}{behind}", by_the_rule(&character.to_string()));
            assert_eq!(escape_java_script(&text), expected, "{character:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn runs_of_all_kinds_go_by_the_rule(
            runs in prop::collection::vec(
                ("[a '\"\u{80}é\u{7FF}\u{800}日\u{FFFF}😀\u{10FFFF}]", 1_usize..40),
                0..60,
            ),
            apostrophe in prop::sample::select(
                vec![ESCAPED_APOSTROPHE, "'", "", "longer than eight"],
            ),
        ) {
            let text: String =
                runs.iter().map(|(character, times)| character.repeat(*times)).collect();
            let mut out = "before".to_owned();
            let apostrophes = escape_into(&text, apostrophe, &mut out);
            let expected = by_the_rule(&text).replace(ESCAPED_APOSTROPHE, apostrophe);
            prop_assert_eq!(out, format!("before{expected}"));
            prop_assert_eq!(apostrophes, text.matches('\'').count());
        }

        #[test]
        fn texts_go_by_the_rule(text in "\\PC*|[\\x00-\\x2F'\"\\\\/é😀]*") {
            prop_assert_eq!(escape_java_script(&text), by_the_rule(&text));
        }
    }
}
