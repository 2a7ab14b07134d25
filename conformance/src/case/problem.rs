//! What can be wrong with case files.

use crate::runner::{KINDS, OBSERVER};

/// A case file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("case file `{file}`")]
pub struct InvalidCases {
    /// The file, or the folder.
    pub file: String,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a case file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(std::io::Error),
    /// It is no TOML of cases.
    #[error(transparent)]
    Toml(toml::de::Error),
    /// A case violates a rule.
    #[error("line {line}: {} {problem}", named(id.as_deref()))]
    Case {
        /// Where the case begins, from 1.
        line: usize,
        /// Its id, if it has one.
        id: Option<String>,
        /// The rule.
        problem: CaseProblem,
    },
    /// An area's file has a case of another area.
    #[error("case `{id}` must be named `{area}/…`")]
    OtherArea {
        /// The case.
        id: String,
        /// The file's area.
        area: String,
    },
    /// A case of the kit's own cites nothing.
    #[error("case `{0}` cites no requirement")]
    Uncited(String),
    /// Of two outcomes the reports would show one.
    #[error("case `{0}` is there twice")]
    Twice(String),
}

/// What is wrong with a case; the words go behind "case `…` ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseProblem {
    /// A member is missing, unknown or of another type.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The same in a step.
    #[error("cannot be read in step {step}: {problem}")]
    UnreadableStep {
        /// Which, from 1.
        step: usize,
        /// What is wrong.
        problem: String,
    },
    /// It cites what is not there.
    #[error("cites `{0}`, which does not exist")]
    UnknownRequirement(String),
    /// Nothing happens in it.
    #[error("has no steps, so that every target would pass it")]
    NoSteps,
    /// It gives a value to a name that the kit gives a value to.
    #[error("gives a value to `{0}`, which is a name of the kit's own")]
    OwnName(String),
    /// A name has two values.
    #[error("both gives `{0}` a value and generates it")]
    GivenAndGenerated(String),
    /// A step violates a rule.
    #[error("violates a rule in step {step}: {violation}")]
    Step {
        /// Which, from 1.
        step: usize,
        /// The rule.
        violation: Violation,
    },
}

/// A rule that a step violates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A pattern that cannot be read.
    #[error("{0}")]
    Pattern(String),
    /// There is no such event.
    #[error("events of the kind `{0}` do not exist: there are {KINDS:?}")]
    UnknownEvent(String),
    /// A flood of other calls.
    #[error("`most` is for unsigned POSTs, without `meanwhile`")]
    OtherFlood,
    /// Time passes, and the case does not say that it needs that.
    #[error("a step that lets time pass needs the feature `clock`")]
    NoClock,
    /// The access log is looked at, and the case does not say that it needs that.
    #[error("a step that reads the access log needs the feature `access-log`")]
    NoAccessLog,
    /// There is no flood to drain.
    #[error("nothing was posted with `most` before")]
    NoFlood,
    /// A hole of a text to send that nothing was seen for.
    #[error("nothing is bound to `${{{0}}}` yet")]
    Unbound(String),
    /// Where one hole ends and the next begins, nobody knows.
    #[error("two holes must have text between them in `{0}`")]
    HolesTouch(String),
    /// A case's client has the observer's name.
    #[error("`{OBSERVER}` is the kit's own client")]
    OwnClient,
    /// A client connects twice.
    #[error("the client `{0}` is connected already")]
    Connected(String),
    /// A client that is not there does something.
    #[error("the client `{0}` is not connected")]
    NotConnected(String),
    /// The observer connects twice.
    #[error("there is an observer already")]
    Observed,
    /// An event, and nobody to report it to.
    #[error("there is no observer: `observe` comes first")]
    NoObserver,
}

fn named(id: Option<&str>) -> String {
    match id {
        Some(id) => format!("case `{id}`"),
        None => "a case without `id`:".to_owned(),
    }
}
