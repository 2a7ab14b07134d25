//! `AWS::ApiGatewayV2::Api`: which one is served, and its own properties.

use crate::error::{Error, ErrorKind, Span, WarningKind};
use crate::resources::draft::{API, Draft, Reads, ResourceType};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::resources::{WEBSOCKET_API, misspelt};
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: API,
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
        "DisableExecuteApiEndpoint",
        "Body",
        "BodyS3Location",
    ],
    harmless: &["Name", "Description", "Tags", "Version", "IpAddressType"],
    reads: Reads::All(read),
};

fn read(draft: &mut Draft<'_>) {
    let Some(properties) = choose(draft) else {
        return;
    };
    draft.chosen = Some(properties.resource);
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
    let disabled = properties.flag("DisableExecuteApiEndpoint");
    draft.api.disable_execute_api_endpoint = draft.optional(disabled).unwrap_or(false);
    for import in ["Body", "BodyS3Location"] {
        if properties.node(import).is_some() {
            let message = format!("`{import}` is for HTTP APIs: OpenAPI has no WebSocket API");
            draft.error_with_help(
                properties.span(import),
                ErrorKind::Value(message),
                "declare routes and integrations as resources",
            );
        }
    }
}

/// The WebSocket API: the only one, or the one that was asked for.
fn choose<'a>(draft: &mut Draft<'a>) -> Option<Properties<'a>> {
    let Candidates { certain, possible } = candidates(draft);
    if let Some(wanted) = &draft.template.settings.api {
        let is_it = |one: &&Properties<'_>| one.resource.id == *wanted || one.path() == *wanted;
        let found = certain.iter().chain(&possible).find(is_it).copied();
        if found.is_none() {
            let message = format!("the template has no WebSocket API `{wanted}`");
            let names = certain.iter().chain(&possible);
            let names: Vec<String> = names.map(Properties::path).collect();
            let help = match &*names {
                [] => "it has none at all".to_owned(),
                names => format!("there is `{}`", names.join("`, `")),
            };
            draft.error_with_help(0..0, ErrorKind::Choice(message), &help);
        }
        return found;
    }
    match (&certain[..], &possible[..]) {
        ([one], _) | ([], [one]) => Some(*one),
        ([], []) => {
            none(draft);
            None
        }
        // Which of them are WebSocket APIs is what has to be said first.
        ([], _) => None,
        ([first, second, ..], _) => {
            let names: Vec<String> = certain.iter().map(Properties::path).collect();
            let names = names.join("`, `");
            let message = format!("the template has several WebSocket APIs: `{names}`");
            let span = second.resource.id_span.clone();
            let help = format!("say which one to serve: `--api {}`", first.path());
            draft.error_with_help(span, ErrorKind::Choice(message), &help);
            None
        }
    }
}

/// The APIs that are no WebSocket APIs, as AWS calls them.
const OTHERS: [(&str, &str); 4] = [
    ("AWS::ApiGateway::RestApi", "a REST API"),
    ("AWS::Serverless::Api", "a REST API"),
    ("AWS::Serverless::HttpApi", "an HTTP API"),
    (TYPE.name, "an HTTP API"),
];

/// Says that there is none, and what there is instead.
fn none(draft: &mut Draft<'_>) {
    let others = OTHERS.iter().find_map(|(kind, what)| {
        let other = draft.of_type(kind).first()?.resource;
        Some((other.id.clone(), other.id_span.clone(), what))
    });
    if let Some((id, span, what)) = others {
        let message = format!("the template has no WebSocket API: `{id}` is {what}");
        let help = "WebSocket APIs alone are served here (`ProtocolType: WEBSOCKET`); SAM runs REST \
                    and HTTP APIs: `sam local start-api`";
        return draft.error_with_help(span, ErrorKind::Choice(message), help);
    }
    let mut kinds = draft.template.resources.values().map(|one| &*one.kind);
    if kinds
        .any(|kind| misspelt(kind).is_some_and(|meant| [TYPE.name, WEBSOCKET_API].contains(&meant)))
    {
        // That is what is wrong, and is told where it stands.
        return;
    }
    let kind = ErrorKind::Choice("the template has no WebSocket API".to_owned());
    let help = "declare an `AWS::ApiGatewayV2::Api` with `ProtocolType: WEBSOCKET`, or SAM's \
                `AWS::Serverless::WebSocketApi`";
    draft.error_with_help(0..0, kind, help);
}

struct Candidates<'a> {
    /// The WebSocket APIs.
    certain: Vec<Properties<'a>>,
    /// Those whose protocol could not be read.
    possible: Vec<Properties<'a>>,
}

fn candidates<'a>(draft: &mut Draft<'a>) -> Candidates<'a> {
    let (mut certain, mut possible) = (Vec::new(), Vec::new());
    let all = draft.of_type(TYPE.name).into_iter();
    for properties in all.filter(|properties| properties.template.stack.is_served) {
        let resource = properties.resource;
        match draft.take(protocol(&properties)) {
            Some((protocol, _)) if protocol == "WEBSOCKET" => certain.push(properties),
            Some((protocol, _)) if protocol == "HTTP" => {
                let message = format!("`{}` is an HTTP API, which is not served here", resource.id);
                draft.warn(resource.id_span.clone(), WarningKind::NoEffect, message);
            }
            Some((protocol, span)) => {
                draft.not_a_word(span, "ProtocolType", &protocol, &["WEBSOCKET", "HTTP"]);
                possible.push(properties);
            }
            None => possible.push(properties),
        }
    }
    Candidates { certain, possible }
}

/// `ProtocolType`. An API of an OpenAPI definition need not have it: it is an HTTP API.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html>
fn protocol(properties: &Properties<'_>) -> Result<(String, Span), Error> {
    let is_written = |name: &&str| properties.node(name).is_some_and(|node| !node.is_null());
    match properties.text("ProtocolType")? {
        None if ["Body", "BodyS3Location"].iter().any(is_written) => {
            Ok(("HTTP".to_owned(), properties.resource.id_span.clone()))
        }
        _ => properties.required_text("ProtocolType"),
    }
}
