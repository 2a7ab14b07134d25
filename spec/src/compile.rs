//! From a declared API to one that can run: every reference followed, every expression and template
//! read, every problem named with its location.

mod problem;
mod route;

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::access_log::Format;
use crate::api::{self, Api, AuthorizationType, CallPermission};
use crate::authorizer::IdentitySource;
use crate::integration::Integration;
use crate::message::Message;
use crate::model::{self, Mismatch, Model, RequestModels};
use crate::route::{DEFAULT, RouteKey};
use crate::selection::SelectionExpression;
use crate::template::Variables;
use crate::usage_plan::KeySource;

pub use problem::{
    InvalidApi, InvalidAuthorizer, InvalidRoute, InvalidRouteSettings, InvalidUsagePlan, Location,
    Problem,
};

/// An API that was checked and is ready to be served: a deployment as a value, which never changes.
///
/// It is made by [`Api::compile`] and shared: gateways, and whatever was begun under it, hold it.
pub struct CompiledApi {
    api: Api,
    pub(crate) stage_variables: Arc<Variables>,
    pub(crate) route_selection: SelectionExpression,
    pub(crate) key_source: KeySource,
    pub(crate) access_log: Option<Format>,
    integrations: IndexMap<String, Integration>,
    authorizers: IndexMap<String, Authorizer>,
    models: IndexMap<String, Model>,
    /// For the routes that validate.
    request_models: HashMap<RouteKey, RequestModels>,
}

/// Why an API cannot be deployed over another one: it is not the same API and stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a deployment cannot change the {what} from `{from}` to `{to}`")]
pub struct CannotDeploy {
    /// What differs, in words: the API id, the stage, the account, the Region or the partition.
    pub what: &'static str,
    /// Its value in the API that is served.
    pub from: String,
    /// Its value in the other one.
    pub to: String,
}

/// An authorizer, ready to be asked.
pub(crate) struct Authorizer {
    pub(crate) target: CallTarget,
    pub(crate) identity_sources: Vec<IdentitySource>,
}

/// Whom the call of a function reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallTarget {
    /// The function, by its ARN.
    Function(String),
    /// Nobody: API Gateway has no permission to call the function.
    NotPermitted {
        /// Why, in words.
        reason: String,
    },
}

impl Api {
    /// Checks everything that is declared and makes it ready to run.
    ///
    /// # Errors
    /// All that cannot be used: of the API, its integrations, authorizers, models, routes, stage
    /// and usage plans, each in the order of declaration.
    pub fn compile(self) -> Result<CompiledApi, Vec<InvalidApi>> {
        Compiler::default().compile(self)
    }
}

impl CompiledApi {
    /// The API as it was declared.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Whether this API can be deployed where `old` is served: another deployment of the same API
    /// and stage.
    ///
    /// # Errors
    /// The first thing that a deployment cannot change.
    pub fn can_follow(&self, old: &Self) -> Result<(), CannotDeploy> {
        let names = |api: &Self| {
            [
                ("partition", api.partition.clone()),
                ("Region", api.region.clone()),
                ("account", api.account_id.clone()),
                ("API id", api.api_id.clone()),
                ("stage", api.stage.stage_name.clone()),
            ]
        };
        let changed = names(old)
            .into_iter()
            .zip(names(self))
            .find(|(from, to)| from != to);
        match changed {
            Some(((what, from), (_, to))) => Err(CannotDeploy { what, from, to }),
            None => Ok(()),
        }
    }

    /// The integration of a route, if it has one.
    pub(crate) fn integration(&self, route_key: &RouteKey) -> Option<&Integration> {
        let target = self.routes.get(route_key)?.target.as_ref()?;
        self.integrations.get(target)
    }

    /// The authorizer that `$connect` asks, if it asks one.
    pub(crate) fn authorizer(&self) -> Option<&Authorizer> {
        let connect = self.routes.get(&RouteKey::Connect)?;
        if connect.authorization_type != AuthorizationType::Custom {
            return None;
        }
        self.authorizers.get(connect.authorizer_id.as_ref()?)
    }

