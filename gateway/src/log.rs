//! The log: lines for people, written by a thread of its own.
//!
//! Nothing waits for a log. Whoever has a line puts it into a bounded queue; what a slow reader does
//! not take is dropped and counted, and where lines are missing, one line says how many. The access
//! log is different: it loses nothing (`access_log.rs`).
//!
//! Every line is one line: control characters are escaped, so that no client can forge a line or
//! control a terminal.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where log lines go. Clones share one queue and one thread.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

/// Collects what is written to it, and hands it to the log when it is dropped: what
/// `tracing_subscriber` writes an event to. The lines behind the first are indented, so that none of
/// them looks like an event of its own.
pub struct LineWriter {
    log: Log,
    text: Vec<u8>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// The writer waits for lines, or somebody for the writer.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    lines: usize,
    bytes: usize,
    /// The queue was full, and is not half empty again.
    is_dropping: bool,
    /// The writer has taken lines that are not written yet.
    is_writing: bool,
}

enum Entry {
    Line(String),
    /// This many lines are missing here.
    Dropped(u64),
}

/// How long the end of the gateway may wait for a log that is not read.
pub(crate) const LAST: Duration = Duration::from_secs(2);
/// The most lines that wait.
const LINES: usize = 32 * 1024;
/// The most bytes that wait. A single line may be longer.
const BYTES: usize = 4 * 1024 * 1024;
/// The writer takes about this many bytes at once.
const CHUNK: usize = 64 * 1024;
/// How long the writer waits when a reader that must not be waited for (`O_NONBLOCK`) takes nothing.
const RETRY: Duration = Duration::from_millis(10);

