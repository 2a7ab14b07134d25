//! `AWS::ApiGatewayV2::Deployment`: a stage serves the API as it was when its deployment was made.

use std::collections::BTreeSet;

use spec::deployment::Deployment;
use spec::route::RouteKey;

use crate::error::{ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::order::Order;
use crate::resources::properties::Properties;
use crate::resources::route;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Deployment",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Only(&[("DeploymentId", "{ref}")]),
    },
    known: &["ApiId", "StageName"],
    harmless: &["Description"],
    reads: Reads::All(read),
};

/// A deployment, and the routes of which it is not clear whether they are part of it.
struct Made {
    logical_id: String,
    span: Span,
    id: String,
    deployment: Deployment,
    /// Neither made before it nor after it.
    unordered: Vec<RouteKey>,
    /// Whether a route is made before it.
    has_a_route: bool,
}

/// Stages are read before this: the deployments that count are those of the stage that is served.
fn read(draft: &mut Draft<'_>) {
    // Without a stage, or with one that could not be read, nothing more is to be said.
    if draft.chosen.is_none() || draft.api.stage.stage_name.is_empty() {
        return;
    }
    let order = Order::new(&draft.templates);
    let routes = routes(draft);
    for properties in draft.of_api(TYPE.name) {
        draft.warn_of_others(&properties, &TYPE);
        let stage = draft.optional(properties.text("StageName"));
        let is_of_stage = stage.is_some_and(|name| name == draft.api.stage.stage_name);
        let id = draft.id(&properties);
        let made = made(&order, &routes, &properties, (id, is_of_stage));
        let is_used = is_of_stage || draft.deployment_id.as_ref() == Some(&made.id);
        if is_used {
            draft.api.stage.undeployed = false;
        }
        warn_of_order(draft, &made, is_used && !draft.auto_deploy);
        draft.deployments.insert(made.id, made.deployment);
    }
    warn_of_another(draft);
    if draft.api.stage.undeployed {
        warn_undeployed(draft);
    } else {
        require_a_route(draft);
    }
}

/// The routes of the API that could be read, with their logical ids.
fn routes(draft: &mut Draft<'_>) -> Vec<(String, RouteKey)> {
    let resources = draft.of_api(route::TYPE.name);
    let mut routes = Vec::new();
    for properties in resources {
        let id = draft.id(&properties);
        if let Some(Some(key)) = draft.route_keys.get(&id) {
            routes.push((properties.path(), key.clone()));
        }
    }
    routes
}

fn made(
    order: &Order,
    routes: &[(String, RouteKey)],
    properties: &Properties<'_>,
    (id, names_the_stage): (String, bool),
) -> Made {
    let logical_id = properties.path();
    let before = order.before(&logical_id);
    let is_before = |route: &str| before.contains(route);
    let is_after = |route: &str| order.before(route).contains(&*logical_id);
    let keys = |is_meant: &dyn Fn(&str) -> bool| {
        let meant = routes.iter().filter(|(route, _)| is_meant(route));
        meant.map(|(_, key)| key.clone()).collect::<Vec<_>>()
    };
    let mut made_before = keys(&is_after);
    if made_before.len() == routes.len() {
        // AWS does not make it: this stack came about in several steps.
        made_before.clear();
    }
    Made {
        span: properties.resource.id_span.clone(),
        id,
        deployment: Deployment {
            names_the_stage,
            made_before,
        },
        unordered: keys(&|route| !is_before(route) && !is_after(route)),
        has_a_route: routes.iter().any(|(route, _)| is_before(route)),
        logical_id,
    }
}

/// Warns of routes that may be made after the deployment, or are.
///
/// Realises: ROUTE-30
fn warn_of_order(draft: &mut Draft<'_>, made: &Made, counts: bool) {
    let Made {
        logical_id, span, ..
    } = made;
    let names = |keys: &[RouteKey]| {
        let keys: BTreeSet<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        keys.into_iter().collect::<Vec<_>>().join(", ")
    };
    let mut warn = |message: String| draft.warn(span.clone(), WarningKind::Suspicious, message);
    if !made.has_a_route {
        warn(format!(
            "the deployment `{logical_id}` depends on no route: CloudFormation may make it before \
             the first one, and then AWS refuses it; name the routes in its `DependsOn`"
        ));
    } else if counts && !made.unordered.is_empty() {
        warn(format!(
            "the deployment `{logical_id}` does not depend on the routes {}: CloudFormation may \
             make it before them, and then AWS does not serve them; name them in its `DependsOn`",
            names(&made.unordered)
        ));
    }
    let later = &made.deployment.made_before;
    if counts && !later.is_empty() {
        warn(format!(
            "the routes {} are made after the deployment `{logical_id}`, since they depend on it: \
             they are not served, as on AWS",
            names(later)
        ));
    }
}

/// Warns of a `DeploymentId` of which nothing is known.
fn warn_of_another(draft: &mut Draft<'_>) {
    let Some(id) = &draft.deployment_id else {
        return;
    };
    if draft.deployments.contains_key(id) || draft.incomplete.contains(TYPE.name) {
        return;
    }
    let message = format!(
        "`DeploymentId` `{id}` names no deployment of this template: what that one holds is not \
         known, and the template's API is served"
    );
    let span = draft.locations.stage.properties.get("DeploymentId");
    let span = span.cloned().unwrap_or_default();
    draft.warn(span, WarningKind::Suspicious, message);
}

/// Realises: HANDSHAKE-21
fn warn_undeployed(draft: &mut Draft<'_>) {
    let message = format!(
        "the stage `{}` has no deployment, so every client is refused with 403, as on AWS: \
         give it a `DeploymentId`, or `AutoDeploy: true`",
        draft.api.stage.stage_name
    );
    let span = draft.locations.stage.resource.clone();
    draft.warn(span, WarningKind::Suspicious, message);
}

/// Realises: ROUTE-45
fn require_a_route(draft: &mut Draft<'_>) {
    let Some(resource) = draft.chosen else {
        return;
    };
    if draft.api.routes.is_empty() && !draft.incomplete.contains(route::TYPE.name) {
        let message = format!(
            "the API `{}` has no route: AWS does not deploy it",
            resource.id
        );
        draft.error_with_help(
            resource.id_span.clone(),
            ErrorKind::Conflict(message),
            "declare an `AWS::ApiGatewayV2::Route`",
        );
    }
}
