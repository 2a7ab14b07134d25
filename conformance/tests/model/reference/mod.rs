//! The reference: what a WebSocket API does for its clients, in numbers instead of ids and events.
//! Clients, calls of functions and requests to `@connections` are counted from 0 in the order in
//! which they come; time is in milliseconds.

mod known;
mod rules;
mod words;

use spec::limits::Violation;

pub(crate) use known::Known;
use rules::Ended;
pub(crate) use words::*;

use crate::traffic::{Habit, Leave, Operation, Outcome, Shape, Step, Upgrade, Whom};

/// All that the model knows, after a step.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// What is deployed.
    pub(crate) shape: Shape,
    /// The time.
    pub(crate) now: u64,
    pub(crate) clients: Vec<Client>,
    pub(crate) calls: Vec<Call>,
    /// How many requests to `@connections` there were.
    pub(crate) requests: usize,
    /// What the last step does to the gateway.
    pub(crate) stimulus: Stimulus,
    /// What must come of it, when and in this order.
    pub(crate) expected: Vec<(u64, Expected)>,
    /// How much of `expected` functions with a habit have seen.
    reacted: usize,
    messages: usize,
    /// Whether the gateway goes down.
    draining: bool,
}

/// A client: its socket, and its connection if it gets one.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) slot: usize,
    pub(crate) phase: Phase,
    /// When its handshake began.
    pub(crate) since: u64,
    /// When a message last went in either direction.
    active: u64,
    /// What was deployed when its handshake began.
    shape: Shape,
}

/// Where a client is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Authorizing,
    Connecting,
    Open,
    /// Gone while its `$connect` runs.
    Left,
    Gone,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) client: usize,
    pub(crate) purpose: Purpose,
    pub(crate) at: u64,
    pub(crate) deadline: u64,
    /// What was deployed when it was made.
    shape: Shape,
    /// The gateway waits for the result.
    awaited: bool,
    /// The function has not answered yet.
    running: bool,
}

/// What a function is called for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Authorizer,
    Connect,
    Message { route: &'static str, text: String },
    Disconnect { code: u16, reason: String },
}

/// A step with the numbers of those whom it is about.
#[derive(Clone, Debug)]
pub(crate) enum Stimulus {
    Nothing,
    Connect { client: usize, upgrade: Upgrade },
    Say { client: usize, text: String },
    Break { client: usize, violation: Violation },
    Leave { client: usize, how: Leave },
    Answer { call: usize, outcome: Outcome },
    Manage { operation: Operation, to: To },
    Wait { until: u64, woken: bool },
    Deploy,
    Shutdown,
}

/// Whom a request to `@connections` is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    Client(usize),
    /// An id that nobody ever had.
    Nobody,
    /// No id.
    Malformed,
    /// Another stage's path.
    OtherStage,
}

/// What the gateway must do.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Accept {
        client: usize,
    },
    Reject {
        client: usize,
        status: u16,
    },
    Invoke {
        call: usize,
    },
    Send {
        client: usize,
        text: Text,
    },
    Close {
        client: usize,
        code: u16,
        reason: &'static str,
    },
    /// To the next request that has no answer yet; with GetConnection's two times.
    Reply {
        status: u16,
        times: Option<(u64, u64)>,
    },
}

/// A text to a client.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Exactly(String),
    /// The mock's, which names the connection.
    Mocked,
    /// An error frame, about the request of a call where there was one.
    Error(&'static str, Option<usize>),
}

pub(crate) const START: u64 = 1_705_751_697_419;
const IDLE: u64 = 10 * 60_000;
const DURATION: u64 = 2 * 60 * 60_000;

