//! A CloudFormation template: its sections, and the intrinsic functions that tie them together.

use std::cell::RefCell;
use std::collections::HashMap;

use indexmap::IndexMap;

use super::Settings;
use super::intrinsic::{SubPart, call, sub_parts};
use super::names;
use super::source::{Error, Source, Span, Style};
use super::suggest::nearest;
use super::value::{Data, Value};
use super::yaml::{Content, Key, Node};

/// A template with its parameters given.
pub(crate) struct Template<'t> {
    pub(crate) source: &'t Source,
    pub(crate) settings: &'t Settings,
    pub(crate) root: &'t Node,
    parameters: HashMap<String, Value>,
    pub(crate) resources: IndexMap<String, Resource<'t>>,
    /// What is being followed, to find circles.
    visiting: RefCell<Vec<String>>,
}

/// An entry of `Resources`.
pub(crate) struct Resource<'t> {
    pub(crate) id: String,
    pub(crate) id_span: Span,
    pub(crate) kind: String,
    pub(crate) node: &'t Node,
}

type Result<T> = std::result::Result<T, Error>;

impl<'t> Template<'t> {
    /// Reads the sections and follows every reference once, so that an unknown name is an error wherever it stands.
    pub(crate) fn new(source: &'t Source, root: &'t Node, settings: &'t Settings) -> Result<Self> {
        if !matches!(root.content, Content::Mapping(_)) {
            return Err(source.error(
                root.span.clone(),
                "a template is a map with the key `Resources`",
            ));
        }
        let Some(section) = root.get("Resources") else {
            let start = root.span.start;
            return Err(source.error(start..start, "the template has no `Resources`"));
        };
        let mut resources = IndexMap::new();
        for (key, node) in section.entries() {
            let kind = node.get("Type").and_then(Node::plain_text).ok_or_else(|| {
                source.error(
                    key.span.clone(),
                    format!("resource `{}` has no `Type`", key.text),
                )
            })?;
            resources.insert(
                key.text.clone(),
                Resource {
                    id: key.text.clone(),
                    id_span: key.span.clone(),
                    kind: kind.to_owned(),
                    node,
                },
            );
        }
        let mut template = Self {
            source,
            settings,
            root,
            parameters: HashMap::new(),
            resources,
            visiting: RefCell::default(),
        };
        template.parameters = template.given_parameters()?;
        for section in ["Globals", "Conditions", "Resources", "Outputs"] {
            if let Some(node) = root.get(section) {
                template.check_references(node)?;
            }
        }
        // A resource whose condition is false does not exist.
        let mut existing = IndexMap::new();
        for (id, resource) in std::mem::take(&mut template.resources) {
            let exists = match resource.node.get("Condition") {
                Some(node) => {
                    let name = node.plain_text().ok_or_else(|| {
                        source.error(
                            node.span.clone(),
                            "`Condition` must be the name of a condition",
                        )
                    })?;
                    template.condition(name, &node.span)?
                }
                None => true,
            };
            if exists {
                existing.insert(id, resource);
            }
        }
        template.resources = existing;
        Ok(template)
    }

    /// Evaluates a node.
    pub(crate) fn eval(&self, node: &Node) -> Result<Value> {
        match call(node) {
            Some(call) => self.apply(&call, node),
            None => self.eval_content(node),
        }
    }

    /// Evaluates the property `name` of a resource; `None` when it is not there.
    pub(crate) fn property(&self, resource: &Resource<'_>, name: &str) -> Result<Option<Value>> {
        let Some(node) = resource
            .node
            .get("Properties")
            .and_then(|node| node.get(name))
        else {
            return Ok(None);
        };
        Ok(Some(self.eval(node)?).filter(|value| !value.is_nothing()))
    }

    /// Whether the condition `name` holds.
    pub(crate) fn condition(&self, name: &str, span: &Span) -> Result<bool> {
        let Some(node) = self.root.get("Conditions").and_then(|node| node.get(name)) else {
            return Err(self
                .source
                .error(span.clone(), format!("there is no condition `{name}`")));
        };
        self.visit(&format!("condition {name}"), span, || self.boolean(node))
    }

