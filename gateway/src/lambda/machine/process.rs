//! A process and a waiting event, as the machine sees them.

use std::time::Duration;

use spec::Timestamp;
use spec::io::CallId;

use super::{Event, Now};

/// A process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) generation: u64,
    pub(super) timeout: Duration,
    pub(super) phase: Phase,
    pub(super) last_look: Option<LastLook>,
    /// What it posted about its failure to start.
    pub(super) init_error: Option<String>,
    /// It has ended or is being killed. It may still post what became of its event, but gets no
    /// other.
    pub(super) is_ending: bool,
}

/// What was seen of a process when it was last looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastLook {
    pub(super) at: Duration,
    /// The processor time that it had used.
    pub(super) used: Duration,
    /// Whether it did not compute.
    pub(super) rested: bool,
}

/// What a process does at the moment.
#[derive(Debug)]
pub(super) enum Phase {
    /// It has not asked for an event yet.
    Starting {
        until: Duration,
        /// A start has failed already for the event that it was started for.
        is_retry: bool,
    },
    /// It waits for an event.
    Idle { until: Duration },
    /// An event is there for it that it has not fetched yet.
    Given(Waiting),
    /// It works on an event.
    Busy {
        call: CallId,
        request_id: String,
        until: Timestamp,
    },
    /// It has answered, or has hung up while it waited, and has not asked again.
    Answered { until: Duration },
    /// It was told to end.
    Ending,
}

/// An event that no process has fetched.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// Its place in the order of arrival.
    pub(super) number: u64,
    pub(super) since: Duration,
    /// When API Gateway has stopped waiting for it.
    pub(super) until: Duration,
    /// The newest process when it came, or when a start failed for it: only the failure of a later
    /// start counts.
    pub(super) after: u64,
    pub(super) failed_starts: u32,
}

impl Process {
    /// When its phase ends by itself, by the system's time.
    pub(super) fn steady_until(&self) -> Option<Duration> {
        match self.phase {
            Phase::Starting { until, .. } | Phase::Idle { until } | Phase::Answered { until } => {
                Some(until)
            }
            Phase::Given(ref waiting) => Some(waiting.until),
            _ => None,
        }
    }
}

impl Phase {
    /// Whether the process has asked for an event.
    pub(super) fn has_started(&self) -> bool {
        !matches!(self, Self::Starting { .. } | Self::Ending)
    }

    /// Whether its time is up.
    pub(super) fn is_over(&self, now: Now) -> bool {
        match self {
            Self::Starting { until, .. } | Self::Idle { until } | Self::Answered { until } => {
                *until <= now.steady
            }
            Self::Given(waiting) => waiting.until <= now.steady,
            Self::Busy { until, .. } => *until <= now.clock,
            Self::Ending => false,
        }
    }
}
