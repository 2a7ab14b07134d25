//! Where the lines go that functions write, and those about their invocations.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::journal::Tails;
use crate::log::{FunctionLine, Log};
use crate::trace::Traces;

/// Takes a line that a function has written: the function's name, without the stack's before it, and
/// the line.
pub type LineSink = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What to do with the lines that functions write.
#[derive(Clone, Default)]
pub enum FunctionOutput {
    /// To standard error, each behind its function's name and the request's id.
    #[default]
    Stderr,
    /// To the end of a file, each behind its function's name and the request's id.
    File(PathBuf),
    /// To a function of the caller's, without lines about invocations.
    Each(LineSink),
    /// Nowhere.
    Discard,
}

/// Which of Lambda's lines about invocations stand among those that functions write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvocationLines {
    /// None.
    None,
    /// `REPORT`: how long an invocation took, and the memory of its process.
    #[default]
    Report,
    /// `START`, `END` and `REPORT`.
    All,
}

/// A [`FunctionOutput`], opened.
#[derive(Clone)]
pub(crate) struct Sink {
    place: Place,
    about: InvocationLines,
    tails: Tails,
    traces: Traces,
}

#[derive(Clone)]
enum Place {
    Log(Log),
    Each(LineSink),
    Discard,
}

impl Sink {
    pub(crate) fn open(
        output: &FunctionOutput,
        about: InvocationLines,
        traces: Traces,
    ) -> io::Result<Self> {
        let place = match output {
            FunctionOutput::Stderr => Place::Log(Log::stderr()?),
            FunctionOutput::File(path) => Place::Log(Log::file(path)?),
            FunctionOutput::Each(line) => Place::Each(Arc::clone(line)),
            FunctionOutput::Discard => Place::Discard,
        };
        Ok(Self {
            place,
            about,
            tails: Tails::default(),
            traces,
        })
    }

    /// Who waits for the ends of invocations' logs.
    pub(super) fn tails(&self) -> &Tails {
        &self.tails
    }

    /// Whoever watches what functions do.
    pub(super) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Whether nobody hears of invocations here.
    pub(super) fn is_silent(&self) -> bool {
        let is_read = self.about > InvocationLines::None && matches!(self.place, Place::Log(_));
        !is_read && !self.traces.is_watched()
    }

    /// Takes what a function has written at once: records, each of one or more lines. Never waits: a
    /// log that nobody reads must not stop the function.
    pub(super) fn written(&self, function: &str, request_id: Option<&str>, records: &[Vec<&str>]) {
        match &self.place {
            Place::Log(log) => {
                let lines = records
                    .iter()
                    .flat_map(|record| FunctionLine::of_record(function, request_id, record));
                log.function_lines(lines);
            }
            Place::Each(each) => {
                let lines = records.iter().flatten();
                lines.for_each(|line| each(function, line));
            }
            Place::Discard => {}
        }
    }

    /// Takes a line about an invocation, if as much as `least` is wanted.
    pub(super) fn about_invocation(&self, function: &str, line: &str, least: InvocationLines) {
        if let Place::Log(log) = &self.place
            && self.about >= least
        {
            log.function_lines([FunctionLine::about_invocation(function, line)]);
        }
    }

    /// Waits until what functions have written so far is written, but not longer than `within`.
    pub(crate) async fn flush(&self, within: Duration) {
        if let Place::Log(log) = &self.place {
            let log = log.clone();
            // A blocking task that was cancelled has nothing to report.
            let _ = tokio::task::spawn_blocking(move || log.flush(within)).await;
        }
    }
}

impl fmt::Debug for FunctionOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("Stderr"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Each(_) => f.write_str("Each"),
            Self::Discard => f.write_str("Discard"),
        }
    }
}
