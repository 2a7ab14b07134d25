//! Where the lines of the stage's access log go.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::log::escape;

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
pub(crate) struct Lines {
    sender: mpsc::Sender<Message>,
    left: Arc<AtomicUsize>,
}

/// A thread that writes: so a slow disk keeps nobody waiting, and every line is written, however
/// long it takes. What waits is kept in memory without a bound: no line is worth less than another.
#[derive(Debug)]
pub(crate) struct Writer {
    lines: Lines,
    /// Resolves when the thread has ended.
    ended: oneshot::Receiver<()>,
}

enum Message {
    Line(String),
    /// Nothing comes behind this.
    End,
}

impl Lines {
    /// Queues a line. Whatever a client has put into it, it stays one line.
    pub(crate) fn write(&self, line: &str) {
        self.left.fetch_add(1, Ordering::SeqCst);
        // A writer that has ended was told to.
        let _ = self.sender.send(Message::Line(escape(line).into_owned()));
    }
}

impl Writer {
    /// Opens the destination and starts the thread.
    pub(crate) fn start(to: &AccessLog) -> io::Result<Self> {
        Self::to(match to {
            AccessLog::Stderr => Box::new(io::stderr()),
            AccessLog::Stdout => Box::new(io::stdout()),
            AccessLog::File(path) => {
                Box::new(File::options().create(true).append(true).open(path)?)
            }
        })
    }

    fn to(mut place: Box<dyn Write + Send>) -> io::Result<Self> {
        let (sender, messages) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let left = Arc::new(AtomicUsize::new(0));
        let lines = Lines {
            sender,
            left: Arc::clone(&left),
        };
        // Not joined: it may hang in a write for as long as nobody reads.
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                run(&messages, &mut *place, &left);
                // Somebody who no longer waits need not know.
                let _ = end.send(());
            })?;
        Ok(Self { lines, ended })
    }

    /// The way for lines to come here.
    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Writes what was handed over so far, however long it takes, as long as some of it is written
    /// within each `patience`. A reader that takes nothing for so long is given up.
    pub(crate) async fn finish(self, patience: Duration) {
        // A thread that has died is noticed below.
        let _ = self.lines.sender.send(Message::End);
        let mut ended = self.ended;
        loop {
            let before = self.lines.left.load(Ordering::SeqCst);
            match timeout(patience, &mut ended).await {
                Ok(Ok(())) => return,
                Ok(Err(_)) => return tracing::error!("the access log's writer has died"),
                Err(_) if self.lines.left.load(Ordering::SeqCst) < before => {}
                Err(_) => {
                    return tracing::error!(
                        "the access log is not complete: nobody reads it, and its last {before} lines were \
                         not written"
                    );
                }
            }
        }
    }
}

/// About this many bytes are written at once.
const CHUNK: usize = 64 * 1024;

/// Writes until the end is said, or nobody is left who could send a line: at once when no more lines
/// wait. What cannot be written is tried again with the next line, and at the end. `left` counts the
/// lines that are not written yet.
fn run(messages: &mpsc::Receiver<Message>, place: &mut (dyn Write + Send), left: &AtomicUsize) {
    let mut waiting = Vec::new();
    let mut lines = 0;
    let mut failed = false;
    let mut put = |waiting: &mut Vec<u8>, lines: &mut usize| {
        match write(place, waiting) {
            Ok(()) => failed = false,
            Err(error) => {
                if !std::mem::replace(&mut failed, true) {
                    tracing::error!("the access log cannot be written: {error}");
                }
                if error.kind() == io::ErrorKind::BrokenPipe {
                    // Its reader has gone, and does not come back.
                    waiting.clear();
                }
            }
        }
        if waiting.is_empty() {
            left.fetch_sub(std::mem::take(lines), Ordering::SeqCst);
        }
    };
    while let Ok(first) = messages.recv() {
        let mut next = Some(first);
        while let Some(Message::Line(line)) = next {
            waiting.extend_from_slice(line.as_bytes());
            waiting.push(b'\n');
            lines += 1;
            if waiting.len() >= CHUNK {
                put(&mut waiting, &mut lines);
            }
            next = messages.try_recv().ok();
        }
        put(&mut waiting, &mut lines);
        if let Some(Message::End) = next {
            break;
        }
    }
    // At the end it is tried as long as some of it gets through.
    let mut rest = usize::MAX;
    while !waiting.is_empty() && waiting.len() < rest {
        rest = waiting.len();
        put(&mut waiting, &mut lines);
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
    use std::sync::Mutex;

    /// A disk that takes a millisecond for a write of a hundred bytes at most, and that fails every third time.
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        writes: usize,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(1));
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
        let left = Arc::new(AtomicUsize::new(0));
        let lines = Lines {
            sender,
            left: Arc::clone(&left),
        };
        let thread = std::thread::spawn(move || {
            run(&messages, &mut slow, &left);
        });
        for number in 0..200 {
            lines.write(&format!("line {number}"));
        }
        lines.sender.send(Message::End).unwrap();
        thread.join().unwrap();
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let expected: String = (0..200).map(|number| format!("line {number}\n")).collect();
        assert_eq!(text, expected);
        assert_eq!(lines.left.load(Ordering::SeqCst), 0);
    }

    // The gateway's end does not wait for a reader that never reads.
    #[tokio::test]
    async fn a_reader_that_reads_nothing_is_given_up() {
        struct Unread(mpsc::Receiver<()>);
        impl Write for Unread {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (held, unread) = mpsc::channel();
        let writer = Writer::to(Box::new(Unread(unread))).unwrap();
        writer.lines().write("nobody reads this");
        writer.finish(Duration::from_millis(1)).await;
        drop(held);
    }

    #[tokio::test]
    async fn a_client_cannot_forge_a_line() {
        let path = std::env::temp_dir().join(format!("gatespec-forged-{}", std::process::id()));
        let writer = Writer::start(&AccessLog::File(path.clone())).unwrap();
        writer.lines().write("a\nforged\x1b[2J");
        writer.finish(Duration::MAX).await;
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(text, "a\\nforged\\u{1b}[2J\n");
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
                lines.write(&format!("{run} {number}"));
            }
            writer.finish(Duration::MAX).await;
            // What comes behind the end is nobody's.
            lines.write("late");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(run + 1));
        }
        std::fs::remove_file(path).unwrap();
    }
}
