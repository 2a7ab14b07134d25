//! A fast hash for names and keys. It mixes well but does not resist chosen collisions: templates
//! and bodies are bounded in size.

use std::hash::{BuildHasher, Hasher};

#[derive(Clone, Copy, Default)]
pub(crate) struct FastHasher;

pub(crate) struct State(u64);

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl BuildHasher for FastHasher {
    type Hasher = State;

    fn build_hasher(&self) -> State {
        State(0x243F_6A88_85A3_08D3)
    }
}

impl State {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(MULTIPLIER);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for State {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.mix(u64::from_le_bytes([
                chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
            ]));
        }
        let mut last = [0; 8];
        let rest = chunks.remainder();
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ ((rest.len() as u64) << 56));
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn write_i32(&mut self, value: i32) {
        self.mix(u64::from(value as u32));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
