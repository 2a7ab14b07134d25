//! Conditions that do not test what they seem to test.
//!
//! Realises: TEMPLATE-19, TEMPLATE-41, TEMPLATE-42

use std::collections::HashMap;

use velocity::syntax::{Argument, Part, ReferencePart, StepPart};

use super::value::formal;
use super::{Finding, Rule};

/// What each variable is set to, anywhere.
type Assignments<'p, 't> = HashMap<&'t str, Vec<Origin<'p, 't>>>;

/// Where a variable has its value from.
#[derive(Clone, Copy)]
enum Origin<'p, 't> {
    Set(&'p Argument<'t>),
    /// An item of this list.
    Item(&'p Argument<'t>),
    /// It is changed in a way that is not analysed.
    Other,
}

/// Whether a `!` is around a condition.
#[derive(Clone, Copy)]
enum Sense {
    AsWritten,
    Negated,
}

pub(super) fn check(source: &str, parts: &[Part<'_>], findings: &mut Vec<Finding>) {
    let mut assignments = Assignments::new();
    collect(parts, &mut assignments);
    look(source, parts, &assignments, findings);
}

impl Sense {
    fn negated(self) -> Self {
        match self {
            Sense::AsWritten => Sense::Negated,
            Sense::Negated => Sense::AsWritten,
        }
    }
}

fn collect<'p, 't>(parts: &'p [Part<'t>], assignments: &mut Assignments<'p, 't>) {
    for part in parts {
        let Part::Directive(directive) = part else {
            continue;
        };
        let value = directive.arguments.first();
        if let (Some(target), Some(value)) = (&directive.target, value) {
            let origin = match target.steps[..] {
                [] => Origin::Set(value),
                _ => Origin::Other,
            };
            assignments.entry(target.root).or_default().push(origin);
        }
        if let Some(name) = directive.variable {
            let origin = match (directive.name, value) {
                ("foreach", Some(list)) => Origin::Item(list),
                _ => Origin::Other,
            };
            assignments.entry(name).or_default().push(origin);
        }
        for block in &directive.blocks {
            collect(block, assignments);
        }
    }
}

fn look(
    source: &str,
    parts: &[Part<'_>],
    assignments: &Assignments<'_, '_>,
    findings: &mut Vec<Finding>,
) {
    for part in parts {
        let Part::Directive(directive) = part else {
            continue;
        };
        if directive.name == "if" {
            for argument in &directive.arguments {
                condition(source, argument, Sense::AsWritten, assignments, findings);
            }
        }
        for block in &directive.blocks {
            look(source, block, assignments, findings);
        }
    }
}

fn condition(
    source: &str,
    argument: &Argument<'_>,
    sense: Sense,
    assignments: &Assignments<'_, '_>,
    findings: &mut Vec<Finding>,
) {
    match argument {
        Argument::Not(inner) => condition(source, inner, sense.negated(), assignments, findings),
        Argument::Operation {
            operator: operator @ ("&&" | "||"),
            operands,
        } => {
            for (at, operand) in operands.iter().enumerate() {
                let mut others = operands
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != at);
                let is_tested = match (operator, sense) {
                    (&"&&", Sense::AsWritten) => {
                        others.any(|(_, other)| tests_for_value(source, operand, other))
                    }
                    _ => false,
                };
                if !is_tested {
                    condition(source, operand, sense, assignments, findings);
                }
            }
        }
        Argument::Reference(reference) => {
            let truth = truth(argument, assignments, 0);
            let spelled = source.get(reference.span.clone()).unwrap_or_default();
            let (not, always, never, equals) = match sense {
                Sense::AsWritten => ("", "true", "false", "!="),
                Sense::Negated => ("!", "false", "true", "=="),
            };
            let message = match truth {
                Truth::Open => return,
                Truth::Always => format!("the condition `{not}{spelled}` is always {always}"),
                Truth::UnlessFalse => format!(
                    "the condition `{not}{spelled}` is {always} even if there is no value; it is \
                     {never} only for the JSON value false"
                ),
            };
            // A boolean of the authorizer's reaches the template as text.
            let flag = match reference.steps.first().and_then(|step| step.name) {
                Some("authorizer") => {
                    format!("; `{spelled} == \"true\"` tests for true, which arrives as text")
                }
                _ => String::new(),
            };
            let cure = format!("`{spelled} {equals} \"\"` tests whether there is a value{flag}");
            findings.push(Finding::new(
                Rule::ConstantCondition,
                reference.span.clone(),
                message,
                cure,
            ));
        }
        _ => {}
    }
}

