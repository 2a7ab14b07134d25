//! A CloudFormation template: its sections, and the intrinsic functions that connect them.

pub(crate) mod call;
pub(crate) mod intrinsics;
pub(crate) mod names;
pub(crate) mod parameters;

use std::cell::RefCell;

use indexmap::IndexMap;
use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::value::Value;
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::settings::Settings;
use intrinsics::{Evaluator, Scope};
use names::{Attributes, Identity, Reference, fill, generated_name, stable_id};
use parameters::Parameters;

/// A template with its parameters given.
pub(crate) struct Template<'t> {
    pub(crate) source: &'t Source,
    pub(crate) settings: &'t Settings,
    pub(crate) root: &'t Node,
    /// What a type of resources is called by; `None` for a type that nothing is known of.
    identity: fn(&str) -> Option<&'static Identity>,
    parameters: Parameters,
    /// The resources whose conditions hold.
    pub(crate) resources: IndexMap<String, Resource<'t>>,
    /// What is being followed, and the location of the reference to it, to find circular ones.
    visiting: RefCell<Vec<(String, Span)>>,
}

/// An entry of `Resources`.
#[derive(Clone)]
pub(crate) struct Resource<'t> {
    pub(crate) id: String,
    pub(crate) id_span: Span,
    /// `Type`; empty if it has none, which is an error that has been noted.
    pub(crate) kind: String,
    pub(crate) node: &'t Node,
}

type Result<T> = std::result::Result<T, Error>;

impl<'t> Template<'t> {
    /// Reads the sections and looks at every reference once, so that an unknown name is told
    /// wherever it is: an error if serving depends on it, else a warning. `None`, with the errors noted, if there is nothing to go on with.
    pub(crate) fn new(
        source: &'t Source,
        root: &'t Node,
        settings: &'t Settings,
        identity: fn(&str) -> Option<&'static Identity>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let mut template = Self {
            source,
            settings,
            root,
            identity,
            parameters: Parameters::new(),
            resources: findings.take(resources(source, root))?,
            visiting: RefCell::default(),
        };
        for resource in template.resources.values() {
            if resource.kind.is_empty() {
                let message = format!("resource `{}` has no `Type`", resource.id);
                let kind = ErrorKind::Structure(message);
                findings.error(source.error(resource.id_span.clone(), kind));
            }
        }
        template.parameters = parameters::read(source, root, settings, findings);
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

    /// The resources of a type.
    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = &Resource<'t>> {
        let resources = self.resources.values();
        resources.filter(move |resource| resource.kind == kind)
    }

    /// What `Ref` of a resource gives.
    pub(crate) fn name(&self, resource: &Resource<'t>, span: &Span) -> Result<String> {
        let id = &resource.id;
        match self.identity(resource).map(|identity| identity.reference) {
            Some(Reference::Id(length)) => Ok(stable_id(id, length)),
            Some(Reference::Name(property)) => self.named(resource, property, span),
            Some(Reference::Generated) => Ok(generated_name(self.settings, id)),
            Some(Reference::Arn(property, pattern)) => {
                let name = self.named(resource, property, span)?;
                Ok(fill(pattern, &name, self.settings))
            }
            // Every part of an API is called by an id.
            None if resource.kind.starts_with("AWS::ApiGatewayV2::") => Ok(stable_id(id, 7)),
            None => Ok(generated_name(self.settings, id)),
        }
    }

    /// The name that the property `property` gives, or a generated one.
    pub(crate) fn named(
        &self,
        resource: &Resource<'t>,
        property: &str,
        span: &Span,
    ) -> Result<String> {
        let what = format!("`{}` of `{}`", property, resource.id);
        let value = self.visit(&what, span, || self.property(resource, property))?;
        match value {
            Some(value) => Ok(value.expect_text(self.source, &what)?.to_owned()),
            None => Ok(generated_name(self.settings, &resource.id)),
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
        let reference = self.name(resource, span)?;
        Ok(fill(&pattern, &reference, self.settings))
    }

    fn identity(&self, resource: &Resource<'_>) -> Option<&'static Identity> {
        (self.identity)(&resource.kind)
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
    fn visit<T>(&self, what: &str, span: &Span, follow: impl FnOnce() -> Result<T>) -> Result<T> {
        let entered = (what.to_owned(), span.clone());
        let visiting = self.visiting.borrow();
        if let Some(first) = visiting.iter().position(|(seen, _)| seen == what) {
            // A circular dependency is the same error wherever it is entered: at its first
            // reference.
            let circle = visiting[first + 1..].iter().chain([&entered]);
            let reported = circle
                .min_by_key(|(_, span)| span.start)
                .unwrap_or(&entered);
            let what = reported.0.clone();
            return Err(self
                .source
                .error(reported.1.clone(), ErrorKind::Circular { what }));
        }
        drop(visiting);
        self.visiting.borrow_mut().push(entered);
        let result = follow();
        self.visiting.borrow_mut().pop();
        result
    }

    fn knows(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
            || self.resources.contains_key(name)
            || parameters::pseudo(name, self.settings).is_some()
    }

    /// An error for a name that nothing in the template has, with the nearest that something has.
    fn unknown(&self, name: &str, span: &Span) -> Error {
        let names = |section: &str| {
            let entries = self.root.get(section).map(Node::entries);
            let entries = entries.unwrap_or_default().iter();
            entries.map(|(key, _)| &*key.text)
        };
        if names("Resources").any(|resource| resource == name) {
            let message = format!("`{name}` does not exist: its condition is false");
            return self
                .source
                .error(span.clone(), ErrorKind::UnknownName(message));
        }
        let help = nearest(name, names("Parameters").chain(names("Resources")))
            .map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no parameter or resource `{name}`");
        let kind = ErrorKind::UnknownName(message);
        self.source.report(span.clone(), kind, help.as_deref())
    }
}

impl Scope for Template<'_> {
    fn source(&self) -> &Source {
        self.source
    }

    fn mappings(&self) -> Option<&Node> {
        self.root.get("Mappings")
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
            Some(resource) => {
                let text = self.attribute_of(resource, attribute, span)?;
                Ok(Value::text(span.clone(), text))
            }
            None => Err(self.unknown(name, span)),
        }
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

/// The section `Resources`.
fn resources<'t>(source: &Source, root: &'t Node) -> Result<IndexMap<String, Resource<'t>>> {
    let wrong = |span, message: &str| source.error(span, ErrorKind::Structure(message.to_owned()));
    if !matches!(root.content, Content::Mapping(_)) {
        let message = "a template is a map with the key `Resources`";
        return Err(wrong(root.span.clone(), message));
    }
    let Some(section) = root.get("Resources") else {
        let start = root.span.start;
        return Err(wrong(start..start, "the template has no `Resources`"));
    };
    let resources = section.entries().iter().map(|(key, node)| {
        let kind = node.get("Type").and_then(Node::plain_text);
        let resource = Resource {
            id: key.text.clone(),
            id_span: key.span.clone(),
            kind: kind.unwrap_or_default().to_owned(),
            node,
        };
        (key.text.clone(), resource)
    });
    Ok(resources.collect())
}
