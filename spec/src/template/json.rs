//! JSON text to values and back: objects become maps in the order of the text, arrays print as
//! JSON.
//!
//! Realises: TEMPLATE-93

use num_bigint::BigInt;
use std::sync::Arc;

use velocity::{Decimal, Failure, List, ListKind, Map, Number, Text, TextBuf, Value};

/// Limit on the text of one value, in bytes.
const MAX_WEIGHT: usize = 64 << 20;

/// How deep a document may nest.
const MAX_DEPTH: usize = 400;

/// Parses a document; `None` if the text is not one.
pub(super) fn parse<'a>(text: &Text<'a>) -> Option<Value<'a>> {
    let units;
    let source = match text.as_str() {
        Some(source) => source,
        None => {
            units = text.to_str().into_owned();
            &units
        }
    };
    let mut parser = Parser { source, at: 0 };
    parser.skip_blanks();
    let value = parser.value(0)?;
    parser.skip_blanks();
    (parser.at == source.len()).then_some(value)
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

struct Parser<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Parser<'s> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, literal: &str) -> Option<()> {
        self.source[self.at..]
            .starts_with(literal)
            .then(|| self.at += literal.len())
    }

    fn value<'a>(&mut self, depth: usize) -> Option<Value<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Value::String),
            b't' => self.accept("true").map(|()| Value::Bool(true)),
            b'f' => self.accept("false").map(|()| Value::Bool(false)),
            b'n' => self.accept("null").map(|()| Value::Null),
            _ => self.number(),
        }
    }

    fn object<'a>(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let map = Map::new();
        self.skip_blanks();
        if self.accept("}").is_some() {
            return Some(Value::Map(map));
        }
        loop {
            self.skip_blanks();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.skip_blanks();
            self.accept(":")?;
            self.skip_blanks();
            map.insert(key, self.value(depth + 1)?);
            self.skip_blanks();
            if self.accept(",").is_none() {
                self.accept("}")?;
                return Some(Value::Map(map));
            }
        }
    }

    fn array<'a>(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.accept("]").is_some() {
            return Some(array(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.accept(",").is_none() {
                self.accept("]")?;
                return Some(array(items));
            }
        }
    }

    fn string<'a>(&mut self) -> Option<Text<'a>> {
        self.at += 1;
        let start = self.at;
        let rest = &self.source.as_bytes()[start..];
        let plain = rest
            .iter()
            .position(|&byte| matches!(byte, b'"' | b'\\') || byte < 0x20)?;
        if rest[plain] == b'"' {
            self.at = start + plain + 1;
            return Some(Text::from(self.source[start..start + plain].to_owned()));
        }
        let mut out = TextBuf::new();
        loop {
            let rest = &self.source[self.at..];
            let plain = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\') || byte < 0x20)?;
            // json-smart drops U+007F from a string that contains an escape.
            rest[..plain]
                .split('\u{7F}')
                .for_each(|part| out.push_str(part));
            self.at += plain;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(out.into_text());
                }
                b'\\' => self.escape(&mut out)?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self, out: &mut TextBuf) -> Option<()> {
        let letter = *self.source.as_bytes().get(self.at + 1)?;
        self.at += 2;
        match letter {
            b'"' | b'\\' | b'/' => out.push(char::from(letter)),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{C}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let digits = self.source.get(self.at..self.at + 4)?;
                if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return None;
                }
                out.push_unit(u16::from_str_radix(digits, 16).ok()?);
                self.at += 4;
            }
            _ => return None,
        }
        Some(())
    }

    fn number<'a>(&mut self) -> Option<Value<'a>> {
        let rest = &self.source.as_bytes()[self.at..];
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte))
            .count();
        let text = &self.source[self.at..self.at + length];
        if !is_number(text) {
            return None;
        }
        self.at += length;
        number(text).map(Value::from)
    }
}

/// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (
            &text[..at],
            Some(
                text[at + 1..]
                    .strip_prefix(['+', '-'])
                    .unwrap_or(&text[at + 1..]),
            ),
        ),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
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
