//! `$context`, `$stageVariables` and other JSON that a template sees: looked up where it lies, copied only when changed or
//! gone through.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use serde_json::{Map as JsonMap, Value as Json};
use velocity::{Failure, List, ListKind, Map, Object, Text, Value};

/// A JSON object as a value.
pub(super) fn object(map: &JsonMap<String, Json>) -> Value<'_> {
    Value::Object(Rc::new(JsonObject {
        source: map,
        held: RefCell::default(),
        copy: OnceCell::new(),
    }))
}

/// Any JSON as a value.
pub(super) fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            super::json::number(number.to_string().as_str()).map_or(Value::Null, Value::from)
        }
        Json::String(text) => Value::String(Text::borrowed(text)),
        Json::Array(items) => {
            Value::List(List::new(ListKind::Json, items.iter().map(value).collect()))
        }
        Json::Object(map) => object(map),
    }
}

/// A whole number as an integer, any other as a double: what functions of paths answer.
pub(super) fn number<'a>(number: f64) -> Value<'a> {
    if number.fract() == 0.0 && number.abs() < f64::from(i32::MAX) {
        Value::Int(number as i32)
    } else {
        Value::Double(number)
    }
}

struct JsonObject<'a> {
    source: &'a JsonMap<String, Json>,
    /// The objects and lists that were asked for. They can be changed in place: every look must find the same ones.
    held: RefCell<Vec<(&'a str, Value<'a>)>>,
    /// A map of the same entries, from the moment on that more than a property is asked of it.
    copy: OnceCell<Map<'a>>,
}

impl<'a> JsonObject<'a> {
    fn held(&self, key: &'a str, inner: &'a Json) -> Value<'a> {
        let mut held = self.held.borrow_mut();
        if let Some((_, value)) = held.iter().find(|(known, _)| *known == key) {
            return value.clone();
        }
        let value = value(inner);
        if matches!(inner, Json::Object(_) | Json::Array(_)) {
            held.push((key, value.clone()));
        }
        value
    }
}

impl<'a> Object<'a> for JsonObject<'a> {
    fn class_name(&self) -> &str {
        "Map"
    }

    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        if self.copy.get().is_some() {
            return Ok(None);
        }
        match self.source.get_key_value(name) {
            Some((key, inner @ (Json::Object(_) | Json::Array(_)))) => {
                Ok(Some(self.held(key, inner)))
            }
            Some((_, scalar)) => Ok(Some(value(scalar))),
            None => Ok(Some(Value::Null)),
        }
    }

    fn resolve(&self) -> Result<Option<Value<'a>>, Failure> {
        let map = self.copy.get_or_init(|| {
            let map = Map::with_capacity(self.source.len());
            for (key, inner) in self.source {
                map.insert(key.as_str(), self.held(key, inner));
            }
            map
        });
        Ok(Some(Value::Map(map.clone())))
    }
}
