//! `AWS::ApiGatewayV2::Route`.

use indexmap::IndexMap;
use spec::api::{AuthorizationType, CallPermission, Route};
use spec::route::RouteKey;

use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::resources::{authorizer, integration, model};
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Route",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Only(&[("RouteId", "{ref}")]),
    },
    known: &[
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
    harmless: &["OperationName"],
    reads: Reads::EachOfApi(read),
};

/// Realises: ROUTE-43
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let before = draft.findings.count();
    let request_parameters = declared_parameters(draft, properties);
    let parameters_are_read = draft.findings.count() == before;
    let api_key_required = properties.flag("ApiKeyRequired");
    let api_key_required = draft.optional(api_key_required).unwrap_or(false);
    let (authorization_type, authorizer_id) = authorization(draft, properties);
    // An integration may use parameters that could not be read: nothing is said of those.
    let target = target(draft, properties).filter(|_| parameters_are_read);
    let route = Route {
        authorization_type,
        authorizer_id,
        api_key_required,
        target,
        request_parameters,
        route_response_selection_expression: draft
            .optional(properties.text("RouteResponseSelectionExpression")),
        route_responses: Vec::new(),
        model_selection_expression: draft.optional(properties.text("ModelSelectionExpression")),
        request_models: request_models(draft, properties),
        call_permission: CallPermission::Granted,
    };
    let id = draft.id(properties);
    let named = key(draft, properties);
    let key = named.as_ref().map(|(key, _)| key.clone());
    draft.route_keys.insert(id, key);
    let Some((key, span)) = named else {
        draft.incomplete.insert(TYPE.name);
        return;
    };
    if route.api_key_required && key != RouteKey::Connect {
        let message = format!(
            "`ApiKeyRequired` of the route `{key}` has no effect, as on AWS: a key is asked for at \
             `$connect` only"
        );
        let span = properties.span("ApiKeyRequired");
        draft.warn(span, WarningKind::Suspicious, message);
    }
    draft.warn_of_reading(&span, key.as_str());
    if draft.api.routes.contains_key(&key) {
        let message = format!("the API has several routes `{key}`");
        let help = "give this route another `RouteKey`, or remove it";
        draft.error_with_help(span, ErrorKind::Conflict(message), help);
        return;
    }
    let locations = PartLocations::new(properties, TYPE.known);
    let text = key.to_string();
    draft.locations.routes.insert(text, locations);
    draft.api.routes.insert(key, route);
}

