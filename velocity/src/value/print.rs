//! Values to text: Java's `toString()`, and JSON for arrays from JSON.

use super::{DefinedBlock, List, ListKind, MAX_DEPTH, Map, Value, View};
use crate::error::Failure;
use crate::text::{Text, TextBuf};

/// Renders defined blocks inside the printed value.
pub(crate) trait Blocks<'a> {
    /// Writes the block, or `null` if it may not nest any deeper.
    fn write_block(&mut self, block: &DefinedBlock<'a>, out: &mut TextBuf) -> Result<(), Failure>;

    /// Called as the text grows, to stop it at the limit.
    fn check(&mut self, out: &TextBuf) -> Result<(), Failure>;
}

/// For use outside a rendering.
pub(crate) struct NoBlocks;

impl<'a> Blocks<'a> for NoBlocks {
    fn write_block(&mut self, _: &DefinedBlock<'a>, _: &mut TextBuf) -> Result<(), Failure> {
        Ok(())
    }

    fn check(&mut self, out: &TextBuf) -> Result<(), Failure> {
        if out.weight() > 64 << 20 {
            Err(Failure::bound("the text grows too large"))
        } else {
            Ok(())
        }
    }
}

/// Java's `toString()`.
pub(crate) fn write_text<'a>(
    value: &Value<'a>,
    out: &mut TextBuf,
    blocks: &mut dyn Blocks<'a>,
) -> Result<(), Failure> {
    Printer { blocks }.text(value, out, MAX_DEPTH)
}

struct Printer<'p, 'a> {
    blocks: &'p mut dyn Blocks<'a>,
}

