//! `AWS::ApiGatewayV2::Route`, `RouteResponse`.

use std::collections::HashMap;

use indexmap::IndexMap;
use spec::api::{Api, AuthorizationType, CallPermission, Route};
use spec::route::{InvalidRouteKey, RouteKey};

use super::api::Reader;
use super::integration::declared_parameters;
use super::model;
use super::source::Error;
use super::value::Value;

impl Reader<'_> {
    pub(super) fn routes(&mut self, api: &Api) -> Result<IndexMap<RouteKey, Route>, Error> {
        let mut routes: IndexMap<RouteKey, Route> = IndexMap::new();
        let mut keys_by_id = HashMap::new();
        for properties in self.of_type("Route")? {
            properties.warn_of_others(
                &[
                    "ApiId",
                    "RouteKey",
                    "AuthorizationType",
                    "AuthorizerId",
                    "Target",
                    "ApiKeyRequired",
                    "RequestParameters",
                    "RouteResponseSelectionExpression",
                    "ModelSelectionExpression",
                    "RequestModels",
                ],
                &["OperationName"],
                self.warnings,
            );
            let (text, span) = properties.required_text("RouteKey")?;
            let key: RouteKey = text.parse().map_err(|error: InvalidRouteKey| {
                let message = format!("route `{text}`: {error}");
                self.template.source.error(span.clone(), message)
            })?;
            let api_key_required = properties.parsed("ApiKeyRequired", "`true` or `false`")?;
            let authorization_type = match properties.text("AuthorizationType")?.as_deref() {
                None | Some("NONE") => AuthorizationType::None,
                Some("CUSTOM") => AuthorizationType::Custom,
                Some("AWS_IAM") => AuthorizationType::AwsIam,
                Some(other) => {
                    // AUTHORIZER-51
                    let message = format!(
                        "`AuthorizationType` `{other}` must be `NONE`, `AWS_IAM` or `CUSTOM`"
                    );
                    return Err(properties.error("AuthorizationType", message));
                }
            };
            let target = match properties.get("Target")? {
                Some(value) => Some(self.target(&value, api)?),
                None => None,
            };
            let authorizer_id = properties.text("AuthorizerId")?;
            if let Some(id) = &authorizer_id
                && !api.authorizers.contains_key(id)
            {
                return Err(properties.error(
                    "AuthorizerId",
                    format!("`AuthorizerId` `{id}` names no authorizer of the API"),
                ));
            }
            keys_by_id.insert(self.id(&properties)?, key.clone());
            let route = Route {
                authorization_type,
                authorizer_id,
                api_key_required: api_key_required.unwrap_or(false),
                target,
                request_parameters: declared_parameters(&properties)?,
                route_response_selection_expression: properties
                    .text("RouteResponseSelectionExpression")?,
                route_responses: Vec::new(),
                model_selection_expression: properties.text("ModelSelectionExpression")?,
                request_models: model::request_models(&properties, api)?,
                call_permission: CallPermission::Granted,
            };
            self.places.request_models.insert(
                text.clone(),
                (
                    properties.span("ModelSelectionExpression"),
                    properties.span("RequestModels"),
                ),
            );
            // ROUTE-43
            if routes.insert(key.clone(), route).is_some() {
                return Err(self
                    .template
                    .source
                    .error(span, format!("the API has several routes `{key}`")));
            }
            self.places.routes.insert(text, span);
        }
        for properties in self.of_type("RouteResponse")? {
            properties.warn_of_others(
                &["ApiId", "RouteId", "RouteResponseKey"],
                &[],
                self.warnings,
            );
            let (id, span) = properties.required_text("RouteId")?;
            let (key, _) = properties.required_text("RouteResponseKey")?;
            match keys_by_id
                .get(&id)
                .and_then(|route_key| routes.get_mut(route_key))
            {
                Some(route) => route.route_responses.push(key),
                None => {
                    return Err(self
                        .template
                        .source
                        .error(span, format!("`RouteId` `{id}` names no route of the API")));
                }
            }
        }
        Ok(routes)
    }

    /// The integration that a route's `Target` names.
    fn target(&self, value: &Value, api: &Api) -> Result<String, Error> {
        let text = value.expect_text(self.template.source, "`Target`")?;
        let id = text.strip_prefix("integrations/").ok_or_else(|| {
            let help = Some("write `!Sub integrations/${MyIntegration}`".to_owned());
            let message =
                format!("`Target` `{text}` must be `integrations/` and an integration's id");
            self.template
                .source
                .error_with_help(value.span.clone(), message, help)
        })?;
        if api.integrations.contains_key(id) {
            return Ok(id.to_owned());
        }
        let message = format!("`Target` `{text}` names no integration of the API");
        Err(self.template.source.error(value.span.clone(), message))
    }
}
