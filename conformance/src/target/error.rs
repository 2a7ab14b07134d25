use std::io;
use std::path::{Path, PathBuf};

use super::local::GatewayError;
use crate::with_causes;

/// Why cases could not be run on a target of this machine.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A fixture's template cannot be used with the parameters of a case. Its text shows the lines.
    #[error(transparent)]
    Template(stack::Diagnostics),
    /// A file that the gateways need cannot be written.
    #[error("cannot write to `{}`", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// No port for a fixture's HTTP backend.
    #[error("cannot start the HTTP backend of a fixture")]
    Backend(#[source] io::Error),
    /// A gateway that did not start.
    #[error("cannot start the local gateway (log: {})", log.display())]
    Start {
        /// Where the gateways' own output goes.
        log: PathBuf,
        /// Why.
        #[source]
        error: GatewayError,
    },
    /// A gateway that did not end well.
    #[error(transparent)]
    Stop(GatewayError),
}

impl TargetError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Write(path.to_owned(), error)
    }

    /// Whether the user has to change something: the arguments, or a template.
    pub fn is_in_the_input(&self) -> bool {
        matches!(self, Self::Template(_))
    }

    /// What happened, with its causes, and what the gateway said itself.
    pub fn page(&self) -> String {
        let mut text = with_causes(self);
        if let Self::Start { log, .. } = self {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            text.push_str(&format!("\n{said}"));
        }
        text
    }
}
