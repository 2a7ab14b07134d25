//! Conditions that do not test what they seem to test.
//!
//! Realises: TEMPLATE-19, TEMPLATE-41, TEMPLATE-42

use std::collections::HashMap;

use velocity::syntax::{Argument, Part, ReferencePart};

use super::{Finding, Rule};

/// What each variable is set to, anywhere.
type Assignments<'p, 't> = HashMap<&'t str, Vec<&'p Argument<'t>>>;

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
        if let (Some(target), Some(value)) = (&directive.target, directive.arguments.first()) {
            assignments.entry(target.root).or_default().push(value);
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
            operator: "&&" | "||",
            operands,
        } => {
            for operand in operands {
                condition(source, operand, sense, assignments, findings);
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    /// It may be false.
    Open,
    /// A text, a number, a map or nothing, all of which are true.
    Always,
    /// A value from the message, which may be `false`.
    UnlessFalse,
}

fn truth(argument: &Argument<'_>, assignments: &Assignments<'_, '_>, depth: usize) -> Truth {
    let Argument::Reference(reference) = argument else {
        return match argument {
            Argument::Text(_) | Argument::Interpolated(_) | Argument::Collection(_) => {
                Truth::Always
            }
            _ => Truth::Open,
        };
    };
    if let Some(values) = assignments.get(reference.root) {
        if !reference.steps.is_empty() || depth > 8 {
            return Truth::Open;
        }
        let truths: Vec<Truth> = values
            .iter()
            .map(|value| truth(value, assignments, depth + 1))
            .collect();
        return match truths[..] {
            _ if truths.contains(&Truth::Open) => Truth::Open,
            _ if truths.contains(&Truth::UnlessFalse) => Truth::UnlessFalse,
            _ => Truth::Always,
        };
    }
    of_gateway(reference)
}

fn of_gateway(reference: &ReferencePart<'_>) -> Truth {
    let asks = reference.steps.iter().any(|step| {
        step.arguments.is_some()
            && step.name.is_some_and(|name| {
                name.starts_with("contains")
                    || name.starts_with("equals")
                    || matches!(
                        name,
                        "isEmpty"
                            | "startsWith"
                            | "endsWith"
                            | "matches"
                            | "add"
                            | "addAll"
                            | "remove"
                    )
            })
    });
    let first = reference.steps.first().and_then(|step| step.name);
    match (reference.root, first) {
        _ if asks => Truth::Open,
        ("input", Some("path")) | ("util", Some("parseJson")) => Truth::UnlessFalse,
        ("context", Some("authorizer"))
        | ("context" | "stageVariables", _)
        | ("input" | "util", _) => Truth::Always,
        _ => Truth::Open,
    }
}
