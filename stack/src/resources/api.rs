//! `AWS::ApiGatewayV2::Api`: which one is served, and its own properties.

use crate::error::{Error, ErrorKind, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::template::Resource;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Api",
    identity: Identity {
        reference: Reference::Id(10),
        attributes: Attributes::Only(&[
            ("ApiId", "{ref}"),
            (
                "ApiEndpoint",
                "wss://{ref}.execute-api.{region}.amazonaws.com",
            ),
        ]),
    },
    known: &[
        "ProtocolType",
        "RouteSelectionExpression",
        "ApiKeySelectionExpression",
    ],
    harmless: &["Name", "Description", "Tags", "Version", "IpAddressType"],
    reads: Reads::All(read),
};

fn read(draft: &mut Draft<'_>) {
    let resource = choose(draft);
    let Some(resource) = draft.take(resource) else {
        return;
    };
    draft.chosen = Some(resource);
    let properties = Properties::new(draft.template, resource);
    draft.warn_of_others(&properties, &TYPE);
    draft.locations.api = PartLocations::new(&properties, TYPE.known);
    draft.api.api_id = draft.id(&properties);
    let expression = properties.required_text("RouteSelectionExpression");
    if let Some((expression, _)) = draft.take(expression) {
        draft.api.route_selection_expression = expression;
    }
    let key_selection = properties.text("ApiKeySelectionExpression");
    if let Some(expression) = draft.optional(key_selection) {
        draft.api.api_key_selection_expression = expression;
    }
}

/// The WebSocket API: the only one, or the one that was asked for.
fn choose<'a>(draft: &mut Draft<'a>) -> Result<&'a Resource<'a>, Error> {
    let template = draft.template;
    let candidates = candidates(draft);
    let source = template.source;
    if let Some(wanted) = &template.settings.api {
        let mut candidates = candidates.into_iter();
        return candidates
            .find(|resource| resource.id == *wanted)
            .ok_or_else(|| {
                let message = format!("the template has no WebSocket API `{wanted}`");
                source.error(0..0, ErrorKind::Choice(message))
            });
    }
    let declare = "declare an `AWS::ApiGatewayV2::Api` with `ProtocolType: WEBSOCKET`";
    match candidates[..] {
        [one] => Ok(one),
        [] => {
            let mut sam = template.of_type("AWS::Serverless::WebSocketApi");
            let (span, kind) = match sam.next() {
                Some(resource) => {
                    let message = "`AWS::Serverless::WebSocketApi` is not supported here";
                    let kind = ErrorKind::Unsupported(message.to_owned());
                    (resource.id_span.clone(), kind)
                }
                None => {
                    let message = "the template has no WebSocket API".to_owned();
                    (0..0, ErrorKind::Choice(message))
                }
            };
            Err(source.error_with_help(span, kind, declare))
        }
        [_, second, ..] => {
            let names: Vec<&str> = candidates.iter().map(|resource| &*resource.id).collect();
            let message = format!(
                "the template has several WebSocket APIs: `{}`",
                names.join("`, `")
            );
            let kind = ErrorKind::Choice(message);
            Err(source.error_with_help(second.id_span.clone(), kind, "say which one to serve"))
        }
    }
}

/// The WebSocket APIs, and those that may be.
fn candidates<'a>(draft: &mut Draft<'a>) -> Vec<&'a Resource<'a>> {
    let mut candidates = Vec::new();
    for properties in draft.of_type(TYPE.name) {
        let resource = properties.resource;
        match draft.take(properties.required_text("ProtocolType")) {
            Some((protocol, _)) if protocol == "WEBSOCKET" => candidates.push(resource),
            Some((protocol, _)) if protocol == "HTTP" => {
                let message = format!("`{}` is an HTTP API, which is not served here", resource.id);
                draft.warn(resource.id_span.clone(), WarningKind::NoEffect, message);
            }
            Some((protocol, span)) => {
                let message = format!("`ProtocolType` `{protocol}` must be `WEBSOCKET` or `HTTP`");
                draft.error(span, ErrorKind::Value(message));
                candidates.push(resource);
            }
            None => candidates.push(resource),
        }
    }
    candidates
}
