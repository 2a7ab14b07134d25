//! The target `spec`: the specification in process, with virtual time. The kit plays the functions.

mod play;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpResponse};
use spec::io::{ClientClose, ManagementId, ManagementRequest, PeerId};
use spec::limits::{self, Violation};
use spec::signature::Access;
use spec::{CompiledApi, Gateway, Input, Output, Timestamp};

use super::functions::Function;
use crate::case::Feature;
use crate::session::{Answer, Callback, Incoming, Outgoing, Session, SessionError, Upgrade};
use crate::sign::{Sign, Unsigned};

/// What the target has.
pub const FEATURES: [Feature; 10] = [
    Feature::Authorizer,
    Feature::Templates,
    Feature::Management,
    Feature::Table,
    Feature::Limits,
    Feature::Clock,
    Feature::TwoWay,
    Feature::Http,
    Feature::AccessLog,
    Feature::Domains,
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
    access_log: Vec<String>,
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
/// How much time passes when the target is given a moment, as on the other targets.
const SETTLING: Duration = Duration::from_millis(20);
/// The host that clients use.
const HOST: &str = "localhost";
/// The address of clients and callers.
const SOURCE_IP: &str = "127.0.0.1";
/// When every case begins: 2024-01-20T11:54:57.419Z, the `connectedAt` of AWS's published fixture.
const BEGINNING: Timestamp = Timestamp::from_millis(1_705_751_697_419);

impl SpecSession {
    /// A fresh gateway for `api`, whose functions (by ARN) the kit plays. HTTP backends are played
    /// by the probe.
    pub fn new(api: Arc<CompiledApi>, players: HashMap<String, Player>) -> Self {
        Self {
            gateway: Gateway::new(api, spec::ids::Counter::default()),
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
            access_log: Vec::new(),
        }
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

    fn management(
        &mut self,
        method: &str,
        (host, path): (&str, String),
        fields: Fields,
        body: &str,
    ) -> HttpResponse {
        self.numbers += 1;
        let own = ("Host".to_owned(), host.to_owned());
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
        format!("{}/@connections/{connection_id}", self.base())
    }

    fn peer(&self, client: &str) -> Result<PeerId, SessionError> {
        self.names
            .get(client)
            .copied()
            .ok_or_else(|| SessionError::NotConnected(client.to_owned()))
    }
}

impl Session for SpecSession {
    async fn connect(&mut self, client: &str, request: &Upgrade) -> Result<Answer, SessionError> {
        self.numbers += 1;
        let peer = PeerId(self.numbers);
        let (host, base) = match &request.host {
            Some(host) => (&**host, String::new()),
            None => (HOST, self.base()),
        };
        let target = base + &request.target;
        let (target, fields) = self.signed(request.sign.as_ref(), "GET", target, "");
        let mut headers = Headers::from_iter([
            ("Host", host),
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
        entry.answer.take().ok_or(SessionError::Silence(PATIENCE))
    }

    async fn send(&mut self, client: &str, message: &Outgoing) -> Result<(), SessionError> {
        let peer = self.peer(client)?;
        let violation = |violation| Input::Violation { peer, violation };
        let text_message = |bytes: &[u8], frame| match limits::text_message(bytes, frame) {
            Ok(text) => Input::Message { peer, text },
            Err(broken) => violation(broken),
        };
        let input = match message {
            Outgoing::Text { text, frame } => {
                text_message(text.as_bytes(), frame.unwrap_or(text.len()))
            }
            Outgoing::Raw(bytes) => text_message(bytes, bytes.len()),
            Outgoing::Binary(_) => violation(Violation::Binary),
            Outgoing::Ping(_) => {
                return Err(SessionError::Unsupported(
                    "pings are the shell's, not the specification's",
                ));
            }
        };
        self.input(input);
        Ok(())
    }

    async fn receive(&mut self, client: &str) -> Result<Incoming, SessionError> {
        let peer = self.peer(client)?;
        self.pass(self.now + PATIENCE, |session| {
            let client = session.clients.get(&peer);
            client.is_some_and(|client| !client.incoming.is_empty())
        });
        let entry = self.clients.entry(peer).or_default();
        let incoming = entry
            .incoming
            .pop_front()
            .ok_or(SessionError::Silence(PATIENCE))?;
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
    ) -> Result<Vec<String>, SessionError> {
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
    ) -> Result<Answer, SessionError> {
        let (host, path) = match to {
            Callback::Connection(id) => (HOST, self.path_of(id)),
            Callback::Path(path) => (HOST, path.clone()),
            Callback::Host(host, path) => (&**host, path.clone()),
        };
        let (path, fields) = self.signed(sign, method, path, body);
        let response = self.management(method, (host, path), fields, body);
        self.settle_outputs();
        Ok(response.into())
    }

    async fn has_row(&mut self, id: &str) -> Result<bool, SessionError> {
        Ok(self.table.contains_key(id))
    }

    async fn access_log(&mut self) -> Result<Vec<String>, SessionError> {
        Ok(self.access_log.clone())
    }

    async fn wait(&mut self, time: Duration) -> Result<(), SessionError> {
        let end = self.now + time;
        self.pass(end, |_| false);
        self.now = end;
        Ok(())
    }

    async fn quiet(&mut self, _: Duration) -> Result<(), SessionError> {
        // Results that are due later are those of functions at work.
        self.pass(self.now + PATIENCE, |session| session.due.is_empty());
        Ok(())
    }

    async fn settle(&mut self) {
        self.pass(self.now + SETTLING, |_| false);
        self.now = self.now + SETTLING;
    }

    fn host(&self) -> String {
        HOST.to_owned()
    }

    fn base(&self) -> String {
        format!("/{}", self.gateway.api().stage.stage_name)
    }

    fn connected(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    fn faults(&mut self) -> Vec<String> {
        let ended = self.clients.iter_mut().filter(|(peer, client)| {
            !client.open && !self.names.values().any(|named| named == *peer)
        });
        ended
            .flat_map(|(_, client)| client.incoming.drain(..))
            .map(|late| format!("after the close frame came {late:?}"))
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
