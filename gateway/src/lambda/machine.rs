//! The rules by which one function's processes and events come together, without processes,
//! sockets and clocks: inputs and the time go in, [`Action`]s come out.
//!
//! 1. No process is started for an event that another starting process will take: one is started
//!    only while more events wait than processes are starting. [`growth`] says when.
//! 2. No process idles while an event waits.
//! 3. Each event ends exactly once: with its result, an error, its timeout, or given up.
//! 4. An event for which no process was free while API Gateway waited is dropped, and never run
//!    later.
//! 5. An event that a process had not fetched when it went away is the next to be delivered.
//! 6. An event whose process fails to start gets one more start, then it fails with that error. The
//!    first start has [`INIT`], the second the function's `Timeout`.
//! 7. A process that has waited for [`IDLE`] ends. The one that waited shortest gets the next
//!    event.
//! 8. After [`replace`](PoolMachine::replace), events go to processes of the new program only; what
//!    the old ones work on, they finish.
//! 9. After [`warm`](PoolMachine::warm), a function that has run before has a process: one is
//!    started for nobody if there is none.
//! 10. After [`stop`](PoolMachine::stop), nothing is started or delivered.

mod dispatch;
mod growth;
mod io;
mod process;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use spec::Timestamp;

use super::failure::Failure;
pub use io::Figures;
pub(super) use io::{
    Action, Due, End, Event, FailedEvent, FailedStart, Finished, Limits, Next, Now, ProcessId,
    Reading,
};
use process::{Phase, Process, Waiting};

/// The processes of one function, and the events that wait for one.
#[derive(Debug)]
pub(super) struct PoolMachine {
    limits: Limits,
    /// Which program is current.
    generation: u64,
    processes: BTreeMap<ProcessId, Process>,
    /// Those in [`Phase::Idle`], the one that waits longest first.
    idle: Vec<ProcessId>,
    queue: VecDeque<Waiting>,
    /// How many processes were ever started.
    started: u64,
    /// How many events ever came.
    arrived: u64,
    /// When the processes were last looked at, because an event had waited for long.
    looked: Duration,
    /// When that was to be done.
    look_due: Duration,
    is_stopped: bool,
    /// Not later than what is really due, so that it need not be computed for each event.
    due: Due,
    actions: VecDeque<Action>,
}

/// How long a process may wait for an event before it ends. Lambda keeps environments for some
/// minutes, and does not say how many.
pub(super) const IDLE: Duration = Duration::from_secs(5 * 60);
/// How long a process may take until it asks for its first event, unless an earlier one has failed
/// to start for the same event.
pub(super) const INIT: Duration = Duration::from_secs(10);
/// How many processes may fail to start for one event.
const STARTS: u32 = 2;

