//! The machine with a mutation: what goes into it or comes out of it is changed.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use spec::connection::CloseInfo;
use spec::http::{Headers, HttpResponse};
use spec::io::{ClientClose, Invocation, PeerId};
use spec::{Input, Output, Timestamp};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::WebSocketStream;

use super::{CONNECT_BY_MESSAGE, Mutation};

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

    pub(crate) fn is_calling(&self) -> bool {
        self.machine.is_calling()
    }

    pub(crate) fn explain(&mut self, wanted: bool) {
        self.machine.explain(wanted);
    }

    pub(crate) fn open_connections(&self) -> impl Iterator<Item = spec::OpenConnection<'_>> {
        self.machine.open_connections()
    }

    pub(crate) fn peer(&self, connection_id: &str) -> Option<PeerId> {
        self.machine.peer(connection_id)
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
            (Mutation::PathNotTold, Output::ManagementReply { response, .. })
                if response.body.contains("No method found matching route") =>
            {
                response.body = r#"{"message":"Forbidden"}"#.to_owned();
            }
            (Mutation::AnotherPermissionTold, Output::ManagementReply { response, .. }) => {
                let (right, wrong) = ("execute-api:Invoke", "execute-api:ManageConnections");
                response.body = response.body.replace(right, wrong);
            }
            (Mutation::EmptyBodyPresent, Output::Invoke(Invocation { payload, .. }))
                if payload.contains(r#""eventType":"MESSAGE""#)
                    && !payload.contains(r#""body":"#) =>
            {
                let end = r#""isBase64Encoded""#;
                *payload = payload.replacen(end, &format!(r#""body":"",{end}"#), 1);
            }
            (Mutation::ChildrenLookedAtTwice, Output::AccessLog(line)) => {
                *line = with_details(line, |messages| messages.extend_from_within(..));
            }
            (Mutation::MessagesInAnotherOrder, Output::AccessLog(line)) => {
                *line = with_details(line, |messages| messages.reverse());
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

/// Answers the close frame that has come, then waits until the client ends the TCP connection.
pub(crate) async fn leave_open(mut socket: WebSocketStream<crate::tls::Stream>) {
    while let Some(Ok(_)) = socket.next().await {}
    let mut waste = [0; 4096];
    while let Ok(1..) = socket.get_mut().read(&mut waste).await {}
}

/// A line of the access log with the details of a failed validation changed: the list in it.
fn with_details(line: &str, change: impl FnOnce(&mut Vec<&str>)) -> String {
    let list = line
        .find('[')
        .zip(line.rfind(']'))
        .map(|(start, end)| start + 1..end);
    let Some((list, details)) = list.and_then(|list| Some((list.clone(), line.get(list)?))) else {
        return line.to_owned();
    };
    let mut messages: Vec<&str> = details.split(", ").collect();
    change(&mut messages);
    [&line[..list.start], &messages.join(", "), &line[list.end..]].concat()
}

/// JSON as libraries print it; what is none stays as it is.
fn in_one_line(json: &str) -> String {
    serde_json::from_str(json).map_or_else(|_| json.to_owned(), |json: Value| json.to_string())
}
