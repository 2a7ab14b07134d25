//! The reference: what a WebSocket API does for its clients, in numbers instead of ids and events. Clients, calls of functions and requests
//! to `@connections` are counted from 0 in the order in which they come; time is in milliseconds.

use spec::limits::Violation;

use crate::traffic::{Habit, Leave, Message, Operation, Outcome, Shape, Step, Upgrade, Whom};

/// All that the model knows, after a step.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// What the API declares.
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

/// How an integration's or the authorizer's function ended, for the gateway.
#[derive(Clone, Copy)]
enum Ended {
    With(Outcome),
    TimedOut,
}

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
            Step::Manage { .. } | Step::Wait { .. } | Step::Shutdown => true,
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
            Stimulus::Shutdown => (0..self.clients.len()).for_each(|client| self.shut_down(client)),
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
            Step::Shutdown => Stimulus::Shutdown,
        }
    }

    fn gone(&self) -> Vec<usize> {
        (0..self.clients.len())
            .filter(|&client| self.clients[client].phase == Phase::Gone)
            .collect()
    }

    /// What happens by itself next: when, whether it is a call's end and not a connection's, and whose.
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

    /// The functions with a habit call `@connections` for their own connection as soon as they are called.
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

    fn connect(&mut self, client: usize, upgrade: Upgrade) {
        match upgrade {
            Upgrade::WrongPath => self.refused(client, 403),
            Upgrade::WithoutToken if self.shape.authorizer => self.refused(client, 401),
            _ if self.shape.authorizer => self.call(client, Purpose::Authorizer),
            _ => self.authorized(client),
        }
    }

    fn authorized(&mut self, client: usize) {
        if self.clients[client].phase != Phase::Authorizing {
            return;
        }
        self.clients[client].phase = Phase::Connecting;
        if self.shape.connect {
            self.call(client, Purpose::Connect);
        } else {
            self.connected(client);
        }
    }

    fn connected(&mut self, number: usize) {
        let client = &mut self.clients[number];
        match client.phase {
            Phase::Connecting => {
                client.phase = Phase::Open;
                client.active = self.now;
                self.expect(Expected::Accept { client: number });
            }
            Phase::Left => {
                client.phase = Phase::Gone;
                self.disconnect(number, 1006, "");
            }
            _ => {}
        }
    }

    fn refused(&mut self, client: usize, status: u16) {
        match std::mem::replace(&mut self.clients[client].phase, Phase::Gone) {
            Phase::Authorizing | Phase::Connecting => {
                self.expect(Expected::Reject { client, status });
            }
            _ => {}
        }
    }

    fn message(&mut self, client: usize, text: &str, step: &Step) {
        let Step::Say { message, .. } = *step else {
            return;
        };
        if self.clients[client].phase != Phase::Open {
            return;
        }
        self.clients[client].active = self.now;
        let route = match message {
            Message::Huge => return self.close(client, 1009, ""),
            Message::Mock => return self.send(client, Text::Mocked),
            Message::Echo => "echo",
            Message::Quiet => "quiet",
            _ if self.shape.default => "$default",
            _ => return self.send(client, Text::Error("Forbidden", None)),
        };
        let text = text.to_owned();
        self.call(client, Purpose::Message { route, text });
    }

    fn call(&mut self, client: usize, purpose: Purpose) {
        let call = self.calls.len();
        self.expect(Expected::Invoke { call });
        let deadline = self.now + purpose.patience();
        self.calls.push(Call {
            client,
            purpose,
            at: self.now,
            deadline,
            awaited: true,
            running: true,
        });
    }

    fn ended(&mut self, number: usize, ended: Ended) {
        let Call {
            client, purpose, ..
        } = self.calls[number].clone();
        match (purpose, ended) {
            (Purpose::Authorizer, Ended::With(Outcome::Good)) => self.authorized(client),
            (Purpose::Authorizer, Ended::With(Outcome::Bad)) => self.refused(client, 403),
            (Purpose::Authorizer, Ended::With(Outcome::Unauthorized)) => self.refused(client, 401),
            (Purpose::Authorizer, _) => self.refused(client, 500),
            (Purpose::Connect, Ended::With(Outcome::Good)) => self.connected(client),
            (Purpose::Connect, Ended::With(Outcome::Bad)) => self.refused(client, 418),
            (Purpose::Connect, Ended::With(Outcome::NotInvocable)) => self.refused(client, 500),
            (Purpose::Connect, Ended::With(_)) => self.refused(client, 502),
            (Purpose::Connect, Ended::TimedOut) => self.refused(client, 504),
            (Purpose::Disconnect { .. }, _) => {}
            (
                Purpose::Message { route: "quiet", .. },
                Ended::With(Outcome::Good | Outcome::Bad),
            ) => {}
            (Purpose::Message { .. }, Ended::With(Outcome::Good | Outcome::Bad)) => {
                self.send(client, Text::Exactly(reply(number)));
            }
            (Purpose::Message { .. }, Ended::With(_)) => {
                self.send(client, Text::Error("Internal server error", Some(number)));
            }
            (Purpose::Message { .. }, Ended::TimedOut) => {
                self.send(
                    client,
                    Text::Error("Endpoint request timed out", Some(number)),
                );
            }
        }
    }

    fn expect(&mut self, expected: Expected) {
        self.expected.push((self.now, expected));
    }

    fn send(&mut self, client: usize, text: Text) {
        if self.clients[client].phase == Phase::Open {
            self.clients[client].active = self.now;
            self.expect(Expected::Send { client, text });
        }
    }

    /// The gateway closes.
    fn close(&mut self, client: usize, code: u16, reason: &'static str) {
        if self.clients[client].phase == Phase::Open {
            self.clients[client].phase = Phase::Gone;
            self.expect(Expected::Close {
                client,
                code,
                reason,
            });
            self.disconnect(client, code, reason);
        }
    }

    /// The client closes, or is lost.
    fn left(&mut self, client: usize, code: u16, reason: &str) {
        let phase = &mut self.clients[client].phase;
        match *phase {
            Phase::Authorizing => *phase = Phase::Gone,
            Phase::Connecting => *phase = Phase::Left,
            Phase::Open => {
                *phase = Phase::Gone;
                self.disconnect(client, code, reason);
            }
            Phase::Left | Phase::Gone => {}
        }
    }

    fn shut_down(&mut self, client: usize) {
        match self.clients[client].phase {
            Phase::Authorizing => self.refused(client, 503),
            Phase::Connecting => {
                self.refused(client, 503);
                self.clients[client].phase = Phase::Left;
            }
            _ => self.close(client, 1001, "Going away"),
        }
    }

    fn disconnect(&mut self, client: usize, code: u16, reason: &str) {
        if self.shape.disconnect {
            let reason = reason.to_owned();
            self.call(client, Purpose::Disconnect { code, reason });
        }
    }

    fn manage(&mut self, operation: Operation, to: To) {
        let request = self.requests;
        self.requests += 1;
        let (status, times) = match to {
            To::OtherStage => (403, None),
            To::Malformed => (400, None),
            To::Client(number) if self.clients[number].phase == Phase::Open => match operation {
                Operation::Post => {
                    self.send(number, Text::Exactly(post(request)));
                    (200, None)
                }
                Operation::Get => {
                    let client = &self.clients[number];
                    (200, Some((client.since, client.active)))
                }
                Operation::Delete => {
                    self.close(number, 1000, "Connection Closed Normally");
                    (204, None)
                }
            },
            To::Client(_) | To::Nobody => (410, None),
        };
        self.expect(Expected::Reply { status, times });
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
}

/// What the function of a call answers.
pub(crate) fn reply(call: usize) -> String {
    format!("reply {call}")
}

/// What a request posts.
pub(crate) fn post(request: usize) -> String {
    format!("post {request}")
}
