//! JSON text to values and back: objects become maps in the order of the text, arrays print as
//! JSON.
//!
//! Realises: TEMPLATE-93, TEMPLATE-100

use std::marker::PhantomData;
use std::sync::Arc;

use num_bigint::BigInt;
use velocity::{Decimal, Failure, Frozen, List, ListKind, Map, Number, Text, TextBuf, Value};

use crate::json::{self, Build, MAX_DEPTH, NotJson, Scalar};

/// Limit on the text of one value, in bytes.
const MAX_WEIGHT: usize = 64 << 20;

/// Parses a document; `None` if the text is not one.
pub(super) fn parse<'a>(text: &Text<'a>) -> Option<Value<'a>> {
    let live = Live {
        lists: ListKind::Json,
        drops_delete: true,
        lifetime: PhantomData,
    };
    match text.as_str() {
        Some(text) => json::read(text, live).ok(),
        None => json::read(&escaped(text), live).ok(),
    }
}

/// The same document in UTF-8: lone surrogates, which stand nowhere but in strings, are escapes.
fn escaped(text: &Text<'_>) -> String {
    let mut out = String::new();
    for character in char::decode_utf16(text.units().iter().copied()) {
        match character {
            Ok(character) => out.push(character),
            Err(unit) => out.push_str(&format!("\\u{:04X}", unit.unpaired_surrogate())),
        }
    }
    out
}

/// Reads a text as values that no template changes.
///
/// # Errors
/// Where the text is not JSON.
pub fn frozen(text: &str) -> Result<Frozen, NotJson> {
    json::read(text, Freeze)
}

/// Parses a document whose lists print as `[a, b]`.
///
/// # Errors
/// Where the text is not JSON.
pub(super) fn parse_plain(text: &str) -> Result<Value<'static>, NotJson> {
    let live = Live {
        lists: ListKind::Plain,
        drops_delete: false,
        lifetime: PhantomData,
    };
    json::read(text, live)
}

/// An array of a document.
pub(super) fn array(items: Vec<Value<'_>>) -> Value<'_> {
    Value::List(List::new(ListKind::Json, items))
}

/// A number in its smallest class: int, long, big integer; double, or big decimal if it is longer
/// than 18 characters.
pub(super) fn number(text: &str) -> Option<Number> {
    if !text.contains(['.', 'e', 'E']) {
        return if let Ok(value) = text.parse() {
            Some(Number::Int(value))
        } else if let Ok(value) = text.parse() {
            Some(Number::Long(value))
        } else {
            text.parse::<BigInt>()
                .ok()
                .map(|value| Number::Big(Arc::new(value)))
        };
    }
    if text.len() > 18 {
        return Decimal::parse(text).map(|value| Number::Decimal(Arc::new(value)));
    }
    text.parse().ok().map(Number::Double)
}

/// Builds live values.
struct Live<'v> {
    /// Whether arrays print as JSON.
    lists: ListKind,
    /// Whether U+007F is left out beside escapes, as json-smart does.
    drops_delete: bool,
    lifetime: PhantomData<Value<'v>>,
}

impl<'s, 'v> Build<'s> for Live<'v> {
    type Value = Value<'v>;
    type Items = Vec<Value<'v>>;
    type Members = Map<'v>;

    fn scalar(&mut self, scalar: Scalar<'s>, _: usize) -> Option<Value<'v>> {
        Some(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number(text) => Value::from(number(text)?),
            Scalar::String(text) => Value::String(text.into_owned()),
        })
    }

    fn item(&mut self, items: &mut Self::Items, item: Value<'v>) {
        items.push(item);
    }

    fn member(&mut self, into: &mut Self::Members, name: Text<'s>, _: usize, value: Self::Value) {
        into.insert(name.into_owned(), value);
    }

    fn array(&mut self, items: Self::Items, _: usize) -> Value<'v> {
        Value::List(List::new(self.lists, items))
    }

    fn object(&mut self, members: Self::Members, _: usize) -> Value<'v> {
        Value::Map(members)
    }

    fn beside_escape(&self, plain: &str, out: &mut TextBuf) {
        if self.drops_delete {
            let parts = plain.split('\u{7F}');
            parts.for_each(|part| out.push_str(part));
        } else {
            out.push_str(plain);
        }
    }
}

