//! The specification at work: one machine, and the ways from it to clients, callers, functions and
//! backends.
//!
//! The machine is behind a lock and not in a task of its own: whoever brings an input works off
//! what follows from it, which saves two task switches per message. Nothing waits under the
//! lock: what leaves it goes into queues.

mod backlog;
mod level;
mod record;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use spec::connection::CloseInfo;
use spec::http::{Headers, HttpResponse};
use spec::io::{
    CallId, Decision, FunctionOutcome, ManagementId, ManagementRequest, Outcome, PeerId,
};
use spec::{CompiledApi, Input, Output, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::access_log::Lines;
use crate::calls::{Invoke, Results};
use crate::clock::Clock;
use crate::services::backend::Backends;
use crate::subscription::{Publisher, Subscription};
use crate::trace::Traces;

pub(crate) use backlog::Backlog;

/// What the machine wants of a client's task.
#[derive(Debug)]
pub(crate) enum ToClient {
    Accept(Headers),
    Reject(HttpResponse),
    Send(String),
    Close(CloseInfo),
}

/// A client's task, as the hub sees it.
struct Client {
    sender: mpsc::UnboundedSender<ToClient>,
    backlog: Arc<Backlog>,
}

/// The machine with its surroundings.
pub(crate) struct Hub {
    machine: Mutex<Machine>,
    clock: Clock,
    functions: Arc<dyn Invoke>,
    backends: Backends,
    decisions: Publisher,
    traces: Traces,
    /// The next timer is earlier than the timers' task knows.
    timer: Notify,
    /// Something ended that [`quiet`](Self::quiet) may wait for.
    ended: Notify,
    peers: AtomicU64,
}

struct Machine {
    gateway: crate::SpecGateway,
    /// What was told to those who watch, and is still to be done. Empty while nobody watches.
    told: VecDeque<Output>,
    clients: HashMap<PeerId, Client>,
    callers: HashMap<ManagementId, oneshot::Sender<HttpResponse>>,
    requests: u64,
    /// How many handshakes, messages and requests to `@connections` have come.
    arrived: u64,
    /// Where lines for requests go, once a stage has a format for them.
    access_log: Option<Lines>,
    /// What the timers' task waits for.
    armed: Option<Timestamp>,
}

impl Hub {
    pub(crate) fn new(
        gateway: crate::SpecGateway,
        clock: Clock,
        access_log: Option<Lines>,
        traces: Traces,
        surroundings: impl FnOnce(Weak<Hub>) -> (Arc<dyn Invoke>, Backends),
    ) -> Arc<Self> {
        Arc::new_cyclic(|hub| {
            let (functions, backends) = surroundings(hub.clone());
            Self {
                machine: Mutex::new(Machine {
                    gateway,
                    told: VecDeque::new(),
                    clients: HashMap::new(),
                    callers: HashMap::new(),
                    requests: 0,
                    arrived: 0,
                    access_log,
                    armed: None,
                }),
                clock,
                functions,
                backends,
                decisions: Publisher::new(),
                traces,
                timer: Notify::new(),
                ended: Notify::new(),
                peers: AtomicU64::new(0),
            }
        })
    }

    /// A new client: its number, what the machine will want of it, and its backlog.
    pub(crate) fn client(&self) -> (PeerId, mpsc::UnboundedReceiver<ToClient>, Arc<Backlog>) {
        let peer = PeerId(self.peers.fetch_add(1, Ordering::Relaxed));
        let (sender, receiver) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::new());
        let client = Client {
            sender,
            backlog: Arc::clone(&backlog),
        };
        self.lock().clients.insert(peer, client);
        (peer, receiver, backlog)
    }

    /// A client's task has ended, in whatever way: its connection has too, if it had one.
    pub(crate) fn forget(&self, peer: PeerId) {
        let Ok(mut machine) = self.machine.lock() else {
            // The task may be unwinding from the very panic that broke the machine.
            return;
        };
        let now = self.clock.now();
        let input = Input::PeerClosed { peer, close: None };
        self.take(&mut machine, now, input);
        self.settle(&mut machine, now);
        machine.clients.remove(&peer);
        self.ended.notify_one();
    }

    /// Whether the machine broke: a panic under its lock leaves it in a state that nobody knows.
    pub(crate) fn is_broken(&self) -> bool {
        self.machine.is_poisoned()
    }

    /// Serves `rules` from now on; `functions` has their functions ready before anything can call
    /// them.
    pub(crate) fn deploy(&self, rules: Arc<CompiledApi>, functions: impl FnOnce()) {
        let mut machine = self.lock();
        functions();
        let now = self.clock.now();
        self.take(&mut machine, now, Input::Deploy(rules));
        self.settle(&mut machine, now);
    }

    /// Lines for requests go here from now on.
    pub(crate) fn log_accesses(&self, lines: Lines) {
        self.lock().access_log = Some(lines);
    }

    /// The decisions from now on.
    pub(crate) fn subscribe(&self) -> Subscription {
        self.decisions.subscribe()
    }

    /// Something happened: what follows from it is on its way when this returns.
    pub(crate) fn input(&self, input: Input) {
        let mut machine = self.lock();
        let now = self.clock.now();
        self.take(&mut machine, now, input);
        self.settle(&mut machine, now);
    }

    /// A message of `bytes` bytes was written to a client.
    pub(crate) fn written(&self, peer: PeerId, backlog: &Backlog, bytes: usize) {
        if !backlog.take(bytes) {
            return;
        }
        let mut machine = self.lock();
        if backlog.has_room_again() {
            let now = self.clock.now();
            let input = Input::SendBuffer { peer, full: false };
            self.take(&mut machine, now, input);
            self.settle(&mut machine, now);
        }
    }

    /// A request to the `@connections` API.
    pub(crate) async fn management(&self, request: ManagementRequest) -> HttpResponse {
        let (sender, receiver) = oneshot::channel();
        {
            let mut machine = self.lock();
            let now = self.clock.now();
            machine.requests += 1;
            let id = ManagementId(machine.requests);
            machine.callers.insert(id, sender);
            self.take(&mut machine, now, Input::Management { id, request });
            self.settle(&mut machine, now);
        }
        // The machine answers every request; were it not to, the caller must not hang.
        receiver.await.unwrap_or_else(|_| HttpResponse::new(500))
    }

    /// Lets time pass for the machine. Never ends.
    pub(crate) async fn run_timers(&self) {
        loop {
            let next = {
                let mut machine = self.lock();
                machine.armed = machine.gateway.poll_timeout();
                machine.armed
            };
            tokio::select! {
                () = self.clock.sleep_until(next) => {
                    let mut machine = self.lock();
                    let now = self.clock.now();
                    self.pass(&mut machine, now);
                    self.settle(&mut machine, now);
                }
                () = self.timer.notified() => {}
            }
        }
    }

    /// Moves a frozen clock by `time`, from one moment at which something is due to the next: what is
    /// due happens at its own time and in its order. Nothing else comes between: whatever is called
    /// on the way has answered nothing when this returns the new time.
    pub(crate) fn advance(&self, time: Duration) -> Timestamp {
        let mut machine = self.lock();
        let end = self.clock.now() + time;
        loop {
            let due = machine.gateway.poll_timeout();
            let due = due.into_iter().chain(self.functions.next_timeout()).min();
            let now = due.map_or(end, |due| due.min(end)).max(self.clock.now());
            let mut failed = self.functions.advance_to(now);
            self.pass(&mut machine, now);
            // In the order of the calls, which functions with the same `Timeout` must not shuffle.
            failed.sort_unstable_by_key(|(invocation, _)| *invocation);
            for (invocation, outcome) in failed {
                let input = Input::CallFinished {
                    id: invocation,
                    outcome: Outcome::Function(outcome),
                };
                self.take(&mut machine, now, input);
            }
            self.settle(&mut machine, now);
            if due.is_none_or(|due| due > end) {
                self.traces.advanced(end);
                return end;
            }
        }
    }

    /// Resolves when no client is left and no call is under way.
    pub(crate) async fn quiet(&self) {
        loop {
            {
                let machine = self.lock();
                if machine.clients.is_empty() && machine.gateway.is_idle() {
                    return;
                }
            }
            self.ended.notified().await;
        }
    }

    /// What there is to see of the machine.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&crate::SpecGateway) -> T) -> T {
        at(&self.lock().gateway)
    }

    /// Does what the machine wants done.
    fn settle(&self, machine: &mut Machine, now: Timestamp) {
        while let Some(output) = machine.next_output() {
            match output {
                Output::Accept { peer, headers } => machine.tell(peer, ToClient::Accept(headers)),
                Output::Reject { peer, response } => machine.tell(peer, ToClient::Reject(response)),
                Output::Send { peer, text } => {
                    machine.tell(peer, ToClient::Send(text));
                    if machine.fills_up(peer) {
                        let input = Input::SendBuffer { peer, full: true };
                        self.take(machine, now, input);
                    }
                }
                Output::Close { peer, close } => machine.tell(peer, ToClient::Close(close)),
                Output::Invoke(invocation) => {
                    let id = invocation.id;
                    if let Err(error) = self.functions.invoke(invocation) {
                        let outcome = FunctionOutcome::NotInvocable(error.to_string()).into();
                        let input = Input::CallFinished { id, outcome };
                        self.take(machine, now, input);
                    }
                }
                Output::HttpRequest(call) => self.backends.request(call),
                Output::CallService(call) => self.backends.call_service(call),
                Output::ManagementReply { id, response } => {
                    if let Some(caller) = machine.callers.remove(&id) {
                        // A caller that has gone needs no answer.
                        let _ = caller.send(response);
                    }
                }
                Output::AccessLog(line) => {
                    if let Some(lines) = &machine.access_log {
                        lines.write(&line);
                    }
                }
                Output::Decision(decision) => self.tell(decision),
                Output::Explanation(_) => {}
            }
        }
        let next = machine.gateway.poll_timeout();
        if next.is_some_and(|next| machine.armed.is_none_or(|armed| next < armed)) {
            self.timer.notify_one();
        }
        if machine.gateway.is_idle() {
            self.ended.notify_one();
        }
    }

    /// Reports what was decided: to the log, and to whoever subscribed.
    fn tell(&self, decision: Decision) {
        // Evaluated only where somebody listens.
        let shown = || crate::log::escape(&decision.to_string()).into_owned();
        match decision.reason.is_failure() {
            true => tracing::warn!(target: "gateway::access", "{}", shown()),
            false => tracing::info!(target: "gateway::access", "{}", shown()),
        }
        self.decisions.publish(decision);
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // A machine that panicked must not decide anything more; the supervisor ends the gateway.
        self.machine.lock().expect("the machine is whole")
    }
}

impl Results for Hub {
    fn finished(&self, id: CallId, outcome: Outcome) {
        // A machine that is broken decides nothing more.
        if !self.is_broken() {
            self.input(Input::CallFinished { id, outcome });
        }
    }
}

impl Machine {
    fn tell(&self, peer: PeerId, message: ToClient) {
        let Some(client) = self.clients.get(&peer) else {
            return;
        };
        if client.backlog.is_lost() {
            // What came before is missing: nothing may come behind it.
            return;
        }
        match &message {
            ToClient::Send(text) if !client.backlog.add(text.len()) => {
                tracing::warn!(
                    "a client has asked for more than {} bytes and does not read them: its \
                     connection counts as lost",
                    backlog::LOST_BYTES
                );
                return;
            }
            ToClient::Close(_) => client.backlog.close(),
            _ => {}
        }
        // A task that has just ended has said so, or is about to.
        let _ = client.sender.send(message);
    }

    /// Whether what was just sent has filled the client's buffer.
    fn fills_up(&self, peer: PeerId) -> bool {
        let client = self.clients.get(&peer);
        client.is_some_and(|client| client.backlog.fills_up())
    }
}
