//! Where a template finds what is not the gateway's own.

use std::fmt;
use std::ops::Range;

use velocity::syntax::{Argument, Part, ReferencePart};

/// Where a template finds a value that is not the gateway's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `$context.authorizer.{name}`.
    Authorizer(String),
    /// `$input.params('{name}')`, a header.
    Parameter(String),
    /// `$context.identity.userAgent`.
    UserAgent,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorizer(name) => write!(f, "$context.authorizer.{name}"),
            Self::Parameter(name) => write!(f, "$input.params('{name}')"),
            Self::UserAgent => f.write_str("$context.identity.userAgent"),
        }
    }
}

/// The value that a reference reads, if it is one that is not the gateway's own.
pub(super) fn place(reference: &ReferencePart<'_>) -> Option<Place> {
    let names: Vec<Option<&str>> = reference.steps.iter().map(|step| step.name).collect();
    match (reference.root, &names[..]) {
        ("context", [Some("authorizer"), Some(name), ..]) => {
            Some(Place::Authorizer((*name).to_owned()))
        }
        ("context", [Some("identity"), Some("userAgent"), ..]) => Some(Place::UserAgent),
        ("input", [Some("params"), rest @ ..]) => {
            match (reference.steps[0].arguments.as_deref(), rest) {
                (Some([Argument::Text(name)]), _) => Some(Place::Parameter(name.clone())),
                (_, [Some("header"), Some("get"), ..]) => {
                    match reference.steps[2].arguments.as_deref() {
                        Some([Argument::Text(name)]) => Some(Place::Parameter(name.clone())),
                        _ => None,
                    }
                }
                (_, [Some("header"), Some(name), ..]) => Some(Place::Parameter((*name).to_owned())),
                _ => None,
            }
        }
        _ => None,
    }
}

pub(super) fn is_params(reference: &ReferencePart<'_>) -> bool {
    reference
        .steps
        .first()
        .is_some_and(|step| step.name == Some("params"))
}

/// The bytes of what directives look at.
pub(super) fn directed(parts: &[Part<'_>]) -> Vec<Range<usize>> {
    fn of(argument: &Argument<'_>, spans: &mut Vec<Range<usize>>) {
        match argument {
            Argument::Reference(reference) => spans.push(reference.span.clone()),
            Argument::Interpolated(parts) => {
                for part in parts {
                    if let Part::Reference(reference) = part {
                        spans.push(reference.span.clone());
                    }
                }
            }
            Argument::Not(inner) => of(inner, spans),
            Argument::Operation {
                operands: inner, ..
            }
            | Argument::Collection(inner) => {
                inner.iter().for_each(|argument| of(argument, spans));
            }
            Argument::Text(_) | Argument::Constant => {}
        }
    }
    let mut spans = Vec::new();
    for part in parts {
        if let Part::Directive(directive) = part {
            directive
                .arguments
                .iter()
                .for_each(|argument| of(argument, &mut spans));
            for block in &directive.blocks {
                spans.extend(directed(block));
            }
        }
    }
    spans
}

/// The bytes of the references that print, in order.
pub(super) fn collect_printing(parts: &[Part<'_>], spans: &mut Vec<Range<usize>>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Reference(reference) => spans.push(reference.span.clone()),
            Part::Directive(directive) => {
                directive
                    .blocks
                    .iter()
                    .for_each(|block| collect_printing(block, spans));
            }
        }
    }
}
