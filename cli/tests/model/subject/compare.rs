//! What was seen, held to what must be.

use conformance::http::Answer;
use serde_json::Value;
use spec::{Timestamp, ids};
use tokio::time::timeout;

use super::{Owed, Stage, Subject};
use crate::client::{PATIENCE, Seen};
use crate::reference::{self, Expected, Model, Purpose, Text, To};
use crate::served::Event;
use crate::traffic::Message;

impl Subject {
    /// Waits for one thing that is owed, and compares it.
    pub(super) async fn meet(&mut self, model: &Model, owed: Owed) {
        match &owed.expected {
            Expected::Accept { client } => {
                assert_eq!(self.see(*client).await, Seen::Answer(101));
                let known = &mut self.clients[*client];
                (known.stage, known.was_open) = (Stage::Open, true);
                if known.connection_id.is_none() {
                    self.ask_for_id(*client).await;
                }
            }
            Expected::Reject { client, status } => {
                assert_eq!(self.see(*client).await, Seen::Answer(*status));
                self.clients[*client].stage = Stage::Over;
            }
            Expected::Invoke { call } => self.invoked(model, &owed, *call).await,
            Expected::Send { client, text } => match self.see(*client).await {
                Seen::Text(seen) => self.text(*client, &seen, text),
                other => panic!("expected {text:?}, got {other:?}"),
            },
            Expected::Close {
                client,
                code,
                reason,
            } => {
                let closed = Seen::Closed(*code, (*reason).to_owned());
                assert_eq!(self.see(*client).await, closed);
                assert_eq!(self.see(*client).await, Seen::End, "after the close");
                self.clients[*client].stage = Stage::Over;
            }
            Expected::Reply { status, times } => {
                let request = owed
                    .request
                    .and_then(|number| self.requests[number].answer.take());
                let answer = request.unwrap().await.unwrap();
                self.replied(&answer, *status, *times);
            }
        }
    }

    async fn see(&mut self, client: usize) -> Seen {
        self.clients[client].socket.next().await
    }

    /// No function was told of the client: the mock tells. As no time has passed since the 101, the model need not know.
    async fn ask_for_id(&mut self, client: usize) {
        let message = Message::Mock.text(0);
        self.clients[client].socket.say(&message);
        match self.see(client).await {
            Seen::Text(text) => {
                let id = text.strip_prefix("mocked for ").expect("the mock's answer");
                self.know(client, id);
            }
            other => panic!("expected the mock's answer, got {other:?}"),
        }
    }

    async fn invoked(&mut self, model: &Model, owed: &Owed, number: usize) {
        let reference::Call {
            client, purpose, ..
        } = &model.calls[number];
        let client = *client;
        let event = self.event(client, purpose).await;
        let context = &event.event["requestContext"];
        let text = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
        let (connection_id, request_id) = (text("connectionId"), text("requestId"));
        let (event_type, route) = (text("eventType"), text("routeKey"));
        self.know(client, &connection_id);
        assert_eq!(
            context["connectedAt"],
            self.ahead + model.clients[client].since
        );
        match purpose {
            Purpose::Authorizer => self.know_handshake(client, &request_id),
            Purpose::Connect => {
                self.know_handshake(client, &request_id);
                assert_eq!(event_type, "CONNECT");
            }
            Purpose::Message { route: key, .. } => {
                self.fresh(&request_id);
                self.fresh(&text("messageId"));
                assert_eq!((&*event_type, &*route), ("MESSAGE", *key));
                assert_eq!(context["requestTimeEpoch"], self.ahead + owed.at);
            }
            Purpose::Disconnect { code, reason } => {
                self.fresh(&request_id);
                assert_eq!(event_type, "DISCONNECT");
                assert_eq!(context["requestTimeEpoch"], self.ahead + owed.at);
                assert_eq!(context["disconnectStatusCode"], *code);
                assert_eq!(context["disconnectReason"], **reason);
                let known = &mut self.clients[client];
                known.disconnects += 1;
                assert_eq!(
                    (known.stage, known.disconnects),
                    (Stage::Over, 1),
                    "`$disconnect` too early or again"
                );
            }
        }
        self.request_ids.insert(number, request_id);
        self.calls.insert(number, event);
        if let (Some(operation), Some(request)) = (model.habit(number), owed.request) {
            self.request(request, operation, To::Client(client));
        }
    }

    /// The event of a call: functions may hear of different clients in any order.
    async fn event(&mut self, client: usize, purpose: &Purpose) -> Event {
        let name = self.name(client);
        let id = self.clients[client].connection_id.clone();
        let is_it = |event: &Event| {
            let Event {
                function, event, ..
            } = event;
            let is_of_handshake = event["headers"]["client"] == *name;
            let is_of_connection = id
                .as_ref()
                .is_some_and(|id| event["requestContext"]["connectionId"] == **id);
            match purpose {
                Purpose::Authorizer => function == "authorizer" && is_of_handshake,
                Purpose::Connect => function == "connect" && is_of_handshake,
                Purpose::Message { route, text } => {
                    function == route.trim_start_matches('$')
                        && is_of_connection
                        && event["body"] == **text
                }
                Purpose::Disconnect { .. } => function == "disconnect" && is_of_connection,
            }
        };
        loop {
            if let Some(at) = self.arrived.iter().position(is_it) {
                return self.arrived.remove(at);
            }
            let event = timeout(PATIENCE, self.served.events.recv()).await;
            let Ok(event) = event else {
                panic!(
                    "the function is not called for client {client}, {purpose:?}; these are: {:?}",
                    self.arrived
                );
            };
            self.arrived.push(event.unwrap());
        }
    }

    fn replied(&mut self, answer: &Answer, status: u16, times: Option<(u64, u64)>) {
        assert_eq!(answer.status, status, "{}", answer.body);
        for header in ["x-amzn-requestid", "x-amz-apigw-id"] {
            self.fresh(answer.header(header).unwrap());
        }
        if let Some((since, active)) = times {
            let status: Value = serde_json::from_str(&answer.body).unwrap();
            let iso = |millis: u64| Timestamp::from_millis(self.ahead + millis).iso_8601();
            assert_eq!(status["connectedAt"], iso(since));
            assert_eq!(status["lastActiveAt"], iso(active));
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
                    Some(call) => assert_eq!(frame["requestId"], *self.request_ids[call]),
                    None => self.fresh(frame["requestId"].as_str().unwrap()),
                }
            }
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

    /// The handshake's request has this id, in every event.
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
