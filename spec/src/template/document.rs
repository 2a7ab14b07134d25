//! A message as a document, for selection expressions.

use velocity::{Text, Value};

use super::json_path::{JsonPath, Selection};
use super::{context, json};
use crate::json::NotJson;

/// A JSON text, parsed strictly.
#[derive(Clone, Debug, PartialEq)]
pub struct Document(Value<'static>);

impl Document {
    /// Parses JSON, without the leniency of `$input.path`.
    ///
    /// # Errors
    /// If the text is not JSON: the error has line and column.
    pub fn parse(text: &str) -> Result<Self, NotJson> {
        json::parse_plain(text).map(Document)
    }

    /// The value at a JSON path as text: strings unchanged, numbers and booleans as Java prints
    /// them, lists as `[item1, item2]`. `None` if there is no value, the value is null, or the path
    /// is invalid.
    pub fn text_at(&self, path: &str) -> Option<Text<'static>> {
        let value = match JsonPath::parse(path).ok()?.select(&self.0) {
            Selection::One(value) => value,
            Selection::Many(found) => Value::list(found),
            Selection::Number(number) => context::number(number),
            Selection::Missing => return None,
        };
        if value.is_null() {
            return None;
        }
        value.to_text().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$.s", Some("text"))]
    #[case("$.n", Some("10"))]
    #[case("$.zero", Some("0"))]
    #[case("$.huge", Some("Infinity"))]
    #[case("$.digits", Some("123456789012345678901234567890"))]
    #[case("$.half", Some("a?"))]
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
            r#""o":{"k":"v"},"null":null,"zero":-0,"huge":1E400,"half":"a\ud83d","#,
            r#""digits":123456789012345678901234567890}"#
        );
        assert_eq!(
            Document::parse(text)
                .expect("JSON")
                .text_at(path)
                .map(|text| text.to_string())
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
