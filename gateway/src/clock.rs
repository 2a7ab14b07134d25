//! The one place where the time is read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use spec::Timestamp;
use tokio::time::Instant;

/// Wall-clock time that never goes back: read once at the start, then carried on by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            started_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let since_epoch = self.started_at + self.started.elapsed();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    /// The moment at which [`now`](Self::now) has reached `at`; `None` when that is beyond what a clock can show.
    pub(crate) fn instant(&self, at: Timestamp) -> Option<Instant> {
        let since_start = Duration::from_millis(at.as_millis()).saturating_sub(self.started_at);
        // Milliseconds were cut off: one more, and the moment is not before `at`.
        self.started
            .checked_add(since_start + Duration::from_millis(1))
    }
}
