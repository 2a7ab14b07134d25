//! What was seen, held to what must be.

use serde_json::Value;
use spec::io::{Because, Decision, Invocation, PeerId};
use spec::{Output, Timestamp, ids};

use super::Subject;
use crate::reference::{Call, Expected, Model, Purpose, Text, To};

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
                self.know(*client, &connection_id);
                let request_id = response.headers.get("x-amz-apigw-id").unwrap().to_owned();
                self.know_handshake(*client, &request_id);
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
                self.text(*client, &text, wanted);
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
                for header in ["x-amzn-requestid", "x-amz-apigw-id"] {
                    let id = response.headers.get(header).unwrap().to_owned();
                    self.fresh(&id);
                }
                if let Some((since, active)) = times {
                    let status: Value = serde_json::from_str(&response.body).unwrap();
                    let iso = |millis: &u64| Timestamp::from_millis(*millis).iso_8601();
                    assert_eq!(status["connectedAt"], iso(since));
                    assert_eq!(status["lastActiveAt"], iso(active));
                }
            }
            (output, expected) => panic!("expected {expected:?}, got {output:?}"),
        }
    }

    fn invoked(&mut self, model: &Model, invocation: &Invocation, number: usize) {
        assert_eq!(number, self.calls.len());
        let Call {
            client,
            purpose,
            at,
            deadline,
            ..
        } = &model.calls[number];
        assert_eq!(invocation.deadline.as_millis(), *deadline);
        let event: Value = serde_json::from_str(&invocation.payload).unwrap();
        let context = &event["requestContext"];
        let text = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
        let (connection_id, request_id) = (text("connectionId"), text("requestId"));
        self.know(*client, &connection_id);
        assert_eq!(context["connectedAt"], model.clients[*client].since);
        let function = match purpose {
            Purpose::Authorizer => {
                self.know_handshake(*client, &request_id);
                "authorizer"
            }
            Purpose::Connect => {
                self.know_handshake(*client, &request_id);
                assert_eq!(text("eventType"), "CONNECT");
                "connect"
            }
            Purpose::Message { route, text: sent } => {
                self.fresh(&request_id);
                self.fresh(&text("messageId"));
                assert_eq!(
                    (&*text("eventType"), &*text("routeKey")),
                    ("MESSAGE", *route)
                );
                assert_eq!(context["requestTimeEpoch"], *at);
                assert_eq!(event["body"], **sent);
                route.trim_start_matches('$')
            }
            Purpose::Disconnect { code, reason } => {
                self.fresh(&request_id);
                assert_eq!(text("eventType"), "DISCONNECT");
                assert_eq!(context["requestTimeEpoch"], *at);
                assert_eq!(context["disconnectStatusCode"], *code);
                assert_eq!(context["disconnectReason"], **reason);
                let leaving = self.leaving == Some(*client);
                let client = &mut self.clients[*client];
                client.over |= leaving;
                client.disconnects += 1;
                assert!(
                    client.over && client.disconnects == 1,
                    "`$disconnect` too early or again"
                );
                "disconnect"
            }
        };
        assert_eq!(invocation.function_arn, function);
        self.calls.push((invocation.id, request_id));
        if let Some(operation) = model.habit(number) {
            let input = self.management(operation, To::Client(*client));
            self.give(input);
        }
    }

    fn text(&mut self, client: usize, text: &str, wanted: &Text) {
        let connection_id = self.clients[client].connection_id.clone().unwrap();
        match wanted {
            Text::Exactly(wanted) => assert_eq!(text, wanted),
            Text::Mocked => assert_eq!(text, format!("mocked for {connection_id}")),
            Text::Error(message, call) => {
                let frame: Value = serde_json::from_str(text).unwrap();
                assert_eq!(frame["message"], **message);
                assert_eq!(frame["connectionId"], *connection_id);
                match call {
                    Some(call) => assert_eq!(frame["requestId"], *self.calls[*call].1),
                    None => self.fresh(frame["requestId"].as_str().unwrap()),
                }
            }
        }
    }

    pub(super) fn decision(&mut self, decision: Decision) {
        match decision.because {
            Because::Refused { .. } => self.refused = Some(decision.connection_id),
            Because::Connected => {
                // It follows the client's 101.
                let accepted = self
                    .clients
                    .iter()
                    .rposition(|client| client.accepted && client.connection_id.is_none());
                if let Some(client) = accepted {
                    self.know(client, &decision.connection_id);
                }
            }
            _ => {}
        }
    }

    /// The client's connection has this id, now and always.
    fn know(&mut self, client: usize, connection_id: &str) {
        match &self.clients[client].connection_id {
            Some(known) => assert_eq!(known, connection_id, "the connection's id has changed"),
            None => {
                self.clients[client].connection_id = Some(connection_id.to_owned());
                self.fresh(connection_id);
            }
        }
    }

    /// The handshake's request has this id, in every event and in the refusal.
    fn know_handshake(&mut self, client: usize, request_id: &str) {
        match &self.clients[client].request_id {
            Some(known) => assert_eq!(known, request_id, "the handshake's request id has changed"),
            None => {
                self.clients[client].request_id = Some(request_id.to_owned());
                self.fresh(request_id);
            }
        }
    }

    fn fresh(&mut self, id: &str) {
        assert!(ids::is_well_formed(id) || id.len() == 36, "`{id}` is no id");
        assert!(self.ids.insert(id.to_owned()), "`{id}` was used before");
    }
}
