//! The mapping templates of a file, with their locations: for tools that look at them without
//! serving the stack.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use spec::template::Output;

use crate::document::source::{Source, Style};
use crate::document::yaml::{self, Content, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::resources::{integration, integration_response};

/// The mapping templates of a file: those of a stack's template, of which nothing else has to be
/// servable, or the file itself.
#[derive(Clone, Debug)]
pub struct MappingTemplates {
    source: Source,
    /// In the order of the text.
    pub templates: Vec<MappingTemplate>,
}

/// A mapping template.
#[derive(Clone, Debug)]
pub struct MappingTemplate {
    /// Which of a stack's templates it is; `None` if the file is the template.
    pub place: Option<MappingPlace>,
    /// Its text. In that of `!Sub`, each `${Name}` is replaced by as many `x`.
    pub text: String,
    /// What its output has to be.
    pub output: Output,
    span: Span,
    style: Style,
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
        Self::parse(&name, &text)
    }

    /// Reads them from the text of the file called `name`, whose end says what it is, as for
    /// [`MappingTemplates::read`].
    ///
    /// # Errors
    /// A stack's template that is not YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let ends_in = |end: &str| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|extension| extension.eq_ignore_ascii_case(end))
        };
        let source = Source::new(name, text);
        let stack = if ends_in("yaml") || ends_in("yml") {
            Some(yaml::parse(&source)?)
        } else if ends_in("json") {
            // A mapping template is seldom JSON itself, and has no `Resources` then.
            let root = yaml::parse(&source).ok();
            root.filter(|root| root.get("Resources").is_some())
        } else {
            None
        };
        let templates = stack.map_or_else(
            || vec![MappingTemplate::of_file(text)],
            |root| in_stack(&root),
        );
        Ok(Self { source, templates })
    }

    /// The text of the whole file.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// The location in the file, in bytes, of the character at `line` and `column` (from 1) of a
    /// mapping template. It is exact where the text is written as it reads (block literals, plain
    /// text, quoted text of one line), otherwise the whole value.
    pub fn locate(&self, template: &MappingTemplate, line: usize, column: usize) -> Span {
        self.source
            .locate_in_scalar(&template.span, template.style, &template.text, line, column)
    }
}

impl MappingTemplate {
    fn of_file(text: &str) -> Self {
        Self {
            place: None,
            output: Output::of_text(text).unwrap_or(Output::Json),
            text: text.to_owned(),
            span: 0..text.len(),
            style: Style::Verbatim,
        }
    }
}

impl fmt::Display for MappingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} `{}`", self.resource, self.property, self.key)
    }
}

/// The mapping templates of all resources.
fn in_stack(root: &Node) -> Vec<MappingTemplate> {
    let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
    let mut templates = Vec::new();
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(Node::plain_text);
        let holder = HOLDERS.iter().find(|(of, _)| Some(*of) == kind);
        let (Some((_, property)), Some(properties)) = (holder, resource.get("Properties")) else {
            continue;
        };
        let held = properties.get(property);
        for (key, node) in held.map(Node::entries).unwrap_or_default() {
            let Some((text, style)) = template_text(node) else {
                continue;
            };
            templates.push(MappingTemplate {
                output: output(property, properties, &text),
                place: Some(MappingPlace {
                    resource: id.text.clone(),
                    property,
                    key: key.text.clone(),
                }),
                text,
                span: node.span.clone(),
                style,
            });
        }
    }
    templates
}

