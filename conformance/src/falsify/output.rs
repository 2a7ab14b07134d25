//! Outputs in their language, as values that can be compared.

use serde_json::{Map, Value, json};
use spec::template::Output;

use super::document::document;

/// The output as a value; JSON is itself, a form an object of lists, an element of XML an object.
///
/// # Errors
/// Why it is none.
pub(super) fn parse(output: Output, text: &str) -> Result<Value, String> {
    match output {
        Output::Json => document(text).map_err(|error| error.to_string()),
        Output::Form => form(text.trim_end_matches(['\n', '\r'])),
        Output::Xml => Xml { rest: text.trim() }.document(),
        Output::Text => Ok(Value::Null),
    }
}

fn form(text: &str) -> Result<Value, String> {
    let mut members = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let values = members.entry(decoded(name)?).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(decoded(value)?.into());
        }
    }
    Ok(Value::Object(members))
}

fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err("a `%` without two hexadecimal digits behind it".to_owned());
                };
                bytes.extend(u8::try_from(high * 16 + low));
            }
            0..0x20 => return Err(format!("a control character, U+{byte:04X}")),
            _ => bytes.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A reader of XML: elements, attributes, text, comments; no document types.
struct Xml<'t> {
    rest: &'t str,
}

const DEPTH: usize = 64;

impl<'t> Xml<'t> {
    fn document(&mut self) -> Result<Value, String> {
        self.between()?;
        let root = self.element(0)?;
        self.between()?;
        if self.rest.is_empty() {
            Ok(root)
        } else {
            Err("something behind the root element".to_owned())
        }
    }

    /// What may stand around the root element.
    fn between(&mut self) -> Result<(), String> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("<?") {
                self.until("?>")?;
            } else if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else {
                return Ok(());
            }
        }
    }

    /// Moves past `end`, and gives what was before.
    fn until(&mut self, end: &str) -> Result<&'t str, String> {
        let Some((before, rest)) = self.rest.split_once(end) else {
            return Err(format!("no `{end}`"));
        };
        self.rest = rest;
        Ok(before)
    }

    fn name(&mut self) -> Result<&'t str, String> {
        let inside = |char: char| char.is_alphanumeric() || "_:.-".contains(char);
        let end = self.rest.find(|char| !inside(char));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if !name.starts_with(|char: char| char.is_alphabetic() || char == '_') {
            return Err("a name was expected".to_owned());
        }
        self.rest = rest;
        Ok(name)
    }

    fn element(&mut self, depth: usize) -> Result<Value, String> {
        let Some(rest) = self.rest.strip_prefix('<').filter(|_| depth < DEPTH) else {
            return Err("an element was expected".to_owned());
        };
        self.rest = rest;
        let name = self.name()?;
        let mut attributes = Map::new();
        let is_empty = loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix("/>") {
                self.rest = rest;
                break true;
            }
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                break false;
            }
            let attribute = self.name()?;
            let quote = self
                .rest
                .trim_start()
                .strip_prefix('=')
                .map(str::trim_start);
            let end = match quote.and_then(|rest| rest.chars().next()) {
                Some('"') => "\"",
                Some('\'') => "'",
                _ => return Err(format!("attribute `{attribute}` without a quoted value")),
            };
            self.rest = &quote.unwrap_or_default()[1..];
            let value = unescaped(self.until(end)?)?;
            if attributes
                .insert(attribute.to_owned(), value.into())
                .is_some()
            {
                return Err(format!("attribute `{attribute}` twice"));
            }
        };
        let (text, children) = if is_empty {
            (String::new(), Vec::new())
        } else {
            self.content(name, depth)?
        };
        Ok(json!({"element": name, "attributes": attributes, "text": text, "children": children}))
    }

    fn content(&mut self, name: &str, depth: usize) -> Result<(String, Vec<Value>), String> {
        let (mut text, mut children) = (String::new(), Vec::new());
        loop {
            if let Some(rest) = self.rest.strip_prefix("</") {
                self.rest = rest;
                let end = self.name()?;
                let rest = self.rest.trim_start().strip_prefix('>');
                self.rest = rest.ok_or("an end tag without `>`")?;
                if end != name {
                    return Err(format!("`</{end}>` ends `<{name}>`"));
                }
                return Ok((text, children));
            } else if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                self.rest = rest;
                text.push_str(self.until("]]>")?);
            } else if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else if self.rest.starts_with("<?") {
                self.until("?>")?;
            } else if self.rest.starts_with('<') {
                children.push(self.element(depth + 1)?);
            } else {
                let end = self
                    .rest
                    .find('<')
                    .ok_or_else(|| format!("no `</{name}>`"))?;
                text.push_str(&unescaped(&self.rest[..end])?);
                self.rest = &self.rest[end..];
            }
        }
    }
}

