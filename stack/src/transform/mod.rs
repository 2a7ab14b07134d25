//! What the section `Transform` makes of a template before its resources are read: a tree of nodes
//! in, a tree of nodes out. What a transform adds keeps the spans of what it was made from, so that
//! everything that is said of it later points into the template as it was written.
//!
//! - `early`: what can be known before there are resources
//! - `language_extensions`: `AWS::LanguageExtensions`, the loops
//! - `nodes`: how nodes are made, and what SAM takes a node for
//! - `sam`: `AWS::Serverless-2016-10-31`

pub(crate) mod early;
mod language_extensions;
mod nodes;
mod sam;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::{Content, Node};
use crate::error::WarningKind;
use crate::settings::Given;
use crate::settings::Settings;
use crate::template::call::call;
use crate::template::transforms::{LANGUAGE_EXTENSIONS, transforms};
use nodes::{as_map, untagged};

/// SAM's transform.
const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// The template after its transforms, with the values that its parameters are given, in the order in which CloudFormation runs them: language
/// extensions first, then SAM.
pub(crate) fn apply(
    source: &Source,
    mut root: Node,
    (settings, given): (&Settings, &Given),
    findings: &mut Findings,
) -> Node {
    calls_of_calls(&mut root);
    warn_of_macros(source, &mut root, findings);
    let root = language_extensions::apply(source, root, (settings, given), findings);
    sam::apply(source, root, (settings, given), findings)
}

/// `!Base64 {Fn::Sub: …}` as `Fn::Base64: {Fn::Sub: …}`, so that one node is one call.
fn calls_of_calls(node: &mut Node) {
    if node.tag.is_some()
        && matches!(node.content, Content::Mapping(_))
        && untagged(node).is_some_and(|(_, argument)| call(&argument).is_some())
    {
        *node = as_map(node);
    }
    match &mut node.content {
        Content::Scalar { .. } => {}
        Content::Sequence(items) => items.iter_mut().for_each(calls_of_calls),
        Content::Mapping(entries) => {
            entries
                .iter_mut()
                .for_each(|(_, node)| calls_of_calls(node));
        }
    }
}

/// Warns of the macros that are not run here, and leaves them out: the template is read without
/// what they would make.
fn warn_of_macros(source: &Source, root: &mut Node, findings: &mut Findings) {
    let mut warn = |name: &str, node: &Node| {
        let message = format!(
            "the macro `{name}` is not run here: the template is read without what it makes"
        );
        let warning = source.warning(node.span.clone(), WarningKind::LeftOut, message);
        findings.warning(warning);
    };
    for (name, node) in transforms(root) {
        if ![LANGUAGE_EXTENSIONS, SERVERLESS].contains(&name) {
            warn(name, node);
        }
    }
    let Content::Mapping(sections) = &mut root.content else {
        return;
    };
    for (_, section) in sections {
        let Content::Mapping(entries) = &mut section.content else {
            continue;
        };
        entries.retain(|(key, node)| {
            let is_macro = key.text == "Fn::Transform";
            if is_macro {
                let name = node.get("Name").and_then(Node::plain_text);
                warn(name.unwrap_or("Fn::Transform"), node);
            }
            !is_macro
        });
    }
}
