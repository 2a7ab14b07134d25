//! `$context`, `$stageVariables` and other JSON from outside, as templates see it.

use serde_json::{Map as JsonMap, Value as Json};
use velocity::{Frozen, FrozenMap, Value};

use super::json;

/// Values by name, made once from JSON for any number of renderings.
#[derive(Clone, Debug, Default)]
pub struct Variables(FrozenMap);

impl Variables {
    pub(super) fn map(&self) -> &FrozenMap {
        &self.0
    }
}

impl From<JsonMap<String, Json>> for Variables {
    fn from(map: JsonMap<String, Json>) -> Self {
        Variables(freeze_map(map))
    }
}

impl From<&JsonMap<String, Json>> for Variables {
    fn from(map: &JsonMap<String, Json>) -> Self {
        Variables::from(map.clone())
    }
}

fn freeze_map(map: JsonMap<String, Json>) -> FrozenMap {
    map.into_iter()
        .map(|(name, value)| (name, freeze(value)))
        .collect()
}

fn freeze(json: Json) -> Frozen {
    match json {
        Json::Null => Frozen::Null,
        Json::Bool(value) => Frozen::Bool(value),
        Json::Number(number) => {
            json::number(&number.to_string()).map_or(Frozen::Null, Frozen::Number)
        }
        Json::String(text) => Frozen::Text(text),
        Json::Array(items) => Frozen::List(items.into_iter().map(freeze).collect()),
        Json::Object(map) => Frozen::Map(freeze_map(map)),
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