    /// Whom a call of `function_arn` by a route's integration reaches.
    pub(crate) fn call_target(&self, route_key: &RouteKey, function_arn: String) -> CallTarget {
        let route = self.routes.get(route_key);
        CallTarget::new(function_arn, route.map(|route| &route.call_permission))
    }

    /// Judges a message by the model that its route asks for, whatever the route's integration.
    ///
    /// Realises: ROUTE-39
    pub(crate) fn validate(
        &self,
        route_key: &RouteKey,
        message: &Message<'_>,
    ) -> Result<(), Mismatch> {
        match self.request_models.get(route_key) {
            Some(chosen) => chosen.judge(&self.models, message),
            None => Ok(()),
        }
    }

    /// The name of the model that judges a message, or the key that no model has; `None` if none
    /// is asked.
    pub(crate) fn model_name(&self, route_key: &RouteKey, message: &Message<'_>) -> Option<String> {
        let chosen = self.request_models.get(route_key)?;
        Some(match chosen.choose(&self.models, message) {
            Ok((name, _)) => name.to_owned(),
            Err(key) => key,
        })
    }

    /// Whether the result of a message's integration goes back to the client.
    ///
    /// Realises: INTEGRATION-4
    pub(crate) fn is_two_way(&self, route_key: &RouteKey) -> bool {
        !route_key.is_lifecycle()
            && self.routes.get(route_key).is_some_and(|route| {
                route.route_response_selection_expression.is_some()
                    && route.route_responses.iter().any(|key| key == DEFAULT)
            })
    }
}

impl Deref for CompiledApi {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

/// What is compiled follows from what is declared.
impl PartialEq for CompiledApi {
    fn eq(&self, other: &Self) -> bool {
        self.api == other.api
    }
}

impl fmt::Debug for CompiledApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CompiledApi").field(&self.api).finish()
    }
}

impl CallTarget {
    fn new(function_arn: String, permission: Option<&CallPermission>) -> Self {
        match permission {
            Some(CallPermission::Missing { reason }) => Self::NotPermitted {
                reason: reason.clone(),
            },
            Some(CallPermission::Granted | CallPermission::ByRole) | None => {
                Self::Function(function_arn)
            }
        }
    }
}

/// Collects problems on the way.
#[derive(Default)]
struct Compiler {
    problems: Vec<InvalidApi>,
}

impl Compiler {
    fn compile(mut self, api: Api) -> Result<CompiledApi, Vec<InvalidApi>> {
        let route_selection = SelectionExpression::parse(&api.route_selection_expression);
        let route_selection = self.taken(
            &Location::Api,
            route_selection.map_err(Problem::RouteSelection),
        );
        let integrations = self.integrations(&api);
        let authorizers = self.authorizers(&api);
        let models = self.models(&api);
        let request_models = self.routes(&api, &integrations);
        self.check_route_settings(&api);
        let settings = api.stage.access_log_settings.as_ref();
        let access_log = settings.and_then(|settings| {
            let format = Format::parse(&settings.format);
            self.taken(&Location::AccessLogSettings, format)
        });
        let key_source = api.api_key_selection_expression.parse();
        let key_source = self.taken(&Location::Api, key_source.map_err(Problem::KeySource));
        self.check_usage_plans(&api);
        match (route_selection, key_source) {
            (Some(route_selection), Some(key_source)) if self.problems.is_empty() => {
                Ok(CompiledApi {
                    stage_variables: Arc::new(Variables::from(&api.stage.stage_variables)),
                    api,
                    route_selection,
                    key_source,
                    access_log,
                    integrations,
                    authorizers,
                    models,
                    request_models,
                })
            }
            _ => Err(self.problems),
        }
    }

    fn reject(&mut self, location: &Location, problem: impl Into<Problem>) {
        let invalid = InvalidApi::new(location.clone(), problem);
        self.problems.push(invalid);
    }

    /// What was read, or nothing and one problem more.
    fn taken<T, E: Into<Problem>>(&mut self, location: &Location, read: Result<T, E>) -> Option<T> {
        read.map_err(|problem| self.reject(location, problem)).ok()
    }

