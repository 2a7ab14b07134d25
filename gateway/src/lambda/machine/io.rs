//! What goes into the machine and comes out of it.

use std::time::Duration;

use spec::Timestamp;
use spec::io::CallId;

use crate::lambda::failure::{Failure, Phase, Status};

/// A function's processes and events at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Processes that have not asked for an event yet.
    pub starting: usize,
    /// Processes that wait for an event.
    pub idle: usize,
    /// Processes that work on an event, or end.
    pub busy: usize,
    /// Events that wait for a process.
    pub waiting: usize,
}

/// A process, numbered by the machine in the order of starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::lambda) struct ProcessId(pub(super) u64);

/// The two times that a pool lives by.
#[derive(Clone, Copy, Debug)]
pub(in crate::lambda) struct Now {
    /// The gateway's, frozen or not: functions' timeouts follow it.
    pub(in crate::lambda) clock: Timestamp,
    /// The system's, from any fixed moment: processes start and idle in it, and events wait for
    /// them. A frozen clock that leaps leaves no process the time to take what comes up on the way.
    pub(in crate::lambda) steady: Duration,
}

/// The moments at which [`expire`](super::PoolMachine::expire) is to be called next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::lambda) struct Due {
    pub(in crate::lambda) clock: Option<Timestamp>,
    pub(in crate::lambda) steady: Option<Duration>,
}

/// What a function may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lambda) struct Limits {
    /// The function's `Timeout`.
    pub(in crate::lambda) timeout: Duration,
    /// How many processes there may be, those included that are about to end.
    pub(in crate::lambda) max_processes: usize,
    /// How many of them can compute at once: the machine's processors.
    pub(in crate::lambda) processors: usize,
}

/// What a process did at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lambda) struct Reading {
    /// The processor time that it has used since its start; nothing where nobody tells.
    pub(in crate::lambda) used: Duration,
    /// Whether it is on a processor, or waits for one.
    pub(in crate::lambda) is_runnable: bool,
}

/// One call of the function.
#[derive(Debug)]
pub(in crate::lambda) struct Event {
    pub(in crate::lambda) call: CallId,
    pub(in crate::lambda) request_id: String,
    pub(in crate::lambda) payload: String,
    pub(in crate::lambda) trace_id: String,
    /// What the caller says of itself: JSON.
    pub(in crate::lambda) client_context: Option<String>,
    /// How long API Gateway waits for it.
    pub(in crate::lambda) patience: Duration,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(in crate::lambda) enum Action {
    /// Start a process.
    Start(ProcessId),
    /// An event is there for a process that waits for one: let it fetch it with
    /// [`super::PoolMachine::next`].
    Deliver(ProcessId),
    /// Look at what the processes do, and tell [`super::PoolMachine::looked`].
    Look,
    /// Kill a process. [`super::PoolMachine::exited`] tells when it is gone.
    Kill(ProcessId),
    /// A start took longer than this, which its developer should hear of.
    StartCut(Duration),
    /// A process could not start, which its log tells. Before the end of its event, if it has one.
    StartFailed(FailedStart),
    /// An event has ended.
    Finished(Finished),
}

/// A process that could not start.
#[derive(Debug)]
pub(in crate::lambda) struct FailedStart {
    pub(in crate::lambda) process: ProcessId,
    pub(in crate::lambda) phase: Phase,
    pub(in crate::lambda) status: Status,
    /// The event that it was started for, if that still waits.
    pub(in crate::lambda) event: Option<FailedEvent>,
}

/// The event for which a process could not start.
#[derive(Debug)]
pub(in crate::lambda) struct FailedEvent {
    pub(in crate::lambda) call: CallId,
    pub(in crate::lambda) request_id: String,
    /// The error that it ends with, as JSON; `None` if there will be another start.
    pub(in crate::lambda) end: Option<String>,
    /// Whether its runtime has told why.
    pub(in crate::lambda) is_told: bool,
}

/// The end of an event.
#[derive(Debug)]
pub(in crate::lambda) struct Finished {
    pub(in crate::lambda) call: CallId,
    pub(in crate::lambda) request_id: String,
    pub(in crate::lambda) end: End,
}

/// How an event ended.
#[derive(Debug)]
pub(in crate::lambda) enum End {
    /// The function returned this text.
    Returned(String),
    Failed(Failure),
    /// API Gateway has stopped waiting for it before a process took it.
    GivenUp,
}

/// The answer to a process that asks for its next event.
#[derive(Debug)]
pub(in crate::lambda) enum Next {
    /// It works on this from now on.
    Event(Event),
    /// Nothing waits, or it has not answered yet: it is to ask again after [`Action::Deliver`], and
    /// once it has answered.
    Wait,
    /// It must not ask, and is killed: it is to end.
    Refused,
}

impl Due {
    /// Whether something is due earlier than what is known in `other`.
    pub(in crate::lambda) fn is_before(self, other: Self) -> bool {
        fn is_before<T: Ord>(one: Option<T>, other: Option<T>) -> bool {
            one.is_some_and(|one| other.is_none_or(|other| one < other))
        }
        is_before(self.clock, other.clock) || is_before(self.steady, other.steady)
    }
}
