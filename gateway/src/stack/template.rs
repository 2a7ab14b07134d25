//! A CloudFormation template: its sections, and the intrinsic functions that tie them together.

use std::cell::RefCell;
use std::collections::HashMap;

use indexmap::IndexMap;

use super::Settings;
use super::names;
use super::source::{Error, Source, Span, Style};
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

/// An intrinsic function as it is written: `!Sub …` or `Fn::Sub: …`.
struct Call<'t> {
    /// Its long name: `Ref`, `Condition`, `Fn::Sub` …
    name: String,
    argument: &'t Node,
    /// The argument wears the function's name as its tag.
    tagged: bool,
}

type Result<T> = std::result::Result<T, Error>;

const CONDITION_FUNCTIONS: [&str; 5] = ["Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition"];

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
    fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value> {
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

    /// The node's own content, whatever its tag.
    fn eval_content(&self, node: &Node) -> Result<Value> {
        let data = match &node.content {
            _ if node.is_null() => Data::Nothing,
            Content::Scalar { text, style } => Data::Text {
                text: text.clone(),
                style: *style,
            },
            Content::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.eval(item)?);
                }
                list.retain(|value| !value.is_nothing());
                Data::List(list)
            }
            Content::Mapping(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, node) in entries {
                    let value = self.eval(node)?;
                    if !value.is_nothing() {
                        map.push((key.clone(), value));
                    }
                }
                Data::Map(map)
            }
        };
        Ok(Value {
            span: node.span.clone(),
            data,
        })
    }

    fn apply(&self, call: &Call<'_>, node: &Node) -> Result<Value> {
        let span = &call.argument.span;
        let name = &*call.name;
        match name {
            "Ref" => match self.argument(call)?.as_text() {
                Some(text) => self.reference(text, span),
                None => Err(self.source.error(span.clone(), "`Ref` takes a name")),
            },
            "Fn::GetAtt" => self.get_att(call),
            "Fn::Sub" => self.sub(call),
            "Fn::Join" => {
                let [delimiter, list] = self.arguments(call)?;
                let delimiter = self.eval(delimiter)?;
                let delimiter =
                    delimiter.expect_text(self.source, "the delimiter of `Fn::Join`")?;
                let list = self.eval(list)?;
                let mut texts = Vec::new();
                for item in list.expect_list(self.source, "what `Fn::Join` joins")? {
                    texts.push(item.expect_text(self.source, "each item that `Fn::Join` joins")?);
                }
                Ok(Value::text(node.span.clone(), texts.join(delimiter)))
            }
            "Fn::Split" => {
                let [delimiter, text] = self.arguments(call)?;
                let delimiter = self.eval(delimiter)?;
                let delimiter =
                    delimiter.expect_text(self.source, "the delimiter of `Fn::Split`")?;
                let text = self.eval(text)?;
                let text = text.expect_text(self.source, "what `Fn::Split` splits")?;
                let items = text
                    .split(delimiter)
                    .map(|item| Value::text(node.span.clone(), item));
                Ok(Value {
                    span: node.span.clone(),
                    data: Data::List(items.collect()),
                })
            }
            "Fn::Select" => {
                let [index, list] = self.arguments(call)?;
                let index = self.eval(index)?;
                let number = index.as_text().and_then(|text| text.parse::<usize>().ok());
                let list = self.eval(list)?;
                let list = list.expect_list(self.source, "what `Fn::Select` selects from")?;
                number
                    .and_then(|number| list.get(number))
                    .cloned()
                    .ok_or_else(|| {
                        let message = format!(
                            "`Fn::Select` takes an index from 0 to {}",
                            list.len().saturating_sub(1)
                        );
                        self.source.error(index.span.clone(), message)
                    })
            }
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(call)?;
                let name = condition.plain_text().ok_or_else(|| {
                    self.source.error(
                        condition.span.clone(),
                        "`Fn::If` takes the name of a condition first",
                    )
                })?;
                let chosen = if self.condition(name, &condition.span)? {
                    yes
                } else {
                    no
                };
                self.eval(chosen)
            }
            "Fn::ImportValue" => Err(self.source.error_with_help(
                span.clone(),
                "`Fn::ImportValue` can not be evaluated here: other stacks are not known",
                Some(
                    "make it a parameter with a default, and give its value when serving"
                        .to_owned(),
                ),
            )),
            name if CONDITION_FUNCTIONS.contains(&name) => {
                let message = format!("`{name}` stands for a condition, which has no place here");
                Err(self.source.error(node.span.clone(), message))
            }
            name => Err(self
                .source
                .error(node.span.clone(), format!("`{name}` is not supported"))),
        }
    }

    fn get_att(&self, call: &Call<'_>) -> Result<Value> {
        let span = &call.argument.span;
        let argument = self.argument(call)?;
        let (name, attribute) = match &argument.data {
            Data::Text { text, .. } => text.split_once('.'),
            Data::List(items) => match &items[..] {
                [name, attribute] => name.as_text().zip(attribute.as_text()),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| {
            self.source.error(
                span.clone(),
                "`Fn::GetAtt` takes a resource and an attribute: `Name.Arn`",
            )
        })?;
        self.attribute(name, attribute, span)
    }

    fn sub(&self, call: &Call<'_>) -> Result<Value> {
        let (node, local) = match &call.argument.content {
            Content::Scalar { .. } => (call.argument, &[][..]),
            Content::Sequence(items) => match &items[..] {
                [text, map] => (text, map.entries()),
                _ => {
                    return Err(self.source.error(
                        call.argument.span.clone(),
                        "`Fn::Sub` takes a text, or a list of a text and a map",
                    ));
                }
            },
            Content::Mapping(_) => {
                return Err(self.source.error(
                    call.argument.span.clone(),
                    "`Fn::Sub` takes a text, or a list of a text and a map",
                ));
            }
        };
        let Content::Scalar { text, style } = &node.content else {
            return Err(self
                .source
                .error(node.span.clone(), "the template of `Fn::Sub` must be text"));
        };
        let mut result = String::with_capacity(text.len());
        for part in sub_parts(text) {
            let (name, line, column) = match part {
                SubPart::Text(text) => {
                    result.push_str(text);
                    continue;
                }
                SubPart::Literal(name) => {
                    result.push_str("${");
                    result.push_str(name);
                    result.push('}');
                    continue;
                }
                SubPart::Variable { name, line, column } => (name, line, column),
            };
            let place = self
                .source
                .place_in_scalar(&node.span, *style, text, line, column);
            let value = match (
                local.iter().find(|(key, _)| key.text == name),
                name.split_once('.'),
            ) {
                (Some((_, node)), _) => self.eval(node)?,
                (None, Some((name, attribute))) => self.attribute(name, attribute, &place)?,
                (None, None) => self.reference(name, &place)?,
            };
            match value.as_text() {
                Some(text) => result.push_str(text),
                None => {
                    return Err(self
                        .source
                        .error(place, format!("`${{{name}}}` is no text")));
                }
            }
        }
        Ok(Value {
            span: node.span.clone(),
            data: Data::Text {
                text: result,
                style: *style,
            },
        })
    }

    fn find_in_map(&self, call: &Call<'_>) -> Result<Value> {
        let [map, first, second] = self.arguments(call)?;
        let mut found = self.root.get("Mappings");
        for node in [map, first, second] {
            let key = self.eval(node)?;
            let key = key.expect_text(self.source, "a key of `Fn::FindInMap`")?;
            found = match found.and_then(|node| node.get(key)) {
                Some(next) => Some(next),
                None => {
                    return Err(self
                        .source
                        .error(node.span.clone(), format!("`Mappings` has no `{key}` here")));
                }
            };
        }
        match found {
            Some(node) => self.eval_content(node),
            None => Err(self
                .source
                .error(call.argument.span.clone(), "the template has no `Mappings`")),
        }
    }

    /// A condition's truth.
    fn boolean(&self, node: &Node) -> Result<bool> {
        let Some(call) = call(node) else {
            let help = "`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` or `Condition`".to_owned();
            return Err(self.source.error_with_help(
                node.span.clone(),
                "a condition is a function",
                Some(help),
            ));
        };
        match &*call.name {
            "Fn::Equals" => {
                let [left, right] = self.arguments(&call)?;
                Ok(self.eval(left)?.to_json() == self.eval(right)?.to_json()
                    || self.eval(left)?.as_text().is_some_and(|text| {
                        self.eval(right)
                            .is_ok_and(|right| right.as_text() == Some(text))
                    }))
            }
            "Fn::Not" => {
                let [condition] = self.arguments(&call)?;
                Ok(!self.boolean(condition)?)
            }
            name @ ("Fn::And" | "Fn::Or") => {
                let Content::Sequence(items) = &call.argument.content else {
                    return Err(self.source.error(
                        call.argument.span.clone(),
                        format!("`{name}` takes a list of conditions"),
                    ));
                };
                let stop = name == "Fn::Or";
                for item in items {
                    if self.boolean(item)? == stop {
                        return Ok(stop);
                    }
                }
                Ok(!stop)
            }
            "Condition" => match &call.argument.content {
                Content::Scalar { text, .. } => self.condition(text, &call.argument.span),
                _ => Err(self
                    .source
                    .error(call.argument.span.clone(), "`Condition` takes a name")),
            },
            name => Err(self
                .source
                .error(node.span.clone(), format!("`{name}` is no condition"))),
        }
    }

    fn argument(&self, call: &Call<'_>) -> Result<Value> {
        if call.tagged {
            self.eval_content(call.argument)
        } else {
            self.eval(call.argument)
        }
    }

    /// The arguments of a function that takes a list of just so many.
    fn arguments<'n, const N: usize>(&self, call: &Call<'n>) -> Result<[&'n Node; N]> {
        let items = match &call.argument.content {
            Content::Sequence(items) => items.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        items.try_into().map_err(|_| {
            let message = format!("`{}` takes a list of {N}", call.name);
            self.source.error(call.argument.span.clone(), message)
        })
    }
}

