//! The only place where the time is read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use spec::Timestamp;
use tokio::sync::watch;

/// Where a gateway takes its time from: that of connections, limits and timeouts, those of functions
/// among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeSource {
    /// The system.
    #[default]
    System,
    /// A clock that is frozen at this moment until its owner moves it (see
    /// [`Control::advance`](crate::Control::advance)): nothing is too late because a machine is
    /// slow, and ten minutes pass in no time. Functions' processes keep the system's time.
    Standing(Timestamp),
}

/// A clock that never goes back. Clones show the same time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    system: Arc<dyn System>,
    time: Time,
}

#[derive(Clone, Debug)]
enum Time {
    System(Arc<Mutex<Shown>>),
    Standing(Arc<watch::Sender<Timestamp>>),
}

/// The system's two clocks.
trait System: fmt::Debug + Send + Sync {
    /// The time since 1970. It goes on while the machine is suspended, and jumps when it is set.
    fn since_epoch(&self) -> Duration;

    /// The time since some moment. It never jumps, and does not count suspends.
    fn steady(&self) -> Duration;
}

/// What a clock showed when it was last looked at.
#[derive(Clone, Copy, Debug)]
struct Shown {
    time: Duration,
    /// The steady clock then, while the system's time is behind what is shown.
    behind: Option<Duration>,
}

/// The clocks of this machine.
#[derive(Debug)]
struct Machine {
    started: Instant,
}

/// The longest that is slept without a look at the system's time: after a suspend, a timer is late
/// by this at most.
const LOOK: Duration = Duration::from_secs(5);

impl Clock {
    pub(crate) fn start(source: TimeSource) -> Self {
        let started = Instant::now();
        Self::with(Arc::new(Machine { started }), source)
    }

    fn with(system: Arc<dyn System>, source: TimeSource) -> Self {
        let time = match source {
            TimeSource::System => Time::System(Arc::new(Mutex::new(Shown {
                time: system.since_epoch(),
                behind: None,
            }))),
            TimeSource::Standing(at) => Time::Standing(Arc::new(watch::Sender::new(at))),
        };
        Self { system, time }
    }

    /// The time of the machine.
    pub(crate) fn now(&self) -> Timestamp {
        match &self.time {
            Time::Standing(standing) => *standing.borrow(),
            Time::System(shown) => {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                *shown = shown.then(self.system.since_epoch(), || self.system.steady());
                timestamp(shown.time)
            }
        }
    }

    /// The system's time, by which functions' processes live.
    pub(crate) fn system(&self) -> Timestamp {
        timestamp(self.system.since_epoch())
    }

    /// Whether it moves only when it is told to.
    pub(crate) fn stands(&self) -> bool {
        matches!(self.time, Time::Standing(_))
    }

    /// Moves a frozen clock to `at`, unless it is there already, and wakes who waits for that.
    pub(crate) fn set(&self, at: Timestamp) {
        if let Time::Standing(standing) = &self.time {
            standing.send_if_modified(|now| {
                let later = at > *now;
                *now = at.max(*now);
                later
            });
        }
    }

    /// Waits until [`now`](Self::now) has reached `at`; for ever if there is no such moment.
    pub(crate) async fn sleep_until(&self, at: Option<Timestamp>) {
        match (at, &self.time) {
            (Some(at), Time::Standing(standing)) => {
                // The sender is held here, so the channel stays open.
                let _ = standing.subscribe().wait_for(|now| *now >= at).await;
            }
            (Some(at), Time::System(_)) => {
                while let Some(nap) = self.nap(at) {
                    tokio::time::sleep(nap).await;
                }
            }
            (None, _) => std::future::pending().await,
        }
    }

    /// How long to sleep before the next look at the time; `None` once it is `at`.
    fn nap(&self, at: Timestamp) -> Option<Duration> {
        let left = at.as_millis().saturating_sub(self.now().as_millis());
        (left > 0).then(|| Duration::from_millis(left).min(LOOK))
    }
}

impl Shown {
    /// What is shown next: the system's time, unless that is behind what was shown. Then time passes
    /// at half its speed until the system has caught up, so that a clock that was set back a little
    /// is no standstill.
    fn then(self, since_epoch: Duration, steady: impl FnOnce() -> Duration) -> Self {
        if since_epoch >= self.time {
            return Self {
                time: since_epoch,
                behind: None,
            };
        }
        let steady = steady();
        let passed = self.behind.map(|before| steady.saturating_sub(before));
        Self {
            time: since_epoch.max(self.time + passed.unwrap_or_default() / 2),
            behind: Some(steady),
        }
    }
}

impl System for Machine {
    fn since_epoch(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default()
    }

    fn steady(&self) -> Duration {
        self.started.elapsed()
    }
}

fn timestamp(since_epoch: Duration) -> Timestamp {
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose clocks are set by the test: since 1970, and steady, in seconds.
    #[derive(Debug, Default)]
    struct Fake(Mutex<(u64, u64)>);

    impl Fake {
        /// Lets time pass; the first is how far the system's time goes, which may be back.
        fn pass(&self, since_epoch: i64, steady: u64) {
            let mut clocks = self.0.lock().unwrap();
            clocks.0 = clocks.0.checked_add_signed(since_epoch).unwrap();
            clocks.1 += steady;
        }
    }

    impl System for Fake {
        fn since_epoch(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().0)
        }

        fn steady(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }
    }

    const START: u64 = 1_700_000_000;

    fn clock() -> (Arc<Fake>, Clock) {
        let fake = Arc::new(Fake(Mutex::new((START, 7))));
        let system: Arc<dyn System> = Arc::<Fake>::clone(&fake);
        (fake, Clock::with(system, TimeSource::System))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis((START + seconds) * 1000)
    }

    // The steady clock counts no suspend: carried on by it, the time stayed behind by the night.
    #[test]
    fn after_a_suspend_it_shows_the_system_s_time() {
        let (fake, clock) = clock();
        fake.pass(2, 2);
        assert_eq!(clock.now(), at(2));
        let night = 8 * 60 * 60;
        fake.pass(night, 0);
        assert_eq!(clock.now(), at(2 + 8 * 60 * 60));
        assert_eq!(clock.system(), clock.now());
        // What was due in the night is due.
        assert_eq!(clock.nap(at(600)), None);
    }

    #[test]
    fn a_timer_looks_at_the_time_again_soon() {
        let (fake, clock) = clock();
        assert_eq!(clock.nap(at(2)), Some(Duration::from_secs(2)));
        assert_eq!(clock.nap(at(600)), Some(LOOK));
        fake.pass(600, 5);
        assert_eq!(clock.nap(at(600)), None);
    }

    #[test]
    fn where_the_system_s_time_is_set_back_it_goes_on_slowly() {
        let (fake, clock) = clock();
        fake.pass(100, 100);
        assert_eq!(clock.now(), at(100));
        fake.pass(-60, 0);
        assert_eq!(clock.now(), at(100));
        assert_eq!(clock.system(), at(40));
        fake.pass(20, 20);
        assert_eq!(clock.now(), at(110));
        // The system has caught up after twice as long as it was set back.
        fake.pass(100, 100);
        assert_eq!(clock.now(), at(160));
        fake.pass(1, 1);
        assert_eq!(clock.now(), at(161));
    }

    #[tokio::test]
    async fn what_is_due_is_not_slept_for() {
        let (fake, clock) = clock();
        fake.pass(10, 0);
        clock.sleep_until(Some(at(10))).await;
    }
}
