//! What must hold after each step.

use crate::lambda::machine::growth::PATIENCE;
use crate::lambda::machine::{IDLE, Now};

use super::world::{Seen, World};
use spec::io::CallId;

impl World {
    pub(super) fn check_that_all_has_ended(&self) {
        for call in self.deadlines.keys() {
            assert!(
                self.ends.contains_key(call),
                "{call:?} has not ended: {self:#?}"
            );
        }
    }

    pub(super) fn starting(&self) -> usize {
        let starting = |seen: &&Seen| !seen.has_asked && !seen.is_killed;
        self.processes.values().filter(starting).count()
    }

    /// What holds after each input.
    pub(super) fn check(&self) {
        let (waiting, starting) = (self.queue.len(), self.starting());
        let all = self.processes.len();
        if self.has_started {
            let most = waiting.max(usize::from(self.is_warmed));
            assert!(starting <= most, "{starting} start for {waiting}");
            assert!(all <= self.limits.max_processes, "{all} processes");
        }
        let idle = self.processes.values().any(|seen| seen.waits.is_some());
        assert!(
            !idle || waiting == 0,
            "an event waits beside an idle process"
        );
        let due = self.machine.due();
        let grows = waiting > starting && all < self.limits.max_processes && !self.is_stopped;
        assert!(
            !grows
                || due
                    .steady
                    .is_some_and(|at| at <= self.now.steady + PATIENCE),
            "an event waits, and nobody looks after it: {self:#?}"
        );
        let timeouts = self
            .processes
            .values()
            .filter_map(|seen| Some(seen.busy?.1));
        let first = timeouts.min();
        assert!(first.is_none_or(|first| due.clock.is_some_and(|due| due <= first)));
        let given = self
            .processes
            .values()
            .filter_map(|seen| seen.given.as_ref());
        let waiting = self.queue.iter().chain(given);
        let deadlines = waiting.map(|call| self.deadlines[call]);
        let idle_until = |seen: &Seen| Some(seen.waits? + IDLE);
        let idle = self.processes.values().filter_map(idle_until);
        let first = deadlines.chain(idle).min();
        assert!(first.is_none_or(|first| due.steady.is_some_and(|due| due <= first)));
    }

    /// What holds when the timers have run.
    pub(super) fn check_nothing_is_overdue(&self) {
        let Now { clock, steady } = self.now;
        let overdue = |call: &CallId| self.deadlines[call] <= steady;
        assert!(
            !self.queue.iter().any(overdue),
            "an event waits after its deadline"
        );
        for (id, seen) in &self.processes {
            assert!(
                seen.busy.is_none_or(|(_, until)| until > clock),
                "{id:?} is overdue"
            );
            let idles = seen.waits.is_some_and(|since| since + IDLE <= steady);
            assert!(!idles, "{id:?} idles");
            let starts = !seen.has_asked && !seen.is_killed && seen.init_until <= steady;
            assert!(!starts, "{id:?} starts for ever");
        }
        let next = self.machine.next_timeout();
        assert!(next.is_none_or(|next| next > clock), "{next:?} is to come");
    }
}
