//! The machine's rules, one by one.

mod growth;
mod warm;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::growth::{LATE, PATIENCE};
use spec::io::CallId;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_705_751_697_419);
const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(3),
    max_processes: 32,
    processors: 2,
};

/// A machine and the time.
struct Pool {
    machine: PoolMachine,
    now: Now,
    calls: u64,
}

impl Pool {
    fn new() -> Self {
        Self {
            machine: PoolMachine::new(LIMITS),
            now: Now {
                clock: START,
                steady: Duration::ZERO,
            },
            calls: 0,
        }
    }

    /// Calls the function; API Gateway waits for 29 seconds.
    fn invoke(&mut self) -> CallId {
        self.calls += 1;
        let event = Event {
            call: CallId(self.calls),
            request_id: format!("request {}", self.calls),
            payload: String::new(),
            trace_id: String::new(),
            client_context: None,
            patience: Duration::from_secs(29),
        };
        self.machine.invoke(self.now, event);
        CallId(self.calls)
    }

    /// What is to be done, in words.
    fn actions(&mut self) -> Vec<String> {
        let actions = std::iter::from_fn(|| self.machine.poll_action());
        let words = actions.map(|action| match action {
            Action::Start(ProcessId(id)) => format!("start {id}"),
            Action::Look => "look".to_owned(),
            Action::Deliver(ProcessId(id)) => format!("deliver {id}"),
            Action::Kill(ProcessId(id)) => format!("kill {id}"),
            Action::StartCut(after) => format!("a start was cut after {after:?}"),
            Action::StartFailed(_) => String::new(),
            Action::Finished(Finished { call, end, .. }) => match end {
                End::Failed(failure) => format!("call {}: {failure:?}", call.0),
                end => format!("call {}: {end:?}", call.0),
            },
        });
        words.filter(|words| !words.is_empty()).collect()
    }

    /// The call that a process works on from now on, if there is one.
    fn next(&mut self, id: u64) -> Option<u64> {
        match self.machine.next(self.now, ProcessId(id)) {
            Next::Event(event) => Some(event.call.0),
            Next::Wait | Next::Refused => None,
        }
    }

    fn returns(&mut self, id: u64, call: u64) {
        let end = End::Returned("{}".to_owned());
        let request = format!("request {call}");
        assert!(
            self.machine
                .complete(self.now, ProcessId(id), &request, end)
        );
    }

    /// Two looks at the processes, the first of them due after this time, find all of them waiting.
    fn all_wait(&mut self, due: Duration) {
        assert_eq!(self.pass(due), ["look"]);
        self.none_computes();
        assert_eq!(self.pass(PATIENCE), ["look"]);
        self.none_computes();
    }

    fn none_computes(&mut self) {
        let waits = Reading {
            used: Duration::ZERO,
            is_runnable: false,
        };
        let ids: Vec<ProcessId> = self.machine.processes.keys().copied().collect();
        let readings = ids.into_iter().map(|id| (id, waits)).collect();
        self.machine.looked(self.now, self.now.steady, &readings);
    }

    fn exits(&mut self, id: u64) {
        let failure = Failure::Exited(ExitStatus::from_raw(1 << 8));
        self.machine.exited(self.now, ProcessId(id), failure);
    }

    /// Lets time pass, as often as something is due; all that is to be done meanwhile.
    fn pass(&mut self, time: Duration) -> Vec<String> {
        let (end, mut actions) = (self.now.steady + time, self.actions());
        while self.now.steady < end {
            let due = self.machine.due();
            let clock = due.clock.map(|at| self.now.steady + self.until(at));
            let next = due.steady.into_iter().chain(clock).min();
            let next = next.map_or(end, |next| next.clamp(self.now.steady, end));
            self.now.clock = self.now.clock + (next - self.now.steady);
            self.now.steady = next;
            self.machine.expire(self.now);
            actions.extend(self.actions());
        }
        actions
    }

    fn until(&self, at: Timestamp) -> Duration {
        Duration::from_millis(at.as_millis().saturating_sub(self.now.clock.as_millis()))
    }
}

fn count(actions: &[String], word: &str) -> usize {
    actions
        .iter()
        .filter(|action| action.starts_with(word))
        .count()
}

// Before, a process was started every 100 ms: twelve of them.
#[test]
fn one_event_starts_one_process_however_long_it_takes_to_start() {
    let mut pool = Pool::new();
    pool.invoke();
    assert_eq!(pool.pass(SECOND), ["start 1"]);
    assert_eq!(pool.next(1), Some(1));
    pool.returns(1, 1);
    assert_eq!(pool.actions(), ["call 1: Returned(\"{}\")"]);
}

