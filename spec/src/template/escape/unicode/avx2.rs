//! Escapes characters of three bytes, eight at a time, on machines with AVX2: Chinese and Japanese
//! text is escaped more than twice as fast. Only the call is unsafe: the instructions themselves
//! touch no memory.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_set_epi64x, _mm256_and_si256, _mm256_cmpeq_epi32, _mm256_extract_epi64,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_m128i, _mm256_set1_epi32,
    _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
};

/// Escapes the characters of three bytes at the start of `bytes`, and returns how many. Stops early
/// if `bytes` or `spots` have no room for eight.
#[inline]
pub(super) fn escape(bytes: &[u8], spots: &mut [[u8; 6]]) -> usize {
    if bytes.len() < BLOCK || !is_x86_feature_detected!("avx2") {
        return 0;
    }
    #[expect(
        unsafe_code,
        reason = "calling instructions that not every machine has is unsafe"
    )]
    // SAFETY: this machine has AVX2, as was just checked.
    unsafe {
        escape_eights(bytes, spots)
    }
}

/// Eight characters, and the bytes that are read beyond them.
const BLOCK: usize = 28;

#[target_feature(enable = "avx2")]
fn escape_eights(bytes: &[u8], spots: &mut [[u8; 6]]) -> usize {
    const NONE: u8 = 0x80;
    // Spreads each character over four bytes.
    let spread = both_halves([0, 1, 2, NONE, 3, 4, 5, NONE, 6, 7, 8, NONE, 9, 10, 11, NONE]);
    let digits = both_halves(*b"0123456789ABCDEF");
    // Four characters become 24 bytes: 16 and 8 more.
    let place = both_halves([
        NONE, NONE, 0, 1, 2, 3, NONE, NONE, 4, 5, 6, 7, NONE, NONE, 8, 9,
    ]);
    let frame = both_halves(*b"\\u\0\0\0\0\\u\0\0\0\0\\u\0\0");
    let place_behind = both_halves([
        10, 11, NONE, NONE, 12, 13, 14, 15, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    ]);
    let frame_behind = both_halves(*b"\0\0\\u\0\0\0\0\0\0\0\0\0\0\0\0");
    let each = |word: u32| _mm256_set1_epi32(word.cast_signed());
    let mut done = 0;
    while let Some(block) = bytes[3 * done..].first_chunk::<BLOCK>()
        && let Some(spots) = spots[done..].first_chunk_mut::<8>()
    {
        let halves = _mm256_set_m128i(half(block, 12), half(block, 0));
        let words = _mm256_shuffle_epi8(halves, spread);
        // 1110aaaa 10bbbbcc 10ccdddd, the first byte lowest.
        let marks = _mm256_and_si256(words, each(0x00C0_C0F0));
        let of_three_bytes =
            _mm256_movemask_epi8(_mm256_cmpeq_epi32(marks, each(0x0080_80E0))).trailing_ones();
        // Four bits to each byte.
        let part = |shifted: __m256i, mask: u32| _mm256_and_si256(shifted, each(mask));
        let numbers = [
            part(_mm256_srli_epi32::<2>(words), 0x0F00),
            part(_mm256_slli_epi32::<10>(words), 0x000C_0000),
            part(_mm256_srli_epi32::<4>(words), 0x0003_0000),
            part(_mm256_slli_epi32::<8>(words), 0x0F00_0000),
        ]
        .into_iter()
        .fold(part(words, 0xF), |numbers, part| {
            _mm256_or_si256(numbers, part)
        });
        let written = _mm256_shuffle_epi8(digits, numbers);
        let front = _mm256_or_si256(_mm256_shuffle_epi8(written, place), frame);
        let behind = _mm256_or_si256(_mm256_shuffle_epi8(written, place_behind), frame_behind);
        let words = [
            _mm256_extract_epi64::<0>(front),
            _mm256_extract_epi64::<1>(front),
            _mm256_extract_epi64::<0>(behind),
            _mm256_extract_epi64::<2>(front),
            _mm256_extract_epi64::<3>(front),
            _mm256_extract_epi64::<2>(behind),
        ];
        for (spot, word) in spots.as_flattened_mut().chunks_exact_mut(8).zip(words) {
            spot.copy_from_slice(&word.to_le_bytes());
        }
        // The bytes after the last of them are overwritten later.
        if of_three_bytes < 32 {
            return done + of_three_bytes as usize / 4;
        }
        done += 8;
    }
    done
}

#[target_feature(enable = "avx2")]
fn both_halves(bytes: [u8; 16]) -> __m256i {
    let half = half(&bytes, 0);
    _mm256_set_m128i(half, half)
}

/// Sixteen of the bytes.
#[target_feature(enable = "avx2")]
fn half(bytes: &[u8], at: usize) -> __m128i {
    let word = |at: usize| {
        let word = bytes[at..].first_chunk().copied();
        i64::from_le_bytes(word.unwrap_or_default())
    };
    _mm_set_epi64x(word(at + 8), word(at))
}
