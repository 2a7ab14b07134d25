//! What a target did instead of what a case says.

use std::fmt;

use crate::verdict::shortened;

/// How much of a text that came is shown, in characters.
const SHOWN: usize = 500;

/// What was expected, and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Both in a line, or where exactly they part.
    pub(super) problem: String,
    /// What was expected; nothing where the step itself says it.
    pub(super) expected: String,
    /// What came.
    pub(super) came: String,
}

impl Difference {
    /// `problem` says where the two part.
    pub(super) fn new(
        problem: impl Into<String>,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) -> Self {
        Self {
            problem: problem.into(),
            expected: expected.into(),
            came: shortened(&came.into(), SHOWN),
        }
    }

    /// `came` is not what the step says.
    pub(super) fn from_the_step(came: impl Into<String>) -> Self {
        let came = came.into();
        Self::new(came.clone(), "", came)
    }

    /// `who expected …, got …`.
    pub(super) fn between(who: &str, expected: impl fmt::Display, came: impl fmt::Display) -> Self {
        let problem = format!("{who} expected {expected}, got {came}");
        Self::new(problem, expected.to_string(), came.to_string())
    }
}
