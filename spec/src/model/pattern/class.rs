//! Sets of UTF-16 units: `\d`, `\s`, `\w` and what stands between brackets.

use super::InvalidPattern;

/// A set of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// The units below 128, a bit each.
    ascii: u128,
    /// The others, as ranges.
    ranges: Vec<(u16, u16)>,
    negated: bool,
    /// Whether a range goes backwards where the engine only sees it when a text comes to it.
    broken: bool,
}

const DIGITS: &[(u16, u16)] = &[(0x30, 0x39)];
const NO_DIGITS: &[(u16, u16)] = &[(0, 0x2F), (0x3A, 0xFFFF)];
const WORD: &[(u16, u16)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const NO_WORD: &[(u16, u16)] = &[
    (0, 0x2F),
    (0x3A, 0x40),
    (0x5B, 0x5E),
    (0x60, 0x60),
    (0x7B, 0xFFFF),
];
const SPACE: &[(u16, u16)] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];
const NO_SPACE: &[(u16, u16)] = &[
    (0, 0x08),
    (0x0E, 0x1F),
    (0x21, 0x9F),
    (0xA1, 0x167F),
    (0x1681, 0x1FFF),
    (0x200B, 0x2027),
    (0x202A, 0x202E),
    (0x2030, 0x205E),
    (0x2060, 0x2FFF),
    (0x3001, 0xFEFE),
    (0xFF00, 0xFFFF),
];

/// What a letter behind a backslash stands for, if it is a class.
fn escape(letter: u8) -> Option<&'static [(u16, u16)]> {
    Some(match letter {
        b'd' => DIGITS,
        b'D' => NO_DIGITS,
        b's' => SPACE,
        b'S' => NO_SPACE,
        b'w' => WORD,
        b'W' => NO_WORD,
        _ => return None,
    })
}

/// The value of up to four hexadecimal digits.
pub(super) fn hexadecimal(digits: &[u16]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |value, &unit| {
        let digit = char::from_u32(u32::from(unit))?.to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}

impl Class {
    /// The class of an escape such as `\d`, by its letter.
    pub(super) fn escaped(letter: u8) -> Option<Self> {
        let mut class = Self::default();
        class.add_all(escape(letter)?);
        Some(class)
    }

    /// What stands between brackets.
    ///
    /// # Errors
    /// A range that goes backwards.
    pub(super) fn parse(source: &[u16]) -> Result<Self, InvalidPattern> {
        let mut class = Self::default();
        let mut rest = source;
        if let Some((0x5E, behind)) = rest.split_first() {
            class.negated = true;
            rest = behind;
        }
        check_ranges(Reader::new(rest))?;
        let mut reader = Reader::new(rest);
        let mut from: Option<u16> = None;
        while let Some(item) = reader.item() {
            match (item, from.take()) {
                (Item::Class(letter), before) => {
                    // The dash before it is no range then.
                    if before.is_some() {
                        class.add(0x2D, 0x2D);
                    }
                    class.add_all(escape(letter).unwrap_or_default());
                }
                (Item::Unit { unit, .. }, Some(start)) if start > unit => class.broken = true,
                (Item::Unit { unit, .. }, Some(start)) => class.add(start, unit),
                (Item::Unit { unit, .. }, None) => {
                    class.add(unit, unit);
                    if reader.accept_dash() {
                        from = Some(unit);
                    }
                }
            }
        }
        Ok(class)
    }

    /// Whether a unit is in the set.
    pub(super) fn has(&self, unit: u16) -> bool {
        let listed = if unit < 128 {
            self.ascii >> unit & 1 == 1
        } else {
            let within = |&(from, to): &(u16, u16)| from <= unit && unit <= to;
            self.ranges.iter().any(within)
        };
        listed != self.negated
    }

    /// Whether a search ends when it comes here.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    fn add(&mut self, from: u16, to: u16) {
        for unit in from..=to.min(127) {
            self.ascii |= 1 << unit;
        }
        if to >= 128 {
            self.ranges.push((from.max(128), to));
        }
    }

    fn add_all(&mut self, ranges: &[(u16, u16)]) {
        for &(from, to) in ranges {
            self.add(from, to);
        }
    }
}