impl PoolMachine {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            generation: 0,
            processes: BTreeMap::new(),
            idle: Vec::new(),
            queue: VecDeque::new(),
            started: 0,
            arrived: 0,
            looked: Duration::ZERO,
            look_due: Duration::ZERO,
            is_stopped: false,
            due: Due::default(),
            actions: VecDeque::new(),
        }
    }

    /// What is to be done next. To be asked after each input until there is nothing.
    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`expire`](Self::expire), at the latest. It may turn out that nothing is due.
    pub(super) fn due(&self) -> Due {
        self.due
    }

    /// When the gateway's clock next ends an event, exactly.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        let timeouts = self.processes.values().map(|process| match process.phase {
            Phase::Busy { until, .. } => Some(until),
            _ => None,
        });
        timeouts.flatten().min()
    }

    /// Whether every event was fetched by a process, except those for which there may be no more
    /// processes.
    pub(super) fn is_settled(&self) -> bool {
        let mut processes = self.processes.values();
        if self.queue.is_empty() {
            return !processes.any(|process| matches!(process.phase, Phase::Given(_)));
        }
        let is_full = processes.len() >= self.limits.max_processes;
        is_full && processes.all(|process| matches!(process.phase, Phase::Busy { .. }))
    }

    /// How many events wait or are being worked on: each has an environment of its own on Lambda.
    pub(super) fn in_flight(&self) -> usize {
        let has_one =
            |process: &&Process| matches!(process.phase, Phase::Given(_) | Phase::Busy { .. });
        self.queue.len() + self.processes.values().filter(has_one).count()
    }

    /// How many processes and events there are.
    pub(super) fn figures(&self) -> Figures {
        let mut figures = Figures {
            waiting: self.queue.len(),
            ..Figures::default()
        };
        for process in self.processes.values() {
            match process.phase {
                Phase::Starting { .. } => figures.starting += 1,
                Phase::Idle { .. } => figures.idle += 1,
                _ => figures.busy += 1,
            }
        }
        figures
    }

    /// Whether there is no process.
    pub(super) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// The function is called.
    pub(super) fn invoke(&mut self, now: Now, event: Event) {
        if self.is_stopped {
            return self.finish(event.call, event.request_id, End::Failed(Failure::Stopped));
        }
        let until = now.steady + event.patience;
        self.note_steady(until);
        self.arrived += 1;
        self.queue.push_back(Waiting {
            event,
            number: self.arrived,
            since: now.steady,
            until,
            after: self.started,
            failed_starts: 0,
        });
        self.dispatch(now);
    }

    /// A process asks for its next event: for the first time, anew, or since one is there.
    pub(super) fn next(&mut self, now: Now, id: ProcessId) -> Next {
        let Some(process) = self.processes.get_mut(&id) else {
            return Next::Refused;
        };
        let is_current = process.generation == self.generation;
        match &process.phase {
            Phase::Ending => Next::Refused,
            _ if process.is_ending => Next::Refused,
            // Its answer is on its way, on another connection: it has to ask again then.
            Phase::Busy { .. } | Phase::Idle { .. } => Next::Wait,
            Phase::Starting { .. } | Phase::Answered { .. } if !is_current => {
                self.kill(id);
                Next::Refused
            }
            Phase::Starting { .. } | Phase::Answered { .. } => self.take_next(now, id),
            Phase::Given(_) => {
                let given = std::mem::replace(&mut process.phase, Phase::Ending);
                match given {
                    Phase::Given(waiting) if waiting.until > now.steady => {
                        Next::Event(self.begin(now, id, waiting))
                    }
                    given => {
                        self.give_up(given);
                        self.take_next(now, id)
                    }
                }
            }
        }
    }

    /// A process posts the end of the event with this request id. Whether it works on that.
    pub(super) fn complete(&mut self, now: Now, id: ProcessId, request_id: &str, end: End) -> bool {
        let until = now.steady + IDLE;
        let Some(process) = self.processes.get_mut(&id) else {
            return false;
        };
        match std::mem::replace(&mut process.phase, Phase::Answered { until }) {
            Phase::Busy {
                call,
                request_id: own,
                ..
            } if own == request_id => {
                self.note_steady(until);
                self.finish(call, own, end);
                true
            }
            other => {
                process.phase = other;
                false
            }
        }
    }

    /// A process posts why it cannot start. Whether it was still starting.
    pub(super) fn init_failed(&mut self, id: ProcessId, error: String) -> bool {
        match self.processes.get_mut(&id) {
            Some(process) if !process.phase.has_started() => {
                process.init_error = Some(error);
                true
            }
            _ => false,
        }
    }

    /// A process that waited for an event has hung up.
    pub(super) fn hung_up(&mut self, now: Now, id: ProcessId) {
        let until = now.steady + IDLE;
        let Some(process) = self.processes.get_mut(&id) else {
            return;
        };
        match std::mem::replace(&mut process.phase, Phase::Answered { until }) {
            Phase::Idle { .. } => self.idle.retain(|idle| *idle != id),
            Phase::Given(waiting) => self.queue.push_front(waiting),
            other => {
                process.phase = other;
                return;
            }
        }
        self.note_steady(until);
        self.dispatch(now);
    }

    /// A process has ended, and what it said before is still being read: it may still post what
    /// became of its event, but gets no other.
    pub(super) fn gone(&mut self, now: Now, id: ProcessId) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.is_ending = true;
            self.hung_up(now, id);
        }
    }

    /// A process has ended, and everything that it said was read. `failure` is what this means for
    /// the event that it has not answered.
    pub(super) fn exited(&mut self, now: Now, id: ProcessId, failure: Failure) {
        let Some(process) = self.processes.remove(&id) else {
            return;
        };
        match process.phase {
            Phase::Busy {
                call, request_id, ..
            } => self.finish(call, request_id, End::Failed(failure)),
            Phase::Given(waiting) => self.queue.push_front(waiting),
            Phase::Starting { is_retry, .. } => {
                let reported = process.init_error.map(Failure::Init);
                self.start_failed(id, is_retry, reported.unwrap_or(failure));
            }
            Phase::Idle { .. } => self.idle.retain(|idle| *idle != id),
            Phase::Answered { .. } | Phase::Ending => {}
        }
        self.dispatch(now);
    }

    /// Ends whatever has reached its time: events and processes.
    pub(super) fn expire(&mut self, now: Now) {
        self.give_up_waiting(now.steady);
        let processes = self.processes.iter();
        let due: Vec<ProcessId> = processes
            .filter(|(_, process)| process.phase.is_over(now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(process) = self.processes.get_mut(&id) else {
                continue;
            };
            let timeout = process.timeout;
            match std::mem::replace(&mut process.phase, Phase::Ending) {
                given @ Phase::Given(_) => {
                    self.give_up(given);
                    self.wait(now, id);
                    continue;
                }
                Phase::Busy {
                    call, request_id, ..
                } => self.finish(call, request_id, End::Failed(Failure::TimedOut(timeout))),
                Phase::Starting { is_retry, .. } => {
                    let failure = match is_retry {
                        // It was the event's own time.
                        true => Failure::TimedOut(timeout),
                        false => {
                            self.actions.push_back(Action::StartCut(INIT));
                            Failure::InitTimedOut(INIT)
                        }
                    };
                    self.start_failed(id, is_retry, failure);
                }
                Phase::Idle { .. } => self.idle.retain(|idle| *idle != id),
                Phase::Answered { .. } | Phase::Ending => {}
            }
            self.actions.push_back(Action::Kill(id));
        }
        let processes = self.processes.values().filter_map(Process::steady_until);
        let waiting = self.queue.iter().map(|waiting| waiting.until);
        self.due = Due {
            clock: self.next_timeout(),
            steady: processes.chain(waiting).min(),
        };
        self.dispatch(now);
    }

    /// From now on, events go to processes of another program.
    pub(super) fn replace(&mut self, now: Now, limits: Limits) {
        self.generation += 1;
        self.limits = limits;
        let mut returned = Vec::new();
        for (id, process) in &mut self.processes {
            match std::mem::replace(&mut process.phase, Phase::Ending) {
                Phase::Given(waiting) => returned.push(waiting),
                Phase::Starting { .. } | Phase::Idle { .. } => {}
                // It ends when it asks again; until then, it may still be busy.
                other => {
                    process.phase = other;
                    continue;
                }
            }
            self.actions.push_back(Action::Kill(*id));
        }
        self.idle.clear();
        returned.sort_unstable_by_key(|waiting| std::cmp::Reverse(waiting.number));
        for waiting in returned {
            self.queue.push_front(waiting);
        }
        self.dispatch(now);
    }

    /// The function will be called in a moment: a process is started if it has run before and has
    /// none.
    pub(super) fn warm(&mut self, now: Now) {
        let mut processes = self.processes.values();
        let has_one = processes.any(|process| {
            process.generation == self.generation && !matches!(process.phase, Phase::Ending)
        });
        let is_full = self.processes.len() >= self.limits.max_processes;
        if self.started > 0 && !has_one && !is_full && !self.is_stopped {
            self.start(now);
        }
    }

    /// Ends everything: what waits fails now, what is being worked on when its process has gone.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
        let mut failed = Vec::new();
        for (id, process) in &mut self.processes {
            process.is_ending = true;
            match std::mem::replace(&mut process.phase, Phase::Ending) {
                busy @ Phase::Busy { .. } => process.phase = busy,
                Phase::Given(waiting) => failed.push(waiting),
                _ => {}
            }
            self.actions.push_back(Action::Kill(*id));
        }
        self.idle.clear();
        failed.extend(std::mem::take(&mut self.queue));
        failed.sort_unstable_by_key(|waiting| waiting.number);
        for Waiting { event, .. } in failed {
            self.finish(event.call, event.request_id, End::Failed(Failure::Stopped));
        }
    }
}
