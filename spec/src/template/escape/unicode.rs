//! Escapes characters that are not ASCII: six bytes for each UTF-16 unit.

#[cfg(target_arch = "x86_64")]
mod avx2;

/// The two hexadecimal digits of a byte, the first one in the lower byte.
const DIGITS: [u16; 256] = digits();

/// `\uXXXX`.
#[inline]
pub(super) const fn unit_escape(unit: u16) -> [u8; 6] {
    let digits =
        DIGITS[(unit >> 8) as usize] as u32 | (DIGITS[(unit & 0xFF) as usize] as u32) << 16;
    let [a, b, c, d] = digits.to_le_bytes();
    [b'\\', b'u', a, b, c, d]
}

/// Escapes characters that are not ASCII from `at` on, until the piece is nearly full; returns the
/// new position in both.
#[inline]
pub(super) fn escape_non_ascii(
    bytes: &[u8],
    at: usize,
    piece: &mut [u8],
    length: usize,
) -> (usize, usize) {
    let mut rest = &bytes[at..];
    let all = rest.len();
    let (spots, _) = piece[length..].as_chunks_mut();
    let mut next = 0;
    loop {
        match *rest {
            [lead @ 0xE0..=0xEF, second, third, ref behind @ ..] if next < spots.len() => {
                // Nearly all Chinese, Japanese and Korean characters have three bytes, and rarely
                // come alone.
                let escaped = escape_three_byte_characters(rest, &mut spots[next..]);
                if escaped > 0 {
                    (rest, next) = (&rest[3 * escaped..], next + escaped);
                } else {
                    spots[next] = unit_escape(three_byte_unit([lead, second, third]));
                    (rest, next) = (behind, next + 1);
                }
            }
            [lead @ 0xC0..=0xDF, second, ref behind @ ..] if next < spots.len() => {
                spots[next] = unit_escape(u16::from(lead & 0x1F) << 6 | bits(second));
                (rest, next) = (behind, next + 1);
            }
            [lead @ 0xF0..=0xFF, second, third, fourth, ref behind @ ..]
                if next + 1 < spots.len() =>
            {
                // The bits above the lowest ten, minus 0x10000.
                let high = (u16::from(lead & 7) << 8 | bits(second) << 2 | bits(third) >> 4)
                    .wrapping_sub(0x40);
                let low = bits(third & 0xF) << 6 | bits(fourth);
                spots[next] = unit_escape(0xD800 | high);
                spots[next + 1] = unit_escape(0xDC00 | low);
                (rest, next) = (behind, next + 2);
            }
            _ => break,
        }
    }
    (at + all - rest.len(), length + 6 * next)
}

/// Escapes consecutive characters of three bytes, and returns how many.
#[inline]
fn escape_three_byte_characters(bytes: &[u8], spots: &mut [[u8; 6]]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        let done = avx2::escape(bytes, spots);
        if done > 0 {
            return done;
        }
    }
    let mut done = 0;
    while let Some(block) = bytes[3 * done..].first_chunk::<12>()
        && [0, 3, 6, 9]
            .iter()
            .fold(0, |all, &at| all | block[at] ^ 0xE0)
            < 0x10
        && let Some(spots) = spots[done..].first_chunk_mut::<4>()
    {
        for (character, spot) in block.as_chunks::<3>().0.iter().zip(spots) {
            *spot = unit_escape(three_byte_unit(*character));
        }
        done += 4;
    }
    done
}

/// The bits of a continuation byte.
#[inline]
fn bits(byte: u8) -> u16 {
    u16::from(byte & 0x3F)
}

#[inline]
fn three_byte_unit([lead, second, third]: [u8; 3]) -> u16 {
    u16::from(lead) << 12 | bits(second) << 6 | bits(third)
}

const fn digits() -> [u16; 256] {
    let digits = b"0123456789ABCDEF";
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = u16::from_le_bytes([digits[byte >> 4], digits[byte & 15]]);
        byte += 1;
    }
    table
}
