//! `ConnectionType` and `ConnectionId`: integrations that reach their backend through a VPC link.

use spec::api::{Integration, IntegrationType};

use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::Draft;
use crate::resources::properties::Properties;

/// The type of the VPC links that AWS documents for WebSocket APIs, and the one that it does not.
const LINK: &str = "AWS::ApiGateway::VpcLink";
const LINK_V2: &str = "AWS::ApiGatewayV2::VpcLink";

/// Reads how the backend is reached. Behind a VPC link, the address that the settings have for it
/// takes the place of the integration's scheme and host; without one, the integration cannot be
/// carried out.
///
/// Realises: INTEGRATION-104, INTEGRATION-112, INTEGRATION-113
pub(super) fn read(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    integration: &mut Integration,
) {
    let kind = draft.optional(properties.text("ConnectionType"));
    let span = properties.span("ConnectionType");
    match kind.as_deref() {
        None | Some("INTERNET") => return,
        Some("VPC_LINK")
            if matches!(
                integration.integration_type,
                IntegrationType::Http | IntegrationType::HttpProxy
            ) => {}
        Some("VPC_LINK") => {
            let message = "`ConnectionType` `VPC_LINK` is for `HTTP` and `HTTP_PROXY` integrations"
                .to_owned();
            return draft.error(span, ErrorKind::Value(message));
        }
        Some(other) => {
            let message = format!("`ConnectionType` `{other}` must be `INTERNET` or `VPC_LINK`");
            return draft.error(span, ErrorKind::Value(message));
        }
    }
    let Some((id, span)) = draft.take(properties.required_text("ConnectionId")) else {
        return;
    };
    let of_rest = logical_id(draft, LINK, &id);
    let of_v2 = logical_id(draft, LINK_V2, &id);
    if let Some(name) = of_v2 {
        let message = format!(
            "`{name}` is an `{LINK_V2}`: AWS documents WebSocket APIs with an `{LINK}` only, in \
             front of a network load balancer; it is served here"
        );
        draft.warn(span.clone(), WarningKind::Suspicious, message);
    }
    let logical_id = of_rest.or(of_v2);
    let links = &draft.template.settings.vpc_links;
    let address = logical_id.and_then(|name| links.get(name));
    if let Some(address) = address.or_else(|| links.get(&id)) {
        let uri = integration.integration_uri.as_deref().unwrap_or_default();
        integration.integration_uri = Some(behind(address, uri));
        return;
    }
    let name = logical_id.unwrap_or(&id);
    let cure = format!("`--vpc-link {name}=URL` says where it leads");
    integration.unavailable = Some(format!("there is no VPC link `{name}` here: {cure}"));
    let message = format!(
        "there is no VPC link `{name}` here, and routes that need it answer with an error: {cure}"
    );
    draft.warn(span, WarningKind::Unavailable, message);
}

/// The logical id of the VPC link of a type that is called `id`, if the template has it.
fn logical_id<'a>(draft: &Draft<'a>, kind: &str, id: &str) -> Option<&'a str> {
    let mut all = draft.of_type(kind).into_iter();
    let link = all.find(|link| {
        let Properties { template, resource } = link;
        let name = template.name(resource, &resource.id_span);
        name.is_ok_and(|name| name == id)
    })?;
    Some(&link.resource.id)
}

/// `uri` at another address. The ARN of a listener has no path.
fn behind(address: &str, uri: &str) -> String {
    let address = address.trim_end_matches('/');
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    format!("{address}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "http://nlb.example.com/a/{b}?c=d",
        "http://127.0.0.1:1/base/a/{b}?c=d"
    )]
    #[case("https://nlb.example.com", "http://127.0.0.1:1/base")]
    #[case("https://nlb.example.com?a=b", "http://127.0.0.1:1/base?a=b")]
    #[case(
        "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/b/c",
        "http://127.0.0.1:1/base"
    )]
    fn a_link_replaces_scheme_and_host(#[case] uri: &str, #[case] expected: &str) {
        assert_eq!(behind("http://127.0.0.1:1/base/", uri), expected);
    }
}