impl Log {
    /// The log on this process's standard error: one for the whole process.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn stderr() -> io::Result<Self> {
        static STDERR: Mutex<Option<Log>> = Mutex::new(None);
        let mut stderr = STDERR.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = &*stderr {
            return Ok(log.clone());
        }
        let log = Self::to(io::stderr())?;
        *stderr = Some(log.clone());
        Ok(log)
    }

    /// A log at the end of a file, which is created if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened, or the system has no thread left.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::to(File::options().create(true).append(true).open(path)?)
    }

    /// A log that is written to `place`.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn to(place: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let log = Self(Arc::clone(&shared));
        // Never joined: it may hang in a write for as long as nobody reads.
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_to(place))?;
        Ok(log)
    }

    /// Queues a line that may carry what clients have sent: all control characters but tabs are
    /// escaped. Never waits.
    pub fn line(&self, line: &dyn fmt::Display) {
        self.push(escape(&line.to_string()).into_owned());
    }

    /// Queues a line that a function has written. Its colours are kept. Never waits.
    pub fn function_line(&self, name: &str, line: &str) {
        self.push(format!("{name}: {}", escape_but_colours(line)));
    }

    /// What to write one event of `tracing` to. Colours are kept.
    pub fn writer(&self) -> LineWriter {
        LineWriter {
            log: self.clone(),
            text: Vec::new(),
        }
    }

    /// Waits until everything queued is written, but not longer than `within`. Gives the number of
    /// lines that are lost if the process ends now.
    pub fn flush(&self, within: Duration) -> usize {
        let end = Instant::now() + within;
        let mut queue = self.0.lock();
        loop {
            if queue.entries.is_empty() && !queue.is_writing {
                return 0;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return queue.lines.max(1);
            }
            let waited = self.0.changed.wait_timeout(queue, left);
            (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, line: String) {
        self.0.lock().push(line);
        self.0.changed.notify_all();
    }
}

impl Queue {
    fn push(&mut self, line: String) {
        if self.is_dropping {
            self.is_dropping = self.lines > LINES / 2 || self.bytes > BYTES / 2;
        } else {
            self.is_dropping =
                self.lines >= LINES || (self.lines > 0 && self.bytes + line.len() > BYTES);
        }
        if self.is_dropping {
            match self.entries.back_mut() {
                Some(Entry::Dropped(lines)) => *lines += 1,
                _ => self.entries.push_back(Entry::Dropped(1)),
            }
            return;
        }
        self.lines += 1;
        self.bytes += line.len();
        self.entries.push_back(Entry::Line(line));
    }

    /// About [`CHUNK`] bytes of what waits, and how many lines these are.
    fn take(&mut self) -> (String, u64) {
        let (mut text, mut lines) = (String::new(), 0);
        while text.len() < CHUNK
            && let Some(entry) = self.entries.pop_front()
        {
            match entry {
                Entry::Line(line) => {
                    self.lines -= 1;
                    self.bytes -= line.len();
                    lines += 1;
                    text.push_str(&line);
                    text.push('\n');
                }
                Entry::Dropped(dropped) => {
                    lines += dropped;
                    text.push_str(&missing(dropped));
                }
            }
        }
        (text, lines)
    }
}

/// The line in the place of those that were dropped.
fn missing(lines: u64) -> String {
    let (what, were) = match lines {
        1 => ("line", "was"),
        _ => ("lines", "were"),
    };
    format!("gatespec: {lines} {what} of this log {were} dropped here: its reader is too slow\n")
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No caller's code runs under this lock, so a panic under it leaves the queue as it was.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes lines as they come. Never ends.
    fn write_to(&self, mut place: impl Write) {
        // Lines that could not be written, on a full disk for instance.
        let mut lost = 0;
        loop {
            let (text, lines) = {
                let mut queue = self.lock();
                queue.is_writing = false;
                self.changed.notify_all();
                while queue.entries.is_empty() {
                    let waited = self.changed.wait(queue);
                    queue = waited.unwrap_or_else(PoisonError::into_inner);
                }
                queue.is_writing = true;
                queue.take()
            };
            let before = match lost {
                0 => String::new(),
                lost => missing(lost),
            };
            match write(&mut place, &format!("{before}{text}")) {
                Ok(()) => lost = 0,
                Err(_) => lost += lines,
            }
        }
    }
}

fn write(place: &mut impl Write, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match place.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another program that has the same terminal or pipe may have made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    place.flush()
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        for (number, line) in text.lines().enumerate() {
            let line = escape_but_colours(line);
            let indent = if number == 0 { "" } else { "  " };
            self.log.push(format!("{indent}{line}"));
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// The text on one line: every control character (C0, DEL, C1) but the tab is escaped as in Rust's
/// string literals, and so are Unicode's line and paragraph separators.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_escaped(&mut escaped, c);
    }
    Cow::Owned(escaped)
}

/// As [`escape`], but ANSI's colours (`ESC [ digits and semicolons m`) stay. A line that does not
/// end its colours itself is ended with a reset.
fn escape_but_colours(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut is_coloured = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(parameters) = colour(rest) {
            let length = parameters.len() + "\x1b[m".len();
            escaped.push_str(&rest[..length]);
            is_coloured = !matches!(parameters, "" | "0");
            rest = &rest[length..];
        } else {
            push_escaped(&mut escaped, c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if is_coloured {
        escaped.push_str("\x1b[0m");
    }
    Cow::Owned(escaped)
}

/// The parameters of the colour sequence that the text begins with.
fn colour(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("\x1b[")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    rest[end..].starts_with('m').then(|| &rest[..end])
}

fn is_control(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

fn push_escaped(to: &mut String, c: char) {
    if is_control(c) {
        // Writing to a string cannot fail.
        let _ = write!(to, "{}", c.escape_default());
    } else {
        to.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::sync::mpsc;

    /// A reader that reads only when it is told to.
    struct Gate {
        open: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the test has dropped its end, everything is read.
            let _ = self.open.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    // Whoever writes is never kept waiting; what is missing is counted where it is missing; what is
    // written after the pause comes whole.
    #[test]
    fn what_a_slow_reader_does_not_take_is_dropped_and_counted() {
        let (sender, open) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let log = Log::to(Gate {
            open,
            written: Arc::clone(&written),
        })
        .unwrap();
        let text = "x".repeat(1000);
        let count = 3 * BYTES / text.len();
        for number in 0..count {
            log.line(&format!("{number} {text}"));
        }
        assert!(log.flush(Duration::ZERO) > 0, "nothing was read");
        drop(sender);
        assert_eq!(log.flush(LONG), 0);
        log.line(&"after");
        assert_eq!(log.flush(LONG), 0);
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        let kept = lines.len() - 2;
        for (number, line) in lines[..kept].iter().enumerate() {
            assert!(line.starts_with(&format!("{number} ")), "{line}");
        }
        assert!(kept * (text.len() + 6) > BYTES / 2, "{kept} lines");
        let dropped = count - kept;
        let notice = "lines of this log were dropped here: its reader is too slow";
        assert_eq!(lines[kept], format!("gatespec: {dropped} {notice}"));
        assert_eq!(lines[kept + 1], "after");
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_counted() {
        struct Full(bool, Arc<Mutex<Vec<u8>>>);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, false) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.1.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Arc::new(Mutex::new(Vec::new()));
        let log = Log::to(Full(true, Arc::clone(&written))).unwrap();
        for line in ["one", "two"] {
            log.line(&line);
            assert_eq!(log.flush(LONG), 0);
        }
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            "gatespec: 1 line of this log was dropped here: its reader is too slow\ntwo\n"
        );
    }

    #[test]
    fn an_event_s_further_lines_are_indented() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (sender, open) = mpsc::channel();
        drop(sender);
        let gate = Gate {
            open,
            written: Arc::clone(&written),
        };
        let log = Log::to(gate).unwrap();
        let mut writer = log.writer();
        writer.write_all(b"\x1b[33m WARN\x1b[0m a\n").unwrap();
        writer.write_all(b" WARN b\x1b[2J\n").unwrap();
        drop(writer);
        log.function_line("f", "late\r");
        assert_eq!(log.flush(LONG), 0);
        let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let expected = "\x1b[33m WARN\x1b[0m a\n   WARN b\\u{1b}[2J\nf: late\\r\n";
        assert_eq!(written, expected);
    }

    #[rstest]
    #[case::plain("a\tb é 日", "a\tb é 日")]
    #[case::lines("a\nb\r\u{2028}", r"a\nb\r\u{2028}")]
    #[case::escape("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m")]
    #[case::not_ended("\x1b[1;31mred", "\x1b[1;31mred\x1b[0m")]
    #[case::other_sequences(
        "\x1b[2J\x1b]0;title\x07\x1b[31",
        r"\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31"
    )]
    #[case::c1("\u{9b}31m\x7f", r"\u{9b}31m\u{7f}")]
    fn colours_stay_and_what_controls_a_terminal_goes(#[case] line: &str, #[case] shown: &str) {
        assert_eq!(escape_but_colours(line), shown);
    }

    proptest! {
        #[test]
        fn every_line_is_one_line(text in any_text()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(is_control), "{escaped:?}");
            // What was none keeps its form.
            let visible: String = text.chars().filter(|c| !is_control(*c)).collect();
            if visible == text {
                prop_assert_eq!(&*escaped, &*text);
            }
            let coloured = escape_but_colours(&text);
            let mut rest = &*coloured;
            while let Some(c) = rest.chars().next() {
                match colour(rest) {
                    Some(parameters) => rest = &rest[parameters.len() + 3..],
                    None => {
                        prop_assert!(!is_control(c), "{coloured:?}");
                        rest = &rest[c.len_utf8()..];
                    }
                }
            }
        }
    }

    /// Text in which sequences of a terminal, whole and broken, are frequent.
    fn any_text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            any::<String>(),
            "\x1b\\[[0-9;]{0,5}[mJHK]?",
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\u{9b}1m".to_owned()),
        ];
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }
}
