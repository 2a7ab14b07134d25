//! From the steps of a gateway to sessions.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use serde_json::Value;
use spec::handshake::HandshakeRequest;
use spec::http::HttpResponse;
use spec::io::{CallId, ManagementRequest, PeerId, Reason};
use spec::{Input, Output, Timestamp};

use super::{Because, Item, Session, What};

/// Writes down what happens, a session after another: it ends when nobody is connected any more and
/// no function is at work.
#[derive(Debug, Default)]
pub struct Recorder {
    session: Session,
    peers: BTreeMap<PeerId, Peer>,
    /// Calls that are under way.
    calls: HashMap<CallId, Call>,
    /// Events that functions work on, and for whose results nobody waits.
    at_work: BTreeMap<String, Timestamp>,
    group: usize,
    /// Whether somebody was let in.
    was_open: bool,
    /// Ids of connections that are closed: what a table still has of them is no text to expect.
    past: VecDeque<String>,
}

#[derive(Debug)]
enum Peer {
    /// It asks, with the group in which it began, and whether somebody else's functions were at
    /// work.
    Asking(Box<HandshakeRequest>, usize, bool),
    /// It is connected, with its number.
    Open(usize),
}

#[derive(Debug)]
struct Call {
    since: Timestamp,
    deadline: Timestamp,
}

/// How many ids of connections before the session are known.
const MOST_PAST: usize = 1000;
/// How long a function may work: Lambda's largest `Timeout`.
const LONGEST: Duration = Duration::from_secs(900);
/// Whose signature a function's call of `@connections` has on the gateway.
const FUNCTIONS_KEY: &str = "Credential=ASIALOCALLOCALLOCALL/";

impl Recorder {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What has happened since the last session; nothing has, if it has no beginning.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Takes the session, if it is over.
    pub fn finished(&mut self) -> Option<Session> {
        let is_over = self.was_open && self.peers.is_empty() && self.is_at_rest();
        is_over.then(|| self.take())
    }

    /// Takes the session as it is: nothing more will happen.
    pub fn end(&mut self) -> Option<Session> {
        self.session.began()?;
        Some(self.take())
    }

    /// A step of the gateway: what came in (`None` for a timer) and all that came of it.
    pub fn step(&mut self, at: Timestamp, input: Option<&Input>, outputs: &[Output]) {
        self.calls.retain(|_, call| call.deadline >= at);
        self.at_work.retain(|_, since| *since + LONGEST >= at);
        if let Some(input) = input {
            self.input(at, input);
        }
        let outside = match input {
            Some(Input::Management { request, .. }) => self.is_outside(request).then_some(request),
            _ => None,
        };
        if let Some(request) = outside {
            let reply = outputs.iter().find_map(|output| match output {
                Output::ManagementReply { response, .. } => Some(response.status),
                _ => None,
            });
            let what = What::Called(request.clone(), reply.unwrap_or_default());
            self.act(at, what);
        }
        for output in outputs {
            self.output(at, input, output, outputs);
        }
    }

    /// A process works on a call of a function, whose event has this request id.
    pub fn taken(&mut self, at: Timestamp, call: CallId, request_id: &str) {
        self.session.ids.insert(request_id.to_owned());
        if !self.calls.contains_key(&call) {
            self.at_work.insert(request_id.to_owned(), at);
        }
    }

    /// The event has ended.
    pub fn returned(&mut self, request_id: &str) {
        self.at_work.remove(request_id);
    }

    /// This many steps were not seen.
    pub fn missed(&mut self, at: Timestamp, steps: u64) {
        let note = format!("{steps} steps of the gateway are missing here: it was too fast");
        self.push(at, self.group, false, What::Note(note));
        // What ended meanwhile is not known: nothing may wait for it.
        self.calls.clear();
        self.at_work.clear();
    }
}

impl Recorder {
    fn take(&mut self) -> Session {
        let session = std::mem::take(&mut self.session);
        let ids = session.clients.iter().map(|client| client.connection_id.clone());
        self.past.extend(ids);
        let more = self.past.len().saturating_sub(MOST_PAST);
        self.past.drain(..more);
        self.session.ids.extend(self.past.iter().cloned());
        self.was_open = false;
        session
    }

    fn is_at_rest(&self) -> bool {
        self.calls.is_empty() && self.at_work.is_empty()
    }

