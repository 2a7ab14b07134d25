//! All that is wrong with a template, in the order of its text.

use std::fmt;

use super::source::{Error, Warning};

/// Why a template cannot be served: every error that was found, sorted by location, and the
/// warnings beside them. Its `Display` is the errors' pages one after another, with a last line
/// of their count if there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

impl Diagnostics {
    /// The errors, sorted by location; at least one.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// What is not done as AWS would do it, sorted by location.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl From<Error> for Diagnostics {
    fn from(error: Error) -> Self {
        Self {
            errors: vec![error],
            warnings: Vec::new(),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{error}")?;
        }
        match self.errors.len() {
            0 | 1 => Ok(()),
            count => write!(f, "\n\n{count} errors"),
        }
    }
}

impl std::error::Error for Diagnostics {}
