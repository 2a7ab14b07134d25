//! Deployments: a stage serves the API as it was at the stage's last deployment, with the stage's
//! own settings as they are now.
//!
//! ```text
//! what a stack declares ──▶ Deployments, the snapshots that were made until now
//!         │                      │
//!         └──────── served ◀─────┘
//! ```

use std::sync::Arc;

use indexmap::IndexMap;

use crate::api::{Api, CallPermission, Stage};
use crate::route::RouteKey;

/// What a stack declares of an API and its deployments.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The API with the stage that is served.
    pub api: Arc<Api>,
    /// `AutoDeploy` of the stage.
    pub auto_deploy: bool,
    /// `DeploymentId` of the stage.
    pub deployment_id: Option<String>,
    /// The resources `AWS::ApiGatewayV2::Deployment`, by id.
    pub deployments: IndexMap<String, Deployment>,
}

/// `AWS::ApiGatewayV2::Deployment`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Whether its `StageName` is that of the stage, which is deployed with it.
    pub names_the_stage: bool,
    /// The routes that are made after it, in the order of the stack's resources: they are not part
    /// of it.
    pub made_before: Vec<RouteKey>,
}

/// The deployments that there are, and the one that the stage has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployments {
    /// The API as it was when each was made.
    by_id: IndexMap<String, Arc<Api>>,
    /// `DeploymentId` of the stage as it was set last.
    set: Option<String>,
    /// The API as it was at the stage's last deployment.
    last: Option<Arc<Api>>,
}

impl Deployments {
    /// Those that there are once a stack is made, or updated, to what it declares.
    ///
    /// - A deployment is made once, when its resource is new: it holds the API of that moment.
    /// - A stage with `AutoDeploy` is deployed at every update.
    /// - Any other is deployed by a `DeploymentId` that is another one than before, and by a new
    ///   deployment that names it. A property that is taken away changes nothing.
    ///
    /// A `DeploymentId` that names none of the stack's deployments is taken for one of this moment.
    ///
    /// Realises: ROUTE-30, ROUTE-31, ROUTE-62, ROUTE-63
    #[must_use]
    pub fn updated(&self, declared: &Declared) -> Self {
        let made = |(id, deployment): (&String, &Deployment)| {
            let existing = self.by_id.get(id).cloned();
            let snapshot = existing.unwrap_or_else(|| deployment.of(&declared.api));
            (id.clone(), snapshot)
        };
        let by_id: IndexMap<_, _> = declared.deployments.iter().map(made).collect();
        let mut last = self.last.clone();
        if declared.deployment_id != self.set
            && let Some(id) = &declared.deployment_id
        {
            let snapshot = by_id.get(id).unwrap_or(&declared.api);
            last = Some(Arc::clone(snapshot));
        }
        for (id, deployment) in &declared.deployments {
            if deployment.names_the_stage && !self.by_id.contains_key(id) {
                last = by_id.get(id).cloned();
            }
        }
        if declared.auto_deploy {
            last = Some(Arc::clone(&declared.api));
        }
        Self {
            by_id,
            set: declared.deployment_id.clone(),
            last,
        }
    }

    /// The API as it is served: that of the stage's last deployment, under the name and with the
    /// stage, the API keys and the usage plans that are declared. Without a deployment the stage
    /// refuses everyone.
    ///
    /// Who may call functions is as it was, too: whoever knows the permissions corrects it, since
    /// they are no part of a deployment.
    ///
    /// Realises: HANDSHAKE-21, ROUTE-64, AUTHORIZER-53
    pub fn served(&self, declared: &Declared) -> Api {
        let now = &*declared.api;
        let Some(last) = &self.last else {
            let mut api = now.clone();
            api.stage.undeployed = true;
            return api;
        };
        let mut stage = Stage {
            undeployed: false,
            ..now.stage.clone()
        };
        // Settings of routes that are not there yet.
        let routes = &last.routes;
        stage
            .route_settings
            .retain(|key, _| routes.contains_key(key));
        Api {
            api_id: now.api_id.clone(),
            account_id: now.account_id.clone(),
            region: now.region.clone(),
            partition: now.partition.clone(),
            api_mappings: now.api_mappings.clone(),
            stage,
            api_keys: now.api_keys.clone(),
            usage_plans: now.usage_plans.clone(),
            ..(**last).clone()
        }
    }
}

impl Deployment {
    /// The API as a deployment holds it that is made now.
    fn of(&self, api: &Arc<Api>) -> Arc<Api> {
        if self.made_before.is_empty() {
            return Arc::clone(api);
        }
        let mut snapshot = (**api).clone();
        let is_later = |key: &RouteKey| self.made_before.contains(key);
        snapshot.routes.retain(|key, _| !is_later(key));
        Arc::new(snapshot)
    }
}

/// What of an API waits for the next deployment, each in some words; nothing if `served` has it all.
/// Permissions to call functions wait for nothing.
pub fn waiting(declared: &Api, served: &Api) -> Vec<String> {
    let mut waiting = Vec::new();
    if declared.route_selection_expression != served.route_selection_expression {
        waiting.push("the route selection expression".to_owned());
    }
    if declared.api_key_selection_expression != served.api_key_selection_expression {
        waiting.push("the API key selection expression".to_owned());
    }
    if declared.disable_execute_api_endpoint != served.disable_execute_api_endpoint {
        waiting.push("`DisableExecuteApiEndpoint`".to_owned());
    }
    for key in declared.routes.keys() {
        match served.routes.contains_key(key) {
            false => waiting.push(format!("the route `{key}`")),
            true if parts(declared, key) != parts(served, key) => {
                waiting.push(format!("changes of the route `{key}`"));
            }
            true => {}
        }
    }
    let removed = served.routes.keys();
    let removed = removed.filter(|key| !declared.routes.contains_key(*key));
    waiting.extend(removed.map(|key| format!("the end of the route `{key}`")));
    waiting
}

/// A route with all that it leads to.
fn parts<'a>(api: &'a Api, key: &RouteKey) -> impl PartialEq + use<'a> {
    let mut route = api.routes.get(key).cloned().unwrap_or_default();
    route.call_permission = CallPermission::Granted;
    let integration = route
        .target
        .as_ref()
        .and_then(|id| api.integrations.get(id));
    let authorizer = route.authorizer_id.as_ref();
    let authorizer = authorizer.and_then(|id| api.authorizers.get(id));
    let authorizer = authorizer.map(|one| (&one.name, &one.authorizer_uri, &one.identity_source));
    let names = route.request_models.values();
    let models: Vec<_> = names.map(|name| api.models.get(name)).collect();
    (route, integration, authorizer, models)
}

#[cfg(test)]
mod tests;
