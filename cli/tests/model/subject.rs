//! The gateway's process with all that surrounds it: clients, functions and a backend that do as they are told, and compare what they see with
//! what the model expects.
//!
//! Over sockets there is no one order of things. What a client gets comes in order, and so does what follows for it from one step after the
//! other, so before a step about a client all that it is still owed is waited for, unless the step is one more message. Nobody waits for the
//! others: their messages, calls and answers are under way meanwhile. Before time passes, everybody is waited for.

mod compare;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::http;
use conformance::http::Answer;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE, Seen};
use crate::reference::{Expected, Known, Model, NOBODY, START, Stimulus, To, said};
use crate::served::{Event, Served};
use crate::traffic::{Leave, Operation, Outcome};

/// The gateway and what was seen of it.
pub(crate) struct Subject {
    served: Served,
    now: u64,
    /// Behind the clients' names: those of no two sequences are alike.
    sequence: usize,
    clients: Vec<Peer>,
    known: Known,
    /// Calls that functions work on, by the model's number.
    calls: HashMap<usize, Event>,
    /// Events that were not expected yet.
    arrived: Vec<Event>,
    /// What the model expects and was not seen yet.
    owed: Vec<Owed>,
    /// Requests to `@connections`, by number.
    requests: Vec<Request>,
    /// How many of them the model has answered.
    answered: usize,
}

/// A client, and how far it is.
struct Peer {
    socket: Client,
    stage: Stage,
    was_open: bool,
    /// A function that works for it has died: nobody knows when the gateway notices, so that a message now might be answered before.
    is_unsure: bool,
}

/// What a client has seen of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Handshake,
    Open,
    Over,
}

struct Request {
    /// The client that the model's request is about, and that sees what comes of it.
    client: Option<usize>,
    answer: Option<JoinHandle<Answer>>,
}

/// Something that must be seen.
struct Owed {
    expected: Expected,
    client: Option<usize>,
    /// The request that a function makes when it is called, or the one that is answered.
    request: Option<usize>,
}

impl Subject {
    pub(crate) fn new(served: Served) -> Self {
        static SEQUENCES: AtomicUsize = AtomicUsize::new(0);
        Self {
            known: Known::new(served.now - START),
            served,
            now: START,
            sequence: SEQUENCES.fetch_add(1, Ordering::Relaxed),
            clients: Vec::new(),
            calls: HashMap::new(),
            arrived: Vec::new(),
            owed: Vec::new(),
            requests: Vec::new(),
            answered: 0,
        }
    }

    /// Does to the gateway what the model's last step did to the model.
    pub(crate) async fn take(&mut self, model: &Model) {
        let client = match &model.stimulus {
            Stimulus::Say { client, .. }
            | Stimulus::Break { client, .. }
            | Stimulus::Leave { client, .. }
            | Stimulus::Manage {
                to: To::Client(client),
                ..
            } => Some(*client),
            Stimulus::Answer { call, .. } => Some(model.calls[*call].client),
            _ => None,
        };
        if let Some(client) = client
            && !self.may_follow(model, client)
        {
            self.settle(model, |owed| owed.client == Some(client)).await;
            self.clients[client].is_unsure = false;
        }
        match model.stimulus.clone() {
            Stimulus::Nothing | Stimulus::Shutdown => {}
            // What was sent before must have reached the machine before the rules change.
            Stimulus::Deploy => {
                self.settle_all(model).await;
                self.served.deploy(&model.shape).await;
            }
            Stimulus::Wait { until, .. } => {
                self.settle_all(model).await;
                self.served.advance(until - self.now).await;
                self.now = until;
            }
            Stimulus::Connect { client, upgrade } => {
                let name = self.name(client);
                let socket = Client::connect(&self.served.host(), &name, upgrade);
                self.clients.push(Peer {
                    socket,
                    stage: Stage::Handshake,
                    was_open: false,
                    is_unsure: false,
                });
            }
            Stimulus::Say { client, text } => self.if_open(client, |socket| socket.say(&text)),
            Stimulus::Break { client, violation } => {
                self.if_open(client, |socket| socket.violate(violation));
            }
            Stimulus::Leave { client, how } => self.leave(client, how).await,
            Stimulus::Answer { call, outcome } => self.answer(model, call, outcome).await,
            Stimulus::Manage { operation, to } => {
                let client = match to {
                    To::Client(client) => Some(client),
                    _ => None,
                };
                let number = self.plan_request(client);
                self.request(number, operation, to);
            }
        }
        self.owe(model);
    }

    /// Waits for everything that is still owed; nothing else may have come.
    pub(crate) async fn settle_all(&mut self, model: &Model) {
        self.settle(model, |_| true).await;
        while let Ok(event) = self.served.events.try_recv() {
            self.arrived.push(event);
        }
        assert!(
            self.arrived.is_empty(),
            "nobody expected these calls: {:?}",
            self.arrived
        );
        for (number, client) in self.clients.iter_mut().enumerate() {
            if let Some(seen) = client.socket.unexpected() {
                panic!("client {number} did not expect {seen:?}");
            }
        }
    }

