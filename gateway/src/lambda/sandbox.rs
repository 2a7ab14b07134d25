//! A process of a function, as its pool and its Runtime API see it.

use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::task::JoinError;

use super::journal::Journal;
use super::launch::Launch;
use super::machine::{FailedStart, Finished, ProcessId};
use super::output::Sink;

/// A process, from its start to its end.
pub(super) struct Sandbox {
    pub(super) id: ProcessId,
    pub(super) launch: Arc<Launch>,
    /// The name of its log stream, and of nothing else.
    pub(super) name: String,
    /// The system's number of it, once it has been started.
    pub(super) pid: OnceLock<u32>,
    /// What it writes, and what is said of its invocations.
    pub(super) journal: Journal,
    /// There is an event to be fetched.
    pub(super) event: Notify,
    /// The process must go.
    pub(super) kill: Notify,
}

/// What takes longer than the pool's lock may be held.
pub(super) enum Work {
    Start(Arc<Sandbox>),
    /// Look at what these do.
    Look(Vec<Arc<Sandbox>>),
}

/// What the machine has found that is told without the pool's lock, in this order.
#[derive(Default)]
pub(super) struct Told {
    /// Processes that could not start.
    pub(super) starts: Vec<(Arc<Sandbox>, FailedStart)>,
    /// Events that have ended.
    pub(super) finished: Vec<Finished>,
}

/// What an event has that is not API Gateway's.
#[derive(Default)]
pub(super) struct Given {
    /// That of an earlier attempt.
    pub(super) request_id: Option<String>,
    /// What the caller says of itself: JSON.
    pub(super) client_context: Option<String>,
}

impl Sandbox {
    pub(super) fn new(id: ProcessId, launch: Arc<Launch>, name: String, sink: Sink) -> Self {
        Self {
            journal: Journal::new(sink, &launch, &name),
            id,
            launch,
            name,
            pid: OnceLock::new(),
            event: Notify::new(),
            kill: Notify::new(),
        }
    }
}

/// A task that has panicked takes its parent with it.
pub(super) fn pass_panic_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}
