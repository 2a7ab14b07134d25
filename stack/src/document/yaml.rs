//! YAML as a tree of nodes that know their location and their tag (`!Ref`, `!Sub` …).
//!
//! Built from the parser's events, not from its own tree: that one resolves scalars and forgets how
//! they were written.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::document::plain;
use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::surrogates;
use crate::error::{Error, ErrorKind, Span};

/// One node of the document.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    /// A local tag, without its `!`.
    pub(crate) tag: Option<String>,
    pub(crate) content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Scalar { text: String, style: Style },
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping: always text.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A collection whose end has not come yet.
struct Open {
    node: Node,
    anchor: usize,
    /// In a mapping: the key whose value comes next.
    key: Option<Key>,
    /// Whether that key is [`MERGE`], without quotes.
    merges: bool,
    /// What the key merges. The mapping's own entries win, and then those of the first.
    merged: Vec<Node>,
}

/// The key that merges maps into its own.
const MERGE: &str = "<<";

/// Deeper templates are refused: the readers below go down by recursion.
const DEPTH: usize = 100;
/// Aliases copy: this bounds what a few of them can grow to.
pub(crate) const NODES: usize = 100_000;

/// Reads one document: the text that was added last.
///
/// # Errors
/// What is not YAML, and what CloudFormation's YAML excludes: several documents, keys that are not
/// text, keys given twice.
pub(crate) fn parse(source: &Source) -> Result<Node, Error> {
    let text = source.text();
    let joined = surrogates::join(text);
    let (text, offsets) = match joined {
        Some(joined) => (
            Cow::Owned(joined.text),
            Offsets(Some(joined.offsets), text.len()),
        ),
        None => (Cow::Borrowed(text), Offsets::new(text)),
    };
    let mut builder = Builder::new(source);
    for event in Parser::new_from_str(&text) {
        let (event, span) = event.map_err(|error| {
            let at = source.start() + offsets.byte(error.marker().index());
            source.error(at..at + 1, ErrorKind::NotYaml(error))
        })?;
        let start = source.start();
        let span = offsets.byte(span.start.index())..offsets.byte(span.end.index());
        let span = start + span.start..start + span.end;
        builder.take(event, span)?;
    }
    let root = builder.root;
    root.ok_or_else(|| {
        structure(
            source,
            source.start()..source.start(),
            "the template is empty",
        )
    })
}

/// Builds the tree from the parser's events.
struct Builder<'s> {
    source: &'s Source,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// How many nodes there are, copies included.
    nodes: usize,
    root: Option<Node>,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source) -> Self {
        Self {
            source,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let (mut text, style) = (text.into_owned(), Style::from(style));
                if style == Style::Plain && tag.is_none() && !self.is_name() {
                    text = plain::resolve(&text).unwrap_or(text);
                }
                let content = Content::Scalar { text, style };
                self.add(Node::new(span, tag.as_deref(), content), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let content = Content::Sequence(Vec::new());
                self.open(Node::new(span, tag.as_deref(), content), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping(Vec::new());
                self.open(Node::new(span, tag.as_deref(), content), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut closed) = self.open.pop() else {
                    return Ok(());
                };
                closed.node.span.end = span.end.max(closed.node.span.start);
                closed.merge();
                self.add(closed.node, closed.anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let message = "an alias to a node that contains it";
                    return Err(structure(self.source, span, message));
                };
                self.nodes += node.count();
                self.add(node, 0)
            }
            Event::DocumentStart(_) if self.root.is_some() => Err(structure(
                self.source,
                span,
                "a template is one YAML document",
            )),
            _ => Ok(()),
        }
    }

    /// A collection that begins.
    fn open(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        if self.open.len() >= DEPTH {
            let message = format!("nested deeper than {DEPTH} levels");
            return Err(structure(self.source, node.span, message));
        }
        self.open.push(Open {
            node,
            anchor,
            key: None,
            merges: false,
            merged: Vec::new(),
        });
        Ok(())
    }

    /// Whether the scalar that comes next is a name, and stays as it is written: the key of a
    /// mapping, or what refers to one.
    fn is_name(&self) -> bool {
        let Some((last, around)) = self.open.split_last() else {
            return false;
        };
        let key = |open: &Open| open.key.as_ref().map(|key| key.text.clone());
        match &last.node.content {
            Content::Mapping(_) => key(last).is_none_or(|key| names(&key) > 0),
            Content::Sequence(items) => {
                let function = last.node.tag.clone();
                let function = function.or_else(|| around.last().and_then(key));
                function.is_some_and(|function| items.len() < names(&function))
            }
            Content::Scalar { .. } => false,
        }
    }

    /// A node that is complete.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        self.nodes += 1;
        if self.nodes > NODES {
            let message = "the template is too large";
            return Err(structure(self.source, node.span, message));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(parent) => add(self.source, parent, node),
            None => {
                self.root = Some(node);
                Ok(())
            }
        }
    }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Self::Quoted,
            ScalarStyle::Literal => Self::Literal,
            ScalarStyle::Folded => Self::Folded,
        }
    }
}

