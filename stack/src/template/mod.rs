//! A CloudFormation template: its sections, and the intrinsic functions that connect them.

mod asset_parameters;
pub(crate) mod call;
mod constraints;
pub(crate) mod dynamic;
mod functions;
pub(crate) mod intrinsics;
mod lists;
mod lookup;
pub(crate) mod memory;
mod named;
pub(crate) mod names;
pub(crate) mod others;
pub(crate) mod parameters;
pub(crate) mod resource;
mod rules;
pub(crate) mod sections;
pub(crate) mod stack;
pub(crate) mod transforms;

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::value::Value;
use crate::document::yaml::{Key, Node};
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::settings::{Given, Settings};
use intrinsics::{Evaluator, Scope, StackOutput};
use memory::Memory;
use named::Named;
use names::LONGEST;
use others::{NESTED, OUTPUTS, Others, READER};
use parameters::Parameters;
pub(crate) use resource::Resource;
use stack::Stack;
use transforms::{LANGUAGE_EXTENSIONS, transforms};

/// A stack's template with its parameters given.
pub(crate) struct Template<'t> {
    /// The texts of all stacks.
    pub(crate) source: &'t Source,
    pub(crate) settings: &'t Settings,
    pub(crate) root: &'t Node,
    pub(crate) stack: &'t Stack,
    others: &'t dyn Others<'t>,
    parameters: Parameters,
    /// The resources whose conditions hold.
    pub(crate) resources: IndexMap<String, Resource<'t>>,
    /// Why it is not known whether some of them exist.
    uncertain: HashMap<String, Error>,
    conditions: Memory<bool>,
    /// The names that properties give.
    names: Memory<Option<String>>,
    outputs: Memory<Option<String>>,
}

type Result<T> = std::result::Result<T, Error>;

/// What the types begin with of which some are served.
const SERVED: [&str; 5] = [
    "AWS::ApiGateway",
    "AWS::CloudFormation::Stack",
    "AWS::DynamoDB::",
    "AWS::Lambda::",
    "AWS::Serverless::",
];

impl<'t> Template<'t> {
    /// Reads the sections and looks at every reference once, so that an unknown name is told
    /// wherever it is: an error if serving depends on it, else a warning. `None`, with the errors
    /// noted, if there is nothing to go on with.
    pub(crate) fn new(
        stack: &'t Stack,
        others: &'t dyn Others<'t>,
        given: &Given,
        findings: &mut Findings,
    ) -> Option<Self> {
        let (source, root) = (others.source(), &stack.root);
        let mut template = Self {
            source,
            settings: &stack.settings,
            root,
            stack,
            others,
            parameters: Parameters::new(),
            resources: findings.take(resource::read(source, root))?,
            uncertain: HashMap::new(),
            conditions: Memory::default(),
            names: Memory::default(),
            outputs: Memory::default(),
        };
        resource::check_types(source, template.resources.values(), findings);
        template.parameters = parameters::read(source, root, given, &stack.settings, findings);
        rules::check(&template, root, findings);
        for section in ["Globals", "Conditions", "Resources", "Outputs"] {
            if let Some(node) = root.get(section) {
                call::references(source, node, &mut |name, span| {
                    if !template.knows(name) {
                        let error = template.unknown(name, span);
                        let message = format!("{}: AWS refuses the template", error.message());
                        let kind = WarningKind::LeftOut;
                        findings
                            .suspicion(source.warning(error.whole_span(), kind, message), error);
                    }
                });
            }
        }
        // A resource whose condition is false does not exist. One whose condition fails is kept:
        // whatever refers to it would fail for no reason of its own.
        let (mut existing, mut uncertain) = (template.resources.clone(), HashMap::new());
        existing.retain(|_, resource| match template.exists(resource) {
            Ok(exists) => exists,
            Err(error) => {
                template.note(&error, resource, findings);
                uncertain.insert(resource.id.clone(), error);
                true
            }
        });
        template.resources = existing;
        template.uncertain = uncertain;
        Some(template)
    }

    /// Evaluates a node.
    pub(crate) fn eval(&self, node: &Node) -> Result<Value> {
        Evaluator(self).eval(node)
    }

