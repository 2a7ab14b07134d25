//! The target `spec`: the specification in process, with virtual time. The kit plays the functions.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use serde_json::Value;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpAnswer, HttpResponse};
use spec::io::{
    ClientClose, HttpCall, HttpOutcome, InvocationOutcome, ManagementId, ManagementRequest, PeerId,
    Service, ServiceCall,
};
use spec::limits::{self, Violation};
use spec::signature::Access;
use spec::{Api, Gateway, Input, InvalidApi, Output, Timestamp};

use super::dynamodb;
use super::functions::{Function, World};
use crate::case::Feature;
use crate::probe::backend::{self, Reply};
use crate::probe::{End, Plan};
use crate::session::{Answer, Callback, Incoming, Outgoing, Session, Trouble, Upgrade};
use crate::sign::{Sign, Unsigned};

/// What the target has.
pub const FEATURES: [Feature; 8] = [
    Feature::Authorizer,
    Feature::Templates,
    Feature::Management,
    Feature::Table,
    Feature::Limits,
    Feature::Clock,
    Feature::TwoWay,
    Feature::Http,
];

/// The specification running one case.
pub struct SpecSession {
    gateway: Gateway,
    players: HashMap<String, Player>,
    now: Timestamp,
    /// Results that come later: when, in which order, what.
    due: BTreeMap<(Timestamp, u64), Input>,
    outputs: VecDeque<Output>,
    clients: HashMap<PeerId, Client>,
    names: BTreeMap<String, PeerId>,
    /// Items, or what the pattern's function notes, by connection id.
    table: BTreeMap<String, Value>,
    replies: HashMap<ManagementId, HttpResponse>,
    numbers: u64,
    reasons: Vec<String>,
}

/// Header fields.
type Fields = Vec<(String, String)>;

/// Who plays a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// One of the pattern's functions.
    Pattern(Function),
    /// The probe of the kit's fixtures.
    Probe,
}

#[derive(Default)]
struct Client {
    answer: Option<Answer>,
    incoming: VecDeque<Incoming>,
    open: bool,
}

/// How long to wait for anything before it counts as silence, as on the other targets.
const PATIENCE: Duration = Duration::from_secs(10);
/// What Lambda makes of a process that ends.
const EXITED: &str = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 0 Error: Runtime exited without providing a reason"}"#;
/// The host that clients use.
const HOST: &str = "localhost";
/// The address of clients and callers.
const SOURCE_IP: &str = "127.0.0.1";
const NO_FUNCTION: &str = "there is no such function";
/// When every case begins: 2024-01-20T11:54:57.419Z, the `connectedAt` of AWS's published fixture.
const BEGINNING: Timestamp = Timestamp::from_millis(1_705_751_697_419);

impl SpecSession {
    /// A fresh gateway for `api`, whose functions (by ARN) the kit plays. HTTP backends are played by the probe.
    ///
    /// # Errors
    /// An API that can not be served.
    pub fn new(api: Api, players: HashMap<String, Player>) -> Result<Self, InvalidApi> {
        Ok(Self {
            gateway: Gateway::new(api, spec::ids::Counter::default())?,
            players,
            now: BEGINNING,
            due: BTreeMap::new(),
            outputs: VecDeque::new(),
            clients: HashMap::new(),
            names: BTreeMap::new(),
            table: BTreeMap::new(),
            replies: HashMap::new(),
            numbers: 0,
            reasons: Vec::new(),
        })
    }