    /// Everybody has left, every function has answered: the gateway is as it was, and can be used again.
    pub(crate) async fn finish(mut self, model: &Model) -> Served {
        self.settle_all(model).await;
        for (number, client) in self.clients.iter().enumerate() {
            self.known.gone(model, number, client.was_open);
        }
        self.served
    }

    /// Notes what the model expects of its last step.
    fn owe(&mut self, model: &Model) {
        for (_, expected) in &model.expected {
            let (client, request) = match expected {
                Expected::Accept { client }
                | Expected::Reject { client, .. }
                | Expected::Send { client, .. }
                | Expected::Close { client, .. } => (Some(*client), None),
                Expected::Invoke { call } => {
                    let client = Some(model.calls[*call].client);
                    let habit = model.habit(*call);
                    (client, habit.map(|_| self.plan_request(client)))
                }
                // Requests are answered in the order in which the model makes them.
                Expected::Reply { .. } => {
                    self.answered += 1;
                    let number = self.answered - 1;
                    (self.requests[number].client, Some(number))
                }
            };
            self.owed.push(Owed {
                expected: expected.clone(),
                client,
                request,
            });
        }
    }

    /// Waits for what is owed, as far as it is chosen.
    async fn settle(&mut self, model: &Model, chosen: impl Fn(&Owed) -> bool) {
        let (due, rest) = std::mem::take(&mut self.owed).into_iter().partition(chosen);
        self.owed = rest;
        let due: Vec<Owed> = due;
        for owed in due {
            self.meet(model, owed).await;
        }
    }

    /// Whether the step is a message that may come while those before it are worked on: what comes of them can not change what comes of it.
    fn may_follow(&self, model: &Model, client: usize) -> bool {
        let mut owed = self.owed.iter().filter(|owed| owed.client == Some(client));
        matches!(model.stimulus, Stimulus::Say { .. })
            && !self.clients[client].is_unsure
            && model.shape.in_message.is_none()
            && owed.all(|owed| {
                matches!(
                    owed.expected,
                    Expected::Invoke { .. } | Expected::Send { .. }
                )
            })
    }

    fn if_open(&self, client: usize, act: impl FnOnce(&Client)) {
        let client = &self.clients[client];
        if client.stage == Stage::Open {
            act(&client.socket);
        }
    }

    /// A client goes, and stays until the gateway knows.
    async fn leave(&mut self, client: usize, how: Leave) {
        let stage = self.clients[client].stage;
        if stage == Stage::Over {
            return;
        }
        if stage == Stage::Open {
            // Whatever the gateway has sent before comes before this.
            let url = self.url("stage", self.known.connection_id(client).unwrap());
            let posted = http::request("POST", &url, &[], "the last").await;
            assert_eq!(posted.unwrap().status, 200);
            let seen = self.clients[client].socket.next().await;
            assert_eq!(seen, Seen::Text("the last".to_owned()));
        }
        let peer = &mut self.clients[client];
        peer.stage = Stage::Over;
        if stage == Stage::Handshake {
            peer.socket.leave(Leave::Lost);
        } else {
            peer.socket.leave(how);
            if let Some(close) = how.frame() {
                let echo = Seen::Closed(close.code.unwrap_or(1005), close.reason);
                assert_eq!(peer.socket.next().await, echo);
            }
        }
        assert_eq!(peer.socket.next().await, Seen::End);
    }

    /// A function answers.
    async fn answer(&mut self, model: &Model, number: usize, outcome: Outcome) {
        let call = self.calls.remove(&number).unwrap();
        let is_late = model.calls[number].deadline <= self.now;
        if matches!(outcome, Outcome::Failed) && number % 2 == 1 && !is_late {
            // It is all the same to a client why a function has no result. (A late one may be dead, and its number another process's.)
            self.clients[model.calls[number].client].is_unsure = true;
            return call.die();
        }
        let (kind, body) = match said(number, &model.calls[number].purpose, outcome) {
            Ok(result) => ("response", result),
            Err(error) => ("error", error),
        };
        let is_taken = call.answer(kind, body).await;
        // Its process is gone when the function's `Timeout` was reached; nobody waits for it then.
        assert!(
            is_taken || is_late,
            "the answer to call {number} was refused"
        );
    }

    fn plan_request(&mut self, client: Option<usize>) -> usize {
        self.requests.push(Request {
            client,
            answer: None,
        });
        self.requests.len() - 1
    }

    /// Starts a request to `@connections`.
    fn request(&mut self, number: usize, operation: Operation, to: To) {
        // Who was refused before any function heard of it has an id that nobody knows.
        let id = to.id(&self.known).unwrap_or(NOBODY);
        let url = self.url(to.stage(), id);
        let (method, body) = operation.words(number);
        let answer = tokio::spawn(async move {
            let request = http::request(method, &url, &[], &body);
            timeout(PATIENCE, request)
                .await
                .expect("`@connections` answers")
                .unwrap()
        });
        self.requests[number].answer = Some(answer);
    }

    fn url(&self, stage: &str, id: &str) -> String {
        format!(
            "http://{}/{stage}/@connections/{}",
            self.served.host(),
            id.replace('=', "%3D")
        )
    }

    /// What events call a client, before its connection's id is known.
    fn name(&self, client: usize) -> String {
        format!("{}-{client}", self.sequence)
    }
}
