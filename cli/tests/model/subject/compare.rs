//! What was seen, held to what must be.

use tokio::time::timeout;

use super::{Owed, Stage, Subject};
use crate::client::{PATIENCE, Seen};
use crate::reference::{Expected, Model, Purpose, To};
use crate::served::Event;
use crate::traffic::Message;

impl Subject {
    /// Waits for one thing that is owed, and compares it.
    pub(super) async fn meet(&mut self, model: &Model, owed: Owed) {
        match &owed.expected {
            Expected::Accept { client } => {
                assert_eq!(self.see(*client).await, Seen::Answer(101));
                let peer = &mut self.clients[*client];
                (peer.stage, peer.was_open) = (Stage::Open, true);
                if self.known.connection_id(*client).is_none() {
                    self.ask_for_id(*client).await;
                }
            }
            Expected::Reject { client, status } => {
                assert_eq!(self.see(*client).await, Seen::Answer(*status));
                self.clients[*client].stage = Stage::Over;
            }
            Expected::Invoke { call } => self.invoked(model, &owed, *call).await,
            Expected::Send { client, text } => match self.see(*client).await {
                Seen::Text(seen) => self.known.text(*client, &seen, text),
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
                assert_eq!(answer.status, *status, "{}", answer.body);
                let header = |name: &str| answer.header(name);
                self.known.answer(header, &answer.body, *times);
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
                self.known.connection(client, id);
            }
            other => panic!("expected the mock's answer, got {other:?}"),
        }
    }

    async fn invoked(&mut self, model: &Model, owed: &Owed, number: usize) {
        let call = &model.calls[number];
        let client = call.client;
        let event = self.event(client, &call.purpose).await;
        self.known.event(model, number, &event.event);
        if matches!(call.purpose, Purpose::Disconnect { .. }) {
            let stage = self.clients[client].stage;
            assert_eq!(stage, Stage::Over, "`$disconnect` too early");
        }
        self.calls.insert(number, event);
        if let (Some(operation), Some(request)) = (model.habit(number), owed.request) {
            self.request(request, operation, To::Client(client));
        }
    }

    /// The event of a call: functions may hear of different clients in any order.
    async fn event(&mut self, client: usize, purpose: &Purpose) -> Event {
        let name = self.name(client);
        let id = self.known.connection_id(client);
        let is_it = |event: &Event| {
            let Event {
                function, event, ..
            } = event;
            let is_of_handshake = event["headers"]["client"] == *name;
            let is_of_connection =
                id.is_some_and(|id| event["requestContext"]["connectionId"] == *id);
            function == purpose.function()
                && match purpose {
                    Purpose::Authorizer | Purpose::Connect => is_of_handshake,
                    Purpose::Message { text, .. } => {
                        let body = event["body"].as_str().unwrap_or_default();
                        let is_message = event["requestContext"]["eventType"] == "MESSAGE";
                        is_of_connection && is_message && body == *text
                    }
                    Purpose::Disconnect { .. } => is_of_connection,
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
}
