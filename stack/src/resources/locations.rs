//! Where the parts of the API are in the template, for what the specification finds wrong with
//! them.

use std::collections::HashMap;

use spec::integration::InvalidIntegration;
use spec::model::InvalidModel;
use spec::{InvalidApi, Location, Problem};

use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::error::{Error, ErrorKind, Span};
use crate::resources::properties::Properties;

/// Where the parts of the API are in the template.
#[derive(Default)]
pub(crate) struct Locations {
    pub(crate) api: PartLocations,
    /// By the usage plan's id.
    pub(crate) usage_plans: HashMap<String, PartLocations>,
    /// By route key.
    pub(crate) routes: HashMap<String, PartLocations>,
    /// By id.
    pub(crate) authorizers: HashMap<String, PartLocations>,
    /// By id.
    pub(crate) integrations: HashMap<String, PartLocations>,
    /// By `Name`.
    pub(crate) models: HashMap<String, PartLocations>,
    /// The stage; `Format` is that of `AccessLogSettings`, the keys are those of `RouteSettings`.
    pub(crate) stage: PartLocations,
}

/// Where a resource and its properties are.
#[derive(Default)]
pub(crate) struct PartLocations {
    pub(crate) resource: Span,
    /// Properties by name.
    pub(crate) properties: HashMap<&'static str, Span>,
    /// Texts by property and key; the key is empty if the property is the text.
    pub(crate) texts: HashMap<(&'static str, String), Text>,
    /// Keys that belong to the part: of an integration's responses, or of a stage's route settings.
    pub(crate) keys: HashMap<String, Span>,
}

/// A text as it is written.
pub(crate) struct Text {
    pub(crate) span: Span,
    pub(crate) style: Style,
    pub(crate) text: String,
}

impl Locations {
    /// What the specification finds wrong, as an error of the template.
    pub(crate) fn explain(&self, source: &Source, invalid: &InvalidApi) -> Error {
        let message = match &invalid.location {
            Location::Route(_)
            | Location::DefaultRouteSettings
            | Location::RouteSettings(_)
            | Location::Model(_) => invalid.to_string(),
            // The caret says where.
            Location::Api
            | Location::UsagePlan(_)
            | Location::Authorizer(_)
            | Location::Integration(_)
            | Location::AccessLogSettings => invalid.problem.to_string(),
        };
        let span = self.find(source, invalid).unwrap_or_default();
        let invalid = Box::new(invalid.clone());
        source.error(span, ErrorKind::Api { message, invalid })
    }

    fn find(&self, source: &Source, invalid: &InvalidApi) -> Option<Span> {
        let part = match &invalid.location {
            Location::Api => &self.api,
            Location::UsagePlan(id) => self.usage_plans.get(id)?,
            Location::Route(key) => self.routes.get(key.as_str())?,
            Location::Authorizer(id) => self.authorizers.get(id)?,
            Location::Integration(id) => self.integrations.get(id)?,
            Location::Model(name) => self.models.get(name)?,
            Location::RouteSettings(key) => return self.stage.keys.get(key.as_str()).cloned(),
            Location::AccessLogSettings | Location::DefaultRouteSettings => &self.stage,
        };
        Some(part.find(source, invalid))
    }
}

impl PartLocations {
    /// Where a resource and those of the properties are that it has.
    pub(crate) fn new(properties: &Properties<'_>, names: &[&'static str]) -> Self {
        let named = names.iter().filter_map(|name| {
            let node = properties.node(name)?;
            Some((*name, node.span.clone()))
        });
        Self {
            resource: properties.resource.id_span.clone(),
            properties: named.collect(),
            ..Self::default()
        }
    }

    fn find(&self, source: &Source, invalid: &InvalidApi) -> Span {
        let property = invalid.property();
        let text = |key: &str| self.texts.get(&(property, key.to_owned()));
        let exact = match &invalid.problem {
            Problem::Integration(InvalidIntegration::Template { key, error, .. }) => {
                text(key).map(|text| text.locate(source, error.line(), error.column()))
            }
            Problem::Integration(InvalidIntegration::TemplateTooLarge { key, .. }) => {
                text(key).map(|text| text.span.clone())
            }
            Problem::Integration(InvalidIntegration::ResponseKey { key, .. }) => {
                self.keys.get(key).cloned()
            }
            Problem::Model(InvalidModel::NotJson { line, column, .. }) => {
                text("").map(|text| text.locate(source, *line, *column))
            }
            Problem::Model(InvalidModel::Schema(faults)) => text("")
                .zip(faults.first())
                .map(|(text, fault)| text.locate(source, fault.line, fault.column)),
            _ => None,
        };
        let named = |name| self.properties.get(name).cloned();
        exact
            .or_else(|| named(property))
            .or_else(|| named("RouteKey"))
            .unwrap_or_else(|| self.resource.clone())
    }
}

impl Text {
    /// The location of a character of the text: line and column from 1.
    pub(crate) fn locate(&self, source: &Source, line: usize, column: usize) -> Span {
        source.locate_in_scalar(&self.span, self.style, &self.text, line, column)
    }
}