    fn integrations(&mut self, api: &Api) -> IndexMap<String, Integration> {
        let mut integrations = IndexMap::new();
        for (id, declared) in &api.integrations {
            match Integration::new(declared, &api.stage.stage_variables) {
                Ok(integration) => {
                    integrations.insert(id.clone(), integration);
                }
                Err(problems) => {
                    let location = Location::Integration(id.clone());
                    for problem in problems {
                        self.reject(&location, problem);
                    }
                }
            }
        }
        integrations
    }

    fn authorizers(&mut self, api: &Api) -> IndexMap<String, Authorizer> {
        let mut authorizers = IndexMap::new();
        for (id, declared) in &api.authorizers {
            let location = Location::Authorizer(id.clone());
            let target = authorizer_target(declared, &api.stage.stage_variables);
            let target = self.taken(&location, target);
            let mut identity_sources = Vec::new();
            for source in &declared.identity_source {
                let source = source.parse().map_err(InvalidAuthorizer::IdentitySource);
                identity_sources.extend(self.taken(&location, source));
            }
            if let Some(target) = target {
                let authorizer = Authorizer {
                    target,
                    identity_sources,
                };
                authorizers.insert(id.clone(), authorizer);
            }
        }
        authorizers
    }

    fn models(&mut self, api: &Api) -> IndexMap<String, Model> {
        let (models, problems) = model::compile(api);
        for (name, problem) in problems {
            self.reject(&Location::Model(name), problem);
        }
        models
    }

    fn routes(
        &mut self,
        api: &Api,
        integrations: &IndexMap<String, Integration>,
    ) -> HashMap<RouteKey, RequestModels> {
        let mut request_models = HashMap::new();
        for (key, route) in &api.routes {
            let location = Location::Route(key.clone());
            for problem in route::problems(api, key, route) {
                self.reject(&location, problem);
            }
            let parameters = route::check_parameters(integrations, key, route);
            self.taken(&location, parameters);
            let chosen = RequestModels::new(route, &api.models);
            if let Some(Some(chosen)) = self.taken(&location, chosen) {
                request_models.insert(key.clone(), chosen);
            }
        }
        request_models
    }

    /// Limits that are numbers, of routes that are there.
    ///
    /// Realises: LIMITS-43
    fn check_route_settings(&mut self, api: &Api) {
        for (key, settings) in &api.stage.route_settings {
            let location = Location::RouteSettings(key.clone());
            if !api.routes.contains_key(key) {
                self.reject(&location, InvalidRouteSettings::UnknownRoute(key.clone()));
            }
            self.check_rate(&location, settings);
        }
        let default = &api.stage.default_route_settings;
        self.check_rate(&Location::DefaultRouteSettings, default);
    }

    fn check_rate(&mut self, location: &Location, settings: &api::RouteSettings) {
        if let Some(rate) = settings.throttling_rate_limit
            && !is_rate(rate)
        {
            self.reject(location, InvalidRouteSettings::Rate(rate));
        }
    }

    /// Plans with keys that are there and limits that are numbers.
    fn check_usage_plans(&mut self, api: &Api) {
        for (id, plan) in &api.usage_plans {
            let location = Location::UsagePlan(id.clone());
            for key in &plan.api_keys {
                if !api.api_keys.contains_key(key) {
                    self.reject(&location, InvalidUsagePlan::UnknownKey(key.clone()));
                }
            }
            if let Some(rate) = plan.rate_limit
                && !is_rate(rate)
            {
                self.reject(&location, InvalidUsagePlan::Rate(rate));
            }
            if let Some(quota) = plan.quota {
                self.taken(&location, quota.check().map_err(InvalidUsagePlan::Quota));
            }
        }
    }
}

fn is_rate(rate: f64) -> bool {
    rate.is_finite() && rate >= 0.0
}

/// Stage variables stand in the address as they do in an integration's.
///
/// Realises: AUTHORIZER-62
fn authorizer_target(
    declared: &api::Authorizer,
    stage_variables: &Map<String, Value>,
) -> Result<CallTarget, InvalidAuthorizer> {
    let uri = api::with_stage_variables(&declared.authorizer_uri, stage_variables);
    match api::function_arn(&uri) {
        Some(arn) => Ok(CallTarget::new(
            arn.to_owned(),
            Some(&declared.call_permission),
        )),
        None => Err(InvalidAuthorizer::Uri(uri)),
    }
}

#[cfg(test)]
mod tests;
