//! The specification at work: one machine, and the ways from it to clients, callers, functions and backends.
//!
//! The machine is behind a lock and not in a task of its own: whoever brings an input works off what follows from it, which spares every
//! message two changes of task. Nothing under the lock waits, but for the log: a reader of standard error
//! who does not read makes everybody wait, as in any program.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use spec::connection::CloseInfo;
use spec::http::{Headers, HttpResponse};
use spec::io::{
    Because, CallId, Decision, FunctionOutcome, Invocation, ManagementId, ManagementRequest,
    Outcome, PeerId,
};
use spec::{Input, Output, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::access_log::Lines;
use crate::backend::Backends;
use crate::clock::Clock;

/// What the machine wants of a client's task.
#[derive(Debug)]
pub(crate) enum ToClient {
    Accept(Headers),
    Reject(HttpResponse),
    Send(String),
    Close(CloseInfo),
}

/// A client's task, as the hub sees it.
pub(crate) struct Client {
    sender: mpsc::UnboundedSender<ToClient>,
    backlog: Arc<Backlog>,
}

/// What waits to be written to a client: its send buffer, before the operating system's.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: AtomicUsize,
    /// Whether the machine was told that it is full. Changed under the hub's lock only.
    is_full: AtomicBool,
    overflow: Notify,
    closing: Notify,
    is_lost: AtomicBool,
}

/// Where a decision goes besides the log.
pub type DecisionSink = Arc<dyn Fn(&Decision) + Send + Sync>;

/// Calls functions.
pub(crate) trait Invoke: Send + Sync {
    /// Starts a call; its result comes later, to [`Hub::result`].
    ///
    /// # Errors
    /// Why the function can not be called at all.
    fn invoke(&self, invocation: Invocation) -> Result<(), String>;

    /// When the next function has taken longer than it may.
    fn next_timeout(&self) -> Option<Timestamp>;

    /// Gives up the functions that have taken longer than they may at `now`: the failed calls, which are not reported to the hub then.
    fn time_out(&self, now: Timestamp) -> Vec<(CallId, FunctionOutcome)>;
}

/// The machine with its surroundings.
pub(crate) struct Hub {
    machine: Mutex<Machine>,
    clock: Clock,
    functions: Box<dyn Invoke>,
    backends: Backends,
    decisions: Option<DecisionSink>,
    access_log: Option<Lines>,
    /// The next timer is earlier than the timers' task knows.
    timer: Notify,
    /// Something ended that [`quiet`](Self::quiet) may wait for.
    ended: Notify,
    peers: AtomicU64,
}

struct Machine {
    gateway: crate::SpecGateway,
    clients: HashMap<PeerId, Client>,
    callers: HashMap<ManagementId, oneshot::Sender<HttpResponse>>,
    requests: u64,
    /// What the timers' task waits for.
    armed: Option<Timestamp>,
}

/// So much makes a send buffer full: posts are refused with 429 (MANAGEMENT-30). AWS does not say how much it holds.
const FULL_BYTES: usize = 1024 * 1024;
/// With so much left, there is room again.
const ROOM_BYTES: usize = FULL_BYTES / 2;
/// So much can only come together from the answers to a client's own messages, which are never refused (LIMITS-46): it asks, and does not
/// read. Its socket counts as lost.
const LOST_BYTES: usize = 8 * 1024 * 1024;

impl Hub {
    pub(crate) fn new(
        gateway: crate::SpecGateway,
        clock: Clock,
        decisions: Option<DecisionSink>,
        access_log: Option<Lines>,
        surroundings: impl FnOnce(Weak<Hub>) -> (Box<dyn Invoke>, Backends),
    ) -> Arc<Self> {
        Arc::new_cyclic(|hub| {
            let (functions, backends) = surroundings(hub.clone());
            Self {
                machine: Mutex::new(Machine {
                    gateway,
                    clients: HashMap::new(),
                    callers: HashMap::new(),
                    requests: 0,
                    armed: None,
                }),
                clock,
                functions,
                backends,
                decisions,
                access_log,
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
        let backlog = Arc::new(Backlog::default());
        let client = Client {
            sender,
            backlog: Arc::clone(&backlog),
        };
        self.lock().clients.insert(peer, client);
        (peer, receiver, backlog)
    }

    /// A client's task has ended.
    pub(crate) fn forget(&self, peer: PeerId) {
        self.lock().clients.remove(&peer);
        self.ended.notify_one();
    }

    /// Something happened: what follows from it is on its way when this returns.
    pub(crate) fn input(&self, input: Input) {
        let mut machine = self.lock();
        let now = self.clock.now();
        machine.gateway.handle_input(now, input);
        self.settle(&mut machine, now);
    }

    /// So many bytes were written to a client.
    pub(crate) fn written(&self, peer: PeerId, backlog: &Backlog, bytes: usize) {
        let left = backlog.bytes.fetch_sub(bytes, Ordering::SeqCst) - bytes;
        if left > ROOM_BYTES || !backlog.is_full.load(Ordering::SeqCst) {
            return;
        }
        let mut machine = self.lock();
        // Under the lock nothing is added: what is still true now is true when the machine hears it.
        if backlog.waiting() <= ROOM_BYTES && backlog.is_full.swap(false, Ordering::SeqCst) {
            let now = self.clock.now();
            let input = Input::SendBuffer { peer, full: false };
            machine.gateway.handle_input(now, input);
            self.settle(&mut machine, now);
        }
    }

    /// A function answered.
    pub(crate) fn result(&self, invocation: CallId, outcome: FunctionOutcome) {
        self.input(Input::CallFinished {
            id: invocation,
            outcome: Outcome::Function(outcome),
        });
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
            machine
                .gateway
                .handle_input(now, Input::Management { id, request });
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
                    machine.gateway.handle_timeout(now);
                    self.settle(&mut machine, now);
                }
                () = self.timer.notified() => {}
            }
        }
    }

