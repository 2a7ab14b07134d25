//! What a value may be, as far as that is known without rendering.

use super::{Doubt, MAX_BYTES};

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text: these parts, one behind the other.
    Text(Vec<Part>),
    /// The maps of the request's parameters: `$input.params()`.
    Params,
    /// One of these maps.
    Group(Group),
    /// `$stageVariables`.
    StageVariables,
    /// A list or a set of such values.
    List(Box<Value>),
    /// A key and its value.
    Entry(Box<Value>, Box<Value>),
}

/// A map of parameters, by who chooses its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Headers: their names are tokens of HTTP, without quotes and backslashes.
    Header,
    /// Path parameters: named by the API.
    Path,
    /// Query parameters, or one of the three: the client's names.
    Query,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Exactly this text.
    Literal(String),
    /// A value that is known by its kind.
    Piece(Piece),
}

/// A value that is known by its kind, and how it was escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) holds: Holds,
    /// From the inside out.
    pub(super) wraps: Vec<Wrap>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Digits: a time set by the gateway.
    Number,
    /// A number or a word of JSON, as a condition around it makes sure.
    Scalar,
    /// Valid inside a JSON string at every level and without single quotes, or nothing: ids and
    /// names chosen by the gateway, stage variables.
    Own,
    /// The same, and without the signs of forms.
    Encoded,
    /// Anything without quotes (the single quote excepted) and backslashes, or nothing.
    Token,
    /// Chosen or checked by the gateway, but with no guaranteed characters: host names, names of
    /// callers.
    Unvouched,
    /// A JSON text, from this reference.
    Json(String),
    /// Anything that a client or an authorizer chooses, from this reference.
    Foreign(String),
    /// Not known.
    Unknown,
}

/// An escape around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrap {
    /// `escapeJavaScript`, which leaves `\'`.
    Escaped,
    /// The same with `\'` turned back into `'`.
    Cured,
    /// `&` and `<` as entities.
    Entities,
}

/// A reference as it is written in an argument: `${name.x}` and `$!name.x` become `$name.x`.
pub(super) fn formal(spelled: &str) -> String {
    let bare = spelled.strip_prefix('$').unwrap_or(spelled);
    let bare = bare.strip_prefix('!').unwrap_or(bare);
    match bare
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
    {
        Some(inner) => format!("${inner}"),
        None => format!("${bare}"),
    }
}

impl Holds {
    pub(super) fn text(self) -> Value {
        Value::Text(vec![Part::Piece(Piece {
            holds: self,
            wraps: Vec::new(),
        })])
    }
}

impl Piece {
    /// Whether no escape changes it.
    pub(super) fn is_plain(&self) -> bool {
        matches!(
            self.holds,
            Holds::Number | Holds::Scalar | Holds::Own | Holds::Encoded
        )
    }

    /// The value inside the last escape.
    pub(super) fn unwrapped(&self) -> Piece {
        let mut inner = self.clone();
        inner.wraps.pop();
        inner
    }

    fn is_long(&self) -> bool {
        !matches!(self.holds, Holds::Number | Holds::Own)
    }
}

impl Value {
    /// The empty text.
    pub(super) fn nothing() -> Self {
        Value::Text(Vec::new())
    }

    pub(super) fn unknown() -> Self {
        Holds::Unknown.text()
    }

    pub(super) fn literal(text: &str) -> Self {
        match text {
            "" => Value::nothing(),
            _ => Value::Text(vec![Part::Literal(text.to_owned())]),
        }
    }

