//! Validators on the kit's models and messages: each reads a message, judges it, and says in words
//! what is wrong with it.

use indexmap::IndexMap;
use jsonschema::Validator;
use serde_json::Value;
use spec::api::{Api, Model, Route};
use spec::message::Message;
use spec::model::{RequestModels, compile};

/// Something that judges all messages and counts those that fit.
pub struct Judge {
    pub name: &'static str,
    pub judge: Box<dyn Fn() -> usize>,
}

/// The models of `conformance/fixtures/models.yaml` on which both agree, by the `kind` that chooses
/// them.
const MODELS: [(&str, &str); 4] = [
    (
        "number",
        r#"{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object",
            "required": ["value"],
            "properties": {"value": {"type": "number", "maximum": 10, "exclusiveMaximum": true}}}"#,
    ),
    (
        "note",
        r#"{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object",
            "required": ["value"], "properties": {"value": {"type": "string"}}}"#,
    ),
    (
        "day",
        r#"{"$schema": "http://json-schema.org/draft-04/schema#",
            "properties": {"value": {"type": "string", "format": "date-time"}}}"#,
    ),
    (
        "mail",
        r#"{"$schema": "http://json-schema.org/draft-04/schema#",
            "properties": {"value": {"pattern": "^[\\w.-]+@([\\w-]+\\.)+[\\w-]{2,4}$"}}}"#,
    ),
];

/// Ours and `jsonschema`, on the messages of the cases that choose one of the models, half of which
/// fit.
pub fn judges() -> Vec<Judge> {
    let messages = messages();
    let (ours, theirs) = (ours(messages.clone()), theirs(messages));
    assert_eq!(ours(), theirs(), "the verdicts are the same");
    vec![
        Judge {
            name: "gatespec",
            judge: Box::new(ours),
        },
        Judge {
            name: "jsonschema",
            judge: Box::new(theirs),
        },
    ]
}

/// What the cases of `route-model.toml` send, with the model that it is for.
fn messages() -> Vec<(&'static str, String)> {
    let cases = include_str!("../../conformance/cases/route-model.toml");
    let sent = cases
        .lines()
        .filter(|line| line.contains(r#"do = "send""#))
        .filter_map(|line| Some(line.split_once("text = '")?.1.rsplit_once("' }")?.0));
    let mut messages = Vec::new();
    for text in sent {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let kind = MODELS.iter().find(|(kind, _)| message["kind"] == *kind);
        messages.extend(kind.map(|(kind, _)| (*kind, text.to_owned())));
    }
    assert!(messages.len() > 12, "{messages:?}");
    messages
}

fn ours(messages: Vec<(&'static str, String)>) -> impl Fn() -> usize {
    let mut api = Api::new("$request.body.action", "test");
    for (kind, schema) in MODELS {
        let schema = schema.to_owned();
        let model = Model {
            schema,
            ..Model::default()
        };
        api.models.insert(kind.to_owned(), model);
    }
    let (models, problems) = compile(&api);
    assert!(problems.is_empty(), "{problems:?}");
    let names = MODELS.map(|(kind, _)| (kind.to_owned(), kind.to_owned()));
    let route = Route {
        model_selection_expression: Some("$request.body.kind".to_owned()),
        request_models: IndexMap::from(names),
        ..Route::default()
    };
    let chosen = RequestModels::new(&route, &models)
        .expect("models")
        .expect("an expression");
    move || {
        let judge = |text: &String| match chosen.judge(&models, &Message::new(text)) {
            Ok(()) => true,
            Err(mismatch) => mismatch.to_string().is_empty(),
        };
        messages.iter().filter(|(_, text)| judge(text)).count()
    }
}

fn theirs(messages: Vec<(&'static str, String)>) -> impl Fn() -> usize {
    let compile = |schema: &str| {
        let schema = serde_json::from_str(schema).expect("JSON");
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).expect("a schema")
    };
    let models: IndexMap<&str, Validator> = MODELS
        .iter()
        .map(|(kind, schema)| (*kind, compile(schema)))
        .collect();
    move || {
        let judge = |text: &String| {
            let message: Value = serde_json::from_str(text).expect("JSON");
            let kind = message["kind"].as_str().unwrap_or_default();
            let mut errors = models[kind].iter_errors(&message);
            let said: Vec<String> = errors.by_ref().map(|error| error.to_string()).collect();
            said.is_empty()
        };
        messages.iter().filter(|(_, text)| judge(text)).count()
    }
}
