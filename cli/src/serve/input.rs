//! The commands on standard input: how tests move the clock, how a changed template is applied, and
//! how a gateway ends with the program that started it.

use std::io::{self, BufRead};
use std::time::Duration;

use conformance::with_causes;
use gateway::{Control, Options};
use stack::Assembly;
use tokio::sync::mpsc;

use crate::print;

/// The lines of standard input.
///
/// They are read by a thread of their own, which is not waited for: tokio's standard input keeps the
/// process alive until the read that is under way returns, which is never as long as the other end is
/// open and silent.
pub(super) struct Lines(mpsc::Receiver<String>);

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    /// `advance SECONDS`: let time pass on a frozen clock.
    Advance(Duration),
    /// `apply`: serve what the template says now.
    Apply,
}

/// This many lines are read ahead.
const AHEAD: usize = 16;

impl Lines {
    pub(super) fn read() -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(AHEAD);
        std::thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || {
                for line in io::stdin().lock().lines().map_while(Result::ok) {
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self(lines))
    }

    /// Does what the lines say. Returns when nobody holds the other end of standard input any more.
    pub(super) async fn obey(&mut self, running: &Control, served: &Options) {
        while let Some(line) = self.0.recv().await {
            let answer = match Command::parse(&line) {
                Ok(Command::Advance(time)) => match running.advance(time).await {
                    Some(now) => Ok(format!("now {}", now.as_millis())),
                    None => Err(
                        "the clock is the system's; `--clock MILLIS` gives one that can be moved"
                            .to_owned(),
                    ),
                },
                Ok(Command::Apply) => apply(running, served).await,
                Err(error) => Err(error),
            };
            print(&answer.unwrap_or_else(|error| format!("error: {error}")));
        }
    }
}

impl Command {
    fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        if line == "apply" {
            return Ok(Self::Apply);
        }
        let seconds = line.strip_prefix("advance ").ok_or_else(|| {
            format!("`{line}` is not a command: there are `advance SECONDS` and `apply`")
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
        tracing::error!("{diagnostics}");
        format!("the template has mistakes, which the log shows: {count}")
    })?;
    for warning in assembly.warnings() {
        tracing::warn!("{warning}");
    }
    let applied = running.apply(assembly).await;
    let plan = applied.map_err(|error| with_causes(&error).replace('\n', " "))?;
    Ok(format!("applied: {plan}"))
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
}
