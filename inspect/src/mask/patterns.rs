//! Secrets in texts, in every spelling.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::BuildHasherDefault;

use super::MASK;
use super::spellings::spellings;
use super::sums::{AsItIs, Base, Sums};

/// Finds secrets in texts.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// Those that are never forgotten.
    lasting: BTreeSet<String>,
    /// The others with the bytes that they take, the oldest first.
    learned: VecDeque<(String, usize)>,
    known: HashSet<String>,
    bytes: usize,
    base: Base,
    /// In every spelling, by their sums.
    spelled: HashMap<u64, Spelled, BuildHasherDefault<AsItIs>>,
    /// By their first bytes.
    starts: HashMap<[u8; START], Lengths>,
}

#[derive(Debug)]
struct Spelled {
    text: Box<str>,
    /// Whether it is masked only where it stands by itself: within words it would be found anywhere.
    is_word: bool,
}

/// How long those are that begin with the same bytes.
#[derive(Debug, Default)]
struct Lengths {
    /// The longest first, with their powers.
    some: Vec<(usize, u64)>,
    /// Whether there are others: then all that begins so is masked.
    is_full: bool,
}

/// How many secrets are remembered, and how many are forgotten at once beyond that.
const LEARNED: usize = 10_000;
const FORGOTTEN: usize = 1000;
/// How many bytes all their spellings may have, and how many are left once some are forgotten.
const BYTES: usize = 16 * 1024 * 1024;
const BYTES_LEFT: usize = 12 * 1024 * 1024;
/// What a spelling takes besides its text, about.
const SMALL: usize = 96;
/// A secret of fewer bytes is masked only by its name: it would be found everywhere.
const SHORT: usize = 6;
/// A spelling of fewer bytes, or of letters only, may be a part of a word.
const WORD: usize = 12;
const START: usize = SHORT;
/// How many lengths are tried at one place.
const LENGTHS: usize = 64;
/// Longer ones are none: a gateway takes no such header.
pub(super) const LONGEST: usize = 8 * 1024;

impl Patterns {
    /// Whether a secret can be remembered and is not yet.
    pub(super) fn is_new(&self, secret: &str) -> bool {
        let is_fit = (SHORT..=LONGEST).contains(&secret.len()) && secret != MASK;
        is_fit && !self.known.contains(secret) && !self.lasting.contains(secret)
    }

    /// Remembers a secret.
    pub(super) fn add(&mut self, secret: &str) {
        if !self.is_new(secret) {
            return;
        }
        self.known.insert(secret.to_owned());
        let bytes = self.insert(secret);
        self.learned.push_back((secret.to_owned(), bytes));
        if self.learned.len() > LEARNED || self.bytes > BYTES {
            self.forget();
        }
    }

    /// Remembers a secret for ever.
    pub(super) fn add_lasting(&mut self, secret: &str) {
        if secret.len() >= SHORT && self.lasting.insert(secret.to_owned()) {
            self.insert(secret);
        }
    }

    /// Forgets the oldest.
    fn forget(&mut self) {
        let mut bytes = self.bytes;
        while self.learned.len() > LEARNED - FORGOTTEN || bytes > BYTES_LEFT {
            let Some((secret, taken)) = self.learned.pop_front() else {
                break;
            };
            self.known.remove(&secret);
            bytes -= taken;
        }
        self.spelled.clear();
        self.starts.clear();
        self.bytes = 0;
        for secret in self.lasting.clone() {
            self.insert(&secret);
        }
        for (secret, _) in std::mem::take(&mut self.learned) {
            let bytes = self.insert(&secret);
            self.learned.push_back((secret, bytes));
        }
    }

    /// How many bytes it takes.
    fn insert(&mut self, secret: &str) -> usize {
        let before = self.bytes;
        for spelling in spellings(secret) {
            let Some(start) = spelling.as_bytes().first_chunk::<START>() else {
                continue;
            };
            let length = spelling.len();
            let is_word = length < WORD || spelling.chars().all(char::is_alphabetic);
            let lengths = self.starts.entry(*start).or_default();
            let power = lengths.insert(length, self.base);
            let sums = self.base.sums(spelling.as_bytes());
            let Some(sum) = power.and_then(|power| sums.of(0, length, power)) else {
                continue;
            };
            let bytes = &mut self.bytes;
            self.spelled.entry(sum).or_insert_with(|| {
                *bytes += length + SMALL;
                Spelled {
                    text: spelling.into(),
                    is_word,
                }
            });
        }
        self.bytes - before
    }

