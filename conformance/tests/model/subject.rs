//! The specification with all that surrounds it: clients, functions and a backend that do as they are told, and compare what they see
//! with what the model expects.

use std::collections::HashSet;

use serde_json::{Value, json};
use spec::api::{
    Api, AuthorizationType, Authorizer, Integration, IntegrationResponse, IntegrationType, Route,
};
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::ids::{self, Counter};
use spec::io::{
    Because, Decision, Invocation, InvocationId, InvocationOutcome, ManagementId,
    ManagementRequest, PeerId,
};
use spec::{Gateway, Input, Output, Timestamp};

use crate::reference::{self, Call, Expected, Model, Purpose, START, Stimulus, Text, To};
use crate::traffic::{Operation, Outcome, Shape, Upgrade};

/// The gateway and what was seen of it.
pub(crate) struct Subject {
    gateway: Gateway,
    now: u64,
    clients: Vec<Seen>,
    /// By the model's number: the gateway's, and the id of the request.
    calls: Vec<(InvocationId, String)>,
    requests: usize,
    replies: usize,
    /// Every id that must not come again.
    ids: HashSet<String>,
    /// Of the last refusal, whose response follows.
    refused: Option<String>,
    /// Who is about to be gone: what was due before still comes first.
    leaving: Option<usize>,
}

/// What a client has seen, and what was said of it.
#[derive(Default)]
struct Seen {
    connection_id: Option<String>,
    /// The id of the handshake's request.
    request_id: Option<String>,
    answered: bool,
    accepted: bool,
    /// Closed by whichever side.
    over: bool,
    disconnects: usize,
}

impl Subject {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self {
            gateway: Gateway::new(api(shape), Counter::default()).unwrap(),
            now: START,
            clients: Vec::new(),
            calls: Vec::new(),
            requests: 0,
            replies: 0,
            ids: HashSet::new(),
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
                assert!(alarm <= due, "woken at {alarm}, too late for {due}")
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
            let wanted = usize::from(model.shape.disconnect);
            if client.accepted {
                assert_eq!(
                    client.disconnects, wanted,
                    "calls of `$disconnect` for client {number}"
                );
            } else {
                assert!(
                    client.disconnects <= wanted,
                    "calls of `$disconnect` for client {number}"
                );
            }
        }
    }

    fn give(&mut self, input: Input) {
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
            Stimulus::Answer { call, outcome } => Input::InvocationResult {
                invocation: self.calls[*call].0,
                outcome: answer(*call, &model.calls[*call].purpose, *outcome),
            },
            Stimulus::Manage { operation, to } => self.management(*operation, *to),
            Stimulus::Shutdown => Input::Shutdown,
        })
    }

    fn management(&mut self, operation: Operation, to: To) -> Input {
        let number = self.requests;
        self.requests += 1;
        let id = match to {
            To::Client(client) => self.clients[client].connection_id.clone().unwrap(),
            To::Nobody | To::OtherStage => "R1kmxc2VNjMCFIA=".to_owned(),
            To::Malformed => "nobody".to_owned(),
        };
        let stage = if matches!(to, To::OtherStage) {
            "other"
        } else {
            "stage"
        };
        let (method, body) = match operation {
            Operation::Get => ("GET", String::new()),
            Operation::Post => ("POST", reference::post(number)),
            Operation::Delete => ("DELETE", String::new()),
        };
        let request = ManagementRequest {
            method: method.to_owned(),
            path: format!("/{stage}/@connections/{id}"),
            body: body.into_bytes(),
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
            self.witness(&output);
            let Some((at, expected)) = expected.next() else {
                panic!("nothing more was to come, but {output:?} did");
            };
            assert_eq!(self.now, *at, "{expected:?} came at another time");
            self.compare(model, output, expected);
        }
    }

    /// What must hold whatever the model says.
    fn witness(&mut self, output: &Output) {
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

    fn compare(&mut self, model: &Model, output: Output, expected: &Expected) {
        let is = |peer: PeerId, client: usize| {
            assert_eq!(peer.0, client as u64, "for somebody else: {expected:?}")
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
                self.invoked(model, &invocation, *call)
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
                    self.fresh(id);
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
                self.fresh(request_id.clone());
                self.fresh(text("messageId"));
                assert_eq!(
                    (&*text("eventType"), &*text("routeKey")),
                    ("MESSAGE", *route)
                );
                assert_eq!(context["requestTimeEpoch"], *at);
                assert_eq!(event["body"], **sent);
                route.trim_start_matches('$')
            }
            Purpose::Disconnect { code, reason } => {
                self.fresh(request_id.clone());
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
                    None => self.fresh(frame["requestId"].as_str().unwrap().to_owned()),
                }
            }
        }
    }

    fn decision(&mut self, decision: Decision) {
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
                self.fresh(connection_id.to_owned());
            }
        }
    }

    /// The handshake's request has this id, in every event and in the refusal.
    fn know_handshake(&mut self, client: usize, request_id: &str) {
        match &self.clients[client].request_id {
            Some(known) => assert_eq!(known, request_id, "the handshake's request id has changed"),
            None => {
                self.clients[client].request_id = Some(request_id.to_owned());
                self.fresh(request_id.to_owned());
            }
        }
    }

    fn fresh(&mut self, id: String) {
        assert!(
            ids::is_well_formed(&id) || id.len() == 36,
            "`{id}` is no id"
        );
        assert!(self.ids.insert(id.clone()), "`{id}` was used before");
    }
}