fn unescaped(text: &str) -> Result<String, String> {
    let is_char = |char: char| char >= ' ' && !matches!(char, '\u{fffe}' | '\u{ffff}');
    if let Some(char) = text
        .chars()
        .find(|char| !is_char(*char) && !"\t\n\r".contains(*char))
    {
        return Err(format!(
            "a character that XML excludes, U+{:04X}",
            u32::from(char)
        ));
    }
    if text.contains('<') || text.contains("]]>") {
        return Err("`<` or `]]>` in text".to_owned());
    }
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let Some((entity, rest)) = piece.split_once(';') else {
            return Err("`&` without an entity".to_owned());
        };
        let number = entity
            .strip_prefix('#')
            .map(|digits| match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            });
        out.push(match (entity, number) {
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("amp", _) => '&',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            (_, Some(Ok(number))) if char::from_u32(number).is_some_and(is_char) => {
                char::from_u32(number).unwrap_or_default()
            }
            _ => return Err(format!("no such entity: `&{entity};`")),
        });
        out.push_str(rest);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Output::Form, "a=1&b=%C3%A9+x\n", json!({"a": ["1"], "b": ["é x"]}))]
    #[case(Output::Form, "a=1&a=2&c", json!({"a": ["1", "2"], "c": [""]}))]
    #[case(
        Output::Xml,
        "<?xml version='1.0'?><s:a b=\"&lt;\">x<!-- - --><c/>&#65;<![CDATA[<&]]></s:a>",
        json!({"element": "s:a", "attributes": {"b": "<"}, "text": "xA<&", "children": [
            {"element": "c", "attributes": {}, "text": "", "children": []}
        ]})
    )]
    fn outputs_are_values(#[case] output: Output, #[case] text: &str, #[case] expected: Value) {
        assert_eq!(parse(output, text), Ok(expected));
    }

    #[rstest]
    #[case(Output::Json, "")]
    #[case(Output::Form, "a=%")]
    #[case(Output::Form, "a=%4")]
    #[case(Output::Form, "a=%gg")]
    #[case(Output::Form, "a=\u{1}")]
    #[case(Output::Xml, "")]
    #[case(Output::Xml, "<a>")]
    #[case(Output::Xml, "<a>&</a>")]
    #[case(Output::Xml, "<a>&x;</a>")]
    #[case(Output::Xml, "<a>&#0;</a>")]
    #[case(Output::Xml, "<a>\u{1}</a>")]
    #[case(Output::Xml, "<a><b></a></b>")]
    #[case(Output::Xml, "<a/><b/>")]
    #[case(Output::Xml, "<a b=c/>")]
    #[case(Output::Xml, "<a b='1' b='2'/>")]
    #[case(Output::Xml, "<a>]]></a>")]
    #[case(Output::Xml, "<é a='")]
    #[case(Output::Xml, "a")]
    fn what_is_none_is_refused(#[case] output: Output, #[case] text: &str) {
        assert!(parse(output, text).is_err());
    }

    #[test]
    fn deep_xml_ends() {
        let text = "<a>".repeat(100_000);
        assert!(parse(Output::Xml, &text).is_err());
    }
}
