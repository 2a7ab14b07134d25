//! From the steps of a gateway to sessions.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use spec::handshake::HandshakeRequest;
use spec::io::{CallId, ClientClose, ManagementRequest, PeerId, Reason};
use spec::{Input, Output, Timestamp};

use super::{Because, Item, Session, What, connection_of, path_of};

/// Writes down what happens, a session after another: it ends when nobody is connected any more and
/// no function is at work.
#[derive(Debug, Default)]
pub struct Recorder {
    session: Session,
    peers: BTreeMap<PeerId, Peer>,
    /// Calls that are under way.
    calls: HashMap<CallId, Call>,
    /// Asynchronous events that functions work on, by their request ids.
    at_work: BTreeMap<String, Call>,
    /// Events that wait for a process, with the actions that they come of.
    queued: HashMap<String, usize>,
    /// How many actions there were.
    actions: usize,
    /// When the last step was.
    last: Timestamp,
    /// Whether somebody was let in.
    was_open: bool,
    /// Ids of connections that are closed: what a table still has of them is no text to expect.
    past: VecDeque<String>,
}

#[derive(Debug)]
enum Peer {
    /// It asks: which action that is, and whether it came amid others.
    Asking(Box<HandshakeRequest>, usize, bool),
    /// It is connected.
    Open(Connected),
}

/// A client that is connected.
#[derive(Clone, Copy, Debug)]
struct Connected {
    /// Its number.
    client: usize,
    /// Its handshake.
    first: usize,
    /// Its last action.
    last: usize,
}

/// A call, or an event, that is under way.
#[derive(Debug)]
struct Call {
    /// What it comes of.
    action: usize,
    since: Timestamp,
    deadline: Timestamp,
}

/// How many ids of connections before the session are known.
const MOST_PAST: usize = 1000;
/// How many events may wait for a process.
const MOST_QUEUED: usize = 10_000;
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
        self.last = at;
        let is_closing = |output: &Output| matches!(output, Output::Close { .. });
        let action = match input {
            Some(input) => self.input(input, outputs),
            None if outputs.iter().any(is_closing) => Some(self.begin().0),
            None => None,
        };
        for output in outputs {
            self.output(input, action, output, outputs);
        }
        self.calls.retain(|_, call| call.deadline >= at);
        self.at_work.retain(|_, call| call.deadline >= at);
    }

    /// A call of a function has become an event with this request id.
    pub fn queued(&mut self, call: CallId, request_id: &str) {
        let action = self
            .calls
            .get(&call)
            .map_or(self.actions, |call| call.action);
        self.session.learn(request_id);
        if self.queued.len() >= MOST_QUEUED {
            // Events whose processes could not start: nobody takes them any more.
            self.queued.clear();
        }
        self.queued.insert(request_id.to_owned(), action);
    }

    /// A process works on the event.
    pub fn taken(&mut self, at: Timestamp, call: CallId, request_id: &str) {
        let queued = self.queued.remove(request_id);
        if !self.calls.contains_key(&call) {
            let call = Call {
                action: queued.unwrap_or(self.actions),
                since: at,
                deadline: at + LONGEST,
            };
            self.at_work.insert(request_id.to_owned(), call);
        }
    }

    /// The event has ended.
    pub fn returned(&mut self, request_id: &str) {
        self.at_work.remove(request_id);
    }

    /// This many steps were not seen.
    pub fn missed(&mut self, steps: u64) {
        let note = format!("{steps} steps of the gateway are missing here: it was too fast");
        self.note(note);
        // What ended meanwhile is not known: nothing may wait for it.
        self.calls.clear();
        self.at_work.clear();
        self.queued.clear();
    }
}

