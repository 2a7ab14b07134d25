//! Tracks the position in a JSON text, given text, and values of which only the kind is known. A
//! string whose text begins as JSON does is tracked inside, too: Step Functions' `input` and
//! EventBridge's `Detail` are JSON in a JSON string.

use std::ops::Range;

use super::value::{Holds, Piece, Wrap};

/// A position in a JSON text that is valid so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    at: At,
    /// The open containers, from the outside in: true for an object.
    open: Vec<bool>,
    /// What was inserted where it may break the text.
    pub(super) found: Vec<Trouble>,
}

/// The text is not JSON from this byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

/// A value where it may break the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) problem: Problem,
    pub(super) span: Range<usize>,
    /// What is printed.
    pub(super) piece: Piece,
    /// How often a text has to be escaped here: the number of strings around it.
    pub(super) levels: usize,
    /// Whether it is in a JSON text that is encoded as a whole.
    pub(super) encoded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// A quote in it ends a string.
    Unescaped,
    /// `\'`, which JSON does not know.
    SingleQuote,
    /// JSON in a string.
    JsonInString,
    /// A text where JSON is expected.
    Bare,
    /// An escaped text where JSON is expected.
    EscapedOutside,
    /// Not known to be valid here.
    Misfit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A value must follow.
    Value,
    /// Behind `[`: a value or `]`.
    FirstItem,
    /// Behind `{`: a key or `}`.
    FirstKey,
    /// Behind a comma in an object.
    Key,
    /// Behind a key.
    Colon,
    /// Behind a value.
    After,
    /// In a number or a word: the text so far.
    Scalar(String),
    /// In a string.
    Text {
        role: Role,
        escape: Escape,
        /// The position in the JSON text that the string holds, as long as it holds one.
        inner: Option<Box<Position>>,
    },
}

/// The role of a string in its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Started,
    /// Digits to come, and the number so far.
    Digits(u8, u32),
}

impl Position {
    pub(super) fn start() -> Self {
        Self::at(At::Value)
    }

    /// In a string of which no more is known.
    pub(super) fn in_string() -> Self {
        Self::at(At::Text {
            role: Role::Key,
            escape: Escape::None,
            inner: None,
        })
    }

    /// Outside of strings, where no more is known.
    pub(super) fn outside() -> Self {
        Self::start()
    }

