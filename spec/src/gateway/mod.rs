//! The machine: a dispatcher between what happens and the areas' rules. What a rule says is in its
//! area's module; here is only who is asked, and who waits for what.

mod access;
mod answer;
mod explain;
mod handshake;
mod log;
mod message;
mod pending;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::access_log;
use crate::compile::CompiledApi;
use crate::connection::{CloseInfo, Connection};
use crate::event::RequestIdentity;
use crate::handshake::{HandshakeRequest, Refusal};
use crate::http::HttpResponse;
use crate::ids::{self, IdSource};
use crate::io::{
    CallId, Decision, Input, ManagementId, ManagementRequest, Outcome, Output, PeerId, Reason,
};
use crate::lifecycle::{self, Effect, Event, State};
use crate::limits::Violation;
use crate::management::{self, Operation};
use crate::signature::Access;
use crate::throttle::{AccountLimits, Throttle};
use crate::time::Timestamp;
use crate::usage_plan::Usage;

pub use explain::{OpenConnection, Traffic};
use pending::Pending;
use timers::{Timer, Timers};

/// A WebSocket API at work: one stage with its connections and the calls that are under way.
pub struct Gateway {
    /// What is deployed: the rules of everything that begins now.
    rules: Arc<CompiledApi>,
    throttle: Throttle,
    access: Access,
    /// What was noted of calls of `@connections` that AWS would refuse: the errors' types, each
    /// once.
    noted: Vec<&'static str>,
    /// The kinds of calls that went astray of which was said so.
    misdirected: Vec<management::Misdirection>,
    usage: Usage,
    ids: Box<dyn IdSource + Send>,
    peers: HashMap<PeerId, Peer>,
    /// The open connections.
    by_connection_id: HashMap<String, PeerId>,
    pending: HashMap<CallId, Pending>,
    timers: Timers,
    outputs: VecDeque<Output>,
    calls: u64,
    /// Whether it goes down.
    is_draining: bool,
    /// Whether somebody watches.
    explains: bool,
}

/// A client and its connection.
struct Peer {
    state: State,
    connection: Connection,
    /// Until the connection is open.
    handshake: Option<Box<Handshake>>,
    /// Whether the send buffer is full.
    ///
    /// Realises: MANAGEMENT-30
    is_full: bool,
    /// How many messages came from the client, and how many went to it.
    traffic: Traffic,
}

/// A handshake that is under way.
struct Handshake {
    /// The rules that it began with.
    rules: Arc<CompiledApi>,
    request: HandshakeRequest,
    identity: RequestIdentity,
    trace_id: String,
    /// What the access log's line will say, until it is written.
    log: Option<access_log::Entry>,
}

