//! What comes from a gateway, held to what must, the same over sockets and without: ids stay whose
//! they are and never come again; events, texts and answers say what the model says.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use spec::{Timestamp, ids};

use super::{Call, Model, Purpose, Text};

/// What is known of the clients and calls from what has come.
pub(crate) struct Known {
    /// What the gateway's clock is ahead of the model's, in milliseconds.
    ahead: u64,
    /// By the model's number.
    clients: HashMap<usize, Client>,
    /// The ids of the requests that functions were called for, by the model's number of the call.
    requests: HashMap<usize, String>,
    /// Every id that must not come again.
    used: HashSet<String>,
}

#[derive(Default)]
struct Client {
    connection_id: Option<String>,
    /// The id of the handshake's request.
    request_id: Option<String>,
    /// How often `$disconnect` was called for it.
    disconnects: usize,
}

impl Known {
    /// Nothing yet, of a gateway whose clock is so many milliseconds ahead of the model's.
    pub(crate) fn new(ahead: u64) -> Self {
        Self {
            ahead,
            clients: HashMap::new(),
            requests: HashMap::new(),
            used: HashSet::new(),
        }
    }

    pub(crate) fn connection_id(&self, client: usize) -> Option<&str> {
        self.clients.get(&client)?.connection_id.as_deref()
    }

    /// The client's connection has this id, now and always.
    pub(crate) fn connection(&mut self, client: usize, id: &str) {
        match &mut self.clients.entry(client).or_default().connection_id {
            Some(known) => assert_eq!(known, id, "the connection's id has changed"),
            unknown => {
                *unknown = Some(id.to_owned());
                self.fresh(id);
            }
        }
    }

    /// The handshake's request has this id, in every event and in the refusal.
    pub(crate) fn handshake(&mut self, client: usize, id: &str) {
        match &mut self.clients.entry(client).or_default().request_id {
            Some(known) => assert_eq!(known, id, "the handshake's request id has changed"),
            unknown => {
                *unknown = Some(id.to_owned());
                self.fresh(id);
            }
        }
    }

    /// The event that a function was called with.
    pub(crate) fn event(&mut self, model: &Model, call: usize, event: &Value) {
        let context = &event["requestContext"];
        let text = |name: &str| context[name].as_str().unwrap_or_default();
        let called = &model.calls[call];
        let client = called.client;
        let request_id = text("requestId");
        self.connection(client, text("connectionId"));
        let since = model.clients[client].since;
        assert_eq!(context["connectedAt"], self.ahead + since);
        if matches!(called.purpose, Purpose::Authorizer | Purpose::Connect) {
            self.handshake(client, request_id);
        } else {
            self.fresh(request_id);
            assert_eq!(context["requestTimeEpoch"], self.ahead + called.at);
        }
        match &called.purpose {
            Purpose::Authorizer => {}
            Purpose::Connect => assert_eq!(text("eventType"), "CONNECT"),
            Purpose::Message { route, text: sent } => {
                self.fresh(text("messageId"));
                let found = (text("eventType"), text("routeKey"));
                assert_eq!(found, ("MESSAGE", *route));
                // EVENT-55
                assert_eq!(event["body"].as_str().unwrap_or_default(), *sent);
            }
            Purpose::Disconnect { code, reason } => {
                assert_eq!(text("eventType"), "DISCONNECT");
                assert_eq!(context["disconnectStatusCode"], *code);
                assert_eq!(context["disconnectReason"], **reason);
                let known = self.clients.entry(client).or_default();
                known.disconnects += 1;
                assert_eq!(known.disconnects, 1, "`$disconnect` again");
            }
        }
        self.requests.insert(call, request_id.to_owned());
    }

    /// A text to a client.
    pub(crate) fn text(&mut self, client: usize, text: &str, wanted: &Text) {
        let connection_id = self.connection_id(client).unwrap();
        match wanted {
            Text::Exactly(wanted) => assert_eq!(text, wanted),
            Text::Mocked => assert_eq!(text, format!("mocked for {connection_id}")),
            Text::Error(message, call) => {
                let frame: Value = serde_json::from_str(text).unwrap();
                assert_eq!(frame["message"], **message);
                assert_eq!(frame["connectionId"], *connection_id);
                match call {
                    Some(call) => assert_eq!(frame["requestId"], *self.requests[call]),
                    None => self.fresh(frame["requestId"].as_str().unwrap()),
                }
            }
        }
    }

    /// An answer of `@connections`, with GetConnection's two times where there are some.
    pub(crate) fn answer<'a>(
        &mut self,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &str,
        times: Option<(u64, u64)>,
    ) {
        for name in ["x-amzn-requestid", "x-amz-apigw-id"] {
            self.fresh(header(name).unwrap());
        }
        if let Some((since, active)) = times {
            let status: Value = serde_json::from_str(body).unwrap();
            let iso = |millis: u64| Timestamp::from_millis(self.ahead + millis).iso_8601();
            assert_eq!(status["connectedAt"], iso(since));
            assert_eq!(status["lastActiveAt"], iso(active));
        }
    }

    /// The client is gone for good: `$disconnect`, where there is one, was called for it if it ever
    /// was connected.
    pub(crate) fn gone(&self, model: &Model, client: usize, was_open: bool) {
        let disconnects = |call: &Call| {
            call.client == client && matches!(call.purpose, Purpose::Disconnect { .. })
        };
        let wanted = usize::from(model.calls.iter().any(disconnects));
        let calls = self.clients.get(&client);
        let calls = calls.map_or(0, |client| client.disconnects);
        // Who left while `$connect` ran was connected, and never knew.
        let is_right = calls == wanted || !was_open && calls < wanted;
        assert!(
            is_right,
            "{calls} calls of `$disconnect` for client {client}"
        );
    }

    fn fresh(&mut self, id: &str) {
        assert!(ids::is_well_formed(id) || id.len() == 36, "`{id}` is no id");
        assert!(self.used.insert(id.to_owned()), "`{id}` was used before");
    }
}
