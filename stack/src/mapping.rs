//! The mapping templates of a file, with their locations: for tools that look at them without
//! serving the stack.

mod written;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::template::Output;

use self::written::{Written, on_deployment};
use crate::document::source::Source;
use crate::document::surrogates;
use crate::document::yaml::{self, Content, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::load;
use crate::resources::{integration, integration_response};
use crate::template::call::call;

/// The mapping templates of a file: those of a stack's template, of which nothing else has to be
/// servable, or the file itself.
#[derive(Clone, Debug)]
pub struct MappingTemplates {
    source: Source,
    /// In the order of the text.
    pub templates: Vec<MappingTemplate>,
    /// Those that cannot be read, in the order of the text.
    pub unread: Vec<UnreadTemplate>,
    /// The templates of the stacks nested in it that are on this machine.
    pub nested: Vec<PathBuf>,
}

/// A mapping template.
#[derive(Clone, Debug)]
pub struct MappingTemplate {
    /// Which of a stack's templates it is; `None` if the file is the template.
    pub place: Option<MappingPlace>,
    /// Its text. What `Ref`, `Fn::GetAtt` and `Fn::Sub` put in is not known: digits stand for it
    /// where it stands alone, such as in `[${Name}]`, and letters everywhere else.
    pub text: String,
    /// What its output has to be.
    pub output: Output,
    written: Written,
}

/// A mapping template whose text cannot be told without deploying the stack.
#[derive(Clone, Debug)]
pub struct UnreadTemplate {
    /// The logical id of its resource, and as much of its property and key as is known.
    pub name: String,
    /// Why it cannot be read: the function that it depends on, or what is wrong.
    pub reason: String,
    /// Its location in the file, in bytes.
    pub span: Span,
}

/// Where a stack holds a mapping template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingPlace {
    /// The logical id of the integration or the integration response.
    pub resource: String,
    /// `RequestTemplates` or `ResponseTemplates`.
    pub property: &'static str,
    /// Its key.
    pub key: String,
}

/// The types of resources that hold mapping templates, and the property that does.
const HOLDERS: [(&str, &str); 2] = [
    (integration::TYPE.name, "RequestTemplates"),
    (integration_response::TYPE.name, "ResponseTemplates"),
];

impl MappingTemplates {
    /// Reads them from the file at `path`. One that ends in `.yaml` or `.yml`, or in `.json` and
    /// has `Resources`, is a stack's template; any other is a mapping template.
    ///
    /// # Errors
    /// A file that cannot be read, or a stack's template that is not YAML.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::of_file(&name, ErrorKind::Unreadable(Arc::new(error))))?;
        Self::of(&name, &text, Some(path))
    }

    /// Reads them from the text of the file called `name`, whose end says what it is, as for
    /// [`MappingTemplates::read`].
    ///
    /// # Errors
    /// A stack's template that is not YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        Self::of(name, text, None)
    }

    fn of(name: &str, text: &str, path: Option<&Path>) -> Result<Self, Error> {
        let ends_in = |end: &str| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case(end))
        };
        let source = Source::new(name, text);
        let is_stack = ends_in("yaml") || ends_in("yml") || ends_in("json") && has_resources(text);
        let stack = is_stack.then(|| yaml::parse(&source)).transpose()?;
        let nested = stack.as_ref().zip(path);
        let nested = nested.map(|(root, path)| load::nested_files(root, path));
        let (templates, unread) = match stack {
            Some(root) => in_stack(&source, &root),
            None => (vec![MappingTemplate::of_file(text)], Vec::new()),
        };
        Ok(Self {
            source,
            templates,
            unread,
            nested: nested.unwrap_or_default(),
        })
    }

    /// The text of the whole file.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// The location in the file of a part of a mapping template, both in bytes. Of what is not
    /// written in the file, the location of what gives it.
    pub fn locate(&self, template: &MappingTemplate, part: Span) -> Span {
        self.source.clamp(template.written.locate(part))
    }
}

impl MappingTemplate {
    fn of_file(text: &str) -> Self {
        Self {
            place: None,
            output: Output::of_text(text).unwrap_or(Output::Json),
            text: text.to_owned(),
            written: Written::verbatim(text),
        }
    }
}

