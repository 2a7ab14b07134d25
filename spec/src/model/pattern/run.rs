//! The search: a machine that backtracks, with what it must undo on a stack.

use super::class::Class;
use super::parse::One;
use super::program::{Loop, Op, Program};
use super::{Unfinished, is_line_end, is_word};

/// What is undone, or tried next, when something fails.
enum Entry {
    /// Go on there.
    Choice {
        code: usize,
        at: usize,
    },
    /// A greedy run gives a unit back, down to `min`.
    Shorter {
        code: usize,
        min: usize,
        at: usize,
    },
    /// A lazy run takes a unit more, up to so many.
    Longer {
        code: usize,
        at: usize,
        left: usize,
    },
    /// A lazy loop takes a round more.
    Round {
        code: usize,
        at: usize,
    },
    Group(usize, Option<(usize, usize)>),
    Counter(usize, Counter),
    /// Below are the entries of before a look ahead, which began at `at`.
    Look {
        wanted: bool,
        behind: usize,
        at: usize,
    },
}

/// How often a loop went round, and where its last round began.
#[derive(Clone, Copy, Default)]
struct Counter {
    rounds: u32,
    began: usize,
}

struct Machine<'a> {
    program: &'a Program,
    text: &'a [u16],
    steps: &'a mut u64,
    code: usize,
    at: usize,
    groups: Vec<Option<(usize, usize)>>,
    counters: Vec<Counter>,
    stack: Vec<Entry>,
}

