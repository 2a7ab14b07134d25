//! Secrets in texts, in every spelling.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use spec::percent;
use spec::template::escape_java_script;

use super::MASK;

/// Finds secrets in texts.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// Those that are never forgotten.
    lasting: BTreeSet<String>,
    /// The others, the oldest first.
    learned: VecDeque<String>,
    known: HashSet<String>,
    /// In every spelling.
    spelled: HashSet<String>,
    /// How long those are that begin with these bytes, the longest first.
    lengths: HashMap<[u8; START], BTreeSet<Reverse<usize>>>,
    /// The same for secrets that are too short to be masked within a word.
    short: BTreeSet<String>,
}

/// How many secrets are remembered, and how many are forgotten at once beyond that.
const LEARNED: usize = 10_000;
const FORGOTTEN: usize = 1000;
/// A secret of fewer bytes is masked only where it is a whole text or a whole text in JSON: as a
/// part of a word, it would be found everywhere.
const SHORT: usize = 6;
const START: usize = 4;
/// How deep JSON is looked for in JSON: a message in an event, in a result, in a log, in an error.
const DEPTH: usize = 4;
/// Longer ones than this are none: they were cut, or are no header that a client sent.
const LONGEST: usize = 64 * 1024;

impl Patterns {
    /// Remembers a secret.
    pub(super) fn add(&mut self, secret: &str) {
        if secret == MASK || secret.len() > LONGEST || !self.known.insert(secret.to_owned()) {
            return;
        }
        self.learned.push_back(secret.to_owned());
        self.insert(secret);
        if self.learned.len() > LEARNED {
            for secret in self.learned.drain(..FORGOTTEN) {
                self.known.remove(&secret);
            }
            self.spelled.clear();
            self.lengths.clear();
            self.short.clear();
            let all: Vec<String> = self.lasting.iter().chain(&self.learned).cloned().collect();
            all.iter().for_each(|secret| self.insert(secret));
        }
    }

    /// Remembers a secret for ever.
    pub(super) fn add_lasting(&mut self, secret: &str) {
        if !secret.is_empty() && self.lasting.insert(secret.to_owned()) {
            self.insert(secret);
        }
    }

    fn insert(&mut self, secret: &str) {
        if secret.len() < SHORT {
            self.short.insert(secret.to_owned());
            return;
        }
        for spelling in spellings(secret) {
            let Some(start) = spelling.as_bytes().first_chunk::<START>() else {
                continue;
            };
            let lengths = self.lengths.entry(*start).or_default();
            lengths.insert(Reverse(spelling.len()));
            self.spelled.insert(spelling);
        }
    }

    /// A text without the secrets.
    pub(super) fn without<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.short.contains(text) {
            return Cow::Owned(MASK.to_owned());
        }
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        while at < text.len() {
            let Some(length) = self.at(text, at) else {
                at += 1;
                continue;
            };
            out.push_str(&text[copied..at]);
            out.push_str(MASK);
            at += length;
            copied = at;
        }
        let long = match copied {
            0 => Cow::Borrowed(text),
            _ => {
                out.push_str(&text[copied..]);
                Cow::Owned(out)
            }
        };
        self.without_short(long)
    }

    /// How long the secret is that begins here.
    fn at(&self, text: &str, at: usize) -> Option<usize> {
        let start = text.as_bytes()[at..].first_chunk::<START>()?;
        let mut lengths = self.lengths.get(start)?.iter().map(|length| length.0);
        lengths.find(|length| {
            let part = text.get(at..at + length);
            part.is_some_and(|part| self.spelled.contains(part))
        })
    }

    /// Masks the short ones that are whole texts in JSON, which may be in a text of JSON itself.
    fn without_short<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let mut text = text;
        for secret in &self.short {
            for quote in ["\"", "\\\""] {
                let whole = format!("{quote}{secret}{quote}");
                if text.contains(&whole) {
                    let masked = format!("{quote}{MASK}{quote}");
                    text = text.replace(&whole, &masked).into();
                }
            }
        }
        text
    }
}

/// The ways in which a secret is written: as it is, in addresses, in a script, and each of them in
/// JSON, in JSON in JSON and so on.
fn spellings(secret: &str) -> BTreeSet<String> {
    let encoded = percent::encode(secret.as_bytes());
    let mut written = BTreeSet::from([
        secret.to_owned(),
        escape_java_script(secret).into_owned(),
        encoded.replace("%20", "+"),
        lower(&encoded),
        encoded,
        ascii_json(secret),
        json(secret).replace('/', "\\/"),
    ]);
    for _ in 0..DEPTH {
        let nested: Vec<String> = written.iter().map(|text| json(text)).collect();
        written.extend(nested);
    }
    written
}

/// As it stands between quotation marks in JSON.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.strip_prefix('"');
    inner
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text)
        .to_owned()
}

/// The same in ASCII, as Python writes it.
fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    for c in json(text).chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// Percent escapes with small letters.
fn lower(encoded: &str) -> String {
    let mut escape = 0;
    let small = encoded.chars().map(|c| {
        escape = if c == '%' {
            2
        } else if escape > 0 {
            escape - 1
        } else {
            return c;
        };
        c.to_ascii_lowercase()
    });
    small.collect()
}
