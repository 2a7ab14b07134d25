//! What a value may be, as far as that is known without rendering.

use super::{Doubt, MAX_BYTES};

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Exactly this text.
    Literal(String),
    /// Digits: a time set by the gateway.
    Number,
    /// Valid inside a JSON string and without single quotes, or nothing: ids and names chosen by
    /// the gateway.
    Own,
    /// Anything that is valid inside a JSON string, or nothing.
    Safe,
    /// Chosen or checked by the gateway, but with no guaranteed characters: host names, names of
    /// callers.
    Unvouched,
    /// The output of `escapeJavaScript`.
    Escaped,
    /// A JSON text.
    Json,
    /// Anything that a client or an authorizer chooses, from this reference.
    Foreign(String),
    /// Not known.
    Unknown,
}

impl Value {
    /// The empty text.
    pub(super) fn nothing() -> Self {
        Value::Literal(String::new())
    }

    /// The result of `+`: a text or a number.
    pub(super) fn or_safe_text(self) -> Self {
        match self {
            Value::Number => Value::Safe,
            other => other,
        }
    }

    /// One of the two.
    pub(super) fn join(self, other: Self) -> Self {
        if self == other {
            self
        } else {
            self.mixed(other)
        }
    }

    /// Both in one text. Joining long texts repeatedly may reach the limits of a render, which is a
    /// doubt.
    pub(super) fn then(self, other: Self, doubts: &mut Vec<Doubt>) -> Self {
        if self.is_long() && other.is_long() {
            doubts.push(Doubt::new(None, "a text that may grow too long"));
        }
        match (self, other) {
            (Value::Literal(a), Value::Literal(b)) if a.len() + b.len() <= MAX_BYTES => {
                Value::Literal(a + &b)
            }
            (Value::Literal(_), Value::Literal(_)) => Value::Unknown,
            (a, b) => a.mixed(b),
        }
    }

    /// Whether it may be as long as a message.
    pub(super) fn is_long(&self) -> bool {
        !matches!(self, Value::Literal(_) | Value::Number | Value::Own)
    }

    fn mixed(self, other: Self) -> Self {
        match (self, other) {
            (Value::Foreign(from), _) | (_, Value::Foreign(from)) => Value::Foreign(from),
            (Value::Unknown | Value::Json, _) | (_, Value::Unknown | Value::Json) => Value::Unknown,
            (a, b) if !a.is_plain() || !b.is_plain() => Value::Unknown,
            (Value::Escaped, _) | (_, Value::Escaped) => Value::Escaped,
            (Value::Unvouched, _) | (_, Value::Unvouched) => Value::Unvouched,
            _ => Value::Safe,
        }
    }

    /// A literal may contain characters that end a string.
    fn is_plain(&self) -> bool {
        match self {
            Value::Literal(text) => {
                !text.contains(|char: char| matches!(char, '"' | '\\' | '\0'..='\u{1f}'))
            }
            _ => true,
        }
    }
}