fn answer(call: usize, purpose: &Purpose, outcome: Outcome) -> InvocationOutcome {
    let error = |message: &str| {
        InvocationOutcome::Failed(
            json!({"errorMessage": message, "errorType": "Error"}).to_string(),
        )
    };
    let status = if matches!(outcome, Outcome::Bad) {
        418
    } else {
        200
    };
    match (outcome, purpose) {
        (Outcome::Failed, _) => error("it failed"),
        (Outcome::Unauthorized, _) => error("Unauthorized"),
        (Outcome::Malformed, _) => InvocationOutcome::Returned("[]".to_owned()),
        (Outcome::NotInvocable, _) => {
            InvocationOutcome::NotInvocable("there is no such function".to_owned())
        }
        (Outcome::Good | Outcome::Bad, Purpose::Authorizer) => {
            let effect = if status == 200 { "Allow" } else { "Deny" };
            let statement =
                json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            InvocationOutcome::Returned(
                json!({"principalId": "me", "policyDocument": document}).to_string(),
            )
        }
        (Outcome::Good | Outcome::Bad, _) => InvocationOutcome::Returned(
            json!({"statusCode": status, "body": reference::reply(call)}).to_string(),
        ),
    }
}

fn handshake(upgrade: Upgrade) -> HandshakeRequest {
    let mut headers = Headers::from_iter([
        ("Host", "localhost"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]);
    if !matches!(upgrade, Upgrade::WithoutToken) {
        headers.push("token", "hello");
    }
    let path = if matches!(upgrade, Upgrade::WrongPath) {
        "/nowhere"
    } else {
        "/stage"
    };
    HandshakeRequest {
        method: "GET".to_owned(),
        target: path.to_owned(),
        headers,
        source_ip: "192.0.2.1".to_owned(),
    }
}

fn api(shape: &Shape) -> Api {
    let uri = |function: &str| {
        format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
        )
    };
    let two_way = |target: &str| Route {
        target: Some(target.to_owned()),
        route_response_selection_expression: Some("$default".to_owned()),
        route_responses: vec!["$default".to_owned()],
        ..Route::default()
    };
    let mut api = Api::new("$request.body.action", "stage");
    let mut add = |key: &str, route: Route, integration: Integration| {
        api.integrations.insert(key.to_owned(), integration);
        api.routes.insert(
            key.to_owned(),
            Route {
                target: Some(key.to_owned()),
                ..route
            },
        );
    };
    let lambda = |key: &str, patience: u64| {
        let function = key.trim_start_matches('$');
        let mut integration = Integration::new(IntegrationType::AwsProxy, Some(uri(function)));
        integration.timeout_in_millis = patience;
        integration
    };
    for (key, there, patience) in [
        ("$connect", shape.connect, 29_000),
        ("$disconnect", shape.disconnect, 2_000),
        ("quiet", true, 29_000),
    ] {
        if there {
            add(key, Route::default(), lambda(key, patience));
        }
    }
    add("echo", two_way("echo"), lambda("echo", 10_000));
    if shape.default {
        add("$default", two_way("$default"), lambda("$default", 29_000));
    }
    let mut mock = Integration::new(IntegrationType::Mock, None);
    mock.request_templates.insert(
        "application/json".to_owned(),
        r#"{"statusCode": 200}"#.to_owned(),
    );
    let mut response = IntegrationResponse::default();
    response.response_templates.insert(
        "application/json".to_owned(),
        "mocked for $context.connectionId".to_owned(),
    );
    mock.integration_responses
        .insert("$default".to_owned(), response);
    add("mock", two_way("mock"), mock);
    if shape.authorizer {
        let authorizer = Authorizer {
            name: "token".to_owned(),
            authorizer_uri: uri("authorizer"),
            identity_source: vec!["route.request.header.token".to_owned()],
        };
        api.authorizers.insert("token".to_owned(), authorizer);
        let connect = api.routes.entry("$connect".to_owned()).or_default();
        connect.authorization_type = AuthorizationType::Custom;
        connect.authorizer_id = Some("token".to_owned());
    }
    api
}
