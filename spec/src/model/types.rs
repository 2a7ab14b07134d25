//! The drafts, and the seven types of the validator, where whole numbers are a type of their own.

use crate::json::node::Value;

/// Which draft a model follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dialect {
    Draft3,
    Draft4,
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

/// Several types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Type {
    const ALL: [Self; 7] = [
        Self::Array,
        Self::Boolean,
        Self::Integer,
        Self::Null,
        Self::Number,
        Self::Object,
        Self::String,
    ];

    /// The type of a value: `1.0` is no integer.
    pub(super) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.integer => Self::Integer,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The type's name in a schema.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }

    /// The type of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Types {
    /// Every type.
    pub(super) const ALL: Self = Self(0x7F);
    /// Both kinds of numbers.
    pub(super) const NUMBERS: Self = Self::of(&[Type::Integer, Type::Number]);

    pub(super) const fn of(types: &[Type]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < types.len() {
            bits |= 1 << types[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// Adds a type of a schema: numbers are integers, too.
    pub(super) fn allow(&mut self, kind: Type) {
        self.0 |= Self::of(&[kind]).0;
        if kind == Type::Number {
            self.0 |= Self::of(&[Type::Integer]).0;
        }
    }

    pub(super) fn has(self, kind: Type) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, in the order of the alphabet.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let listed = Type::ALL.into_iter().filter(move |kind| self.has(*kind));
        listed.map(Type::name)
    }

    /// `["a","b"]`
    pub(super) fn json(self) -> String {
        let mut out = String::from("[");
        for name in self.names() {
            out.push_str(if out.len() == 1 { "\"" } else { ",\"" });
            out.push_str(name);
            out.push('"');
        }
        out.push(']');
        out
    }

    /// `[a, b]`
    pub(super) fn set(self) -> String {
        format!("[{}]", self.names().collect::<Vec<_>>().join(", "))
    }
}
