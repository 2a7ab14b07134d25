//! Everything that a gateway does, for whoever watches it: each input of the machine with what it
//! led to, and what the functions' processes do.
//!
//! Nothing is copied and nothing is kept while nobody watches.

mod inbox;

use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use spec::io::CallId;
use spec::{Input, Output, Timestamp};

use crate::clock::Clock;
use inbox::{Inbox, Inboxes};

/// What a gateway does from the moment of [`Control::trace`](crate::Control::trace) on, in its
/// order. A slow reader holds nobody up: it is told how much it missed.
#[derive(Debug)]
pub struct Trace {
    inbox: Arc<Inbox>,
    inboxes: Weak<Inboxes>,
    arrived: u64,
}

/// One thing that a gateway did.
#[derive(Clone, Debug, PartialEq)]
pub enum Traced {
    /// Something happened to the machine. A deployment is the step with [`Input::Deploy`].
    Step(Arc<Step>),
    /// A call of a function went on.
    Function(Arc<FunctionEvent>),
    /// The frozen clock was moved to this moment, and all that was due has happened.
    Advanced(Timestamp),
    /// So many of these were dropped here, because they were not read in time.
    Missed(u64),
}

/// One input of the machine, with all that it led to at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What happened. `None` if it was time that passed.
    pub input: Option<Input>,
    /// What came of it, in its order, with [`Output::Explanation`]s.
    pub outputs: Vec<Output>,
    /// [`Control::arrived`](crate::Control::arrived), with this step's own request: who has seen a
    /// smaller number knows how many requests it has not seen.
    pub arrived: u64,
}

/// What became of a call of a function, or what a process wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionEvent {
    /// When.
    pub at: Timestamp,
    /// The function's name, without the stack's before it.
    pub function: String,
    /// The process, by the name of its log stream; `None` as long as none has the event.
    pub process: Option<String>,
    /// Lambda's request id. `None` for what a process does between its events.
    pub request_id: Option<String>,
    /// What there is to know.
    pub what: FunctionStep,
}

/// What a function's process did.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionStep {
    /// The machine's call has become an event, with this request id. Asynchronous events are the
    /// only ones whose later [`Taken`](Self::Taken) names another call.
    Queued(CallId),
    /// A process took the event.
    Taken(CallId),
    /// It wrote a line.
    Line(String),
    /// A process could not start: what Lambda writes about that. The event is the one that it was
    /// started for, if that still waits.
    StartFailed(String),
    /// The event ended, for its process.
    Report(FunctionReport),
}

/// The figures of the line `REPORT`.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionReport {
    /// How long it took.
    pub duration: Duration,
    /// How long its process took to start, if it is the first event of that.
    pub init: Option<Duration>,
    /// `MemorySize`, in MB.
    pub memory_size: u64,
    /// The most memory that its process has had, in MB, if the system tells.
    pub max_memory_used: Option<u64>,
    /// `success`, `timeout`, or the type of the error with which the process ended.
    pub status: String,
}

/// Where everything goes that a gateway does. Clones lead to the same readers.
#[derive(Clone, Debug)]
pub(crate) struct Traces {
    inboxes: Arc<Inboxes>,
    clock: Clock,
}

impl Trace {
    /// [`Control::arrived`](crate::Control::arrived) at the moment from which on this tells
    /// everything.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// What the gateway did next; `None` once it is gone. Safe to cancel.
    pub async fn next(&mut self) -> Option<Traced> {
        self.inbox.next().await
    }

    /// The same, if there is something already.
    pub fn try_next(&mut self) -> Option<Traced> {
        self.inbox.try_next()
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(inboxes) = self.inboxes.upgrade() {
            inboxes.remove(&self.inbox);
        }
    }
}

impl Traces {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            inboxes: Arc::default(),
            clock,
        }
    }

    /// So many requests have `arrived`.
    pub(crate) fn subscribe(&self, arrived: u64) -> Trace {
        Trace {
            arrived,
            inbox: self.inboxes.add(),
            inboxes: Arc::downgrade(&self.inboxes),
        }
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.inboxes.is_watched()
    }

    pub(crate) fn step(&self, step: Step) {
        let bytes = inbox::bytes_of(&step);
        self.inboxes.publish(&Traced::Step(Arc::new(step)), bytes);
    }

    pub(crate) fn advanced(&self, to: Timestamp) {
        if self.is_watched() {
            self.inboxes.publish(&Traced::Advanced(to), 0);
        }
    }

    /// Something became of a call; evaluated only where somebody watches.
    pub(crate) fn function(
        &self,
        function: &str,
        process: Option<&str>,
        request_id: Option<&str>,
        what: impl FnOnce() -> FunctionStep,
    ) {
        if !self.is_watched() {
            return;
        }
        let what = what();
        let bytes = match &what {
            FunctionStep::Line(text) | FunctionStep::StartFailed(text) => text.len(),
            _ => 0,
        };
        let event = FunctionEvent {
            at: self.clock.now(),
            function: function.to_owned(),
            process: process.map(str::to_owned),
            request_id: request_id.map(str::to_owned),
            what,
        };
        let traced = Traced::Function(Arc::new(event));
        self.inboxes.publish(&traced, bytes);
    }
}
