//! The processes of one function: [`PoolMachine`] with sandboxes, timers and the hub around it.
//!
//! Nothing waits while the pool's lock is held, and nobody calls the hub with it: the hub calls
//! the pool under its own lock.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation};
use stack::Asynchronous;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::failure::{self, Failure};
use super::launch::Launch;
use super::machine::{Action, Due, End, Event, Figures, Next, Now, PoolMachine, ProcessId};
use super::output::Sink;
use super::sandbox::{Given, Sandbox, Told, Work, pass_panic_on};
use super::watchdog::Watchdog;
use crate::calls::Results;
use crate::clock::Clock;
use crate::ids::Random;

/// The processes of one function.
pub(crate) struct Pool {
    /// The function's.
    name: String,
    /// What the log calls it.
    pub(super) label: String,
    pub(super) sink: Sink,
    pub(super) clock: Clock,
    pub(super) watchdog: Arc<Watchdog>,
    pub(super) results: Weak<dyn Results>,
    /// The machine's steady time begins here.
    epoch: Instant,
    state: Mutex<State>,
    /// What [`Pool::run`] has to do.
    work: mpsc::UnboundedSender<Work>,
    /// Something is due earlier than [`Pool::run`] knows.
    timer: Notify,
    /// Something has happened that [`Pool::fetched`] or [`Pool::ended`] may wait for.
    moved: Notify,
}

pub(super) struct State {
    machine: PoolMachine,
    /// Of the processes that are started from now on.
    launch: Arc<Launch>,
    sandboxes: HashMap<ProcessId, Arc<Sandbox>>,
    /// The tasks of processes. One may outlive its process, to read what that has written.
    tasks: usize,
    ids: Random,
    /// What [`Pool::run`] waits for.
    armed: Due,
}

/// What is to be done.
pub(super) type Works = mpsc::UnboundedReceiver<Work>;

/// As many events are in work as `ReservedConcurrentExecutions` lets be, which are so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttled(pub(super) usize);