    /// Moves a clock that stands by `time`, from one moment at which something is due to the next: what is due happens at its time and in
    /// its order. Nothing else comes between: whatever is called on the way has answered nothing when this returns the new time.
    pub(crate) fn advance(&self, time: Duration) -> Timestamp {
        let mut machine = self.lock();
        let end = self.clock.now() + time;
        loop {
            let due = machine.gateway.poll_timeout();
            let due = due.into_iter().chain(self.functions.next_timeout()).min();
            let Some(due) = due.filter(|due| *due <= end) else {
                break;
            };
            // What expires is taken before the clock shows it: woken by the clock, a function's
            // process would take its failed event first.
            let mut failed = self.functions.time_out(due);
            self.clock.set(due);
            let now = self.clock.now();
            machine.gateway.handle_timeout(now);
            // In the order of the calls, which functions with the same `Timeout` must not shuffle.
            failed.sort_unstable_by_key(|(invocation, _)| *invocation);
            for (invocation, outcome) in failed {
                let input = Input::CallFinished {
                    id: invocation,
                    outcome: Outcome::Function(outcome),
                };
                machine.gateway.handle_input(now, input);
            }
            self.settle(&mut machine, now);
        }
        self.clock.set(end);
        end
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
        while let Some(output) = machine.gateway.poll_output() {
            match output {
                Output::Accept { peer, headers } => machine.tell(peer, ToClient::Accept(headers)),
                Output::Reject { peer, response } => machine.tell(peer, ToClient::Reject(response)),
                Output::Send { peer, text } => {
                    machine.tell(peer, ToClient::Send(text));
                    if machine.fills_up(peer) {
                        let input = Input::SendBuffer { peer, full: true };
                        machine.gateway.handle_input(now, input);
                    }
                }
                Output::Close { peer, close } => machine.tell(peer, ToClient::Close(close)),
                Output::Invoke(invocation) => {
                    let id = invocation.id;
                    if let Err(reason) = self.functions.invoke(invocation) {
                        let input = Input::CallFinished {
                            id,
                            outcome: Outcome::Function(FunctionOutcome::NotInvocable(reason)),
                        };
                        machine.gateway.handle_input(now, input);
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
                    if let Some(lines) = &self.access_log {
                        lines.write(&line);
                    }
                }
                Output::Decision(decision) => self.log(&decision),
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

    fn log(&self, decision: &Decision) {
        // Evaluated only where somebody listens.
        let shown = || crate::log::escape(&decision.to_string()).into_owned();
        match decision.because {
            Because::Refused { .. }
            | Because::CallRefused { .. }
            | Because::IntegrationFailed(_) => {
                tracing::warn!(target: "gateway::access", "{}", shown());
            }
            _ => tracing::info!(target: "gateway::access", "{}", shown()),
        }
        if let Some(sink) = &self.decisions {
            sink(decision);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // A panic under the lock is a bug; the other clients are served on.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
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
            ToClient::Send(text) if client.backlog.add(text.len()) > LOST_BYTES => {
                tracing::warn!(
                    "a client has asked for {LOST_BYTES} bytes and does not read them: its connection counts as lost"
                );
                client.backlog.is_lost.store(true, Ordering::SeqCst);
                client.backlog.overflow.notify_one();
                return;
            }
            ToClient::Close(_) => client.backlog.closing.notify_one(),
            _ => {}
        }
        // A task that has just ended has said so, or is about to.
        let _ = client.sender.send(message);
    }

    /// Whether what was just sent has filled the client's buffer.
    fn fills_up(&self, peer: PeerId) -> bool {
        self.clients.get(&peer).is_some_and(|client| {
            let Backlog { is_full, .. } = &*client.backlog;
            if client.backlog.waiting() < FULL_BYTES || is_full.swap(true, Ordering::SeqCst) {
                return false;
            }
            // Its task may have written everything between the look and the note, and not have seen the note.
            let is_still = client.backlog.waiting() > ROOM_BYTES;
            is_full.store(is_still, Ordering::SeqCst);
            is_still
        })
    }
}

impl Backlog {
    fn add(&self, bytes: usize) -> usize {
        self.bytes.fetch_add(bytes, Ordering::SeqCst) + bytes
    }

    fn waiting(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// Whether more waited than may, so that something was dropped: the connection must not live on.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    /// Resolves when more waits than may.
    pub(crate) async fn overflow(&self) {
        self.overflow.notified().await;
    }

    /// Resolves when a close waits behind what is being written.
    pub(crate) async fn closing(&self) {
        self.closing.notified().await;
    }
}