/// The text of a mapping template, if it can be told without the stack's parameters.
fn template_text(node: &Node) -> Option<(String, Style)> {
    let Content::Scalar { text, style } = &node.content else {
        return None;
    };
    let text = match node.tag.as_deref() {
        None => text.clone(),
        Some("Sub") => filled(text),
        Some(_) => return None,
    };
    Some((text, *style))
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

/// The text of a `!Sub` with every `${Name}` filled up, so that all locations stay the same.
/// `${!Name}`, which is text, stays.
fn filled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        out.push_str(&rest[..at]);
        let held = &rest[at..end];
        if held.starts_with("${!") {
            out.push_str(held);
        } else {
            out.extend(held.chars().map(|_| 'x'));
        }
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Resources:
  A:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      RequestTemplates:
        é: |
          {
            \"é\": \"$input.body\"
          }
        quoted: '{\"a\": $x}'
        number: !Ref B
        sub: !Sub '{\"r\": \"${AWS::Region}\", \"b\": $x}'
  B:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ResponseTemplates:
        x: $input.body
";

    #[test]
    fn templates_have_their_locations() {
        let all = MappingTemplates::parse("t.yaml", TEXT).unwrap();
        let names: Vec<_> = all
            .templates
            .iter()
            .map(|each| each.place.as_ref().unwrap())
            .map(|place| (&*place.resource, place.property, &*place.key))
            .collect();
        assert_eq!(
            names,
            [
                ("A", "RequestTemplates", "é"),
                ("A", "RequestTemplates", "quoted"),
                ("A", "RequestTemplates", "sub"),
                ("B", "ResponseTemplates", "x"),
            ]
        );
        for (template, line, column) in [(0, 2, 9), (1, 1, 7), (3, 1, 1)] {
            let span = all.locate(&all.templates[template], line, column);
            assert!(
                TEXT[span.start..].starts_with('$'),
                "{}",
                &TEXT[span.start..]
            );
        }
        assert_eq!(all.templates[2].text, r#"{"r": "xxxxxxxxxxxxxx", "b": $x}"#);
    }

    #[test]
    fn what_is_not_yaml_is_an_error() {
        assert!(MappingTemplates::parse("t.yml", "a: [").is_err());
        assert!(
            MappingTemplates::parse("t.yml", "a: 1")
                .unwrap()
                .templates
                .is_empty()
        );
    }

    #[test]
    fn the_end_of_the_name_and_resources_make_a_stack() {
        let json = r#"{"Resources": {"A": {"Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {"RequestTemplates": {"$default": "{\"a\": 1}"}}}}}"#;
        let template = r#"{"a": "$input.body"}"#;
        for (name, text, places) in [
            ("t.json", json, vec!["A RequestTemplates `$default`"]),
            ("t.JSON", json, vec!["A RequestTemplates `$default`"]),
            ("t.json", template, vec![""]),
            ("t.json", "{\"a\": $input.json('$')", vec![""]),
            ("t.vtl", json, vec![""]),
            ("template", template, vec![""]),
        ] {
            let all = MappingTemplates::parse(name, text).unwrap();
            let place = |each: &MappingTemplate| each.place.as_ref().map(ToString::to_string);
            let found: Vec<_> = all.templates.iter().map(place).collect();
            let found: Vec<_> = found.into_iter().map(Option::unwrap_or_default).collect();
            assert_eq!(found, places, "{name} {text}");
        }
        let text = "{\n  é $x";
        let all = MappingTemplates::parse("t", text).unwrap();
        let span = all.locate(&all.templates[0], 2, 5);
        assert!(text[span.start..].starts_with('$'));
    }

    #[test]
    fn a_template_writes_what_its_receiver_takes() {
        let output = |properties: &str, template: &str| {
            let text = format!(
                "Resources:\n  A:\n    Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      \
                 RequestTemplates: {{x: '{template}'}}\n      {properties}"
            );
            MappingTemplates::parse("t.yaml", &text).unwrap().templates[0].output
        };
        for (properties, template, expected) in [
            (
                "IntegrationUri: !Sub arn:aws:apigateway:${R}:lambda:path/x",
                "Action=a",
                Output::Json,
            ),
            (
                "IntegrationUri: {Fn::Join: ['', [arn, ':sqs:path/x']]}",
                "$x",
                Output::Form,
            ),
            (
                "IntegrationUri: arn:aws:apigateway:r:sns:action/Publish",
                "$x",
                Output::Form,
            ),
            (
                "IntegrationUri: arn:aws:apigateway:r:events:action/PutEvents",
                "$x",
                Output::Json,
            ),
            ("IntegrationType: HTTP", "<a/>", Output::Xml),
            ("IntegrationType: HTTP", "a=$x", Output::Form),
            ("IntegrationType: HTTP", "{}", Output::Json),
            ("IntegrationType: HTTP", "$input.body", Output::Text),
            (
                "RequestParameters: {integration.request.header.content-type: \"'text/xml'\"}",
                "$x",
                Output::Xml,
            ),
            (
                "IntegrationUri: a:sqs:path\n      RequestParameters: \
                 {integration.request.header.Content-Type: \"'application/x-amz-json-1.0'\"}",
                "$x",
                Output::Json,
            ),
        ] {
            assert_eq!(
                output(properties, template),
                expected,
                "{properties} {template}"
            );
        }
    }
}
