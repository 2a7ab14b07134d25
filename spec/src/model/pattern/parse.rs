//! From the text of a pattern to its tree.

use super::InvalidPattern;
use super::class::{Class, hexadecimal};

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One unit.
    One(One),
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` when it is not wanted.
    Boundary(bool),
    /// `\1`, from 0.
    Back(usize),
    /// `(…)`, from 0.
    Group(usize, Box<Node>),
    /// `(?=…)`, or `(?!…)` when it is not wanted.
    Look(bool, Box<Node>),
    Repeat(Box<Repeat>),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
}

/// What matches one unit.
#[derive(Clone, Debug)]
pub(super) enum One {
    Unit(u16),
    /// `.`
    Any,
    Class(Class),
}

/// A part that is repeated.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    pub(super) inner: Node,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
    /// The groups inside.
    pub(super) groups: std::ops::Range<usize>,
}

/// How deep groups may nest.
const MAX_DEPTH: usize = 200;
/// Numbers from here on are too large.
const MAX_NUMBER: u32 = 0xFFFF;

/// Reads a pattern.
pub(super) fn parse(source: &[u16]) -> Result<Node, InvalidPattern> {
    let mut parser = Parser::new(source, usize::MAX);
    let tree = parser.whole()?;
    if parser.highest_back <= parser.groups {
        return Ok(tree);
    }
    // One number that no group has makes octal escapes of all of them: the engine reads the pattern
    // again, and forgets how many groups it had.
    Parser::new(source, 0).whole()
}

struct Parser<'a> {
    source: &'a [u16],
    at: usize,
    depth: usize,
    groups: usize,
    highest_back: usize,
    /// Up to which number `\1` is a reference.
    back_limit: usize,
}

fn fail<T>(problem: &'static str) -> Result<T, InvalidPattern> {
    Err(InvalidPattern(problem))
}

fn is_digit(unit: u16) -> bool {
    (0x30..=0x39).contains(&unit)
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u16], back_limit: usize) -> Self {
        Self {
            source,
            at: 0,
            depth: 0,
            groups: 0,
            highest_back: 0,
            back_limit,
        }
    }

    fn peek(&self) -> Option<u16> {
        self.source.get(self.at).copied()
    }

    fn looking_at(&self, character: u8) -> bool {
        self.peek() == Some(u16::from(character))
    }

    fn accept(&mut self, character: u8) -> bool {
        let found = self.looking_at(character);
        self.at += usize::from(found);
        found
    }

    fn whole(&mut self) -> Result<Node, InvalidPattern> {
        let tree = self.choice()?;
        if self.looking_at(b')') {
            return fail("`)` without `(`");
        }
        Ok(tree)
    }

    fn choice(&mut self) -> Result<Node, InvalidPattern> {
        let mut branches = vec![self.sequence()?];
        while self.accept(b'|') {
            branches.push(self.sequence()?);
        }
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Node::Choice(branches),
        })
    }

    fn sequence(&mut self) -> Result<Node, InvalidPattern> {
        let mut parts = Vec::new();
        while self.at < self.source.len() && !self.looking_at(b'|') && !self.looking_at(b')') {
            parts.push(self.term()?);
        }
        Ok(Node::Sequence(parts))
    }

    fn term(&mut self) -> Result<Node, InvalidPattern> {
        let groups = self.groups;
        let unit = self.source[self.at];
        self.at += 1;
        let one = |one| Ok(Node::One(one));
        let atom = match u8::try_from(unit).unwrap_or(0) {
            b'^' => return Ok(Node::Start),
            b'$' => return Ok(Node::End),
            b'\\' => match self.escape()? {
                boundary @ Node::Boundary(_) => return Ok(boundary),
                atom => Ok(atom),
            },
            b'(' => self.group(),
            b'[' => self.class(),
            b'.' => one(One::Any),
            b'*' | b'+' | b'?' => fail("a quantifier without anything before it"),
            _ => one(One::Unit(unit)),
        }?;
        let Some((min, max)) = self.quantifier()? else {
            return Ok(atom);
        };
        let greedy = !self.accept(b'?');
        Ok(Node::Repeat(Box::new(Repeat {
            inner: atom,
            min,
            max,
            greedy,
            groups: groups..self.groups,
        })))
    }

    fn group(&mut self) -> Result<Node, InvalidPattern> {
        if self.depth == MAX_DEPTH {
            return fail("groups nest too deep");
        }
        let kind = match self.source.get(self.at..self.at + 2) {
            Some([0x3F, kind @ (0x3D | 0x21 | 0x3A)]) => {
                self.at += 2;
                Some(*kind)
            }
            _ => None,
        };
        let number = self.groups;
        self.groups += usize::from(kind.is_none());
        self.depth += 1;
        let inner = self.choice()?;
        self.depth -= 1;
        if !self.accept(b')') {
            return fail("`(` without `)`");
        }
        Ok(match kind {
            None => Node::Group(number, Box::new(inner)),
            Some(0x3D) => Node::Look(true, Box::new(inner)),
            Some(0x21) => Node::Look(false, Box::new(inner)),
            // A group of its own, so that what follows quantifies all of it.
            Some(_) => Node::Sequence(vec![inner]),
        })
    }

    fn class(&mut self) -> Result<Node, InvalidPattern> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(0x5C) => self.at += 2,
                Some(0x5D) => break,
                Some(_) => self.at += 1,
                None => return fail("`[` without `]`"),
            }
        }
        let class = Class::parse(&self.source[start..self.at])?;
        self.at += 1;
        Ok(Node::One(One::Class(class)))
    }

    fn escape(&mut self) -> Result<Node, InvalidPattern> {
        let Some(letter) = self.peek() else {
            return fail("a backslash at the end");
        };
        self.at += 1;
        let byte = u8::try_from(letter).unwrap_or(0);
        if let Some(class) = Class::escaped(byte) {
            return Ok(Node::One(One::Class(class)));
        }
        let unit = match byte {
            b'b' => return Ok(Node::Boundary(true)),
            b'B' => return Ok(Node::Boundary(false)),
            b'0' => self.octal(0),
            b'1'..=b'9' => return self.back(),
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'v' => 0x0B,
            b'c' => self.control(),
            b'u' => self.hexadecimal(4).unwrap_or(letter),
            b'x' => self.hexadecimal(2).unwrap_or(letter),
            _ => letter,
        };
        Ok(Node::One(One::Unit(unit)))
    }

    fn back(&mut self) -> Result<Node, InvalidPattern> {
        let start = self.at - 1;
        self.at = start;
        let number = self.number()? as usize;
        if number <= self.back_limit {
            self.highest_back = self.highest_back.max(number);
            return Ok(Node::Back(number - 1));
        }
        self.at = start;
        let first = self.source[start] - 0x30;
        if first >= 8 {
            return Ok(Node::One(One::Unit(0x5C)));
        }
        self.at += 1;
        let unit = self.octal(first);
        Ok(Node::One(One::Unit(unit)))
    }

    fn octal(&mut self, first: u16) -> u16 {
        let mut value = first;
        while let Some(digit @ 0x30..=0x37) = self.peek().filter(|_| value < 0o40) {
            value = value * 8 + (digit - 0x30);
            self.at += 1;
        }
        value
    }

    fn control(&mut self) -> u16 {
        let letter = self.peek();
        match letter.filter(|&l| u8::try_from(l).is_ok_and(|b| b.is_ascii_alphabetic())) {
            Some(letter) => {
                self.at += 1;
                letter & 0x1F
            }
            None => {
                self.at -= 1;
                0x5C
            }
        }
    }

    /// So many hexadecimal digits, or fewer at the end of the pattern.
    fn hexadecimal(&mut self, count: usize) -> Option<u16> {
        let end = (self.at + count).min(self.source.len());
        let value = hexadecimal(&self.source[self.at..end])?;
        self.at = end;
        Some(value)
    }

    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, InvalidPattern> {
        if self.accept(b'*') {
            return Ok(Some((0, None)));
        }
        if self.accept(b'+') {
            return Ok(Some((1, None)));
        }
        if self.accept(b'?') {
            return Ok(Some((0, Some(1))));
        }
        let start = self.at;
        if !self.accept(b'{') {
            return Ok(None);
        }
        let bounds = self.bounds()?;
        if bounds.is_none() {
            self.at = start;
        }
        Ok(bounds)
    }

    /// What stands between braces, and the brace; nothing when it is no quantifier.
    fn bounds(&mut self) -> Result<Option<(u32, Option<u32>)>, InvalidPattern> {
        if !self.peek().is_some_and(is_digit) {
            return Ok(None);
        }
        let min = self.number()?;
        let mut max = Some(min);
        if self.accept(b',') {
            max = None;
            if self.peek().is_some_and(is_digit) {
                let limit = self.number()?;
                // The engine looks at the order before it looks for the brace.
                if min > limit && self.at < self.source.len() {
                    return fail("a quantifier whose maximum is less than its minimum");
                }
                max = Some(limit);
            }
        }
        Ok(self.accept(b'}').then_some((min, max)))
    }

    fn number(&mut self) -> Result<u32, InvalidPattern> {
        let mut value = 0_u32;
        while let Some(unit) = self.peek().filter(|&unit| is_digit(unit)) {
            value = value * 10 + u32::from(unit - 0x30);
            if value >= MAX_NUMBER {
                return fail("a number that is too large");
            }
            self.at += 1;
        }
        Ok(value)
    }
}
