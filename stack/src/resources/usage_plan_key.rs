//! `AWS::ApiGateway::UsagePlanKey`: which API key is in which usage plan.

use spec::route::RouteKey;

use crate::declared::usable_api_keys;
use crate::error::{ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::{api_key, usage_plan};
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGateway::UsagePlanKey",
    identity: Identity {
        reference: Reference::Generated,
        attributes: Attributes::Including(&[]),
    },
    known: &["KeyId", "KeyType", "UsagePlanId"],
    harmless: &[],
    reads: Reads::All(read),
};

fn read(draft: &mut Draft<'_>) {
    for properties in draft.of_type(TYPE.name) {
        draft.warn_of_others(&properties, &TYPE);
        add(draft, &properties);
    }
    let connect = draft.api.routes.get(&RouteKey::Connect);
    let requires_key = connect.is_some_and(|route| route.api_key_required);
    if requires_key && usable_api_keys(&draft.api).next().is_none() {
        let route = draft.locations.routes.get(RouteKey::Connect.as_str());
        let span = route.and_then(|route| route.properties.get("RouteKey").cloned());
        let message = "`$connect` requires an API key, and no enabled key is in a usage plan \
                       of the stage: every client will be refused, as on AWS";
        draft.warn(span.unwrap_or_default(), WarningKind::Suspicious, message);
    }
}

/// Puts a key into its plan.
///
/// Realises: HANDSHAKE-56
fn add(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let kind = draft.take(properties.required_text("KeyType"));
    if let Some((kind, span)) = kind.filter(|(kind, _)| kind != "API_KEY") {
        let message = format!("`KeyType` `{kind}` must be `API_KEY`");
        draft.error(span, ErrorKind::Value(message));
    }
    let consequence = format!("`{}` is left out", properties.resource.id);
    let key = draft.known(properties.required_text("KeyId"), &consequence);
    let plan = draft.known(properties.required_text("UsagePlanId"), &consequence);
    let key = key.filter(|(id, span)| {
        let message = || format!("`KeyId` `{id}` names no API key of the template");
        is_declared(draft, api_key::TYPE.name, id, span, message)
    });
    let plan = plan.filter(|(id, span)| {
        let message = || format!("`UsagePlanId` `{id}` names no usage plan of the template");
        is_declared(draft, usage_plan::TYPE.name, id, span, message)
    });
    let (Some((key_id, span)), Some((plan_id, _))) = (key, plan) else {
        return;
    };
    // A plan of another API, or of another stage, concerns nobody here.
    if !draft.api.usage_plans.contains_key(&plan_id) {
        return;
    }
    let mut plans = draft.api.usage_plans.values();
    if let Some(other) = plans.find(|plan| plan.api_keys.contains(&key_id)) {
        let message = format!(
            "the API key is in the usage plan `{}` of the stage already",
            other.name
        );
        draft.error(span, ErrorKind::Conflict(message));
    } else if let Some(plan) = draft.api.usage_plans.get_mut(&plan_id) {
        plan.api_keys.push(key_id);
    }
}

/// Whether a resource of a type has the id `id`; if not, an error.
fn is_declared(
    draft: &mut Draft<'_>,
    kind: &'static str,
    id: &str,
    span: &Span,
    message: impl Fn() -> String,
) -> bool {
    let is_declared = draft.declares(kind, id);
    if !is_declared {
        draft.error(span.clone(), ErrorKind::Dangling(message()));
    }
    is_declared
}
