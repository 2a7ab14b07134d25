//! What a node evaluates to.

use serde_json::{Map, Number};

use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::yaml::Key;
use crate::error::{Error, ErrorKind, Span};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

/// What a value is. Numbers and booleans are text: CloudFormation converts them as it needs.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// YAML's null, or `AWS::NoValue`: as if it were not there.
    Nothing,
    Text {
        text: String,
        style: Style,
    },
    List(Vec<Value>),
    Map(Vec<(Key, Value)>),
}

impl Value {
    pub(crate) fn text(span: Span, text: impl Into<String>) -> Self {
        let data = Data::Text {
            text: text.into(),
            style: Style::Quoted,
        };
        Self { span, data }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.data, Data::Nothing)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A boolean. CloudFormation converts texts, too: those that parameters give, or quotes.
    pub(crate) fn as_flag(&self) -> Option<bool> {
        let text = self.as_text()?.trim();
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        (is("true") || is("false")).then(|| is("true"))
    }

    /// A number. CloudFormation converts texts, too.
    pub(crate) fn as_number<T: std::str::FromStr>(&self) -> Option<T> {
        self.as_text()?.trim().parse().ok()
    }

    /// The text, or an error that names `what`.
    pub(crate) fn expect_text(&self, source: &Source, what: &str) -> Result<&str, Error> {
        self.as_text()
            .ok_or_else(|| self.wrong(source, what, "text"))
    }

    /// The items of a list, or an error that names `what`.
    pub(crate) fn expect_list(&self, source: &Source, what: &str) -> Result<&[Value], Error> {
        match &self.data {
            Data::List(items) => Ok(items),
            _ => Err(self.wrong(source, what, "a list")),
        }
    }

    /// The entries of a map, or an error that names `what`.
    pub(crate) fn expect_map(&self, source: &Source, what: &str) -> Result<&[(Key, Value)], Error> {
        match &self.data {
            Data::Map(entries) => Ok(entries),
            _ => Err(self.wrong(source, what, "a map")),
        }
    }

    fn wrong(&self, source: &Source, what: &str, expected: &str) -> Error {
        let message = format!("{what} must be {expected}");
        source.error(self.span.clone(), ErrorKind::Value(message))
    }

    /// The value under `key`, in a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match &self.data {
            Data::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.text == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// As JSON: what is written without quotes and reads like a number or a boolean is one.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.data {
            Data::Nothing => Json::Null,
            Data::Text {
                text,
                style: Style::Plain,
            } => match &**text {
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                number => number
                    .parse::<Number>()
                    .map_or_else(|_| Json::String(text.clone()), Json::Number),
            },
            Data::Text { text, .. } => Json::String(text.clone()),
            Data::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Data::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.text.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}
