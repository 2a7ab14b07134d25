//! The rules: what follows for a client from what happens to it.

use super::{Call, Expected, Model, Phase, Purpose, Text, To, post, reply};
use crate::traffic::{Message, Operation, Outcome, Step, Upgrade};

/// How an integration's or the authorizer's function ended, for the gateway.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    With(Outcome),
    TimedOut,
}

impl Model {
    pub(super) fn connect(&mut self, client: usize, upgrade: Upgrade) {
        match upgrade {
            _ if self.draining => self.refused(client, 503),
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
        // As it was declared when the handshake began.
        if self.clients[client].shape.connect {
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

    pub(super) fn message(&mut self, client: usize, text: &str, step: &Step) {
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
            shape: self.shape,
            awaited: true,
            running: true,
        });
    }

    pub(super) fn ended(&mut self, number: usize, ended: Ended) {
        let Call {
            client,
            purpose,
            shape,
            ..
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
            (Purpose::Message { route: "echo", .. }, Ended::With(Outcome::Good | Outcome::Bad))
                if !shape.echoes => {}
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
    pub(super) fn close(&mut self, client: usize, code: u16, reason: &'static str) {
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
    pub(super) fn left(&mut self, client: usize, code: u16, reason: &str) {
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

    pub(super) fn shut_down(&mut self, client: usize) {
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

    pub(super) fn manage(&mut self, operation: Operation, to: To) {
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
