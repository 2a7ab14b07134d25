//! The machine's rules under random traffic. A world of pretended processes and events gives it
//! inputs, does what it says, and looks after each input whether a rule was broken.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use proptest::prelude::*;

use super::growth::PATIENCE;
use super::*;

/// What happens. Numbers choose among the processes that it can happen to.
#[derive(Clone, Debug)]
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
    Replace(Limits),
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

/// A process as it was seen from outside.
#[derive(Debug)]
struct Seen {
    generation: u64,
    timeout: Duration,
    init_until: Duration,
    has_asked: bool,
    /// Since when it waits for an event.
    waits: Option<Duration>,
    given: Option<CallId>,
    busy: Option<(CallId, Timestamp)>,
    is_killed: bool,
    is_gone: bool,
}

#[derive(Debug)]
struct World {
    machine: PoolMachine,
    limits: Limits,
    generation: u64,
    now: Now,
    /// When API Gateway stops waiting for each call.
    deadlines: HashMap<CallId, Timestamp>,
    /// How each call has ended.
    ends: HashMap<CallId, End>,
    /// The calls that wait, the next to be delivered first.
    queue: VecDeque<CallId>,
    processes: BTreeMap<ProcessId, Seen>,
    /// Starts that have failed since each call came.
    failed_starts: HashMap<CallId, u32>,
    is_stopped: bool,
    has_started: bool,
}

/// Steps are drawn as two numbers and decoded: 10,000 sequences then take seconds.
fn step() -> impl Strategy<Value = Step> {
    (0..56_u8, any::<u16>()).prop_map(|(kind, number)| decode(kind, number))
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
        _ if number % 6 == 0 => Step::Stop,
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
        init_timeout: timeout.max(Duration::from_secs(10)),
        max_processes: usize::from(1 + number / 60 % 10),
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
        for call in world.deadlines.keys() {
            assert!(world.ends.contains_key(call), "{call:?} has not ended: {world:#?}");
        }
    }
}