/// Builds frozen values.
struct Freeze;

impl<'s> Build<'s> for Freeze {
    type Value = Frozen;
    type Items = Vec<Frozen>;
    type Members = Vec<(String, Frozen)>;

    fn scalar(&mut self, scalar: Scalar<'s>, _: usize) -> Option<Frozen> {
        Some(match scalar {
            Scalar::Null => Frozen::Null,
            Scalar::Bool(value) => Frozen::Bool(value),
            Scalar::Number(text) => Frozen::Number(number(text)?),
            Scalar::String(text) => match text.as_str() {
                Some(text) => Frozen::Text(text.to_owned()),
                None => Frozen::Units(text.into_owned()),
            },
        })
    }

    fn item(&mut self, items: &mut Self::Items, item: Frozen) {
        items.push(item);
    }

    fn member(&mut self, into: &mut Self::Members, name: Text<'s>, _: usize, value: Frozen) {
        into.push((name.to_str().into_owned(), value));
    }

    fn array(&mut self, items: Self::Items, _: usize) -> Frozen {
        Frozen::List(items)
    }

    fn object(&mut self, members: Self::Members, _: usize) -> Frozen {
        Frozen::Map(members.into_iter().collect())
    }
}

/// Writes a value as JSON, without white space.
pub(super) fn write(value: &Value<'_>, out: &mut TextBuf) -> Result<(), Failure> {
    write_within(value, out, MAX_DEPTH + 1)
}

fn write_within(value: &Value<'_>, out: &mut TextBuf, depth: usize) -> Result<(), Failure> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Failure::new(
            "a list or map that contains itself cannot be written as JSON",
        ));
    };
    if out.weight() > MAX_WEIGHT {
        return Err(Failure::new("the JSON text grows too large"));
    }
    match value {
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::BigInt(_)
        | Value::Decimal(_) => {
            out.push_text(&value.to_text()?);
        }
        Value::Double(number) if !number.is_finite() => out.push_str("null"),
        Value::Double(_) | Value::Float(_) => out.push_text(&value.to_text()?),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_within(item, out, depth)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, value)) in map.entries().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(&key.to_text()?, out);
                out.push(':');
                write_within(value, out, depth)?;
            }
            out.push('}');
        }
        Value::View(view) => write_within(&array(view.snapshot()), out, depth)?,
        Value::Entry(_) | Value::Iter(_) | Value::Block(_) => {
            return Err(Failure::unsupported(
                "an entry, an iterator or a definition cannot be written as JSON",
            ));
        }
        other => write_string(&other.to_text()?, out),
    }
    Ok(())
}

fn write_string(text: &Text<'_>, out: &mut TextBuf) {
    out.push('"');
    let escape = |unit: u16| -> Option<String> {
        Some(match unit {
            0x22 => "\\\"".into(),
            0x5C => "\\\\".into(),
            0x08 => "\\b".into(),
            0x09 => "\\t".into(),
            0x0A => "\\n".into(),
            0x0C => "\\f".into(),
            0x0D => "\\r".into(),
            0x00..=0x1F | 0x7F..=0x9F | 0x2000..=0x20FF => format!("\\u{unit:04X}"),
            _ => return None,
        })
    };
    match text.as_str() {
        Some(text) => {
            let mut copied = 0;
            for (at, character) in text.char_indices() {
                let Ok(unit) = u16::try_from(u32::from(character)) else {
                    continue;
                };
                if let Some(escaped) = escape(unit) {
                    out.push_str(&text[copied..at]);
                    out.push_str(&escaped);
                    copied = at + character.len_utf8();
                }
            }
            out.push_str(&text[copied..]);
        }
        None => {
            for &unit in text.units().iter() {
                match escape(unit) {
                    Some(escaped) => out.push_str(&escaped),
                    None => out.push_unit(unit),
                }
            }
        }
    }
    out.push('"');
}