    /// The property `name` of a resource as it is written.
    pub(crate) fn property_node(&self, resource: &Resource<'t>, name: &str) -> Option<&'t Node> {
        resource.node.get("Properties")?.get(name)
    }

    /// Evaluates the property `name` of a resource; `None` if it has none.
    pub(crate) fn property(&self, resource: &Resource<'t>, name: &str) -> Result<Option<Value>> {
        let Some(node) = self.property_node(resource, name) else {
            return Ok(None);
        };
        Ok(Some(self.eval(node)?).filter(|value| !value.is_nothing()))
    }

    /// The name of a resource among those of all stacks: its logical id, with the path of its stack
    /// if that is not the served one.
    pub(crate) fn path_of(&self, logical_id: &str) -> String {
        format!("{}{logical_id}", self.stack.path)
    }

    /// The resources of a type.
    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = &Resource<'t>> {
        let resources = self.resources.values();
        resources.filter(move |resource| resource.kind == kind)
    }

    /// What `Ref` of a resource gives.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "it is of one lifetime"
    )]
    pub(crate) fn name(&self, resource: &Resource<'t>, span: &Span) -> Result<String> {
        self.called(resource, span, |named| named.name())
    }

    /// The name that a property gives, or a generated one.
    pub(crate) fn named(
        &self,
        resource: &Resource<'t>,
        property: &str,
        span: &Span,
    ) -> Result<String> {
        self.called(resource, span, |named| named.named(property))
    }

    /// What `Fn::GetAtt` of a resource gives, which is a text.
    pub(crate) fn attribute_of(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
        span: &Span,
    ) -> Result<String> {
        self.called(resource, span, |named| named.attribute_of(attribute, span))
    }

    fn called<T>(
        &self,
        resource: &Resource<'t>,
        span: &Span,
        ask: impl FnOnce(&Named<'_>) -> Result<T>,
    ) -> Result<T> {
        ask(&Named {
            source: self.source,
            settings: self.settings,
            resource,
            path: self.path_of(&resource.id),
            identity: self.others.identity(&resource.kind),
            given: &|property| self.given_name(resource, property, span),
        })
    }

    fn given_name(
        &self,
        resource: &Resource<'t>,
        property: &str,
        span: &Span,
    ) -> Result<Option<String>> {
        let what = format!("`{}` of `{}`", property, resource.id);
        self.names.recall(&what, || {
            let value = self.visit(&what, span, || self.property(resource, property))?;
            let Some(value) = value else {
                return Ok(None);
            };
            let text = value.expect_text(self.source, &what)?;
            if text.len() > LONGEST {
                let message = format!("{what} is longer than any name");
                let kind = ErrorKind::Value(message);
                return Err(self.source.error(value.span.clone(), kind));
            }
            Ok(Some(text.to_owned()))
        })
    }

    /// An attribute that is a value of another stack; `None` if it is none.
    fn attribute_elsewhere(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
        span: &Span,
    ) -> Option<Result<Value>> {
        if resource.kind == READER.kind {
            return Some(self.others.carried(attribute, span));
        }
        let output = attribute.strip_prefix(OUTPUTS)?;
        let is_nested = NESTED.contains(&&*resource.kind);
        let (stack, id) = (self.stack, &resource.id);
        is_nested.then(|| self.others.output_of_nested(stack, id, output, span))
    }

    /// The section `Outputs`.
    pub(crate) fn outputs(&self) -> &'t [(Key, Node)] {
        let section = self.root.get("Outputs");
        section.map(Node::entries).unwrap_or_default()
    }

    /// The value of an output; `None` if its condition does not hold.
    pub(crate) fn output(&self, key: &Key, node: &Node) -> Result<Option<String>> {
        let condition = node.get("Condition");
        if let Some(condition) = condition
            && let Some(name) = condition.plain_text()
            && !self.condition(name, &condition.span)?
        {
            return Ok(None);
        }
        let what = format!("the output `{}`", key.text);
        let Some(value) = node.get("Value") else {
            let kind = ErrorKind::Structure(format!("{what} has no `Value`"));
            return Err(self.source.error(key.span.clone(), kind));
        };
        self.outputs.recall(&key.text, || {
            let value = self.visit(&what, &key.span, || self.eval(value))?;
            let text = value.expect_text(self.source, &what)?;
            Ok(Some(text.to_owned()))
        })
    }

    /// Notes what is wrong with the condition of a resource. That it depends on what is not known
    /// here stops nobody from serving, if the resource is none of those that are.
    fn note(&self, error: &Error, resource: &Resource<'_>, findings: &mut Findings) {
        let is_served = SERVED.iter().any(|of| resource.kind.starts_with(of));
        if is_served || !matches!(error.kind(), ErrorKind::Unsupported(_)) {
            findings.error(error.clone());
            return;
        }
        let message = format!(
            "{}: so nobody knows whether `{}` exists, which nothing that is served needs",
            error.message(),
            resource.id
        );
        let warning = self
            .source
            .warning(error.whole_span(), WarningKind::LeftOut, message);
        findings.suspicion(warning, error.clone());
    }

    /// The resource that a reference names.
    fn named_by(&self, name: &str, span: &Span) -> Result<&Resource<'t>> {
        match (self.uncertain.get(name), self.resources.get(name)) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(resource)) => Ok(resource),
            (None, None) => Err(self.unknown(name, span)),
        }
    }

    /// Whether the resource's condition holds.
    fn exists(&self, resource: &Resource<'_>) -> Result<bool> {
        let Some(node) = resource.node.get("Condition") else {
            return Ok(true);
        };
        let name = node.plain_text().ok_or_else(|| {
            let message = "`Condition` must be the name of a condition";
            self.source
                .error(node.span.clone(), ErrorKind::Structure(message.to_owned()))
        })?;
        self.condition(name, &node.span)
    }

    /// Runs `follow` unless `what` is already being followed.
    pub(crate) fn visit<T>(
        &self,
        what: &str,
        span: &Span,
        follow: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let visiting = self.others.visiting();
        visiting.visit(self.source, (&self.stack.path, what), span, follow)
    }

    /// Whether the template has a parameter.
    pub(crate) fn declares_parameter(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    fn knows(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
            || self.resources.contains_key(name)
            || parameters::pseudo(name, self.settings).is_some()
    }

    /// An error for a name that nothing in the template has, with the nearest that something has.
    fn unknown(&self, name: &str, span: &Span) -> Error {
        let transform = self.stack.transform_error.as_ref();
        resource::unknown((self.source, self.root), transform, name, span)
    }
}

