//! What a reference may hold, as far as that can be told without rendering.

use std::collections::BTreeMap;

use velocity::syntax::{Argument, Part, ReferencePart, StepPart};

use super::{Doubt, MAX_BYTES, names};
use crate::template::JsonPath;

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// This very text.
    Literal(String),
    /// Digits: a time of the gateway's.
    Number,
    /// What may stand in a JSON string and has no single quote, or nothing: ids and names of the
    /// gateway's.
    Own,
    /// Anything that may stand in a JSON string, or nothing.
    Safe,
    /// The gateway's own or checked by it, yet not vouched for: host names, names of callers.
    Unvouched,
    /// What `escapeJavaScript` gives.
    Escaped,
    /// A JSON text.
    Json,
    /// Anything that a client or an authorizer likes, from this reference.
    Foreign(String),
    /// Not known.
    Unknown,
}

/// What the variables hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Env<'s> {
    source: &'s str,
    variables: BTreeMap<String, Value>,
}

impl Value {
    /// One of two.
    pub(super) fn join(self, other: Self) -> Self {
        if self == other {
            self
        } else {
            self.mixed(other)
        }
    }

    /// Two in one text. What may be long and is put together again and again may reach the bounds
    /// of a render: a doubt.
    fn then(self, other: Self, doubts: &mut Vec<Doubt>) -> Self {
        if self.is_long() && other.is_long() {
            doubts.push(Doubt::new(None, "a text that may grow too long"));
        }
        match (self, other) {
            (Value::Literal(a), Value::Literal(b)) if a.len() + b.len() <= MAX_BYTES => {
                Value::Literal(a + &b)
            }
            (Value::Literal(_), Value::Literal(_)) => Value::Unknown,
            (a, b) => a.mixed(b),
        }
    }

    /// Whether it may be as long as a message.
    pub(super) fn is_long(&self) -> bool {
        !matches!(self, Value::Literal(_) | Value::Number | Value::Own)
    }

    fn mixed(self, other: Self) -> Self {
        match (self, other) {
            (Value::Foreign(from), _) | (_, Value::Foreign(from)) => Value::Foreign(from),
            (Value::Unknown | Value::Json, _) | (_, Value::Unknown | Value::Json) => Value::Unknown,
            (a, b) if !a.is_plain() || !b.is_plain() => Value::Unknown,
            (Value::Escaped, _) | (_, Value::Escaped) => Value::Escaped,
            (Value::Unvouched, _) | (_, Value::Unvouched) => Value::Unvouched,
            _ => Value::Safe,
        }
    }

    /// A literal may hold what ends a string.
    fn is_plain(&self) -> bool {
        match self {
            Value::Literal(text) => {
                !text.contains(|char: char| matches!(char, '"' | '\\' | '\0'..='\u{1f}'))
            }
            _ => true,
        }
    }
}