impl<'a> Printer<'_, 'a> {
    fn text(&mut self, value: &Value<'a>, out: &mut TextBuf, depth: usize) -> Result<(), Failure> {
        self.blocks.check(out)?;
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Failure::bound(
                "a list or map that contains itself cannot be printed",
            ));
        };
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Char(unit) => out.push_unit(*unit),
            Value::Int(_)
            | Value::Long(_)
            | Value::BigInt(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_) => {
                if let Some(number) = value.as_number() {
                    number.print(out);
                }
            }
            Value::String(text) => out.push_text(text),
            Value::List(list) => match list.kind() {
                ListKind::Json => self.json_list(list, out, depth)?,
                ListKind::Array(class) => out.push_str(class),
                _ => {
                    list.check()?;
                    let items = list.items().clone();
                    self.items(
                        &items,
                        out,
                        depth,
                        |item| matches!(item, Value::List(inner) if inner.is_same(list)),
                    )?;
                }
            },
            Value::Map(map) if map.is_mute() => {}
            Value::Map(map) => self.map(map, out, depth)?,
            Value::Scope(scope) => self.map(&scope.storage.in_hash_order(), out, depth)?,
            Value::View(view) => {
                let own = |item: &Value<'a>| {
                    matches!(
                        item,
                        Value::View(View { map, kind })
                            if map.is_same(&view.map) && *kind == view.kind
                    )
                };
                self.items(&view.snapshot(), out, depth, own)?;
            }
            Value::Entry(entry) => {
                self.text(&entry.key, out, depth)?;
                out.push_str("=");
                self.text(&entry.value(), out, depth)?;
            }
            Value::Iter(iter) => out.push_str(iter.class()),
            Value::Block(block) => self.blocks.write_block(block, out)?,
            Value::Object(object) => match object.resolve()? {
                Some(value) => self.text(&value, out, depth)?,
                None => object.print(out),
            },
        }
        Ok(())
    }

    fn items(
        &mut self,
        items: &[Value<'a>],
        out: &mut TextBuf,
        depth: usize,
        is_self: impl Fn(&Value<'a>) -> bool,
    ) -> Result<(), Failure> {
        out.push_str("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            if is_self(item) {
                out.push_str("(this Collection)");
            } else {
                self.text(item, out, depth)?;
            }
        }
        out.push_str("]");
        Ok(())
    }

    fn map(&mut self, map: &Map<'a>, out: &mut TextBuf, depth: usize) -> Result<(), Failure> {
        out.push_str("{");
        for (index, (key, value)) in map.entries().iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            for (part, sign) in [(key, "="), (value, "")] {
                let resolved = match part {
                    Value::Object(object) => object.resolve()?,
                    _ => None,
                };
                let part = resolved.as_ref().unwrap_or(part);
                if matches!(part, Value::Map(inner) if inner.is_same(map)) {
                    out.push_str("(this Map)");
                } else {
                    self.text(part, out, depth)?;
                }
                out.push_str(sign);
            }
        }
        out.push_str("}");
        Ok(())
    }

    fn json_list(
        &mut self,
        list: &List<'a>,
        out: &mut TextBuf,
        depth: usize,
    ) -> Result<(), Failure> {
        out.push_str("[");
        let items = list.items().clone();
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(",");
            }
            self.json(item, out, depth)?;
        }
        out.push_str("]");
        Ok(())
    }

    fn json_map(&mut self, map: &Map<'a>, out: &mut TextBuf, depth: usize) -> Result<(), Failure> {
        out.push_str("{");
        let mut first = true;
        for (key, value) in map.entries() {
            if !first {
                out.push_str(",");
            }
            first = false;
            let mut text = TextBuf::new();
            self.text(&key, &mut text, depth)?;
            write_json_string(&text.into_text(), out);
            out.push_str(":");
            self.json(&value, out, depth)?;
        }
        out.push_str("}");
        Ok(())
    }

    fn json(&mut self, value: &Value<'a>, out: &mut TextBuf, depth: usize) -> Result<(), Failure> {
        self.blocks.check(out)?;
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Failure::bound(
                "a list or map that contains itself cannot be printed",
            ));
        };
        match value {
            Value::Object(object) => {
                return match object.resolve()? {
                    Some(resolved) => self.json(&resolved, out, depth),
                    None => {
                        let mut text = TextBuf::new();
                        object.print(&mut text);
                        write_json_string(&text.into_text(), out);
                        Ok(())
                    }
                };
            }
            Value::Double(value) if !value.is_finite() => out.push_str("null"),
            Value::Float(value) if !value.is_finite() => out.push_str("null"),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::BigInt(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_) => self.text(value, out, depth)?,
            Value::List(list) if !matches!(list.kind(), ListKind::Array(_)) => {
                self.json_list(list, out, depth)?;
            }
            Value::View(view) => {
                let items = view.snapshot();
                self.json_list(&List::new(ListKind::Plain, items), out, depth)?;
            }
            Value::Entry(_) | Value::Iter(_) | Value::Block(_) => {
                return Err(Failure::unsupported(format!(
                    "{} inside a JSON array is not supported",
                    value.class_name()
                )));
            }
            Value::Scope(scope) => {
                return self.json(&Value::Map(scope.storage.in_hash_order()), out, depth);
            }
            Value::Map(map) => self.json_map(map, out, depth)?,
            other => {
                let mut text = TextBuf::new();
                self.text(other, &mut text, depth)?;
                write_json_string(&text.into_text(), out);
            }
        }
        Ok(())
    }
}

/// A JSON string with the escapes of the library that API Gateway's arrays come from.
pub(crate) fn write_json_string(text: &Text<'_>, out: &mut TextBuf) {
    out.push('"');
    match text.as_str() {
        Some(text) => {
            let mut copied = 0;
            for (at, character) in text.char_indices() {
                if u32::from(character) > 0xFFFF {
                    continue;
                }
                if let Some(escape) = json_escape(u32::from(character) as u16) {
                    out.push_str(&text[copied..at]);
                    out.push_str(&escape);
                    copied = at + character.len_utf8();
                }
            }
            out.push_str(&text[copied..]);
        }
        None => {
            for &unit in text.units().iter() {
                match json_escape(unit) {
                    Some(escape) => out.push_str(&escape),
                    None => out.push_unit(unit),
                }
            }
        }
    }
    out.push('"');
}

fn json_escape(unit: u16) -> Option<std::borrow::Cow<'static, str>> {
    Some(
        match unit {
            0x22 => "\\\"",
            0x5C => "\\\\",
            0x2F => "\\/",
            0x08 => "\\b",
            0x09 => "\\t",
            0x0A => "\\n",
            0x0C => "\\f",
            0x0D => "\\r",
            0x00..=0x1F | 0x7F..=0x9F | 0x2000..=0x20FF => {
                return Some(format!("\\u{unit:04X}").into());
            }
            _ => return None,
        }
        .into(),
    )
}
