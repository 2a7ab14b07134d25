//! How many processes a function gets, played on a pretended machine: processors that its processes
//! share with other programs, in steps of a millisecond.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::lambda::machine::Reading;

/// What a process does with its time.
#[derive(Clone, Copy, Debug)]
struct Function {
    /// Milliseconds of a processor until it asks for its first event.
    starts: u32,
    /// Milliseconds of a processor for each event, …
    computes: u32,
    /// … and then as many that it waits.
    waits: u32,
}

/// A process, and what is left for it to do.
#[derive(Clone, Copy, Debug, Default)]
struct Working {
    computes: u32,
    waits: u32,
    call: Option<u64>,
    /// What it has used, in milliseconds.
    used: u64,
}

struct Machine {
    pool: Pool,
    function: Function,
    /// Only each so many steps are the function's: other programs have the rest.
    share: u32,
    processes: BTreeMap<u64, Working>,
    answered: usize,
    /// The most processes at once.
    most: usize,
}

impl Machine {
    fn new(processors: usize, share: u32, function: Function) -> Self {
        let mut pool = Pool::new();
        pool.machine.limits.processors = processors;
        pool.machine.limits.max_processes = 64;
        // They wait for processors, not for an error.
        pool.machine.limits.timeout = Duration::from_secs(60);
        Self {
            pool,
            function,
            share,
            processes: BTreeMap::new(),
            answered: 0,
            most: 0,
        }
    }

    /// Calls the function so often at once; how long it takes until all have been answered.
    fn serve(&mut self, events: usize) -> Duration {
        let (begin, answered) = (self.pool.now.steady, self.answered);
        for _ in 0..events {
            self.pool.invoke();
        }
        for step in 0.. {
            self.settle();
            if self.answered - answered == events {
                break;
            }
            assert!(step < 60_000, "{} of {events}", self.answered);
            self.run(step);
        }
        self.pool.now.steady - begin
    }

    /// A millisecond passes.
    fn run(&mut self, step: u32) {
        let now = &mut self.pool.now;
        (now.steady, now.clock) = (now.steady + MILLISECOND, now.clock + MILLISECOND);
        let is_ours = step.is_multiple_of(self.share);
        let mut free = if is_ours {
            self.pool.machine.limits.processors
        } else {
            0
        };
        let count = self.processes.len().max(1);
        let ids: Vec<u64> = self.processes.keys().copied().collect();
        // In turn.
        for at in 0..ids.len() {
            let id = ids[(at + (step / self.share) as usize) % count];
            let working = self.processes.get_mut(&id).expect("a process");
            match (working.computes, working.waits) {
                (0, 0) => continue,
                (0, _) => working.waits -= 1,
                _ if free > 0 => {
                    free -= 1;
                    working.computes -= 1;
                    working.used += 1;
                }
                _ => continue,
            }
            if working.computes + working.waits == 0 {
                self.is_done(id);
            }
        }
        self.pool.machine.expire(self.pool.now);
    }

    /// It has started, or has its result: it asks for the next event.
    fn is_done(&mut self, id: u64) {
        let working = self.processes.get_mut(&id).expect("a process");
        if let Some(call) = working.call.take() {
            self.answered += 1;
            self.pool.returns(id, call);
        }
        self.ask(id);
    }

    fn ask(&mut self, id: u64) {
        if let Some(call) = self.pool.next(id) {
            let working = self.processes.get_mut(&id).expect("a process");
            (working.call, working.computes) = (Some(call), self.function.computes);
            working.waits = self.function.waits;
        }
    }

    /// Does what the machine wants done.
    fn settle(&mut self) {
        while let Some(action) = self.pool.machine.poll_action() {
            match action {
                Action::Start(ProcessId(id)) => {
                    let computes = self.function.starts;
                    let working = Working {
                        computes,
                        ..Working::default()
                    };
                    self.processes.insert(id, working);
                    self.most = self.most.max(self.processes.len());
                }
                Action::Deliver(ProcessId(id)) => self.ask(id),
                Action::Look => {
                    let reading = |(id, working): (&u64, &Working)| {
                        let reading = Reading {
                            // Systems count in hundredths of a second.
                            used: Duration::from_millis(working.used / 10 * 10),
                            is_runnable: working.computes > 0,
                        };
                        (ProcessId(*id), reading)
                    };
                    let readings = self.processes.iter().map(reading).collect();
                    self.pool
                        .machine
                        .looked(self.pool.now, self.pool.now.steady, &readings);
                }
                other => assert!(matches!(other, Action::Finished(_)), "{other:?}"),
            }
        }
    }
}

