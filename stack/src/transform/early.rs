//! What can be known before there are resources: parameters, mappings, and the conditions that are
//! made of them.

use std::collections::HashSet;

use velocity::suggest::nearest;

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::value::Value;
use crate::document::yaml::Node;
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Given;
use crate::settings::Settings;
use crate::template::intrinsics::{Evaluator, Scope, StackOutput};
use crate::template::memory::Memory;
use crate::template::parameters::{self, Parameters};
use crate::template::stack::Visiting;

type Result<T> = std::result::Result<T, Error>;

/// A template before it has resources.
pub(crate) struct Early<'a> {
    pub(super) source: &'a Source,
    mappings: Option<Node>,
    /// The section `Conditions`, where conditions may be asked for.
    pub(super) conditions: Option<Node>,
    pub(super) parameters: Parameters,
    /// The logical ids.
    resources: HashSet<String>,
    settings: &'a Settings,
    visiting: Visiting,
    /// What conditions were found to be.
    held: Memory<bool>,
}

impl<'a> Early<'a> {
    pub(crate) fn new(
        source: &'a Source,
        root: &Node,
        (settings, given): (&'a Settings, &Given),
    ) -> Self {
        let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
        // What is wrong with a parameter is told when the template is read.
        let findings = &mut Findings::default();
        Self {
            source,
            mappings: root.get("Mappings").cloned(),
            conditions: root.get("Conditions").cloned(),
            parameters: parameters::read(source, root, given, settings, findings),
            resources: resources.iter().map(|(key, _)| key.text.clone()).collect(),
            settings,
            visiting: Visiting::default(),
            held: Memory::default(),
        }
    }

    /// A value of another stack, if a parameter gives it by its name.
    fn elsewhere(&self, name: &str, message: String, span: &Span) -> Result<Value> {
        match self.settings.parameters.get(name) {
            Some(given) => Ok(Value::text(span.clone(), given.as_str())),
            None => self.unknown(span, message, None),
        }
    }

    fn unknown<T>(&self, span: &Span, message: String, help: Option<&str>) -> Result<T> {
        let general = "write it out, or let it come from a parameter or `Mappings`";
        let help = help.unwrap_or(general);
        let kind = ErrorKind::Transform(message);
        Err(self.source.error_with_help(span.clone(), kind, help))
    }
}

impl Scope for Early<'_> {
    fn source(&self) -> &Source {
        self.source
    }

    fn mappings(&self) -> Option<&Node> {
        self.mappings.as_ref()
    }

    fn settings(&self) -> &Settings {
        self.settings
    }

    fn has_language_extensions(&self) -> bool {
        true
    }

    fn reference(&self, name: &str, span: &Span) -> Result<Value> {
        if let Some(value) = self.parameters.get(name) {
            let data = value.clone()?.data;
            let span = span.clone();
            return Ok(Value { span, data });
        }
        if let Some(data) = parameters::pseudo(name, self.settings) {
            let span = span.clone();
            return Ok(Value { span, data });
        }
        if self.resources.contains(name) {
            let message = format!("`{name}` is not known before there are resources");
            return self.unknown(span, message, None);
        }
        let names = self.parameters.keys().map(String::as_str);
        let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no parameter `{name}`");
        self.unknown(span, message, help.as_deref())
    }

    fn attribute(&self, name: &str, attribute: &str, span: &Span) -> Result<Value> {
        let name = format!("{name}.{attribute}");
        let message = format!("`{name}` is not known before there are resources");
        self.elsewhere(&name, message, span)
    }

    fn output_of(&self, named: &StackOutput, span: &Span) -> Result<Value> {
        let name = format!("{}.{}", named.stack, named.output);
        let message = format!("the output `{name}` is not known before there are resources");
        self.elsewhere(&name, message, span)
    }

    fn imported(&self, export: &str, span: &Span) -> Result<Value> {
        let message = format!("the export `{export}` is not known before there are resources");
        self.elsewhere(export, message, span)
    }

    fn condition(&self, name: &str, span: &Span) -> Result<bool> {
        let Some(node) = self.conditions.as_ref().and_then(|node| node.get(name)) else {
            let message = format!("the condition `{name}` is not known before there are resources");
            return self.unknown(span, message, None);
        };
        let what = format!("condition {name}");
        let follow = || Evaluator(self).boolean(node);
        let find = || self.visiting.visit(self.source, ("", &what), span, follow);
        self.held.recall(name, find)
    }
}
