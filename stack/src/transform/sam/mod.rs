//! `AWS::Serverless-2016-10-31`, as far as serving depends on it: `Globals`, WebSocket APIs,
//! connectors, and the names of what SAM makes of other resources. Functions, layers and tables
//! keep their types, which are read as they are.
//!
//! - `globals`: `Globals` merged into the resources
//! - `websocket_api`: `AWS::Serverless::WebSocketApi` to the resources of `AWS::ApiGatewayV2`
//! - `connectors`: permissions to call functions, from `AWS::Serverless::Connector`
//! - `generated`: names of what SAM makes, where the template refers to them
//! - `shared`: what the parts share; `references`: `Chat.Stage`
//! - `parameters`, `hash`: what logical ids depend on
//!
//! Held to aws-sam-translator 1.115.0: `oracle`, and the cases recorded from it.

mod connectors;
mod generated;
mod globals;
mod hash;
mod parameters;
mod references;
mod shared;
mod websocket_api;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::{Content, Key, Node};
use crate::error::WarningKind;
use crate::settings::Given;
use crate::settings::Settings;
use parameters::Values;
use references::References;
use shared::{Sam, WEBSOCKET_API, is_sam, kind};

/// The template after SAM's transform.
pub(super) fn apply(
    source: &Source,
    mut root: Node,
    (settings, given): (&Settings, &Given),
    findings: &mut Findings,
) -> Node {
    let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
    if !resources.iter().any(|(_, resource)| is_sam(resource)) {
        return root;
    }
    let declared = resources.iter();
    let declared = declared.map(|(key, _)| (key.text.clone(), key.span.clone()));
    let mut sam = Sam {
        source,
        findings,
        values: Values::new(&root, (settings, given)),
        references: References::default(),
        declared: declared.collect(),
        made: HashMap::new(),
    };
    globals::apply(&mut sam, &mut root);
    let Content::Mapping(sections) = &mut root.content else {
        return root;
    };
    let section = sections.iter_mut().find(|(key, _)| key.text == "Resources");
    if let Some((_, Node { content, .. })) = section
        && let Content::Mapping(resources) = content
    {
        connectors::apply(&mut sam, resources);
        generated::dotted(&mut sam, resources);
        websocket_apis(&mut sam, resources);
    }
    sam.references.put_in(&mut root);
    generated::stand_ins(source, &mut root);
    root
}

fn websocket_apis(sam: &mut Sam<'_>, resources: &mut Vec<(Key, Node)>) {
    let mut expanded: Vec<(Key, Node)> = Vec::with_capacity(resources.len());
    for (id, resource) in std::mem::take(resources) {
        if kind(&resource) != Some(WEBSOCKET_API) {
            expanded.push((id, resource));
            continue;
        }
        for (made, resource) in websocket_api::expand(sam, &id, &resource) {
            // Several APIs may share a domain.
            match expanded
                .iter_mut()
                .find(|(other, _)| other.text == made.text)
            {
                Some((_, other)) => {
                    if kind(&resource) == Some("AWS::Route53::RecordSetGroup") {
                        let message = format!(
                            "the records of `{}` replace those of an API before it, which has the \
                             same hosted zone: SAM keeps the last",
                            id.text
                        );
                        sam.warn(&made.span, WarningKind::Suspicious, message);
                    }
                    *other = resource;
                }
                None => expanded.push((made, resource)),
            }
        }
    }
    *resources = expanded;
}
