//! `$input`: the message's text (TEMPLATE-2), its document (TEMPLATE-4), and the request's
//! parameters (TEMPLATE-31 to TEMPLATE-33).

use std::cell::OnceCell;
use std::rc::Rc;

use velocity::{Failure, Map, Object, Text, TextBuf, Value};

use super::Params;
use super::json_path::{JsonPath, Selection};
use super::{context, json};

pub(super) struct Input<'a> {
    body: &'a str,
    params: &'a Params,
    /// The body parsed, at the first look into it. Templates can change it, and see what they
    /// changed.
    document: OnceCell<Option<Value<'a>>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(body: &'a str, params: &'a Params) -> Rc<Self> {
        Rc::new(Input {
            body: if body.is_empty() { "{}" } else { body },
            params,
            document: OnceCell::new(),
        })
    }

    /// The document; nothing when the body is none.
    fn document(&self) -> Option<Value<'a>> {
        self.document
            .get_or_init(|| json::parse(&Text::borrowed(self.body)))
            .clone()
    }

    /// What the path selects; nothing when there is nothing.
    fn select(&self, path: &Text<'a>) -> Result<Option<Value<'a>>, Failure> {
        let path =
            JsonPath::parse(&path.to_str()).map_err(|error| Failure::new(error.to_string()))?;
        let Some(document) = self.document() else {
            return Ok(None);
        };
        Ok(match path.select(&document) {
            Selection::One(value) => Some(value),
            Selection::Many(values) => Some(json::array(values)),
            Selection::Number(number) => Some(context::number(number)),
            Selection::Missing => None,
        })
    }

    fn all_params(&self) -> Value<'a> {
        let group = |values: &'a indexmap::IndexMap<String, String>| -> Map<'a> {
            values
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect()
        };
        let params = Map::new();
        params.insert("path", group(&self.params.path));
        params.insert("querystring", group(&self.params.querystring));
        params.insert("header", group(&self.params.header));
        Value::Map(params)
    }

    /// A parameter by name: of the path, of the query string, a header.
    fn param(&self, name: &Text<'a>) -> Value<'a> {
        let Some(name) = name.as_str() else {
            return Value::Null;
        };
        let found = [
            &self.params.path,
            &self.params.querystring,
            &self.params.header,
        ]
        .iter()
        .find_map(|group| group.get(name));
        found.map_or(Value::Null, |value| Value::from(value.as_str()))
    }
}

impl<'a> Object<'a> for Input<'a> {
    fn class_name(&self) -> &str {
        "$input"
    }

    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        Ok(match name {
            "body" => Some(Value::String(Text::borrowed(self.body))),
            _ => None,
        })
    }

    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        Ok(match (method, arguments) {
            ("getBody", []) => self.property("body")?,
            ("path", [Value::String(path)]) => Some(self.select(path)?.unwrap_or(Value::Null)),
            ("json", [Value::String(path)]) => Some(match self.select(path)? {
                Some(value) => {
                    let mut out = TextBuf::new();
                    json::write(&value, &mut out)?;
                    Value::String(out.into_text())
                }
                None => Value::from("\"\""),
            }),
            ("params", []) => Some(self.all_params()),
            ("params", [Value::String(name)]) => Some(self.param(name)),
            _ => None,
        })
    }
}