#[rstest]
#[case::alone_on_two_processors(2, 1)]
#[case::alone_on_eight_processors(8, 1)]
#[case::beside_others_that_take_four_fifths(2, 5)]
fn who_only_computes_gets_at_most_two_processes_a_processor(
    #[case] processors: usize,
    #[case] share: u32,
    #[values(50, 200)] events: usize,
    #[values(2, 50)] computes: u32,
) {
    let function = Function {
        starts: 60,
        computes,
        waits: 0,
    };
    let mut machine = Machine::new(processors, share, function);
    machine.serve(events);
    machine.serve(events);
    assert!(machine.most <= 2 * processors, "{}", machine.most);
}

// It waits for the gateway in between: what it posts goes there, and the gateway needs a processor.
#[rstest]
#[case::alone(1, 2, 1)]
#[case::beside_others(5, 5, 8)]
fn who_computes_most_of_the_time_gets_few(
    #[case] share: u32,
    #[case] computes: u32,
    #[case] waits: u32,
) {
    let function = Function {
        starts: 60,
        computes,
        waits,
    };
    let mut machine = Machine::new(2, share, function);
    for _ in 0..40 {
        machine.serve(50);
    }
    assert!(machine.most <= 4, "{}", machine.most);
}

#[rstest]
#[case::with_nothing_to_start(Function { starts: 5, computes: 1, waits: 1_000 })]
#[case::whose_start_sleeps(Function { starts: 10, computes: 0, waits: 1_000 })]
fn fifty_that_sleep_a_second_are_done_in_two(#[case] function: Function) {
    let mut machine = Machine::new(2, 1, function);
    let time = machine.serve(50);
    assert!(time < 2 * SECOND, "{time:?}");
    // They are all there now.
    let time = machine.serve(50);
    assert!(time < SECOND + 100 * MILLISECOND, "{time:?}");
    assert_eq!(machine.most, 50);
}

// As long as a process starts for each event, no other helps.
#[test]
fn a_start_of_two_seconds_is_one_process_for_one_event() {
    let function = Function {
        starts: 2_000,
        computes: 1,
        waits: 0,
    };
    let mut machine = Machine::new(2, 1, function);
    assert_eq!(machine.serve(1), 2_001 * MILLISECOND);
    assert_eq!(machine.most, 1);
}

// What waits may wait for the gateway, then.
#[test]
fn a_look_that_comes_late_does_not_count() {
    for (late, starts) in [(LATE, 1), (LATE + MILLISECOND, 0)] {
        let mut pool = Pool::new();
        for _ in 0..3 {
            pool.invoke();
        }
        pool.actions();
        for _ in 0..2 {
            pool.pass(PATIENCE - MILLISECOND);
            // The timers run so late.
            pool.now.steady += MILLISECOND + late;
            pool.machine.expire(pool.now);
            assert_eq!(pool.actions(), ["look"]);
            pool.none_computes();
        }
        assert_eq!(count(&pool.actions(), "start"), starts, "{late:?}");
    }
}

#[test]
fn where_the_system_tells_nothing_there_is_one_more_each_time() {
    let mut pool = Pool::new();
    for _ in 0..5 {
        pool.invoke();
    }
    assert_eq!(pool.actions(), ["start 1", "start 2"]);
    for more in ["start 3", "start 4"] {
        assert_eq!(pool.pass(PATIENCE - MILLISECOND), [""; 0]);
        assert_eq!(pool.pass(MILLISECOND), ["look"]);
        pool.machine
            .looked(pool.now, pool.now.steady, &BTreeMap::new());
        assert_eq!(pool.actions(), [more]);
    }
}