/// How many arguments of a function, or of an attribute of a resource, are names at first.
fn names(of: &str) -> usize {
    match of.strip_prefix("Fn::").unwrap_or(of) {
        "Ref" | "Condition" | "If" => 1,
        "GetAtt" => 2,
        "FindInMap" => 3,
        "DependsOn" => usize::MAX,
        _ => 0,
    }
}

fn structure(source: &Source, span: Span, message: impl Into<String>) -> Error {
    source.error(span, ErrorKind::Structure(message.into()))
}

fn add(source: &Source, parent: &mut Open, node: Node) -> Result<(), Error> {
    match &mut parent.node.content {
        Content::Scalar { .. } => {}
        Content::Sequence(items) => items.push(node),
        Content::Mapping(entries) => match parent.key.take() {
            Some(_) if parent.merges => match node.content {
                Content::Mapping(_) => parent.merged.push(node),
                Content::Sequence(nodes)
                    if nodes
                        .iter()
                        .all(|node| matches!(node.content, Content::Mapping(_))) =>
                {
                    parent.merged.extend(nodes);
                }
                _ => {
                    let message = "`<<` merges a map, or a list of maps, into its own";
                    return Err(structure(source, node.span, message));
                }
            },
            Some(key) => entries.push((key, node)),
            None => {
                let Content::Scalar { text, style } = node.content else {
                    return Err(structure(source, node.span, "a key must be text"));
                };
                if entries.iter().any(|(key, _)| key.text == text) {
                    return Err(structure(
                        source,
                        node.span,
                        format!("the key `{text}` is given twice"),
                    ));
                }
                parent.merges = text == MERGE && style == Style::Plain;
                parent.key = Some(Key {
                    text,
                    span: node.span,
                });
            }
        },
    }
    Ok(())
}

impl Open {
    /// Adds the entries that the mapping merges.
    ///
    /// Source: <https://yaml.org/type/merge.html>
    fn merge(&mut self) {
        let Content::Mapping(entries) = &mut self.node.content else {
            return;
        };
        for merged in std::mem::take(&mut self.merged) {
            let Content::Mapping(added) = merged.content else {
                continue;
            };
            for (key, node) in added {
                if !entries.iter().any(|(own, _)| own.text == key.text) {
                    entries.push((key, node));
                }
            }
        }
    }
}

impl Node {
    fn new(span: Span, tag: Option<&Tag>, content: Content) -> Self {
        let tag = tag
            .filter(|tag| {
                !(tag.is_yaml_core_schema() || tag.handle.is_empty() && tag.suffix == "!")
            })
            .map(|tag| format!("{}{}", tag.handle.trim_start_matches('!'), tag.suffix))
            .filter(|name| !name.is_empty());
        Self { span, tag, content }
    }

    /// The value of `key`, in a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(name, _)| name.text == key)
            .map(|(_, node)| node)
    }

    /// The entries of a mapping; of anything else, none.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar without a tag.
    pub(crate) fn plain_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// Whether this is YAML's null: nothing, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.content {
            Content::Scalar {
                text,
                style: Style::Plain,
            } => self.tag.is_none() && matches!(&**text, "" | "~" | "null"),
            _ => false,
        }
    }

    pub(crate) fn count(&self) -> usize {
        1 + match &self.content {
            Content::Scalar { .. } => 0,
            Content::Sequence(items) => items.iter().map(Node::count).sum(),
            Content::Mapping(entries) => entries.iter().map(|(_, node)| node.count()).sum(),
        }
    }
}

/// From the parser's count of characters to bytes.
struct Offsets(Option<Vec<usize>>, usize);

impl Offsets {
    fn new(text: &str) -> Self {
        let table = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self(table, text.len())
    }

    fn byte(&self, character: usize) -> usize {
        match &self.0 {
            Some(table) => table.get(character).copied().unwrap_or(self.1),
            None => character.min(self.1),
        }
    }
}

#[cfg(test)]
mod tests;
