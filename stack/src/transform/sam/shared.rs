//! What the parts of SAM's transform share: what they add to, and which logical ids are taken.

use std::collections::HashMap;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::Node;
use crate::error::{ErrorKind, Span, WarningKind};

use super::parameters::Values;
use super::references::References;

/// What the names of SAM's types begin with.
pub(super) const PREFIX: &str = "AWS::Serverless::";
pub(super) const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";
pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

/// What the parts of the transform share.
pub(super) struct Sam<'a> {
    pub(super) source: &'a Source,
    pub(super) findings: &'a mut Findings,
    pub(super) values: Values,
    pub(super) references: References,
    /// The logical ids of the template as it is written, and their locations.
    pub(super) declared: HashMap<String, Span>,
    /// The logical ids that were made, what of, and where that is.
    pub(super) made: HashMap<String, (String, Span)>,
}

impl Sam<'_> {
    pub(super) fn error_with_help(&mut self, span: &Span, kind: ErrorKind, help: &str) {
        let error = self.source.error_with_help(span.clone(), kind, help);
        self.findings.error(error);
    }

    pub(super) fn warn(&mut self, span: &Span, kind: WarningKind, message: String) {
        let warning = self.source.warning(span.clone(), kind, message);
        self.findings.warning(warning);
    }

    /// Why the value of a node is not known, if that depends on a parameter whose value is not.
    pub(super) fn why_unknown(&self, node: &Node) -> Option<String> {
        let (name, error) = self.values.unknown_in(self.source, node)?;
        Some(format!(
            "`{name}` is given a value that is not known: {}",
            error.message()
        ))
    }

    /// Whether the logical id `id` is free for `what` at `span`; if it is not, an error is noted.
    pub(super) fn claim(&mut self, id: &str, what: &str, span: &Span) -> bool {
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

pub(super) fn is_sam(resource: &Node) -> bool {
    kind(resource).is_some_and(|kind| kind.starts_with(PREFIX))
}

pub(super) fn kind(resource: &Node) -> Option<&str> {
    resource.get("Type").and_then(Node::plain_text)
}