#[test]
fn one_a_processor_starts_at_once_and_never_more_than_events() {
    let mut pool = Pool::new();
    for _ in 0..3 {
        pool.invoke();
    }
    assert_eq!(pool.actions(), ["start 1", "start 2"]);
    pool.all_wait(PATIENCE);
    assert_eq!(pool.actions(), ["start 3"]);
    assert_eq!(pool.pass(5 * SECOND), [""; 0]);
}

#[test]
fn a_process_that_has_just_answered_gets_a_moment_to_ask() {
    let mut pool = Pool::new();
    pool.invoke();
    pool.actions();
    assert_eq!(pool.next(1), Some(1));
    pool.returns(1, 1);
    pool.actions();
    pool.invoke();
    assert_eq!(pool.pass(PATIENCE - MILLISECOND), [""; 0]);
    assert_eq!(pool.pass(MILLISECOND), ["look"]);
    pool.none_computes();
    assert_eq!(pool.actions(), ["start 2"]);
    assert_eq!(pool.next(1), Some(2));
}

#[test]
fn a_function_that_cannot_start_is_started_twice_for_each_event() {
    for events in 1..=40 {
        let mut pool = Pool::new();
        for _ in 0..events {
            pool.invoke();
        }
        let (mut started, mut failed) = (0, 0);
        loop {
            let actions = pool.actions();
            failed += count(&actions, "call");
            let starts: Vec<u64> = actions
                .iter()
                .filter_map(|action| action.strip_prefix("start ")?.parse().ok())
                .collect();
            for id in &starts {
                pool.machine
                    .init_failed(ProcessId(*id), "bad handler".to_owned());
                pool.exits(*id);
            }
            started += starts.len();
            if starts.is_empty() && failed == events {
                break;
            }
        }
        assert_eq!(started, 2 * events);
    }
}

#[test]
fn the_error_of_the_second_start_is_the_event_s() {
    let mut pool = Pool::new();
    pool.invoke();
    assert_eq!(pool.actions(), ["start 1"]);
    pool.machine.init_failed(ProcessId(1), "first".to_owned());
    pool.exits(1);
    assert_eq!(pool.actions(), ["start 2"]);
    pool.machine.init_failed(ProcessId(2), "second".to_owned());
    pool.exits(2);
    assert_eq!(pool.actions(), ["call 1: Init(\"second\")"]);
}

// Whatever the function's `Timeout` is, which is the second start's.
#[test]
fn a_start_that_hangs_is_cut_after_ten_seconds_and_tried_within_the_timeout() {
    for timeout in [3, 15] {
        let mut pool = Pool::new();
        pool.machine.limits.timeout = timeout * SECOND;
        pool.invoke();
        assert_eq!(pool.pass(10 * SECOND - MILLISECOND), ["start 1"]);
        let actions = pool.pass(MILLISECOND);
        assert_eq!(actions, ["a start was cut after 10s", "kill 1", "start 2"]);
        assert_eq!(pool.pass(timeout * SECOND - MILLISECOND), [""; 0]);
        let limit = timeout * SECOND;
        let expected = [format!("call 1: TimedOut({limit:?})"), "kill 2".to_owned()];
        assert_eq!(pool.pass(MILLISECOND), expected);
    }
}

// As Node's does: it does not wait until an error is in. It used to be killed.
#[test]
fn a_process_that_asks_before_it_has_answered_is_given_nothing_until_it_has() {
    let mut pool = Pool::new();
    pool.invoke();
    pool.actions();
    assert_eq!(pool.next(1), Some(1));
    let next = pool.machine.next(pool.now, ProcessId(1));
    assert!(matches!(next, Next::Wait), "{next:?}");
    assert_eq!(pool.actions(), [""; 0]);
    pool.invoke();
    pool.returns(1, 1);
    assert_eq!(pool.next(1), Some(2));
}

#[test]
fn a_failed_start_can_only_be_posted_before_the_first_event_is_asked_for() {
    let mut pool = Pool::new();
    pool.invoke();
    pool.actions();
    let error = || "error".to_owned();
    assert!(pool.machine.init_failed(ProcessId(1), error()));
    assert_eq!(pool.next(1), Some(1));
    assert!(!pool.machine.init_failed(ProcessId(1), error()));
}

#[test]
fn what_api_gateway_has_given_up_is_never_run() {
    let mut pool = Pool::new();
    pool.machine.limits.max_processes = 1;
    pool.machine.limits.timeout = Duration::from_secs(60);
    pool.invoke();
    assert_eq!(pool.actions(), ["start 1"]);
    assert_eq!(pool.next(1), Some(1));
    pool.pass(SECOND);
    pool.invoke();
    assert_eq!(pool.pass(29 * SECOND - MILLISECOND), [""; 0]);
    // The timers may be late.
    pool.now.steady += MILLISECOND;
    pool.returns(1, 1);
    assert_eq!(pool.next(1), None);
    let actions = pool.actions();
    assert_eq!(actions, ["call 1: Returned(\"{}\")", "call 2: GivenUp"]);
}

