//! Patterns as the validator's engine takes them: ECMA 262, third edition, on UTF-16 units, with
//! the leniency of Rhino.
//!
//! A search backtracks, as the standard says it does, and counts its steps: a pattern that would
//! take ages for a text ends it instead (`Unfinished::Steps`).
//!
//! Realises: ROUTE-58

mod class;
mod parse;
mod program;
mod run;

use velocity::Text;

use self::program::Program;

/// A pattern, ready to search.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Program);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidPattern(&'static str);

/// Why a search has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// It takes too many steps.
    Steps,
    /// It came to a set whose range goes backwards, which Rhino sees only then.
    Range,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What Rhino refuses.
    pub(super) fn parse(source: &Text<'_>) -> Result<Self, InvalidPattern> {
        let tree = parse::parse(&source.units())?;
        Ok(Self(Program::new(&tree)))
    }

    /// Whether the pattern is found anywhere in a text, within `steps`, which are used up.
    ///
    /// # Errors
    /// When the steps do not suffice, or Rhino would end with an error.
    pub(super) fn is_found(&self, text: &Text<'_>, steps: &mut u64) -> Result<bool, Unfinished> {
        run::search(&self.0, &text.units(), steps)
    }
}

/// Letters, digits and the underscore: `\w`.
fn is_word(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What `.` does not match.
fn is_line_end(unit: u16) -> bool {
    matches!(unit, 0x0A | 0x0D | 0x2028 | 0x2029)
}

#[cfg(test)]
mod tests;
