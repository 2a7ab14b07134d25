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
/// How often connections are looked at, at most: that takes the machine's lock.
const LOOK: Duration = Duration::from_millis(500);
/// How many requests a second are followed for long: 18,000 a minute.
const RATE: f64 = 300.0;
/// How many may come at once besides: as many as a store keeps.
const BURST: f64 = 1000.0;
/// How long nothing is followed once there were more.
const REST: Duration = Duration::from_secs(1);

/// Puts what a gateway does from now on into a store, until the gateway is gone.
pub async fn follow(control: Control, store: Store) {
    let mut trace = control.trace();
    let open = control.connections().into_iter();
    let mut follower = Follower {
        fold: Fold::new(open.map(|one| (one.peer, one.connection_id))),
        connections: Connections::default(),
        budget: Budget::new(Instant::now()),
        store,
    };
    while follower.watch(&control, &mut trace).await {
        // Without a trace the gateway does nothing more than without a page.
        drop(trace);
        let before = control.arrived();
        sleep(REST).await;
        trace = control.trace();
        follower.store.lose(control.arrived() - before);
    }
}

struct Follower {
    fold: Fold,
    connections: Connections,
    budget: Budget,
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
            let mut requests = self.take(&traced);
            sleep(PAUSE).await;
            let mut taken = 0;
            while let Some(traced) = trace.try_next() {
                requests += self.take(&traced);
                taken += 1;
                if taken % BATCH == 0 {
                    tokio::task::yield_now().await;
                }
            }
            for exchange in self.fold.changes() {
                self.store.put(exchange);
            }
            look = look.or_else(|| Some(Instant::now() + LOOK));
            if !self.budget.spend(requests, Instant::now()) {
                self.store.connect(self.connections.refresh(control));
                return true;
            }
        }
    }

    /// Takes what the gateway did; how many requests that are.
    fn take(&mut self, traced: &Traced) -> u32 {
        self.fold.take(traced);
        let input = match traced {
            Traced::Missed(steps) => {
                self.store.lose(*steps);
                None
            }
            Traced::Step(step) => step.input.as_ref(),
            _ => None,
        };
        match input {
            Some(Input::Handshake { .. } | Input::Message { .. } | Input::Management { .. }) => 1,
            Some(Input::Deploy(rules)) => {
                self.store.deploy(rules.api());
                0
            }
            _ => 0,
        }
    }
}

impl Budget {
    fn new(at: Instant) -> Self {
        Self { left: BURST, at }
    }

    /// Takes so many requests out of the budget: `false` if there is none left.
    fn spend(&mut self, requests: u32, now: Instant) -> bool {
        let earned = now.duration_since(self.at).as_secs_f64() * RATE;
        self.left = (self.left + earned).min(BURST) - f64::from(requests);
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
        let mut budget = Budget::new(start);
        assert!(budget.spend(900, start));
        assert!(!budget.spend(200, start));
        // A second earns its 300, and no more than a burst is ever saved.
        assert!(budget.spend(150, after(1)));
        assert!(!budget.spend(100, after(1)));
        assert!(budget.spend(999, after(1000)));
        assert!(!budget.spend(2, after(1000)));
        // Ten thousand a minute are followed for ever.
        let mut budget = Budget::new(start);
        assert!((0..10_000).all(|second| budget.spend(10_000 / 60 + 1, after(second))));
    }
}
