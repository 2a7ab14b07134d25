//! `AWS::Serverless-2016-10-31`, as far as serving depends on it: `Globals`, WebSocket APIs,
//! connectors, and the names of what SAM makes of other resources. Functions, layers and tables keep
//! their types, which are read as they are.
//!
//! - `globals`: `Globals` merged into the resources
//! - `websocket_api`: `AWS::Serverless::WebSocketApi` to the resources of `AWS::ApiGatewayV2`
//! - `connectors`: permissions to call functions, from `AWS::Serverless::Connector`
//! - `generated`: names of what SAM makes, where the template refers to them
//! - `references`: `Chat.Stage`; `parameters`, `hash`: what logical ids depend on
//!
//! Held to aws-sam-translator 1.115.0: `oracle`, and the cases recorded from it.

mod connectors;
mod generated;
mod globals;
mod hash;
mod parameters;
mod references;
mod websocket_api;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::{Content, Key, Node};
use crate::error::{ErrorKind, Span, WarningKind};
use crate::settings::Settings;
use parameters::Values;
use references::References;

/// What the names of SAM's types begin with.
const PREFIX: &str = "AWS::Serverless::";
const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";
const FUNCTION: &str = "AWS::Serverless::Function";

/// What the parts of the transform share.
struct Sam<'a> {
    source: &'a Source,
    findings: &'a mut Findings,
    values: Values,
    references: References,
    /// The logical ids of the template as it is written, and their locations.
    declared: HashMap<String, Span>,
    /// The logical ids that were made, what of, and where that is.
    made: HashMap<String, (String, Span)>,
}

impl Sam<'_> {
    fn error(&mut self, span: &Span, kind: ErrorKind) {
        self.findings.error(self.source.error(span.clone(), kind));
    }

    fn error_with_help(&mut self, span: &Span, kind: ErrorKind, help: &str) {
        let error = self.source.error_with_help(span.clone(), kind, help);
        self.findings.error(error);
    }

    fn warn(&mut self, span: &Span, kind: WarningKind, message: String) {
        let warning = self.source.warning(span.clone(), kind, message);
        self.findings.warning(warning);
    }

    /// Whether the logical id `id` is free for `what` at `span`; if it is not, an error is noted.
    fn claim(&mut self, id: &str, what: &str, span: &Span) -> bool {
        let (other, other_span) = match (self.declared.get(id), self.made.get(id)) {
            (Some(declared), _) => (format!("the resource `{id}`"), declared.clone()),
            (None, Some((what, span))) => (what.clone(), span.clone()),
            (None, None) => {
                let made = (what.to_owned(), span.clone());
                self.made.insert(id.to_owned(), made);
                return true;
            }
        };
        let line = self.source.line(&other_span);
        let message = format!("{what} and {other} in line {line} would both be `{id}`");
        let help = "logical ids leave out `$`, and all capitals but the first letter of a route";
        self.error_with_help(span, ErrorKind::Conflict(message), help);
        false
    }
}

/// The template after SAM's transform.
pub(super) fn apply(
    source: &Source,
    mut root: Node,
    settings: &Settings,
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
        values: Values::new(&root, settings),
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
        for (id, resource) in websocket_api::expand(sam, &id, &resource) {
            // Several APIs may share a domain.
            match expanded.iter_mut().find(|(other, _)| other.text == id.text) {
                Some((_, other)) => *other = resource,
                None => expanded.push((id, resource)),
            }
        }
    }
    *resources = expanded;
}

fn is_sam(resource: &Node) -> bool {
    kind(resource).is_some_and(|kind| kind.starts_with(PREFIX))
}

fn kind(resource: &Node) -> Option<&str> {
    resource.get("Type").and_then(Node::plain_text)
}
