//! What `Ref` and `Fn::GetAtt` give of a template's resources.

use crate::document::source::Source;
use crate::document::value::{Data, Value};
use crate::error::{Error, ErrorKind, Span};
use crate::settings::Settings;
use crate::template::lists;
use crate::template::names::{Attributes, FIRST_VERSION, Identity, Reference};
use crate::template::names::{fill, generated_name, made_up, qualified_arn, stable_id};
use crate::template::resource::Resource;

type Result<T> = std::result::Result<T, Error>;

/// What a type that nothing is known of is called by.
const UNKNOWN: Identity = Identity {
    reference: Reference::Generated,
    attributes: Attributes::Including(&[]),
};

/// What a resource is called by.
pub(super) struct Named<'a> {
    pub(super) source: &'a Source,
    pub(super) settings: &'a Settings,
    pub(super) resource: &'a Resource<'a>,
    /// Its name among the resources of all stacks.
    pub(super) path: String,
    pub(super) identity: Option<&'static Identity>,
    /// The name that one of its properties gives.
    pub(super) given: &'a dyn Fn(&str) -> Result<Option<String>>,
}

impl Named<'_> {
    /// What `Ref` of a resource gives.
    pub(super) fn name(&self) -> Result<String> {
        let Resource { id, kind, .. } = self.resource;
        match self.identity.map(|identity| identity.reference) {
            Some(Reference::Id(length)) => Ok(stable_id(&self.path, length)),
            Some(Reference::Name(property)) => self.named(property),
            Some(Reference::LowerName(property)) => match (self.given)(property)? {
                Some(name) => Ok(name),
                None => Ok(generated_name(self.settings, id).to_lowercase()),
            },
            Some(Reference::Made(pattern)) => {
                let pattern = fill(pattern, "", self.settings);
                Ok(made_up(&pattern, &self.path))
            }
            Some(Reference::Generated) => Ok(generated_name(self.settings, id)),
            Some(Reference::Arn(property, pattern)) => {
                let name = self.named(property)?;
                let text = fill(pattern, &name, self.settings);
                Ok(made_up(&text, &self.path))
            }
            Some(Reference::Qualified(property)) => {
                let function = self.named("FunctionName")?;
                let qualifier = match property {
                    Some(property) => self.named(property)?,
                    None => FIRST_VERSION.to_owned(),
                };
                Ok(qualified_arn(&function, &qualifier, self.settings))
            }
            // Every part of an API is called by an id.
            None if kind.starts_with("AWS::ApiGatewayV2::") => Ok(stable_id(&self.path, 7)),
            None => Ok(generated_name(self.settings, id)),
        }
    }

    /// The name that the property `property` gives, or a generated one. That of a FIFO queue has the
    /// ending that it needs.
    ///
    /// Source: <https://github.com/cloudtools/troposphere/pull/931>
    pub(super) fn named(&self, property: &str) -> Result<String> {
        match (self.given)(property)? {
            Some(name) => Ok(name),
            None => {
                let is_fifo = ["FifoQueue", "FifoTopic"].into_iter().any(|property| {
                    let value = (self.given)(property);
                    value.is_ok_and(|value| value.as_deref() == Some("true"))
                });
                let end = if is_fifo { ".fifo" } else { "" };
                Ok(generated_name(self.settings, &self.resource.id) + end)
            }
        }
    }

    /// What `Fn::GetAtt` of a resource gives.
    pub(super) fn attribute_of(&self, attribute: &str, span: &Span) -> Result<String> {
        let identity = self.identity.unwrap_or(&UNKNOWN);
        let Some(pattern) = identity.attribute(attribute) else {
            let Resource { id, kind, .. } = self.resource;
            let message =
                format!("`{id}` (`{kind}`) has no attribute `{attribute}` that is known here");
            return Err(self
                .source
                .error(span.clone(), ErrorKind::Unsupported(message)));
        };
        if let Some(property) = pattern.strip_prefix("{=") {
            let property = property.trim_end_matches('}');
            return (self.given)(property).map(Option::unwrap_or_default);
        }
        self.filled(&pattern)
    }

    /// What `Fn::GetAtt` gives of what is not a value of another stack.
    pub(super) fn attribute(&self, attribute: &str, span: &Span) -> Result<Value> {
        let Some(items) = lists::items(&self.resource.kind, attribute) else {
            let text = self.attribute_of(attribute, span)?;
            return Ok(Value::text(span.clone(), text));
        };
        let items = items.iter().map(|pattern| {
            let text = self.filled(pattern)?;
            Ok(Value::text(span.clone(), text))
        });
        Ok(Value {
            span: span.clone(),
            data: Data::List(items.collect::<Result<_>>()?),
        })
    }

    /// A pattern of an attribute, filled in.
    fn filled(&self, pattern: &str) -> Result<String> {
        let identity = self.identity.unwrap_or(&UNKNOWN);
        let reference = self.name()?;
        let name = match identity.reference {
            Reference::Arn(property, _) if pattern.contains("{name}") => self.named(property)?,
            _ => reference.clone(),
        };
        let pattern = made_up(pattern, &self.path);
        Ok(fill(&pattern, &reference, self.settings).replace("{name}", &name))
    }
}
