//! A machine whose steps are recorded, without sockets and processes.

use std::sync::Arc;
use std::time::Duration;

use gateway::{FunctionEvent, FunctionReport, FunctionStep, Step, Traced};
use serde_json::json;
use spec::api::{
    Api, AuthorizationType, Authorizer, CallPermission, Integration, IntegrationResponse,
    IntegrationType, Model, Route,
};
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::ids::Counter;
use spec::io::{CallId, FunctionOutcome, ManagementId, ManagementRequest, Outcome, PeerId};
use spec::{Gateway, Input, Output, Timestamp};

/// A machine, and all that it has done.
pub(crate) struct Rig {
    gateway: Gateway,
    pub(crate) now: Timestamp,
    pub(crate) seen: Vec<Traced>,
    /// Calls that have not ended.
    pub(crate) calls: Vec<CallId>,
    requests: u64,
}

pub(crate) const START: Timestamp = Timestamp::from_millis(1_705_751_697_419);
pub(crate) const TOKEN: &str = "s3cret/token+1";

fn uri(function: &str) -> String {
    format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:{function}/invocations"
    )
}

/// `$connect` with an authorizer, `$disconnect`, two-way `echo` (a proxy), `mapped` (between two
/// templates, behind a model), `mock`, and `quiet`, that answers nothing.
pub(crate) fn api() -> Api {
    let mut api = Api::new("$request.body.action", "test");
    let kinds = [
        ("$connect", IntegrationType::AwsProxy),
        ("$disconnect", IntegrationType::AwsProxy),
        ("echo", IntegrationType::AwsProxy),
        ("quiet", IntegrationType::AwsProxy),
        ("mapped", IntegrationType::Aws),
        ("mock", IntegrationType::Mock),
    ];
    for (key, kind) in kinds {
        let name = key.trim_start_matches('$');
        let address = (kind != IntegrationType::Mock).then(|| uri(name));
        let mut integration = Integration::new(kind, address);
        if kind != IntegrationType::AwsProxy {
            let template = match key {
                "mock" => r#"{"statusCode": 200}"#,
                _ => r#"{"id": "$context.connectionId", "n": $input.json('$.n')}"#,
            };
            integration
                .request_templates
                .insert("$default".to_owned(), template.to_owned());
            let mut response = IntegrationResponse::default();
            let template = "got $input.body".to_owned();
            response
                .response_templates
                .insert("$default".to_owned(), template);
            integration
                .integration_responses
                .insert("$default".to_owned(), response);
        }
        api.integrations.insert(name.to_owned(), integration);
        let two_way = !key.starts_with('$') && key != "quiet";
        let mut route = Route {
            target: Some(name.to_owned()),
            route_response_selection_expression: two_way.then(|| "$default".to_owned()),
            ..Route::default()
        };
        if two_way {
            route.route_responses = vec!["$default".to_owned()];
        }
        if key == "mapped" {
            route.model_selection_expression = Some("$default".to_owned());
            route
                .request_models
                .insert("$default".to_owned(), "Wants".to_owned());
        }
        api.routes.insert(key.parse().expect("a route key"), route);
    }
    let model = Model {
        schema: r#"{"required": ["n"]}"#.to_owned(),
        ..Model::default()
    };
    api.models.insert("Wants".to_owned(), model);
    let authorizer = Authorizer {
        name: "token".to_owned(),
        authorizer_uri: uri("authorizer"),
        identity_source: vec!["route.request.querystring.token".to_owned()],
        call_permission: CallPermission::Granted,
    };
    api.authorizers.insert("token".to_owned(), authorizer);
    let connect = api.routes.get_mut("$connect").expect("a route");
    connect.authorization_type = AuthorizationType::Custom;
    connect.authorizer_id = Some("token".to_owned());
    api
}

impl Rig {
    pub(crate) fn new() -> Self {
        let rules = api().compile().expect("an API that can be served");
        let mut gateway = Gateway::new(Arc::new(rules), Counter::default());
        gateway.explain(true);
        Self {
            gateway,
            now: START,
            seen: Vec::new(),
            calls: Vec::new(),
            requests: 0,
        }
    }