/// Whether the pattern is found in `text`.
pub(super) fn search(program: &Program, text: &[u16], steps: &mut u64) -> Result<bool, Unfinished> {
    let mut machine = Machine {
        program,
        text,
        steps,
        code: 0,
        at: 0,
        groups: vec![None; program.groups],
        counters: vec![Counter::default(); program.loops],
        stack: Vec::new(),
    };
    machine.spend(text.len() as u64 / 16)?;
    let first = match program.code.first() {
        Some(Op::One(One::Unit(unit))) => Some(*unit),
        _ => None,
    };
    let last = if program.anchored { 0 } else { text.len() };
    for start in 0..=last {
        machine.spend(1)?;
        if first.is_some() && text.get(start).copied() != first {
            continue;
        }
        if machine.matches_at(start)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl One {
    fn takes(&self, unit: u16) -> bool {
        match self {
            Self::Unit(one) => *one == unit,
            Self::Any => !is_line_end(unit),
            Self::Class(class) => Class::has(class, unit),
        }
    }
}

impl Machine<'_> {
    fn spend(&mut self, steps: u64) -> Result<(), Unfinished> {
        *self.steps = self.steps.checked_sub(steps).ok_or(Unfinished::Steps)?;
        Ok(())
    }

    fn matches_at(&mut self, start: usize) -> Result<bool, Unfinished> {
        self.code = 0;
        self.at = start;
        self.groups.fill(None);
        self.stack.clear();
        loop {
            self.spend(1)?;
            let program = self.program;
            let op = &program.code[self.code];
            if matches!(op, Op::Match) {
                return Ok(true);
            }
            if !self.step(op)? && !self.backtrack()? {
                return Ok(false);
            }
        }
    }

    /// Whether the instruction holds; the machine is behind it then.
    fn step(&mut self, op: &Op) -> Result<bool, Unfinished> {
        let here = self.code;
        self.code += 1;
        let holds = match op {
            Op::One(one) => {
                self.check(one)?;
                let taken = self.text.get(self.at).is_some_and(|&unit| one.takes(unit));
                self.at += usize::from(taken);
                taken
            }
            Op::Start => self.at == 0,
            Op::End => self.at == self.text.len(),
            Op::Boundary(wanted) => self.is_at_boundary() == *wanted,
            Op::Back(group) => self.back(*group)?,
            Op::Open(group) => {
                self.set_group(*group, Some((self.at, self.at)));
                true
            }
            Op::Close(group) => {
                let start = self.groups[*group].map_or(self.at, |(start, _)| start);
                self.set_group(*group, Some((start, self.at)));
                true
            }
            Op::Jump(code) => {
                self.code = *code;
                true
            }
            Op::Split(code) => {
                let (code, at) = (*code, self.at);
                self.stack.push(Entry::Choice { code, at });
                true
            }
            Op::Run {
                one,
                min,
                max,
                greedy,
            } => self.run(one, *min, *max, *greedy)?,
            Op::LoopStart(slot) => {
                self.set_counter(*slot, Counter::default());
                true
            }
            Op::Loop(lap) => {
                self.round(lap, here);
                true
            }
            Op::LoopEnd(code) => self.round_ended(*code),
            Op::Look { wanted, behind } => {
                let (wanted, behind, at) = (*wanted, *behind, self.at);
                self.stack.push(Entry::Look { wanted, behind, at });
                true
            }
            Op::Found => self.found(),
            Op::Match => true,
        };
        Ok(holds)
    }

    fn check(&self, one: &One) -> Result<(), Unfinished> {
        match one {
            One::Class(class) if class.is_broken() && self.at < self.text.len() => {
                Err(Unfinished::Range)
            }
            _ => Ok(()),
        }
    }

    fn is_at_boundary(&self) -> bool {
        let word = |at: Option<usize>| {
            at.and_then(|at| self.text.get(at))
                .is_some_and(|&unit| is_word(unit))
        };
        word(self.at.checked_sub(1)) != word(Some(self.at))
    }

    /// The text of a group once more; a group without one is empty.
    fn back(&mut self, group: usize) -> Result<bool, Unfinished> {
        let Some((start, end)) = self.groups[group] else {
            return Ok(true);
        };
        self.spend((end - start) as u64)?;
        let again = self.text.get(self.at..self.at + (end - start));
        let same = again == Some(&self.text[start..end]);
        if same {
            self.at += end - start;
        }
        Ok(same)
    }

    fn run(&mut self, one: &One, min: usize, max: usize, greedy: bool) -> Result<bool, Unfinished> {
        if greedy || min > 0 {
            self.check(one)?;
        }
        let wanted = if greedy { max } else { min };
        let rest = &self.text[self.at..];
        let taken = rest
            .iter()
            .take(wanted)
            .take_while(|&&unit| one.takes(unit))
            .count();
        self.spend(taken as u64 / 4)?;
        if taken < min {
            return Ok(false);
        }
        let (code, start) = (self.code, self.at);
        self.at += taken;
        if greedy && taken > min {
            let (min, at) = (start + min, self.at);
            self.stack.push(Entry::Shorter { code, min, at });
        }
        if !greedy && max > min {
            let (at, left) = (self.at, max - min);
            self.stack.push(Entry::Longer { code, at, left });
        }
        Ok(true)
    }

    /// At the head of a loop: into its body, or past it.
    fn round(&mut self, lap: &Loop, head: usize) {
        let rounds = self.counters[lap.slot].rounds;
        if rounds < lap.min {
            self.enter(lap, rounds > 0 && !lap.greedy);
        } else if lap.max.is_some_and(|max| rounds >= max) {
            self.code = lap.exit;
        } else if lap.greedy {
            let at = self.at;
            self.stack.push(Entry::Choice { code: lap.exit, at });
            self.enter(lap, rounds > 0);
        } else {
            let at = self.at;
            self.stack.push(Entry::Round { code: head, at });
            self.code = lap.exit;
        }
    }

    fn enter(&mut self, lap: &Loop, forgets_groups: bool) {
        let counter = Counter {
            began: self.at,
            ..self.counters[lap.slot]
        };
        self.set_counter(lap.slot, counter);
        if forgets_groups {
            for group in lap.groups.clone() {
                self.set_group(group, None);
            }
        }
    }

    /// A round that took nothing leads nowhere, unless it had to be.
    fn round_ended(&mut self, head: usize) -> bool {
        let program = self.program;
        let Op::Loop(lap) = &program.code[head] else {
            return false;
        };
        let Counter { rounds, began } = self.counters[lap.slot];
        if rounds >= lap.min && began == self.at {
            return false;
        }
        let rounds = rounds.saturating_add(1);
        self.set_counter(lap.slot, Counter { rounds, began });
        self.code = head;
        true
    }

    /// What was looked for is there: nothing of it is tried again.
    fn found(&mut self) -> bool {
        let mut kept = Vec::new();
        while let Some(entry) = self.stack.pop() {
            match entry {
                Entry::Look { wanted, behind, at } => {
                    self.at = at;
                    self.code = behind;
                    if !wanted {
                        kept.iter().for_each(|entry| self.undo(entry));
                        return false;
                    }
                    self.stack.extend(kept.into_iter().rev());
                    return true;
                }
                entry @ (Entry::Group(..) | Entry::Counter(..)) => kept.push(entry),
                _ => {}
            }
        }
        false
    }

    fn undo(&mut self, entry: &Entry) {
        match entry {
            Entry::Group(group, before) => self.groups[*group] = *before,
            Entry::Counter(slot, before) => self.counters[*slot] = *before,
            _ => {}
        }
    }

    /// Goes on with what was left to try.
    fn backtrack(&mut self) -> Result<bool, Unfinished> {
        while let Some(entry) = self.stack.pop() {
            self.spend(1)?;
            match entry {
                Entry::Choice { code, at } => {
                    (self.code, self.at) = (code, at);
                    return Ok(true);
                }
                Entry::Shorter { code, min, at } => {
                    let at = at - 1;
                    (self.code, self.at) = (code, at);
                    if at > min {
                        self.stack.push(Entry::Shorter { code, min, at });
                    }
                    return Ok(true);
                }
                Entry::Longer { code, at, left } => {
                    let program = self.program;
                    self.at = at;
                    if let Op::Run { one, .. } = &program.code[code - 1]
                        && self.check(one).map(|()| true)?
                        && self.text.get(at).is_some_and(|&unit| one.takes(unit))
                    {
                        let (at, left) = (at + 1, left - 1);
                        (self.code, self.at) = (code, at);
                        if left > 0 {
                            self.stack.push(Entry::Longer { code, at, left });
                        }
                        return Ok(true);
                    }
                }
                Entry::Round { code, at } => {
                    let program = self.program;
                    if let Op::Loop(lap) = &program.code[code] {
                        (self.code, self.at) = (code + 1, at);
                        self.enter(lap, true);
                        return Ok(true);
                    }
                }
                // What was not to be found is not there.
                Entry::Look {
                    wanted: false,
                    behind,
                    at,
                } => {
                    (self.code, self.at) = (behind, at);
                    return Ok(true);
                }
                Entry::Look { .. } => {}
                entry => self.undo(&entry),
            }
        }
        Ok(false)
    }

    fn set_group(&mut self, group: usize, value: Option<(usize, usize)>) {
        let before = std::mem::replace(&mut self.groups[group], value);
        self.stack.push(Entry::Group(group, before));
    }

    fn set_counter(&mut self, slot: usize, value: Counter) {
        let before = std::mem::replace(&mut self.counters[slot], value);
        self.stack.push(Entry::Counter(slot, before));
    }
}
