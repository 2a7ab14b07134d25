//! The specification with all that surrounds it: clients, functions and a backend that do as they
//! are told, and compare what they see with what the model expects.

mod compare;

use spec::ids::Counter;
use spec::io::{CallId, ManagementId, ManagementRequest, PeerId};
use spec::{Gateway, Input, Output, Timestamp};

use crate::reference::{Expected, Known, Model, START, Stimulus, To};
use crate::setting::{answer, compiled, handshake};
use crate::traffic::{Operation, Shape};

/// The gateway and what was seen of it.
pub(crate) struct Subject {
    gateway: Gateway,
    /// Whether its explanations are asked for.
    watched: bool,
    now: u64,
    clients: Vec<Seen>,
    /// By the model's number: the gateway's.
    calls: Vec<CallId>,
    requests: usize,
    replies: usize,
    known: Known,
    /// Of the last refusal, whose response follows.
    refused: Option<String>,
    /// Who is about to be gone: what was due before still comes first.
    leaving: Option<usize>,
}

/// What a client has seen.
#[derive(Default)]
struct Seen {
    answered: bool,
    accepted: bool,
    /// Closed by whichever side.
    over: bool,
}

impl Subject {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self {
            gateway: Gateway::new(compiled(shape), Counter::default()),
            watched: false,
            now: START,
            clients: Vec::new(),
            calls: Vec::new(),
            requests: 0,
            replies: 0,
            known: Known::new(0),
            refused: None,
            leaving: None,
        }
    }

    /// Does to the gateway what the model's last step did to the model, and compares.
    pub(crate) fn take(&mut self, model: &Model) {
        let mut expected = model.expected.iter();
        match &model.stimulus {
            Stimulus::Wait { until, woken } => {
                let until = Timestamp::from_millis(*until);
                let mut alarms = 0;
                while *woken
                    && let Some(due) = self.gateway.poll_timeout().filter(|due| *due <= until)
                {
                    self.now = self.now.max(due.as_millis());
                    self.gateway
                        .handle_timeout(Timestamp::from_millis(self.now));
                    self.drain(model, &mut expected);
                    alarms += 1;
                    assert!(
                        alarms < 10_000,
                        "the gateway wants to be woken again and again"
                    );
                }
                self.now = until.as_millis();
            }
            stimulus => {
                if let Some(input) = self.input(model, stimulus) {
                    self.give(input);
                }
                self.drain(model, &mut expected);
                if let Some(client) = self.leaving.take() {
                    self.clients[client].over = true;
                }
            }
        }
        let lost: Vec<_> = expected.collect();
        assert!(lost.is_empty(), "did not come: {lost:?}");
    }

    /// What can be asked of the gateway at any time.
    pub(crate) fn check(&self, model: &Model) {
        assert_eq!(self.gateway.connections(), model.open(), "open connections");
        assert_eq!(
            self.gateway.is_idle(),
            model.is_idle(),
            "nothing is under way"
        );
        let alarm = self.gateway.poll_timeout().map(Timestamp::as_millis);
        match (alarm, model.next_due()) {
            (None, None) => {}
            // Earlier is allowed: a message puts the end off without touching the timer.
            (Some(alarm), Some(due)) => {
                assert!(alarm <= due, "woken at {alarm}, too late for {due}");
            }
            (alarm, due) => {
                panic!("the gateway's alarm is {alarm:?}, but what is due next is {due:?}")
            }
        }
    }

    /// Everybody has left, every function has answered.
    pub(crate) fn finish(&self, model: &Model) {
        assert!(self.gateway.is_idle(), "something is still under way");
        assert_eq!(self.gateway.poll_timeout(), None, "a timer without anybody");
        for (number, client) in self.clients.iter().enumerate() {
            self.known.gone(model, number, client.accepted);
        }
    }

    /// Whoever watches, now and then, changes nothing but the explanations.
    fn give(&mut self, input: Input) {
        self.watched = !self.watched;
        self.gateway.explain(self.watched);
        self.gateway
            .handle_input(Timestamp::from_millis(self.now), input);
    }

    fn input(&mut self, model: &Model, stimulus: &Stimulus) -> Option<Input> {
        let peer = |client: usize| PeerId(client as u64);
        Some(match stimulus {
            Stimulus::Nothing | Stimulus::Wait { .. } => return None,
            Stimulus::Connect { client, upgrade } => {
                self.clients.push(Seen::default());
                Input::Handshake {
                    peer: peer(*client),
                    request: handshake(*upgrade),
                }
            }
            Stimulus::Say { client, text } => Input::Message {
                peer: peer(*client),
                text: text.clone(),
            },
            Stimulus::Break { client, violation } => Input::Violation {
                peer: peer(*client),
                violation: *violation,
            },
            Stimulus::Leave { client, how } => {
                self.leaving = Some(*client);
                Input::PeerClosed {
                    peer: peer(*client),
                    close: how.frame(),
                }
            }
            Stimulus::Answer { call, outcome } => Input::CallFinished {
                id: self.calls[*call],
                outcome: answer(*call, &model.calls[*call].purpose, *outcome).into(),
            },
            Stimulus::Manage { operation, to } => self.management(*operation, *to),
            Stimulus::Deploy => Input::Deploy(compiled(&model.shape)),
            Stimulus::Shutdown => Input::Shutdown,
        })
    }

    fn management(&mut self, operation: Operation, to: To) -> Input {
        let number = self.requests;
        self.requests += 1;
        let (method, body) = operation.words(number);
        let (stage, id) = (to.stage(), to.id(&self.known).unwrap());
        let request = ManagementRequest {
            method: method.to_owned(),
            path: format!("/{stage}/@connections/{id}"),
            body: body.into_bytes(),
            ..ManagementRequest::default()
        };
        Input::Management {
            id: ManagementId(number as u64),
            request,
        }
    }

    fn drain<'a>(
        &mut self,
        model: &Model,
        expected: &mut impl Iterator<Item = &'a (u64, Expected)>,
    ) {
        while let Some(output) = self.gateway.poll_output() {
            if let Output::Decision(decision) = output {
                self.decision(decision);
                continue;
            }
            if matches!(output, Output::Explanation(_)) {
                continue;
            }
            self.witness(&output);
            let Some((at, expected)) = expected.next() else {
                panic!("nothing more was to come, but {output:?} did");
            };
            assert_eq!(self.now, *at, "{expected:?} came at another time");
            self.compare(model, output, expected);
        }
    }
}