/// `RouteKey`, if it could be read.
fn key(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<(RouteKey, Span)> {
    let (text, span) = draft.take(properties.required_text("RouteKey"))?;
    match text.parse::<RouteKey>() {
        Ok(key) => Some((key, span)),
        Err(invalid) => {
            let message = format!("route `{text}`: {invalid}");
            let help = "write `$connect`, `$disconnect`, `$default`, or a name of your own";
            draft.error_with_help(span, ErrorKind::Value(message), help);
            None
        }
    }
}

/// `AuthorizationType` and `AuthorizerId`. A route whose authorizer cannot be read is judged as an
/// open one: nothing more is to be said of it.
///
/// Realises: AUTHORIZER-51
fn authorization(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> (AuthorizationType, Option<String>) {
    let id = draft.take(properties.text("AuthorizerId"));
    let id_is_read = id.is_some();
    let id = id.flatten();
    if let Some(id) = &id
        && !draft.api.authorizers.contains_key(id)
    {
        if draft.incomplete.contains(authorizer::TYPE.name) {
            return (AuthorizationType::None, None);
        }
        let message = format!("`AuthorizerId` `{id}` names no authorizer of the API");
        let span = properties.span("AuthorizerId");
        let help = "name one by its logical id: `!Ref MyAuthorizer`";
        draft.error_with_help(span, ErrorKind::Dangling(message), help);
        return (AuthorizationType::None, None);
    }
    let text = draft.optional(properties.text("AuthorizationType"));
    let authorization_type = match text.as_deref() {
        None | Some("NONE") => AuthorizationType::None,
        Some("CUSTOM") if id_is_read => AuthorizationType::Custom,
        Some("CUSTOM") => AuthorizationType::None,
        Some("AWS_IAM") => AuthorizationType::AwsIam,
        Some(other) => {
            let span = properties.span("AuthorizationType");
            let words = ["NONE", "AWS_IAM", "CUSTOM"];
            draft.not_a_word(span, "AuthorizationType", other, &words);
            AuthorizationType::None
        }
    };
    if id.is_some() && authorization_type != AuthorizationType::Custom {
        let message = "the authorizer decides nothing here: `AuthorizationType` is not `CUSTOM`";
        let span = properties.span("AuthorizerId");
        draft.warn(span, WarningKind::Suspicious, message.to_owned());
    }
    (authorization_type, id)
}

/// The integration that `Target` names, if it could be read.
fn target(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<String> {
    let value = draft.optional(properties.get("Target"))?;
    let text = value.expect_text(draft.source(), "`Target`");
    let text = draft.take(text.map(str::to_owned))?;
    let Some(id) = text.strip_prefix("integrations/") else {
        let message = format!("`Target` `{text}` must be `integrations/` and an integration's id");
        draft.error_with_help(
            value.span,
            ErrorKind::Value(message),
            "write `!Sub integrations/${MyIntegration}`",
        );
        return None;
    };
    if draft.api.integrations.contains_key(id) {
        return Some(id.to_owned());
    }
    if !draft.incomplete.contains(integration::TYPE.name) {
        let message = format!("`Target` `{text}` names no integration of the API");
        let help = "name one by its logical id: `!Sub integrations/${MyIntegration}`";
        draft.error_with_help(value.span, ErrorKind::Dangling(message), help);
    }
    None
}

/// `RequestParameters`: whether each is required.
fn declared_parameters(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
) -> IndexMap<String, bool> {
    let source = draft.source();
    let mut parameters = IndexMap::new();
    let entries = draft.take(properties.entries("RequestParameters"));
    for (key, value) in entries.unwrap_or_default() {
        let required = value.and_then(|value| {
            let mut required = false;
            for (member, value) in value.expect_map(source, "a request parameter")? {
                required = match (&*member.text, value.as_flag()) {
                    ("Required", Some(required)) => required,
                    _ => return Err(not_required(draft, member.span.clone())),
                };
            }
            Ok(required)
        });
        if let Some(required) = draft.take(required) {
            parameters.insert(key.text, required);
        }
    }
    parameters
}

fn not_required(draft: &Draft<'_>, span: Span) -> Error {
    let message = "a request parameter is written `{Required: true}` or `{Required: false}`";
    draft
        .source()
        .error(span, ErrorKind::Value(message.to_owned()))
}

/// `RequestModels`: names of the API's models by key.
fn request_models(draft: &mut Draft<'_>, properties: &Properties<'_>) -> IndexMap<String, String> {
    let source = draft.source();
    let mut chosen = IndexMap::new();
    let entries = draft.take(properties.entries("RequestModels"));
    for (key, value) in entries.unwrap_or_default() {
        let named = value.and_then(|value| {
            let name = value.expect_text(source, "the name of a model")?;
            Ok((name.to_owned(), value.span.clone()))
        });
        let Some((name, span)) = draft.take(named) else {
            continue;
        };
        if draft.api.models.contains_key(&name) {
            chosen.insert(key.text, name);
        } else if !draft.incomplete.contains(model::TYPE.name) {
            unknown_model(draft, &name, span);
        }
    }
    chosen
}

fn unknown_model(draft: &mut Draft<'_>, name: &str, span: Span) {
    let names: Vec<&str> = draft.api.models.keys().map(String::as_str).collect();
    let help = if names.is_empty() {
        "declare an `AWS::ApiGatewayV2::Model`".to_owned()
    } else {
        let names = names.join("`, `");
        format!("a model goes by its `Name`, which is not what `!Ref` gives: `{names}`")
    };
    let message = format!("`RequestModels`: the API has no model `{name}`");
    draft.error_with_help(span, ErrorKind::Dangling(message), &help);
}
