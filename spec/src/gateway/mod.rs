//! The machine: a dispatcher between what happens and the areas' rules. What a rule says is in its area's module; here is only who
//! is asked, and who waits for what.

mod access;
mod compile;
mod handshake;
mod log;
mod message;
mod pending;
mod timers;

use std::collections::{HashMap, VecDeque};

use crate::access_log;
use crate::api::Api;
use crate::connection::{CloseInfo, Connection};
use crate::event::RequestIdentity;
use crate::handshake::HandshakeRequest;
use crate::http::HttpResponse;
use crate::ids::{self, IdSource};
use crate::io::{
    Because, CallId, Decision, Input, ManagementId, ManagementRequest, Outcome, Output, PeerId,
};
use crate::lifecycle::{self, Effect, Event, State};
use crate::management::{self, Operation};
use crate::signature::Access;
use crate::throttle::Throttle;
use crate::time::Timestamp;
use crate::usage_plan::Usage;

use compile::Compiled;
pub use compile::{InvalidApi, Location, Problem};
use pending::Pending;
use timers::{Timer, Timers};

/// A WebSocket API at work: one stage with its connections and the calls that are under way.
pub struct Gateway {
    compiled: Compiled,
    throttle: Throttle,
    access: Access,
    /// What was noted of calls of `@connections` that AWS would refuse: the errors' types, each once.
    noted: Vec<&'static str>,
    usage: Usage,
    ids: Box<dyn IdSource + Send>,
    peers: HashMap<PeerId, Peer>,
    /// The open connections.
    by_connection_id: HashMap<String, PeerId>,
    pending: HashMap<CallId, Pending>,
    timers: Timers,
    outputs: VecDeque<Output>,
    calls: u64,
}

/// A client and its connection.
struct Peer {
    state: State,
    connection: Connection,
    handshake: HandshakeRequest,
    /// The request of the handshake.
    request: RequestIdentity,
    trace_id: String,
    /// What the access log's line will say of the handshake, until it is written.
    log: Option<access_log::Entry>,
    /// Whether the send buffer is full (MANAGEMENT-30).
    is_full: bool,
}

impl Gateway {
    /// A gateway for `api`, which takes the unpredictable part of its ids from `ids`.
    ///
    /// # Errors
    /// The first part of the API that can not be used, and where it stands.
    pub fn new(api: Api, ids: impl IdSource + Send + 'static) -> Result<Self, InvalidApi> {
        let compiled = Compiled::new(api)?;
        Ok(Self {
            throttle: Throttle::new(&compiled.api),
            access: Access::new(&compiled.api),
            noted: Vec::new(),
            usage: Usage::new(&compiled.api),
            compiled,
            ids: Box::new(ids),
            peers: HashMap::new(),
            by_connection_id: HashMap::new(),
            pending: HashMap::new(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            calls: 0,
        })
    }

    /// The API that is served.
    pub fn api(&self) -> &Api {
        &self.compiled.api
    }

    /// Takes in what happened at `now`. What follows from it is to be fetched with [`poll_output`](Self::poll_output). What was due before
    /// happens before, so a caller whose alarm comes late gets no other order of things.
    pub fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.handle_timeout(now);
        match input {
            Input::Handshake { peer, request } => self.handshake(now, peer, request),
            Input::Message { peer, text } => {
                if self.step(peer, Event::Message) == Effect::Dispatch {
                    self.message(now, peer, text);
                }
            }
            Input::Violation { peer, violation } => {
                self.end(now, peer, Event::Violation, &violation.close());
            }
            Input::PeerClosed { peer, close } => {
                let info = lifecycle::client_closed(close.as_ref());
                self.end(now, peer, Event::PeerClosed, &info);
            }
            Input::SendBuffer { peer, full } => {
                if let Some(entry) = self.peers.get_mut(&peer) {
                    entry.is_full = full;
                }
            }
            Input::CallFinished { id, outcome } => self.finished(now, id, &outcome),
            Input::Management { id, request } => self.management(now, id, &request),
            Input::Shutdown => {
                let mut peers: Vec<PeerId> = self.peers.keys().copied().collect();
                peers.sort_unstable();
                for peer in peers {
                    self.end(now, peer, Event::Shutdown, &lifecycle::going_away());
                }
            }
        }
    }

