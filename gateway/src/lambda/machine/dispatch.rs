//! How events and processes are brought together after each input.

use std::collections::VecDeque;
use std::time::Duration;

use spec::Timestamp;
use spec::io::CallId;

use super::growth::{self, Demand, Growth};
use super::process::{LastLook, Phase, Process, Waiting};
use super::{
    Action, End, Event, FailedEvent, FailedStart, Failure, Finished, IDLE, INIT, Next, Now,
    PoolMachine, ProcessId, STARTS,
};
use crate::lambda::failure;

impl PoolMachine {
    /// Gives what waits to processes that idle, and starts others for the rest.
    pub(super) fn dispatch(&mut self, now: Now) {
        if self.is_stopped {
            return;
        }
        while let Some(id) = self.idle.pop() {
            let Some(waiting) = self.take_front(now) else {
                self.idle.push(id);
                return;
            };
            if let Some(process) = self.processes.get_mut(&id) {
                process.phase = Phase::Given(waiting);
                self.actions.push_back(Action::Deliver(id));
            }
        }
        while let Some(demand) = self.demand() {
            match growth::decide(&demand, now.steady) {
                Growth::Enough => return,
                Growth::At(time) => return self.note_steady(time),
                Growth::Eager => self.start(now),
                Growth::Look(due) => {
                    (self.looked, self.look_due) = (now.steady, due);
                    self.actions.push_back(Action::Look);
                }
            }
        }
    }

    /// What the growth of the pool depends on; `None` if no more events wait than processes start.
    pub(super) fn demand(&self) -> Option<Demand> {
        if self.queue.is_empty() {
            return None;
        }
        let is_starting = |process: &&Process| matches!(process.phase, Phase::Starting { .. });
        let starting = self.processes.values().filter(is_starting).count();
        let first = self.queue.get(starting)?;
        let serving = self.processes.values().filter(|process| {
            let is_over = process.is_ending || matches!(process.phase, Phase::Ending);
            process.generation == self.generation && !is_over
        });
        let has_answered = |process: &&Process| matches!(process.phase, Phase::Answered { .. });
        Some(Demand {
            events: self.queue.len() - starting,
            waits_since: first.since,
            answered: serving.clone().filter(has_answered).count(),
            serving: serving.count(),
            processes: self.processes.len(),
            max_processes: self.limits.max_processes,
            processors: self.limits.processors,
            looked: self.looked,
        })
    }

    pub(super) fn start(&mut self, now: Now) {
        self.started += 1;
        let id = ProcessId(self.started);
        let is_retry = self.is_retry();
        let limit = if is_retry { self.limits.timeout } else { INIT };
        let until = now.steady + limit;
        self.note_steady(until);
        let process = Process {
            generation: self.generation,
            timeout: self.limits.timeout,
            phase: Phase::Starting { until, is_retry },
            last_look: Some(LastLook {
                at: now.steady,
                ..LastLook::default()
            }),
            init_error: None,
            is_ending: false,
        };
        self.processes.insert(id, process);
        self.actions.push_back(Action::Start(id));
    }

    /// Whether a start has failed already for the event that the next process is started for. Lambda
    /// runs the init again for the event itself then, within the function's `Timeout`.
    ///
    /// Realises: INTEGRATION-99
    fn is_retry(&self) -> bool {
        let is_starting = |process: &&Process| matches!(process.phase, Phase::Starting { .. });
        let starting = self.processes.values().filter(is_starting).count();
        let waiting = self.queue.get(starting);
        waiting.is_some_and(|waiting| waiting.failed_starts > 0)
    }

    /// A process could not start: counts a failed start for the first event that came before it.
    pub(super) fn start_failed(&mut self, id: ProcessId, is_retry: bool, failure: Failure) {
        let phase = match is_retry {
            true => failure::Phase::Invoke,
            false => failure::Phase::Init,
        };
        let mut failed = FailedStart {
            process: id,
            phase,
            status: failure.status(),
            event: None,
        };
        let mut queue = self.queue.iter_mut();
        let Some(index) = queue.position(|waiting| waiting.after < id.0) else {
            return self.actions.push_back(Action::StartFailed(failed));
        };
        let waiting = &mut self.queue[index];
        waiting.after = self.started;
        waiting.failed_starts += 1;
        let is_last = waiting.failed_starts >= STARTS;
        let request_id = &waiting.event.request_id;
        failed.event = Some(FailedEvent {
            call: waiting.event.call,
            request_id: request_id.clone(),
            end: is_last.then(|| failure.to_json(request_id)),
            is_told: matches!(failure, Failure::Init(_)),
        });
        self.actions.push_back(Action::StartFailed(failed));
        if is_last && let Some(Waiting { event, .. }) = self.queue.remove(index) {
            self.finish(event.call, event.request_id, End::Failed(failure));
        }
    }

    /// Gives a process that asks what waits longest, or lets it wait.
    pub(super) fn take_next(&mut self, now: Now, id: ProcessId) -> Next {
        let next = match self.take_front(now) {
            Some(waiting) => Next::Event(self.begin(now, id, waiting)),
            None => {
                self.wait(now, id);
                Next::Wait
            }
        };
        self.dispatch(now);
        next
    }

    /// The next event that API Gateway still waits for.
    pub(super) fn take_front(&mut self, now: Now) -> Option<Waiting> {
        loop {
            let waiting = self.queue.pop_front()?;
            if waiting.until > now.steady {
                return Some(waiting);
            }
            self.give_up(Phase::Given(waiting));
        }
    }

    pub(super) fn begin(&mut self, now: Now, id: ProcessId, waiting: Waiting) -> Event {
        let event = waiting.event;
        if let Some(process) = self.processes.get_mut(&id) {
            let until = now.clock + process.timeout;
            process.phase = Phase::Busy {
                call: event.call,
                request_id: event.request_id.clone(),
                until,
            };
            self.note_clock(until);
        }
        event
    }

    pub(super) fn wait(&mut self, now: Now, id: ProcessId) {
        let until = now.steady + IDLE;
        self.note_steady(until);
        if let Some(process) = self.processes.get_mut(&id) {
            process.phase = Phase::Idle { until };
            self.idle.push(id);
        }
    }

    pub(super) fn kill(&mut self, id: ProcessId) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.phase = Phase::Ending;
            self.actions.push_back(Action::Kill(id));
        }
    }

    pub(super) fn give_up_waiting(&mut self, now: Duration) {
        let is_over = |waiting: &Waiting| waiting.until <= now;
        if self.queue.iter().any(is_over) {
            let (over, left) = std::mem::take(&mut self.queue)
                .into_iter()
                .partition(is_over);
            self.queue = left;
            let over: VecDeque<Waiting> = over;
            for waiting in over {
                self.give_up(Phase::Given(waiting));
            }
        }
    }

    pub(super) fn give_up(&mut self, phase: Phase) {
        if let Phase::Given(Waiting { event, .. }) = phase {
            self.finish(event.call, event.request_id, End::GivenUp);
        }
    }

    pub(super) fn finish(&mut self, call: CallId, request_id: String, end: End) {
        self.actions.push_back(Action::Finished(Finished {
            call,
            request_id,
            end,
        }));
    }

    pub(super) fn note_clock(&mut self, at: Timestamp) {
        self.due.clock = Some(self.due.clock.map_or(at, |due| due.min(at)));
    }

    pub(super) fn note_steady(&mut self, at: Duration) {
        self.due.steady = Some(self.due.steady.map_or(at, |due| due.min(at)));
    }
}
