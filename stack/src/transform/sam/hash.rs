//! The part of a logical id that SAM makes of a value: ten digits of its SHA-1.

use sha1::{Digest, Sha1};

use crate::document::yaml::{Content, Node};
use crate::transform::nodes::{Kind, truthy, untagged};

/// The digits; none of a value that Python takes for false.
pub(super) fn digits(node: &Node) -> String {
    if !truthy(node) {
        return String::new();
    }
    let text = match node.plain_text() {
        Some(text) if Kind::of(node) == Kind::Text => text.to_owned(),
        _ => json(node),
    };
    let digest = Sha1::digest(text.as_bytes());
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    hex.collect::<String>()[..10].to_owned()
}

/// As Python's `json.dumps` writes it, without spaces and with sorted keys.
fn json(node: &Node) -> String {
    if let Some((name, argument)) = untagged(node) {
        return format!(
            "{{{}:{}}}",
            quoted(&name),
            argument_json(&name, node, &argument)
        );
    }
    match (&node.content, Kind::of(node)) {
        (_, Kind::Null) => "null".to_owned(),
        (_, Kind::Bool(value)) => value.to_string(),
        (Content::Scalar { text, .. }, Kind::Number) => text.clone(),
        (Content::Scalar { text, .. }, _) => quoted(text),
        (Content::Sequence(items), _) => {
            let items: Vec<String> = items.iter().map(json).collect();
            format!("[{}]", items.join(","))
        }
        (Content::Mapping(entries), _) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.text.cmp(&other.text));
            let entries = entries
                .iter()
                .map(|(key, node)| format!("{}:{}", quoted(&key.text), json(node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

/// `!GetAtt A.B` is read as a list.
fn argument_json(name: &str, node: &Node, argument: &Node) -> String {
    let names = argument.plain_text().and_then(|text| text.split_once('.'));
    match names {
        Some((id, attribute)) if name == "Fn::GetAtt" && node.tag.is_some() => {
            format!("[{},{}]", quoted(id), quoted(attribute))
        }
        _ => json(argument),
    }
}

fn quoted(text: &str) -> String {
    let mut result = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '\u{8}' => result.push_str("\\b"),
            '\u{c}' => result.push_str("\\f"),
            ' '..='~' => result.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    result.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    result + "\""
}
