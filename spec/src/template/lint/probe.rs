//! Renders a template for harmless inputs: if none gives JSON, no input is likely to.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};
use velocity::syntax::{Argument, ReferencePart};
use velocity::{RenderError, RenderErrorKind};

use super::reads::{self, Key, Reads};
use super::{Finding, Rule};
use crate::template::{MappingTemplate, Params, Scope, Variables, example_context};

/// A finding if no harmless input gives JSON. `broken` is where the template's own text is not
/// JSON.
pub(super) fn check(template: &MappingTemplate, broken: Option<Range<usize>>) -> Option<Finding> {
    let reads = reads::of(&template.parts());
    let leaves = leaves(&reads);
    let mut first = None;
    let mut bounds = 0;
    // The same value everywhere, then mixed ones.
    let is_mixed = broken.is_none() && template.references().len() > 1;
    let rounds = leaves.len() + if is_mixed { MIXED } else { 0 };
    let plans = (0..rounds).map(|round| Plan {
        round,
        leaves: &leaves,
    });
    for plan in plans {
        let output = render(template, &reads, &plan);
        let problem = match &output {
            Ok(text) => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => return None,
                Err(error) => Problem::of(text, &error),
            },
            Err(error) => {
                bounds += usize::from(error.kind() == RenderErrorKind::Bound);
                Problem {
                    message: format!("rendering fails: {}", error.message()),
                    line: String::new(),
                    span: Some(error.span()),
                }
            }
        };
        first.get_or_insert(problem);
        // It takes long, and all inputs are small.
        if bounds > 1 {
            break;
        }
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

/// How many mixed inputs are tried.
const MIXED: usize = 12;

/// Which value stands where in one input.
struct Plan<'l> {
    round: usize,
    leaves: &'l [Json],
}

impl Plan<'_> {
    /// The value at the place with this number.
    fn leaf(&self, place: usize) -> &Json {
        let count = self.leaves.len();
        if self.round < count {
            return &self.leaves[self.round];
        }
        // Any sequence will do that does not repeat soon.
        let mixed = (self.round * 7919 + place * 104_729) ^ (self.round << 3) ^ (place * place);
        &self.leaves[(mixed / 3) % count]
    }
}

/// Why an output is not JSON.
struct Problem {
    message: String,
    /// The line of the output.
    line: String,
    /// Where rendering failed.
    span: Option<Range<usize>>,
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
            span: None,
        }
    }

    /// The location in the template: of what failed, or of the line, if it occurs there exactly
    /// once as rendered.
    fn find(&self, source: &str) -> Option<Range<usize>> {
        if let Some(span) = &self.span {
            return Some(span.clone());
        }
        let at = source.find(&self.line).filter(|_| !self.line.is_empty())?;
        (source.matches(&self.line).count() == 1).then(|| at..at + self.line.len())
    }
}

/// The values that a template finds where it looks.
fn leaves(reads: &Reads) -> Vec<Json> {
    let mut leaves = vec![
        json!("hello"),
        json!(1),
        json!(true),
        json!({"a": "hello"}),
        json!(["hello"]),
        Json::Null,
    ];
    leaves.extend(reads.texts.iter().take(8).map(|text| json!(text)));
    leaves
}

fn render(
    template: &MappingTemplate,
    reads: &Reads,
    plan: &Plan<'_>,
) -> Result<String, RenderError> {
    let mut body = json!({});
    for (place, path) in reads.paths.iter().enumerate() {
        put(&mut body, path, plan.leaf(place));
    }
    let mut authorizer = json!({"principalId": "me"});
    let mut stage_variables = Map::new();
    let mut params = Params::default();
    for (place, reference) in template.references().iter().enumerate() {
        let leaf = plan.leaf(place);
        let text = leaf
            .as_str()
            .map_or_else(|| leaf.to_string(), str::to_owned);
        let name = |at: usize| reference.steps.get(at).and_then(|step| step.name);
        match (reference.root, name(0), name(1)) {
            ("input", Some("params"), _) => {
                let named = (0..reference.steps.len()).find_map(|at| text_argument(reference, at));
                let names = named
                    .into_iter()
                    .chain(reference.steps.last().and_then(|step| step.name));
                for name in names {
                    params.header.insert(name.to_owned(), text.clone());
                    params.querystring.insert(name.to_owned(), text.clone());
                    params.path.insert(name.to_owned(), text.clone());
                }
            }
            ("context", Some("authorizer"), Some(name)) => authorizer[name] = text.into(),
            ("stageVariables", Some(name), _) => {
                stage_variables.insert(name.to_owned(), text.into());
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
    template.render(&scope)
}

fn text_argument<'r>(reference: &'r ReferencePart<'_>, at: usize) -> Option<&'r str> {
    match reference.steps.get(at)?.arguments.as_deref()? {
        [Argument::Text(text)] => Some(text),
        _ => None,
    }
}

/// Puts a value where a path leads; what is on the way becomes objects and lists.
fn put(document: &mut Json, path: &[Key], leaf: &Json) {
    let mut place = document;
    for key in path {
        place = match key {
            Key::Name(name) => {
                if !place.is_object() {
                    *place = json!({});
                }
                let Some(object) = place.as_object_mut() else {
                    return;
                };
                object.entry(name.clone()).or_insert(Json::Null)
            }
            Key::Item => {
                if !place.is_array() {
                    *place = json!([null]);
                }
                let Some(Some(item)) = place.as_array_mut().map(|items| items.first_mut()) else {
                    return;
                };
                item
            }
        };
    }
    // Longer paths follow shorter ones, and what is read as a container stays one.
    if !path.is_empty() {
        *place = leaf.clone();
    }
}
