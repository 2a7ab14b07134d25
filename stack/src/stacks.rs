//! The stacks of an assembly: the one that is served, those nested in it, and its siblings; and the
//! values that they have of each other.
//!
//! Each has a [`Template`], made when it is first asked for: the parameters of a nested stack are
//! values of the stack around it, which may be outputs of other stacks.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::value::Value;
use crate::document::yaml::Node;
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Given;
use crate::template::Template;
use crate::template::intrinsics::{Evaluator, StackOutput};
use crate::template::names::Identity;
use crate::template::others::{OUTPUTS, Others, WRITER};
use crate::template::parameters;
use crate::template::stack::{Origin, Stack, Visiting};

/// All stacks, the served one first.
pub(crate) struct Stacks<'t> {
    source: &'t Source,
    stacks: &'t [Stack],
    /// What a type of resources is called by; `None` for a type that nothing is known of.
    identity: fn(&str) -> Option<&'static Identity>,
    templates: Vec<OnceCell<Option<Template<'t>>>>,
    /// What is wrong with each template.
    findings: RefCell<Vec<Findings>>,
    visiting: Visiting,
    /// Values of other stacks that were taken from the given parameters.
    taken: RefCell<BTreeSet<String>>,
}

type Result<T> = std::result::Result<T, Error>;

impl<'t> Stacks<'t> {
    pub(crate) fn new(
        source: &'t Source,
        stacks: &'t [Stack],
        findings: Vec<Findings>,
        identity: fn(&str) -> Option<&'static Identity>,
    ) -> Self {
        Self {
            source,
            stacks,
            identity,
            templates: stacks.iter().map(|_| OnceCell::new()).collect(),
            findings: RefCell::new(findings),
            visiting: Visiting::default(),
            taken: RefCell::default(),
        }
    }

    /// The stacks, the served one first.
    pub(crate) fn all(&self) -> &'t [Stack] {
        self.stacks
    }

    /// The template of the stack at a position; `None` if it cannot be read, or if it is nested and
    /// its condition does not hold.
    ///
    /// # Errors
    /// It is being made: its parameters depend on itself.
    pub(crate) fn template(
        &'t self,
        index: usize,
        span: &Span,
    ) -> Result<Option<&'t Template<'t>>> {
        let cell = &self.templates[index];
        if let Some(made) = cell.get() {
            return Ok(made.as_ref());
        }
        let stack = &self.stacks[index];
        let what = format!("the stack `{}`", stack.settings.stack_name);
        let make = || self.make(index, span);
        let made = self
            .visiting
            .visit(self.source, (&stack.path, &what), span, make)?;
        Ok(cell.get_or_init(|| made).as_ref())
    }

    /// What has been found wrong with each template.
    pub(crate) fn take_findings(&self) -> Vec<Findings> {
        self.findings.take()
    }

    /// A value of a stack that is not here, if a parameter gives it.
    pub(crate) fn given(&self, name: &str) -> Option<&'t str> {
        let given = self.stacks[0].settings.parameters.get(name)?;
        self.taken.borrow_mut().insert(name.to_owned());
        Some(given)
    }

    /// Whether a parameter has given a value of a stack that is not here.
    pub(crate) fn has_taken(&self, name: &str) -> bool {
        self.taken.borrow().contains(name)
    }

    /// The position of the stack whose output is meant. Of several with its name, the one in the
    /// region that is named.
    pub(crate) fn named(&self, named: &StackOutput) -> Option<usize> {
        let with_name = |index: &usize| self.stacks[*index].settings.stack_name == named.stack;
        let all: Vec<usize> = (0..self.stacks.len()).filter(with_name).collect();
        let region = |index: usize| &self.stacks[index].settings.region;
        let mut found = all.iter();
        let in_region = found.find(|index| Some(region(**index)) == named.region.as_ref());
        in_region.or(all.first()).copied()
    }

    /// The position of the stack that has an export, and the name of the output.
    pub(crate) fn exporting(&'t self, export: &str, span: &Span) -> Option<(usize, &'t str)> {
        self.find(span, |template| {
            let exports = |node: &Node| {
                let name = node.get("Export").and_then(|node| node.get("Name"))?;
                let name = template.eval(name).ok()?;
                (name.as_text()? == export).then_some(())
            };
            let mut outputs = template.outputs().iter();
            let (key, _) = outputs.find(|(_, node)| exports(node).is_some())?;
            Some(&*key.text)
        })
    }

    /// The position of the stack that carries a value to another region, and the value.
    pub(crate) fn carrying(&'t self, name: &str, span: &Span) -> Option<(usize, &'t Node)> {
        self.find(span, |template| {
            template.of_type(WRITER.kind).find_map(|resource| {
                let property = template.property_node(resource, WRITER.property)?;
                property.get(WRITER.map)?.get(name)
            })
        })
    }

    fn find<T>(
        &'t self,
        span: &Span,
        look: impl Fn(&'t Template<'t>) -> Option<T>,
    ) -> Option<(usize, T)> {
        (0..self.stacks.len()).find_map(|index| {
            // One that is being made has nothing to give yet.
            let template = self.template(index, span).ok().flatten()?;
            Some((index, look(template)?))
        })
    }

    fn make(&'t self, index: usize, span: &Span) -> Result<Option<Template<'t>>> {
        let stack = &self.stacks[index];
        let given = match &stack.origin {
            Origin::App => {
                let settings = &stack.settings;
                let given = settings.configured.iter().chain(&settings.parameters);
                let given = given.map(|(name, value)| (name.clone(), Ok(value.clone())));
                given.collect()
            }
            Origin::Nested { parent, logical_id } => {
                let Some(parent) = self.template(*parent, span)? else {
                    return Ok(None);
                };
                match parent.resources.get(logical_id) {
                    Some(resource) => match parent.property_node(resource, "Parameters") {
                        Some(node) => parameters::handed_in(&Evaluator(parent), logical_id, node)?,
                        None => Given::new(),
                    },
                    None => return Ok(None),
                }
            }
        };
        let mut findings = Findings::default();
        let made = Template::new(stack, self, &given, &mut findings);
        self.findings.borrow_mut()[index].add(findings);
        Ok(made)
    }

    /// An output of a stack, as a value at `span` of another one.
    fn output_from(&'t self, index: usize, name: &str, span: &Span) -> Result<Value> {
        let stack = &self.stacks[index].settings.stack_name;
        let unknown = |why: &str, help: Option<&str>| {
            let message = format!("the stack `{stack}` has no output `{name}`{why}");
            let kind = ErrorKind::UnknownName(message);
            Err(self.source.report(span.clone(), kind, help))
        };
        let Some(template) = self.template(index, span)? else {
            return unknown(
                ": the stack cannot be read, or its condition is false",
                None,
            );
        };
        let outputs = template.outputs();
        let Some((key, node)) = outputs.iter().find(|(key, _)| key.text == name) else {
            let near = nearest(name, outputs.iter().map(|(key, _)| &*key.text));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            return unknown("", help.as_deref());
        };
        match template.output(key, node)? {
            Some(value) => Ok(Value::text(span.clone(), value)),
            None => unknown(": its condition is false", None),
        }
    }

    /// A value of a stack that is not here: a parameter may give it.
    fn given_or_unknown(&self, name: &str, message: &str, span: &Span) -> Result<Value> {
        if let Some(given) = self.given(name) {
            return Ok(Value::text(span.clone(), given));
        }
        let quoted = name.contains(|c: char| c.is_whitespace() || "$&|;<>()*?".contains(c));
        let quote = if quoted { "'" } else { "" };
        let help = format!("give its value: `--parameter {quote}{name}=VALUE{quote}`");
        let kind = ErrorKind::Unsupported(message.to_owned());
        Err(self.source.error_with_help(span.clone(), kind, &help))
    }
}