impl Model {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            now: START,
            clients: Vec::new(),
            calls: Vec::new(),
            requests: 0,
            stimulus: Stimulus::Nothing,
            expected: Vec::new(),
            reacted: 0,
            messages: 0,
            draining: false,
        }
    }

    /// The client that last had the slot.
    pub(crate) fn in_slot(&self, slot: usize) -> Option<usize> {
        self.clients.iter().rposition(|client| client.slot == slot)
    }

    /// Whether a new client can take the slot.
    pub(crate) fn is_free(&self, slot: usize) -> bool {
        self.in_slot(slot)
            .is_none_or(|client| matches!(self.clients[client].phase, Phase::Left | Phase::Gone))
    }

    /// The calls whose functions have not answered, in time or late.
    pub(crate) fn running(&self) -> Vec<usize> {
        (0..self.calls.len())
            .filter(|&call| self.calls[call].running)
            .collect()
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        let open = |client: &&Client| client.phase == Phase::Open;
        self.clients.iter().filter(open).count()
    }

    /// Whether there is nothing that could still happen by itself.
    pub(crate) fn is_idle(&self) -> bool {
        self.clients
            .iter()
            .all(|client| client.phase == Phase::Gone)
            && self.calls.iter().all(|call| !call.awaited)
    }

    /// When something happens by itself.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.due().map(|(at, ..)| at)
    }

    /// Whether the step makes sense now.
    pub(crate) fn allows(&self, step: &Step) -> bool {
        match step {
            Step::Connect { slot, .. } => self.is_free(*slot),
            Step::Say { slot, .. }
            | Step::Break { slot, .. }
            | Step::Leave { slot, .. }
            | Step::Manage {
                whom: Whom::Slot(slot),
                ..
            } => self.in_slot(*slot).is_some(),
            Step::Manage {
                whom: Whom::Former(_),
                ..
            } => !self.gone().is_empty(),
            Step::Manage { .. } | Step::Wait { .. } | Step::Deploy { .. } | Step::Shutdown => true,
            Step::Answer { .. } => !self.running().is_empty(),
        }
    }

    /// Takes a step that is allowed.
    pub(crate) fn take(&mut self, step: &Step) {
        self.expected.clear();
        self.reacted = 0;
        self.stimulus = self.resolve(step);
        if let Stimulus::Wait { until, woken } = self.stimulus {
            while woken && let Some(at) = self.next_due().filter(|at| *at <= until) {
                self.now = at.max(self.now);
                self.fire();
                self.react();
            }
            self.now = until;
            return;
        }
        // Whatever is due happens first, even if nobody woke the gateway for it.
        self.fire();
        match self.stimulus.clone() {
            Stimulus::Connect { client, upgrade } => self.connect(client, upgrade),
            Stimulus::Say { client, text } => self.message(client, &text, step),
            Stimulus::Break { client, violation } => {
                self.close(client, violation.close().code, "");
            }
            Stimulus::Leave { client, how } => {
                let (code, reason) = how.told();
                self.left(client, code, reason);
            }
            Stimulus::Answer { call, outcome } => {
                self.calls[call].running = false;
                if std::mem::take(&mut self.calls[call].awaited) {
                    self.ended(call, Ended::With(outcome));
                }
            }
            Stimulus::Manage { operation, to } => self.manage(operation, to),
            Stimulus::Deploy => {
                if let Step::Deploy { shape } = *step {
                    self.shape = shape;
                }
            }
            Stimulus::Shutdown => {
                self.draining = true;
                (0..self.clients.len()).for_each(|client| self.shut_down(client));
            }
            Stimulus::Nothing | Stimulus::Wait { .. } => {}
        }
        self.react();
    }

    fn resolve(&mut self, step: &Step) -> Stimulus {
        let client = |slot| self.in_slot(slot).unwrap_or_default();
        match *step {
            Step::Connect { slot, upgrade } => {
                let client = Client {
                    slot,
                    phase: Phase::Authorizing,
                    since: self.now,
                    active: self.now,
                    shape: self.shape,
                };
                self.clients.push(client);
                Stimulus::Connect {
                    client: self.clients.len() - 1,
                    upgrade,
                }
            }
            Step::Say { slot, message } => {
                let client = client(slot);
                self.messages += 1;
                Stimulus::Say {
                    client,
                    text: message.text(self.messages),
                }
            }
            Step::Break { slot, violation } => Stimulus::Break {
                client: client(slot),
                violation,
            },
            Step::Leave { slot, how } => Stimulus::Leave {
                client: client(slot),
                how,
            },
            Step::Answer { pick, outcome } => {
                let running = self.running();
                Stimulus::Answer {
                    call: running[running.len() - 1 - pick % running.len()],
                    outcome,
                }
            }
            Step::Manage { operation, whom } => {
                let to = match whom {
                    Whom::Slot(slot) => To::Client(client(slot)),
                    Whom::Former(pick) => To::Client(self.gone()[pick % self.gone().len()]),
                    Whom::Nobody => To::Nobody,
                    Whom::Malformed => To::Malformed,
                    Whom::OtherStage => To::OtherStage,
                };
                Stimulus::Manage { operation, to }
            }
            Step::Wait { millis, woken } => Stimulus::Wait {
                until: self.now + millis,
                woken,
            },
            Step::Deploy { .. } => Stimulus::Deploy,
            Step::Shutdown => Stimulus::Shutdown,
        }
    }

    fn gone(&self) -> Vec<usize> {
        (0..self.clients.len())
            .filter(|&client| self.clients[client].phase == Phase::Gone)
            .collect()
    }

    /// What happens by itself next: when, whether it is a call's end and not a connection's, and
    /// whose.
    fn due(&self) -> Option<(u64, bool, usize)> {
        let open = |(_, client): &(usize, &Client)| client.phase == Phase::Open;
        let connections = self
            .clients
            .iter()
            .enumerate()
            .filter(open)
            .map(|(number, client)| {
                (
                    (client.active + IDLE).min(client.since + DURATION),
                    false,
                    number,
                )
            });
        let awaited = |(_, call): &(usize, &Call)| call.awaited;
        let calls = self.calls.iter().enumerate().filter(awaited);
        connections
            .chain(calls.map(|(number, call)| (call.deadline, true, number)))
            .min()
    }

    /// Lets all happen that is due now.
    fn fire(&mut self) {
        while let Some((_, is_call, number)) = self.due().filter(|(at, ..)| *at <= self.now) {
            if is_call {
                self.calls[number].awaited = false;
                self.ended(number, Ended::TimedOut);
            } else {
                self.close(number, 1001, "Going away");
            }
        }
    }

    /// The functions with a habit call `@connections` for their own connection as soon as they are
    /// called.
    fn react(&mut self) {
        while let Some((_, expected)) = self.expected.get(self.reacted) {
            self.reacted += 1;
            if let Expected::Invoke { call } = *expected
                && let Some(operation) = self.habit(call)
            {
                self.manage(operation, To::Client(self.calls[call].client));
            }
        }
    }

    /// What the function of a call does as soon as it is called.
    pub(crate) fn habit(&self, call: usize) -> Habit {
        match self.calls[call].purpose {
            Purpose::Authorizer => None,
            Purpose::Connect => self.shape.in_connect,
            Purpose::Message { .. } => self.shape.in_message,
            Purpose::Disconnect { .. } => self.shape.in_disconnect,
        }
    }
}

impl Purpose {
    /// How long the gateway waits.
    pub(crate) fn patience(&self) -> u64 {
        match self {
            Self::Message { route: "echo", .. } => 10_000,
            Self::Disconnect { .. } => 2_000,
            _ => 29_000,
        }
    }

    /// The name of the function.
    pub(crate) fn function(&self) -> &'static str {
        match self {
            Self::Authorizer => "authorizer",
            Self::Connect => "connect",
            Self::Message { route, .. } => route.trim_start_matches('$'),
            Self::Disconnect { .. } => "disconnect",
        }
    }
}
