//! What a reference may evaluate to, as far as that is known without rendering.

use std::collections::{BTreeMap, BTreeSet};

use velocity::syntax::{Argument, Part, ReferencePart};

use super::builtin::{context, input, name_at, no_such_member};
use super::json::{Position, Trouble};
use super::notes::Notes;
use super::steps;
use super::value::{Holds, Part as Printed, Piece, Value, formal};
use crate::template::util::{Function, Gives};
use crate::template::vocabulary::{InputMember, ROOTS};

/// The values of the variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Env<'s> {
    source: &'s str,
    variables: BTreeMap<String, Value>,
    /// References that a condition lets be numbers or words of JSON only, as they are written in
    /// arguments.
    scalars: BTreeSet<String>,
}

impl<'s> Env<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Env {
            source,
            variables: BTreeMap::new(),
            scalars: BTreeSet::new(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let is_of = |reference: &String| {
            let rest = reference[1..].strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric()))
        };
        self.scalars.retain(|reference| !is_of(reference));
        self.variables.insert(name.to_owned(), value);
    }

    /// From here on these references are numbers or words of JSON.
    pub(super) fn guard(&mut self, references: Vec<String>) {
        self.scalars.extend(references);
    }

    /// From here on `$foreach` is that of another loop: an origin that names it means nothing.
    pub(super) fn change_loop(&mut self) {
        for (name, value) in &mut self.variables {
            if value
                .foreign()
                .is_some_and(|from| from.contains("$foreach"))
            {
                *value = Holds::Foreign(format!("${name}")).text();
            }
        }
    }

    /// The values of the variables after one of two paths.
    pub(super) fn join(self, other: &Self) -> Self {
        let mut variables = BTreeMap::new();
        for name in self.variables.keys().chain(other.variables.keys()) {
            let of = |env: &Self| match env.variables.get(name) {
                Some(value) => value.clone(),
                // A built-in name that the template overwrites on one path only, such as
                // `$context`.
                None if ROOTS.contains(&&**name) => Value::unknown(),
                None => Value::nothing(),
            };
            variables.insert(name.clone(), of(&self).join(of(other)));
        }
        let scalars = self.scalars.intersection(&other.scalars).cloned().collect();
        Env {
            variables,
            scalars,
            ..self
        }
    }

    /// What an expression may evaluate to. Anything that may fail is a doubt.
    pub(super) fn argument(&self, argument: &Argument<'_>, notes: &mut Notes) -> Value {
        match argument {
            Argument::Text(text) => Value::literal(text),
            Argument::Interpolated(parts) => {
                let mut value = Value::nothing();
                for part in parts {
                    let next = match part {
                        Part::Text(text) => Value::literal(text),
                        Part::Reference(reference) => self.reference(reference, notes),
                        Part::Directive(directive) => {
                            let reason = "a directive in a string is not analysed";
                            notes.doubt(directive.span.clone(), reason);
                            Value::unknown()
                        }
                    };
                    value = value.then(next, "", &mut notes.doubts);
                }
                value
            }
            Argument::Reference(reference) => self.reference(reference, notes),
            Argument::Not(inner) => {
                self.argument(inner, notes);
                Holds::Own.text()
            }
            Argument::Operation { operator, operands } => {
                let mut values: Vec<Value> = operands
                    .iter()
                    .map(|each| self.argument(each, notes))
                    .collect();
                // Numbers, booleans, or nothing; `+` also joins texts.
                match (*operator, values.pop(), values.pop()) {
                    ("+", Some(right), Some(left)) if is_number(&left) && is_number(&right) => {
                        Holds::Number.text()
                    }
                    ("+", Some(right), Some(left)) => {
                        left.then(right, "", &mut notes.doubts).or_safe_text()
                    }
                    _ => Holds::Own.text(),
                }
            }
            Argument::Collection(items) => {
                let items = items.iter().map(|item| self.argument(item, notes));
                // A range's ends are not its items, and a map's keys and values are both here.
                let items: Vec<Value> = items.collect();
                let foreign = items.iter().find_map(Value::foreign);
                Value::List(Box::new(match foreign {
                    Some(from) => Holds::Foreign(from.to_owned()).text(),
                    None => Value::unknown(),
                }))
            }
            Argument::Constant => Holds::Own.text(),
        }
    }

    /// What a reference may evaluate to.
    pub(super) fn reference(&self, reference: &ReferencePart<'_>, notes: &mut Notes) -> Value {
        let spelled = self.source.get(reference.span.clone()).unwrap_or_default();
        for argument in reference
            .steps
            .iter()
            .filter_map(|step| step.arguments.as_ref())
            .flatten()
        {
            self.argument(argument, notes);
        }
        if reference.escaped {
            notes.doubt(
                Some(reference.span.clone()),
                "a backslash before a reference",
            );
            return Value::unknown();
        }
        if self.scalars.contains(&formal(spelled)) {
            return Holds::Scalar.text();
        }
        let (mut value, used) = match self.variables.get(reference.root) {
            Some(value) => (value.clone(), 0),
            None => self.built_in(reference, spelled, notes),
        };
        for step in &reference.steps[used..] {
            let printed = self.source.get(reference.span.start..step.span.end);
            value = steps::step(value, step, printed.unwrap_or(spelled), notes);
        }
        value
    }

    /// What a built-in name gives, and how many steps that consumed.
    fn built_in(
        &self,
        reference: &ReferencePart<'_>,
        spelled: &str,
        notes: &mut Notes,
    ) -> (Value, usize) {
        let steps = &reference.steps;
        let name = name_at(reference, 0);
        let arguments = steps.first().and_then(|step| step.arguments.as_deref());
        match (reference.root, name, arguments) {
            ("input" | "util", None, _) => (Value::unknown(), 0),
            ("input", Some(name), arguments) => match InputMember::named(name) {
                Some(member) => input(member, reference, spelled, arguments, notes),
                None => no_such_member(reference),
            },
            ("util", Some(name), Some([argument])) => {
                (self.util(name, argument, reference, spelled, notes), 1)
            }
            ("util", Some(_), _) => no_such_member(reference),
            ("context", name, _) => context(name, reference, spelled),
            ("stageVariables", None, _) => (Value::StageVariables, 0),
            ("stageVariables", Some(_), None) => (Holds::Own.text(), 1),
            ("stageVariables", Some(_), Some(_)) => (Value::StageVariables, 0),
            ("velocityCount", _, _) => (Holds::Own.text(), 0),
            ("foreach", Some("count" | "index" | "first" | "last" | "hasNext"), None) => {
                (Holds::Own.text(), 1)
            }
            ("foreach", _, _) => (Value::unknown(), steps.len()),
            _ => (Value::nothing(), steps.len()),
        }
    }

    /// What a function of `$util` gives.
    fn util(
        &self,
        name: &str,
        argument: &Argument<'_>,
        reference: &ReferencePart<'_>,
        spelled: &str,
        notes: &mut Notes,
    ) -> Value {
        let Some(function) = Function::named(name) else {
            return Value::nothing();
        };
        // What the argument's evaluation notes was noted with the reference's arguments.
        let held = self.argument(argument, &mut Notes::default());
        // Each further escape adds little: backslashes and quotes double.
        let escapes = match function.gives {
            Gives::Escaped => 3,
            Gives::Encoded | Gives::Decoded => 1,
        };
        let grows = match &held {
            Value::Text(parts) => parts.iter().any(|part| match part {
                Printed::Literal(_) => false,
                Printed::Piece(piece) => {
                    piece.wraps.len() >= escapes
                        || matches!(piece.holds, Holds::Encoded | Holds::Token | Holds::Unknown)
                }
            }),
            _ => true,
        };
        if grows && matches!(function.gives, Gives::Escaped | Gives::Encoded) {
            let reason = "what is encoded twice may grow too long";
            notes.doubt(Some(reference.span.clone()), reason);
        }
        match function.gives {
            Gives::Escaped => steps::escaped(held, spelled),
            Gives::Encoded => {
                notes.troubles.extend(troubles_of(&held, reference));
                Holds::Encoded.text()
            }
            Gives::Decoded => {
                let reason = format!("`$util.{name}` may fail");
                notes.doubt(Some(reference.span.clone()), reason);
                let is_json = |piece: &Piece| matches!(piece.holds, Holds::Json(_));
                if held.foreign().is_some() || held.piece().is_some_and(is_json) {
                    Holds::Foreign(spelled.to_owned()).text()
                } else {
                    Value::unknown()
                }
            }
        }
    }
}

fn is_number(value: &Value) -> bool {
    value
        .piece()
        .is_some_and(|piece| piece.holds == Holds::Number)
}

/// A text that is encoded as a whole may be JSON in itself, such as the message of a form.
fn troubles_of(value: &Value, reference: &ReferencePart<'_>) -> Vec<Trouble> {
    let Value::Text(parts) = value else {
        return Vec::new();
    };
    let begins = |part: &Printed| match part {
        Printed::Literal(text) => text.trim_start().starts_with(['{', '[']),
        Printed::Piece(_) => false,
    };
    if !parts.first().is_some_and(begins) {
        return Vec::new();
    }
    let mut position = Position::start();
    for part in parts {
        match part {
            Printed::Literal(text) if position.feed(text).is_err() => return Vec::new(),
            Printed::Literal(_) => {}
            Printed::Piece(piece) => position.insert(piece, &reference.span),
        }
    }
    if position.is_end() {
        let mut found = position.found;
        for trouble in &mut found {
            trouble.encoded = true;
        }
        found
    } else {
        Vec::new()
    }
}
