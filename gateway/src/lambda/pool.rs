//! The processes of one function, and the events that wait for one.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::failure;
use super::output::Sink;
use super::process::{Job, Phase, Process};
use super::sandbox::{self, Sandbox};
use crate::clock::Clock;
use crate::hub::Hub;
use crate::ids::Random;

/// How a function's process is started.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) executable: PathBuf,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) timeout: Duration,
    pub(crate) max_processes: usize,
}

/// The processes of one function.
pub(crate) struct Pool {
    pub(super) launch: Launch,
    pub(super) sink: Sink,
    pub(super) clock: Clock,
    hub: Weak<Hub>,
    state: Mutex<State>,
    /// The last process has gone.
    empty: Notify,
    /// A process has fetched an event, or has gone.
    moved: Notify,
}

struct State {
    ids: Random,
    /// Events for which no process is free.
    queue: VecDeque<Job>,
    /// Processes that wait for an event, the last used at the end.
    waiting: Vec<u64>,
    processes: HashMap<u64, Process>,
    started: u64,
    /// Whether somebody looks after a queue that does not move.
    growing: bool,
    stopped: bool,
}

/// An event as a process fetches it.
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) payload: String,
    pub(super) trace_id: String,
    pub(super) deadline_millis: u64,
}

/// What a process asked that it must not.
#[derive(Debug)]
pub(super) struct OutOfTurn;

/// So many processes are started as soon as there is work for them …
const EAGER: usize = 4;
/// … and one more each time that an event has waited so long: a function that sleeps must not hold up the others.
const PATIENCE: Duration = Duration::from_millis(100);
/// Lambda gives a process ten seconds to start.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

impl Pool {
    pub(super) fn new(launch: Launch, sink: Sink, clock: Clock, hub: Weak<Hub>) -> Arc<Self> {
        Arc::new(Self {
            launch,
            sink,
            clock,
            hub,
            state: Mutex::new(State {
                ids: Random::new(),
                queue: VecDeque::new(),
                waiting: Vec::new(),
                processes: HashMap::new(),
                started: 0,
                growing: false,
                stopped: false,
            }),
            empty: Notify::new(),
            moved: Notify::new(),
        })
    }

    /// Hands an event to a process, or lets it wait for one.
    pub(super) fn invoke(self: &Arc<Self>, invocation: Invocation) {
        let mut state = self.lock();
        let job = Job {
            invocation: invocation.id,
            request_id: spec::ids::uuid(&mut state.ids),
            payload: invocation.payload,
            trace_id: invocation.trace_id,
            queued: Instant::now(),
        };
        if let Some(id) = state.waiting.pop()
            && let Some(process) = state.processes.get_mut(&id)
        {
            process.phase = Phase::Given(job);
            process.sandbox.event.notify_one();
            return;
        }
        state.queue.push_back(job);
        self.grow(&mut state);
    }

    /// The next event for a process. Waits for it; may be dropped and called again.
    ///
    /// # Errors
    /// The process has an event already.
    pub(super) async fn next(self: &Arc<Self>, sandbox: &Sandbox) -> Result<Event, OutOfTurn> {
        loop {
            {
                let mut state = self.lock();
                let state = &mut *state;
                let Some(process) = state.processes.get_mut(&sandbox.id) else {
                    return Err(OutOfTurn);
                };
                let job = match std::mem::replace(&mut process.phase, Phase::Waiting) {
                    Phase::Given(job) => Some(job),
                    Phase::Starting | Phase::Answered => match state.queue.pop_front() {
                        Some(job) => Some(job),
                        None => {
                            state.waiting.push(sandbox.id);
                            None
                        }
                    },
                    Phase::Waiting => None,
                    other @ (Phase::Busy { .. } | Phase::Overdue) => {
                        process.phase = other;
                        return Err(OutOfTurn);
                    }
                };
                if let Some(job) = job {
                    return Ok(self.start(process, job));
                }
            }
            sandbox.event.notified().await;
        }
    }