    /// The next thing to do, in order; `None` until there is more input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, at the latest.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Lets everything happen that is due at `now`, in the order in which it was due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some((at, timer)) = self.timers.pop_due(now) {
            match timer {
                Timer::Call(id) => self.finished(now, id, &Outcome::TimedOut),
                Timer::Connection(peer) => {
                    let Some(entry) = self.peers.get(&peer) else {
                        continue;
                    };
                    // Activity moves the moment without touching the timer: look again.
                    let due = lifecycle::expires_at(&entry.connection);
                    if due <= at {
                        self.end(now, peer, Event::Expired, &lifecycle::going_away());
                    } else {
                        self.timers.set(due, timer);
                    }
                }
            }
        }
    }

    /// Whether nothing is under way: no client, and no call whose result is awaited.
    pub fn is_idle(&self) -> bool {
        self.peers.is_empty() && self.pending.is_empty() && self.outputs.is_empty()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.by_connection_id.len()
    }

    /// Moves the peer's state on and says what follows.
    fn step(&mut self, peer: PeerId, event: Event) -> Effect {
        let Some(entry) = self.peers.get_mut(&peer) else {
            return Effect::Nothing;
        };
        let (next, effect) = lifecycle::transition(entry.state, event);
        entry.state = next;
        effect
    }

    /// A connection, or the attempt at one, ends: closes the socket where it is still there, and runs `$disconnect` where there was
    /// a connection, which a post does not reach any more (LIFECYCLE-10).
    fn end(&mut self, now: Timestamp, peer: PeerId, event: Event, close: &CloseInfo) {
        let effect = self.step(peer, event);
        match effect {
            Effect::Reject => {
                let refusal = crate::handshake::Refusal::Status(503, String::new());
                self.reject(peer, &refusal, "the gateway goes down".to_owned());
            }
            Effect::CloseAndDisconnect => {
                self.outputs.push_back(Output::Close {
                    peer,
                    close: close.clone(),
                });
                self.disconnect(now, peer, close);
            }
            Effect::Disconnect => self.disconnect(now, peer, close),
            _ => {}
        }
        self.forget_if_closed(peer);
    }

    fn forget_if_closed(&mut self, peer: PeerId) {
        let closed = |entry: &Peer| entry.state == State::Closed;
        if self.peers.get(&peer).is_some_and(closed)
            && let Some(entry) = self.peers.remove(&peer)
        {
            self.by_connection_id
                .remove(&entry.connection.connection_id);
            self.timers.clear(&Timer::Connection(peer));
            self.log_abandoned(entry);
        }
    }

    fn management(&mut self, now: Timestamp, id: ManagementId, request: &ManagementRequest) {
        let parsed = management::parse(&self.compiled.api, request);
        let objection = self.objection(now, request, &parsed);
        let parsed = self.heeded(&objection).map_or(parsed, Err);
        let parsed = parsed.and_then(|parsed| {
            // The account's limit is for callbacks, too (LIMITS-30, MANAGEMENT-30).
            let taken = self.throttle.take(now, None);
            taken.map_err(|_| management::Refusal::LimitExceeded)?;
            Ok(parsed)
        });
        let response = match parsed {
            Err(refusal) => refusal.response(),
            Ok((operation, connection_id)) => {
                let trace_id = ids::trace_id(&mut *self.ids, now);
                self.operate(now, operation, &connection_id)
                    .header("x-amzn-trace-id", trace_id)
            }
        };
        let uuid = ids::uuid(&mut *self.ids);
        let request_id = ids::request_id(&mut *self.ids, now);
        let response = management::stamped(response, &uuid, &request_id);
        if let Some(objection) = objection {
            self.note(&objection, request, &request_id);
        }
        self.outputs
            .push_back(Output::ManagementReply { id, response });
    }

    fn operate(
        &mut self,
        now: Timestamp,
        operation: Operation,
        connection_id: &str,
    ) -> HttpResponse {
        // A connection whose `$connect` runs is none yet (MANAGEMENT-27).
        let Some(&peer) = self.by_connection_id.get(connection_id) else {
            return management::gone();
        };
        match operation {
            Operation::Get => match self.peers.get(&peer) {
                Some(entry) => management::status(&entry.connection),
                None => management::gone(),
            },
            Operation::Post(_) if self.peers.get(&peer).is_some_and(|entry| entry.is_full) => {
                management::Refusal::LimitExceeded.response()
            }
            Operation::Post(text) => {
                self.send(now, peer, text);
                management::posted()
            }
            Operation::Delete => {
                self.end(now, peer, Event::Deleted, &lifecycle::deleted());
                management::deleted()
            }
        }
    }

    /// Sends a text message to an open connection, and to nobody else (MANAGEMENT-2, LIFECYCLE-28). It restarts the idle time (LIFECYCLE-6).
    /// Replies and error frames wait behind a full send buffer: only posts are refused (LIMITS-46).
    fn send(&mut self, now: Timestamp, peer: PeerId, text: String) {
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.connection.last_active_at = now;
            self.outputs.push_back(Output::Send { peer, text });
        }
    }

    fn decide(&mut self, connection_id: &str, request_id: &str, because: Because) {
        self.outputs.push_back(Output::Decision(Decision {
            connection_id: connection_id.to_owned(),
            request_id: request_id.to_owned(),
            because,
        }));
    }
}

#[cfg(test)]
mod tests;