    /// The same with callers that can sign.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.gateway = self.gateway.with_access(access);
        self
    }

    /// Gives the gateway an input and acts on all that follows.
    fn input(&mut self, input: Input) {
        self.gateway.handle_input(self.now, input);
        self.settle_outputs();
    }

    fn settle_outputs(&mut self) {
        loop {
            while let Some(output) = self.gateway.poll_output() {
                self.outputs.push_back(output);
            }
            let Some(output) = self.outputs.pop_front() else {
                break;
            };
            self.act(output);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Accept { peer, headers } => {
                let client = self.clients.entry(peer).or_default();
                client.open = true;
                let response = HttpResponse {
                    status: 101,
                    headers,
                    body: String::new(),
                };
                client.answer = Some(response.into());
            }
            Output::Reject { peer, response } => {
                self.clients.entry(peer).or_default().answer = Some(response.into());
            }
            Output::Send { peer, text } => {
                let client = self.clients.entry(peer).or_default();
                client.incoming.push_back(Incoming::Text(text));
            }
            Output::Close { peer, close } => {
                let client = self.clients.entry(peer).or_default();
                client.open = false;
                client
                    .incoming
                    .push_back(Incoming::Closed(close.code, close.reason));
            }
            Output::Invoke(invocation) => {
                self.reasons.push(format!(
                    "invoke {}: {}",
                    invocation.function_arn, invocation.payload
                ));
                let id = invocation.id;
                let result = |outcome| Input::InvocationResult {
                    invocation: id,
                    outcome,
                };
                match self.players.get(&invocation.function_arn).copied() {
                    Some(Player::Pattern(function)) => {
                        let outcome = function.call(&invocation.payload, self);
                        self.come(Duration::ZERO, result(outcome));
                    }
                    Some(Player::Probe) => {
                        let plan = Plan::of_invocation(&invocation.payload);
                        let outcome = match plan.end.clone() {
                            End::Returns(text) => InvocationOutcome::Returned(text),
                            End::Fails(text) => InvocationOutcome::Failed(text),
                            End::Exits => InvocationOutcome::Failed(EXITED.to_owned()),
                        };
                        self.perform(&plan, result(outcome));
                    }
                    None => {
                        let outcome = InvocationOutcome::NotInvocable(NO_FUNCTION.to_owned());
                        self.come(Duration::ZERO, result(outcome));
                    }
                }
            }
            Output::HttpRequest(HttpCall {
                id: call, request, ..
            }) => {
                self.reasons
                    .push(format!("request {} {}", request.method, request.url));
                let host = request.url.find("://").map_or(0, |at| at + 3);
                let target = request.url[host..]
                    .find('/')
                    .map_or("/", |at| &request.url[host + at..]);
                let body = String::from_utf8_lossy(&request.body);
                let event = backend::event(&request.method, target, request.headers.iter(), &body);
                let plan = Plan::of_request(&event);
                let outcome = match Reply::of(&plan.end) {
                    Some(reply) => HttpOutcome::Answered(HttpAnswer {
                        status: reply.status,
                        headers: Headers::from_iter(reply.headers),
                        body: reply.body,
                    }),
                    None => HttpOutcome::Failed("it answered nothing".to_owned()),
                };
                self.perform(&plan, Input::HttpResult { call, outcome });
            }
            Output::CallService(ServiceCall {
                id: call,
                service: Service::DynamoDb,
                action,
                body,
                ..
            }) => {
                let body = String::from_utf8_lossy(&body);
                self.reasons.push(format!("{action} {body}"));
                let outcome =
                    HttpOutcome::Answered(dynamodb::answer(&action, &body, &mut self.table));
                self.come(Duration::ZERO, Input::HttpResult { call, outcome });
            }
            Output::ManagementReply { id, response } => {
                self.replies.insert(id, response);
            }
            Output::AccessLog(line) => self.reasons.push(format!("access log: {line}")),
            Output::Decision(decision) => self.reasons.push(decision.to_string()),
        }
    }

    /// Does what the probe is to do; `result` comes when it has waited.
    fn perform(&mut self, plan: &Plan, result: Input) {
        let posted: Vec<u16> = plan
            .posts
            .iter()
            .map(|post| self.post(&post.to, &post.data))
            .collect();
        if let Some(observer) = &plan.observer {
            self.post(observer, &plan.report(&posted));
        }
        self.come(plan.wait, result);
    }

    /// A result that comes after a time, at once when that is zero.
    fn come(&mut self, after: Duration, result: Input) {
        if after.is_zero() {
            self.gateway.handle_input(self.now, result);
            return;
        }
        self.numbers += 1;
        self.due.insert((self.now + after, self.numbers), result);
    }

    /// Lets time pass until `enough`, or until nothing happens before `end`.
    fn pass(&mut self, end: Timestamp, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let timer = self.gateway.poll_timeout();
            let result = self.due.keys().next().copied();
            let next = timer.into_iter().chain(result.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                return;
            };
            self.now = next.max(self.now);
            match result
                .filter(|(at, _)| *at <= next)
                .and_then(|key| self.due.remove(&key))
            {
                Some(input) => self.gateway.handle_input(self.now, input),
                None => self.gateway.handle_timeout(self.now),
            }
            self.settle_outputs();
        }
    }

    fn management(
        &mut self,
        method: &str,
        path: String,
        fields: Fields,
        body: &str,
    ) -> HttpResponse {
        self.numbers += 1;
        let own = ("Host".to_owned(), HOST.to_owned());
        let request = ManagementRequest {
            method: method.to_owned(),
            path,
            headers: [own].into_iter().chain(fields).collect(),
            source_ip: SOURCE_IP.to_owned(),
            body: body.as_bytes().to_vec(),
        };
        let id = ManagementId(self.numbers);
        self.gateway
            .handle_input(self.now, Input::Management { id, request });
        while let Some(output) = self.gateway.poll_output() {
            match output {
                Output::ManagementReply {
                    id: replied,
                    response,
                } if replied == id => return response,
                // In order, but later: this may be in the middle of a function's call.
                other => self.outputs.push_back(other),
            }
        }
        HttpResponse::new(0)
    }

    /// A request's path and query string, and the fields to add, when it is to be signed.
    fn signed(
        &self,
        sign: Option<&Sign>,
        method: &str,
        target: String,
        body: &str,
    ) -> (String, Fields) {
        let Some(sign) = sign else {
            return (target, Fields::new());
        };
        let request = Unsigned {
            method,
            host: HOST,
            target: &target,
            body,
        };
        sign.apply(&request, self.now)
    }

    fn path_of(&self, connection_id: &str) -> String {
        format!(
            "/{}/@connections/{connection_id}",
            self.gateway.api().stage.stage_name
        )
    }

    fn peer(&self, client: &str) -> Result<PeerId, Trouble> {
        self.names
            .get(client)
            .copied()
            .ok_or_else(|| Trouble::NotConnected(client.to_owned()))
    }
}

