//! Nodes that a transform adds, and what SAM takes a node for: the types of YAML 1.1, as its
//! translator reads them.

use crate::document::scalar::Style;
use crate::document::yaml::{Content, Key, Node};
use crate::error::Span;
use crate::template::call::{Call, call};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text,
    List,
    Map,
}

impl Kind {
    /// What the node is, whatever its tag: a function is a map with one key.
    pub(super) fn of(node: &Node) -> Self {
        if node.tag.is_some() {
            return Self::Map;
        }
        match &node.content {
            Content::Sequence(_) => Self::List,
            Content::Mapping(_) => Self::Map,
            _ if node.is_null() => Self::Null,
            Content::Scalar {
                text,
                style: Style::Plain,
            } => Self::of_plain(text),
            Content::Scalar { .. } => Self::Text,
        }
    }

    /// Plain text, of which the document has put every spelling of YAML 1.1 into one.
    fn of_plain(text: &str) -> Self {
        match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            number if is_number(number) => Self::Number,
            _ => Self::Text,
        }
    }
}

fn is_number(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace('_', "");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let starts = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    matches!(digits, ".inf" | ".nan") || starts && digits.parse::<f64>().is_ok()
}

/// Whether Python takes the node for true.
pub(super) fn truthy(node: &Node) -> bool {
    if node.tag.is_some() {
        return true;
    }
    match (&node.content, Kind::of(node)) {
        (_, Kind::Null | Kind::Bool(false)) => false,
        (Content::Scalar { text, .. }, Kind::Number) => {
            text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
        }
        (Content::Scalar { text, .. }, _) => !text.is_empty(),
        (Content::Sequence(items), _) => !items.is_empty(),
        (Content::Mapping(entries), _) => !entries.is_empty(),
    }
}

/// Whether the node is a call of an intrinsic function.
pub(super) fn is_function(node: &Node) -> bool {
    match node.entries() {
        [(key, _)] if node.tag.is_none() => {
            matches!(&*key.text, "Ref" | "Condition") || key.text.starts_with("Fn::")
        }
        _ => node.tag.is_some(),
    }
}

/// The text of a scalar that YAML takes for text.
pub(super) fn text_of(node: &Node) -> Option<&str> {
    match Kind::of(node) {
        Kind::Text => node.plain_text(),
        _ => None,
    }
}

/// The call, if the node is one, with its argument as a node of its own.
pub(super) fn untagged(node: &Node) -> Option<(String, Node)> {
    let Call { name, argument, .. } = call(node)?;
    let mut argument = argument.clone();
    if node.tag.is_some() {
        argument.tag = None;
    }
    Some((name, argument))
}

/// A node without its tag: `!Ref X` as `Ref: X`.
pub(super) fn as_map(node: &Node) -> Node {
    match untagged(node) {
        Some((name, argument)) if node.tag.is_some() => map(&node.span, [(&*name, argument)]),
        _ => node.clone(),
    }
}

pub(super) fn key(at: &Span, text: impl Into<String>) -> Key {
    Key {
        text: text.into(),
        span: at.clone(),
    }
}

pub(super) fn text(at: &Span, text: impl Into<String>) -> Node {
    scalar(at, text, Style::Quoted)
}

/// `true`.
pub(super) fn yes(at: &Span) -> Node {
    scalar(at, "true", Style::Plain)
}

fn scalar(at: &Span, text: impl Into<String>, style: Style) -> Node {
    let text = text.into();
    node(at, Content::Scalar { text, style })
}

pub(super) fn list(at: &Span, items: Vec<Node>) -> Node {
    node(at, Content::Sequence(items))
}

pub(super) fn map<'k>(at: &Span, entries: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    let entries = entries.into_iter();
    let entries = entries.map(|(name, value)| (key(at, name), value));
    node(at, Content::Mapping(entries.collect()))
}

pub(super) fn reference(at: &Span, name: &str) -> Node {
    map(at, [("Ref", text(at, name))])
}

pub(super) fn attribute(at: &Span, name: &str, attribute: &str) -> Node {
    let names = vec![text(at, name), text(at, attribute)];
    map(at, [("Fn::GetAtt", list(at, names))])
}

/// `Fn::Sub` with variables of its own, or none.
pub(super) fn sub<'k>(
    at: &Span,
    template: impl Into<String>,
    variables: impl IntoIterator<Item = (&'k str, Node)>,
) -> Node {
    let template = text(at, template);
    let variables = map(at, variables);
    let argument = match variables.entries() {
        [] => template,
        _ => list(at, vec![template, variables]),
    };
    map(at, [("Fn::Sub", argument)])
}

fn node(at: &Span, content: Content) -> Node {
    Node {
        span: at.clone(),
        tag: None,
        content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::source::Source;
    use crate::document::yaml;
    use rstest::rstest;

    #[rstest]
    #[case("yes", Kind::Bool(true))]
    #[case("Off", Kind::Bool(false))]
    #[case("TRUE", Kind::Bool(true))]
    #[case("tRUE", Kind::Text)]
    #[case("12", Kind::Number)]
    #[case("-1_000.5", Kind::Number)]
    #[case("0x1F", Kind::Number)]
    #[case(".5", Kind::Number)]
    #[case("infinity", Kind::Text)]
    #[case("1.2.3", Kind::Text)]
    #[case("prod", Kind::Text)]
    #[case("~", Kind::Null)]
    #[case("'yes'", Kind::Text)]
    #[case("!Ref A", Kind::Map)]
    fn a_node_has_the_type_of_yaml_1_1(#[case] written: &str, #[case] kind: Kind) {
        let root = yaml::parse(&Source::new("t", format!("a: {written}\n")));
        let root = root.expect("it is YAML");
        assert_eq!(Kind::of(&root.entries()[0].1), kind);
    }

    #[test]
    fn nothing_is_true_of_what_is_empty() {
        let at = 0..0;
        for empty in [
            text(&at, ""),
            list(&at, Vec::new()),
            map(&at, []),
            scalar(&at, "0.0", Style::Plain),
            scalar(&at, "false", Style::Plain),
            scalar(&at, "~", Style::Plain),
        ] {
            assert!(!truthy(&empty), "{empty:?}");
        }
        for full in [yes(&at), text(&at, "no"), reference(&at, "AWS::NoValue")] {
            assert!(truthy(&full), "{full:?}");
        }
    }
}
