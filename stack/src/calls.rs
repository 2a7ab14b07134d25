//! Which function each call of the API reaches, and whether a permission lets it.

use spec::api::{
    Api, CallPermission, Integration, IntegrationType, function_arn, with_stage_variables,
};
use spec::route::RouteKey;
use velocity::suggest::nearest;

use crate::declared::{Function, Permission};
use crate::error::{ErrorKind, Span, WarningKind};
use crate::resources::draft::Draft;
use crate::resources::{function, permission, stage};

/// Finds the function of every call that the API makes, and notes where the permission is missing.
///
/// A call without a permission fails on AWS as if the function could not be called at all. The
/// permission depends on the caller, so it is noted on the route or the authorizer.
///
/// Realises: AUTHORIZER-52, INTEGRATION-74, HANDSHAKE-8, INTEGRATION-8
pub(crate) fn resolve(draft: &mut Draft<'_>) {
    authorizers(draft);
    integrations(draft);
    routes(draft);
    function_errors(draft);
}

/// Realises: AUTHORIZER-62
fn authorizers(draft: &mut Draft<'_>) {
    let ids: Vec<String> = draft.api.authorizers.keys().cloned().collect();
    for id in ids {
        if draft.unread.contains(&id) {
            continue;
        }
        let locations = &draft.locations.authorizers[&id];
        let span = locations.properties.get("AuthorizerUri");
        let span = span.unwrap_or(&locations.resource).clone();
        let uri = &draft.api.authorizers[&id].authorizer_uri;
        let uri = with_stage_variables(uri, &draft.api.stage.stage_variables);
        let function = match find(draft, &uri, &span) {
            Found::Here(function) => function,
            Found::Elsewhere(reason) => {
                let permission = CallPermission::Missing { reason };
                draft.api.authorizers[&id].call_permission = permission;
                continue;
            }
            Found::Unknown => continue,
        };
        let caller = authorizer_arn(&draft.api, &id);
        if draft.authorizers_with_role.contains(&id) {
            draft.api.authorizers[&id].call_permission = CallPermission::ByRole;
        } else if !is_permitted(draft, function, &caller) {
            let permission = missing(draft, function, caller, span);
            draft.api.authorizers[&id].call_permission = permission;
        }
    }
}

/// The caller of an authorizer's function.
fn authorizer_arn(api: &Api, id: &str) -> String {
    let Api {
        partition,
        region,
        account_id,
        api_id,
        ..
    } = api;
    format!("arn:{partition}:execute-api:{region}:{account_id}:{api_id}/authorizers/{id}")
}

/// Also those of integrations that no route leads to.
fn integrations(draft: &mut Draft<'_>) {
    let ids: Vec<String> = draft.api.integrations.keys().cloned().collect();
    for id in ids {
        integration(draft, &id);
    }
}

fn routes(draft: &mut Draft<'_>) {
    let targets = draft.api.routes.iter();
    let targets = targets.filter_map(|(key, route)| Some((key.clone(), route.target.clone()?)));
    let targets: Vec<(RouteKey, String)> = targets.collect();
    for (key, target) in targets {
        if draft.with_role.contains(&target) {
            draft.api.routes[&key].call_permission = CallPermission::ByRole;
            continue;
        }
        let Some(function) = integration(draft, &target) else {
            continue;
        };
        let caller = draft.api.route_arn(&key);
        if !is_permitted(draft, function, &caller) {
            let locations = draft.locations.routes.get(key.as_str());
            let span = locations.and_then(|route| route.properties.get("RouteKey").cloned());
            let permission = missing(draft, function, caller, span.unwrap_or_default());
            draft.api.routes[&key].call_permission = permission;
        }
    }
}

/// The function that an integration calls, by its position. An integration that calls one elsewhere
/// cannot be carried out.
fn integration(draft: &mut Draft<'_>, id: &str) -> Option<usize> {
    let integration = draft.api.integrations.get(id)?;
    if integration.unavailable.is_some() {
        return None;
    }
    let uri = draft.function_uri(integration)?;
    let locations = draft.locations.integrations.get(id)?;
    let span = locations.properties.get("IntegrationUri")?.clone();
    match find(draft, &uri, &span) {
        Found::Here(function) => Some(function),
        Found::Elsewhere(reason) => {
            draft.api.integrations[id].unavailable = Some(reason);
            None
        }
        Found::Unknown => None,
    }
}

/// The function that an address names.
enum Found {
    /// By its position.
    Here(usize),
    /// It is none of the stacks': why it cannot be called.
    Elsewhere(String),
    /// What is wrong has been told.
    Unknown,
}

/// The function that an address names. It is called from now on. The name of one elsewhere is an
/// error if it is nearly that of one that is here.
fn find(draft: &mut Draft<'_>, uri: &str, span: &Span) -> Found {
    // What names no function is left to the specification.
    let Some(arn) = function_arn(uri) else {
        return Found::Unknown;
    };
    let functions = &mut draft.functions;
    let index = functions.iter().position(|function| is_of(function, arn));
    if let Some(index) = index {
        functions[index].is_called = true;
        return Found::Here(index);
    }
    // It may be one whose name, or whose name here, could not be read.
    let incomplete = [function::SERVERLESS.name, stage::TYPE.name];
    if incomplete
        .iter()
        .any(|kind| draft.incomplete.contains(kind))
    {
        return Found::Unknown;
    }
    let message = format!("the function `{arn}` is not in this stack");
    let Api {
        partition,
        region,
        account_id,
        ..
    } = &draft.api;
    let own = format!("arn:{partition}:lambda:{region}:{account_id}:function:");
    let help = match elsewhere(&draft.functions, arn, &own) {
        Ok(cure) => {
            let reason = format!("{message}{cure}");
            let warning = format!("{reason}: what calls it fails here");
            draft.warn(span.clone(), WarningKind::Unavailable, warning);
            return Found::Elsewhere(reason);
        }
        Err(help) => help,
    };
    let kind = ErrorKind::Dangling(message);
    let error = draft.source().report(span.clone(), kind, help.as_deref());
    draft.findings.error(error);
    Found::Unknown
}

