//! What a template reads of what is not the gateway's own: members of the message, parameters,
//! claims, stage variables, also through variables and loops.

use std::collections::BTreeMap;

use spec::template::MappingTemplate;
use velocity::syntax::{Argument, DirectivePart, Part, ReferencePart, StepPart};

use super::Place;
use super::place::Group;
use super::shape::{Directs, Shape, Step, steps};

/// What a template reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// Of the message.
    pub(super) body: Shape,
    /// Outside the message. A shape's `parsed` is of a text that the template parses.
    pub(super) places: BTreeMap<Place, Shape>,
    /// The texts in conditions and arguments.
    pub(super) literals: Vec<String>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    root: Root,
    path: Vec<Step>,
    /// It is not the value itself but something computed from it.
    computed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Body,
    Context,
    StageVariables,
    Params,
}

/// Methods whose result says of the value what the value says itself.
const TRANSPARENT: [&str; 10] = [
    "toString",
    "replaceAll",
    "replace",
    "replaceFirst",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "concat",
    "values",
    "iterator",
];

/// The name of a parameter or claim that stands for all, where a template walks through them.
pub(super) const ANY: &str = "any";

/// A variable that is set from itself, over and over, keeps so many sources and steps.
const MOST: usize = 16;

struct Walk<'t> {
    source: &'t str,
    reads: Reads,
    variables: BTreeMap<String, Vec<Source>>,
}

impl Reads {
    pub(super) fn of(template: &MappingTemplate) -> Self {
        let mut walk = Walk {
            source: template.source(),
            reads: Self::default(),
            variables: BTreeMap::new(),
        };
        let parts = template.parts();
        // Twice: a loop may read what a later line of it sets.
        walk.block(&parts);
        walk.block(&parts);
        walk.reads.literals.sort();
        walk.reads.literals.dedup();
        walk.reads
    }
}

