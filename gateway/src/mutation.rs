//! Gateways that are wrong on purpose: what the conformance kit must find. Only with the feature `mutations`, which is for tests.
//!
//! A mutation changes what the template declares ([`Mutation::change`]), what goes into the machine or comes out of it ([`Mutant`]), or
//! what the shell does with a socket (it asks the hub). Everything else is the gateway as it is.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use spec::api::{Api, AuthorizationType};
use spec::connection::CloseInfo;
use spec::http::{Headers, HttpResponse};
use spec::io::{ClientClose, PeerId};
use spec::route::RouteKey;
use spec::{CompiledApi, Input, Output, Timestamp};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

/// One list for the type, the names and [`Mutation::ALL`], so that none of them can lack a mutation.
macro_rules! mutations {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// One thing that a gateway does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[$doc])+ $variant,)+
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What it is called on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

mutations! {
    /// A client is let in before `$connect` has answered, and closed when the answer is no.
    UpgradeAtOnce = "upgrade-at-once",
    /// A handshake that should get 401 is refused with 403.
    ForbiddenForUnauthorized = "forbidden-for-unauthorized",
    /// No authorizer is asked.
    AuthorizerNotAsked = "authorizer-not-asked",
    /// A message that names `$connect` runs its function.
    ConnectByMessage = "connect-by-message",
    /// No frame says that a message found no route.
    ForbiddenSwallowed = "forbidden-swallowed",
    /// Error frames are printed as a JSON library prints them: without spaces.
    ErrorFramesWithoutSpaces = "error-frames-without-spaces",
    /// Texts go to another client, if there is one.
    RepliesToAnotherClient = "replies-to-another-client",
    /// Texts go to every client.
    RepliesToEveryClient = "replies-to-every-client",
    /// Every text is sent twice.
    RepliesTwice = "replies-twice",
    /// The results of one-way routes are sent.
    OneWayRoutesReply = "one-way-routes-reply",
    /// Integrations have no templates: the message passes through.
    TemplatesNotEvaluated = "templates-not-evaluated",
    /// A message that is not JSON is empty for templates.
    TextLost = "text-lost",
    /// Names of headers arrive in lower case.
    HeadersInLowerCase = "headers-in-lower-case",
    /// A message that is JSON is parsed and written anew.
    BodiesWrittenAnew = "bodies-written-anew",
    /// Binary messages are ignored.
    BinaryIgnored = "binary-ignored",
    /// What is too large ends the connection with 1008 (policy violation).
    PolicyViolationForTooLarge = "policy-violation-for-too-large",
    /// An idle connection is closed a second late.
    IdleCloseLate = "idle-close-late",
    /// The TCP connection is left open behind the client's close.
    SocketLeftOpen = "socket-left-open",
    /// `$disconnect` is told 1000 whatever the client said.
    EveryCloseIsNormal = "every-close-is-normal",
    /// `$disconnect` is not called.
    DisconnectNotCalled = "disconnect-not-called",
    /// `@connections` answers 404 for a connection that is gone.
    NotFoundForGone = "not-found-for-gone",
    /// `GET @connections` answers in one line.
    StatusInOneLine = "status-in-one-line",
    /// `DELETE @connections` answers 204 and does nothing.
    DeleteDoesNothing = "delete-does-nothing",
}

/// The machine with a mutation, or without: what [`spec::Gateway`] is to the hub.
pub(crate) struct Mutant {
    machine: spec::Gateway,
    mutation: Option<Mutation>,
    /// Clients that were let in.
    peers: BTreeSet<PeerId>,
    /// What comes out before anything of the machine's.
    outputs: VecDeque<Output>,
    /// What comes out when its time has come.
    late: VecDeque<(Timestamp, Output)>,
    now: Timestamp,
}

/// How late the late outputs come.
const DELAY: Duration = Duration::from_secs(1);
/// The key of the route that stands for `$connect` where a message may choose it.
const CONNECT_BY_MESSAGE: &str = "connect-by-message";

impl Mutation {
    /// The API with what the template declares changed.
    pub(crate) fn changed(self, api: &Arc<CompiledApi>) -> Arc<CompiledApi> {
        match self.change(api.api().clone()).compile() {
            Ok(changed) => Arc::new(changed),
            // No mutation makes an API that cannot be served; its test would say so.
            Err(_) => Arc::clone(api),
        }
    }

    fn change(self, mut api: Api) -> Api {
        match self {
            Self::AuthorizerNotAsked => {
                if let Some(connect) = api.routes.get_mut("$connect") {
                    connect.authorization_type = AuthorizationType::None;
                    connect.authorizer_id = None;
                }
            }
            Self::ConnectByMessage => {
                if let Some(mut connect) = api.routes.get("$connect").cloned() {
                    connect.authorization_type = AuthorizationType::None;
                    connect.authorizer_id = None;
                    let key = RouteKey::Named(CONNECT_BY_MESSAGE.to_owned());
                    api.routes.insert(key, connect);
                }
            }
            Self::OneWayRoutesReply => {
                for (_, route) in api.routes.iter_mut().filter(|(key, _)| !key.is_lifecycle()) {
                    route.route_response_selection_expression = Some("$default".to_owned());
                    route.route_responses = vec!["$default".to_owned()];
                }
            }
            Self::TemplatesNotEvaluated => {
                for integration in api.integrations.values_mut() {
                    integration.request_templates.clear();
                }
            }
            Self::DisconnectNotCalled => {
                api.routes.shift_remove("$disconnect");
            }
            _ => {}
        }
        api
    }
}

impl Mutant {
    pub(crate) fn new(machine: spec::Gateway, mutation: Option<Mutation>) -> Self {
        Self {
            machine,
            mutation,
            peers: BTreeSet::new(),
            outputs: VecDeque::new(),
            late: VecDeque::new(),
            now: Timestamp::default(),
        }
    }

    /// Whether the gateway is wrong in this way.
    pub(crate) fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    pub(crate) fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.pass(now);
        if let Some(input) = self.input(input) {
            self.machine.handle_input(now, input);
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let output = self.machine.poll_output()?;
            let output = self.output(output);
            self.outputs.extend(output);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let late = self.late.front().map(|(due, _)| *due);
        self.machine.poll_timeout().into_iter().chain(late).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        self.pass(now);
        self.machine.handle_timeout(now);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.machine.is_idle() && self.outputs.is_empty() && self.late.is_empty()
    }

    pub(crate) fn connections(&self) -> usize {
        self.machine.connections()
    }

    /// Time has come to `now`.
    fn pass(&mut self, now: Timestamp) {
        self.now = now;
        while let Some((_, output)) = self.late.pop_front_if(|(due, _)| *due <= now) {
            self.outputs.push_back(output);
        }
    }

    /// What goes in instead of `input`; nothing, if it never gets there.
    fn input(&mut self, mut input: Input) -> Option<Input> {
        if let Input::PeerClosed { peer, .. } = &input {
            self.peers.remove(peer);
        }
        let Some(mutation) = self.mutation else {
            return Some(input);
        };
        match (mutation, &mut input) {
            (Mutation::UpgradeAtOnce, Input::Handshake { peer, .. }) => {
                let headers = Headers::new();
                self.peers.insert(*peer);
                self.outputs.push_back(Output::Accept {
                    peer: *peer,
                    headers,
                });
            }
            (Mutation::HeadersInLowerCase, Input::Handshake { request, .. }) => {
                let fields = request.headers.iter();
                request.headers = fields
                    .map(|(name, value)| (name.to_lowercase(), value))
                    .collect();
            }
            (Mutation::ConnectByMessage, Input::Message { text, .. }) => {
                let own = format!("\"{CONNECT_BY_MESSAGE}\"");
                *text = text.replace("\"$connect\"", &own);
            }
            (Mutation::BodiesWrittenAnew, Input::Message { text, .. }) => {
                if let Ok(message) = serde_json::from_str::<Value>(text) {
                    *text = message.to_string();
                }
            }
            (Mutation::TextLost, Input::Message { text, .. }) if !text.starts_with(['{', '[']) => {
                text.clear();
            }
            (Mutation::EveryCloseIsNormal, Input::PeerClosed { close, .. }) => {
                *close = Some(ClientClose {
                    code: Some(1000),
                    reason: close.take().map_or_else(String::new, |close| close.reason),
                });
            }
            (Mutation::DeleteDoesNothing, Input::Management { id, request })
                if request.method == "DELETE" =>
            {
                let response = HttpResponse::new(204);
                let reply = Output::ManagementReply { id: *id, response };
                self.outputs.push_back(reply);
                return None;
            }
            _ => {}
        }
        Some(input)
    }

    /// What comes out instead of `output`: one flat match over the mutations.
    fn output(&mut self, mut output: Output) -> Vec<Output> {
        let Some(mutation) = self.mutation else {
            return vec![output];
        };
        match (mutation, &mut output) {
            (Mutation::UpgradeAtOnce, Output::Accept { .. }) => return Vec::new(),
            (Mutation::UpgradeAtOnce, Output::Reject { peer, .. }) => {
                let close = CloseInfo {
                    code: 1008,
                    reason: String::new(),
                };
                output = Output::Close { peer: *peer, close };
            }
            (Mutation::ForbiddenForUnauthorized, Output::Reject { response, .. })
                if response.status == 401 =>
            {
                response.status = 403;
            }
            (Mutation::ForbiddenSwallowed, Output::Send { text, .. })
                if text.starts_with(r#"{"message": "Forbidden""#) =>
            {
                return Vec::new();
            }
            (Mutation::ErrorFramesWithoutSpaces, Output::Send { text, .. })
                if text.starts_with(r#"{"message": "#) =>
            {
                *text = in_one_line(text);
            }
            (Mutation::RepliesToAnotherClient, Output::Send { peer, .. }) => {
                let other = self.peers.iter().find(|other| *other != peer);
                *peer = other.copied().unwrap_or(*peer);
            }
            (Mutation::RepliesToEveryClient, Output::Send { text, .. }) => {
                let peers = self.peers.iter().copied();
                let send = |peer| Output::Send {
                    peer,
                    text: text.clone(),
                };
                return peers.map(send).collect();
            }
            (Mutation::RepliesTwice, Output::Send { .. }) => {
                return vec![output.clone(), output];
            }
            (Mutation::PolicyViolationForTooLarge, Output::Close { close, .. })
                if close.code == 1009 =>
            {
                close.code = 1008;
            }
            (Mutation::IdleCloseLate, Output::Close { close, .. }) if close.code == 1001 => {
                self.late.push_back((self.now + DELAY, output));
                return Vec::new();
            }
            (Mutation::NotFoundForGone, Output::ManagementReply { response, .. })
                if response.status == 410 =>
            {
                response.status = 404;
            }
            (Mutation::StatusInOneLine, Output::ManagementReply { response, .. })
                if response.status == 200 =>
            {
                response.body = in_one_line(&response.body);
            }
            _ => {}
        }
        match &output {
            Output::Accept { peer, .. } => {
                self.peers.insert(*peer);
            }
            Output::Close { peer, .. } => {
                self.peers.remove(peer);
            }
            _ => {}
        }
        vec![output]
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mutation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|mutation| mutation.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|mutation| mutation.name()).collect();
            format!("`{name}` is no mutation; there are: {}", names.join(", "))
        })
    }
}

/// Answers the close frame that has come, then waits until the client ends the TCP connection.
pub(crate) async fn leave_open(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(_)) = socket.next().await {}
    let mut waste = [0; 4096];
    while let Ok(1..) = socket.get_mut().read(&mut waste).await {}
}

/// JSON as libraries print it; what is none stays as it is.
fn in_one_line(json: &str) -> String {
    serde_json::from_str(json).map_or_else(|_| json.to_owned(), |json: Value| json.to_string())
}