    fn input(&mut self, at: Timestamp, input: &Input) {
        match input {
            Input::Handshake { peer, request } => {
                let (group, amid) = self.begin();
                let asking = Peer::Asking(Box::new(request.clone()), group, amid);
                self.peers.insert(*peer, asking);
            }
            Input::Message { peer, text } => {
                if let Some(client) = self.client(*peer) {
                    self.act(at, What::Sent(client, text.clone()));
                }
            }
            Input::Violation { peer, violation } => {
                if let Some(client) = self.client(*peer) {
                    self.act(at, What::Violated(client, *violation));
                }
            }
            Input::PeerClosed { peer, close } => {
                match self.peers.remove(peer) {
                    Some(Peer::Open(client)) => self.act(at, What::Left(client, close.clone())),
                    Some(Peer::Asking(request, ..)) => {
                        let target = &request.target;
                        let note = format!("a client that asked for `{target}` left unanswered");
                        self.act(at, What::Note(note));
                    }
                    None => {}
                }
            }
            Input::CallFinished { id, .. } => {
                if let Some(call) = self.calls.remove(id) {
                    let took = at.since(call.since).as_millis();
                    let took = u64::try_from(took).unwrap_or(u64::MAX);
                    self.session.longest = self.session.longest.max(took);
                }
            }
            Input::Deploy(_) => {
                if self.session.began().is_some() {
                    let note = "the stack was deployed anew here".to_owned();
                    self.push(at, self.group, false, What::Note(note));
                }
            }
            Input::Shutdown => {
                // The gateway closes on everybody: nobody did that.
                self.peers.clear();
            }
            Input::Management { .. } | Input::SendBuffer { .. } => {}
        }
    }

    fn output(
        &mut self,
        at: Timestamp,
        input: Option<&Input>,
        output: &Output,
        all: &[Output],
    ) {
        match output {
            Output::Accept { peer, headers } => {
                let id = connected_as(all).unwrap_or_default();
                if let Some(Peer::Asking(request, group, amid)) = self.peers.remove(peer) {
                    let client = self.session.client(id);
                    self.peers.insert(*peer, Peer::Open(client));
                    self.was_open = true;
                    let what = What::Connected(client, *request, headers.clone());
                    self.push(at, group, amid, what);
                }
            }
            Output::Reject { peer, response } => self.refused(at, *peer, response),
            Output::Send { peer, text } => {
                if let Some(client) = self.client(*peer) {
                    let what = What::Received(client, text.clone());
                    self.push(at, self.group, false, what);
                }
            }
            Output::Close { peer, close } => {
                if let Some(Peer::Open(client)) = self.peers.remove(peer) {
                    let because = match input {
                        None => Because::Time,
                        Some(_) => Because::Deed,
                    };
                    let what = What::Closed(client, close.clone(), because);
                    self.push(at, self.group, false, what);
                }
            }
            Output::Invoke(invocation) => {
                self.learn(&invocation.payload);
                self.calls(invocation.id, at, invocation.deadline);
            }
            Output::HttpRequest(call) => self.calls(call.id, at, call.deadline),
            Output::CallService(call) => self.calls(call.id, at, call.deadline),
            Output::Decision(decision) => {
                self.session.ids.insert(decision.request_id.clone());
            }
            Output::ManagementReply { .. } | Output::AccessLog(_) => {}
        }
    }

    fn refused(&mut self, at: Timestamp, peer: PeerId, response: &HttpResponse) {
        if let Some(Peer::Asking(request, group, amid)) = self.peers.remove(&peer) {
            let what = What::Refused(*request, response.clone());
            self.push(at, group, amid, what);
        }
    }

    fn calls(&mut self, id: CallId, since: Timestamp, deadline: Timestamp) {
        self.calls.insert(id, Call { since, deadline });
    }

    /// The number of a client that is connected.
    fn client(&self, peer: PeerId) -> Option<usize> {
        match self.peers.get(&peer)? {
            Peer::Open(client) => Some(*client),
            Peer::Asking(..) => None,
        }
    }

    /// Somebody does something: its group, and whether functions are at work for others.
    fn begin(&mut self) -> (usize, bool) {
        let asks = |peer: &Peer| matches!(peer, Peer::Asking(..));
        let amid = !self.is_at_rest() || self.peers.values().any(asks);
        if !amid {
            self.group += 1;
        }
        (self.group, amid)
    }

    fn act(&mut self, at: Timestamp, what: What) {
        let (group, amid) = self.begin();
        self.push(at, group, amid, what);
    }

    fn push(&mut self, at: Timestamp, group: usize, amid: bool, what: What) {
        self.session.push(Item {
            at,
            group,
            amid,
            what,
        });
    }

    /// Whether a call of `@connections` is none of a function's: nothing is at work, or somebody
    /// else has signed it.
    fn is_outside(&self, request: &ManagementRequest) -> bool {
        let signed = request.headers.get("Authorization");
        let by_another = signed.is_some_and(|value| !value.contains(FUNCTIONS_KEY));
        self.is_at_rest() || by_another
    }

    /// Learns ids from an event.
    fn learn(&mut self, payload: &str) {
        const IDS: [&str; 4] = ["connectionId", "requestId", "extendedRequestId", "messageId"];
        let event: Value = serde_json::from_str(payload).unwrap_or_default();
        let context = &event["requestContext"];
        let ids = IDS.iter().filter_map(|name| context[name].as_str());
        self.session.ids.extend(ids.map(str::to_owned));
    }
}

/// The id of the connection that a step opens.
fn connected_as(outputs: &[Output]) -> Option<&str> {
    outputs.iter().find_map(|output| match output {
        Output::Decision(decision) if decision.reason == Reason::Connected => {
            Some(&*decision.connection_id)
        }
        _ => None,
    })
}
