//! In which order CloudFormation makes resources: what one depends on is made before it, by
//! `DependsOn` or because its properties name it. Everything else may be made at the same time.

use std::collections::{BTreeSet, HashMap};

use crate::document::yaml::{Content, Node};
use crate::template::Template;
use crate::template::call::references;

/// What each resource depends on, by logical id.
pub(crate) struct Order<'t>(HashMap<&'t str, BTreeSet<String>>);

impl<'t> Order<'t> {
    pub(crate) fn new(template: &'t Template<'_>) -> Self {
        let direct = template.resources.values().map(|resource| {
            let mut ids = BTreeSet::new();
            if let Some(node) = resource.node.get("DependsOn") {
                ids.extend(named(node).map(str::to_owned));
            }
            for part in ["Properties", "Metadata"] {
                if let Some(node) = resource.node.get(part) {
                    references(template.source, node, &mut |name, _| {
                        ids.insert(name.to_owned());
                    });
                }
            }
            (&*resource.id, ids)
        });
        Self(direct.collect())
    }

    /// All that is made before a resource.
    pub(crate) fn before(&self, id: &str) -> BTreeSet<&str> {
        let mut before = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            for one in self.0.get(id).into_iter().flatten() {
                if before.insert(&**one) {
                    next.push(one);
                }
            }
        }
        before
    }
}

/// The logical ids of `DependsOn`: one, or a list of them.
fn named(node: &Node) -> impl Iterator<Item = &str> {
    let list = match &node.content {
        Content::Sequence(items) => &**items,
        _ => std::slice::from_ref(node),
    };
    list.iter().filter_map(Node::plain_text)
}
