//! The commands on standard input: how tests move the clock, how a changed template is applied, and
//! how a gateway ends with the program that started it.

use std::convert::Infallible;
use std::io::{self, BufRead, Read};
use std::sync::mpsc as threads;
use std::time::Duration;

use conformance::with_causes;
use gateway::{ApplyError, Control, Log};
use tokio::sync::{mpsc, oneshot};

use super::again::{Again, Unread};
use super::{LAST, Ready, ServeArgs, could_not_run};
use crate::{Failure, print};

/// The lines of standard input, in their order.
///
/// They are read, and their answers written, by threads of their own, which are not waited for: a
/// read returns only when the other end writes or closes, a write only when somebody reads. Signals
/// end the gateway meanwhile, and a line that comes while another one is obeyed is seen.
struct Lines {
    lines: mpsc::Receiver<String>,
    /// A line that was seen while the one before it was obeyed.
    seen: Option<String>,
    answers: threads::Sender<Answer>,
}

/// Nobody holds the other end of standard input any more: an error of this, once it is read.
struct End(oneshot::Receiver<Infallible>);

/// An answer, and whom to tell that it is written.
type Answer = (String, oneshot::Sender<()>);

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
/// How many lines may wait to be obeyed. Behind these nothing is read, also not the end.
const LINES: usize = 1024;

/// Does what standard input says. Ends with it, if that is to end the gateway.
pub(super) async fn obey(
    args: &ServeArgs,
    again: &Again<'_>,
    running: &Control,
    log: &Log,
) -> Result<(), Failure> {
    if args.ready != Ready::Json && args.clock.is_none() {
        return std::future::pending().await;
    }
    let (mut lines, end) = Lines::read(log.clone())
        .map_err(|error| could_not_run("cannot read standard input", error))?;
    let obeyed = lines.obey(running, again);
    match args.ready {
        Ready::Json => tokio::select! {
            () = obeyed => {}
            () = end.come() => {}
        },
        // A person's gateway does not end with its input: there may be none.
        Ready::Text => {
            obeyed.await;
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

impl Lines {
    /// Before an answer is written, what the log has to say about it is.
    fn read(log: Log) -> io::Result<(Self, End)> {
        let (sender, lines) = mpsc::channel(LINES);
        let (ended, end) = oneshot::channel();
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        thread("stdin").spawn(move || {
            let _ended = ended;
            let mut input = io::stdin().lock();
            while let Ok(Some(text)) = next_line(&mut input) {
                if sender.blocking_send(text).is_err() {
                    return;
                }
            }
        })?;
        let (answers, said) = threads::channel::<Answer>();
        thread("answers").spawn(move || {
            for (answer, written) in said {
                log.flush(LAST);
                print(&answer);
                // Nobody waits any more once the gateway goes down.
                let _ = written.send(());
            }
        })?;
        let lines = Self {
            lines,
            seen: None,
            answers,
        };
        Ok((lines, End(end)))
    }

    /// Does what the lines say. Returns when all is done and there will be no more.
    async fn obey(&mut self, running: &Control, again: &Again<'_>) {
        while let Some(line) = self.next().await {
            let done = match Command::parse(&line) {
                Ok(Command::Advance(time)) => match running.advance(time).await {
                    Some(now) => Ok(format!("now {}", now.as_millis())),
                    None => Err(
                        "the clock is the system's; `--clock MILLIS` gives one that can be moved"
                            .to_owned(),
                    ),
                },
                Ok(Command::Apply) => apply(running, again).await,
                Ok(Command::Settle) => self.settle(running).await,
                Err(error) => Err(error),
            };
            let answer = done.unwrap_or_else(|error| format!("error: {error}"));
            let (written, is_written) = oneshot::channel();
            // The thread is gone only with the process.
            let _ = self.answers.send((answer, written));
            let _ = is_written.await;
        }
    }

    async fn next(&mut self) -> Option<String> {
        match self.seen.take() {
            Some(line) => Some(line),
            None => self.lines.recv().await,
        }
    }

    /// Waits until no function is at work, or somebody wants something else: it may be what ends
    /// the work, as time does that passes on a frozen clock.
    async fn settle(&mut self, running: &Control) -> Result<String, String> {
        tokio::select! {
            biased;
            () = running.settled() => Ok("settled".to_owned()),
            Some(line) = self.lines.recv() => {
                self.seen = Some(line);
                Err("a function was still at work when the next line came".to_owned())
            }
        }
    }
}

impl End {
    /// Resolves when the gateway is to end with its input. What was asked for before may still be
    /// answered: it has a moment for that.
    async fn come(self) {
        // It is an error, always: its sender goes with the thread.
        let _ = self.0.await;
        tokio::time::sleep(LAST).await;
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

/// Reads again what is served, and serves what it says now. What is wrong goes to the log.
async fn apply(running: &Control, again: &Again<'_>) -> Result<String, String> {
    let found = again.find().map_err(|failure| in_a_line(&failure))?;
    let assembly = again.read(&found).assembly.map_err(|unread| match unread {
        Unread::Template(diagnostics) => {
            let count = diagnostics.errors().len();
            tracing::error!("{}", without_level(&diagnostics.to_string()));
            format!("the template has mistakes, which the log shows: {count}")
        }
        Unread::Values(problem) => problem,
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

fn in_a_line(failure: &Failure) -> String {
    without_level(&failure.to_string()).replace('\n', " ")
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