    fn at(at: At) -> Self {
        Position {
            at,
            open: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Whether the text may end here.
    pub(super) fn is_end(&self) -> bool {
        let value_ends = match &self.at {
            At::After => true,
            At::Scalar(text) => is_scalar(text),
            _ => false,
        };
        value_ends && self.open.is_empty()
    }

    pub(super) fn expects_value(&self) -> bool {
        matches!(self.at, At::Value | At::FirstItem)
    }

    /// Moves past a text.
    pub(super) fn feed(&mut self, text: &str) -> Result<(), Broken> {
        for (at, char) in text.char_indices() {
            self.step(char).ok_or(Broken(at))?;
        }
        Ok(())
    }

    /// Moves past a value, which is printed at `span`. What may break goes to `found`.
    pub(super) fn insert(&mut self, piece: &Piece, span: &Range<usize>) {
        self.insert_as(piece, piece, span, 0);
    }

    /// The same in a string: `piece` is what is left of the value `printed` there.
    fn insert_as(&mut self, piece: &Piece, printed: &Piece, span: &Range<usize>, levels: usize) {
        let mut found = |problem, levels| {
            self.found.push(Trouble {
                problem,
                span: span.clone(),
                piece: printed.clone(),
                levels,
                encoded: false,
            });
        };
        match &mut self.at {
            At::Text {
                escape: Escape::None,
                inner,
                ..
            } => {
                let (problem, inside) = in_string(piece);
                if let Some(problem) = problem {
                    found(problem, levels + 1);
                }
                let holds_json = inner
                    .as_mut()
                    .is_some_and(|inner| inner.holds_json_with(&inside));
                match inner {
                    Some(inner) if holds_json => {
                        inner.insert_as(&inside, printed, span, levels + 1);
                    }
                    _ => *inner = None,
                }
            }
            At::Value | At::FirstItem => {
                let (problem, at) = as_value(piece);
                if let Some(problem) = problem {
                    found(problem, levels);
                }
                self.at = at;
            }
            _ => {
                let problem = match piece.holds {
                    Holds::Foreign(_) => Problem::Bare,
                    _ => Problem::Misfit,
                };
                found(problem, levels);
            }
        }
    }

    /// Whether this text, which a string holds, may still be meant as JSON with the value here.
    fn holds_json_with(&self, piece: &Piece) -> bool {
        let begins = self.open.is_empty();
        match &self.at {
            At::Text { escape, .. } => *escape == Escape::None,
            At::Value | At::FirstItem if begins => {
                matches!(piece.holds, Holds::Json(_)) && piece.wraps.is_empty()
            }
            At::Value | At::FirstItem => {
                matches!(piece.holds, Holds::Number | Holds::Scalar)
                    || !(piece.is_plain() || piece.holds == Holds::Token)
            }
            _ => false,
        }
    }

    fn step(&mut self, char: char) -> Option<()> {
        if let At::Scalar(text) = &mut self.at {
            if char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.') {
                text.push(char);
                return Some(());
            }
            if !is_scalar(text) {
                return None;
            }
            self.at = At::After;
        }
        if matches!(self.at, At::Text { .. }) {
            return self.step_in_text(char);
        }
        let blank = matches!(char, ' ' | '\t' | '\n' | '\r');
        self.at = match (&self.at, char) {
            (_, _) if blank => return Some(()),
            (At::FirstItem, ']') | (At::FirstKey, '}') => self.close(char)?,
            (At::Value | At::FirstItem, '{') => {
                self.open.push(true);
                At::FirstKey
            }
            (At::Value | At::FirstItem, '[') => {
                self.open.push(false);
                At::FirstItem
            }
            (At::Value | At::FirstItem, '"') => At::text(Role::Value),
            (At::Value | At::FirstItem, 't' | 'f' | 'n' | '-' | '0'..='9') => {
                At::Scalar(char.to_string())
            }
            (At::FirstKey | At::Key, '"') => At::text(Role::Key),
            (At::Colon, ':') => At::Value,
            (At::After, ']' | '}') => self.close(char)?,
            (At::After, ',') => {
                if *self.open.last()? {
                    At::Key
                } else {
                    At::Value
                }
            }
            _ => return None,
        };
        Some(())
    }

    fn step_in_text(&mut self, char: char) -> Option<()> {
        let At::Text {
            role,
            escape,
            inner,
        } = &mut self.at
        else {
            return None;
        };
        let mut decoded = None;
        *escape = match (*escape, char) {
            (Escape::None, '"') => {
                let after = match role {
                    Role::Key => At::Colon,
                    Role::Value => At::After,
                };
                if let Some(inner) = inner.take().filter(|inner| inner.is_end()) {
                    self.found.extend(inner.found);
                }
                self.at = after;
                return Some(());
            }
            (Escape::None, '\\') => Escape::Started,
            (Escape::None, '\0'..='\u{1f}') => return None,
            (Escape::None, _) => {
                decoded = Some(char);
                Escape::None
            }
            (Escape::Started, 'u') => Escape::Digits(4, 0),
            (Escape::Started, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                decoded = Some(match char {
                    'b' | 'f' | 'n' | 'r' | 't' => '\n',
                    other => other,
                });
                Escape::None
            }
            (Escape::Digits(left, number), _) => {
                let number = number * 16 + char.to_digit(16)?;
                match left {
                    1 => {
                        decoded = Some(char::from_u32(number).unwrap_or('?'));
                        Escape::None
                    }
                    _ => Escape::Digits(left - 1, number),
                }
            }
            _ => return None,
        };
        if let (Some(char), Some(text)) = (decoded, inner.as_mut()) {
            // A word or a number alone is no reason to take a text for JSON.
            let begins = text.at == At::Value && text.open.is_empty();
            let is_other = begins && !matches!(char, '{' | '[' | ' ' | '\n');
            if is_other || text.step(char).is_none() {
                *inner = None;
            }
        }
        Some(())
    }

    fn close(&mut self, char: char) -> Option<At> {
        (self.open.pop()? == (char == '}')).then_some(At::After)
    }
}

/// What is wrong with a value in a string, and what the string then holds of it.
fn in_string(piece: &Piece) -> (Option<Problem>, Piece) {
    let problem = match (&piece.holds, piece.wraps.last()) {
        (Holds::Number | Holds::Scalar | Holds::Own | Holds::Encoded, _) | (Holds::Token, None) => {
            return (None, piece.clone());
        }
        (Holds::Unknown, None | Some(Wrap::Entities)) => Some(Problem::Misfit),
        (_, Some(Wrap::Cured)) => None,
        (_, Some(Wrap::Escaped)) => Some(Problem::SingleQuote),
        (Holds::Json(_), None) => Some(Problem::JsonInString),
        (Holds::Foreign(_), None | Some(Wrap::Entities)) => Some(Problem::Unescaped),
        _ => Some(Problem::Misfit),
    };
    (problem, piece.unwrapped())
}

/// What is wrong with a value where JSON is expected, and where the text is then.
fn as_value(piece: &Piece) -> (Option<Problem>, At) {
    let problem = match (&piece.holds, piece.wraps.is_empty()) {
        (Holds::Number, _) => return (None, At::Scalar("1".to_owned())),
        // It may be followed by nothing that is part of it.
        (Holds::Scalar, _) => None,
        (Holds::Json(_), true) => None,
        (Holds::Foreign(_), true) => Some(Problem::Bare),
        (Holds::Foreign(_) | Holds::Json(_), false) => Some(Problem::EscapedOutside),
        _ => Some(Problem::Misfit),
    };
    (problem, At::After)
}

impl At {
    fn text(role: Role) -> Self {
        At::Text {
            role,
            escape: Escape::None,
            inner: (role == Role::Value).then(|| Box::new(Position::start())),
        }
    }
}

fn is_scalar(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether the output is inside a string, for texts of which no more is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Outside,
    Inside,
    /// Behind a backslash in a string.
    Escaped,
    Unknown,
}

impl Quotes {
    pub(super) fn feed(&mut self, text: &str) {
        for char in text.chars() {
            *self = match (*self, char) {
                (Quotes::Outside, '"') => Quotes::Inside,
                (Quotes::Inside, '"') => Quotes::Outside,
                (Quotes::Inside, '\\') => Quotes::Escaped,
                (Quotes::Escaped, _) => Quotes::Inside,
                (same, _) => same,
            };
        }
    }
}

#[cfg(test)]
mod tests;
