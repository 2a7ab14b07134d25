//! `$context`, `$stageVariables` and other JSON from outside, as templates see them.

use serde_json::{Map as JsonMap, Value as Json};
use velocity::{Frozen, FrozenMap, Value};

use super::json;

/// Values by name, built once from JSON for any number of renderings.
#[derive(Clone, Debug, Default)]
pub struct Variables(FrozenMap);

impl Variables {
    /// How many bytes they take, about.
    pub fn bytes(&self) -> usize {
        bytes_of_map(&self.0)
    }

    /// The values as JSON.
    pub fn to_json(&self) -> JsonMap<String, Json> {
        thaw_map(&self.0)
    }

    pub(super) fn map(&self) -> &FrozenMap {
        &self.0
    }
}

impl PartialEq for Variables {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl From<FrozenMap> for Variables {
    fn from(map: FrozenMap) -> Self {
        Variables(map)
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

fn bytes_of_map(map: &FrozenMap) -> usize {
    let members = map.iter();
    members
        .map(|(name, value)| name.len() + bytes_of(value))
        .sum()
}

fn bytes_of(value: &Frozen) -> usize {
    const EACH: usize = 64;
    EACH + match value {
        Frozen::Text(text) => text.len(),
        Frozen::List(items) => items.iter().map(bytes_of).sum(),
        Frozen::Map(map) => bytes_of_map(map),
        _ => 0,
    }
}

fn thaw_map(map: &FrozenMap) -> JsonMap<String, Json> {
    map.iter()
        .map(|(name, value)| (name.to_owned(), thaw(value)))
        .collect()
}

fn thaw(value: &Frozen) -> Json {
    match value {
        Frozen::Null => Json::Null,
        Frozen::Bool(value) => Json::Bool(*value),
        Frozen::Number(number) => {
            let text = number.to_string();
            serde_json::from_str(&text).unwrap_or(Json::String(text))
        }
        Frozen::Text(text) => Json::String(text.clone()),
        Frozen::Units(text) => Json::String(text.to_string()),
        Frozen::List(items) => items.iter().map(thaw).collect(),
        Frozen::Map(map) => Json::Object(thaw_map(map)),
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

#[cfg(test)]
mod tests {
    use crate::template::{MappingTemplate, Scope, Variables};
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::itself("$context.identity", "")]
    #[case::from_a_method("$context.get('identity')", "")]
    #[case::deeper("$context.authorizer.get('claims')", "")]
    #[case::in_a_variable("#set($map = $context.identity)$map$map.sourceIp", "::1")]
    #[case::in_a_loop(
        "#foreach($k in $context.keySet())$k=$context.get($k);#end",
        "identity=;authorizer=;stage=test;"
    )]
    #[case::members("$context.identity.sourceIp$context.authorizer.claims.sub", "::1ada")]
    #[case::keys("$context.identity.keySet()", "[sourceIp, caller]")]
    #[case::values("$context.identity.size()$!context.identity.caller", "2")]
    #[case::stage_variables("$stageVariables", "{a=b}")]
    fn maps_of_the_context_render_as_nothing(#[case] template: &str, #[case] expected: &str) {
        let context = json!({
            "identity": {"sourceIp": "::1", "caller": null},
            "authorizer": {"claims": {"sub": "ada"}},
            "stage": "test",
        });
        let context = Variables::from(context.as_object().expect("an object"));
        let stage_variables = json!({"a": "b"});
        let stage_variables = Variables::from(stage_variables.as_object().expect("an object"));
        let scope = Scope::new("", &context).stage_variables(&stage_variables);
        let template = MappingTemplate::parse(template).expect("a template");
        assert_eq!(template.render(&scope).expect("no error"), expected);
    }
}
