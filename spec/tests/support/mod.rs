//! What the tests against the real Velocity share: requests, our answers, and the program that gives the real ones.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use spec::template::{MappingTemplate, Params, Scope, Variables};
use velocity::Options;

/// A template with what it is rendered for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) profile: String,
    pub(crate) template: String,
    pub(crate) body: String,
    pub(crate) variables: Value,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Output(String),
    ParseError,
    RenderError,
}

pub(crate) const PROFILES: [&str; 2] = ["api-gateway", "velocity"];

/// The messages that templates look into.
pub(crate) const BODIES: [&str; 5] = [
    r#"{"o": {"p": "v", "q": 1.50, "big": 123456789012345678901234567890}, "l": [1, "two", null, {"k": []}], "none": null, "s": "it's é / \"q\""}"#,
    "",
    "not JSON",
    "[1, [2, 3]]",
    "it's \"quoted\" \\ / 日本 😀\u{7f}\u{1}\n",
];

/// The recorded requests with their answers, each with its file and line.
pub(crate) fn recorded() -> Vec<(String, usize, Request, Value)> {
    let mut cases = Vec::new();
    for name in ["found.jsonl", "generated.jsonl"] {
        let path = root().join("velocity/oracle/cases").join(name);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (index, line) in text.lines().enumerate() {
            let value: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{name}:{}: {error}", index + 1));
            cases.push((
                name.to_owned(),
                index + 1,
                Request::of(&value),
                value["answer"].clone(),
            ));
        }
    }
    cases
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Request {
    /// As the oracle and `gatespec render --jsonl` read it.
    pub(crate) fn json(&self, id: usize) -> Value {
        let (context, stage_variables, params) = surroundings();
        json!({
            "id": id,
            "profile": self.profile,
            "template": self.template,
            "body": self.body,
            "context": context,
            "stageVariables": stage_variables,
            "params": {"querystring": texts(&params.querystring), "header": texts(&params.header)},
            "variables": self.variables,
        })
    }

    pub(crate) fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Self {
            profile: text("profile"),
            template: text("template"),
            body: text("body"),
            variables: variables(),
        }
    }

    /// Our answer.
    pub(crate) fn render(&self) -> Answer {
        let options = match self.profile.as_str() {
            "velocity" => Options::default(),
            _ => spec::template::options(),
        };
        let Ok(template) = MappingTemplate::with_options(&self.template, &options) else {
            return Answer::ParseError;
        };
        let (context, stage_variables, params) = surroundings();
        let variables = self
            .variables
            .as_object()
            .map(Variables::from)
            .unwrap_or_default();
        let (context, stage_variables) =
            (Variables::from(context), Variables::from(stage_variables));
        let scope = Scope::new(&self.body, &context)
            .stage_variables(&stage_variables)
            .params(&params)
            .variables(&variables);
        match template.render(&scope) {
            Ok(output) => Answer::Output(without_identity(
                &output.replace("[Ljava.lang.String;", "[Ljava.lang.String;@"),
            )),
            Err(_) => Answer::RenderError,
        }
    }
}

impl Answer {
    pub(crate) fn of(value: &Value) -> Self {
        match (value["ok"].as_bool(), value["stage"].as_str()) {
            (Some(true), _) => Self::Output(without_identity(
                value["output"].as_str().unwrap_or_default(),
            )),
            (_, Some("parse")) => Self::ParseError,
            (_, Some("render")) => Self::RenderError,
            _ => panic!("the oracle itself failed: {value}"),
        }
    }
}

/// Java's arrays print with an address behind them, another one each time: `[Ljava.lang.String;@1f3f434`. Ours have none.
fn without_identity(output: &str) -> String {
    const ARRAY: &str = "[Ljava.lang.String;@";
    let mut text = String::new();
    let mut rest = output;
    while let Some(at) = rest.find(ARRAY) {
        text.push_str(&rest[..at + ARRAY.len() - 1]);
        rest = rest[at + ARRAY.len()..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    text + rest
}

/// The variables that templates speak of.
pub(crate) fn variables() -> Value {
    serde_json::from_str(include_str!("../../../velocity/oracle/variables.json"))
        .expect("the variables are JSON")
}

fn texts(map: &IndexMap<String, String>) -> Map<String, Value> {
    map.iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

fn surroundings() -> (Map<String, Value>, Map<String, Value>, Params) {
    let context = json!({"connectionId": "R1kmxc2VNjMCFIA=", "authorizer": {"principalId": "me", "token": "it's \"t\""}, "requestTimeEpoch": 1_705_751_700_453_u64});
    let stage_variables = json!({"sv": "stage's"});
    let mut params = Params::default();
    params.header.insert("h".to_owned(), "header's".to_owned());
    params.querystring.insert("q".to_owned(), "1".to_owned());
    let map = |value: Value| value.as_object().cloned().unwrap_or_default();
    (map(context), map(stage_variables), params)
}
