//! Where the parts of the API stand in the template, for what the specification finds wrong with them.

use std::collections::HashMap;

use spec::integration::InvalidIntegration;
use spec::model::InvalidModel;
use spec::{InvalidApi, Location, Problem};

use super::api::Declared;
use super::source::{Error, Span, Style};
use super::template::Template;

/// Where the parts of the API stand in the template.
#[derive(Default)]
pub(super) struct Places {
    pub(super) route_selection: Span,
    pub(super) key_selection: Span,
    /// `Throttle` and `Quota` by the usage plan's id.
    pub(super) usage_plans: HashMap<String, (Span, Span)>,
    pub(super) routes: HashMap<String, Span>,
    pub(super) authorizers: HashMap<String, (Span, Span)>,
    pub(super) integrations: HashMap<String, IntegrationPlaces>,
    /// `ModelSelectionExpression` and `RequestModels` by route key.
    pub(super) request_models: HashMap<String, (Span, Span)>,
    pub(super) models: HashMap<String, ModelPlaces>,
    /// `Format` of `AccessLogSettings`.
    pub(super) access_log: Option<Span>,
    /// The keys of `RouteSettings`.
    pub(super) route_settings: HashMap<String, Span>,
}

#[derive(Default)]
pub(super) struct IntegrationPlaces {
    /// Properties by name.
    pub(super) properties: HashMap<&'static str, Span>,
    /// Mapping templates by property and key.
    pub(super) templates: HashMap<(&'static str, String), Text>,
    pub(super) response_keys: HashMap<String, Span>,
    pub(super) resource: Span,
}

pub(super) struct ModelPlaces {
    pub(super) name: Span,
    pub(super) schema: Span,
    /// The schema, where it is text.
    pub(super) text: Option<Text>,
}

/// A text as it is written.
pub(super) struct Text {
    pub(super) span: Span,
    pub(super) style: Style,
    pub(super) text: String,
}

impl Declared {
    /// The place of what the specification finds wrong, as an error of the template.
    pub(crate) fn explain(&self, template: &Template<'_>, invalid: &InvalidApi) -> Error {
        let source = template.source;
        let start = 0..0;
        let property = invalid.property();
        let problem = &invalid.problem;
        let (span, message) = match &invalid.location {
            Location::Api if property == "RouteSelectionExpression" => {
                (self.places.route_selection.clone(), problem.to_string())
            }
            Location::Api => (self.places.key_selection.clone(), problem.to_string()),
            Location::UsagePlan(id) => {
                let span = match self.places.usage_plans.get(id) {
                    Some((throttle, _)) if property == "Throttle" => throttle.clone(),
                    Some((_, quota)) => quota.clone(),
                    None => start,
                };
                (span, problem.to_string())
            }
            Location::Route(key) => {
                let key = key.as_str();
                let models = self.places.request_models.get(key);
                let span = match (property, models) {
                    ("ModelSelectionExpression", Some((expression, _))) => expression.clone(),
                    ("RequestModels", Some((_, models))) => models.clone(),
                    _ => self.places.routes.get(key).cloned().unwrap_or(start),
                };
                (span, format!("route `{key}`: {problem}"))
            }
            Location::Authorizer(id) => {
                let span = match self.places.authorizers.get(id) {
                    Some((uri, _)) if property == "AuthorizerUri" => uri.clone(),
                    Some((_, sources)) => sources.clone(),
                    None => start,
                };
                (span, problem.to_string())
            }
            Location::Integration(id) => match self.places.integrations.get(id) {
                Some(places) => (
                    places.find(template, problem, property),
                    problem.to_string(),
                ),
                None => (start, problem.to_string()),
            },
            Location::AccessLogSettings => {
                let span = self.places.access_log.clone();
                (span.unwrap_or(start), problem.to_string())
            }
            Location::DefaultRouteSettings => (start, invalid.to_string()),
            Location::RouteSettings(key) => {
                let span = self.places.route_settings.get(key.as_str()).cloned();
                (span.unwrap_or(start), invalid.to_string())
            }
            Location::Model(name) => {
                let span = match self.places.models.get(name) {
                    Some(places) => places.find(template, problem),
                    None => start,
                };
                (span, invalid.to_string())
            }
        };
        source.error(span, message)
    }

    /// Where a route's key stands.
    pub(crate) fn route_place(&self, key: &str) -> Span {
        self.places.routes.get(key).cloned().unwrap_or_default()
    }

    /// Where an integration's URI stands.
    pub(crate) fn integration_uri_place(&self, id: &str) -> Span {
        self.places
            .integrations
            .get(id)
            .and_then(|places| places.properties.get("IntegrationUri"))
            .cloned()
            .unwrap_or_default()
    }

    /// Where an authorizer's URI stands.
    pub(crate) fn authorizer_uri_place(&self, id: &str) -> Span {
        self.places
            .authorizers
            .get(id)
            .map(|(uri, _)| uri.clone())
            .unwrap_or_default()
    }
}

impl ModelPlaces {
    fn find(&self, template: &Template<'_>, problem: &Problem) -> Span {
        match (problem, &self.text) {
            (Problem::Model(InvalidModel::Name(_)), _) => self.name.clone(),
            (Problem::Model(InvalidModel::NotJson { line, column, .. }), Some(place)) => {
                let Text { span, style, text } = place;
                template
                    .source
                    .place_in_scalar(span, *style, text, *line, *column)
            }
            (Problem::Model(InvalidModel::Schema(faults)), Some(place)) => {
                let Text { span, style, text } = place;
                let (line, column) = faults
                    .first()
                    .map_or((1, 1), |fault| (fault.line, fault.column));
                template
                    .source
                    .place_in_scalar(span, *style, text, line, column)
            }
            _ => self.schema.clone(),
        }
    }
}

impl IntegrationPlaces {
    fn find(&self, template: &Template<'_>, problem: &Problem, property: &'static str) -> Span {
        let text = |key: &String| self.templates.get(&(property, key.clone()));
        let found = match problem {
            Problem::Integration(InvalidIntegration::Template { key, error, .. }) => {
                text(key).map(|place| {
                    let Text { span, style, text } = place;
                    template.source.place_in_scalar(
                        span,
                        *style,
                        text,
                        error.line(),
                        error.column(),
                    )
                })
            }
            Problem::Integration(InvalidIntegration::TemplateTooLarge { key, .. }) => {
                text(key).map(|place| place.span.clone())
            }
            Problem::Integration(InvalidIntegration::ResponseKey { key, .. }) => {
                self.response_keys.get(key).cloned()
            }
            _ => self.properties.get(property).cloned(),
        };
        found.unwrap_or_else(|| self.resource.clone())
    }
}