    /// A process answered: its result, or its error. Whether there was such an event.
    pub(super) fn complete(
        &self,
        sandbox: &Sandbox,
        request_id: &str,
        outcome: FunctionOutcome,
    ) -> bool {
        let job = {
            let mut state = self.lock();
            let Some(process) = state.processes.get_mut(&sandbox.id) else {
                return false;
            };
            match std::mem::replace(&mut process.phase, Phase::Answered) {
                Phase::Busy { job, .. } if job.request_id == request_id => job,
                other => {
                    process.phase = other;
                    return false;
                }
            }
        };
        self.report(&job, outcome);
        true
    }

    /// A process says why it can not start.
    pub(super) fn init_failed(&self, sandbox: &Sandbox, error: String) {
        if let Some(process) = self.lock().processes.get_mut(&sandbox.id) {
            process.init_error = Some(error);
        }
    }

    /// When to look at a process again, if ever.
    pub(super) fn armed(&self, sandbox: &Sandbox) -> Option<Timestamp> {
        self.lock().processes.get(&sandbox.id)?.armed
    }

    /// Whether a process's time is up: its event has failed then. If not, when to look again is known.
    pub(super) fn is_overdue(&self, sandbox: &Sandbox) -> bool {
        let failed = {
            let mut state = self.lock();
            let Some(process) = state.processes.get_mut(&sandbox.id) else {
                return true;
            };
            match process.time_out(self.clock.now()) {
                Some(job) => job,
                None => {
                    process.armed = process.until();
                    return matches!(process.phase, Phase::Overdue);
                }
            }
        };
        let outcome = self.timed_out(&failed);
        self.report(&failed, outcome);
        true
    }

