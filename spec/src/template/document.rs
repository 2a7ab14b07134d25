//! A message as a document, for selection expressions.

use serde_json::Value as Json;
use velocity::{List, ListKind, Value};

use super::json_path::{JsonPath, Selection};
use super::{context, json};

/// A JSON text, parsed strictly.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Json);

impl Document {
    /// Parses JSON, without the leniency of `$input.path`.
    ///
    /// # Errors
    /// If the text is not JSON: the error has line and column.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Document)
    }

    /// The value at a JSON path as text: strings unchanged, numbers and booleans as Java prints
    /// them, lists as `[item1, item2]`. `None` if there is no value, the value is null, or the path
    /// is invalid.
    pub fn text_at(&self, path: &str) -> Option<String> {
        let value = match JsonPath::parse(path).ok()?.select(&&self.0) {
            Selection::One(value) => plain(value),
            Selection::Many(found) => Value::list(found.into_iter().map(plain).collect()),
            Selection::Number(number) => context::number(number),
            Selection::Missing => return None,
        };
        if value.is_null() {
            return None;
        }
        value.to_text().ok().map(|text| text.to_string())
    }
}

/// The value, with lists that print as `[a, b]` instead of JSON.
fn plain(value: &Json) -> Value<'_> {
    match value {
        Json::Array(items) => Value::List(List::new(
            ListKind::Plain,
            items.iter().map(plain).collect(),
        )),
        Json::Object(members) => Value::Map(
            members
                .iter()
                .map(|(name, member)| (name.as_str(), plain(member)))
                .collect(),
        ),
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => json::number(&number.to_string()).map_or(Value::Null, Value::from),
        Json::String(text) => Value::from(text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$.s", Some("text"))]
    #[case("$.n", Some("10"))]
    #[case("$.d", Some("1.5"))]
    #[case("$.b", Some("true"))]
    #[case("$.l", Some("[item1, item2]"))]
    #[case("$.o", Some("{k=v}"))]
    #[case("$.l[*]", Some("[item1, item2]"))]
    #[case("$.l.length()", Some("2"))]
    #[case("$.none", None)]
    #[case("$.null", None)]
    #[case("$.", None)]
    fn answers_the_text_of_a_place(#[case] path: &str, #[case] expected: Option<&str>) {
        let text = concat!(
            r#"{"s":"text","n":10,"d":1.5,"b":true,"l":["item1","item2"],"#,
            r#""o":{"k":"v"},"null":null}"#
        );
        assert_eq!(
            Document::parse(text)
                .expect("JSON")
                .text_at(path)
                .as_deref(),
            expected
        );
    }

    #[test]
    fn only_json_is_a_document() {
        for text in ["", "hi", "{'a':1}", "[1,]", "{} {}"] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }
}
