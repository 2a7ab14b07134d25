//! What ends the gateway from outside: signals.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::could_not_run;
use crate::Failure;

/// What ends the gateway from outside.
pub(super) struct Ends {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal is closed.
    hangup: Signal,
}

/// Signals within this time after the first ask for nothing more.
const SAME_WISH: Duration = Duration::from_millis(300);

impl Ends {
    pub(super) fn new() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|error| could_not_run("cannot listen for signals", error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Resolves when somebody asks for the end.
    pub(super) async fn signal(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Resolves when somebody who has asked for the end asks once more. What comes at the same moment
    /// is the first signal still: at Ctrl-C, npm and its like pass on what the terminal sends to all.
    pub(super) async fn again(&mut self) {
        let same = async {
            loop {
                self.signal().await;
            }
        };
        // It never resolves by itself.
        let _ = timeout(SAME_WISH, same).await;
        self.signal().await;
    }
}
