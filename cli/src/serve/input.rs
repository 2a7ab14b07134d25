//! The commands on standard input: how tests move the clock, how a changed template is applied, and
//! how a gateway ends with the program that started it.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use conformance::with_causes;
use gateway::{ApplyError, Control, Log, Options};
use stack::Assembly;
use tokio::sync::{mpsc, oneshot};

use super::LAST;
use crate::print;

/// The lines of standard input.
///
/// They are read, and their answers written, by a thread of their own, which is not waited for: a
/// read returns only when the other end writes or closes, a write only when somebody reads. Signals
/// end the gateway meanwhile.
pub(super) struct Lines(mpsc::Receiver<Line>);

/// A line, and the way for its answer.
struct Line {
    text: String,
    answer: oneshot::Sender<String>,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    /// `advance SECONDS`: let time pass on a frozen clock.
    Advance(Duration),
    /// `apply`: serve what the template says now.
    Apply,
    /// `settle`: answer once no function is at work.
    Settle,
}

/// How long a line may be, in bytes. No command needs more.
const LINE_BYTES: usize = 4096;

impl Lines {
    /// Before a line is answered, what the log has to say about it is written.
    pub(super) fn read(log: Log) -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(1);
        std::thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || {
                let mut input = io::stdin().lock();
                while let Ok(Some(text)) = next_line(&mut input) {
                    let (answer, answered) = oneshot::channel();
                    if sender.blocking_send(Line { text, answer }).is_err() {
                        return;
                    }
                    // Nobody answers any more once the gateway goes down.
                    let Ok(answer) = answered.blocking_recv() else {
                        return;
                    };
                    log.flush(LAST);
                    print(&answer);
                }
            })?;
        Ok(Self(lines))
    }

    /// Does what the lines say. Returns when nobody holds the other end of standard input any more.
    pub(super) async fn obey(&mut self, running: &Control, served: &Options) {
        while let Some(Line { text, answer }) = self.0.recv().await {
            let done = match Command::parse(&text) {
                Ok(Command::Advance(time)) => match running.advance(time).await {
                    Some(now) => Ok(format!("now {}", now.as_millis())),
                    None => Err(
                        "the clock is the system's; `--clock MILLIS` gives one that can be moved"
                            .to_owned(),
                    ),
                },
                Ok(Command::Apply) => apply(running, served).await,
                Ok(Command::Settle) => {
                    running.settled().await;
                    Ok("settled".to_owned())
                }
                Err(error) => Err(error),
            };
            // The thread is gone only with the process.
            let _ = answer.send(done.unwrap_or_else(|error| format!("error: {error}")));
        }
    }
}

/// The next line, cut after [`LINE_BYTES`]; what is not UTF-8 in it is replaced. `None` at the end.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let limit = LINE_BYTES as u64;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    while line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        let read = input.by_ref().take(limit).read_until(b'\n', &mut rest)?;
        if read == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

impl Command {
    fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        match line {
            "apply" => return Ok(Self::Apply),
            "settle" => return Ok(Self::Settle),
            _ => {}
        }
        let seconds = line.strip_prefix("advance ").ok_or_else(|| {
            let shown: String = line.chars().take(80).collect();
            format!("`{shown}` is not a command: there are `advance SECONDS`, `apply` and `settle`")
        })?;
        let time = seconds.parse().ok().map(Duration::try_from_secs_f64);
        let time = time.and_then(Result::ok);
        time.map(Self::Advance)
            .ok_or_else(|| format!("`{seconds}` is not a number of seconds"))
    }
}

/// Reads the template again and serves what it says now. What is wrong with it goes to the log.
async fn apply(running: &Control, served: &Options) -> Result<String, String> {
    let assembly = Assembly::read(&served.template, &served.settings).map_err(|diagnostics| {
        let count = diagnostics.errors().len();
        tracing::error!("{}", without_level(&diagnostics.to_string()));
        format!("the template has mistakes, which the log shows: {count}")
    })?;
    for warning in assembly.warnings() {
        tracing::warn!("{warning}");
    }
    let applied = running.apply(assembly).await;
    let plan = applied.map_err(|error| {
        if let ApplyError::Failed(gateway::Error::Code(page)) = &error {
            // Its page has several lines.
            tracing::error!("{}", without_level(&page.to_string()));
            return page.message().to_owned();
        }
        with_causes(&error).trim_end().replace('\n', " ")
    })?;
    Ok(format!("applied: {plan}"))
}

/// A page of errors for the log, which begins its line with the level.
fn without_level(page: &str) -> &str {
    page.strip_prefix("error: ").unwrap_or(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_the_clock_by_seconds() {
        let advance = |line| Command::parse(line);
        let by = |millis| Ok(Command::Advance(Duration::from_millis(millis)));
        assert_eq!(advance("advance 600"), by(600_000));
        assert_eq!(advance("advance 0.029"), by(29));
        assert_eq!(advance("advance 8.001"), by(8001));
        assert_eq!(Command::parse("apply"), Ok(Command::Apply));
        assert_eq!(Command::parse("settle"), Ok(Command::Settle));
        for wrong in [
            "",
            "advance",
            "advance -1",
            "advance x",
            "advance NaN",
            "set 1",
            "apply now",
        ] {
            assert!(advance(wrong).unwrap_err().contains('`'), "{wrong}");
        }
    }

    #[test]
    fn a_line_is_cut_where_it_is_too_long_and_read_where_it_is_no_text() {
        let long = "x".repeat(3 * LINE_BYTES);
        let text = [b"caf\xe9\n", long.as_bytes(), b"\n\napply\nlast"].concat();
        let mut input = &text[..];
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut input).unwrap()).collect();
        let cut = "x".repeat(LINE_BYTES);
        assert_eq!(lines, ["caf\u{fffd}\n", &cut, "\n", "apply\n", "last"]);
    }
}