impl Walk<'_> {
    /// The sources of all that prints in there.
    fn block(&mut self, parts: &[Part<'_>]) -> Vec<Source> {
        let mut sources = Vec::new();
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Reference(reference) => sources.extend(self.reference(reference)),
                Part::Directive(directive) => sources.extend(self.directive(directive)),
            }
        }
        sources
    }

    fn directive(&mut self, directive: &DirectivePart<'_>) -> Vec<Source> {
        let mut sources = Vec::new();
        for argument in &directive.arguments {
            let found = self.argument(argument);
            match directive.name {
                "set" | "define" => sources.extend(found),
                "foreach" => {
                    sources.extend(found.into_iter().map(|source| source.then(Step::Each)));
                }
                _ => self.direct(&found, directs(argument)),
            }
        }
        match directive.name {
            "set" => {
                let target = directive.target.as_ref();
                if let Some(target) = target.filter(|target| target.steps.is_empty()) {
                    self.remember(target.root, sources);
                }
                Vec::new()
            }
            "foreach" => {
                self.direct(&sources, Directs::Nothing);
                if let Some(name) = directive.variable {
                    self.remember(name, sources);
                }
                self.blocks(directive)
            }
            "define" => {
                let sources = self.blocks(directive);
                if let Some(name) = directive.variable {
                    self.remember(name, sources);
                }
                Vec::new()
            }
            _ => self.blocks(directive),
        }
    }

    fn blocks(&mut self, directive: &DirectivePart<'_>) -> Vec<Source> {
        let blocks = directive.blocks.iter();
        blocks.flat_map(|block| self.block(block)).collect()
    }

    fn remember(&mut self, name: &str, sources: Vec<Source>) {
        let known = self.variables.entry(name.to_owned()).or_default();
        for source in sources {
            if !known.contains(&source) && known.len() < MOST && source.path.len() < MOST {
                known.push(source);
            }
        }
    }

    fn argument(&mut self, argument: &Argument<'_>) -> Vec<Source> {
        match argument {
            Argument::Constant => Vec::new(),
            Argument::Text(text) => {
                if text.len() < 100 {
                    self.reads.literals.push(text.clone());
                }
                Vec::new()
            }
            Argument::Interpolated(parts) => self.block(parts),
            Argument::Reference(reference) => self.reference(reference),
            Argument::Not(inner) => self.argument(inner),
            Argument::Operation { operands, .. } | Argument::Collection(operands) => {
                let operands = operands.iter();
                operands
                    .flat_map(|operand| self.argument(operand))
                    .collect()
            }
        }
    }

    /// Notes what a reference reads, and says where its value comes from.
    fn reference(&mut self, reference: &ReferencePart<'_>) -> Vec<Source> {
        let arguments: Vec<Vec<Source>> = reference
            .steps
            .iter()
            .map(|step| {
                let arguments = step.arguments.iter().flatten();
                arguments
                    .flat_map(|argument| self.argument(argument))
                    .collect()
            })
            .collect();
        let first = reference.steps.first();
        let name = first.and_then(|step| step.name);
        let text = first.and_then(text_argument);
        if let ("input", Some("path" | "json" | "params"), None) = (reference.root, name, &text) {
            // A path that comes from a value decides what is read.
            let chosen = arguments.first().cloned().unwrap_or_default();
            self.direct(&chosen, Directs::Anything);
        }
        let (sources, followed) = match (reference.root, name) {
            ("input", Some("body" | "getBody")) => (vec![Source::new(Root::Body, vec![])], 1),
            ("input", Some("path" | "json")) => {
                let path = text.as_deref().map(steps).unwrap_or_default();
                (vec![Source::new(Root::Body, path)], 1)
            }
            ("input", Some("params")) => {
                let path =
                    text.map(|name| vec![Step::Member("header".to_owned()), Step::Member(name)]);
                // `$input.params($name)` may be any of them.
                let any = first.is_some_and(|step| step.arguments.iter().flatten().count() > 0);
                let path = path.unwrap_or_else(|| if any { vec![Step::Each; 2] } else { vec![] });
                (vec![Source::new(Root::Params, path)], 1)
            }
            ("util", Some("parseJson")) => {
                let inner = arguments.first().cloned().unwrap_or_default();
                (inner.into_iter().map(Source::parsed).collect(), 1)
            }
            ("util", Some(_)) => (arguments.first().cloned().unwrap_or_default(), 1),
            ("context", _) => (vec![Source::new(Root::Context, vec![])], 0),
            ("stageVariables", _) => (vec![Source::new(Root::StageVariables, vec![])], 0),
            (variable, _) => (self.variables.get(variable).cloned().unwrap_or_default(), 0),
        };
        let mut found = Vec::new();
        for source in sources {
            let mut steps = reference.steps.iter().skip(followed);
            found.extend(steps.try_fold(source, |source, step| self.follow(source, step)));
        }
        self.direct(&found, Directs::Nothing);
        // An argument of a method is printed in some form, or compared.
        for (step, inner) in reference.steps.iter().zip(arguments).skip(followed) {
            if step.name.is_some_and(|name| name != "get") {
                self.direct(&inner, Directs::Anything);
            }
            found.extend(inner);
        }
        found
    }

    /// What a step leads to; `None` for the names in a map, which are not its values.
    fn follow(&mut self, source: Source, step: &StepPart<'_>) -> Option<Source> {
        let number = || -> Option<usize> {
            let written = self.source.get(step.span.clone())?;
            let digits = written.trim_matches(|char: char| !char.is_ascii_digit());
            digits.parse().ok()
        };
        let element = |argument: Option<&Argument<'_>>| match argument {
            Some(Argument::Text(_) | Argument::Interpolated(_)) => argument
                .and_then(constant_text)
                .map_or(Step::Each, Step::Member),
            Some(Argument::Constant) => number().map_or(Step::Each, Step::Index),
            _ => Step::Each,
        };
        let arguments = step.arguments.as_deref();
        if let Some("key" | "getKey" | "keySet") = step.name {
            // There is a map.
            self.shape(&source.then(Step::Each));
            return None;
        }
        Some(match (step.name, arguments) {
            (None, arguments) => source.then(element(arguments.and_then(<[_]>::first))),
            (Some("get" | "getOrDefault"), Some([key, ..])) => source.then(element(Some(key))),
            (Some("entrySet"), _) => source,
            (Some("value" | "getValue"), _) if source.path.last() == Some(&Step::Each) => source,
            (Some(name), None) => source.then(Step::Member(name.to_owned())),
            (Some(name), Some(_)) if TRANSPARENT.contains(&name) => source,
            (Some(_), Some(_)) => Source {
                computed: true,
                ..source
            },
        })
    }

    /// Notes that these are read, and what they direct.
    fn direct(&mut self, sources: &[Source], directs: Directs) {
        for source in sources {
            let Some(shape) = self.shape(source) else {
                continue;
            };
            let directs = if source.computed {
                Directs::Anything
            } else {
                directs
            };
            shape.read = true;
            shape.directs = shape.directs.max(directs);
        }
    }

    /// Where a source leads, if that is not the gateway's own.
    fn shape(&mut self, source: &Source) -> Option<&mut Shape> {
        let named = |step: Option<&Step>| match step {
            Some(Step::Member(name)) => Some(name.clone()),
            Some(_) => Some(ANY.to_owned()),
            None => None,
        };
        let path = &source.path;
        let member = named(path.first());
        let (place, used) = match source.root {
            Root::Body => return Some(self.reads.body.at(path)),
            Root::StageVariables => (Place::StageVariable(member?), 1),
            Root::Params => {
                let group = Group::named(&member?).unwrap_or(Group::Header);
                let name = named(path.get(1))?;
                (Place::Parameter { group, name }, 2)
            }
            Root::Context => match (member.as_deref()?, named(path.get(1))?.as_str()) {
                ("identity", "userAgent") => (Place::UserAgent, 2),
                ("authorizer", "claims") => {
                    let name = named(path.get(2))?;
                    (Place::Authorizer(format!("claims.{name}")), 3)
                }
                ("authorizer", name) => (Place::Authorizer(name.to_owned()), 2),
                _ => return None,
            },
        };
        let rest = path.get(used..).unwrap_or_default();
        let shape = self.reads.places.entry(place).or_default();
        // What stands there is text: only what is parsed of it can be looked into.
        match rest.iter().position(|step| *step == Step::Parsed) {
            Some(at) => Some(shape.at(&rest[at..])),
            None => Some(shape),
        }
    }
}

