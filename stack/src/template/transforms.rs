//! The section `Transform` as it is written.

use crate::document::yaml::{Content, Node};

/// The transform that adds functions and loops.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// The transforms of a template by name, in the order of the text.
pub(crate) fn transforms(root: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let section = root.get("Transform");
    let listed = section.map(|node| match &node.content {
        Content::Sequence(items) => &items[..],
        _ => std::slice::from_ref(node),
    });
    let named = listed.unwrap_or_default().iter();
    named.filter_map(|node| {
        let name = node.get("Name").unwrap_or(node);
        Some((name.plain_text()?, node))
    })
}