impl<'s> Env<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Env {
            source,
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.variables.insert(name.to_owned(), value);
    }

    /// What the variables hold behind one of two ways.
    pub(super) fn join(self, other: &Self) -> Self {
        let mut variables = BTreeMap::new();
        let nothing = || Value::Literal(String::new());
        for name in self.variables.keys().chain(other.variables.keys()) {
            let of = |env: &Self| match env.variables.get(name) {
                Some(value) => value.clone(),
                // What a name held that the template overwrites on one way only: `$context`, say.
                None if names::ROOTS.contains(&&**name) => Value::Unknown,
                None => nothing(),
            };
            variables.insert(name.clone(), of(&self).join(of(other)));
        }
        Env { variables, ..self }
    }

    /// What an expression may give. Whatever may fail is a doubt.
    pub(super) fn argument(&self, argument: &Argument<'_>, doubts: &mut Vec<Doubt>) -> Value {
        match argument {
            Argument::Text(text) => Value::Literal(text.clone()),
            Argument::Interpolated(parts) => {
                let mut value = Value::Literal(String::new());
                for part in parts {
                    let next = match part {
                        Part::Text(text) => Value::Literal((*text).to_owned()),
                        Part::Reference(reference) => self.reference(reference, doubts),
                        Part::Directive(directive) => {
                            let reason = "a directive in a string is not followed";
                            doubts.push(Doubt::new(directive.span.clone(), reason));
                            Value::Unknown
                        }
                    };
                    value = value.then(next, doubts);
                }
                value
            }
            Argument::Reference(reference) => self.reference(reference, doubts),
            Argument::Not(inner) => {
                self.argument(inner, doubts);
                Value::Safe
            }
            Argument::Operation { operator, operands } => {
                let mut values: Vec<Value> = operands
                    .iter()
                    .map(|each| self.argument(each, doubts))
                    .collect();
                // Numbers, truths, or nothing; `+` also joins texts.
                match (*operator, values.pop(), values.pop()) {
                    ("+", Some(Value::Number), Some(Value::Number)) => Value::Number,
                    ("+", Some(right), Some(left)) => left.then(right, doubts).or_safe_text(),
                    _ => Value::Safe,
                }
            }
            Argument::Collection(items) => {
                let mut value = Value::Unknown;
                for item in items {
                    if let Value::Foreign(from) = self.argument(item, doubts) {
                        value = Value::Foreign(from);
                    }
                }
                value
            }
            Argument::Constant => Value::Safe,
        }
    }

    /// What a reference may give.
    pub(super) fn reference(
        &self,
        reference: &ReferencePart<'_>,
        doubts: &mut Vec<Doubt>,
    ) -> Value {
        let spelled = self.source.get(reference.span.clone()).unwrap_or_default();
        for argument in reference
            .steps
            .iter()
            .filter_map(|step| step.arguments.as_ref())
            .flatten()
        {
            self.argument(argument, doubts);
        }
        if reference.escaped {
            doubts.push(Doubt::new(
                Some(reference.span.clone()),
                "a backslash before a reference",
            ));
            return Value::Unknown;
        }
        let (mut value, used) = match self.variables.get(reference.root) {
            Some(value) => (value.clone(), 0),
            None => self.built_in(reference, spelled, doubts),
        };
        for step in &reference.steps[used..] {
            value = self.step(value, step, doubts);
        }
        value
    }

    /// What the gateway's own names give, and how many steps that took.
    fn built_in(
        &self,
        reference: &ReferencePart<'_>,
        spelled: &str,
        doubts: &mut Vec<Doubt>,
    ) -> (Value, usize) {
        let steps = &reference.steps;
        let nothing = Value::Literal(String::new());
        let foreign = || Value::Foreign(spelled.to_owned());
        let name = |at: usize| steps.get(at).map(|step| step.name.unwrap_or("[]"));
        let arguments = steps.first().and_then(|step| step.arguments.as_deref());
        match (reference.root, name(0), arguments) {
            ("input", Some("body"), None) | ("input", Some("getBody"), Some([])) => (foreign(), 1),
            ("input", Some(method @ ("path" | "json")), Some([path])) => {
                let known = match path {
                    Argument::Text(path) => {
                        !path.contains(['(', '?']) && JsonPath::parse(path).is_ok()
                    }
                    _ => false,
                };
                if !known {
                    let reason =
                        "a path with functions, filters or variables, or none at all, may fail";
                    doubts.push(Doubt::new(Some(reference.span.clone()), reason));
                }
                (
                    if method == "json" {
                        Value::Json
                    } else {
                        foreign()
                    },
                    1,
                )
            }
            ("input", Some("params"), Some([] | [_])) => (foreign(), 1),
            ("util", Some(method), Some([argument])) => {
                let held = self.argument(argument, &mut Vec::new());
                let mut doubt = |reason: String| {
                    doubts.push(Doubt::new(Some(reference.span.clone()), reason));
                };
                let value = match method {
                    "escapeJavaScript" | "urlEncode" | "base64Encode"
                        if matches!(held, Value::Safe | Value::Escaped | Value::Unknown) =>
                    {
                        doubt("what is encoded twice may grow too long".to_owned());
                        if method == "escapeJavaScript" {
                            Value::Escaped
                        } else {
                            Value::Safe
                        }
                    }
                    "escapeJavaScript" if matches!(held, Value::Number | Value::Own) => Value::Own,
                    "escapeJavaScript" => Value::Escaped,
                    "urlEncode" | "base64Encode" => Value::Safe,
                    "parseJson" | "urlDecode" | "base64Decode" => {
                        doubt(format!("`$util.{method}` may fail"));
                        match held {
                            Value::Foreign(from) => Value::Foreign(from),
                            _ => Value::Unknown,
                        }
                    }
                    _ => nothing,
                };
                (value, 1)
            }
            ("input" | "util", Some(_), None) => (nothing, steps.len()),
            ("input" | "util", Some(_), Some(_)) => (Value::Unknown, steps.len()),
            // Java's own properties of maps.
            ("context", Some("empty" | "class"), _) => (Value::Unknown, steps.len()),
            ("context", Some(_), _) if matches!(name(1), Some("empty" | "class")) => {
                (Value::Unknown, steps.len())
            }
            ("input" | "util", None, _) => (Value::Unknown, 0),
            ("context", None, _) | ("context", Some("authorizer"), _) => (foreign(), steps.len()),
            ("context", Some("identity" | "error"), _) => match name(1) {
                Some("sourceIp") => (Value::Own, 2),
                Some("userAgent" | "messageString" | "validationErrorString") => (foreign(), 2),
                Some(name) if names::IDENTITY.contains(&name) => (Value::Unvouched, 2),
                None => (foreign(), 1),
                Some("[]") => (Value::Unknown, 2),
                Some(_) => (nothing, steps.len()),
            },
            ("context", Some("disconnectReason"), _) => (foreign(), 1),
            ("context", Some("domainName"), _) => (Value::Unvouched, 1),
            ("context", Some("connectedAt" | "requestTimeEpoch"), None) => (Value::Number, 1),
            ("context", Some(name), None) if names::CONTEXT.contains(&name) => (Value::Own, 1),
            ("context", Some("[]"), _) => (Value::Unknown, 1),
            ("context", Some(_), None) => (nothing, steps.len()),
            ("context", Some(_), Some(_)) => (Value::Unknown, steps.len()),
            ("stageVariables", _, _) => (foreign(), steps.len()),
            ("velocityCount", _, _) => (Value::Safe, 0),
            ("foreach", Some("count" | "index" | "first" | "last" | "hasNext"), None) => {
                (Value::Safe, 1)
            }
            ("foreach", _, _) => (Value::Unknown, steps.len()),
            _ => (nothing, steps.len()),
        }
    }

    fn step(&self, value: Value, step: &StepPart<'_>, doubts: &mut Vec<Doubt>) -> Value {
        if value == Value::Literal(String::new()) && step.arguments.is_none() {
            return value;
        }
        let name = step.name.unwrap_or_default();
        match (&value, name, step.arguments.as_deref()) {
            (Value::Escaped, _, Some([Argument::Text(from), Argument::Text(to)]))
                if is_cure(name, from, to) =>
            {
                return Value::Safe;
            }
            (Value::Own, _, Some([Argument::Text(from), Argument::Text(to)]))
                if is_cure(name, from, to) =>
            {
                return Value::Own;
            }
            (
                Value::Escaped,
                "replaceAll" | "replace",
                Some([Argument::Text(from), Argument::Text(to)]),
            ) if from.contains('\'') && to == "'" => {
                return Value::Escaped;
            }
            (_, "size" | "length" | "isEmpty" | "hashCode", Some([])) => return Value::Safe,
            _ => {}
        }
        doubts.push(Doubt::new(
            Some(step.span.clone()),
            "a method, an index or a member of a value, which may fail",
        ));
        match (value, name) {
            (
                _,
                "contains" | "startsWith" | "endsWith" | "equals" | "matches" | "indexOf"
                | "containsKey",
            ) if step.arguments.is_some() => Value::Safe,
            (Value::Foreign(from), _) => Value::Foreign(from),
            _ => Value::Unknown,
        }
    }
}

impl Value {
    /// What `+` gives: a text or a number, which is no longer known when it was a literal.
    fn or_safe_text(self) -> Self {
        match self {
            Value::Number => Value::Safe,
            other => other,
        }
    }
}

/// Whether it makes every `\'` a `'` again: each single quote in the output of `escapeJavaScript`
/// has a backslash of its own.
fn is_cure(method: &str, from: &str, to: &str) -> bool {
    to == "'" && matches!((method, from), ("replaceAll", r"\\'") | ("replace", r"\'"))
}
