//! A pattern's tree as instructions.

use super::parse::{Node, One, Repeat};

/// Instructions, and how much memory they need while they run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Op>,
    pub(super) groups: usize,
    pub(super) loops: usize,
    /// Whether a match can only begin at the start of the text.
    pub(super) anchored: bool,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(super) enum Op {
    One(One),
    Start,
    End,
    Boundary(bool),
    Back(usize),
    Open(usize),
    Close(usize),
    Jump(usize),
    /// Goes on behind itself; when that fails, there.
    Split(usize),
    /// One unit, repeated.
    Run {
        one: One,
        min: usize,
        max: usize,
        greedy: bool,
    },
    /// Begins to count.
    LoopStart(usize),
    /// Behind `LoopStart`, and where the body jumps back to `LoopEnd`.
    Loop(Box<Loop>),
    /// The end of a loop's body.
    LoopEnd(usize),
    /// Looks ahead: what is to be found follows; what comes after it is there.
    Look {
        wanted: bool,
        behind: usize,
    },
    /// The end of what is looked for.
    Found,
    Match,
}

/// What a loop repeats.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) slot: usize,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
    pub(super) groups: std::ops::Range<usize>,
    /// Behind the loop.
    pub(super) exit: usize,
}

impl Program {
    pub(super) fn new(tree: &Node) -> Self {
        let mut program = Self {
            code: Vec::new(),
            groups: 0,
            loops: 0,
            anchored: begins_at_start(tree),
        };
        program.emit(tree);
        program.code.push(Op::Match);
        program
    }

    fn emit(&mut self, node: &Node) {
        match node {
            Node::One(one) => self.code.push(Op::One(one.clone())),
            Node::Start => self.code.push(Op::Start),
            Node::End => self.code.push(Op::End),
            Node::Boundary(wanted) => self.code.push(Op::Boundary(*wanted)),
            Node::Back(group) => self.code.push(Op::Back(*group)),
            Node::Group(number, inner) => {
                self.groups = self.groups.max(number + 1);
                self.code.push(Op::Open(*number));
                self.emit(inner);
                self.code.push(Op::Close(*number));
            }
            Node::Look(wanted, inner) => {
                let at = self.code.len();
                self.code.push(Op::Match);
                self.emit(inner);
                self.code.push(Op::Found);
                let behind = self.code.len();
                self.code[at] = Op::Look {
                    wanted: *wanted,
                    behind,
                };
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Sequence(parts) => parts.iter().for_each(|part| self.emit(part)),
            Node::Choice(branches) => self.choice(branches),
        }
    }

    fn choice(&mut self, branches: &[Node]) {
        let mut jumps = Vec::new();
        for (number, branch) in branches.iter().enumerate() {
            let split = self.code.len();
            let last = number + 1 == branches.len();
            if !last {
                self.code.push(Op::Match);
            }
            self.emit(branch);
            if !last {
                jumps.push(self.code.len());
                self.code.push(Op::Match);
                self.code[split] = Op::Split(self.code.len());
            }
        }
        let end = self.code.len();
        for jump in jumps {
            self.code[jump] = Op::Jump(end);
        }
    }

    fn repeat(&mut self, repeat: &Repeat) {
        self.groups = self.groups.max(repeat.groups.end);
        let broken = matches!(&repeat.inner, Node::One(One::Class(class)) if class.is_broken());
        // `{0}` is nothing, but for a set that ends the search.
        if repeat.max == Some(0) && !(broken && repeat.greedy) {
            return;
        }
        if let Node::One(one) = &repeat.inner {
            self.code.push(Op::Run {
                one: one.clone(),
                min: repeat.min as usize,
                max: repeat.max.map_or(usize::MAX, |max| max as usize),
                greedy: repeat.greedy,
            });
            return;
        }
        let slot = self.loops;
        self.loops += 1;
        self.code.push(Op::LoopStart(slot));
        let at = self.code.len();
        self.code.push(Op::Match);
        self.emit(&repeat.inner);
        self.code.push(Op::LoopEnd(at));
        self.code[at] = Op::Loop(Box::new(Loop {
            slot,
            min: repeat.min,
            max: repeat.max,
            greedy: repeat.greedy,
            groups: repeat.groups.clone(),
            exit: self.code.len(),
        }));
    }
}

fn begins_at_start(node: &Node) -> bool {
    match node {
        Node::Start => true,
        Node::Group(_, inner) => begins_at_start(inner),
        Node::Sequence(parts) => parts.first().is_some_and(begins_at_start),
        Node::Choice(branches) => branches.iter().all(begins_at_start),
        _ => false,
    }
}