impl World for SpecSession {
    fn post(&mut self, connection_id: &str, text: &str) -> u16 {
        let path = self.path_of(connection_id);
        self.management("POST", path, Fields::new(), text).status
    }

    fn table(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.table
    }
}

impl Session for SpecSession {
    async fn connect(&mut self, client: &str, request: &Upgrade) -> Result<Answer, Trouble> {
        self.numbers += 1;
        let peer = PeerId(self.numbers);
        let target = format!("/{}{}", self.gateway.api().stage.stage_name, request.target);
        let (target, fields) = self.signed(request.sign.as_ref(), "GET", target, "");
        let mut headers = Headers::from_iter([
            ("Host", HOST),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        for (name, value) in request.headers.iter().chain(&fields) {
            headers.push(name, value);
        }
        let request = HandshakeRequest {
            method: "GET".to_owned(),
            target,
            headers,
            source_ip: SOURCE_IP.to_owned(),
        };
        self.input(Input::Handshake { peer, request });
        self.pass(self.now + PATIENCE, |session| {
            let client = session.clients.get(&peer);
            client.is_some_and(|client| client.answer.is_some())
        });
        let entry = self.clients.entry(peer).or_default();
        if entry.open {
            self.names.insert(client.to_owned(), peer);
        }
        entry.answer.take().ok_or(Trouble::Silence(PATIENCE))
    }

    async fn send(&mut self, client: &str, message: &Outgoing) -> Result<(), Trouble> {
        let peer = self.peer(client)?;
        let violation = |violation| Input::Violation { peer, violation };
        let input = match message {
            Outgoing::Text { text, frame } => {
                let largest = frame.unwrap_or(text.len()).min(text.len());
                if largest > limits::FRAME_BYTES {
                    violation(Violation::FrameTooLarge)
                } else if text.len() > limits::MESSAGE_BYTES {
                    violation(Violation::MessageTooLarge)
                } else {
                    Input::Message {
                        peer,
                        text: text.clone(),
                    }
                }
            }
            Outgoing::Binary(_) => violation(Violation::Binary),
            Outgoing::Raw(bytes) => match String::from_utf8(bytes.clone()) {
                Ok(text) => Input::Message { peer, text },
                Err(_) => violation(Violation::InvalidUtf8),
            },
            Outgoing::Ping(_) => {
                return Err(Trouble::Unsupported(
                    "pings are the shell's, not the specification's",
                ));
            }
        };
        self.input(input);
        Ok(())
    }

    async fn receive(&mut self, client: &str) -> Result<Incoming, Trouble> {
        let peer = self.peer(client)?;
        self.pass(self.now + PATIENCE, |session| {
            let client = session.clients.get(&peer);
            client.is_some_and(|client| !client.incoming.is_empty())
        });
        let entry = self.clients.entry(peer).or_default();
        let incoming = entry
            .incoming
            .pop_front()
            .ok_or(Trouble::Silence(PATIENCE))?;
        if matches!(incoming, Incoming::Closed(..)) {
            self.names.remove(client);
        }
        Ok(incoming)
    }

    async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<Vec<String>, Trouble> {
        let peer = self.peer(client)?;
        self.names.remove(client);
        let close = Some(ClientClose {
            code,
            reason: reason.to_owned(),
        });
        self.input(Input::PeerClosed { peer, close });
        let incoming = self.clients.remove(&peer).unwrap_or_default().incoming;
        Ok(incoming
            .into_iter()
            .filter_map(|incoming| match incoming {
                Incoming::Text(text) => Some(text),
                _ => None,
            })
            .collect())
    }

    async fn manage(
        &mut self,
        method: &str,
        to: &Callback,
        body: &str,
        sign: Option<&Sign>,
    ) -> Result<Answer, Trouble> {
        let path = match to {
            Callback::Connection(id) => self.path_of(id),
            Callback::Path(path) => path.clone(),
        };
        let (path, fields) = self.signed(sign, method, path, body);
        let response = self.management(method, path, fields, body);
        self.settle_outputs();
        Ok(response.into())
    }

    async fn has_row(&mut self, id: &str) -> Result<bool, Trouble> {
        Ok(self.table.contains_key(id))
    }

    async fn wait(&mut self, time: Duration) -> Result<(), Trouble> {
        let end = self.now + time;
        self.pass(end, |_| false);
        self.now = end;
        Ok(())
    }

    async fn settle(&mut self) {}

    fn host(&self) -> String {
        HOST.to_owned()
    }

    fn connected(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    fn strays(&mut self) -> Vec<String> {
        let ended = self.clients.iter().filter(|(peer, client)| {
            !client.open && !self.names.values().any(|named| named == *peer)
        });
        ended
            .flat_map(|(_, client)| client.incoming.iter().map(|stray| format!("{stray:?}")))
            .collect()
    }

    fn reasons(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reasons)
    }
}

impl From<HttpResponse> for Answer {
    fn from(response: HttpResponse) -> Self {
        Self {
            status: response.status,
            headers: response
                .headers
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: response.body,
        }
    }
}