impl Scope for Template<'_> {
    fn source(&self) -> &Source {
        self.source
    }

    fn mappings(&self) -> Option<&Node> {
        self.root.get("Mappings")
    }

    fn settings(&self) -> &Settings {
        self.settings
    }

    fn has_language_extensions(&self) -> bool {
        transforms(self.root).any(|(name, _)| name == LANGUAGE_EXTENSIONS)
    }

    fn reference(&self, name: &str, span: &Span) -> Result<Value> {
        let found = |data| Value {
            span: span.clone(),
            data,
        };
        if let Some(value) = self.parameters.get(name) {
            return Ok(found(value.clone()?.data));
        }
        if let Some(data) = parameters::pseudo(name, self.settings) {
            return Ok(found(data));
        }
        let resource = self.named_by(name, span)?;
        Ok(Value::text(span.clone(), self.name(resource, span)?))
    }

    fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value> {
        let resource = self.named_by(name, span)?;
        match self.attribute_elsewhere(resource, attribute, span) {
            Some(value) => value,
            None => self.called(resource, span, |named| named.attribute(attribute, span)),
        }
    }

    fn output_of(&self, named: &StackOutput, span: &Span) -> Result<Value> {
        self.others.output_of(named, span)
    }

    fn imported(&self, export: &str, span: &Span) -> Result<Value> {
        self.others.imported(export, span)
    }

    fn condition(&self, name: &str, span: &Span) -> Result<bool> {
        let node = self.root.get("Conditions").and_then(|node| node.get(name));
        let Some(node) = node else {
            let message = format!("there is no condition `{name}`");
            return Err(self
                .source
                .error(span.clone(), ErrorKind::UnknownName(message)));
        };
        let what = format!("condition {name}");
        self.conditions.recall(name, || {
            self.visit(&what, span, || Evaluator(self).boolean(node))
        })
    }
}
