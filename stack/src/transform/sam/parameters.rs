//! The values of parameters where SAM puts them in before CloudFormation sees the template.

use std::collections::HashMap;

use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::yaml::{Content, Node};
use crate::error::Error;
use crate::settings::Given;
use crate::settings::Settings;
use crate::template::call::{Spelling, call, references};
use crate::transform::nodes::text as text_node;

/// The values by name: those given, the defaults, and what SAM knows of where it deploys.
#[derive(Debug, Default)]
pub(super) struct Values {
    known: HashMap<String, Node>,
    /// Those that are given, but not known before there are resources: why. Their defaults do not
    /// count.
    unknown: HashMap<String, Error>,
}

impl Values {
    pub(super) fn new(root: &Node, (settings, given): (&Settings, &Given)) -> Self {
        let mut values = Self::default();
        let declared = root.get("Parameters").map(Node::entries);
        for (key, node) in declared.unwrap_or_default() {
            let kind = node.get("Type").and_then(Node::plain_text);
            // Systems Manager has these values.
            if kind.is_some_and(|kind| kind.starts_with("AWS::SSM::")) {
                continue;
            }
            let name = key.text.clone();
            match given.get(&name) {
                Some(Ok(text)) => {
                    values.known.insert(name, text_node(&key.span, &**text));
                }
                Some(Err(error)) => {
                    values.unknown.insert(name, error.clone());
                }
                None => {
                    let default = node.get("Default").cloned();
                    values.known.extend(default.map(|node| (name, node)));
                }
            }
        }
        for (name, value) in [
            ("AWS::Region", &settings.region),
            ("AWS::Partition", &settings.partition),
        ] {
            let value = text_node(&(0..0), value.clone());
            values.known.insert(name.to_owned(), value);
        }
        values
    }

    /// The first parameter in a node whose value is not known, and why.
    pub(super) fn unknown_in(&self, source: &Source, node: &Node) -> Option<(String, &Error)> {
        let mut first = None;
        references(source, node, &mut |name, _| {
            if first.is_none() {
                first = self.unknown.get_key_value(name);
            }
        });
        first.map(|(name, error)| (name.clone(), error))
    }

    /// The node with every parameter's value in the place of `Ref`s and in texts of `Fn::Sub`.
    pub(super) fn put_in(&self, node: &Node) -> Node {
        let called = call(node);
        if let Some(call) = &called
            && call.name == "Ref"
            && let Content::Scalar { text, .. } = &call.argument.content
            && let Some(value) = self.known.get(text)
        {
            return Node {
                span: node.span.clone(),
                ..value.clone()
            };
        }
        let is_sub = called.as_ref().is_some_and(|call| call.name == "Fn::Sub");
        let is_tagged = called.is_some_and(|call| call.spelling == Spelling::Tag);
        let content = match &node.content {
            _ if is_sub && is_tagged => self.sub_argument(node).content,
            Content::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let value = if is_sub {
                        self.sub_argument(value)
                    } else {
                        self.put_in(value)
                    };
                    (key.clone(), value)
                });
                Content::Mapping(entries.collect())
            }
            Content::Sequence(items) => {
                Content::Sequence(items.iter().map(|item| self.put_in(item)).collect())
            }
            scalar @ Content::Scalar { .. } => scalar.clone(),
        };
        Node {
            content,
            ..node.clone()
        }
    }

    /// The argument of `Fn::Sub`: a text, or a list of a text and a map.
    fn sub_argument(&self, node: &Node) -> Node {
        let content = match &node.content {
            Content::Scalar { text, style } => Content::Scalar {
                text: self.text(text),
                style: *style,
            },
            Content::Sequence(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| match &item.content {
                        Content::Scalar { text, style } if index == 0 => Node {
                            content: Content::Scalar {
                                text: self.text(text),
                                style: *style,
                            },
                            ..item.clone()
                        },
                        _ => self.put_in(item),
                    });
                Content::Sequence(items.collect())
            }
            Content::Mapping(_) => return self.put_in(node),
        };
        Node {
            content,
            ..node.clone()
        }
    }

    /// A text of `Fn::Sub`. A variable of its own with the name of a parameter is not seen: SAM
    /// does not look at those.
    fn text(&self, text: &str) -> String {
        replace(text, |name| {
            let value = self.known.get(name)?;
            match &value.content {
                Content::Scalar { text, style } if value.tag.is_none() => {
                    let is_null = value.is_null() && *style == Style::Plain;
                    (!is_null).then(|| text.clone())
                }
                _ => None,
            }
        })
    }
}

/// The text with every `${name}` replaced for which there is something to put there.
pub(super) fn replace(text: &str, with: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        result.push_str(before);
        let name = behind.split_once('}').map(|(name, _)| name);
        let is_name = |name: &&str| {
            let pseudo = name.strip_prefix("AWS::");
            let name = pseudo.unwrap_or(name);
            let allowed = |c: char| c.is_ascii_alphanumeric() || (c == '.' && pseudo.is_none());
            !name.is_empty() && name.chars().all(allowed)
        };
        match name
            .filter(is_name)
            .and_then(|name| Some((name, with(name)?)))
        {
            Some((name, value)) => {
                result.push_str(&value);
                rest = &behind[name.len() + 1..];
            }
            None => {
                result.push_str("${");
                rest = behind;
            }
        }
    }
    result.push_str(rest);
    result
}
