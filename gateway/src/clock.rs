//! The one place where the time is read.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spec::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// Where a gateway takes its time from: that of connections, limits and time-outs, those of functions among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeSource {
    /// The system.
    #[default]
    System,
    /// A clock that stands still at this moment until its owner moves it (see [`Running::advance`](crate::Control::advance)): nothing is
    /// too late because a machine is slow, and ten minutes pass in no time. Functions' processes keep the system's time.
    Standing(Timestamp),
}

/// A clock that never goes back.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The system's time is read once at the start, then carried on by the monotonic clock.
    started: Instant,
    started_at: Duration,
    /// The time, where it is not the system's.
    standing: Option<Arc<watch::Sender<Timestamp>>>,
}

impl Clock {
    pub(crate) fn start(source: TimeSource) -> Self {
        Self {
            started: Instant::now(),
            started_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            standing: match source {
                TimeSource::System => None,
                TimeSource::Standing(at) => Some(Arc::new(watch::Sender::new(at))),
            },
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &self.standing {
            Some(standing) => *standing.borrow(),
            None => self.system(),
        }
    }

    /// The system's time, by which functions' processes live.
    pub(crate) fn system(&self) -> Timestamp {
        let since_epoch = self.started_at + self.started.elapsed();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    /// Whether it moves only when it is told to.
    pub(crate) fn stands(&self) -> bool {
        self.standing.is_some()
    }

    /// Moves a clock that stands to `at`, unless it is there already, and wakes who waits for that.
    pub(crate) fn set(&self, at: Timestamp) {
        if let Some(standing) = &self.standing {
            standing.send_if_modified(|now| {
                let later = at > *now;
                *now = at.max(*now);
                later
            });
        }
    }

    /// Waits until [`now`](Self::now) has reached `at`; for ever when there is no such moment.
    pub(crate) async fn sleep_until(&self, at: Option<Timestamp>) {
        match (at, &self.standing) {
            (Some(at), Some(standing)) => {
                // The sender is held here, so the channel stays open.
                let _ = standing.subscribe().wait_for(|now| *now >= at).await;
            }
            (Some(at), None) => match self.instant(at) {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => std::future::pending().await,
            },
            (None, _) => std::future::pending().await,
        }
    }

    /// The moment at which the system's time has reached `at`; `None` when that is beyond what a clock can show.
    fn instant(&self, at: Timestamp) -> Option<Instant> {
        let since_start = Duration::from_millis(at.as_millis()).saturating_sub(self.started_at);
        // Milliseconds were cut off: one more, and the moment is not before `at`.
        self.started
            .checked_add(since_start + Duration::from_millis(1))
    }
}
