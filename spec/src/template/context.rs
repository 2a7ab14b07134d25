//! `$context`, `$stageVariables` and other JSON that a template sees: looked up where it lies, copied only when changed or
//! gone through.

use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::{Map as JsonMap, Value as Json};
use velocity::{Failure, List, ListKind, Map, Object, Text, Value};

/// A JSON object as a value.
pub(super) fn object(map: &JsonMap<String, Json>) -> Value<'_> {
    Value::Object(Rc::new(JsonObject {
        source: map,
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
    /// A map of the same entries, from the moment on that more than a property is asked of it.
    copy: OnceCell<Map<'a>>,
}

impl<'a> Object<'a> for JsonObject<'a> {
    fn class_name(&self) -> &str {
        "Map"
    }

    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        if self.copy.get().is_some() {
            return Ok(None);
        }
        match self.source.get(name) {
            // An object or a list can be changed in place: from then on it must be the same one at every look.
            Some(Json::Object(_) | Json::Array(_)) => Ok(None),
            Some(scalar) => Ok(Some(value(scalar))),
            None => Ok(Some(Value::Null)),
        }
    }

    fn resolve(&self) -> Result<Option<Value<'a>>, Failure> {
        let map = self.copy.get_or_init(|| {
            let map = Map::with_capacity(self.source.len());
            for (key, held) in self.source {
                map.insert(key.as_str(), value(held));
            }
            map
        });
        Ok(Some(Value::Map(map.clone())))
    }
}
