//! The commands on standard input: how tests move the clock, and how a gateway ends with the program
//! that started it.

use std::io::{self, BufRead};
use std::time::Duration;

use gateway::Control;
use tokio::sync::mpsc;

use crate::print;

/// The lines of standard input.
///
/// They are read by a thread of their own, which is not waited for: tokio's standard input keeps the
/// process alive until the read that is under way returns, which is never as long as the other end is
/// open and silent.
pub(super) struct Lines(mpsc::Receiver<String>);

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
    pub(super) async fn obey(&mut self, running: &Control) {
        while let Some(line) = self.0.recv().await {
            let answer = match advance(&line) {
                Ok(time) => match running.advance(time).await {
                    Some(now) => format!("now {}", now.as_millis()),
                    None => {
                        "error: the clock is the system's; `--clock MILLIS` gives one that can \
                             be moved"
                            .to_owned()
                    }
                },
                Err(error) => format!("error: {error}"),
            };
            print(&answer);
        }
    }
}

/// The time of a line `advance SECONDS`.
fn advance(line: &str) -> Result<Duration, String> {
    let seconds = line
        .trim()
        .strip_prefix("advance ")
        .ok_or_else(|| format!("`{line}` is no command; there is `advance SECONDS`"))?;
    let time = seconds.parse().ok().map(Duration::try_from_secs_f64);
    time.and_then(Result::ok)
        .ok_or_else(|| format!("`{seconds}` is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_the_clock_by_seconds() {
        assert_eq!(advance("advance 600"), Ok(Duration::from_secs(600)));
        assert_eq!(advance("advance 0.029"), Ok(Duration::from_millis(29)));
        assert_eq!(advance("advance 8.001"), Ok(Duration::from_millis(8001)));
        for wrong in [
            "",
            "advance",
            "advance -1",
            "advance x",
            "advance NaN",
            "set 1",
        ] {
            assert!(advance(wrong).unwrap_err().contains('`'), "{wrong}");
        }
    }
}
