//! The section `Resources`.

use indexmap::IndexMap;

use crate::document::source::Source;
use crate::document::yaml::{Content, Node};
use crate::error::{Error, ErrorKind, Span};

/// An entry of `Resources`.
#[derive(Clone)]
pub(crate) struct Resource<'t> {
    pub(crate) id: String,
    pub(crate) id_span: Span,
    /// `Type`; empty if it has none, which is an error that has been noted.
    pub(crate) kind: String,
    pub(crate) node: &'t Node,
}

/// The section `Resources`.
pub(super) fn read<'t>(
    source: &Source,
    root: &'t Node,
) -> Result<IndexMap<String, Resource<'t>>, Error> {
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
