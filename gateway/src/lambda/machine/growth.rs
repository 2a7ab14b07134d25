//! When a function gets one more process. The whole policy stands here.

use std::time::Duration;

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
    /// When the last process was started for an event that had waited for long.
    pub(super) grown: Duration,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Start one: there are few, and none of them is about to ask.
    Eager,
    /// Start one: the event has waited for long.
    Patient,
    /// Not before then.
    At(Duration),
    /// There may be no more.
    Enough,
}

/// This many processes are started as soon as there is work for them …
pub(super) const EAGER: usize = 4;
/// … and one more each time that an event has waited this long: a function that sleeps must not
/// hold up the others.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// Decides at the system's time `now`.
pub(super) fn decide(demand: &Demand, now: Duration) -> Growth {
    if demand.processes >= demand.max_processes {
        return Growth::Enough;
    }
    if demand.serving < EAGER && demand.events > demand.answered {
        return Growth::Eager;
    }
    let at = demand.waits_since.max(demand.grown) + PATIENCE;
    if now < at {
        return Growth::At(at);
    }
    Growth::Patient
}