/// The function that a node calls, if it does.
fn call(node: &Node) -> Option<Call<'_>> {
    if let Some(tag) = &node.tag {
        let name = match &**tag {
            "Ref" | "Condition" => tag.clone(),
            _ => format!("Fn::{tag}"),
        };
        return Some(Call {
            name,
            argument: node,
            tagged: true,
        });
    }
    match node.entries() {
        [(key, argument)]
            if key.text == "Ref"
                || key.text.starts_with("Fn::")
                || (key.text == "Condition" && argument.plain_text().is_some()) =>
        {
            Some(Call {
                name: key.text.clone(),
                argument,
                tagged: false,
            })
        }
        _ => None,
    }
}

/// A piece of the text of `Fn::Sub`.
enum SubPart<'t> {
    Text(&'t str),
    /// `${!name}`: stays as `${name}`.
    Literal(&'t str),
    /// `${name}`, at this line and column of the text, from 1.
    Variable {
        name: &'t str,
        line: usize,
        column: usize,
    },
}

fn sub_parts(text: &str) -> Vec<SubPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        if at > 0 {
            parts.push(SubPart::Text(&rest[..at]));
        }
        let inner = &rest[at + 2..at + length];
        let before = &text[..text.len() - rest.len() + at + 2];
        parts.push(match inner.strip_prefix('!') {
            Some(literal) => SubPart::Literal(literal),
            None => SubPart::Variable {
                name: inner.trim(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            },
        });
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(SubPart::Text(rest));
    }
    parts
}

/// The known name that is at most two edits away, whatever the case.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = name.to_lowercase();
    known
        .map(|known| (distance(&wanted, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(a != *b))
                .min(above + 1)
                .min(row[j] + 1);
            diagonal = above;
        }
    }
    row[right.len()]
}
