//! A WebSocket API that is being expanded.

use crate::document::yaml::{Content, Key, Node};
use crate::error::{ErrorKind, Span};
use crate::transform::nodes::{Kind, as_map, key, map, text, truthy};
use crate::transform::sam::shared::Sam;

/// The stage of an API that names none. `$default` would be taken for the route.
pub(super) const DEFAULT_STAGE: &str = "default";
pub(super) const CREATED_BY: &str = "websocketapi:createdBy";

/// An API that is being expanded.
pub(super) struct Api<'a, 'r> {
    pub(super) sam: &'r mut Sam<'a>,
    pub(super) id: &'r Key,
    /// `Properties`, those of `Globals` included.
    pub(super) properties: Node,
    pub(super) resources: Vec<(Key, Node)>,
}

impl Api<'_, '_> {
    /// A property, unless it is null.
    pub(super) fn property(&self, name: &str) -> Option<&Node> {
        let node = self.properties.get(name);
        node.filter(|node| Kind::of(node) != Kind::Null)
    }

    pub(super) fn passed_on(&self, name: &'static str) -> (&'static str, Option<Node>) {
        (name, self.property(name).cloned())
    }

    /// The location of a property's name, or of the API's if it has none.
    pub(super) fn key_span(&self, name: &str) -> Span {
        let mut entries = self.properties.entries().iter();
        let entry = entries.find(|(key, _)| key.text == name);
        entry.map_or(&self.id.span, |(key, _)| &key.span).clone()
    }

    pub(super) fn put_in_parameters(&mut self, name: &str) {
        if let Content::Mapping(entries) = &mut self.properties.content
            && let Some((_, node)) = entries.iter_mut().find(|(key, _)| key.text == name)
        {
            *node = self.sam.values.put_in(node);
        }
    }

    pub(super) fn refuse(&mut self, span: &Span, message: String, help: &str) {
        self.sam
            .error_with_help(span, ErrorKind::Value(message), help);
    }

    pub(super) fn add(
        &mut self,
        (id, at): (&str, &Span),
        kind: &str,
        depends_on: Option<Node>,
        properties: impl IntoIterator<Item = (&'static str, Option<Node>)>,
    ) {
        let present = properties.into_iter();
        let present = present.filter_map(|(name, value)| Some((name, value?)));
        let mut entries = vec![("Type", text(at, kind))];
        entries.extend(depends_on.map(|node| ("DependsOn", node)));
        entries.push(("Properties", map(at, present)));
        self.resources.push((key(at, id), map(at, entries)));
    }

    /// The API's own tags, and the one that SAM adds.
    pub(super) fn tags(&self) -> Node {
        let own = self.property("Tags").filter(|tags| truthy(tags));
        let mut tags = own.map_or_else(|| map(&self.id.span, []), as_map);
        if let Content::Mapping(entries) = &mut tags.content {
            entries.retain(|(key, _)| key.text != CREATED_BY);
            entries.push((key(&self.id.span, CREATED_BY), text(&self.id.span, "SAM")));
        }
        tags
    }
}
