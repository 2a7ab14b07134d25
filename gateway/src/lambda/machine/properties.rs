//! The machine's rules under random traffic: what happens, in random order. [`World`] plays it, and
//! looks after each step whether a rule was broken.

mod outputs;
mod rules;
mod world;

use std::time::Duration;

use proptest::prelude::*;

use super::Limits;
use super::growth::PATIENCE;
use world::World;

/// What happens. Numbers choose among the processes that it can happen to.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The function is called, and API Gateway waits so long.
    Invoke(Duration),
    /// A process asks for an event.
    Ask(usize),
    /// A process asks while it works on an event.
    AskTwice(usize),
    Return(usize),
    Fail(usize),
    /// With a request id that it was not given.
    ReturnAnother(usize),
    HangUp(usize),
    InitError(usize),
    /// A process ends; what it has posted is still to be read.
    Gone(usize),
    /// A process has ended, and everything was read.
    Exit(usize),
    /// Both times pass, and the timers run.
    Pass(Duration),
    /// The gateway's clock is moved, as by `advance`.
    Advance(Duration),
    /// Both times pass, and the timers are late.
    Late(Duration),
    /// The processes are looked at: some wait, the others compute, as the bits of a number say.
    Look(usize),
    Replace(Limits),
    /// The function will be called in a moment.
    Warm,
    Stop,
}

/// How a sequence ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The gateway goes down.
    Stopped,
    /// Every process does what it should, until every event has ended.
    Served,
}

/// Steps are drawn as two numbers and decoded: 10,000 sequences then take seconds.
fn step() -> impl Strategy<Value = Step> {
    (0..61_u8, any::<u16>()).prop_map(|(kind, number)| decode(kind, number))
}

fn decode(kind: u8, number: u16) -> Step {
    let n = usize::from(number);
    match kind {
        0..10 => Step::Invoke(Duration::from_secs(u64::from(1 + number % 29))),
        10..24 => Step::Ask(n),
        24 => Step::AskTwice(n),
        25..31 => Step::Return(n),
        31..33 => Step::Fail(n),
        33 => Step::ReturnAnother(n),
        34..36 => Step::HangUp(n),
        36 => Step::InitError(n),
        37..39 => Step::Gone(n),
        39..45 => Step::Exit(n),
        45..50 => Step::Pass(duration(number)),
        50..52 => Step::Advance(duration(number)),
        52..54 => Step::Late(duration(number)),
        54 => Step::Replace(limits(number)),
        55..59 => Step::Look(n),
        59 => Step::Warm,
        _ if number.is_multiple_of(6) => Step::Stop,
        _ => Step::Pass(PATIENCE),
    }
}

/// Mostly short, sometimes long enough for a deadline or an idle process to end.
fn duration(number: u16) -> Duration {
    let some = u64::from(number / 9);
    match number % 9 {
        0..6 => Duration::from_millis(some % 121),
        6 | 7 => Duration::from_secs(some % 41),
        _ => Duration::from_secs(some % 701),
    }
}

fn limits(number: u16) -> Limits {
    let timeout = Duration::from_secs(u64::from(1 + number % 60));
    Limits {
        timeout,
        max_processes: usize::from(1 + number / 60 % 10),
        processors: usize::from(1 + number / 600 % 4),
    }
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![Just(Ending::Stopped), Just(Ending::Served)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_rules_hold_whatever_happens(
        limits in any::<u16>().prop_map(limits),
        steps in proptest::collection::vec(step(), 0..40),
        ending in ending(),
    ) {
        let mut world = World::new(limits);
        for step in steps {
            world.play(step);
        }
        match ending {
            Ending::Stopped => world.stop(),
            Ending::Served => world.serve(),
        }
        world.check_that_all_has_ended();
    }
}
