//! `$util.escapeJavaScript`: commons-lang's rules, which versions 2.4 to 2.6, lang3 and text agree on.

use std::borrow::Cow;

use velocity::{Text, TextBuf};
use wide::{u8x16, u32x8};

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
    let plain = plain_length(text.as_bytes());
    if plain == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 8 + 64);
    out.extend_from_slice(&text.as_bytes()[..plain]);
    escape_onto(&text[plain..], ESCAPED_APOSTROPHE, &mut out);
    Cow::Owned(into_string(out))
}

/// What `'` becomes.
pub(super) const ESCAPED_APOSTROPHE: &str = "\\'";

/// Escapes onto `out`, with `apostrophe` in the place of every `'`, and answers how many apostrophes there were.
pub(super) fn escape_into(text: &str, apostrophe: &str, out: &mut String) -> usize {
    let plain = plain_length(text.as_bytes());
    out.push_str(&text[..plain]);
    if plain == text.len() {
        return 0;
    }
    // The bytes that are written are text, which takes a check of all that stands in the buffer: not for little text
    // behind much.
    if out.len() > 512 + 4 * text.len() {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        let apostrophes = escape_onto(&text[plain..], apostrophe, &mut bytes);
        out.push_str(&into_string(bytes));
        return apostrophes;
    }
    let mut bytes = std::mem::take(out).into_bytes();
    let apostrophes = escape_onto(&text[plain..], apostrophe, &mut bytes);
    *out = into_string(bytes);
    apostrophes
}

/// Only whole texts were written.
fn into_string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Bytes looked at together.
const BLOCK: usize = 16;

/// The place of the first byte of the block that does not stay as it is; at its end when all do.
#[inline]
fn plain_in_block(block: &[u8; BLOCK]) -> usize {
    let bytes = u8x16::new(*block);
    let each = u8x16::splat;
    let controls = bytes.saturating_sub(each(0x1F)).simd_eq(each(0));
    // `'` and `/` differ in one bit.
    let slashes = (bytes | each(0x08)).simd_eq(each(b'/'));
    let others = bytes.simd_eq(each(b'"')) | bytes.simd_eq(each(b'\\'));
    // What is not ASCII has its highest bit set, as the answers of the comparisons have.
    let special = (controls | slashes | others | bytes).to_bitmask();
    (special | 1 << BLOCK).trailing_zeros() as usize
}

/// How many bytes at the start stay as they are.
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        let plain = plain_in_block(block);
        if plain < BLOCK {
            return index * BLOCK + plain;
        }
    }
    let plain = rest
        .iter()
        .take_while(|&&byte| ACTIONS[usize::from(byte)] == STAYS);
    blocks.len() * BLOCK + plain.count()
}

fn escape_onto(text: &str, apostrophe: &str, out: &mut Vec<u8>) -> usize {
    let bytes = text.as_bytes();
    let mut apostrophes = 0;
    let mut at = 0;
    while at < bytes.len() {
        if let Some(block) = bytes[at..].first_chunk::<BLOCK>() {
            let plain = plain_in_block(block);
            out.extend_from_slice(block);
            at += plain;
            if plain == BLOCK {
                continue;
            }
            out.truncate(out.len() - (BLOCK - plain));
        }
        let byte = bytes[at];
        match ACTIONS[usize::from(byte)] {
            STAYS => out.push(byte),
            NON_ASCII => {
                at += escape_non_ascii(&text[at..], out);
                continue;
            }
            HEX => out.extend_from_slice(&unit_escape(u16::from(byte))),
            b'\'' => {
                apostrophes += 1;
                out.extend_from_slice(apostrophe.as_bytes());
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        at += 1;
    }
    apostrophes
}

/// Characters that are escaped together: those of three bytes, as nearly all Chinese, Japanese and Korean ones are.
const TOGETHER: usize = 8;

/// Escapes what is not ASCII at the start of the text, some thousand bytes at most, and answers how many bytes that was.
fn escape_non_ascii(text: &str, out: &mut Vec<u8>) -> usize {
    let bytes = text.as_bytes();
    let run = non_ascii_length(&bytes[..bytes.len().min(4096)]);
    let mut length = out.len();
    // Two or four bytes become thrice as many; a block may go on behind the run.
    out.resize(length + 3 * run + 4 * 6 * TOGETHER, 0);
    let mut at = 0;
    while at < run {
        if bytes[at] & 0xF0 == 0xE0
            && let Some(block) = bytes[at..].first_chunk()
            && let Some(spot) = out[length..].first_chunk_mut()
        {
            let characters = escape_three_byte_characters(block, spot);
            at += 3 * characters;
            length += 6 * characters;
            continue;
        }
        let character = text[at..]
            .chars()
            .next()
            .unwrap_or(char::REPLACEMENT_CHARACTER);
        for &mut unit in character.encode_utf16(&mut [0; 2]) {
            out[length..length + 6].copy_from_slice(&unit_escape(unit));
            length += 6;
        }
        at += character.len_utf8();
    }
    out.truncate(length);
    at
}

/// How many bytes at the start are not ASCII.
fn non_ascii_length(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        let length = u8x16::new(*block).to_bitmask().trailing_ones() as usize;
        if length < BLOCK {
            return index * BLOCK + length;
        }
    }
    blocks.len() * BLOCK + rest.iter().take_while(|byte| !byte.is_ascii()).count()
}

/// Writes the escapes of the characters in the block, and answers how many at the start are of three bytes: what stands behind
/// their escapes is nothing.
#[inline]
fn escape_three_byte_characters(
    block: &[u8; 3 * TOGETHER + 1],
    out: &mut [u8; 6 * TOGETHER + 2],
) -> usize {
    let words = u32x8::new(std::array::from_fn(|index| {
        let at = 3 * index;
        // The fourth byte counts for nothing: four are read as quickly as one.
        u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
    }));
    let each = u32x8::splat;
    // 1110aaaa 10bbbbcc 10ccdddd, the first byte lowest, to four bits in each byte.
    let numbers = (words & each(0xF))
        | ((words >> 2_u32) & each(0x0F00))
        | ((words << 10_u32) & each(0x000C_0000))
        | ((words >> 4_u32) & each(0x0003_0000))
        | ((words << 8_u32) & each(0x0F00_0000));
    let letters = ((numbers + each(0x0606_0606)) >> 4_u32) & each(0x0101_0101);
    let digits = numbers + each(0x3030_3030) + ((letters << 3_u32) - letters);
    for (index, digits) in digits.to_array().into_iter().enumerate() {
        let escape = u64::from(u16::from_le_bytes(*b"\\u")) | u64::from(digits) << 16;
        out[6 * index..6 * index + 8].copy_from_slice(&escape.to_le_bytes());
    }
    let of_three_bytes = (words & each(0x00C0_C0F0)).simd_eq(each(0x0080_80E0));
    of_three_bytes.to_bitmask().trailing_ones() as usize
}

fn unit_escape(unit: u16) -> [u8; 6] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |shift: u32| DIGITS[usize::from(unit >> shift & 0xF)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn texts_go_by_the_rule(text in "\\PC*|[\\x00-\\x2F'\"\\\\/é😀]*") {
            prop_assert_eq!(escape_java_script(&text), by_the_rule(&text));
        }
    }
}
