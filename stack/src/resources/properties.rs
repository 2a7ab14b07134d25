//! A resource's properties, read by name, with errors that say which resource and which property.

use crate::document::value::Value;
use crate::document::yaml::{Key, Node};
use crate::error::{Error, ErrorKind, Span};
use crate::template::call::call;
use crate::template::{Resource, Template};

/// The properties of one resource.
#[derive(Clone, Copy)]
pub(crate) struct Properties<'a> {
    pub(crate) template: &'a Template<'a>,
    pub(crate) resource: &'a Resource<'a>,
}

/// The entries of a map, each with its own error.
pub(crate) type Entries = Vec<(Key, Result<Value, Error>)>;

impl<'a> Properties<'a> {
    pub(crate) fn new(template: &'a Template<'a>, resource: &'a Resource<'a>) -> Self {
        Self { template, resource }
    }

    /// The resource's name among those of all stacks.
    pub(crate) fn path(&self) -> String {
        self.template.path_of(&self.resource.id)
    }

    /// A property as it is written.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.template.property_node(self.resource, name)
    }

    /// The properties as they are written.
    pub(crate) fn entries_as_written(&self) -> &'a [(Key, Node)] {
        let properties = self.resource.node.get("Properties");
        properties.map(Node::entries).unwrap_or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<Value>, Error> {
        self.template.property(self.resource, name)
    }

    /// The entries of a property that is a map; none if there is no such property.
    pub(crate) fn entries(&self, name: &str) -> Result<Entries, Error> {
        let node = self.node(name);
        let Some(node) = node.filter(|node| !node.is_null()) else {
            return Ok(Entries::new());
        };
        if call(node).is_none() && !node.entries().is_empty() {
            let evaluated = node.entries().iter().map(|(key, node)| {
                let value = self.template.eval(node);
                (key.clone(), value)
            });
            let is_there = |(_, value): &(Key, Result<Value, Error>)| {
                !value.as_ref().is_ok_and(Value::is_nothing)
            };
            return Ok(evaluated.filter(is_there).collect());
        }
        let Some(value) = self.get(name)? else {
            return Ok(Entries::new());
        };
        let entries = value.expect_map(self.template.source, &format!("`{name}`"))?;
        let entries = entries.iter().cloned();
        Ok(entries.map(|(key, value)| (key, Ok(value))).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.get(name)? {
            Some(value) => Ok(Some(self.as_text(name, &value)?)),
            None => Ok(None),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<(String, Span), Error> {
        match self.get(name)? {
            Some(value) => Ok((self.as_text(name, &value)?, value.span)),
            None => Err(self.missing(name)),
        }
    }

    /// A boolean.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        value.as_flag().map(Some).ok_or_else(|| {
            let message = format!("{} must be `true` or `false`", self.what(name));
            let kind = ErrorKind::Value(message);
            let help = "write one of them without quotes";
            self.error_with_help(name, kind, help)
        })
    }

    /// A number.
    pub(crate) fn number<T: std::str::FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        value.as_number().map(Some).ok_or_else(|| {
            let message = format!("{} must be {expected}", self.what(name));
            let kind = ErrorKind::Value(message);
            let help = "write it in digits, without a unit";
            self.error_with_help(name, kind, help)
        })
    }

    pub(crate) fn missing(&self, name: &str) -> Error {
        let Resource {
            id, id_span, kind, ..
        } = self.resource;
        let missing = ErrorKind::Missing {
            logical_id: id.clone(),
            resource_type: kind.clone(),
            property: name.to_owned(),
        };
        self.template.source.error(id_span.clone(), missing)
    }

    /// An error at the property `name`, with what to do.
    fn error_with_help(&self, name: &str, kind: ErrorKind, help: &str) -> Error {
        let source = self.template.source;
        source.error_with_help(self.span(name), kind, help)
    }

    /// Where the property's value is; the resource if there is none.
    pub(crate) fn span(&self, name: &str) -> Span {
        let node = self.node(name);
        node.map_or_else(|| self.resource.id_span.clone(), |node| node.span.clone())
    }

    fn as_text(&self, name: &str, value: &Value) -> Result<String, Error> {
        value
            .expect_text(self.template.source, &self.what(name))
            .map(str::to_owned)
    }

    fn what(&self, name: &str) -> String {
        format!("`{name}` of `{}`", self.resource.id)
    }
}

/// A number.
pub(crate) fn number<T: std::str::FromStr>(
    template: &Template<'_>,
    value: &Value,
    name: &str,
    expected: &str,
) -> Result<T, Error> {
    value.as_number().ok_or_else(|| {
        let message = format!("`{name}` must be {expected}");
        template
            .source
            .error(value.span.clone(), ErrorKind::Value(message))
    })
}
