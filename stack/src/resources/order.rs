//! In which order CloudFormation makes resources: what one depends on is made before it, by
//! `DependsOn` or because its properties name it. Everything else may be made at the same time.

use std::collections::{BTreeSet, HashMap};

use crate::document::yaml::{Content, Node};
use crate::template::Template;
use crate::template::call::references;

/// What each resource depends on, by path.
pub(crate) struct Order(HashMap<String, BTreeSet<String>>);

impl Order {
    /// Of the resources of several stacks, each by its path.
    pub(crate) fn new(templates: &[&Template<'_>]) -> Self {
        let mut direct: HashMap<String, BTreeSet<String>> = HashMap::new();
        for template in templates {
            // A nested stack is made when its resources are, and they after what it depends on. The
            // stack around it comes first.
            let nested = template.stack.path.strip_suffix('/');
            let around = nested.and_then(|nested| direct.get(nested)).cloned();
            for resource in template.resources.values() {
                let path = template.path_of(&resource.id);
                let mut ids = around.clone().unwrap_or_default();
                if let Some(node) = resource.node.get("DependsOn") {
                    ids.extend(named(node).map(|id| template.path_of(id)));
                }
                for part in ["Properties", "Metadata"] {
                    if let Some(node) = resource.node.get(part) {
                        references(template.source, node, &mut |name, _| {
                            ids.insert(template.path_of(name));
                        });
                    }
                }
                direct.insert(path, ids);
            }
        }
        let nested: Vec<(String, String)> = direct
            .keys()
            .filter_map(|path| Some((path.rsplit_once('/')?.0.to_owned(), path.clone())))
            .collect();
        for (stack, path) in nested {
            direct.entry(stack).or_default().insert(path);
        }
        Self(direct)
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
