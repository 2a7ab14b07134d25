//! Intrinsic functions as they are written: `!Sub …` or `Fn::Sub: …`, and what they refer to.

use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::yaml::{Content, Key, Node};
use crate::error::Span;

/// A call of an intrinsic function.
pub(crate) struct Call<'t> {
    /// Its long name: `Ref`, `Condition`, `Fn::Sub` …
    pub(crate) name: String,
    pub(crate) argument: &'t Node,
    pub(crate) spelling: Spelling,
}

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `!Sub …`: the argument has the function's name as its tag. It is no call itself: see
    /// `transform::calls_of_calls`.
    Tag,
    /// `Fn::Sub: …`.
    Key,
}

/// A piece of the text of `Fn::Sub`.
pub(crate) enum SubPart<'t> {
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

/// The function that a node calls, if it does.
pub(crate) fn call(node: &Node) -> Option<Call<'_>> {
    if let Some(tag) = &node.tag {
        let name = match &**tag {
            "Ref" | "Condition" => tag.clone(),
            _ => format!("Fn::{tag}"),
        };
        return Some(Call {
            name,
            argument: node,
            spelling: Spelling::Tag,
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
                spelling: Spelling::Key,
            })
        }
        _ => None,
    }
}

/// The pieces of a text of `Fn::Sub`, each with the byte where it starts.
pub(crate) fn sub_parts(text: &str) -> Vec<(usize, SubPart<'_>)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        let start = text.len() - rest.len();
        if at > 0 {
            parts.push((start, SubPart::Text(&rest[..at])));
        }
        let inner = &rest[at + 2..at + length];
        let before = &text[..start + at + 2];
        let part = match inner.strip_prefix('!') {
            Some(literal) => SubPart::Literal(literal),
            None => SubPart::Variable {
                name: inner.trim(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            },
        };
        parts.push((start + at, part));
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        parts.push((text.len() - rest.len(), SubPart::Text(rest)));
    }
    parts
}

/// Calls `visit` with every name of a parameter or a resource that `node` refers to, in the order
/// of the text, whether or not anything evaluates it later.
pub(crate) fn references(source: &Source, node: &Node, visit: &mut dyn FnMut(&str, &Span)) {
    if let Some(call) = call(node) {
        let argument = call.argument;
        match (&*call.name, &argument.content) {
            ("Ref", Content::Scalar { text, .. }) => visit(text, &argument.span),
            ("Fn::GetAtt", Content::Scalar { text, .. }) => {
                visit(resource_of(text), &argument.span);
            }
            ("Fn::GetAtt", Content::Sequence(items)) => {
                if let Some(item) = items.first()
                    && let Some(text) = item.plain_text()
                {
                    visit(text, &item.span);
                }
            }
            ("Fn::Sub", Content::Scalar { text, style }) => {
                sub_references(source, (text, *style, &argument.span), &[], visit);
            }
            ("Fn::Sub", Content::Sequence(items)) => {
                if let Some(item) = items.first()
                    && let Content::Scalar { text, style } = &item.content
                {
                    let local = items.get(1).map(Node::entries).unwrap_or_default();
                    sub_references(source, (text, *style, &item.span), local, visit);
                }
            }
            _ => {}
        }
    }
    match &node.content {
        Content::Scalar { .. } => {}
        Content::Sequence(items) => {
            for item in items {
                references(source, item, visit);
            }
        }
        Content::Mapping(entries) => {
            for (_, node) in entries {
                references(source, node, visit);
            }
        }
    }
}

/// Calls `visit` with every call in `node` of a function that gives a value of another stack.
pub(crate) fn to_other_stacks(node: &Node, visit: &mut dyn FnMut(&Call<'_>)) {
    if let Some(call) = call(node)
        && ["Fn::GetStackOutput", "Fn::ImportValue"].contains(&&*call.name)
    {
        visit(&call);
    }
    match &node.content {
        Content::Scalar { .. } => {}
        Content::Sequence(items) => items.iter().for_each(|item| to_other_stacks(item, visit)),
        Content::Mapping(entries) => {
            for (_, node) in entries {
                to_other_stacks(node, visit);
            }
        }
    }
}

fn sub_references(
    source: &Source,
    (text, style, span): (&str, Style, &Span),
    local: &[(Key, Node)],
    visit: &mut dyn FnMut(&str, &Span),
) {
    for (_, part) in sub_parts(text) {
        if let SubPart::Variable { name, line, column } = part
            && !local.iter().any(|(key, _)| key.text == name)
        {
            let at = source.locate_in_scalar(span, style, text, line, column);
            visit(resource_of(name), &at);
        }
    }
}

/// `Name` of `Name.Attribute`.
fn resource_of(text: &str) -> &str {
    text.split('.').next().unwrap_or_default()
}