impl fmt::Display for MappingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} `{}`", self.resource, self.property, self.key)
    }
}

/// Whether a text is JSON with `Resources`. A mapping template is seldom JSON itself, and has no
/// `Resources` then.
fn has_resources(text: &str) -> bool {
    let joined = surrogates::join(text).map(|joined| joined.text);
    let root = serde_json::from_str::<serde_json::Value>(joined.as_deref().unwrap_or(text));
    root.is_ok_and(|root| root.get("Resources").is_some())
}

/// The mapping templates of all resources.
fn in_stack(source: &Source, root: &Node) -> (Vec<MappingTemplate>, Vec<UnreadTemplate>) {
    let mut templates = Vec::new();
    let mut unread = Vec::new();
    let mut unreadable = |name: String, reason: String, node: &Node| {
        unread.push(UnreadTemplate {
            name,
            reason,
            span: source.clamp(node.span.clone()),
        });
    };
    for (id, resource) in root.get("Resources").map(Node::entries).unwrap_or_default() {
        let kind = resource.get("Type").and_then(Node::plain_text);
        let holder = HOLDERS.iter().find(|(of, _)| Some(*of) == kind);
        if id.text.starts_with("Fn::") {
            unreadable(id.text.clone(), on_deployment(&id.text), resource);
        }
        let (Some((_, property)), Some(properties)) = (holder, resource.get("Properties")) else {
            continue;
        };
        let held = properties.get(property);
        for (node, place) in [(Some(properties), ""), (held, *property)] {
            if let Some(call) = node.and_then(call) {
                let name = format!("{} {place}", id.text);
                let reason = on_deployment(&call.name);
                unreadable(name.trim_end().to_owned(), reason, call.argument);
            }
        }
        let entries = held.filter(|held| call(held).is_none()).map(Node::entries);
        for (key, node) in entries.unwrap_or_default() {
            let place = MappingPlace {
                resource: id.text.clone(),
                property,
                key: key.text.clone(),
            };
            match Written::read(source.text(), node) {
                Ok((text, written)) => templates.push(MappingTemplate {
                    output: output(property, properties, &text),
                    place: Some(place),
                    text,
                    written,
                }),
                Err(reason) => unreadable(place.to_string(), reason, node),
            }
        }
    }
    (templates, unread)
}

/// What the receiver of a template's output takes: a client any text; an integration what its
/// `Content-Type` says, else what its service takes.
fn output(property: &str, properties: &Node, text: &str) -> Output {
    let by_text = Output::of_text(text);
    if property == "ResponseTemplates" {
        return by_text.unwrap_or(Output::Text);
    }
    let parameters = properties.get("RequestParameters").map(Node::entries);
    let content_type = parameters.unwrap_or_default().iter().find(|(key, _)| {
        key.text
            .eq_ignore_ascii_case("integration.request.header.Content-Type")
    });
    if let Some((_, value)) = content_type
        && let Some(output) = Output::of_media_type(scalars(value).trim_matches(['\'', ' ']))
    {
        return output;
    }
    // Base64, until it is decoded.
    let handling = properties
        .get("ContentHandlingStrategy")
        .and_then(Node::plain_text);
    if handling == Some("CONVERT_TO_BINARY") {
        return Output::Text;
    }
    let uri = properties
        .get("IntegrationUri")
        .map(scalars)
        .unwrap_or_default();
    let is_http = properties
        .get("IntegrationType")
        .and_then(Node::plain_text)
        .is_some_and(|kind| kind == "HTTP");
    // The services of AWS's query protocol.
    if [":sqs:", ":sns:"]
        .iter()
        .any(|service| uri.contains(service))
    {
        Output::Form
    } else if is_http {
        by_text.unwrap_or(Output::Text)
    } else {
        Output::Json
    }
}

/// All text below a node, whatever functions hold it.
fn scalars(node: &Node) -> String {
    match &node.content {
        Content::Scalar { text, .. } => text.clone(),
        Content::Sequence(items) => items.iter().map(scalars).collect(),
        Content::Mapping(entries) => entries.iter().map(|(_, node)| scalars(node)).collect(),
    }
}

#[cfg(test)]
mod tests;
