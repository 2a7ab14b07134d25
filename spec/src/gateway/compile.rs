//! From a declared API to one that can run: every reference followed, every expression and template read, every error with its place.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::access_log::{Format, InvalidFormat};
use crate::api::{self, Api, AuthorizationType};
use crate::authorizer::IdentitySource;
use crate::integration::{self, Integration, InvalidIntegration};
use crate::model::{self, InvalidModel, InvalidRequestModels, Mismatch, Model, RequestModels};
use crate::route::{CONNECT, DEFAULT, DISCONNECT};
use crate::selection::SelectionExpression;
use crate::template::Variables;
use crate::usage_plan::KeySource;

/// An API that can not be served: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{location}: {problem}")]
pub struct InvalidApi {
    /// Where.
    pub location: Location,
    /// What is wrong, and what to do.
    pub problem: Problem,
}

/// A place in a declared API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// The API's `RouteSelectionExpression`.
    RouteSelectionExpression,
    /// The API's `ApiKeySelectionExpression`.
    ApiKeySelectionExpression,
    /// A usage plan, by its id.
    UsagePlan(String),
    /// A route, by its key.
    Route(String),
    /// An authorizer, by its id.
    Authorizer(String),
    /// An integration, by its id.
    Integration(String),
    /// A model, by its name.
    Model(String),
    /// The stage's `AccessLogSettings`.
    AccessLogSettings,
    /// The stage's `DefaultRouteSettings`, or its `RouteSettings` for a route key.
    RouteSettings(Option<String>),
}

