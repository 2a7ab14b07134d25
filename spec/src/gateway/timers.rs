//! What is due when.

use std::collections::{BTreeSet, HashMap};

use crate::io::{CallId, PeerId};
use crate::time::Timestamp;

/// What a point in time is set for. At most one point for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    Connection(PeerId),
    Call(CallId),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Timestamp, Timer)>,
    set: HashMap<Timer, Timestamp>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, timer: Timer) {
        self.clear(&timer);
        self.queue.insert((at, timer));
        self.set.insert(timer, at);
    }

    pub(super) fn clear(&mut self, timer: &Timer) {
        if let Some(at) = self.set.remove(timer) {
            self.queue.remove(&(at, *timer));
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, Timer)> {
        if self.next()? > now {
            return None;
        }
        let due = self.queue.pop_first()?;
        self.set.remove(&due.1);
        Some(due)
    }
}
