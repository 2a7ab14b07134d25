//! `AWS::ApiGatewayV2::Authorizer`.

use spec::api::{Authorizer, CallPermission};

use crate::document::value::Value;
use crate::error::{Error, ErrorKind};
use crate::resources::draft::{Draft, Reads, ResourceType, is_unknown};
use crate::resources::locations::PartLocations;
use crate::resources::properties::Properties;
use crate::template::Template;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Authorizer",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Only(&[("AuthorizerId", "{ref}")]),
    },
    known: &[
        "ApiId",
        "AuthorizerType",
        "AuthorizerUri",
        "IdentitySource",
        "Name",
        "AuthorizerCredentialsArn",
        "AuthorizerResultTtlInSeconds",
    ],
    harmless: &[],
    reads: Reads::EachOfApi(read),
};

/// Realises: AUTHORIZER-49, AUTHORIZER-50
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let kind = draft.take(properties.required_text("AuthorizerType"));
    if let Some((kind, span)) = kind.filter(|(kind, _)| kind != "REQUEST") {
        let message = format!("`AuthorizerType` `{kind}` must be `REQUEST` for a WebSocket API");
        let help = "write `AuthorizerType: REQUEST`, with a function in `AuthorizerUri`";
        draft.error_with_help(span, ErrorKind::Value(message), help);
    }
    if let Some(value) = draft.optional(properties.get("AuthorizerResultTtlInSeconds")) {
        let message = "`AuthorizerResultTtlInSeconds` is for HTTP APIs: \
                       the authorizer of a WebSocket API is called at every handshake";
        let help = "remove it: nothing is kept between handshakes";
        draft.error_with_help(value.span, ErrorKind::Value(message.to_owned()), help);
    }
    let uri = draft.take(properties.required_text("AuthorizerUri"));
    let sources = draft.optional(properties.get("IdentitySource"));
    let sources = sources.map(|value| texts(draft.template, &value, "`IdentitySource`"));
    let identity_source = sources.and_then(|texts| draft.take(texts));
    let id = draft.id(properties);
    let role = properties.get("AuthorizerCredentialsArn");
    // That there is one is all that counts.
    let is_there = role.as_ref().map_or_else(is_unknown, Option::is_some);
    draft.known(role, "the authorizer has a role whose name is not known");
    if is_there {
        draft.authorizers_with_role.insert(id.clone());
    }
    if uri.is_none() {
        draft.unread.insert(id.clone());
    }
    let name = draft.known(properties.text("Name"), "it is only told");
    let authorizer = Authorizer {
        name: name.flatten().unwrap_or_default(),
        authorizer_uri: uri.map(|(uri, _)| uri).unwrap_or_default(),
        identity_source: identity_source.unwrap_or_default(),
        call_permission: CallPermission::Granted,
    };
    let locations = PartLocations::new(properties, TYPE.known);
    draft.locations.authorizers.insert(id.clone(), locations);
    draft.api.authorizers.insert(id, authorizer);
}

/// A text, or a list of them.
fn texts(template: &Template<'_>, value: &Value, what: &str) -> Result<Vec<String>, Error> {
    if let Some(text) = value.as_text() {
        return Ok(text.split(',').map(|item| item.trim().to_owned()).collect());
    }
    let items = value.expect_list(template.source, what)?;
    items
        .iter()
        .map(|item| item.expect_text(template.source, what).map(str::to_owned))
        .collect()
}
