//! The mapping templates in a stack's template, with their locations: for tools that look at them
//! without serving the stack.

use std::path::Path;
use std::sync::Arc;

use crate::document::source::{Source, Style};
use crate::document::yaml::{self, Content};
use crate::error::{Error, ErrorKind, Span};
use crate::resources::{integration, integration_response};

/// The mapping templates of a stack's template. Nothing else of it has to be servable.
#[derive(Clone, Debug)]
pub struct MappingTemplates {
    source: Source,
    /// In the order of the text.
    pub templates: Vec<MappingTemplate>,
}

/// A mapping template.
#[derive(Clone, Debug)]
pub struct MappingTemplate {
    /// The logical id of the integration or the integration response.
    pub resource: String,
    /// `RequestTemplates` or `ResponseTemplates`.
    pub property: &'static str,
    /// Its key.
    pub key: String,
    /// Its text. In that of `!Sub`, each `${Name}` is replaced by as many `x`.
    pub text: String,
    span: Span,
    style: Style,
}

/// The types of resources that hold mapping templates, and the property that does.
const HOLDERS: [(&str, &str); 2] = [
    (integration::TYPE.name, "RequestTemplates"),
    (integration_response::TYPE.name, "ResponseTemplates"),
];

impl MappingTemplates {
    /// Reads them from the template at `path`.
    ///
    /// # Errors
    /// A file that cannot be read, or is not YAML.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::of_file(&name, ErrorKind::Unreadable(Arc::new(error))))?;
        Self::parse(&name, &text)
    }

    /// Reads them from a template's text.
    ///
    /// # Errors
    /// What is not YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let source = Source::new(name, text);
        let root = yaml::parse(&source)?;
        let mut templates = Vec::new();
        let resources = root
            .get("Resources")
            .map(yaml::Node::entries)
            .unwrap_or_default();
        for (id, resource) in resources {
            let kind = resource.get("Type").and_then(yaml::Node::plain_text);
            let holder = HOLDERS.iter().find(|(of, _)| Some(*of) == kind);
            let Some((_, property)) = holder else {
                continue;
            };
            let held = resource
                .get("Properties")
                .and_then(|properties| properties.get(property));
            for (key, node) in held.map(yaml::Node::entries).unwrap_or_default() {
                let Content::Scalar { text, style } = &node.content else {
                    continue;
                };
                let text = match node.tag.as_deref() {
                    None => text.clone(),
                    Some("Sub") => filled(text),
                    Some(_) => continue,
                };
                templates.push(MappingTemplate {
                    resource: id.text.clone(),
                    property,
                    key: key.text.clone(),
                    text,
                    span: node.span.clone(),
                    style: *style,
                });
            }
        }
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
        let all = MappingTemplates::parse("t", TEXT).unwrap();
        let names: Vec<_> = all
            .templates
            .iter()
            .map(|each| (&*each.resource, each.property, &*each.key))
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
        assert!(MappingTemplates::parse("t", "a: [").is_err());
        assert!(
            MappingTemplates::parse("t", "a: 1")
                .unwrap()
                .templates
                .is_empty()
        );
    }
}
