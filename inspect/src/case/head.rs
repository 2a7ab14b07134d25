//! What stands before the steps of a case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use spec::Timestamp;

use super::Session;
use super::quoted::{comment, quoted};

/// What a case says of where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its id, `recorded/001`.
    pub id: String,
    /// How it came to be.
    pub how: How,
    /// What was served, such as `template.yaml`.
    pub served: String,
    /// The system's time.
    pub at: Timestamp,
}

/// How a case came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is a session, by `serve --record`.
    Recorded,
    /// It is an exchange, by the inspect page.
    Copied,
    /// The same, and will be masked.
    CopiedMasked,
}

/// What a case has besides its steps.
#[derive(Default)]
pub(super) struct Head {
    pub(super) features: BTreeSet<&'static str>,
    /// What lets its owner in, in words.
    pub(super) secrets: BTreeSet<String>,
}

/// The least time between two steps, in milliseconds, where it is not known when functions end.
const LEAST_PAUSE: u64 = 500;
/// The most of it: a function that starts takes longer, but not each time.
const MOST_PAUSE: u64 = 3000;

impl Head {
    /// All of it as text.
    pub(super) fn text(
        &self,
        session: &Session,
        origin: &Origin,
        given: &BTreeMap<&str, &str>,
    ) -> String {
        let mut head = comment("", &origin.words());
        if !self.secrets.is_empty() {
            let secrets: Vec<&str> = self.secrets.iter().map(|name| &**name).collect();
            let all = secrets.join(", ");
            let state = match origin.how {
                How::CopiedMasked => "masked, to be filled in",
                How::Recorded | How::Copied => "as it was",
            };
            let words = format!("It has what let the clients in, {state}: {all}.");
            head += &comment("", &words);
        }
        let (id, why) = (quoted(&origin.id), quoted(&why(session)));
        // A `String` takes everything.
        let _ = write!(head, "[[case]]\nid = {id}\nwhy = {why}\n");
        if !self.features.is_empty() {
            let features: Vec<String> = self.features.iter().map(|name| quoted(name)).collect();
            let _ = writeln!(head, "features = [{}]", features.join(", "));
        }
        if !given.is_empty() {
            let given = given.iter();
            let given: Vec<String> = given
                .map(|(name, value)| format!("{name} = {}", quoted(value)))
                .collect();
            let _ = writeln!(head, "given = {{ {} }}", given.join(", "));
        }
        let _ = writeln!(head, "pause = {}", pause(session.longest));
        head
    }
}

impl Origin {
    fn words(&self) -> String {
        let how = match self.how {
            How::Recorded => "Recorded by `gatespec serve --record`",
            How::Copied | How::CopiedMasked => "Copied from the inspect page",
        };
        format!("{how}, of `{}`, {}.", self.served, self.at.iso_8601())
    }
}

/// A sentence to begin with: whoever keeps the case knows a better one.
fn why(session: &Session) -> String {
    let names: Vec<&str> = session.clients().collect();
    match &*names {
        [] => "Nobody is let in, as it was when this was recorded.".to_owned(),
        [name] => format!("What {name} did must have the same effect again."),
        [names @ .., last] => {
            let names = names.join(", ");
            format!("What {names} and {last} did must have the same effect again.")
        }
    }
}

/// How long functions may take, in milliseconds: twice what they took.
fn pause(longest: u64) -> u64 {
    const ROUND: u64 = 100;
    let twice = longest
        .saturating_mul(2)
        .div_ceil(ROUND)
        .saturating_mul(ROUND);
    twice.clamp(LEAST_PAUSE, MOST_PAUSE)
}
