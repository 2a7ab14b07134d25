//! All that is wrong with an assembly's templates, in the order of their texts.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, ErrorKind, Warning};

/// Why a template cannot be served: every error that was found, sorted by location, and the
/// warnings beside them. Its `Display` is the errors' pages one after another, with a last line
/// of their count if there are several.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
    inputs: Vec<PathBuf>,
}

/// What has been found so far. Whoever reads on after an error notes it here.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
    /// What is wrong wherever it is, as a warning, and the error that it is where serving depends
    /// on it.
    suspicions: Vec<(Warning, Error)>,
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

    /// The files that were read, and those that were to be read: once one of them is another, the
    /// errors may be.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    pub(crate) fn with_inputs(self, inputs: Vec<PathBuf>) -> Self {
        Self { inputs, ..self }
    }

    /// The warnings alone, of a template without errors.
    pub(crate) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }
}

impl Findings {
    pub(crate) fn error(&mut self, error: Error) {
        self.errors.push(error);
    }

    pub(crate) fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Notes what is a warning unless something else is said of it.
    pub(crate) fn suspicion(&mut self, warning: Warning, error: Error) {
        self.suspicions.push((warning, error));
    }

    /// Whether this error has been noted.
    pub(crate) fn knows(&self, error: &Error) -> bool {
        let mut errors = self.errors.iter();
        errors.any(|known| {
            known.whole_span() == error.whole_span() && known.message() == error.message()
        })
    }

    /// The first error of a kind.
    pub(crate) fn find(&self, is_it: impl Fn(&ErrorKind) -> bool) -> Option<Error> {
        let mut errors = self.errors.iter();
        errors.find(|error| is_it(error.kind())).cloned()
    }

    /// The value, or `None` and the error noted.
    pub(crate) fn take<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.error(error)).ok()
    }

    /// How many errors have been noted, each as often as it was met.
    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// The errors noted after the first `count`, taken back.
    pub(crate) fn split_off(&mut self, count: usize) -> Vec<Error> {
        self.errors.split_off(count)
    }

    /// Adds what was found elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.warnings.extend(other.warnings);
        self.suspicions.extend(other.suspicions);
    }

    /// What is left without the errors.
    pub(crate) fn without_errors(mut self) -> Self {
        self.errors.clear();
        self.suspicions.clear();
        self
    }

    /// Whether there was no error.
    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// All that was found, sorted by location. Something that is evaluated several times fails
    /// several times with the same error, which is reported once.
    pub(crate) fn into_diagnostics(mut self) -> Diagnostics {
        let order = |error: &Error| (error.whole_span().start, error.whole_span().end);
        self.errors.sort_by(|one, other| {
            (order(one), one.message()).cmp(&(order(other), other.message()))
        });
        self.errors
            .dedup_by(|one, other| order(one) == order(other) && one.message() == other.message());
        for (warning, error) in std::mem::take(&mut self.suspicions) {
            let span = error.whole_span();
            let is_it = |other: std::ops::Range<usize>, message: &str| {
                message.starts_with(error.message())
                    && other.start <= span.end
                    && span.start <= other.end
            };
            let mut errors = self.errors.iter();
            let mut warnings = self.warnings.iter();
            let is_told = errors.any(|known| is_it(known.whole_span(), known.message()))
                || warnings.any(|known| is_it(known.whole_span(), &known.message));
            if !is_told {
                self.warnings.push(warning);
            }
        }
        self.warnings
            .sort_by_key(|warning| (warning.start, warning.span.start, warning.span.end));
        self.warnings.dedup();
        Diagnostics {
            errors: self.errors,
            warnings: self.warnings,
            inputs: Vec::new(),
        }
    }
}

impl From<Error> for Diagnostics {
    fn from(error: Error) -> Self {
        Self {
            errors: vec![error],
            warnings: Vec::new(),
            inputs: Vec::new(),
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
