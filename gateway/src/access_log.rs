//! Where the lines of the stage's access log go.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// What to do with the lines of the access log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// To standard error.
    #[default]
    Stderr,
    /// To standard output.
    Stdout,
    /// To the end of a file.
    File(PathBuf),
}

/// Hands lines to the writer; never waits.
#[derive(Clone, Debug)]
pub(crate) struct Lines(mpsc::Sender<Message>);

/// A thread that writes: so a slow disk keeps nobody waiting, and what is handed over is written, however long it takes. What waits is
/// kept in memory, without a bound: no line is worth less than another.
#[derive(Debug)]
pub(crate) struct Writer {
    lines: Lines,
    thread: JoinHandle<()>,
}

enum Message {
    Line(String),
    /// Nothing comes behind this.
    End,
}

impl Lines {
    pub(crate) fn write(&self, line: String) {
        // A writer that has ended was told to.
        let _ = self.0.send(Message::Line(line));
    }
}

impl Writer {
    /// Opens the place and starts the thread.
    pub(crate) fn start(to: &AccessLog) -> io::Result<Self> {
        let (sender, messages) = mpsc::channel();
        let mut place: Box<dyn Write + Send> = match to {
            AccessLog::Stderr => Box::new(io::stderr()),
            AccessLog::Stdout => Box::new(io::stdout()),
            AccessLog::File(path) => {
                Box::new(File::options().create(true).append(true).open(path)?)
            }
        };
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || run(&messages, &mut *place))?;
        Ok(Self {
            lines: Lines(sender),
            thread,
        })
    }

    /// The way for lines to come here.
    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Returns when all that was handed over so far is written.
    pub(crate) async fn finish(self) {
        let _ = self.lines.0.send(Message::End);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the access log's writer has died");
        }
    }
}

/// So much is written at once.
const CHUNK: usize = 64 * 1024;

/// Writes until the end is said, or nobody is left who could send a line: at once when no more lines wait. What can not be written is tried
/// again with the next line, and at the end.
fn run(messages: &mpsc::Receiver<Message>, place: &mut (dyn Write + Send)) {
    let mut waiting = Vec::new();
    let mut failed = false;
    let mut put = |waiting: &mut Vec<u8>| match write(place, waiting) {
        Ok(()) => failed = false,
        Err(error) => {
            if !std::mem::replace(&mut failed, true) {
                tracing::error!("the access log can not be written: {error}");
            }
            if error.kind() == io::ErrorKind::BrokenPipe {
                // Its reader has gone, and does not come back.
                waiting.clear();
            }
        }
    };
    while let Ok(first) = messages.recv() {
        let mut next = Some(first);
        while let Some(Message::Line(line)) = next {
            waiting.extend_from_slice(line.as_bytes());
            waiting.push(b'\n');
            if waiting.len() >= CHUNK {
                put(&mut waiting);
            }
            next = messages.try_recv().ok();
        }
        put(&mut waiting);
        if let Some(Message::End) = next {
            break;
        }
    }
    // At the end it is tried as long as some of it gets through.
    let mut left = usize::MAX;
    while !waiting.is_empty() && waiting.len() < left {
        left = waiting.len();
        put(&mut waiting);
    }
    if !waiting.is_empty() {
        let bytes = waiting.len();
        tracing::error!(
            "the access log is not complete: its last {bytes} bytes could not be written"
        );
    }
}

/// Writes what waits; what could not be written still waits.
fn write(place: &mut (dyn Write + Send), waiting: &mut Vec<u8>) -> io::Result<()> {
    let mut done = 0;
    let result = loop {
        match waiting.get(done..) {
            None | Some([]) => break place.flush(),
            Some(rest) => match place.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            },
        }
    };
    waiting.drain(..done);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A disk that takes a millisecond for a write of a hundred bytes at most, and that fails every third time.
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        writes: usize,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(std::time::Duration::from_millis(1));
            self.writes += 1;
            if self.writes.is_multiple_of(3) {
                return Err(io::Error::other("it is full"));
            }
            let taken = &bytes[..bytes.len().min(100)];
            self.written.lock().unwrap().extend_from_slice(taken);
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    // Not a line more and not a line less, in their order, whatever the disk does meanwhile.
    #[test]
    fn every_line_is_written_however_slow_the_disk() {
        let (sender, messages) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut slow = Slow {
            written: Arc::clone(&written),
            writes: 0,
        };
        let thread = std::thread::spawn(move || {
            run(&messages, &mut slow);
        });
        let lines = Lines(sender);
        for number in 0..200 {
            lines.write(format!("line {number}"));
        }
        lines.0.send(Message::End).unwrap();
        thread.join().unwrap();
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let expected: String = (0..200).map(|number| format!("line {number}\n")).collect();
        assert_eq!(text, expected);
    }

    #[tokio::test]
    async fn what_was_handed_over_is_in_the_file_when_it_is_finished() {
        let directory = std::env::temp_dir();
        let path = directory.join(format!("gatespec-access-log-{}", std::process::id()));
        let expected = |runs: usize| {
            let lines = (0..runs).flat_map(|run| (0..5_000).map(move |n| format!("{run} {n}\n")));
            lines.collect::<String>()
        };
        for run in 0..2 {
            let writer = Writer::start(&AccessLog::File(path.clone())).unwrap();
            let lines = writer.lines();
            for number in 0..5_000 {
                lines.write(format!("{run} {number}"));
            }
            writer.finish().await;
            // What comes behind the end is nobody's.
            lines.write("late".to_owned());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(run + 1));
        }
        std::fs::remove_file(path).unwrap();
    }
}