#[test]
fn an_event_that_its_process_never_fetched_is_the_next() {
    let mut pool = Pool::new();
    pool.machine.limits.max_processes = 2;
    pool.invoke();
    pool.invoke();
    assert_eq!(pool.actions(), ["start 1", "start 2"]);
    assert_eq!((pool.next(1), pool.next(2)), (Some(1), Some(2)));
    pool.returns(1, 1);
    assert_eq!(pool.next(1), None);
    pool.actions();
    pool.invoke();
    pool.invoke();
    assert_eq!(pool.actions(), ["deliver 1"]);
    // It dies before it has fetched call 3: that one goes before call 4.
    pool.exits(1);
    assert_eq!(pool.actions(), ["start 3"]);
    pool.returns(2, 2);
    assert_eq!(pool.next(2), Some(3));
    assert_eq!(pool.next(3), Some(4));
}

#[test]
fn processes_end_after_five_minutes_without_an_event() {
    let mut pool = Pool::new();
    for _ in 0..2 {
        pool.invoke();
    }
    assert_eq!((pool.next(1), pool.next(2)), (Some(1), Some(2)));
    for id in [1, 2] {
        pool.returns(id, id);
        assert_eq!(pool.next(id), None);
    }
    pool.pass(IDLE - SECOND);
    // The one that waited shortest gets the next event, so that the other can end.
    pool.invoke();
    assert_eq!(pool.actions(), ["deliver 2"]);
    assert_eq!(pool.next(2), Some(3));
    pool.returns(2, 3);
    assert_eq!(pool.next(2), None);
    pool.actions();
    assert_eq!(pool.pass(SECOND), ["kill 1"]);
    assert_eq!(pool.pass(IDLE - SECOND), ["kill 2"]);
    // The next event gets a new one.
    pool.invoke();
    assert_eq!(pool.actions(), ["start 3"]);
}

#[test]
fn a_new_program_gets_new_events_and_the_old_one_finishes_its_own() {
    let mut pool = Pool::new();
    pool.machine.limits.processors = 3;
    for _ in 0..3 {
        pool.invoke();
    }
    pool.actions();
    assert_eq!((pool.next(1), pool.next(2)), (Some(1), Some(2)));
    pool.returns(2, 2);
    pool.actions();
    pool.machine.replace(pool.now, LIMITS);
    // Call 3 waited for process 3, which is of the old program.
    assert_eq!(pool.actions(), ["kill 3", "start 4"]);
    pool.returns(1, 1);
    assert_eq!(pool.actions(), ["call 1: Returned(\"{}\")"]);
    assert_eq!((pool.next(1), pool.next(2)), (None, None));
    assert_eq!(pool.actions(), ["kill 1", "kill 2"]);
    assert_eq!(pool.next(4), Some(3));
}

#[test]
fn after_a_stop_nothing_starts_and_everything_has_failed() {
    let mut pool = Pool::new();
    pool.machine.limits.max_processes = 1;
    pool.invoke();
    pool.actions();
    assert_eq!(pool.next(1), Some(1));
    pool.invoke();
    pool.machine.stop();
    assert_eq!(pool.actions(), ["kill 1", "call 2: Stopped"]);
    pool.invoke();
    assert_eq!(pool.actions(), ["call 3: Stopped"]);
    // What it had is in its last words.
    pool.machine.gone(pool.now, ProcessId(1));
    pool.returns(1, 1);
    pool.exits(1);
    assert_eq!(pool.actions(), ["call 1: Returned(\"{}\")"]);
    assert!(pool.machine.is_empty());
}

#[test]
fn a_timeout_is_the_event_s_and_its_process_is_killed() {
    let mut pool = Pool::new();
    pool.invoke();
    assert_eq!(pool.actions(), ["start 1"]);
    assert_eq!(pool.next(1), Some(1));
    assert_eq!(pool.machine.next_timeout(), Some(START + 3 * SECOND));
    assert_eq!(pool.pass(3 * SECOND - MILLISECOND), [""; 0]);
    assert_eq!(pool.pass(MILLISECOND), ["call 1: TimedOut(3s)", "kill 1"]);
    // Its answer comes too late.
    let end = End::Returned("{}".to_owned());
    assert!(
        !pool
            .machine
            .complete(pool.now, ProcessId(1), "request 1", end)
    );
}