impl Source {
    fn new(root: Root, path: Vec<Step>) -> Self {
        Self {
            root,
            path,
            computed: false,
        }
    }

    /// What is below. Of what was computed, nothing is known.
    fn then(mut self, step: Step) -> Self {
        if !self.computed && self.path.len() < MOST {
            self.path.push(step);
        }
        self
    }

    fn parsed(self) -> Self {
        if self.root == Root::Body && self.path.is_empty() {
            self
        } else {
            self.then(Step::Parsed)
        }
    }
}

fn text_argument(step: &StepPart<'_>) -> Option<String> {
    match step.arguments.as_deref()? {
        [argument] => constant_text(argument),
        _ => None,
    }
}

/// The text of a string literal. One in double quotes with a `$` in it, such as `"$.id"`, has parts,
/// though none is a reference.
fn constant_text(argument: &Argument<'_>) -> Option<String> {
    match argument {
        Argument::Text(text) => Some(text.clone()),
        Argument::Interpolated(parts) => {
            let text = |part: &Part<'_>| match part {
                Part::Text(text) => Some((*text).to_owned()),
                Part::Reference(_) | Part::Directive(_) => None,
            };
            parts.iter().map(text).collect()
        }
        _ => None,
    }
}

/// What the values in a condition direct: only equality and truth are told by the template's own
/// texts.
fn directs(condition: &Argument<'_>) -> Directs {
    match condition {
        Argument::Not(inner) => directs(inner),
        Argument::Operation { operator, operands } => {
            if ["==", "!=", "&&", "||"].contains(operator) {
                let operands = operands.iter().map(directs);
                operands.max().unwrap_or_default()
            } else {
                Directs::Anything
            }
        }
        Argument::Interpolated(_) | Argument::Collection(_) => Directs::Anything,
        Argument::Reference(_) | Argument::Text(_) | Argument::Constant => Directs::Equality,
    }
}

#[cfg(test)]
mod tests;
