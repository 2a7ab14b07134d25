//! A resource's properties, read by name, with errors that say which resource and which property.

use super::source::{Error, Span, Warning};
use super::template::{Resource, Template};
use super::value::Value;

/// The properties of one resource.
pub(crate) struct Properties<'a> {
    pub(crate) template: &'a Template<'a>,
    pub(crate) resource: &'a Resource<'a>,
}

impl<'a> Properties<'a> {
    pub(crate) fn new(template: &'a Template<'a>, resource: &'a Resource<'a>) -> Self {
        Self { template, resource }
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<Value>, Error> {
        self.template.property(self.resource, name)
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

    /// A number or boolean, which CloudFormation also takes as text.
    pub(crate) fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        kind: &str,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let parsed = value.as_text().and_then(|text| text.trim().parse().ok());
        parsed
            .map(Some)
            .ok_or_else(|| self.error(name, format!("{} must be {kind}", self.what(name))))
    }

    pub(crate) fn missing(&self, name: &str) -> Error {
        let Resource {
            id, id_span, kind, ..
        } = self.resource;
        self.template.source.error(
            id_span.clone(),
            format!("`{id}` (`{kind}`) has no `{name}`"),
        )
    }

    /// An error at the property `name`.
    pub(crate) fn error(&self, name: &str, message: impl Into<String>) -> Error {
        self.template.source.error(self.span(name), message)
    }

    /// Where the property's value stands; the resource where there is none.
    pub(crate) fn span(&self, name: &str) -> Span {
        self.resource
            .node
            .get("Properties")
            .and_then(|node| node.get(name))
            .map_or_else(|| self.resource.id_span.clone(), |node| node.span.clone())
    }

    /// Warns of every property that is neither read (`known`) nor without effect here (`harmless`).
    pub(crate) fn warn_of_others(
        &self,
        known: &[&str],
        harmless: &[&str],
        warnings: &mut Vec<Warning>,
    ) {
        let Some(properties) = self.resource.node.get("Properties") else {
            return;
        };
        for (key, _) in properties.entries() {
            let name = &*key.text;
            if !known.contains(&name) && !harmless.contains(&name) {
                let Resource { id, kind, .. } = self.resource;
                let message = format!("`{name}` of `{id}` (`{kind}`) has no effect here");
                warnings.push(self.template.source.warning(key.span.clone(), message));
            }
        }
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
