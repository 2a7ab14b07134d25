//! A CloudFormation template: its sections, and the intrinsic functions that connect them.

mod asset_parameters;
pub(crate) mod call;
mod constraints;
pub(crate) mod dynamic;
mod functions;
pub(crate) mod intrinsics;
mod lookup;
pub(crate) mod names;
pub(crate) mod others;
pub(crate) mod parameters;
pub(crate) mod resource;
mod rules;
pub(crate) mod stack;
pub(crate) mod transforms;

use indexmap::IndexMap;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::value::Value;
use crate::document::yaml::{Key, Node};
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::settings::Settings;
use intrinsics::{Evaluator, Scope, StackOutput};
use names::{Attributes, FIRST_VERSION, Identity, Reference};
use names::{fill, generated_name, made_up, qualified_arn, stable_id};
use others::{NESTED, OUTPUTS, Others, READER};
use parameters::{Given, Parameters};
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
}

type Result<T> = std::result::Result<T, Error>;

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
        let existing = template.resources.clone().into_iter();
        let existing = existing
            .filter(|(_, resource)| findings.take(template.exists(resource)).unwrap_or(true));
        template.resources = existing.collect();
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
    pub(crate) fn name(&self, resource: &Resource<'t>, span: &Span) -> Result<String> {
        let id = &resource.id;
        match self.identity(resource).map(|identity| identity.reference) {
            Some(Reference::Id(length)) => Ok(stable_id(&self.path_of(id), length)),
            Some(Reference::Name(property)) => self.named(resource, property, span),
            Some(Reference::LowerName(property)) => {
                match self.given_name(resource, property, span)? {
                    Some(name) => Ok(name),
                    None => Ok(generated_name(self.settings, id).to_lowercase()),
                }
            }
            Some(Reference::Made(pattern)) => {
                let pattern = fill(pattern, "", self.settings);
                Ok(made_up(&pattern, &self.path_of(id)))
            }
            Some(Reference::Generated) => Ok(generated_name(self.settings, id)),
            Some(Reference::Arn(property, pattern)) => {
                let name = self.named(resource, property, span)?;
                let text = fill(pattern, &name, self.settings);
                Ok(made_up(&text, &self.path_of(id)))
            }
            Some(Reference::Qualified(property)) => {
                let function = self.named(resource, "FunctionName", span)?;
                let qualifier = match property {
                    Some(property) => self.named(resource, property, span)?,
                    None => FIRST_VERSION.to_owned(),
                };
                Ok(qualified_arn(&function, &qualifier, self.settings))
            }
            // Every part of an API is called by an id.
            None if resource.kind.starts_with("AWS::ApiGatewayV2::") => {
                Ok(stable_id(&self.path_of(id), 7))
            }
            None => Ok(generated_name(self.settings, id)),
        }
    }

    /// The name that the property `property` gives, or a generated one. That of a FIFO queue has the
    /// ending that it needs.
    ///
    /// Source: <https://github.com/cloudtools/troposphere/pull/931>
    pub(crate) fn named(
        &self,
        resource: &Resource<'t>,
        property: &str,
        span: &Span,
    ) -> Result<String> {
        match self.given_name(resource, property, span)? {
            Some(name) => Ok(name),
            None => {
                let is_fifo = ["FifoQueue", "FifoTopic"].into_iter().any(|property| {
                    let value = self.property(resource, property).ok().flatten();
                    value.is_some_and(|value| value.as_text() == Some("true"))
                });
                let end = if is_fifo { ".fifo" } else { "" };
                Ok(generated_name(self.settings, &resource.id) + end)
            }
        }
    }

    fn given_name(
        &self,
        resource: &Resource<'t>,
        property: &str,
        span: &Span,
    ) -> Result<Option<String>> {
        let what = format!("`{}` of `{}`", property, resource.id);
        match self.visit(&what, span, || self.property(resource, property))? {
            Some(value) => Ok(Some(value.expect_text(self.source, &what)?.to_owned())),
            None => Ok(None),
        }
    }

    /// What `Fn::GetAtt` of a resource gives.
    pub(crate) fn attribute_of(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
        span: &Span,
    ) -> Result<String> {
        let unknown = Identity {
            reference: Reference::Generated,
            attributes: Attributes::Including(&[]),
        };
        let identity = self.identity(resource).unwrap_or(&unknown);
        let Some(pattern) = identity.attribute(attribute) else {
            let Resource { id, kind, .. } = resource;
            let message =
                format!("`{id}` (`{kind}`) has no attribute `{attribute}` that is known here");
            return Err(self
                .source
                .error(span.clone(), ErrorKind::Unsupported(message)));
        };
        if let Some(property) = pattern.strip_prefix("{=") {
            let property = property.trim_end_matches('}');
            return self
                .given_name(resource, property, span)
                .map(Option::unwrap_or_default);
        }
        let reference = self.name(resource, span)?;
        let name = match identity.reference {
            Reference::Arn(property, _) if pattern.contains("{name}") => {
                self.named(resource, property, span)?
            }
            _ => reference.clone(),
        };
        let pattern = made_up(&pattern, &self.path_of(&resource.id));
        Ok(fill(&pattern, &reference, self.settings).replace("{name}", &name))
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
        let value = self.visit(&what, &key.span, || self.eval(value))?;
        let text = value.expect_text(self.source, &what)?;
        Ok(Some(text.to_owned()))
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

    fn identity(&self, resource: &Resource<'_>) -> Option<&'static Identity> {
        self.others.identity(&resource.kind)
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
        match self.resources.get(name) {
            Some(resource) => Ok(Value::text(span.clone(), self.name(resource, span)?)),
            None => Err(self.unknown(name, span)),
        }
    }

    fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value> {
        match self.resources.get(name) {
            Some(resource) => match self.attribute_elsewhere(resource, attribute, span) {
                Some(value) => value,
                None => {
                    let text = self.attribute_of(resource, attribute, span)?;
                    Ok(Value::text(span.clone(), text))
                }
            },
            None => Err(self.unknown(name, span)),
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
        self.visit(&what, span, || Evaluator(self).boolean(node))
    }
}
