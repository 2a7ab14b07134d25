//! What was seen, held to what must be.

use spec::Output;
use spec::io::{Decision, Invocation, PeerId, Reason};

use super::Subject;
use crate::reference::{Expected, Model, Purpose, To};

impl Subject {
    /// What must hold whatever the model says.
    pub(super) fn witness(&mut self, output: &Output) {
        let clients = &mut self.clients;
        match output {
            Output::Accept { peer, .. } => {
                let client = &mut clients[peer.0 as usize];
                assert!(
                    !client.answered && !client.over,
                    "accepted twice, or after it left"
                );
                (client.answered, client.accepted) = (true, true);
            }
            Output::Reject { peer, .. } => {
                let client = &mut clients[peer.0 as usize];
                assert!(
                    !client.answered && !client.over,
                    "rejected twice, or after it left"
                );
                (client.answered, client.over) = (true, true);
            }
            Output::Send { peer, .. } => {
                let client = &mut clients[peer.0 as usize];
                assert!(
                    client.accepted && !client.over,
                    "sent before the 101 or after the close"
                );
            }
            Output::Close { peer, .. } => {
                let client = &mut clients[peer.0 as usize];
                assert!(
                    client.accepted && !client.over,
                    "closed twice, or without a 101"
                );
                client.over = true;
            }
            _ => {}
        }
    }

    pub(super) fn compare(&mut self, model: &Model, output: Output, expected: &Expected) {
        let is = |peer: PeerId, client: usize| {
            assert_eq!(peer.0, client as u64, "for somebody else: {expected:?}");
        };
        match (output, expected) {
            (Output::Accept { peer, .. }, Expected::Accept { client }) => is(peer, *client),
            (Output::Reject { peer, response }, Expected::Reject { client, status }) => {
                is(peer, *client);
                assert_eq!(response.status, *status, "{}", response.body);
                let connection_id = self.refused.take().unwrap();
                self.known.connection(*client, &connection_id);
                let request_id = response.headers.get("x-amz-apigw-id").unwrap();
                self.known.handshake(*client, request_id);
            }
            (Output::Invoke(invocation), Expected::Invoke { call }) => {
                self.invoked(model, &invocation, *call);
            }
            (
                Output::Send { peer, text },
                Expected::Send {
                    client,
                    text: wanted,
                },
            ) => {
                is(peer, *client);
                self.known.text(*client, &text, wanted);
            }
            (
                Output::Close { peer, close },
                Expected::Close {
                    client,
                    code,
                    reason,
                },
            ) => {
                is(peer, *client);
                assert_eq!((close.code, &*close.reason), (*code, *reason));
            }
            (Output::ManagementReply { id, response }, Expected::Reply { status, times }) => {
                assert_eq!(id.0, self.replies as u64, "another request's reply");
                self.replies += 1;
                assert_eq!(response.status, *status, "{}", response.body);
                let header = |name: &str| response.headers.get(name);
                self.known.answer(header, &response.body, *times);
            }
            (output, expected) => panic!("expected {expected:?}, got {output:?}"),
        }
    }

    fn invoked(&mut self, model: &Model, invocation: &Invocation, number: usize) {
        assert_eq!(number, self.calls.len());
        let call = &model.calls[number];
        assert_eq!(invocation.deadline.as_millis(), call.deadline);
        assert_eq!(invocation.function_arn, call.purpose.function());
        let event = serde_json::from_str(&invocation.payload).unwrap();
        self.known.event(model, number, &event);
        if matches!(call.purpose, Purpose::Disconnect { .. }) {
            let client = &mut self.clients[call.client];
            client.over |= self.leaving == Some(call.client);
            assert!(client.over, "`$disconnect` too early");
        }
        self.calls.push(invocation.id);
        if let Some(operation) = model.habit(number) {
            let input = self.management(operation, To::Client(call.client));
            self.give(input);
        }
    }

    pub(super) fn decision(&mut self, decision: Decision) {
        match decision.reason {
            Reason::Refused { .. } => self.refused = Some(decision.connection_id),
            Reason::Connected => {
                // It follows the client's 101.
                let mut clients = self.clients.iter().enumerate().rev();
                let accepted = clients.find(|(number, client)| {
                    client.accepted && self.known.connection_id(*number).is_none()
                });
                if let Some((client, _)) = accepted {
                    self.known.connection(client, &decision.connection_id);
                }
            }
            _ => {}
        }
    }
}
