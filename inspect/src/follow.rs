//! From a running gateway into a store.
//!
//! Watching costs the gateway time, for each request. Under a load that nobody could read along with,
//! only a part of the requests is followed: the others are counted.

use std::time::Duration;

use gateway::{Control, Trace, Traced};
use spec::Input;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connection::Connections;
use crate::fold::Fold;
use crate::store::Store;

/// How long what a gateway does is collected: most requests are over by then, and change once.
const PAUSE: Duration = Duration::from_millis(20);
/// How many steps are taken at once, before others may have this thread.
const BATCH: usize = 512;
/// How many are taken before what came of them is told.
const MOST: usize = 16 * BATCH;
/// How often connections are looked at, at most: that takes the machine's lock.
const LOOK: Duration = Duration::from_millis(500);
/// How many requests a second are followed for long: 18,000 a minute.
const RATE: f64 = 300.0;
/// How many may come at once besides: as many as a store keeps.
const BURST: f64 = 1000.0;
/// How long nothing is followed once there were more.
const REST: Duration = Duration::from_secs(1);

/// Puts what a gateway does from now on into a store, until the gateway is gone. What has come before
/// counts as lost.
pub async fn follow(control: Control, store: Store) {
    let mut follower = Follower {
        fold: Fold::default(),
        connections: Connections::default(),
        budget: Budget::new(Instant::now()),
        arrived: 0,
        has_missed: false,
        store,
    };
    loop {
        let mut trace = control.trace();
        follower.count(trace.arrived());
        follower.fold.lose_track();
        follower.catch_up(&control);
        if !follower.watch(&control, &mut trace).await {
            return;
        }
        // Without a trace the gateway does nothing more than without a page.
        drop(trace);
        sleep(REST).await;
    }
}

struct Follower {
    fold: Fold,
    connections: Connections,
    budget: Budget,
    /// How many requests had come to the gateway by the last step.
    arrived: u64,
    /// Whether steps were missed since [`Follower::catch_up`].
    has_missed: bool,
    store: Store,
}

/// How many requests may be followed.
struct Budget {
    left: f64,
    /// When that was.
    at: Instant,
}

impl Follower {
    /// Follows as long as there is a budget for it: `true` if that is used up, `false` once the
    /// gateway is gone.
    async fn watch(&mut self, control: &Control, trace: &mut Trace) -> bool {
        // When connections are to be looked at, if something may have changed about them.
        let mut look = Some(Instant::now());
        loop {
            let traced = tokio::select! {
                traced = trace.next() => traced,
                () = sleep_until(look.unwrap_or_else(Instant::now)), if look.is_some() => {
                    look = None;
                    self.store.connect(self.connections.refresh(control));
                    continue;
                }
            };
            let Some(traced) = traced else { return false };
            let mut has_budget = self.take(&traced);
            sleep(PAUSE).await;
            let mut taken = 0;
            while has_budget
                && taken < MOST
                && let Some(traced) = trace.try_next()
            {
                has_budget = self.take(&traced);
                taken += 1;
                if taken % BATCH == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if self.has_missed {
                // Before anything of it can be seen: the secrets of another deployment are masked.
                self.catch_up(control);
            }
            for exchange in self.fold.changes() {
                self.store.put(exchange);
            }
            look = look.or_else(|| Some(Instant::now() + LOOK));
            if !has_budget {
                self.store.connect(self.connections.refresh(control));
                return true;
            }
        }
    }

    /// Takes what the gateway did: `false` once the budget is used up.
    fn take(&mut self, traced: &Traced) -> bool {
        self.fold.take(traced);
        let step = match traced {
            Traced::Step(step) => step,
            Traced::Missed(_) => {
                self.has_missed = true;
                return true;
            }
            _ => return true,
        };
        let requests = match &step.input {
            Some(Input::Handshake { .. } | Input::Message { .. } | Input::Management { .. }) => 1,
            Some(Input::Deploy(rules)) => {
                self.store.deploy(rules.api());
                0
            }
            _ => 0,
        };
        self.count(step.arrived - requests);
        self.arrived = step.arrived;
        requests == 0 || self.budget.spend(Instant::now())
    }

    /// Notes how many requests have come: those that were not followed are lost.
    fn count(&mut self, arrived: u64) {
        let lost = arrived.saturating_sub(self.arrived);
        if lost > 0 {
            self.arrived = arrived;
            self.store.lose(lost);
        }
    }

    /// Learns what the gateway has become while it was not followed.
    fn catch_up(&mut self, control: &Control) {
        self.has_missed = false;
        self.store.deploy(control.assembly().api());
        let open = control.connections().into_iter();
        self.fold
            .open(open.map(|one| (one.peer, one.connection_id)));
    }
}

impl Budget {
    fn new(at: Instant) -> Self {
        Self { left: BURST, at }
    }

    /// Takes a request out of the budget: `false` if there is none left.
    fn spend(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.at).as_secs_f64() * RATE;
        self.left = (self.left + earned).min(BURST) - 1.0;
        self.at = now;
        self.left > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_followed_and_what_is_more_in_part() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let may = |budget: &mut Budget, requests, at| (0..requests).all(|_| budget.spend(at));
        let mut budget = Budget::new(start);
        assert!(may(&mut budget, 999, start));
        assert!(!may(&mut budget, 1, start));
        // A second earns its 300, and no more than a burst is ever saved.
        assert!(may(&mut budget, 299, after(1)));
        assert!(!may(&mut budget, 1, after(1)));
        assert!(may(&mut budget, 999, after(1000)));
        assert!(!may(&mut budget, 1, after(1000)));
        // Ten thousand a minute are followed for ever.
        let mut budget = Budget::new(start);
        assert!((0..1000).all(|second| may(&mut budget, 10_000 / 60 + 1, after(second))));
    }
}