impl Gateway {
    /// A gateway that serves `rules` and takes the unpredictable part of its ids from `ids`. Only
    /// the functions can sign ([`with_access`](Self::with_access)), and the account has the limits
    /// of a new one ([`with_account_limits`](Self::with_account_limits)).
    pub fn new(rules: Arc<CompiledApi>, ids: impl IdSource + Send + 'static) -> Self {
        Self {
            throttle: Throttle::new(&rules, AccountLimits::default()),
            access: Access::new(&rules),
            noted: Vec::new(),
            misdirected: Vec::new(),
            usage: Usage::new(&rules),
            rules,
            ids: Box::new(ids),
            peers: HashMap::new(),
            by_connection_id: HashMap::new(),
            pending: HashMap::new(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            calls: 0,
            is_draining: false,
            explains: false,
        }
    }

    /// The same gateway in an account with other limits.
    #[must_use]
    pub fn with_account_limits(mut self, limits: AccountLimits) -> Self {
        self.throttle = Throttle::new(&self.rules, limits);
        self
    }

    /// The deployment that is served.
    pub fn api(&self) -> &Arc<CompiledApi> {
        &self.rules
    }

    /// Takes in what happened at `now`. What follows from it is to be fetched with
    /// [`poll_output`](Self::poll_output). What was due before happens before, so a caller whose
    /// alarm comes late gets no other order of things.
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
                self.violated(now, peer, violation);
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
            Input::Deploy(rules) => self.deploy(now, rules),
            Input::Shutdown => {
                self.is_draining = true;
                let mut peers: Vec<PeerId> = self.peers.keys().copied().collect();
                peers.sort_unstable();
                for peer in peers {
                    self.end(now, peer, Event::Shutdown, &lifecycle::going_away());
                }
            }
        }
    }

    /// The rules change for what begins from now on. Everything that is under way holds its own,
    /// and neither buckets nor quotas are filled up.
    ///
    /// Realises: ROUTE-30, ROUTE-31, AUTHORIZER-53, LIFECYCLE-30, LIFECYCLE-32, LIFECYCLE-33
    fn deploy(&mut self, now: Timestamp, rules: Arc<CompiledApi>) {
        if rules.can_follow(&self.rules).is_ok() {
            self.throttle.deploy(now, &rules);
            self.usage.deploy(now, &rules);
            self.rules = rules;
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

    /// Whether a call of a function, a backend or a service is under way.
    pub fn is_calling(&self) -> bool {
        !self.pending.is_empty()
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

    /// A connection, or the attempt at one, ends: closes the socket where it is still there, and
    /// runs `$disconnect` where there was a connection, which a post does not reach any more.
    ///
    /// Realises: LIFECYCLE-10
    fn end(&mut self, now: Timestamp, peer: PeerId, event: Event, close: &CloseInfo) {
        self.end_for(now, peer, event, (close, None));
    }

    /// Ends a connection whose client has broken a rule.
    fn violated(&mut self, now: Timestamp, peer: PeerId, violation: Violation) {
        let why = (&violation.close(), Some(violation));
        self.end_for(now, peer, Event::Violation, why);
    }

    fn end_for(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        event: Event,
        (close, violation): (&CloseInfo, Option<Violation>),
    ) {
        let effect = self.step(peer, event);
        match effect {
            Effect::Reject => {
                self.reject(peer, &going_down(), GOING_DOWN.to_owned());
            }
            Effect::CloseAndDisconnect => {
                self.outputs.push_back(Output::Close {
                    peer,
                    close: close.clone(),
                });
                self.disconnect(now, peer, close, violation);
            }
            Effect::Disconnect => self.disconnect(now, peer, close, violation),
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
        let parsed = management::parse(&self.rules, request);
        let astray = parsed.as_ref().err().cloned();
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
                let trace_id = self.ids.trace_id(now);
                self.operate(now, operation, &connection_id)
                    .header("x-amzn-trace-id", trace_id)
            }
        };
        let uuid = ids::uuid(&mut *self.ids);
        let request_id = self.ids.request_id(now);
        let response = management::stamped(response, &uuid, &request_id);
        if let Some(objection) = objection {
            self.note(&objection, request, &request_id);
        }
        self.redirect(astray.as_ref(), request, &request_id);
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

    /// Sends a text message to an open connection, and to nobody else. It restarts the idle time.
    /// Replies and error frames wait behind a full send buffer: only posts are refused.
    ///
    /// Realises: MANAGEMENT-2, LIFECYCLE-28, LIFECYCLE-6, LIMITS-46
    fn send(&mut self, now: Timestamp, peer: PeerId, text: String) {
        if let Some(entry) = self.peers.get_mut(&peer) {
            entry.connection.last_active_at = now;
            entry.traffic.sent += 1;
            self.outputs.push_back(Output::Send { peer, text });
        }
    }

    fn decide(&mut self, connection_id: &str, request_id: &str, reason: Reason) {
        self.outputs.push_back(Output::Decision(Decision {
            connection_id: connection_id.to_owned(),
            request_id: request_id.to_owned(),
            reason,
        }));
    }
}

/// The refusal of a handshake by a gateway that goes down.
fn going_down() -> Refusal {
    Refusal::Status(503, String::new())
}

const GOING_DOWN: &str = "the gateway goes down";

#[cfg(test)]
mod tests;
