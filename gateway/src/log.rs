//! The log: lines for people, written by a thread of its own.
//!
//! Nothing waits for a log. Whoever has a line puts it into a bounded queue; what a slow reader does
//! not take is dropped and counted, and where lines are missing, one line says how many. The access
//! log is different: it loses nothing (`access_log.rs`).
//!
//! Every line is one line: control characters are escaped, so that no client can forge a line or
//! control a terminal.

mod function_line;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use function_line::FunctionLine;

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
    is_coloured: bool,
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
        let log = Self::start(io::stderr(), io::stderr().is_terminal() && !no_color())?;
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
        Self::start(place, false)
    }

    fn start(place: impl Write + Send + 'static, is_coloured: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
            is_coloured,
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

    /// Whether it has colours: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
    pub fn is_coloured(&self) -> bool {
        self.0.is_coloured
    }

    /// Queues lines of a function side by side. Its own colours are kept. Never waits.
    pub(crate) fn function_lines<'l>(&self, lines: impl IntoIterator<Item = FunctionLine<'l>>) {
        let lines = lines.into_iter();
        let lines: Vec<String> = lines.map(|line| line.to_line(self.0.is_coloured)).collect();
        let mut queue = self.0.lock();
        lines.into_iter().for_each(|line| queue.push(line));
        drop(queue);
        self.0.changed.notify_all();
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

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
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
    // Separators of lines, and what lets text run backwards.
    let is_invisible =
        matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\t') || is_invisible
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
mod tests;
