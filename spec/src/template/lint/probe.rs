//! Renders a template for harmless inputs: if none gives JSON, no input is likely to.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};
use velocity::syntax::{Argument, ReferencePart};

use super::{Finding, Rule};
use crate::template::{MappingTemplate, Params, Scope, Variables, example_context};

/// A finding if no harmless input gives JSON. `broken` is where the template's own text is not
/// JSON.
pub(super) fn check(template: &MappingTemplate, broken: Option<Range<usize>>) -> Option<Finding> {
    let mut first = None;
    for leaf in leaves() {
        let output = render(template, &leaf);
        let problem = match &output {
            Ok(text) => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => return None,
                Err(error) => Problem::of(text, &error),
            },
            Err(message) => Problem {
                message: format!("rendering fails: {message}"),
                line: String::new(),
            },
        };
        first.get_or_insert(problem);
    }
    let problem = first?;
    let source = template.source();
    let span = broken.or_else(|| problem.find(source)).unwrap_or_else(|| {
        let start = source.len() - source.trim_start().len();
        start
            ..source[start..]
                .find('\n')
                .map_or(source.len(), |at| start + at)
    });
    Some(Finding::new(
        Rule::NotJson,
        span,
        format!("no input that was tried gives JSON: {}", problem.message),
        "make the text around the references JSON; `gatespec render` shows what it renders to",
    ))
}

/// Why an output is not JSON.
struct Problem {
    message: String,
    /// The line of the output.
    line: String,
}

impl Problem {
    fn of(text: &str, error: &serde_json::Error) -> Self {
        let line = text
            .split('\n')
            .nth(error.line().saturating_sub(1))
            .unwrap_or_default();
        let shown: String = line.trim().chars().take(80).collect();
        let message = if text.trim().is_empty() {
            "the output is empty".to_owned()
        } else {
            format!("{error} of the output: `{shown}`")
        };
        Problem {
            message,
            line: line.trim().to_owned(),
        }
    }

    /// The line in the template, if it occurs there exactly once as rendered.
    fn find(&self, source: &str) -> Option<Range<usize>> {
        let at = source.find(&self.line).filter(|_| !self.line.is_empty())?;
        (source.matches(&self.line).count() == 1).then(|| at..at + self.line.len())
    }
}

/// The values that a template finds wherever it looks.
fn leaves() -> [Json; 6] {
    [
        json!("hello"),
        json!(1),
        json!(true),
        json!({"a": "hello"}),
        json!(["hello"]),
        Json::Null,
    ]
}

fn render(template: &MappingTemplate, leaf: &Json) -> Result<String, String> {
    let mut body = json!({});
    let mut authorizer = json!({"principalId": "me"});
    let mut stage_variables = Map::new();
    let mut params = Params::default();
    let text = leaf
        .as_str()
        .map_or_else(|| leaf.to_string(), str::to_owned);
    for reference in template.references() {
        let name = |at: usize| reference.steps.get(at).and_then(|step| step.name);
        match (reference.root, name(0), name(1)) {
            ("input", Some("path" | "json"), _) => {
                if let Some(path) = text_argument(&reference, 0) {
                    put(&mut body, path.trim_start_matches('$'), leaf);
                }
            }
            ("input", Some("params"), _) => {
                let named = (0..reference.steps.len()).find_map(|at| text_argument(&reference, at));
                let names = named
                    .into_iter()
                    .chain(reference.steps.last().and_then(|step| step.name));
                for name in names {
                    params.header.insert(name.to_owned(), text.clone());
                    params.querystring.insert(name.to_owned(), text.clone());
                }
            }
            ("context", Some("authorizer"), Some(name)) => authorizer[name] = text.clone().into(),
            ("stageVariables", Some(name), _) => {
                stage_variables.insert(name.to_owned(), text.clone().into());
            }
            _ => {}
        }
    }
    let mut context = example_context();
    context.insert("authorizer".to_owned(), authorizer);
    context.insert("disconnectStatusCode".to_owned(), json!(1000));
    context.insert("disconnectReason".to_owned(), json!(""));
    let body = body.to_string();
    let context = Variables::from(context);
    let stage_variables = Variables::from(stage_variables);
    let scope = Scope::new(&body, &context)
        .stage_variables(&stage_variables)
        .params(&params);
    template.render(&scope).map_err(|error| error.to_string())
}

fn text_argument<'r>(reference: &'r ReferencePart<'_>, at: usize) -> Option<&'r str> {
    match reference.steps.get(at)?.arguments.as_deref()? {
        [Argument::Text(text)] => Some(text),
        _ => None,
    }
}

/// Puts a value where a simple path leads.
fn put(document: &mut Json, path: &str, leaf: &Json) {
    let names = path
        .split(['.', '[', ']', '\'', '"'])
        .filter(|name| !name.is_empty());
    let mut place = document;
    for name in names {
        if !place.is_object() {
            *place = json!({});
        }
        let Some(object) = place.as_object_mut() else {
            return;
        };
        place = object.entry(name.to_owned()).or_insert(Json::Null);
    }
    if path.is_empty() {
        return;
    }
    *place = leaf.clone();
}
