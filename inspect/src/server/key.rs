//! The page's key: who has it may see and do what the page does.

use std::fmt::Write as _;
use std::io::{self, Read};

use subtle::ConstantTimeEq;

const BYTES: usize = 24;

/// A key that nobody can guess, new at each start.
pub(super) struct Key(String);

impl Key {
    /// # Errors
    /// What the system says instead of giving random bytes.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; BYTES];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let mut text = String::with_capacity(2 * BYTES);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// As it stands in the page's address.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether `given` is this key. Takes as long for a key that is nearly right as for any other of
    /// its length.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_itself_only() {
        let key = Key::random().expect("random bytes");
        let text = key.text().to_owned();
        assert_eq!(text.len(), 48);
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(key.is(&text));
        let other = Key::random().expect("random bytes");
        assert!(!key.is(other.text()));
        for wrong in ["", &text[1..], &text.to_uppercase(), &format!("{text} ")] {
            // A key of digits only is its own upper case.
            assert!(!key.is(wrong) || wrong == text, "{wrong}");
        }
    }
}