/// Whether an ARN may be that of a function elsewhere, with what more there is to say of it; else
/// what helps. Those that are here begin with `own`.
fn elsewhere(functions: &[Function], arn: &str, own: &str) -> Result<String, Option<String>> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    if let ["arn", _, "lambda", _, account, "function", rest] = parts[..]
        && permission::is_account(account)
        && let Some(name) = rest.split(':').next().filter(|name| !name.is_empty())
    {
        if let Some(function) = functions.iter().find(|function| function.name == name) {
            let Function {
                logical_id, arn, ..
            } = function;
            return Ok(format!(
                " (`{logical_id}` is `{arn}` here: `!GetAtt {logical_id}.Arn` gives that)"
            ));
        }
        let names = functions.iter().map(|function| &*function.name);
        return match nearest(name, names).filter(|_| arn.starts_with(own)) {
            Some(near) => Err(Some(format!("did you mean `{near}`?"))),
            None => Ok(String::new()),
        };
    }
    if let Some(Function { logical_id, .. }) = functions.iter().find(|one| one.name == arn) {
        return Err(Some(format!(
            "that is the name of `{logical_id}`, which `!Ref` gives: its ARN is \
             `!GetAtt {logical_id}.Arn`, in a text `${{{logical_id}.Arn}}`"
        )));
    }
    let known = functions.iter().map(|function| &*function.logical_id);
    let known = known.collect::<Vec<_>>().join("`, `");
    Err((!known.is_empty()).then(|| format!("its functions are `{known}`")))
}

/// Judges the calls of an API that was deployed before: a function may be gone since, and so may a
/// permission. Roles stay.
pub(crate) fn judge_again(api: &mut Api, functions: &mut [Function], permissions: &[Permission]) {
    let variables = &api.stage.stage_variables;
    let mut judge = |uri: &str, caller: String, permission: &mut CallPermission| {
        let uri = with_stage_variables(uri, variables);
        let Some(arn) = function_arn(&uri) else {
            return;
        };
        let found = functions.iter_mut().find(|function| is_of(function, arn));
        let reason = match found {
            None => Some(match permission {
                CallPermission::Missing { reason } => reason.clone(),
                _ => format!("the function `{arn}` is gone from the stack"),
            }),
            Some(function) => {
                function.is_called = true;
                let id = &function.logical_id;
                let permitted = *permission == CallPermission::ByRole
                    || permissions.iter().any(|one| one.allows(function, &caller));
                (!permitted)
                    .then(|| format!("no permission lets `{caller}` call the function `{id}`"))
            }
        };
        match reason {
            Some(reason) => *permission = CallPermission::Missing { reason },
            None if *permission == CallPermission::ByRole => {}
            None => *permission = CallPermission::Granted,
        }
    };
    let authorizers = api.authorizers.iter();
    let arns: Vec<String> = authorizers.map(|(id, _)| authorizer_arn(api, id)).collect();
    let routes: Vec<String> = api.routes.keys().map(|key| api.route_arn(key)).collect();
    for (authorizer, caller) in api.authorizers.values_mut().zip(arns) {
        let uri = authorizer.authorizer_uri.clone();
        judge(&uri, caller, &mut authorizer.call_permission);
    }
    for (route, caller) in api.routes.values_mut().zip(routes) {
        let target = route.target.as_ref();
        let integration = target.and_then(|id| api.integrations.get(id));
        let calls_functions = |integration: &&Integration| {
            let kind = integration.integration_type;
            matches!(kind, IntegrationType::Aws | IntegrationType::AwsProxy)
        };
        let uri = integration.filter(calls_functions);
        if let Some(uri) = uri.and_then(|one| one.integration_uri.clone()) {
            judge(&uri, caller, &mut route.call_permission);
        }
    }
}

/// Whether an ARN, perhaps with a qualifier, is a function's.
fn is_of(function: &Function, arn: &str) -> bool {
    let rest = arn.strip_prefix(&*function.arn);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Whether a permission lets `caller` call a function. One that could not be read may be it.
fn is_permitted(draft: &Draft<'_>, function: usize, caller: &str) -> bool {
    let function = &draft.functions[function];
    let mut permissions = draft.permissions.iter();
    draft.incomplete.contains(permission::TYPE.name)
        || permissions.any(|permission| permission.allows(function, caller))
}

fn missing(draft: &mut Draft<'_>, function: usize, caller: String, span: Span) -> CallPermission {
    let function = draft.functions[function].logical_id.clone();
    let reason = format!("no permission lets `{caller}` call the function `{function}`");
    let message = format!("{reason}: the call will fail, as on AWS");
    let kind = WarningKind::NotPermitted { function, caller };
    draft.warn(span, kind, message);
    CallPermission::Missing { reason }
}

/// What is wrong with a function matters only if something calls it.
fn function_errors(draft: &mut Draft<'_>) {
    for (id, errors) in std::mem::take(&mut draft.function_errors) {
        let mut functions = draft.functions.iter();
        if functions.any(|function| function.logical_id == id && function.is_called) {
            errors
                .into_iter()
                .for_each(|error| draft.findings.error(error));
        } else {
            let consequence = "the API does not call the function, and is served without it";
            draft.leave_out(errors, consequence);
        }
    }
}
