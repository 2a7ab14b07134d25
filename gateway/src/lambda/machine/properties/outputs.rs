//! What the machine wants done is done, if it may want it.

use std::time::Duration;

use crate::lambda::failure::Failure;
use crate::lambda::machine::process::Phase;
use crate::lambda::machine::{Action, End, Event, Finished, INIT, Next, ProcessId};

use super::world::{Seen, World};

impl World {
    /// Looks at everything that the machine wants done, and at `next`, the answer to a process.
    pub(super) fn settle(&mut self, next: Option<(ProcessId, Next)>) {
        self.has_started = false;
        let actions: Vec<Action> = std::iter::from_fn(|| self.machine.poll_action()).collect();
        let (finished, others): (Vec<_>, Vec<_>) = actions
            .into_iter()
            .partition(|action| matches!(action, Action::Finished(_)));
        for action in finished {
            if let Action::Finished(finished) = action {
                self.finished(finished);
            }
        }
        if let Some((id, next)) = next {
            self.answered(id, &next);
        }
        for action in others {
            self.act(&action);
        }
        self.check();
    }

    fn finished(&mut self, Finished { call, end, .. }: Finished) {
        let waited = self.queue.iter().position(|waiting| *waiting == call);
        if let Some(index) = waited {
            self.queue.remove(index);
        }
        for seen in self.processes.values_mut() {
            if seen.given == Some(call) {
                seen.given = None;
                seen.waits = Some(self.now.steady);
            }
            if let Some((_, until)) = seen.busy.take_if(|(busy, _)| *busy == call) {
                let is_over = until <= self.now.clock;
                let timed_out = matches!(end, End::Failed(Failure::TimedOut(_)));
                assert!(!timed_out || is_over, "{call:?} timed out too early");
            }
        }
        let deadline = self.deadlines[&call];
        if matches!(end, End::GivenUp) {
            assert!(
                deadline <= self.now.steady,
                "{call:?} is given up too early"
            );
        }
        if waited.is_some() && !self.is_stopped && !matches!(end, End::GivenUp) {
            let failed = self.failed_starts.get(&call).copied().unwrap_or_default();
            assert!(failed >= 2, "{call:?} has failed after {failed} starts");
        }
        let earlier = self.ends.insert(call, end);
        assert!(earlier.is_none(), "{call:?} has ended twice: {earlier:?}");
    }

    fn answered(&mut self, id: ProcessId, next: &Next) {
        let Some(seen) = self.processes.get_mut(&id) else {
            return;
        };
        match next {
            Next::Refused => {}
            // It has not answered yet.
            Next::Wait if seen.busy.is_some() => {
                assert!(!seen.is_killed && !seen.is_gone && !self.is_stopped);
            }
            Next::Wait => {
                assert!(seen.generation == self.generation && !seen.is_killed && !self.is_stopped);
                seen.has_asked = true;
                seen.waits = seen.waits.or(Some(self.now.steady));
            }
            &Next::Event(Event { call, .. }) => {
                assert!(
                    self.deadlines[&call] > self.now.steady,
                    "{call:?} runs after its deadline"
                );
                assert!(
                    !self.ends.contains_key(&call),
                    "{call:?} runs after its end"
                );
                assert!(!self.is_stopped && !seen.is_killed && !seen.is_gone);
                assert_eq!(
                    seen.generation, self.generation,
                    "{call:?} runs in the old program"
                );
                let expected = seen.given.take().or_else(|| self.queue.pop_front());
                assert_eq!(expected, Some(call), "the order of events");
                seen.has_asked = true;
                seen.waits = None;
                seen.busy = Some((call, self.now.clock + seen.timeout));
            }
        }
    }

    /// When a process that has just been started is cut: after one of the two limits.
    fn init_until(&self, id: ProcessId) -> Duration {
        let until = match self.machine.processes[&id].phase {
            Phase::Starting { until, .. } => until,
            ref other => panic!("{id:?} is {other:?}"),
        };
        let limit = until - self.now.steady;
        assert!(limit == INIT || limit == self.limits.timeout, "{limit:?}");
        until
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Start(id) => {
                assert!(!self.is_stopped, "a start after the stop");
                self.has_started = true;
                self.started += 1;
                let seen = Seen {
                    generation: self.generation,
                    timeout: self.limits.timeout,
                    init_until: self.init_until(*id),
                    has_asked: false,
                    waits: None,
                    given: None,
                    busy: None,
                    is_killed: false,
                    is_gone: false,
                    rested: false,
                };
                assert!(self.processes.insert(*id, seen).is_none());
            }
            Action::Deliver(id) => {
                let seen = self.processes.get_mut(id).expect("a process that is there");
                assert!(seen.waits.take().is_some(), "{id:?} does not wait");
                assert!(!self.is_stopped && !seen.is_killed && !seen.is_gone);
                seen.given = self.queue.pop_front();
                assert!(seen.given.is_some(), "nothing waits");
            }
            Action::Kill(id) => {
                let seen = self.processes.get_mut(id).expect("a process that is there");
                seen.is_killed = true;
                seen.waits = None;
            }
            Action::StartCut(_) | Action::StartFailed(_) => {}
            Action::Look => self.looks = true,
            Action::Finished(_) => unreachable!("they are looked at before"),
        }
    }
}