    /// Whether it is the empty text.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Value::Text(parts) if parts.is_empty())
    }

    /// The one piece that it consists of.
    pub(super) fn piece(&self) -> Option<&Piece> {
        match self {
            Value::Text(parts) => match &parts[..] {
                [Part::Piece(piece)] => Some(piece),
                _ => None,
            },
            _ => None,
        }
    }

    /// The reference that others control, if there is one.
    pub(super) fn foreign(&self) -> Option<&str> {
        let Value::Text(parts) = self else {
            return None;
        };
        parts.iter().find_map(|part| match part {
            Part::Piece(Piece {
                holds: Holds::Foreign(from),
                ..
            }) => Some(&**from),
            _ => None,
        })
    }

    /// The parts that it prints; maps and lists, which `spelled` holds, print as a text of unknown
    /// characters.
    pub(super) fn printed(self, spelled: &str) -> Vec<Part> {
        match self {
            Value::Text(parts) => parts,
            Value::StageVariables => vec![Part::Piece(Piece {
                holds: Holds::Own,
                wraps: Vec::new(),
            })],
            _ => vec![Part::Piece(Piece {
                holds: Holds::Foreign(spelled.to_owned()),
                wraps: Vec::new(),
            })],
        }
    }

    /// The result of `+`: a text or a number.
    pub(super) fn or_safe_text(self) -> Self {
        match self.piece() {
            Some(piece) if piece.holds == Holds::Number => Holds::Own.text(),
            _ => self,
        }
    }

    /// One of the two.
    pub(super) fn join(self, other: Self) -> Self {
        if self == other || other.is_nothing() && self.may_be_nothing() {
            return self;
        }
        if self.is_nothing() && other.may_be_nothing() {
            return other;
        }
        let from = |value: &Value| value.foreign().map(str::to_owned);
        match from(&self).or_else(|| from(&other)) {
            Some(from) => {
                let bare = |value: &Value| {
                    value.foreign().is_some()
                        && value.piece().is_none_or(|piece| piece.wraps.is_empty())
                };
                if bare(&self) || bare(&other) {
                    Holds::Foreign(from).text()
                } else {
                    Self::least_escaped(&self, &other, from)
                }
            }
            None => Self::least(&self, &other),
        }
    }

    /// Both in one text. Joining long texts repeatedly may reach the limits of a render, which is a
    /// doubt.
    pub(super) fn then(self, other: Self, spelled: &str, doubts: &mut Vec<Doubt>) -> Self {
        if self.is_long() && other.is_long() {
            doubts.push(Doubt::new(None, "a text that may grow too long"));
        }
        let mut parts = self.printed(spelled);
        for part in other.printed(spelled) {
            match (parts.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
                (_, part) => parts.push(part),
            }
        }
        Value::Text(parts).bounded()
    }

    /// The same, unless it is too large to be looked at.
    pub(super) fn bounded(self) -> Self {
        const MOST: usize = 256;
        let Value::Text(parts) = &self else {
            return self;
        };
        let bytes = parts.iter().map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Piece(piece) => piece.wraps.len() * 64,
        });
        if parts.len() <= MOST && bytes.sum::<usize>() <= MAX_BYTES {
            return self;
        }
        match self.foreign() {
            Some(from) => Holds::Foreign(from.to_owned()).text(),
            None => Value::unknown(),
        }
    }

    /// Whether it may be as long as a message.
    pub(super) fn is_long(&self) -> bool {
        match self {
            Value::Text(parts) => parts.iter().any(|part| match part {
                Part::Literal(_) => false,
                Part::Piece(piece) => piece.is_long(),
            }),
            _ => true,
        }
    }

    /// The text with this escape around each part; `literal` escapes what is known.
    pub(super) fn map(
        self,
        spelled: &str,
        literal: impl Fn(&str) -> String,
        piece: impl Fn(Piece) -> Piece,
    ) -> Self {
        let parts = self.printed(spelled).into_iter().map(|part| match part {
            Part::Literal(text) => Part::Literal(literal(&text)),
            Part::Piece(inner) => Part::Piece(piece(inner)),
        });
        Value::Text(parts.collect()).bounded()
    }

    fn may_be_nothing(&self) -> bool {
        self.piece().is_some_and(|piece| {
            !matches!(piece.holds, Holds::Number | Holds::Scalar | Holds::Json(_))
        })
    }

    fn least_escaped(a: &Value, b: &Value, from: String) -> Self {
        match (a.piece(), b.piece()) {
            (Some(a), Some(b)) if a.is_plain() || a.wraps == b.wraps => {
                Value::Text(vec![Part::Piece(b.clone())])
            }
            (Some(a), Some(b)) if b.is_plain() => Value::Text(vec![Part::Piece(a.clone())]),
            (Some(a), None) if b.is_quiet() => Value::Text(vec![Part::Piece(a.clone())]),
            (None, Some(b)) if a.is_quiet() => Value::Text(vec![Part::Piece(b.clone())]),
            (Some(_), Some(_)) => Holds::Foreign(from).text(),
            _ => Value::unknown(),
        }
    }

    fn least(a: &Value, b: &Value) -> Self {
        let holds = |value: &Value| value.piece().map(|piece| piece.holds.clone());
        match (holds(a), holds(b)) {
            (Some(Holds::Unvouched), _) | (_, Some(Holds::Unvouched)) => Holds::Unvouched.text(),
            _ if a.is_quiet() && b.is_quiet() => Holds::Token.text(),
            _ => Value::unknown(),
        }
    }

    /// Whether it has neither quotes nor backslashes.
    fn is_quiet(&self) -> bool {
        let Value::Text(parts) = self else {
            return false;
        };
        parts.iter().all(|part| match part {
            Part::Literal(text) => {
                !text.contains(|char: char| matches!(char, '"' | '\\' | '\0'..='\u{1f}'))
            }
            Part::Piece(piece) => piece.is_plain() || piece.holds == Holds::Token,
        })
    }
}