    /// Runs `follow` unless `what` is already being followed.
    pub(crate) fn visit<T>(
        &self,
        what: &str,
        span: &Span,
        follow: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if self.visiting.borrow().iter().any(|seen| seen == what) {
            return Err(self.source.error(
                span.clone(),
                format!("a circular reference: {what} refers to itself"),
            ));
        }
        self.visiting.borrow_mut().push(what.to_owned());
        let result = follow();
        self.visiting.borrow_mut().pop();
        result
    }

    /// What `!Ref name` comes to.
    pub(crate) fn reference(&self, name: &str, span: &Span) -> Result<Value> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Value {
                span: span.clone(),
                data: value.data.clone(),
            });
        }
        if let Some(data) = self.pseudo_parameter(name) {
            return Ok(Value {
                span: span.clone(),
                data,
            });
        }
        match self.resources.get(name) {
            Some(resource) => Ok(Value::text(
                span.clone(),
                names::reference(self, resource, span)?,
            )),
            None => Err(self.unknown(name, span)),
        }
    }

    /// What `!GetAtt name.attribute` comes to.
    pub(super) fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value> {
        match self.resources.get(name) {
            Some(resource) => Ok(Value::text(
                span.clone(),
                names::attribute(self, resource, attribute, span)?,
            )),
            None => Err(self.unknown(name, span)),
        }
    }

    fn pseudo_parameter(&self, name: &str) -> Option<Data> {
        let Settings {
            region,
            account_id,
            partition,
            stack_name,
            ..
        } = self.settings;
        let text = match name {
            "AWS::AccountId" => account_id.clone(),
            "AWS::Region" => region.clone(),
            "AWS::Partition" => partition.clone(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => stack_name.clone(),
            "AWS::StackId" => format!(
                "arn:{partition}:cloudformation:{region}:{account_id}:stack/{stack_name}/00000000-0000-0000-0000-000000000000"
            ),
            "AWS::NoValue" => return Some(Data::Nothing),
            "AWS::NotificationARNs" => return Some(Data::List(Vec::new())),
            _ => return None,
        };
        let style = Style::Quoted;
        Some(Data::Text { text, style })
    }

    /// An error for a name that nothing in the template has, with the nearest that something has.
    fn unknown(&self, name: &str, span: &Span) -> Error {
        let conditional = self
            .root
            .get("Resources")
            .is_some_and(|node| node.get(name).is_some());
        if conditional {
            let message = format!("`{name}` does not exist: its condition is false");
            return self.source.error(span.clone(), message);
        }
        let parameters = self
            .root
            .get("Parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let resources = self
            .root
            .get("Resources")
            .map(Node::entries)
            .unwrap_or_default();
        let known = parameters
            .iter()
            .chain(resources)
            .map(|(key, _)| &*key.text);
        let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no parameter or resource `{name}`");
        self.source.error_with_help(span.clone(), message, help)
    }

    fn given_parameters(&self) -> Result<HashMap<String, Value>> {
        let declared = self
            .root
            .get("Parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let overrides = &self.settings.parameters;
        if let Some(name) = overrides
            .keys()
            .find(|name| !declared.iter().any(|(key, _)| key.text == **name))
        {
            let span = self
                .root
                .get("Parameters")
                .map_or(0..0, |node| node.span.clone());
            let help = nearest(name, declared.iter().map(|(key, _)| &*key.text));
            return Err(self.source.error_with_help(
                span.start..span.start,
                format!("a value is given for the parameter `{name}`, but the template has no such parameter"),
                help.map(|near| format!("did you mean `{near}`?")),
            ));
        }
        let mut parameters = HashMap::new();
        for (key, node) in declared {
            let name = &key.text;
            let (text, span) = match (
                overrides.get(name),
                node.get("Default").map(|node| (node.plain_text(), node)),
            ) {
                (Some(given), _) => (given.as_str(), &key.span),
                (None, Some((Some(text), default))) => (text, &default.span),
                (None, _) => {
                    let message = format!(
                        "the parameter `{name}` has no `Default`, and no value is given for it"
                    );
                    return Err(self.source.error(key.span.clone(), message));
                }
            };
            self.check_parameter(name, node, text, span)?;
            let kind = node
                .get("Type")
                .and_then(Node::plain_text)
                .unwrap_or("String");
            let value = if kind == "CommaDelimitedList" || kind.starts_with("List<") {
                let items = text
                    .split(',')
                    .map(|item| Value::text(span.clone(), item.trim()));
                Value {
                    span: span.clone(),
                    data: Data::List(items.collect()),
                }
            } else {
                Value::text(span.clone(), text)
            };
            parameters.insert(name.clone(), value);
        }
        Ok(parameters)
    }

    /// `AllowedValues`, `MinLength` and `MaxLength`. `AllowedPattern` is left to CloudFormation.
    fn check_parameter(&self, name: &str, declared: &Node, text: &str, span: &Span) -> Result<()> {
        let fail = |problem: String| {
            let message = format!("the parameter `{name}` is `{text}`, but {problem}");
            Err(self.source.error(span.clone(), message))
        };
        if let Some(Content::Sequence(items)) =
            declared.get("AllowedValues").map(|node| &node.content)
        {
            let allowed: Vec<&str> = items.iter().filter_map(Node::plain_text).collect();
            if !allowed.contains(&text) {
                return fail(format!("must be one of `{}`", allowed.join("`, `")));
            }
        }
        let limit = |key: &str| -> Option<usize> { declared.get(key)?.plain_text()?.parse().ok() };
        let length = text.chars().count();
        match (limit("MinLength"), limit("MaxLength")) {
            (Some(least), _) if length < least => {
                fail(format!("must have at least {least} characters"))
            }
            (_, Some(most)) if length > most => {
                fail(format!("must have at most {most} characters"))
            }
            _ => Ok(()),
        }
    }

    /// Finds names that nothing has, in document order, whether or not anything evaluates the node later.
    fn check_references(&self, node: &Node) -> Result<()> {
        if let Some(call) = call(node) {
            match (&*call.name, &call.argument.content) {
                ("Ref", Content::Scalar { text, .. }) => {
                    self.check_name(text, &call.argument.span)?;
                }
                ("Fn::GetAtt", Content::Scalar { text, .. }) => {
                    let name = text.split('.').next().unwrap_or_default();
                    self.check_name(name, &call.argument.span)?;
                }
                ("Fn::GetAtt", Content::Sequence(items)) => {
                    if let Some((text, span)) = items
                        .first()
                        .and_then(|item| Some((item.plain_text()?, &item.span)))
                    {
                        self.check_name(text, span)?;
                    }
                }
                ("Fn::Sub", Content::Scalar { text, style }) => {
                    self.check_sub(text, *style, &call.argument.span, &[])?;
                }
                ("Fn::Sub", Content::Sequence(items)) => {
                    if let Some(Content::Scalar { text, style }) =
                        items.first().map(|item| &item.content)
                    {
                        let local = items.get(1).map(Node::entries).unwrap_or_default();
                        self.check_sub(text, *style, &items[0].span, local)?;
                    }
                }
                _ => {}
            }
        }
        match &node.content {
            Content::Scalar { .. } => Ok(()),
            Content::Sequence(items) => items
                .iter()
                .try_for_each(|item| self.check_references(item)),
            Content::Mapping(entries) => entries
                .iter()
                .try_for_each(|(_, node)| self.check_references(node)),
        }
    }

    fn check_sub(
        &self,
        text: &str,
        style: Style,
        span: &Span,
        local: &[(Key, Node)],
    ) -> Result<()> {
        for part in sub_parts(text) {
            if let SubPart::Variable { name, line, column } = part
                && !local.iter().any(|(key, _)| key.text == name)
            {
                let place = self.source.place_in_scalar(span, style, text, line, column);
                self.check_name(name.split('.').next().unwrap_or_default(), &place)?;
            }
        }
        Ok(())
    }

    fn check_name(&self, name: &str, span: &Span) -> Result<()> {
        let known = self.parameters.contains_key(name)
            || self.resources.contains_key(name)
            || self.pseudo_parameter(name).is_some();
        if known {
            Ok(())
        } else {
            Err(self.unknown(name, span))
        }
    }
}