impl Recorder {
    fn take(&mut self) -> Session {
        let session = std::mem::take(&mut self.session);
        let clients = session.clients.iter();
        let ids = clients.map(|client| client.connection_id.clone());
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

    /// Writes down what somebody did: the action that the step belongs to, if that is known.
    fn input(&mut self, input: &Input, outputs: &[Output]) -> Option<usize> {
        match input {
            Input::Handshake { peer, request } => {
                let (action, amid) = self.begin();
                let asking = Peer::Asking(Box::new(request.clone()), action, amid);
                self.peers.insert(*peer, asking);
                Some(action)
            }
            Input::Message { peer, text } => {
                let client = self.client(*peer)?;
                Some(self.act_of(*peer, What::Sent(client, text.clone())))
            }
            Input::Violation { peer, violation } => {
                let client = self.client(*peer)?;
                Some(self.act_of(*peer, What::Violated(client, *violation)))
            }
            Input::PeerClosed { peer, close } => match self.peers.remove(peer)? {
                Peer::Open(connected) => Some(self.left(connected, close.clone())),
                Peer::Asking(request, action, _) => {
                    let path = path_of(&request.target);
                    let note = format!("a client that asked for `{path}` left unanswered");
                    self.note(note);
                    Some(action)
                }
            },
            Input::CallFinished { id, .. } => {
                let call = self.calls.remove(id)?;
                let took = u64::try_from(self.last.since(call.since).as_millis());
                let took = took.unwrap_or(u64::MAX);
                self.session.longest = self.session.longest.max(took);
                Some(call.action)
            }
            Input::Deploy(_) => {
                if self.session.began().is_some() {
                    let note = "the stack was deployed anew here".to_owned();
                    self.note(note);
                }
                None
            }
            Input::Shutdown => {
                // The gateway closes on everybody: nobody did that.
                self.peers.clear();
                None
            }
            Input::Management { request, .. } if self.is_outside(request) => {
                let status = status_of(outputs).unwrap_or_default();
                let what = What::Called(request.clone(), status);
                Some(self.act(what))
            }
            Input::Management { request, .. } => {
                let is_gone = status_of(outputs) == Some(410);
                if let Some(id) = connection_of(request).filter(|_| is_gone) {
                    self.session.missed_by(&id);
                }
                None
            }
            Input::SendBuffer { .. } => None,
        }
    }

    fn output(
        &mut self,
        input: Option<&Input>,
        action: Option<usize>,
        output: &Output,
        all: &[Output],
    ) {
        match output {
            Output::Accept { peer, headers } => {
                let id = connected_as(all).unwrap_or_default();
                if let Some(Peer::Asking(request, action, amid)) = self.peers.remove(peer) {
                    let client = self.session.client(id);
                    let connected = Connected {
                        client,
                        first: action,
                        last: action,
                    };
                    self.peers.insert(*peer, Peer::Open(connected));
                    self.was_open = true;
                    let what = What::Connected(client, *request, headers.clone());
                    self.keep((action, self.actions), amid, what);
                }
            }
            Output::Reject { peer, response } => {
                if let Some(Peer::Asking(request, action, amid)) = self.peers.remove(peer) {
                    let what = What::Refused(*request, response.clone());
                    self.keep((action, self.actions), amid, what);
                }
            }
            Output::Send { peer, text } => {
                if let Some(Peer::Open(Connected { client, first, .. })) = self.peers.get(peer) {
                    let (from, to) = self.causes(action);
                    // It was connected before it got this.
                    let causes = (from, to.max(*first));
                    let what = What::Received(*client, text.clone());
                    self.keep(causes, false, what);
                }
            }
            Output::Close { peer, close } => {
                if let Some(Peer::Open(Connected { client, last, .. })) = self.peers.remove(peer) {
                    let because = match input {
                        None => Because::Time,
                        Some(_) => Because::Deed,
                    };
                    let (from, to) = self.causes(action);
                    let what = What::Closed(client, close.clone(), because);
                    // What the client did before stays before.
                    self.keep((from, to.max(last)), false, what);
                }
            }
            Output::Invoke(invocation) => {
                self.session.learn_of_event(&invocation.payload);
                self.calls(invocation.id, action, invocation.deadline);
            }
            Output::HttpRequest(call) => self.calls(call.id, action, call.deadline),
            Output::CallService(call) => self.calls(call.id, action, call.deadline),
            Output::Decision(decision) => {
                self.session.learn(&decision.request_id);
            }
            Output::ManagementReply { .. } | Output::AccessLog(_) | Output::Explanation(_) => {}
        }
    }

    fn calls(&mut self, id: CallId, action: Option<usize>, deadline: Timestamp) {
        let call = Call {
            action: self.causes(action).1,
            since: self.last,
            deadline,
        };
        self.calls.insert(id, call);
    }

    /// The number of a client that is connected.
    fn client(&self, peer: PeerId) -> Option<usize> {
        match self.peers.get(&peer)? {
            Peer::Open(connected) => Some(connected.client),
            Peer::Asking(..) => None,
        }
    }

    /// Somebody does something: its number, and whether functions are at work for others.
    fn begin(&mut self) -> (usize, bool) {
        let asks = |peer: &Peer| matches!(peer, Peer::Asking(..));
        let amid = !self.is_at_rest() || self.peers.values().any(asks);
        self.actions += 1;
        (self.actions, amid)
    }

    fn act(&mut self, what: What) -> usize {
        let (action, amid) = self.begin();
        self.keep((action, action), amid, what);
        action
    }

    /// A client leaves: amid what others do, not amid what its own last message has set off.
    fn left(&mut self, connected: Connected, close: Option<ClientClose>) -> usize {
        let Connected { client, last, .. } = connected;
        let mut under_way = self.calls.values().chain(self.at_work.values());
        let amid = under_way.any(|call| call.action != last);
        let (action, _) = self.begin();
        self.keep((action, action), amid, What::Left(client, close));
        action
    }

    /// As [`Self::act`], for a client that stays connected.
    fn act_of(&mut self, peer: PeerId, what: What) -> usize {
        let action = self.act(what);
        if let Some(Peer::Open(connected)) = self.peers.get_mut(&peer) {
            connected.last = action;
        }
        action
    }

    /// The actions, from the first to the last, of which something may come now.
    fn causes(&self, action: Option<usize>) -> (usize, usize) {
        let under_way = self.calls.values().chain(self.at_work.values());
        let actions = || under_way.clone().map(|call| call.action);
        match action {
            Some(action) => (action, action),
            None => {
                let first = actions().min().unwrap_or(self.actions);
                (first, actions().max().unwrap_or(self.actions))
            }
        }
    }

    /// Writes down what cannot be a step.
    fn note(&mut self, note: String) {
        self.keep((self.actions, self.actions), false, What::Note(note));
    }

    fn keep(&mut self, causes: (usize, usize), amid: bool, what: What) {
        let at = self.last;
        self.session.push(Item {
            at,
            causes,
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
}

/// How a call of `@connections` is answered.
fn status_of(outputs: &[Output]) -> Option<u16> {
    outputs.iter().find_map(|output| match output {
        Output::ManagementReply { response, .. } => Some(response.status),
        _ => None,
    })
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
