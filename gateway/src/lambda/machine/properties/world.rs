//! Pretended processes and events, which do what the machine says and know its rules.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use spec::Timestamp;
use spec::io::CallId;

use super::Step;
use crate::lambda::failure::Failure;
use crate::lambda::machine::growth::{LATE, PATIENCE};
use crate::lambda::machine::{End, Event, Limits, Now, PoolMachine, ProcessId, Reading};

/// A process as it was seen from outside.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) generation: u64,
    pub(super) timeout: Duration,
    pub(super) init_until: Duration,
    pub(super) has_asked: bool,
    /// Since when it waits for an event.
    pub(super) waits: Option<Duration>,
    pub(super) given: Option<CallId>,
    pub(super) busy: Option<(CallId, Timestamp)>,
    pub(super) is_killed: bool,
    pub(super) is_gone: bool,
    /// Whether it had work and did not compute when it was last looked at.
    pub(super) rested: bool,
}

/// Pretended processes and events around a machine.
#[derive(Debug)]
pub(super) struct World {
    pub(super) machine: PoolMachine,
    pub(super) limits: Limits,
    pub(super) generation: u64,
    pub(super) now: Now,
    /// When API Gateway stops waiting for each call.
    pub(super) deadlines: HashMap<CallId, Duration>,
    /// How each call has ended.
    pub(super) ends: HashMap<CallId, End>,
    /// The calls that wait, the next to be delivered first.
    pub(super) queue: VecDeque<CallId>,
    pub(super) processes: BTreeMap<ProcessId, Seen>,
    /// Starts that have failed since each call came.
    pub(super) failed_starts: HashMap<CallId, u32>,
    pub(super) is_stopped: bool,
    pub(super) has_started: bool,
    /// One process may start for nobody.
    pub(super) is_warmed: bool,
    /// How many processes were ever started.
    pub(super) started: usize,
    /// The machine wants its processes looked at.
    pub(super) looks: bool,
}

