//! Unpredictable bits for ids.

use std::hash::{BuildHasher, RandomState};

use spec::ids::IdSource;

/// A counter behind a keyed hash (SipHash); the key comes from the operating system.
pub struct Random {
    key: RandomState,
    count: u64,
}

impl Random {
    /// With a key that no other has.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Default for Random {
    fn default() -> Self {
        Self {
            key: RandomState::new(),
            count: 0,
        }
    }
}

impl IdSource for Random {
    fn next_u64(&mut self) -> u64 {
        self.count += 1;
        self.key.hash_one(self.count)
    }
}
