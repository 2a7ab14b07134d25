//! A function's process, as its pool sees it.

use std::sync::Arc;

use spec::Timestamp;
use spec::io::CallId;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::sandbox::Sandbox;

/// A process.
pub(super) struct Process {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) task: Option<JoinHandle<()>>,
    pub(super) phase: Phase,
    /// When the sandbox looks next whether time is up.
    pub(super) armed: Option<Timestamp>,
    /// What the process said of its failure to start.
    pub(super) init_error: Option<String>,
}

/// What a process does at the moment.
pub(super) enum Phase {
    /// It has not asked for an event yet.
    Starting,
    /// It waits for an event.
    Waiting,
    /// It has been given an event that it has not fetched yet.
    Given(Job),
    /// It works on an event.
    Busy { job: Job, until: Timestamp },
    /// It has answered and not asked again yet.
    Answered,
    /// It took too long: its event has failed, and it is to be killed.
    Overdue,
}

/// An event that waits for its result.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) invocation: CallId,
    pub(super) request_id: String,
    pub(super) payload: String,
    pub(super) trace_id: String,
    pub(super) queued: Instant,
}

impl Process {
    /// When its time is up.
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Busy { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Takes its event from it when its time is up at `now`.
    pub(super) fn time_out(&mut self, now: Timestamp) -> Option<Job> {
        if self.until().is_none_or(|until| until > now) {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Overdue) {
            Phase::Busy { job, .. } => Some(job),
            _ => None,
        }
    }
}