impl World {
    pub(super) fn new(limits: Limits) -> Self {
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
            is_warmed: false,
            started: 0,
            looks: false,
        }
    }

    /// Lets something happen.
    pub(super) fn play(&mut self, step: Step) {
        let is_busy = |seen: &Seen| seen.busy.is_some();
        let can_ask = |seen: &Seen| seen.busy.is_none() && !seen.is_gone;
        match step {
            Step::Invoke(patience) => self.invoke(patience),
            Step::Ask(n) => self.each(n, can_ask, Self::ask),
            Step::AskTwice(n) => self.each(n, is_busy, Self::ask),
            Step::Return(n) => self.each(n, is_busy, |world, id| {
                world.answer(id, End::Returned(String::new()));
            }),
            Step::Fail(n) => self.each(n, is_busy, |world, id| {
                world.answer(id, End::Failed(Failure::Reported(String::new())));
            }),
            Step::ReturnAnother(n) => self.each(n, |_| true, Self::answer_another),
            Step::HangUp(n) => self.each(n, Seen::listens, Self::hang_up),
            Step::InitError(n) => self.each(n, |seen| !seen.has_asked, Self::init_error),
            Step::Gone(n) => self.each(n, |seen| !seen.is_gone, Self::gone),
            Step::Exit(n) => self.each(n, |_| true, Self::exit),
            Step::Pass(time) => {
                self.now.steady += time;
                self.now.clock = self.now.clock + time;
                self.run_timers();
                if std::mem::take(&mut self.looks) {
                    self.look(|at| time.subsec_millis() >> (at % 7) & 1 == 1);
                }
            }
            Step::Advance(time) => {
                self.now.clock = self.now.clock + time;
                self.expire();
            }
            Step::Late(time) => {
                self.now.steady += time;
                self.now.clock = self.now.clock + time;
            }
            Step::Look(bits) => self.look(|at| bits >> (at % 16) & 1 == 1),
            Step::Replace(limits) => self.replace(limits),
            Step::Warm => self.warm(),
            Step::Stop => self.stop_machine(),
        }
    }

    fn answer_another(&mut self, id: ProcessId) {
        let end = End::Returned(String::new());
        assert!(!self.machine.complete(self.now, id, "another", end));
        self.settle(None);
    }

    fn hang_up(&mut self, id: ProcessId) {
        self.stop_listening(id);
        self.machine.hung_up(self.now, id);
        self.settle(None);
    }

    fn init_error(&mut self, id: ProcessId) {
        self.machine.init_failed(id, "init".to_owned());
        self.settle(None);
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
        let deadline = self.now.steady + patience;
        self.deadlines.insert(call, deadline);
        self.queue.push_back(call);
        let event = Event {
            call,
            request_id: call.0.to_string(),
            payload: String::new(),
            trace_id: String::new(),
            client_context: None,
            patience,
        };
        self.machine.invoke(self.now, event);
        self.settle(None);
        let has_ended = self.ends.contains_key(&call);
        assert!(
            !self.is_stopped || has_ended,
            "{call:?} waits after the stop"
        );
    }

    fn ask(&mut self, id: ProcessId) {
        let next = self.machine.next(self.now, id);
        self.settle(Some((id, next)));
    }

    fn answer(&mut self, id: ProcessId, end: End) {
        let (call, _) = self.processes[&id].busy.expect("a busy process");
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
        self.processes.get_mut(&id).expect("a process").is_gone = true;
        self.machine.gone(self.now, id);
        self.settle(None);
    }

    fn exit(&mut self, id: ProcessId) {
        self.stop_listening(id);
        let seen = self.processes.remove(&id).expect("a process");
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

    /// The processes are looked at: those for which `waits` holds do not compute. If there is one
    /// that computes for each processor, none is started; else not more than wait, or one.
    fn look(&mut self, waits: impl Fn(usize) -> bool) {
        let (mut readings, mut waiting, mut serving) = (BTreeMap::new(), 0, 0);
        for (at, (id, seen)) in self.processes.iter_mut().enumerate() {
            let is_runnable = !waits(at);
            let used = Duration::ZERO;
            readings.insert(*id, Reading { used, is_runnable });
            let serves = seen.generation == self.generation && !seen.is_killed && !seen.is_gone;
            let has_work = seen.busy.is_some() || !seen.has_asked;
            serving += usize::from(serves);
            let rested = has_work && !is_runnable;
            waiting += usize::from(serves && rested && seen.rested);
            seen.rested = rested;
        }
        let is_late = self.now.steady > self.machine.look_due + LATE;
        if is_late {
            self.processes
                .values_mut()
                .for_each(|seen| seen.rested = false);
        }
        let started = self.started;
        self.machine.looked(self.now, self.now.steady, &readings);
        self.settle(None);
        let started = self.started - started;
        // Those that start because there are few processes do not count.
        let few = self.limits.processors.saturating_sub(serving);
        let computing = serving - waiting;
        let most = match computing >= self.limits.processors {
            true => 0,
            false if is_late => few,
            false => few + waiting.max(1),
        };
        assert!(
            started <= most,
            "{started} start, {waiting} of {serving} wait: {self:#?}"
        );
    }

    fn start_failed(&mut self) {
        for call in &self.queue {
            *self.failed_starts.entry(*call).or_default() += 1;
        }
    }

    /// An event that was there for a process is the next to be delivered.
    fn stop_listening(&mut self, id: ProcessId) {
        let seen = self.processes.get_mut(&id).expect("a process");
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

    /// A function that has run before has a process then, if there may be one more.
    fn warm(&mut self) {
        let (started, all) = (self.started, self.processes.len());
        let is_one = |seen: &Seen| seen.generation == self.generation && !seen.is_killed;
        let is_cold = !self.processes.values().any(is_one);
        self.is_warmed = true;
        self.machine.warm(self.now);
        self.settle(None);
        self.is_warmed = false;
        let may = started > 0 && !self.is_stopped && all < self.limits.max_processes;
        assert_eq!(self.started - started, usize::from(is_cold && may));
    }

    fn stop_machine(&mut self) {
        self.is_stopped = true;
        self.machine.stop();
        self.settle(None);
        assert_eq!(self.queue, [], "what waits fails");
        assert!(self.processes.values().all(|seen| seen.is_killed));
    }

    /// The gateway goes down.
    pub(super) fn stop(&mut self) {
        self.stop_machine();
        while let Some(id) = self.processes.keys().next().copied() {
            self.exit(id);
        }
        assert!(self.machine.is_empty() && self.machine.is_settled());
    }

    /// Every process does what it should. Ends when every event has ended.
    pub(super) fn serve(&mut self) {
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
}

impl Seen {
    fn listens(&self) -> bool {
        self.waits.is_some() || self.given.is_some()
    }
}