/// What is wrong there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// In an integration.
    #[error(transparent)]
    Integration(#[from] InvalidIntegration),
    /// In a model.
    #[error(transparent)]
    Model(#[from] InvalidModel),
    /// In a route's choice of models.
    #[error(transparent)]
    RequestModels(#[from] InvalidRequestModels),
    /// In an access log's format.
    #[error(transparent)]
    AccessLog(#[from] InvalidFormat),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// The API, ready to run.
pub(super) struct Compiled {
    pub(super) api: Api,
    pub(super) stage_variables: Variables,
    pub(super) route_selection: SelectionExpression,
    pub(super) integrations: IndexMap<String, Integration>,
    pub(super) authorizers: IndexMap<String, Authorizer>,
    pub(super) access_log: Option<Format>,
    models: IndexMap<String, Model>,
    /// By route key, for the routes that validate.
    request_models: IndexMap<String, RequestModels>,
}

pub(super) struct Authorizer {
    pub(super) function_arn: String,
    pub(super) identity_sources: Vec<IdentitySource>,
}

impl Compiled {
    pub(super) fn new(api: Api) -> Result<Self, InvalidApi> {
        let route_selection = SelectionExpression::parse(&api.route_selection_expression)
            .map_err(|error| Location::RouteSelectionExpression.other(error.to_string()))?;
        let mut integrations = IndexMap::new();
        for (id, declared) in &api.integrations {
            let integration =
                Integration::new(declared, &api.stage.stage_variables).map_err(|error| {
                    InvalidApi {
                        location: Location::Integration(id.clone()),
                        problem: error.into(),
                    }
                })?;
            integrations.insert(id.clone(), integration);
        }
        let mut authorizers = IndexMap::new();
        for (id, declared) in &api.authorizers {
            let authorizer = Authorizer::new(declared, &api.stage.stage_variables)
                .map_err(|problem| Location::Authorizer(id.clone()).other(problem))?;
            authorizers.insert(id.clone(), authorizer);
        }
        let models = model::compile(&api).map_err(|(name, error)| InvalidApi {
            location: Location::Model(name),
            problem: error.into(),
        })?;
        let mut request_models = IndexMap::new();
        for (key, route) in &api.routes {
            check_route(&api, key, route)
                .and_then(|()| check_parameters(&integrations, key, route))
                .map_err(|problem| Location::Route(key.clone()).other(problem))?;
            let chosen = RequestModels::new(route, &models).map_err(|error| InvalidApi {
                location: Location::Route(key.clone()),
                problem: error.into(),
            })?;
            if let Some(chosen) = chosen {
                request_models.insert(key.clone(), chosen);
            }
        }
        check_route_settings(&api)?;
        let format = api.stage.access_log_settings.as_ref();
        let access_log = format
            .map(|settings| Format::parse(&settings.format))
            .transpose()
            .map_err(|error| InvalidApi {
                location: Location::AccessLogSettings,
                problem: error.into(),
            })?;
        check_usage_plans(&api)?;
        Ok(Self {
            stage_variables: Variables::from(&api.stage.stage_variables),
            api,
            route_selection,
            integrations,
            authorizers,
            access_log,
            models,
            request_models,
        })
    }

    /// The integration of a route, if it has one.
    pub(super) fn integration(&self, route_key: &str) -> Option<&Integration> {
        let target = self.api.routes.get(route_key)?.target.as_ref()?;
        self.integrations.get(target)
    }

    /// Judges a message by the model that its route asks for, whatever the route's integration (ROUTE-39).
    pub(super) fn validate(&self, route_key: &str, message: &str) -> Result<(), Mismatch> {
        match self.request_models.get(route_key) {
            Some(chosen) => chosen.judge(&self.models, message),
            None => Ok(()),
        }
    }

    /// Whether the result of a message's integration goes back to the client (INTEGRATION-4).
    pub(super) fn is_two_way(&self, route_key: &str) -> bool {
        let is_lifecycle = [CONNECT, DISCONNECT].contains(&route_key);
        self.api.routes.get(route_key).is_some_and(|route| {
            !is_lifecycle
                && route.route_response_selection_expression.is_some()
                && route.route_responses.iter().any(|key| key == DEFAULT)
        })
    }
}

impl Authorizer {
    /// Stage variables stand in the address as they do in an integration's (AUTHORIZER-62).
    fn new(
        declared: &api::Authorizer,
        stage_variables: &Map<String, Value>,
    ) -> Result<Self, String> {
        let uri = api::with_stage_variables(&declared.authorizer_uri, stage_variables);
        let function_arn = api::function_arn(&uri)
            .ok_or_else(|| format!("`AuthorizerUri` `{uri}` names no Lambda function"))?;
        let identity_sources = declared
            .identity_source
            .iter()
            .map(|source| source.parse().map_err(|error| format!("{error}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            function_arn: function_arn.to_owned(),
            identity_sources,
        })
    }
}

impl Location {
    fn other(self, problem: String) -> InvalidApi {
        InvalidApi {
            location: self,
            problem: Problem::Other(problem),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RouteSelectionExpression => f.write_str("the API"),
            Self::ApiKeySelectionExpression => f.write_str("`ApiKeySelectionExpression`"),
            Self::UsagePlan(id) => write!(f, "usage plan `{id}`"),
            Self::Route(key) => write!(f, "route `{key}`"),
            Self::Authorizer(id) => write!(f, "authorizer `{id}`"),
            Self::Integration(id) => write!(f, "integration `{id}`"),
            Self::Model(name) => write!(f, "model `{name}`"),
            Self::AccessLogSettings => f.write_str("`AccessLogSettings`"),
            Self::RouteSettings(None) => f.write_str("`DefaultRouteSettings`"),
            Self::RouteSettings(Some(key)) => write!(f, "`RouteSettings` of `{key}`"),
        }
    }
}

/// What API Gateway refuses to create: ROUTE-42, AUTHORIZER-48, INTEGRATION-75.
fn check_route(api: &Api, key: &str, route: &api::Route) -> Result<(), String> {
    if key.starts_with('$') && ![CONNECT, DISCONNECT, DEFAULT].contains(&key) {
        return Err(
            "a route key that starts with `$` must be `$connect`, `$disconnect` or `$default`"
                .to_owned(),
        );
    }
    if let Some(target) = &route.target
        && !api.integrations.contains_key(target)
    {
        return Err(format!("there is no integration `{target}`"));
    }
    if route.authorization_type == AuthorizationType::AwsIam && key != CONNECT {
        return Err("only `$connect` can have the authorization type `AWS_IAM`".to_owned());
    }
    if route.authorization_type == AuthorizationType::Custom {
        if key != CONNECT {
            return Err("only `$connect` can have an authorizer".to_owned());
        }
        match &route.authorizer_id {
            None => {
                return Err(
                    "`AuthorizationType` is `CUSTOM`, but there is no `AuthorizerId`".to_owned(),
                );
            }
            Some(id) if !api.authorizers.contains_key(id) => {
                return Err(format!("there is no authorizer `{id}`"));
            }
            Some(_) => {}
        }
    }
    if route.api_key_required && key != CONNECT {
        return Err("only `$connect` can require an API key".to_owned()); // HANDSHAKE-30
    }
    if let Some(expression) = &route.route_response_selection_expression
        && expression != DEFAULT
    {
        return Err(format!(
            "`RouteResponseSelectionExpression` `{expression}` must be `$default`"
        ));
    }
    if let Some(other) = route.route_responses.iter().find(|key| *key != DEFAULT) {
        return Err(format!("route response key `{other}` must be `$default`"));
    }
    Ok(())
}

/// Limits that are numbers, of routes that are there (LIMITS-43).
fn check_route_settings(api: &Api) -> Result<(), InvalidApi> {
    let own = api.stage.route_settings.iter();
    let all = own.map(|(key, settings)| (Some(key), settings));
    let default = (None, &api.stage.default_route_settings);
    for (key, settings) in all.chain([default]) {
        let location = Location::RouteSettings(key.cloned());
        if let Some(key) = key
            && !api.routes.contains_key(key)
        {
            return Err(location.other(format!("the API has no route `{key}`")));
        }
        if let Some(rate) = settings.throttling_rate_limit
            && !(rate.is_finite() && rate >= 0.0)
        {
            let problem = format!("`ThrottlingRateLimit` `{rate}` must be zero or more");
            return Err(location.other(problem));
        }
    }
    Ok(())
}

/// Where keys are looked for (HANDSHAKE-49), and plans with keys that are there and limits that are numbers.
fn check_usage_plans(api: &Api) -> Result<(), InvalidApi> {
    if let Err(error) = api.api_key_selection_expression.parse::<KeySource>() {
        return Err(Location::ApiKeySelectionExpression.other(error.to_string()));
    }
    for (id, plan) in &api.usage_plans {
        let error = |problem: String| Location::UsagePlan(id.clone()).other(problem);
        let unknown = |key: &&String| !api.api_keys.contains_key(*key);
        if let Some(key) = plan.api_keys.iter().find(unknown) {
            return Err(error(format!("there is no API key `{key}`")));
        }
        if let Some(rate) = plan.rate_limit
            && !(rate.is_finite() && rate >= 0.0)
        {
            return Err(error(format!("`RateLimit` `{rate}` must be zero or more")));
        }
        if let Some(quota) = plan.quota
            && let Err(highest) = quota.check()
        {
            let (offset, period) = (quota.offset, quota.period);
            return Err(error(format!(
                "`Offset` `{offset}` must be from 0 to {highest} for a {period}"
            )));
        }
    }
    Ok(())
}

/// What a route may declare of the handshake, and what its integration uses of it: INTEGRATION-61, INTEGRATION-62.
fn check_parameters(
    integrations: &IndexMap<String, Integration>,
    key: &str,
    route: &api::Route,
) -> Result<(), String> {
    if key != CONNECT {
        return match route.request_parameters.first() {
            Some((name, _)) => Err(format!(
                "request parameter `{name}`: only `$connect` can have request parameters"
            )),
            None => Ok(()),
        };
    }
    let names = route.request_parameters.keys().map(String::as_str);
    integration::missing(names, &Value::Null).map_err(|name| {
        format!(
            "request parameter `{name}` must be `route.request.header.NAME` or `route.request.querystring.NAME`"
        )
    })?;
    let integration = route.target.as_ref().and_then(|id| integrations.get(id));
    match integration.and_then(|integration| integration.undeclared(route)) {
        Some(name) => Err(format!(
            "its integration uses `{name}`, which the route does not declare: `RequestParameters: {{{name}: {{Required: false}}}}`"
        )),
        None => Ok(()),
    }
}
