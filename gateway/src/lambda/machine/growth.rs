//! When a function gets one more process. The whole policy stands here.
//!
//! 1. As many processes as the machine has processors are started as soon as there is work for them.
//! 2. An event that has waited for [`PATIENCE`] makes the machine look at what the function's
//!    processes do. Who has not computed at two looks in a row waits: it sleeps, or somebody else
//!    has to answer it. (At one look, that may be the gateway, which waits for a processor.)
//!    A look that comes [`LATE`] does not count: the gateway itself waits for a processor then, and
//!    so do all who wait for its answer.
//! 3. If as many compute as there are processors, one more would only take its time from the
//!    others: the event waits on, until the next look.
//! 4. Else there are as many more as there are processes that wait, and at least one: fifty events
//!    of a function that sleeps have their processes after a few looks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::process::{LastLook, Phase, Process};
use super::{Now, PoolMachine, ProcessId, Reading};

/// What the policy looks at, if more events wait than processes start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// How many more.
    pub(super) events: usize,
    /// Since when the first of them waits.
    pub(super) waits_since: Duration,
    /// Processes that have answered, and will ask for the next event in a moment.
    pub(super) answered: usize,
    /// Processes that serve events, or are about to.
    pub(super) serving: usize,
    /// All processes, those included that are about to end.
    pub(super) processes: usize,
    pub(super) max_processes: usize,
    /// The machine's.
    pub(super) processors: usize,
    /// When the processes were last looked at.
    pub(super) looked: Duration,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Start one: there are few, and none of them is about to ask.
    Eager,
    /// The event has waited for long: look at what the processes do, which was due then.
    Look(Duration),
    /// Not before then.
    At(Duration),
    /// There may be no more.
    Enough,
}

/// How long an event waits before the processes are looked at, and the time between two looks.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// How late a look may be.
pub(super) const LATE: Duration = Duration::from_millis(10);
/// Who has used this part of the time since the last look computes. Systems count in hundredths of
/// a second.
const COMPUTES: u32 = 4;

/// Decides at the system's time `now`.
pub(super) fn decide(demand: &Demand, now: Duration) -> Growth {
    if demand.processes >= demand.max_processes {
        return Growth::Enough;
    }
    if demand.serving < demand.processors && demand.events > demand.answered {
        return Growth::Eager;
    }
    let at = demand.waits_since.max(demand.looked) + PATIENCE;
    if now < at {
        return Growth::At(at);
    }
    Growth::Look(at)
}

/// How many processes to start after a look that has found `waiting` of them waiting for something;
/// `None` if nobody can tell.
pub(super) fn more(demand: &Demand, waiting: Option<usize>) -> usize {
    let more = match waiting {
        Some(waiting) if demand.serving.saturating_sub(waiting) >= demand.processors => 0,
        Some(waiting) => waiting.max(1),
        None => 1,
    };
    let free = demand.max_processes.saturating_sub(demand.processes);
    more.min(demand.events).min(free)
}

impl PoolMachine {
    /// What the processes did in a look that [`super::Action::Look`] asked for and that began at
    /// `began`, of the system's time; nothing where the system does not tell.
    pub(in crate::lambda) fn looked(
        &mut self,
        now: Now,
        began: Duration,
        readings: &BTreeMap<ProcessId, Reading>,
    ) {
        if self.is_stopped {
            return;
        }
        if began > self.look_due + LATE {
            let looks = self.processes.values_mut();
            looks.for_each(|process| process.last_look = None);
            return self.dispatch(now);
        }
        let generation = self.generation;
        let mut waiting = 0;
        for (id, process) in &mut self.processes {
            let waits = process.look(now.steady, readings.get(id));
            if waits && process.generation == generation && !process.is_ending {
                waiting += 1;
            }
        }
        let waiting = (!readings.is_empty()).then_some(waiting);
        if let Some(demand) = self.demand()
            && demand.waits_since + PATIENCE <= now.steady
        {
            for _ in 0..more(&demand, waiting) {
                self.start(now);
            }
        }
        self.dispatch(now);
    }
}

impl Process {
    /// Whether it has work and waits for something. What cannot be read does not wait; who will ask
    /// for an event in a moment does not, either.
    fn look(&mut self, now: Duration, reading: Option<&Reading>) -> bool {
        let Some(&Reading { used, is_runnable }) = reading else {
            return false;
        };
        let last = self.last_look;
        let computes = last.is_some_and(|last| {
            let time = now.saturating_sub(last.at);
            used.saturating_sub(last.used) * COMPUTES >= time && !time.is_zero()
        });
        let has_work = matches!(self.phase, Phase::Starting { .. } | Phase::Busy { .. });
        let rested = has_work && !computes && !is_runnable;
        let at = now;
        self.last_look = Some(LastLook { at, used, rested });
        rested && last.is_some_and(|last| last.rested)
    }
}
