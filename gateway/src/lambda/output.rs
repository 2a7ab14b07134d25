//! Where the lines go that functions write to their standard output and error.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

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
    Stderr,
    File(Arc<Mutex<File>>),
    Each(LineSink),
    Discard,
}

/// The most bytes of a line that are looked at together.
const LINE_BYTES: usize = 256 * 1024;

impl Sink {
    pub(crate) fn open(output: &FunctionOutput) -> io::Result<Self> {
        Ok(match output {
            FunctionOutput::Stderr => Self::Stderr,
            FunctionOutput::File(path) => {
                let file = File::options().create(true).append(true).open(path)?;
                Self::File(Arc::new(Mutex::new(file)))
            }
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
            self.line(&name, text.trim_end_matches(['\n', '\r']));
            line.clear();
        }
    }

    fn line(&self, name: &str, line: &str) {
        // A sink that is full or gone must not stop the function.
        let _ = match self {
            Self::Stderr => writeln!(io::stderr().lock(), "{name}: {line}"),
            Self::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(file, "{name}: {line}")
            }
            Self::Each(each) => {
                each(name, line);
                Ok(())
            }
            Self::Discard => Ok(()),
        };
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
