//! Sums of the parts of a text, of which each is known at once: whether one of many secrets stands
//! at a place is asked without looking at its bytes.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A prime: 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;

/// How sums are made. The number is drawn, so that nobody writes texts of the same sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base(u64);

/// The sums of all beginnings of a text.
pub(super) struct Sums(Vec<u64>);

/// Takes a sum for its own hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Default for Base {
    fn default() -> Self {
        Self(RandomState::new().hash_one(PRIME) % (PRIME - 1024) + 512)
    }
}

impl Base {
    /// The sums of a text's parts.
    pub(super) fn sums(self, text: &[u8]) -> Sums {
        let mut sums = Vec::with_capacity(text.len() + 1);
        let mut sum = 0;
        sums.push(sum);
        for byte in text {
            sum = (times(sum, self.0) + u64::from(*byte) + 1) % PRIME;
            sums.push(sum);
        }
        Sums(sums)
    }

    /// What a part of so many bytes needs to know.
    pub(super) fn power(self, length: usize) -> u64 {
        (0..length).fold(1, |power, _| times(power, self.0))
    }
}

impl Sums {
    /// The sum of the part from `at` on, of `length` bytes with their power; `None` if the text ends
    /// before.
    pub(super) fn of(&self, at: usize, length: usize, power: u64) -> Option<u64> {
        let end = self.0.get(at + length)?;
        Some((end + PRIME - times(self.0[at], power)) % PRIME)
    }
}

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // The upper bits count as well.
        self.0 = self.0.rotate_left(8) ^ (number << 3 | number >> 58);
    }
}

/// A product, of numbers below the prime.
fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other) % u128::from(PRIME);
    // It is below the prime.
    u64::try_from(product).unwrap_or_default()
}