impl<'t> Others<'t> for Stacks<'t> {
    fn source(&self) -> &'t Source {
        self.source
    }

    fn identity(&self, kind: &str) -> Option<&'static Identity> {
        (self.identity)(kind)
    }

    fn visiting(&self) -> &Visiting {
        &self.visiting
    }

    fn output_of(&'t self, named: &StackOutput, span: &Span) -> Result<Value> {
        let StackOutput { stack, output, .. } = named;
        match self.named(named) {
            Some(index) => self.output_from(index, output, span),
            None => {
                let message = format!(
                    "the output `{output}` of the stack `{stack}` is not known here: there is no \
                     such stack"
                );
                self.given_or_unknown(&format!("{stack}.{output}"), &message, span)
            }
        }
    }

    fn imported(&'t self, export: &str, span: &Span) -> Result<Value> {
        match self.exporting(export, span) {
            Some((index, output)) => self.output_from(index, output, span),
            None => {
                let message = format!("no stack that is known here has the export `{export}`");
                self.given_or_unknown(export, &message, span)
            }
        }
    }

    fn output_of_nested(
        &'t self,
        of: &'t Stack,
        id: &str,
        output: &str,
        span: &Span,
    ) -> Result<Value> {
        let why = match of.nested.get(id) {
            Some(Ok(index)) => return self.output_from(*index, output, span),
            Some(Err(why)) => why,
            None => "its template is not here",
        };
        let message = format!("the output `{output}` of the nested stack `{id}` is unknown: {why}");
        self.given_or_unknown(&format!("{id}.{OUTPUTS}{output}"), &message, span)
    }

    fn carried(&'t self, name: &str, span: &Span) -> Result<Value> {
        let found = self.carrying(name, span);
        let template = match found {
            Some((index, _)) => self.template(index, span)?,
            None => None,
        };
        let Some((template, (_, node))) = template.zip(found) else {
            let message = format!("no stack that is known here gives the value `{name}`");
            return self.given_or_unknown(name, &message, span);
        };
        let value = template.visit(name, span, || template.eval(node))?;
        let text = value.expect_text(self.source, &format!("the value `{name}`"))?;
        Ok(Value::text(span.clone(), text))
    }
}
