//! Why the program ends without success, and what scripts see of it.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use conformance::target::TargetError;
use conformance::with_causes;

/// Why the program ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Verdicts that were not expected, findings, or a template that cannot be rendered.
    Unexpected(String),
    /// A page that shows what the user has to change, with the line of the file and a caret.
    Page(String),
    /// The user has to change something: arguments, or the stack's template.
    Usage(Box<dyn Error + Send + Sync>),
    /// The environment did not let it run.
    CouldNotRun(Box<dyn Error + Send + Sync>),
}

/// What the program was doing when something went wrong.
#[derive(Debug)]
pub(crate) struct Caused {
    what: String,
    cause: Box<dyn Error + Send + Sync>,
}

impl Failure {
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Usage(error.into())
    }

    pub(crate) fn could_not_run(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::CouldNotRun(error.into())
    }

    /// An input that cannot be read.
    pub(crate) fn unreadable(name: &str, error: std::io::Error) -> Self {
        Self::usage(Caused::new(format!("cannot read `{name}`"), error))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Unexpected(_) => 1,
            Self::Page(_) | Self::Usage(_) => 2,
            Self::CouldNotRun(_) => 3,
        })
    }
}

impl Caused {
    pub(crate) fn new(
        what: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            what: what.into(),
            cause: cause.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(text) | Self::Page(text) => f.write_str(text.trim_end()),
            Self::Usage(error) | Self::CouldNotRun(error) => {
                write!(f, "error: {}", with_causes(&**error).trim_end())
            }
        }
    }
}

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Template(error) => Self::Page(error.to_string()),
            error if error.is_in_the_input() => Self::usage(error),
            error => Self::could_not_run(error.page()),
        }
    }
}
