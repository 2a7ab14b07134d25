//! Verdicts: what is said of a target, case by case, and what was expected to be said.

mod expectations;
mod stopped;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spec::requirement::{self, Basis};

use crate::case::Case;
pub use expectations::{Expectations, InvalidExpectations};
pub use stopped::Stopped;

/// What a case says of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All was seen as the requirements say.
    Pass,
    /// Something was seen that the requirements rule out.
    Fail,
    /// Something differs from what is assumed only: no failure, but worth knowing.
    Informational,
    /// The target lacks what the case needs.
    Unsupported,
    /// The kit could not carry the case out.
    Error,
}

/// A case carried out on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The case's id.
    pub case: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why, when it is not a pass.
    pub detail: String,
    /// Where the target did something else than the case says, and what.
    pub stopped: Option<Stopped>,
    /// Why this verdict was expected, if it was (see [`Expectations`]).
    pub known: Option<String>,
    /// The command that runs this case alone, for people.
    pub command: Option<String>,
    /// What was sent (`>`) and received (`<`), and what the target or the kit said of it (`·`).
    pub transcript: Vec<String>,
    /// How often something that may take a moment was looked for once more.
    pub retries: u32,
    /// The host that clients used; nothing where that is not known.
    pub host: String,
    /// How long it took.
    pub took: Duration,
}

/// All outcomes on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The target's name.
    pub target: String,
    /// In the order of the cases.
    pub outcomes: Vec<Outcome>,
}

impl Verdict {
    /// The verdict on a case that saw something else than it says: assumptions never fail a target.
    /// A case that cites nothing is somebody's own, and means what it says.
    pub(crate) fn on_difference(case: &Case) -> Self {
        let assumed = |id: &String| {
            requirement::find(id).is_some_and(|requirement| requirement.basis == Basis::Assumed)
        };
        if !case.requirements.is_empty() && case.requirements.iter().all(assumed) {
            Self::Informational
        } else {
            Self::Fail
        }
    }

    /// Whether it is worth to be looked at: the target was judged, and did not pass.
    pub fn is_finding(self) -> bool {
        !matches!(self, Self::Pass | Self::Unsupported)
    }

    /// Whether a run with this verdict is in order when nothing else was expected.
    pub fn is_fine(self) -> bool {
        matches!(self, Self::Pass | Self::Informational | Self::Unsupported)
    }
}

impl Outcome {
    /// Of a case that was not carried out.
    pub fn without_a_run(case: &Case, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            case: case.id.clone(),
            verdict,
            detail: detail.into(),
            stopped: None,
            known: None,
            command: None,
            transcript: Vec::new(),
            retries: 0,
            host: String::new(),
            took: Duration::ZERO,
        }
    }
}

impl Outcome {
    /// What it shares with other outcomes that have the same reason: the known one, or what was
    /// expected and what came.
    pub(crate) fn cause(&self) -> String {
        match (&self.known, &self.stopped) {
            (Some(known), _) => known.clone(),
            (None, Some(stopped)) => stopped.cause(),
            (None, None) => self.detail.clone(),
        }
    }
}

impl Report {
    /// Says of each verdict that was expected to be out of order why it was.
    pub fn explain(&mut self, known: &Expectations) {
        for outcome in &mut self.outcomes {
            outcome.known = known.explanation(outcome).map(str::to_owned);
        }
    }

    /// How many cases have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.verdict == verdict)
            .count()
    }

    /// Pass of pass and fail, in percent; `None` when there is neither.
    pub fn score(&self) -> Option<f64> {
        let (pass, fail) = (self.count(Verdict::Pass), self.count(Verdict::Fail));
        (pass + fail > 0).then(|| 100.0 * pass as f64 / (pass + fail) as f64)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Informational => "informational",
            Self::Unsupported => "unsupported",
            Self::Error => "error",
        })
    }
}

/// At most `most` characters of a text, and how long it is where that is less.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the target `t`.
    pub(super) fn report(verdicts: &[(&str, Verdict)]) -> Report {
        let outcome = |&(case, verdict): &(&str, Verdict)| Outcome {
            case: case.to_owned(),
            verdict,
            detail: "detail".to_owned(),
            stopped: None,
            known: None,
            command: None,
            transcript: Vec::new(),
            retries: 0,
            host: String::new(),
            took: Duration::ZERO,
        };
        Report {
            target: "t".to_owned(),
            outcomes: verdicts.iter().map(outcome).collect(),
        }
    }

    #[test]
    fn the_score_is_over_what_the_target_has() {
        let verdicts = [
            ("a", Verdict::Pass),
            ("b", Verdict::Fail),
            ("c", Verdict::Unsupported),
            ("d", Verdict::Informational),
        ];
        assert_eq!(report(&verdicts).score(), Some(50.0));
        assert_eq!(report(&[("c", Verdict::Unsupported)]).score(), None);
    }
}
