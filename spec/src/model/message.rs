//! The validator's messages as texts, and several of them as the one text that API Gateway made
//! of them: a Java `HashSet` printed.
//!
//! Realises: ROUTE-54

use velocity::{Text, TextBuf};

use crate::json::node::{Node, Value};

/// A message being written.
pub(super) struct Out(TextBuf);

impl Out {
    pub(super) fn new() -> Self {
        // Most messages fit.
        Self(TextBuf::with_capacity(120))
    }

    pub(super) fn str(&mut self, part: &str) -> &mut Self {
        self.0.push_str(part);
        self
    }

    pub(super) fn text(&mut self, part: &Text<'_>) -> &mut Self {
        self.0.push_text(part);
        self
    }

    /// A value as Jackson prints it.
    pub(super) fn json(&mut self, value: &Value<'_>) -> &mut Self {
        match value {
            Value::Null => self.str("null"),
            Value::Bool(value) => self.str(if *value { "true" } else { "false" }),
            Value::Number(number) => self.str(&number.print()),
            Value::String(text) => self.quoted(text),
            Value::Array(items) => {
                self.str("[");
                for (at, item) in items.iter().enumerate() {
                    self.str(if at == 0 { "" } else { "," }).json(&item.value);
                }
                self.str("]")
            }
            Value::Object(object) => {
                self.str("{");
                for (at, member) in object.members().iter().enumerate() {
                    self.str(if at == 0 { "" } else { "," });
                    self.quoted(&member.name).str(":").json(&member.node.value);
                }
                self.str("}")
            }
        }
    }

    /// Texts as a JSON array.
    pub(super) fn list<'t, 'a: 't>(
        &mut self,
        texts: impl IntoIterator<Item = &'t Text<'a>>,
    ) -> &mut Self {
        self.str("[");
        for (at, text) in texts.into_iter().enumerate() {
            self.str(if at == 0 { "" } else { "," }).quoted(text);
        }
        self.str("]")
    }

    /// A text as JSON.
    fn quoted(&mut self, text: &Text<'_>) -> &mut Self {
        self.0.push('"');
        let special = |unit: u16| unit < 0x20 || unit == 0x22 || unit == 0x5C;
        match text.as_str() {
            Some(plain) if !plain.encode_utf16().any(special) => self.0.push_str(plain),
            _ => {
                for &unit in text.units().iter() {
                    if special(unit) {
                        self.0.push_str(&escaped(unit));
                    } else {
                        self.0.push_unit(unit);
                    }
                }
            }
        }
        self.0.push('"');
        self
    }

    pub(super) fn done(self) -> Text<'static> {
        self.0.into_text()
    }
}

/// A message without anything of the value in it.
pub(super) fn text(message: impl Into<String>) -> Text<'static> {
    Text::from(message.into())
}

/// How many characters a value's text would need, roughly: what printing it costs.
pub(super) fn weight(node: &Node<'_>) -> u64 {
    let inner = match &node.value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(number) => number.weight(),
        Value::String(text) => text.as_str().map_or(64, str::len) as u64 / 64,
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(object) => object
            .members()
            .iter()
            .map(|member| 1 + weight(&member.node))
            .sum(),
    };
    inner + 1
}

/// The messages, each once, in the order in which a `HashSet<String>` walks through them.
///
/// A set starts with 16 buckets and doubles when it is three quarters full; a text lies in the
/// bucket of its hash, mixed with the hash's upper half, behind those that came before it. (Buckets
/// of nine become trees, which keep that order but for their roots: nine messages of one bucket are
/// left in the order in which they came.)
pub(super) fn hash_set(messages: Vec<Text<'static>>) -> Vec<Text<'static>> {
    if messages.len() < 2 {
        return messages;
    }
    let mut kept: Vec<(u32, Text<'static>)> = Vec::new();
    let mut buckets: u32 = 16;
    let mut seen = std::collections::HashSet::new();
    for message in messages {
        if !seen.insert(message.clone()) {
            continue;
        }
        let hash = message.hash_code().cast_unsigned();
        let hash = hash ^ (hash >> 16);
        let bucket = hash & (buckets - 1);
        let crowd = kept
            .iter()
            .filter(|(other, _)| other & (buckets - 1) == bucket);
        if buckets < 64 && crowd.count() >= 8 {
            buckets *= 2;
        }
        kept.push((hash, message));
        if kept.len() as u64 > u64::from(buckets) / 4 * 3 {
            buckets *= 2;
        }
    }
    kept.sort_by_key(|(hash, _)| hash & (buckets - 1));
    kept.into_iter().map(|(_, message)| message).collect()
}

fn escaped(unit: u16) -> String {
    match unit {
        0x08 => "\\b".to_owned(),
        0x09 => "\\t".to_owned(),
        0x0A => "\\n".to_owned(),
        0x0C => "\\f".to_owned(),
        0x0D => "\\r".to_owned(),
        0x22 => "\\\"".to_owned(),
        0x5C => "\\\\".to_owned(),
        unit => format!("\\u{unit:04X}"),
    }
}