/// A part of a class.
enum Item {
    /// A class by its letter.
    Class(u8),
    Unit {
        unit: u16,
        /// What the engine takes it for while it looks at ranges, where that differs.
        bound: Option<u16>,
    },
}

struct Reader<'a> {
    rest: &'a [u16],
    /// A unit to read once more.
    again: Option<u16>,
}

const BACKWARDS: InvalidPattern = InvalidPattern("a range that goes backwards");

/// What the engine looks at while it reads a pattern: ranges up to the first class in the set,
/// where `\d` as the start of a range counts as `9`.
fn check_ranges(mut reader: Reader<'_>) -> Result<(), InvalidPattern> {
    let mut from: Option<u16> = None;
    while let Some(item) = reader.item() {
        let bound = match item {
            Item::Class(b'd') if from.is_none() => 0x39,
            Item::Class(_) => return Ok(()),
            Item::Unit { unit, bound } => bound.unwrap_or(unit),
        };
        match from.take() {
            Some(start) if start > bound => return Err(BACKWARDS),
            Some(_) => {}
            None if reader.accept_dash() => from = Some(bound),
            None => {}
        }
    }
    Ok(())
}

impl<'a> Reader<'a> {
    fn new(rest: &'a [u16]) -> Self {
        Self { rest, again: None }
    }

    fn next(&mut self) -> Option<u16> {
        if let Some(unit) = self.again.take() {
            return Some(unit);
        }
        let (&unit, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(unit)
    }

    /// A dash that is not the last.
    fn accept_dash(&mut self) -> bool {
        let found = self.again.is_none() && self.rest.len() > 1 && self.rest[0] == 0x2D;
        if found {
            self.next();
        }
        found
    }

    fn item(&mut self) -> Option<Item> {
        let unit = self.next()?;
        let plain = |unit| Some(Item::Unit { unit, bound: None });
        if unit != 0x5C {
            return plain(unit);
        }
        let Some(letter) = self.next() else {
            return plain(unit);
        };
        let Ok(byte) = u8::try_from(letter) else {
            return plain(letter);
        };
        plain(match byte {
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'v' => 0x0B,
            b'c' => return Some(self.control(letter)),
            b'u' => self.hexadecimal(4),
            b'x' => self.hexadecimal(2),
            b'0'..=b'7' => self.octal(u16::from(byte - b'0')),
            _ if escape(byte).is_some() => return Some(Item::Class(byte)),
            _ => letter,
        })
    }

    /// `\c` with its letter. For bounds of ranges the engine takes it for a backslash.
    fn control(&mut self, c: u16) -> Item {
        let letter = self.rest.first().copied();
        match letter.filter(|&l| u8::try_from(l).is_ok_and(|b| b.is_ascii_alphabetic())) {
            Some(letter) => {
                self.next();
                Item::Unit {
                    unit: letter & 0x1F,
                    bound: Some(0x5C),
                }
            }
            None => {
                self.again = Some(c);
                Item::Unit {
                    unit: 0x5C,
                    bound: None,
                }
            }
        }
    }

    /// So many hexadecimal digits, or fewer at the end; a backslash when there are others.
    fn hexadecimal(&mut self, count: usize) -> u16 {
        let digits = &self.rest[..count.min(self.rest.len())];
        match hexadecimal(digits) {
            Some(unit) => {
                self.rest = &self.rest[digits.len()..];
                unit
            }
            None => 0x5C,
        }
    }

    /// Up to three octal digits, up to 255.
    fn octal(&mut self, first: u16) -> u16 {
        let mut value = first;
        for _ in 0..2 {
            match self.rest.first() {
                Some(&digit @ 0x30..=0x37) if value * 8 + (digit - 0x30) <= 0o377 => {
                    value = value * 8 + (digit - 0x30);
                    self.next();
                }
                _ => break,
            }
        }
        value
    }
}