    /// When the time of the next process is up.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        let state = self.lock();
        state.processes.values().filter_map(Process::until).min()
    }

    /// Lets fail whatever event is due at `now`, and hands the failures over instead of reporting them. The processes are killed when their
    /// sandboxes look.
    pub(super) fn time_out(&self, now: Timestamp) -> Vec<(CallId, FunctionOutcome)> {
        let mut state = self.lock();
        let processes = state.processes.values_mut();
        processes
            .filter_map(|process| process.time_out(now))
            .map(|job| (job.invocation, self.timed_out(&job)))
            .collect()
    }

    /// Resolves when every event has been fetched, but those for which there may be no more processes.
    pub(crate) async fn fetched(&self) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.lock().is_fetched(self.launch.max_processes) {
                return;
            }
            moved.await;
        }
    }

    /// Whether a process has never asked for an event.
    pub(super) fn is_starting(&self, sandbox: &Sandbox) -> bool {
        let state = self.lock();
        let process = state.processes.get(&sandbox.id);
        process.is_some_and(|process| matches!(process.phase, Phase::Starting))
    }

    /// How long a process may take before it asks for an event.
    pub(super) fn init_timeout(&self) -> Duration {
        INIT_TIMEOUT.max(self.launch.timeout)
    }

    /// A process has ended. Its event fails, unless it never saw it; others may need a new process.
    pub(super) fn exited(self: &Arc<Self>, sandbox: &Sandbox, end: &sandbox::End) {
        let mut failed = None;
        {
            let mut state = self.lock();
            let Some(process) = state.processes.remove(&sandbox.id) else {
                return;
            };
            state.waiting.retain(|id| *id != sandbox.id);
            match process.phase {
                Phase::Busy { job, .. } => {
                    let error = self.describe(&job.request_id, end);
                    failed = Some((job, error));
                }
                // It died before it saw the event: another process gets it.
                Phase::Given(job) => state.queue.push_front(job),
                Phase::Starting => {
                    if let Some(job) = state.queue.pop_front() {
                        let error = process
                            .init_error
                            .unwrap_or_else(|| self.describe(&job.request_id, end));
                        failed = Some((job, error));
                    }
                }
                Phase::Waiting | Phase::Answered | Phase::Overdue => {}
            }
            if state.processes.is_empty() {
                self.empty.notify_one();
            }
            self.moved.notify_waiters();
            self.grow(&mut state);
        }
        if let Some((job, error)) = failed {
            tracing::warn!("function `{}`: {error}", self.launch.name);
            self.report(&job, FunctionOutcome::Failed(error));
        }
    }

    /// Ends all processes, and starts none any more.
    pub(crate) async fn stop(&self) {
        let jobs = {
            let mut state = self.lock();
            state.stopped = true;
            for process in state.processes.values() {
                process.sandbox.kill.notify_one();
            }
            std::mem::take(&mut state.queue)
        };
        for job in jobs {
            let error = failure::exited(&job.request_id, None);
            self.report(&job, FunctionOutcome::Failed(error));
        }
        while !self.lock().processes.is_empty() {
            self.empty.notified().await;
        }
    }

    /// Ends all processes without waiting for them.
    pub(crate) fn abort(&self) {
        let mut state = self.lock();
        state.stopped = true;
        for process in state.processes.values() {
            if let Some(task) = &process.task {
                // The process is killed when its task is dropped.
                task.abort();
            }
        }
    }

    /// Starts processes for what waits, as far as there may be more.
    fn grow(self: &Arc<Self>, state: &mut State) {
        let starting = state
            .processes
            .values()
            .filter(|process| matches!(process.phase, Phase::Starting))
            .count();
        let wanted = state.queue.len().saturating_sub(starting);
        let eager = EAGER
            .min(self.launch.max_processes)
            .saturating_sub(state.processes.len());
        for _ in 0..wanted.min(eager) {
            self.spawn(state);
        }
        let may_grow = state.processes.len() < self.launch.max_processes;
        if !state.queue.is_empty() && may_grow && !state.growing && !state.stopped {
            state.growing = true;
            tokio::spawn(Arc::clone(self).grow_slowly());
        }
    }

    /// Adds a process whenever the oldest event has waited too long, until none waits.
    async fn grow_slowly(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PATIENCE).await;
            let mut state = self.lock();
            let oldest = match state.queue.front() {
                Some(job)
                    if !state.stopped && state.processes.len() < self.launch.max_processes =>
                {
                    job.queued
                }
                _ => {
                    state.growing = false;
                    return;
                }
            };
            if oldest.elapsed() >= PATIENCE {
                self.spawn(&mut state);
            }
        }
    }

    fn spawn(self: &Arc<Self>, state: &mut State) {
        if state.stopped {
            return;
        }
        state.started += 1;
        let id = state.started;
        let sandbox = Arc::new(Sandbox::new(id, spec::ids::uuid(&mut state.ids)));
        let task = tokio::spawn(sandbox::run(Arc::clone(self), Arc::clone(&sandbox)));
        state.processes.insert(
            id,
            Process {
                sandbox,
                task: Some(task),
                phase: Phase::Starting,
                armed: None,
                init_error: None,
            },
        );
    }

    /// An event begins.
    fn start(&self, process: &mut Process, job: Job) -> Event {
        let until = self.clock.now() + self.launch.timeout;
        let deadline = self.clock.system() + self.launch.timeout;
        let event = Event {
            request_id: job.request_id.clone(),
            payload: job.payload.clone(),
            trace_id: job.trace_id.clone(),
            deadline_millis: deadline.as_millis(),
        };
        process.phase = Phase::Busy { job, until };
        if process.armed.is_none_or(|armed| until < armed) {
            process.armed = Some(until);
            process.sandbox.alarm.notify_one();
        }
        self.moved.notify_waiters();
        event
    }

    fn describe(&self, request_id: &str, end: &sandbox::End) -> String {
        match end {
            sandbox::End::Exited(status) => {
                failure::exited(request_id, Some::<ExitStatus>(*status))
            }
            sandbox::End::Lost => failure::exited(request_id, None),
            sandbox::End::TimedOut => failure::timed_out(request_id, self.launch.timeout),
            sandbox::End::NotStarted(cause) => failure::not_started(request_id, cause),
        }
    }

    fn timed_out(&self, job: &Job) -> FunctionOutcome {
        let error = failure::timed_out(&job.request_id, self.launch.timeout);
        tracing::warn!("function `{}`: {error}", self.launch.name);
        FunctionOutcome::Failed(error)
    }

    fn report(&self, job: &Job, outcome: FunctionOutcome) {
        if let Some(hub) = self.hub.upgrade() {
            hub.result(job.invocation, outcome);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_fetched(&self, max_processes: usize) -> bool {
        let mut processes = self.processes.values();
        let given = |process: &Process| matches!(process.phase, Phase::Given(_));
        let busy = |process: &Process| matches!(process.phase, Phase::Busy { .. });
        if self.queue.is_empty() {
            !processes.any(given)
        } else {
            self.stopped || (processes.len() >= max_processes && processes.all(busy))
        }
    }
}