impl World {
    fn new(limits: Limits) -> Self {
        Self {
            machine: PoolMachine::new(limits),
            limits,
            generation: 0,
            now: Now {
                clock: Timestamp::from_millis(1_705_751_697_419),
                steady: Duration::ZERO,
            },
            deadlines: HashMap::new(),
            ends: HashMap::new(),
            queue: VecDeque::new(),
            processes: BTreeMap::new(),
            failed_starts: HashMap::new(),
            is_stopped: false,
            has_started: false,
        }
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Invoke(patience) => self.invoke(patience),
            Step::Ask(n) => {
                self.each(n, |seen| seen.busy.is_none() && !seen.is_gone, Self::ask);
            }
            Step::AskTwice(n) => self.each(n, |seen| seen.busy.is_some(), Self::ask),
            Step::Return(n) => self.each(
                n,
                |seen| seen.busy.is_some(),
                |world, id| {
                    world.answer(id, End::Returned(String::new()));
                },
            ),
            Step::Fail(n) => self.each(
                n,
                |seen| seen.busy.is_some(),
                |world, id| {
                    world.answer(id, End::Failed(Failure::Reported(String::new())));
                },
            ),
            Step::ReturnAnother(n) => self.each(
                n,
                |_| true,
                |world, id| {
                    let end = End::Returned(String::new());
                    assert!(!world.machine.complete(world.now, id, "another", end));
                    world.settle(None);
                },
            ),
            Step::HangUp(n) => self.each(n, Seen::listens, |world, id| {
                world.stop_listening(id);
                world.machine.hung_up(world.now, id);
                world.settle(None);
            }),
            Step::InitError(n) => self.each(
                n,
                |seen| !seen.has_asked,
                |world, id| {
                    world.machine.init_failed(id, "init".to_owned());
                    world.settle(None);
                },
            ),
            Step::Gone(n) => self.each(n, |seen| !seen.is_gone, Self::gone),
            Step::Exit(n) => self.each(n, |_| true, Self::exit),
            Step::Pass(time) => {
                self.now.steady += time;
                self.now.clock = self.now.clock + time;
                self.run_timers();
            }
            Step::Advance(time) => {
                self.now.clock = self.now.clock + time;
                self.expire();
            }
            Step::Late(time) => {
                self.now.steady += time;
                self.now.clock = self.now.clock + time;
            }
            Step::Replace(limits) => self.replace(limits),
            Step::Stop => self.stop_machine(),
        }
    }

    /// Does something to one of the processes for which `can` holds, if there is one.
    fn each(
        &mut self,
        n: usize,
        can: impl Fn(&Seen) -> bool,
        act: impl FnOnce(&mut Self, ProcessId),
    ) {
        let able = self.processes.iter().filter(|(_, seen)| can(seen));
        let able: Vec<ProcessId> = able.map(|(id, _)| *id).collect();
        if !able.is_empty() {
            act(self, able[n % able.len()]);
        }
    }

    fn invoke(&mut self, patience: Duration) {
        let call = CallId(self.deadlines.len() as u64);
        let deadline = self.now.clock + patience;
        self.deadlines.insert(call, deadline);
        self.queue.push_back(call);
        let event = Event {
            call,
            request_id: call.0.to_string(),
            payload: String::new(),
            trace_id: String::new(),
            deadline,
        };
        self.machine.invoke(self.now, event);
        self.settle(None);
    }

    fn ask(&mut self, id: ProcessId) {
        let next = self.machine.next(self.now, id);
        self.settle(Some((id, next)));
    }

    fn answer(&mut self, id: ProcessId, end: End) {
        let (call, _) = self.processes[&id].busy.unwrap();
        assert!(
            self.machine
                .complete(self.now, id, &call.0.to_string(), end)
        );
        assert!(self.processes[&id].busy.is_some());
        self.settle(None);
        assert!(self.ends.contains_key(&call) && self.processes[&id].busy.is_none());
    }

    fn gone(&mut self, id: ProcessId) {
        self.stop_listening(id);
        self.processes.get_mut(&id).unwrap().is_gone = true;
        self.machine.gone(self.now, id);
        self.settle(None);
    }

    fn exit(&mut self, id: ProcessId) {
        self.stop_listening(id);
        let seen = self.processes.remove(&id).unwrap();
        if !seen.has_asked && !seen.is_killed {
            self.start_failed();
        }
        let failure = Failure::Exited(ExitStatus::from_raw(9));
        self.machine.exited(self.now, id, failure);
        self.settle(None);
        if let Some((call, _)) = seen.busy {
            assert!(self.ends.contains_key(&call), "its process has gone");
        }
    }

    fn start_failed(&mut self) {
        for call in &self.queue {
            *self.failed_starts.entry(*call).or_default() += 1;
        }
    }

    /// An event that was there for a process is the next to be delivered.
    fn stop_listening(&mut self, id: ProcessId) {
        let seen = self.processes.get_mut(&id).unwrap();
        seen.waits = None;
        if let Some(call) = seen.given.take() {
            self.queue.push_front(call);
        }
    }

    fn replace(&mut self, limits: Limits) {
        let given = self
            .processes
            .values_mut()
            .filter_map(|seen| seen.given.take());
        let mut given: Vec<CallId> = given.collect();
        given.sort_unstable();
        for call in given.into_iter().rev() {
            self.queue.push_front(call);
        }
        self.limits = limits;
        self.generation += 1;
        self.machine.replace(self.now, limits);
        self.settle(None);
        for seen in self.processes.values() {
            let is_old = seen.generation != self.generation;
            assert!(
                !is_old || seen.waits.is_none() || seen.is_killed,
                "{seen:?} waits on"
            );
        }
    }

    fn stop_machine(&mut self) {
        self.is_stopped = true;
        self.machine.stop();
        self.settle(None);
        assert_eq!(self.queue, [], "what waits fails");
        assert!(self.processes.values().all(|seen| seen.is_killed));
    }

    fn stop(&mut self) {
        self.stop_machine();
        while let Some(id) = self.processes.keys().next().copied() {
            self.exit(id);
        }
        assert!(self.machine.is_empty() && self.machine.is_settled());
    }

    /// Every process does what it should. Ends when every event has ended.
    fn serve(&mut self) {
        for _ in 0..1_000 {
            if self.ends.len() == self.deadlines.len() {
                return;
            }
            let ids: Vec<ProcessId> = self.processes.keys().copied().collect();
            for id in ids {
                let Some(seen) = self.processes.get(&id) else {
                    continue;
                };
                if seen.is_killed || seen.is_gone {
                    self.exit(id);
                } else if seen.busy.is_some() {
                    self.answer(id, End::Returned(String::new()));
                } else {
                    self.ask(id);
                }
            }
            self.now.steady += PATIENCE;
            self.run_timers();
        }
        panic!("events are stranded: {self:#?}");
    }

    /// As `Pool::run` does.
    fn run_timers(&mut self) {
        let due = self.machine.due();
        if due.clock.is_some_and(|at| at <= self.now.clock)
            || due.steady.is_some_and(|at| at <= self.now.steady)
        {
            self.expire();
        }
        self.check_nothing_is_overdue();
    }

    fn expire(&mut self) {
        let over =
            |seen: &&Seen| !seen.has_asked && !seen.is_killed && seen.init_until <= self.now.steady;
        for _ in 0..self.processes.values().filter(over).count() {
            self.start_failed();
        }
        self.machine.expire(self.now);
        self.settle(None);
        self.check_nothing_is_overdue();
    }

    /// Looks at everything that the machine wants done, and at `next`, the answer to a process.
    fn settle(&mut self, next: Option<(ProcessId, Next)>) {
        self.has_started = false;
        let actions: Vec<Action> = std::iter::from_fn(|| self.machine.poll_action()).collect();
        let (finished, others): (Vec<_>, Vec<_>) = actions
            .into_iter()
            .partition(|action| matches!(action, Action::Finished(_)));
        for action in finished {
            if let Action::Finished(finished) = action {
                self.finished(finished);
            }
        }
        if let Some((id, next)) = next {
            self.answered(id, next);
        }
        for action in others {
            self.act(&action);
        }
        self.check();
    }

    fn finished(&mut self, Finished { call, end, .. }: Finished) {
        let waited = self.queue.iter().position(|waiting| *waiting == call);
        if let Some(index) = waited {
            self.queue.remove(index);
        }
        for seen in self.processes.values_mut() {
            if seen.given == Some(call) {
                seen.given = None;
                seen.waits = Some(self.now.steady);
            }
            if let Some((_, until)) = seen.busy.take_if(|(busy, _)| *busy == call) {
                let is_over = until <= self.now.clock;
                let timed_out = matches!(end, End::Failed(Failure::TimedOut(_)));
                assert!(!timed_out || is_over, "{call:?} timed out too early");
            }
        }
        let deadline = self.deadlines[&call];
        if matches!(end, End::GivenUp) {
            assert!(deadline <= self.now.clock, "{call:?} is given up too early");
        }
        if waited.is_some() && !self.is_stopped && !matches!(end, End::GivenUp) {
            let failed = self.failed_starts.get(&call).copied().unwrap_or_default();
            assert!(failed >= 2, "{call:?} has failed after {failed} starts");
        }
        let earlier = self.ends.insert(call, end);
        assert!(earlier.is_none(), "{call:?} has ended twice: {earlier:?}");
    }

    fn answered(&mut self, id: ProcessId, next: Next) {
        let Some(seen) = self.processes.get_mut(&id) else {
            return;
        };
        match next {
            Next::Refused => {}
            Next::Wait => {
                assert!(seen.generation == self.generation && !seen.is_killed && !self.is_stopped);
                seen.has_asked = true;
                seen.waits = seen.waits.or(Some(self.now.steady));
            }
            Next::Event(Event { call, deadline, .. }) => {
                assert!(
                    deadline > self.now.clock,
                    "{call:?} runs after its deadline"
                );
                assert!(
                    !self.ends.contains_key(&call),
                    "{call:?} runs after its end"
                );
                assert!(!self.is_stopped && !seen.is_killed && !seen.is_gone);
                assert_eq!(
                    seen.generation, self.generation,
                    "{call:?} runs in the old program"
                );
                let expected = seen.given.take().or_else(|| self.queue.pop_front());
                assert_eq!(expected, Some(call), "the order of events");
                seen.has_asked = true;
                seen.waits = None;
                seen.busy = Some((call, self.now.clock + seen.timeout));
            }
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Start(id) => {
                assert!(!self.is_stopped, "a start after the stop");
                self.has_started = true;
                let seen = Seen {
                    generation: self.generation,
                    timeout: self.limits.timeout,
                    init_until: self.now.steady + self.limits.init_timeout,
                    has_asked: false,
                    waits: None,
                    given: None,
                    busy: None,
                    is_killed: false,
                    is_gone: false,
                };
                assert!(self.processes.insert(*id, seen).is_none());
            }
            Action::Deliver(id) => {
                let seen = self.processes.get_mut(id).expect("a process that is there");
                assert!(seen.waits.take().is_some(), "{id:?} does not wait");
                assert!(!self.is_stopped && !seen.is_killed && !seen.is_gone);
                seen.given = self.queue.pop_front();
                assert!(seen.given.is_some(), "nothing waits");
            }
            Action::Kill(id) => {
                let seen = self.processes.get_mut(id).expect("a process that is there");
                seen.is_killed = true;
                seen.waits = None;
            }
            Action::Finished(_) => unreachable!("they are looked at before"),
        }
    }

    fn starting(&self) -> usize {
        let starting = |seen: &&Seen| !seen.has_asked && !seen.is_killed;
        self.processes.values().filter(starting).count()
    }

    /// What holds after each input.
    fn check(&self) {
        let (waiting, starting) = (self.queue.len(), self.starting());
        let all = self.processes.len();
        if self.has_started {
            assert!(starting <= waiting, "{starting} start for {waiting}");
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
        let deadlines = self.queue.iter().map(|call| self.deadlines[call]);
        let timeouts = self
            .processes
            .values()
            .filter_map(|seen| Some(seen.busy?.1));
        let first = deadlines.chain(timeouts).min();
        assert!(first.is_none_or(|first| due.clock.is_some_and(|due| due <= first)));
        let idle_until = |seen: &Seen| Some(seen.waits? + IDLE);
        let first = self.processes.values().filter_map(idle_until).min();
        assert!(first.is_none_or(|first| due.steady.is_some_and(|due| due <= first)));
    }

    /// What holds when the timers have run.
    fn check_nothing_is_overdue(&self) {
        let Now { clock, steady } = self.now;
        let overdue = |call: &CallId| self.deadlines[call] <= clock;
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

impl Seen {
    fn listens(&self) -> bool {
        self.waits.is_some() || self.given.is_some()
    }
}
