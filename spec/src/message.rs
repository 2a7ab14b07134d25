//! A client's message as selection expressions and models look into it: read once, by whoever
//! first asks.

use std::cell::OnceCell;

use crate::json::NotJson;
use crate::json::node::{self, Node};
use crate::template::Document;

/// A message, or the body of another request.
#[derive(Debug)]
pub struct Message<'m> {
    text: &'m str,
    json: OnceCell<Result<Node<'m>, NotJson>>,
    /// The same for paths that are more than names.
    document: OnceCell<Option<Document>>,
}

impl<'m> Message<'m> {
    /// A message of this text, which nobody has read so far.
    pub fn new(text: &'m str) -> Self {
        Self {
            text,
            json: OnceCell::new(),
            document: OnceCell::new(),
        }
    }

    /// What it holds, if it is JSON in the strict sense.
    pub(crate) fn json(&self) -> Result<&Node<'m>, &NotJson> {
        let json = self.json.get_or_init(|| node::parse(self.text));
        json.as_ref()
    }

    /// The value of a `request.body…` variable: everything behind it is JSONPath. `None` for other
    /// variables and where nothing is found. A lone surrogate is U+FFFD, so that its text is no
    /// key: a `?` could be one.
    ///
    /// Realises: ROUTE-17 to ROUTE-19
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let path = name.strip_prefix("request.body")?;
        // Most often a text at a plain path: no need to read the message once more.
        if let Some(text) = self.plain_text(path) {
            return Some(text);
        }
        let text = self.document()?.text_at(&format!("${path}"))?;
        Some(match text.as_str() {
            Some(text) => text.to_owned(),
            None => String::from_utf16_lossy(&text.units()),
        })
    }

    /// The text at a path of plain names, each behind a dot.
    fn plain_text(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix('.')?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
        if !path.bytes().all(is_plain) {
            return None;
        }
        let message = self.json().ok()?;
        let found = path
            .split('.')
            .try_fold(message, |node, name| node.get(name))?;
        found.text()?.as_str().map(str::to_owned)
    }

    fn document(&self) -> Option<&Document> {
        let document = self
            .document
            .get_or_init(|| Document::parse(self.text).ok());
        document.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        /// The short way says what JSONPath says.
        #[test]
        fn a_plain_path_is_a_json_path(
            value in strategy::json_value(),
            names in prop::collection::vec("[a-c]|length|[0-9]|_", 1..3),
            others in prop::collection::vec("[a-c]|length|[0-9]|_", 0..2),
        ) {
            let nested = names.iter().rfold(value, |value, name| json!({name: value}));
            let text = nested.to_string();
            let path = format!(".{}", [names, others].concat().join("."));
            let message = Message::new(&text);
            if let Some(found) = message.plain_text(&path) {
                let document = Document::parse(&text).expect("JSON");
                let expected = document.text_at(&format!("${path}"));
                prop_assert_eq!(expected.map(|text| text.to_string()), Some(found));
            }
        }
    }

    #[test]
    fn a_text_at_plain_names_needs_no_json_path() {
        let message = Message::new(r#"{"action": {"name": "join"}}"#);
        assert_eq!(message.plain_text(".action.name").as_deref(), Some("join"));
        assert!(message.document.get().is_none());
    }

    /// Not even a `BigDecimal` holds the number.
    #[test]
    fn a_number_that_nothing_holds_takes_no_route_away() {
        let message = Message::new(r#"{"action": "join", "n": 1E99999999999999999999}"#);
        assert!(message.json().is_ok());
        let action = message.variable("request.body.action");
        assert_eq!(action.as_deref(), Some("join"));
    }
}
