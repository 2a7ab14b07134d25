//! What a route may not have.

use indexmap::IndexMap;
use serde_json::Value;

use super::InvalidRoute;
use crate::api::{self, Api, AuthorizationType};
use crate::integration::{self, Integration};
use crate::route::{DEFAULT, InvalidRouteKey, RouteKey};

/// What API Gateway refuses to create.
///
/// Realises: ROUTE-42, AUTHORIZER-48, INTEGRATION-75
pub(super) fn problems(api: &Api, key: &RouteKey, route: &api::Route) -> Vec<InvalidRoute> {
    let mut problems = Vec::new();
    let is_connect = *key == RouteKey::Connect;
    if matches!(key, RouteKey::Named(name) if name.starts_with('$')) {
        problems.push(InvalidRoute::Key(InvalidRouteKey));
    }
    if let Some(target) = &route.target
        && !api.integrations.contains_key(target)
    {
        problems.push(InvalidRoute::UnknownIntegration(target.clone()));
    }
    match (route.authorization_type, &route.authorizer_id) {
        (AuthorizationType::None, _) => {}
        (AuthorizationType::AwsIam, _) if is_connect => {}
        (AuthorizationType::AwsIam, _) => problems.push(InvalidRoute::SignatureElsewhere),
        (AuthorizationType::Custom, _) if !is_connect => {
            problems.push(InvalidRoute::AuthorizerElsewhere);
        }
        (AuthorizationType::Custom, None) => problems.push(InvalidRoute::NoAuthorizer),
        (AuthorizationType::Custom, Some(id)) if !api.authorizers.contains_key(id) => {
            problems.push(InvalidRoute::UnknownAuthorizer(id.clone()));
        }
        (AuthorizationType::Custom, Some(_)) => {}
    }
    if let Some(expression) = &route.route_response_selection_expression
        && expression != DEFAULT
    {
        problems.push(InvalidRoute::RouteResponseSelection(expression.clone()));
    }
    let others = route.route_responses.iter().filter(|key| *key != DEFAULT);
    problems.extend(others.map(|key| InvalidRoute::RouteResponseKey(key.clone())));
    problems
}

/// What a route may declare of the handshake, and what its integration uses of it.
///
/// Realises: INTEGRATION-61, INTEGRATION-62
pub(super) fn check_parameters(
    integrations: &IndexMap<String, Integration>,
    key: &RouteKey,
    route: &api::Route,
) -> Result<(), InvalidRoute> {
    if *key != RouteKey::Connect {
        return match route.request_parameters.first() {
            Some((name, _)) => Err(InvalidRoute::ParameterElsewhere(name.clone())),
            None => Ok(()),
        };
    }
    let names = route.request_parameters.keys().map(String::as_str);
    integration::missing(names, &Value::Null)
        .map_err(|name| InvalidRoute::Parameter(name.to_owned()))?;
    let integration = route.target.as_ref().and_then(|id| integrations.get(id));
    match integration.and_then(|integration| integration.undeclared(route)) {
        Some(name) => Err(InvalidRoute::UndeclaredParameter(name)),
        None => Ok(()),
    }
}
