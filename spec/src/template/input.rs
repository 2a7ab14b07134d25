//! `$input`: the message's text, its document, and the request's parameters.
//!
//! Realises: TEMPLATE-2, TEMPLATE-4, TEMPLATE-31 to TEMPLATE-33

use std::cell::OnceCell;
use std::rc::Rc;

use velocity::{Failure, Map, Object, Text, TextBuf, Value};

use super::Params;
use super::json_path::{JsonPath, Selection};
use super::vocabulary::InputMember;
use super::{context, json};

pub(super) struct Input<'a> {
    body: &'a str,
    params: &'a Params,
    /// The parsed body, built on first use. Templates can change it, and see their changes.
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

    /// The document; `None` if the body is not one.
    fn document(&self) -> Option<Value<'a>> {
        self.document
            .get_or_init(|| json::parse(&Text::borrowed(self.body)))
            .clone()
    }

    /// What the path selects; `None` if nothing.
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

    /// A parameter by name, from the path, the query string or the headers, in this order.
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
        let Some(member) = InputMember::named(method) else {
            return Ok(None);
        };
        Ok(match (member, arguments) {
            (InputMember::GetBody, []) => self.property("body")?,
            (InputMember::Path, [Value::String(path)]) => {
                Some(self.select(path)?.unwrap_or(Value::Null))
            }
            (InputMember::Json, [Value::String(path)]) => Some(match self.select(path)? {
                Some(value) => {
                    let mut out = TextBuf::new();
                    json::write(&value, &mut out)?;
                    Value::String(out.into_text())
                }
                None => Value::from("\"\""),
            }),
            (InputMember::Params, []) => Some(self.all_params()),
            (InputMember::Params, [Value::String(name)]) => Some(self.param(name)),
            // A property, or arguments that no method accepts.
            (
                InputMember::Body
                | InputMember::GetBody
                | InputMember::Path
                | InputMember::Json
                | InputMember::Params,
                _,
            ) => None,
        })
    }
}
