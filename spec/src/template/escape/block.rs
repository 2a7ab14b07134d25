//! Sixteen bytes looked at together: which is the first that must be escaped?

#[cfg(not(target_arch = "x86_64"))]
use self::portable::first_special;
#[cfg(target_arch = "x86_64")]
use self::sse2::first_special;

/// How many bytes are examined at once.
pub(super) const BLOCK: usize = 16;

/// How many bytes come before the first that must be escaped; `None` if there is none.
#[inline]
pub(super) fn plain_bytes(block: &[u8; BLOCK]) -> Option<usize> {
    let (words, _) = block.as_chunks::<8>();
    let words = [words[0], words[1]].map(u64::from_le_bytes);
    first_special(words)
}

/// What every processor of this architecture can.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
        _mm_setzero_si128, _mm_subs_epu8,
    };

    #[inline]
    #[expect(
        unsafe_code,
        reason = "a third of the time of escaping ASCII (benchmark `escape`)"
    )]
    pub(super) fn first_special(words: [u64; 2]) -> Option<usize> {
        // SAFETY: every processor of this architecture has SSE2.
        unsafe { find(words) }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn find([first, second]: [u64; 2]) -> Option<usize> {
        let each = |byte: u8| _mm_set1_epi8(byte.cast_signed());
        let bytes = _mm_set_epi64x(second.cast_signed(), first.cast_signed());
        let above = _mm_subs_epu8(bytes, each(0x1F));
        let controls = _mm_cmpeq_epi8(above, _mm_setzero_si128());
        // `'` and `/` differ in one bit.
        let slashes = _mm_cmpeq_epi8(_mm_or_si128(bytes, each(0x08)), each(b'/'));
        let quotes = _mm_cmpeq_epi8(bytes, each(b'"'));
        let others = _mm_or_si128(quotes, _mm_cmpeq_epi8(bytes, each(b'\\')));
        let ascii = _mm_or_si128(_mm_or_si128(controls, slashes), others);
        // A byte that is not ASCII has its highest bit set, like the results of the comparisons.
        let special = _mm_movemask_epi8(_mm_or_si128(ascii, bytes));
        (special != 0).then(|| special.trailing_zeros() as usize)
    }
}

/// The same with words of eight bytes.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    #[inline]
    pub(super) fn first_special([first, second]: [u64; 2]) -> Option<usize> {
        let bits = match (special_bits(first), special_bits(second)) {
            (0, 0) => return None,
            (0, second) => 64 + second.trailing_zeros(),
            (first, _) => first.trailing_zeros(),
        };
        Some(bits as usize / 8)
    }

    /// The highest bit of each byte that must be escaped. A sum of two bytes below 0x80 stays in
    /// its byte: its highest bit says whether it reached 0x80.
    #[inline]
    fn special_bits(word: u64) -> u64 {
        const fn each(byte: u8) -> u64 {
            u64::from_le_bytes([byte; 8])
        }
        let low = word & each(0x7F);
        let is_not = |byte: u8, low: u64| (low ^ each(byte)) + each(0x7F);
        let is_printable = low + each(0x80 - 0x20);
        let is_no_slash = is_not(b'/', low | each(0x08));
        let is_plain = is_printable & is_no_slash & is_not(b'"', low) & is_not(b'\\', low);
        (!is_plain | word) & each(0x80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_the_rule(block: [u8; BLOCK]) -> Option<usize> {
        let is_special = |byte: &u8| *byte < 0x20 || b"'/\"\\".contains(byte) || *byte >= 0x80;
        block.iter().position(is_special)
    }

    fn both_ways(block: [u8; BLOCK]) -> [Option<usize>; 2] {
        let (words, _) = block.as_chunks::<8>();
        let words = [words[0], words[1]].map(u64::from_le_bytes);
        [plain_bytes(&block), portable::first_special(words)]
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut block = [b'x'; BLOCK];
                block[place] = byte;
                assert_eq!(both_ways(block), [by_the_rule(block); 2], "{byte} {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_of_several_is_found(block in any::<[u8; BLOCK]>(), ascii in any::<bool>()) {
            let block = if ascii { block.map(|byte| byte & 0x7F) } else { block };
            prop_assert_eq!(both_ways(block), [by_the_rule(block); 2]);
        }
    }
}
