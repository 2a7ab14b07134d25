//! Where the lines go that functions write to their standard output and error.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::log::Log;

/// Takes a line that a function has written: the Lambda function's name and the line.
pub type LineSink = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What to do with the lines that functions write.
#[derive(Clone, Default)]
pub enum FunctionOutput {
    /// To standard error, each behind its function's name.
    #[default]
    Stderr,
    /// To the end of a file, each behind its function's name.
    File(PathBuf),
    /// To a function of the caller's.
    Each(LineSink),
    /// Nowhere.
    Discard,
}

/// A [`FunctionOutput`], opened.
#[derive(Clone)]
pub(crate) enum Sink {
    Log(Log),
    Each(LineSink),
    Discard,
}

/// The most bytes of a line that are looked at together.
const LINE_BYTES: usize = 256 * 1024;

impl Sink {
    pub(crate) fn open(output: &FunctionOutput) -> io::Result<Self> {
        Ok(match output {
            FunctionOutput::Stderr => Self::Log(Log::stderr()?),
            FunctionOutput::File(path) => Self::Log(Log::file(path)?),
            FunctionOutput::Each(line) => Self::Each(Arc::clone(line)),
            FunctionOutput::Discard => Self::Discard,
        })
    }

    /// What a process gets as its output.
    pub(super) fn stdio(&self) -> Stdio {
        match self {
            Self::Discard => Stdio::null(),
            _ => Stdio::piped(),
        }
    }

    /// Passes lines on until the stream ends.
    pub(super) async fn forward(self, name: String, stream: impl AsyncRead + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            let mut limited = tokio::io::AsyncReadExt::take(&mut stream, LINE_BYTES as u64);
            match limited.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            // Runtimes write a record of several lines with carriage returns between them.
            for line in text.trim_end_matches(['\n', '\r']).split('\r') {
                self.line(&name, line);
            }
            line.clear();
        }
    }

    /// Never waits: a log that nobody reads must not stop the function.
    fn line(&self, name: &str, line: &str) {
        match self {
            Self::Log(log) => log.function_line(name, line),
            Self::Each(each) => each(name, line),
            Self::Discard => {}
        }
    }

    /// Waits until what functions have written so far is written, but not longer than `within`.
    pub(crate) async fn flush(&self, within: Duration) {
        if let Self::Log(log) = self {
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