    /// A text without the secrets.
    pub(super) fn without<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        let mut sums = None;
        while let Some(start) = text.as_bytes()[at..].first_chunk::<START>() {
            let lengths = self.starts.get(start);
            let length = lengths.and_then(|lengths| {
                let sums = sums.get_or_insert_with(|| self.base.sums(text.as_bytes()));
                self.at(text, at, lengths, sums)
            });
            let Some(length) = length else {
                at += 1;
                continue;
            };
            out.push_str(&text[copied..at]);
            out.push_str(MASK);
            at += length;
            copied = at;
        }
        match copied {
            0 => Cow::Borrowed(text),
            _ => {
                out.push_str(&text[copied..]);
                Cow::Owned(out)
            }
        }
    }

    /// How long the secret is that begins here.
    fn at(&self, text: &str, at: usize, lengths: &Lengths, sums: &Sums) -> Option<usize> {
        let known = lengths.some.iter().find(|(length, power)| {
            let sum = sums.of(at, *length, *power);
            let spelled = sum.and_then(|sum| self.spelled.get(&sum));
            spelled.is_some_and(|spelled| {
                // A character begins where one of the secret does.
                text.as_bytes()[at..].starts_with(spelled.text.as_bytes())
                    && spelled.text.len() == *length
                    && (!spelled.is_word || stands_alone(text, at, at + length))
            })
        });
        let known = known.map(|(length, _)| *length);
        known.or_else(|| {
            let begins = lengths.is_full && text.is_char_boundary(at) && !ends_word(&text[..at]);
            let ends = |c: char| c.is_whitespace() || "\"'\\&,;<>(){}[]`".contains(c);
            let length = begins.then(|| text[at..].find(ends).unwrap_or(text.len() - at));
            length.filter(|length| *length >= START)
        })
    }
}

impl Lengths {
    /// The power of a length, if it is tried.
    fn insert(&mut self, length: usize, base: Base) -> Option<u64> {
        let place = self.some.binary_search_by(|(other, _)| length.cmp(other));
        match place {
            Ok(place) => Some(self.some[place].1),
            Err(_) if self.some.len() == LENGTHS => {
                self.is_full = true;
                None
            }
            Err(place) => {
                let power = base.power(length);
                self.some.insert(place, (length, power));
                Some(power)
            }
        }
    }
}

/// Whether no letter and no digit touches a part of a text that begins and ends with one.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let begins_word = |text: &str| text.starts_with(char::is_alphanumeric);
    let before = ends_word(&text[..start]) && begins_word(&text[start..end]);
    let behind = ends_word(&text[start..end]) && begins_word(&text[end..]);
    !before && !behind
}

/// Whether a text ends with a letter or a digit that is not the end of an escape (`\n`, `%2F`,
/// `\u0026`).
fn ends_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escape = |back: usize, start: &[u8]| {
        let at = bytes.len().checked_sub(back);
        at.is_some_and(|at| {
            let digits = &bytes[at + start.len()..];
            bytes[at..].starts_with(start) && digits.iter().all(u8::is_ascii_hexdigit)
        })
    };
    let letter = matches!(bytes, [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f']);
    let is_escape = letter || escape(3, b"%") || escape(6, b"\\u");
    text.ends_with(char::is_alphanumeric) && !is_escape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_bounded_in_bytes_and_the_latest_stay() {
        let mut patterns = Patterns::default();
        patterns.add_lasting("key-of-the-app");
        let secret = |number| format!("{number:04}{}", "\"\\".repeat(4000));
        for number in 0..120 {
            patterns.add(&secret(number));
        }
        let spelled = patterns.spelled.values();
        let bytes: usize = spelled.map(|spelled| spelled.text.len() + SMALL).sum();
        assert!(bytes <= BYTES && patterns.learned.len() < 120, "{bytes}");
        assert_eq!(patterns.without(&secret(119)), MASK);
        assert_eq!(patterns.without(&secret(0)), secret(0));
        assert_eq!(patterns.without("key-of-the-app"), MASK);
        let long = "x".repeat(LONGEST + 1);
        patterns.add(&long);
        assert_eq!(patterns.without(&long), long);
    }

    #[test]
    fn the_lengths_tried_at_a_place_are_bounded_and_nothing_is_left() {
        let mut patterns = Patterns::default();
        let secret = |number: usize| format!("{}b", "a".repeat(1000 + number));
        (0..200).for_each(|number| patterns.add(&secret(number)));
        assert_eq!(patterns.starts[b"aaaaaa"].some.len(), LENGTHS);
        for number in [0, 100, 199] {
            let text = format!("x {} \"{}\"", secret(number), secret(number));
            assert_eq!(patterns.without(&text), "x *** \"***\"");
        }
    }
}