/// How long the output of a process that has ended may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Pool {
    pub(super) fn new(
        launch: Launch,
        sink: Sink,
        clock: Clock,
        watchdog: Arc<Watchdog>,
        results: Weak<dyn Results>,
    ) -> (Arc<Self>, Works) {
        let (work, receiver) = mpsc::unbounded_channel();
        let pool = Self {
            name: launch.name.clone(),
            label: launch.label.clone(),
            sink,
            clock,
            watchdog,
            results,
            epoch: Instant::now(),
            state: Mutex::new(State {
                machine: PoolMachine::new(launch.limits()),
                launch: Arc::new(launch),
                sandboxes: HashMap::new(),
                tasks: 0,
                ids: Random::new(),
                armed: Due::default(),
            }),
            work,
            timer: Notify::new(),
            moved: Notify::new(),
        };
        (Arc::new(pool), receiver)
    }

    /// Runs the processes, each by `process`, and lets time pass for them. Never ends; dropped, it
    /// kills them.
    ///
    /// # Panics
    /// If a task that serves a process has panicked.
    pub(super) async fn run<F>(
        self: Arc<Self>,
        mut work: Works,
        process: impl Fn(Arc<Self>, Arc<Sandbox>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut sandboxes = JoinSet::new();
        loop {
            let due = {
                let mut state = self.lock();
                state.armed = state.machine.due();
                state.armed
            };
            let steady = async {
                match due.steady {
                    Some(at) => tokio::time::sleep_until(self.epoch + at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.clock.sleep_until(due.clock) => self.step(PoolMachine::expire),
                () = steady => self.step(PoolMachine::expire),
                () = self.timer.notified() => {}
                Some(work) = work.recv() => match work {
                    Work::Start(sandbox) => {
                        sandboxes.spawn(process(Arc::clone(&self), sandbox));
                    }
                    Work::Look(sandboxes) => self.look(&sandboxes).await,
                },
                Some(ended) = sandboxes.join_next() => {
                    pass_panic_on(ended);
                    self.lock().tasks -= 1;
                    self.moved.notify_waiters();
                }
            }
        }
    }

    /// The function's name, and how many processes and events there are.
    pub(super) fn figures(&self) -> (String, Figures) {
        (self.name.clone(), self.lock().machine.figures())
    }

    /// Gives an event to a process, or lets it wait for one; its request id. Called under the hub's
    /// lock.
    ///
    /// # Errors
    /// As many events as there may be are in work.
    pub(super) fn invoke(
        self: &Arc<Self>,
        invocation: Invocation,
        given: Given,
    ) -> Result<String, Throttled> {
        let mut state = self.lock();
        if let Some(most) = state.launch.reserved_concurrency
            && state.machine.in_flight() >= most
        {
            return Err(Throttled(most));
        }
        let now = self.now();
        let request_id = given.request_id;
        let request_id = request_id.unwrap_or_else(|| spec::ids::uuid(&mut state.ids));
        let event = Event {
            call: invocation.id,
            request_id: request_id.clone(),
            payload: invocation.payload,
            trace_id: invocation.trace_id,
            client_context: given.client_context,
            patience: invocation.deadline.since(now.clock),
        };
        self.trace_queued(event.call, &request_id);
        state.machine.invoke(now, event);
        let told = self.perform(&mut state);
        drop(state);
        self.report_later(told);
        Ok(request_id)
    }

    /// What becomes of events that nobody waits for.
    pub(super) fn asynchronous(&self) -> Asynchronous {
        self.lock().launch.asynchronous
    }

    /// Events fetched from now on are run by this program; what is being worked on is
    /// finished by the old one. Called under the hub's lock.
    pub(super) fn replace(self: &Arc<Self>, launch: Launch) {
        let mut state = self.lock();
        let now = self.now();
        // Before the machine starts anything.
        state.launch = Arc::new(launch);
        let limits = state.launch.limits();
        state.machine.replace(now, limits);
        let told = self.perform(&mut state);
        drop(state);
        self.report_later(told);
    }

    /// The next event for a process; `None` if it must not ask. Waits for it; may be dropped and
    /// called again.
    pub(super) async fn next(&self, sandbox: &Sandbox) -> Option<Event> {
        loop {
            let event = sandbox.event.notified();
            tokio::pin!(event);
            event.as_mut().enable();
            match self.step(|machine, now| machine.next(now, sandbox.id)) {
                Next::Event(event) => return Some(event),
                Next::Refused => return None,
                Next::Wait => event.await,
            }
        }
    }

    /// A process that asked for an event has hung up.
    pub(super) fn hung_up(&self, sandbox: &Sandbox) {
        self.step(|machine, now| machine.hung_up(now, sandbox.id));
        // Should it have asked twice, the other connection asks anew.
        sandbox.event.notify_waiters();
    }

    /// A process answered: its result, or its error. Whether there was such an event.
    pub(super) fn complete(&self, sandbox: &Sandbox, request_id: &str, end: End) -> bool {
        let known = self.step(|machine, now| machine.complete(now, sandbox.id, request_id, end));
        // Should it have asked before it has answered, it asks anew.
        sandbox.event.notify_waiters();
        known
    }

    /// A process says why it cannot start. Whether it was still starting.
    pub(super) fn init_failed(&self, sandbox: &Sandbox, error: String) -> bool {
        self.step(|machine, _| machine.init_failed(sandbox.id, error))
    }

    /// A process has ended. What it said may not be read yet.
    pub(super) fn gone(&self, sandbox: &Sandbox) {
        self.step(|machine, now| machine.gone(now, sandbox.id));
        // Nobody waits for an event any more, whoever it was that asked.
        sandbox.event.notify_waiters();
    }

    /// A process has ended, and everything that it said was read.
    pub(super) fn exited(&self, sandbox: &Sandbox, failure: Failure) {
        let mut state = self.lock();
        let now = self.now();
        state.machine.exited(now, sandbox.id, failure);
        // It may be told of its log.
        let told = self.perform(&mut state);
        state.sandboxes.remove(&sandbox.id);
        drop(state);
        self.report(told);
    }

    /// When the gateway's clock next ends an event.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.lock().machine.next_timeout()
    }

    /// Ends whatever is due at `clock`, and returns the failed calls instead of reporting them.
    pub(super) fn expire(
        self: &Arc<Self>,
        state: &mut State,
        clock: Timestamp,
    ) -> Vec<(CallId, FunctionOutcome)> {
        let now = Now {
            clock,
            ..self.now()
        };
        state.machine.expire(now);
        let Told { starts, finished } = self.perform(state);
        self.report_later(Told {
            starts,
            finished: Vec::new(),
        });
        finished
            .into_iter()
            .filter_map(|one| Some((one.call, self.outcome(one)?)))
            .collect()
    }

    /// Resolves when every event has been fetched, except those for which there may be no more
    /// processes.
    pub(super) async fn fetched(&self) {
        self.until(|state| state.machine.is_settled()).await;
    }

    /// Ends all processes, and starts none any more: what waits fails.
    pub(super) fn stop(&self) {
        self.step(|machine, _| machine.stop());
    }

    /// Resolves when no process is left, and what they have written was read. What somebody else
    /// holds open is not read to its end.
    pub(super) async fn ended(&self) {
        let ended = async {
            self.until(|state| state.machine.is_empty()).await;
            let _ = timeout(LAST_WORDS, self.until(|state| state.tasks == 0)).await;
        };
        tokio::select! {
            () = ended => {}
            // Nobody runs them any more: they were killed.
            () = self.work.closed() => {}
        }
    }

    /// # Panics
    /// If another task has panicked while it held the lock: nothing can be trusted then.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("another task panicked in the pool")
    }

    async fn until(&self, reached: impl Fn(&State) -> bool) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if reached(&self.lock()) {
                return;
            }
            moved.await;
        }
    }

    /// Gives the machine an input, and does what follows from it.
    pub(super) fn step<T>(&self, input: impl FnOnce(&mut PoolMachine, Now) -> T) -> T {
        let mut state = self.lock();
        let now = self.now();
        let output = input(&mut state.machine, now);
        let told = self.perform(&mut state);
        drop(state);
        self.report(told);
        output
    }

    /// Does what the machine wants done, except for what is told without the pool's lock.
    fn perform(&self, state: &mut State) -> Told {
        let mut told = Told::default();
        while let Some(action) = state.machine.poll_action() {
            match action {
                Action::Start(id) => {
                    let name = spec::ids::uuid(&mut state.ids);
                    let (launch, sink) = (Arc::clone(&state.launch), self.sink.clone());
                    let sandbox = Arc::new(Sandbox::new(id, launch, name, sink));
                    state.sandboxes.insert(id, Arc::clone(&sandbox));
                    state.tasks += 1;
                    // Once `run` has been dropped, everything ends.
                    let _ = self.work.send(Work::Start(sandbox));
                }
                Action::Look => {
                    let sandboxes = state.sandboxes.values().cloned().collect();
                    let _ = self.work.send(Work::Look(sandboxes));
                }
                Action::Deliver(id) => {
                    if let Some(sandbox) = state.sandboxes.get(&id) {
                        sandbox.event.notify_one();
                    }
                }
                Action::Kill(id) => {
                    if let Some(sandbox) = state.sandboxes.get(&id) {
                        sandbox.kill.notify_one();
                    }
                }
                Action::StartCut(after) => tracing::warn!(
                    "function `{}`: {}; it is run again, within the function's `Timeout`",
                    self.label,
                    failure::init_timed_out(after)
                ),
                Action::StartFailed(failed) => {
                    if let Some(sandbox) = state.sandboxes.get(&failed.process) {
                        told.starts.push((Arc::clone(sandbox), failed));
                    }
                }
                Action::Finished(one) => told.finished.push(one),
            }
        }
        if state.machine.due().is_before(state.armed) {
            self.timer.notify_one();
        }
        self.moved.notify_waiters();
        told
    }

    pub(super) fn now(&self) -> Now {
        Now {
            clock: self.clock.now(),
            steady: self.epoch.elapsed(),
        }
    }
}
