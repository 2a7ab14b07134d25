//! The properties of a WebSocket API and their types, as SAM checks them: it does not look into
//! functions.

use crate::document::yaml::{Content, Node};
use crate::error::{ErrorKind, WarningKind};
use crate::transform::nodes::Kind;
use crate::transform::sam::shared::WEBSOCKET_API;

use super::api::Api;

/// A type that SAM asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Map,
    Bool,
    TextOrMap,
}

const PROPERTIES: &[(&str, Type)] = &[
    ("ApiKeySelectionExpression", Type::Text),
    ("AccessLogSettings", Type::Map),
    ("Auth", Type::Map),
    ("DefaultRouteSettings", Type::Map),
    ("Description", Type::Text),
    ("DisableExecuteApiEndpoint", Type::Bool),
    ("DisableSchemaValidation", Type::Bool),
    ("Domain", Type::Map),
    ("FailOnWarnings", Type::Bool),
    ("IpAddressType", Type::Text),
    ("Name", Type::Text),
    ("PropagateTags", Type::Bool),
    ("RouteSelectionExpression", Type::Text),
    ("RouteSettings", Type::Map),
    ("Routes", Type::Map),
    ("StageName", Type::TextOrMap),
    ("StageVariables", Type::Map),
    ("Tags", Type::Map),
];

const REQUIRED: [&str; 2] = ["Routes", "RouteSelectionExpression"];

const REQUIRED_HELP: &str =
    "an API needs `Routes` and `RouteSelectionExpression`, such as `$request.body.action`";

impl Type {
    fn takes(self, node: &Node) -> bool {
        match (self, Kind::of(node)) {
            (_, Kind::Map) if node.tag.is_some() || node.entries().len() == 1 => true,
            (Self::Text | Self::TextOrMap, Kind::Text)
            | (Self::Map | Self::TextOrMap, Kind::Map)
            | (Self::Bool, Kind::Bool(_)) => true,
            _ => false,
        }
    }

    /// What to write.
    fn help(self) -> &'static str {
        match self {
            Self::Text => "put what YAML takes for something else into quotes",
            Self::Map => "write a map, or a function that gives one",
            Self::Bool => "write `true` or `false` without quotes",
            Self::TextOrMap => "put a number into quotes, or write a function",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Map => "a map",
            Self::Bool => "`true` or `false`",
            Self::TextOrMap => "text or a function",
        }
    }
}

impl Api<'_, '_> {
    /// Notes every property that SAM refuses, and leaves it out.
    pub(super) fn check(&mut self) {
        let id = self.id.text.clone();
        if Kind::of(&self.properties) != Kind::Map || self.properties.tag.is_some() {
            let message = format!("`Properties` of `{id}` must be a map");
            let span = self.properties.span.clone();
            self.sam
                .error_with_help(&span, ErrorKind::Structure(message), REQUIRED_HELP);
        }
        let mut wrong = Vec::new();
        for (key, value) in self.properties.entries().to_vec() {
            let known = PROPERTIES.iter().find(|(name, _)| *name == key.text);
            let Some((name, expected)) = known else {
                let message = format!("`{id}` (`{WEBSOCKET_API}`) has no property `{}`", key.text);
                let names = PROPERTIES.iter().map(|(name, _)| *name);
                let near = velocity::suggest::nearest(&key.text, names);
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let kind = ErrorKind::Value(message);
                let error = self
                    .sam
                    .source
                    .report(key.span.clone(), kind, help.as_deref());
                self.sam.findings.error(error);
                continue;
            };
            if Kind::of(&value) != Kind::Null && !expected.takes(&value) {
                let message = format!("`{name}` of `{id}` must be {}", expected.name());
                self.refuse(&value.span, message, expected.help());
                wrong.push(key.text);
            }
        }
        for name in REQUIRED {
            if self.property(name).is_none() {
                let kind = ErrorKind::Missing {
                    logical_id: id.clone(),
                    resource_type: WEBSOCKET_API.to_owned(),
                    property: name.to_owned(),
                };
                let span = self.key_span(name);
                self.sam.error_with_help(&span, kind, REQUIRED_HELP);
            }
        }
        if let Content::Mapping(entries) = &mut self.properties.content {
            entries.retain(|(key, _)| !wrong.contains(&key.text));
        }
    }

    /// Warns of keys that SAM passes over.
    pub(super) fn warn_of_others(&mut self, node: &Node, what: &str, known: &[&str]) {
        for (key, _) in node.entries() {
            if !known.contains(&&*key.text) {
                let message = format!("SAM takes no `{}` in {what}: it has no effect", key.text);
                self.sam.warn(&key.span, WarningKind::NoEffect, message);
            }
        }
    }
}

/// A value in a message.
pub(super) fn shown(node: &Node) -> String {
    match node.plain_text() {
        Some(text) => format!("`{text}`"),
        None => "what is written here".to_owned(),
    }
}
