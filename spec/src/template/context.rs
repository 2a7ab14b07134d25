//! `$context`, `$stageVariables` and other JSON from outside, as templates see them.

use serde_json::{Map as JsonMap, Value as Json};
use velocity::{Frozen, FrozenMap, Value};

use super::json;

/// Values by name, built once from JSON for any number of renderings.
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

/// The result of a path's function: an integer if it is a whole number, else a double.
pub(super) fn number<'a>(number: f64) -> Value<'a> {
    if number.fract() == 0.0 && number.abs() < f64::from(i32::MAX) {
        Value::Int(number as i32)
    } else {
        Value::Double(number)
    }
}