/// Whether `other` holds only if the reference has a value: what is wrong with `$x` in
/// `$x && $x != ""` does no harm.
fn tests_for_value(source: &str, operand: &Argument<'_>, other: &Argument<'_>) -> bool {
    let spelled = |argument: &Argument<'_>| match argument {
        Argument::Reference(reference) => source.get(reference.span.clone()).map(formal),
        _ => None,
    };
    let Some(wanted) = spelled(operand) else {
        return false;
    };
    let is_it = |argument: &Argument<'_>| spelled(argument).as_ref() == Some(&wanted);
    let asks_it = |argument: &Argument<'_>| {
        let rest = spelled(argument).and_then(|text| text.strip_prefix(&wanted).map(str::to_owned));
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    match other {
        Argument::Operation { operator, operands } => match (*operator, &operands[..]) {
            ("!=", [it, Argument::Text(text)]) => text.is_empty() && is_it(it),
            ("==", [it, Argument::Text(text)]) => !text.is_empty() && is_it(it),
            (">" | ">=" | "<" | "<=", [it, _]) => is_it(it) || asks_it(it),
            ("&&", operands) => operands
                .iter()
                .any(|other| tests_for_value(source, operand, other)),
            _ => false,
        },
        Argument::Not(inner) => asks_it(inner),
        // A method of what is missing is missing, and true; variables and the body are texts then.
        Argument::Reference(_) => {
            asks_it(other) && (!wanted.contains('.') || wanted == "$input.body")
        }
        _ => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    /// A text, a number, a map or nothing, all of which are true, and so are their members.
    Always,
    /// A value from the message, which may be `false`, or have members that are.
    UnlessFalse,
    /// It may be false.
    Open,
}

/// Methods that answer yes or no.
const QUESTIONS: [&str; 7] = [
    "isEmpty",
    "startsWith",
    "endsWith",
    "matches",
    "add",
    "addAll",
    "remove",
];

/// Methods that give a text or a number, whatever they are called on.
const TEXTS: [&str; 17] = [
    "size",
    "length",
    "indexOf",
    "lastIndexOf",
    "split",
    "substring",
    "replace",
    "replaceAll",
    "replaceFirst",
    "toString",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "concat",
    "hashCode",
    "join",
    "format",
];

/// Methods that give members.
const MEMBERS: [&str; 7] = [
    "get",
    "keySet",
    "entrySet",
    "values",
    "getKey",
    "getValue",
    "getOrDefault",
];

fn truth(argument: &Argument<'_>, assignments: &Assignments<'_, '_>, depth: usize) -> Truth {
    match argument {
        Argument::Text(_) | Argument::Interpolated(_) => Truth::Always,
        Argument::Collection(_) => Truth::Always,
        Argument::Reference(reference) => {
            let (start, used) = match assignments.get(reference.root) {
                Some(origins) => (origins_truth(origins, assignments, depth), 0),
                None => of_gateway(reference),
            };
            reference.steps[used..].iter().fold(start, after)
        }
        _ => Truth::Open,
    }
}

/// The truth of a variable: of everything that it may hold. Without a value it is true.
fn origins_truth(
    origins: &[Origin<'_, '_>],
    assignments: &Assignments<'_, '_>,
    depth: usize,
) -> Truth {
    if depth > 6 {
        return Truth::Open;
    }
    let truths = origins.iter().map(|origin| match origin {
        Origin::Set(value) => truth(value, assignments, depth + 1),
        Origin::Item(Argument::Collection(items)) => {
            let items = items.iter().map(|item| truth(item, assignments, depth + 1));
            items.max().unwrap_or(Truth::Always)
        }
        Origin::Item(list) => truth(list, assignments, depth + 1),
        Origin::Other => Truth::Open,
    });
    truths.max().unwrap_or(Truth::Open)
}

/// The truth of what a step gives.
fn after(before: Truth, step: &StepPart<'_>) -> Truth {
    let (Some(name), Some(_)) = (step.name, &step.arguments) else {
        // A member, or an index.
        return before;
    };
    let asks = name.starts_with("contains") || name.starts_with("equals");
    match name {
        _ if asks || QUESTIONS.contains(&name) => Truth::Open,
        _ if TEXTS.contains(&name) => Truth::Always,
        _ if MEMBERS.contains(&name) => before,
        _ => Truth::Open,
    }
}

/// The truth of what a built-in name gives, and how many steps that consumed.
fn of_gateway(reference: &ReferencePart<'_>) -> (Truth, usize) {
    let first = reference.steps.first().and_then(|step| step.name);
    match (reference.root, first) {
        ("input", Some("path")) | ("util", Some("parseJson")) => (Truth::UnlessFalse, 1),
        ("input" | "util", Some(_)) => (Truth::Always, 1),
        ("foreach", Some("count" | "index")) => (Truth::Always, 1),
        ("context" | "stageVariables", _) | ("velocityCount", _) => (Truth::Always, 0),
        _ => (Truth::Open, 0),
    }
}