    /// Time passes, in steps at which something is due.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.gateway.handle_timeout(self.now);
        self.record(None);
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.gateway.handle_timeout(self.now);
        self.record(None);
        if let Input::CallFinished { id, .. } = &input {
            self.calls.retain(|call| call != id);
        }
        let told = input.clone();
        self.gateway.handle_input(self.now, input);
        self.record(Some(told));
    }

    fn record(&mut self, input: Option<Input>) {
        let outputs: Vec<Output> = std::iter::from_fn(|| self.gateway.poll_output()).collect();
        if input.is_none() && outputs.is_empty() {
            return;
        }
        let invoked: Vec<CallId> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Invoke(invocation) => Some(invocation.id),
                _ => None,
            })
            .collect();
        let step = Step {
            at: self.now,
            input,
            outputs,
            arrived: 0,
        };
        self.seen.push(Traced::Step(Arc::new(step)));
        for id in invoked {
            self.calls.push(id);
            self.function(id, FunctionStep::Queued(id));
            self.function(id, FunctionStep::Taken(id));
            self.function(id, FunctionStep::Line(format!("line of {}", id.0)));
        }
    }

    pub(crate) fn function(&mut self, id: CallId, what: FunctionStep) {
        self.seen.push(Traced::Function(Arc::new(FunctionEvent {
            at: self.now,
            function: "Labelled".to_owned(),
            process: Some(format!("process {}", id.0 % 3)),
            request_id: Some(format!("event {}", id.0)),
            what,
        })));
    }

    pub(crate) fn loose(&mut self, process: u64, line: &str) {
        self.seen.push(Traced::Function(Arc::new(FunctionEvent {
            at: self.now,
            function: "Labelled".to_owned(),
            process: Some(format!("process {process}")),
            request_id: None,
            what: FunctionStep::Line(line.to_owned()),
        })));
    }

    pub(crate) fn connect(&mut self, peer: u64) {
        let headers = Headers::from_iter([
            ("Host", "localhost:3001"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        let token = spec::percent::encode(TOKEN.as_bytes());
        let request = HandshakeRequest {
            method: "GET".to_owned(),
            target: format!("/test?token={token}"),
            headers,
            source_ip: "192.0.2.1".to_owned(),
        };
        let peer = PeerId(peer);
        self.give(Input::Handshake { peer, request });
    }

    /// Connects, is let in by the authorizer and by `$connect`.
    pub(crate) fn open(&mut self, peer: u64) {
        self.connect(peer);
        self.allow();
        self.answer(r#"{"statusCode":200}"#);
    }

    pub(crate) fn allow(&mut self) {
        let allow = json!({"principalId": "me", "context": {"saw": TOKEN}, "policyDocument":
            {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}});
        self.answer(&allow.to_string());
    }

    pub(crate) fn say(&mut self, peer: u64, text: &str) {
        self.give(Input::Message {
            peer: PeerId(peer),
            text: text.to_owned(),
        });
    }

    /// The last call returns this.
    pub(crate) fn answer(&mut self, result: &str) {
        let id = *self.calls.last().expect("a call");
        self.finish(id, FunctionOutcome::Returned(result.to_owned()).into());
    }

    pub(crate) fn finish(&mut self, id: CallId, outcome: Outcome) {
        self.give(Input::CallFinished { id, outcome });
        self.function(
            id,
            FunctionStep::Report(FunctionReport {
                duration: Duration::from_micros(1500),
                init: None,
                memory_size: 128,
                max_memory_used: Some(40),
                status: "success".to_owned(),
            }),
        );
    }

    pub(crate) fn leave(&mut self, peer: u64) {
        let peer = PeerId(peer);
        self.give(Input::PeerClosed { peer, close: None });
    }

    /// The ids of the open connections, the oldest first.
    pub(crate) fn open_ids(&self) -> Vec<String> {
        let mut open: Vec<_> = self.gateway.open_connections().collect();
        open.sort_by_key(|open| open.peer);
        let ids = open.iter().map(|open| &open.connection.connection_id);
        ids.cloned().collect()
    }

    pub(crate) fn manage(&mut self, method: &str, connection_id: &str, body: &str) {
        self.requests += 1;
        let id = spec::percent::encode(connection_id.as_bytes());
        let request = ManagementRequest {
            method: method.to_owned(),
            path: format!("/test/%40connections/{id}"),
            headers: Headers::from_iter([("Host", "localhost:3001")]),
            source_ip: "127.0.0.1".to_owned(),
            body: body.as_bytes().to_vec(),
        };
        let id = ManagementId(self.requests);
        self.give(Input::Management { id, request });
    }
}
