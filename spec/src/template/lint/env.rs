//! What a reference may evaluate to, as far as that is known without rendering.

use std::collections::BTreeMap;

use velocity::syntax::{Argument, Part, ReferencePart, StepPart};

use super::Doubt;
use super::builtin::{context, input, name_at, no_such_member};
use super::value::Value;
use crate::template::util::{Function, Gives};
use crate::template::vocabulary::{InputMember, ROOTS};

/// The values of the variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Env<'s> {
    source: &'s str,
    variables: BTreeMap<String, Value>,
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

    /// The values of the variables after one of two paths.
    pub(super) fn join(self, other: &Self) -> Self {
        let mut variables = BTreeMap::new();
        for name in self.variables.keys().chain(other.variables.keys()) {
            let of = |env: &Self| match env.variables.get(name) {
                Some(value) => value.clone(),
                // A built-in name that the template overwrites on one path only, such as
                // `$context`.
                None if ROOTS.contains(&&**name) => Value::Unknown,
                None => Value::nothing(),
            };
            variables.insert(name.clone(), of(&self).join(of(other)));
        }
        Env { variables, ..self }
    }

    /// What an expression may evaluate to. Anything that may fail is a doubt.
    pub(super) fn argument(&self, argument: &Argument<'_>, doubts: &mut Vec<Doubt>) -> Value {
        match argument {
            Argument::Text(text) => Value::Literal(text.clone()),
            Argument::Interpolated(parts) => {
                let mut value = Value::nothing();
                for part in parts {
                    let next = match part {
                        Part::Text(text) => Value::Literal((*text).to_owned()),
                        Part::Reference(reference) => self.reference(reference, doubts),
                        Part::Directive(directive) => {
                            let reason = "a directive in a string is not analysed";
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
                // Numbers, booleans, or nothing; `+` also joins texts.
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

    /// What a reference may evaluate to.
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

    /// What a built-in name gives, and how many steps that consumed.
    fn built_in(
        &self,
        reference: &ReferencePart<'_>,
        spelled: &str,
        doubts: &mut Vec<Doubt>,
    ) -> (Value, usize) {
        let steps = &reference.steps;
        let name = name_at(reference, 0);
        let arguments = steps.first().and_then(|step| step.arguments.as_deref());
        match (reference.root, name, arguments) {
            ("input" | "util", None, _) => (Value::Unknown, 0),
            ("input", Some(name), arguments) => match InputMember::named(name) {
                Some(member) => input(member, reference, spelled, arguments, doubts),
                None => no_such_member(reference),
            },
            ("util", Some(name), Some([argument])) => {
                (self.util(name, argument, reference, doubts), 1)
            }
            ("util", Some(_), _) => no_such_member(reference),
            ("context", name, _) => context(name, reference, spelled),
            ("stageVariables", _, _) => (Value::Foreign(spelled.to_owned()), steps.len()),
            ("velocityCount", _, _) => (Value::Safe, 0),
            ("foreach", Some("count" | "index" | "first" | "last" | "hasNext"), None) => {
                (Value::Safe, 1)
            }
            ("foreach", _, _) => (Value::Unknown, steps.len()),
            _ => (Value::nothing(), steps.len()),
        }
    }

    /// What a function of `$util` gives.
    fn util(
        &self,
        name: &str,
        argument: &Argument<'_>,
        reference: &ReferencePart<'_>,
        doubts: &mut Vec<Doubt>,
    ) -> Value {
        let Some(function) = Function::named(name) else {
            return Value::nothing();
        };
        let held = self.argument(argument, &mut Vec::new());
        let mut doubt = |reason: String| {
            doubts.push(Doubt::new(Some(reference.span.clone()), reason));
        };
        let is_encoded = matches!(held, Value::Safe | Value::Escaped | Value::Unknown);
        if is_encoded && matches!(function.gives, Gives::Escaped | Gives::Encoded) {
            doubt("what is encoded twice may grow too long".to_owned());
        }
        match function.gives {
            Gives::Escaped if matches!(held, Value::Number | Value::Own) => Value::Own,
            Gives::Escaped => Value::Escaped,
            Gives::Encoded => Value::Safe,
            Gives::Decoded => {
                doubt(format!("`$util.{name}` may fail"));
                match held {
                    Value::Foreign(from) => Value::Foreign(from),
                    _ => Value::Unknown,
                }
            }
        }
    }

    fn step(&self, value: Value, step: &StepPart<'_>, doubts: &mut Vec<Doubt>) -> Value {
        if value == Value::nothing() && step.arguments.is_none() {
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

/// Whether the call turns every `\'` back into `'`: each single quote in the output of
/// `escapeJavaScript` has its own backslash.
fn is_cure(method: &str, from: &str, to: &str) -> bool {
    to == "'" && matches!((method, from), ("replaceAll", r"\\'") | ("replace", r"\'"))
}
