//! `AWS::ApiGatewayV2::DomainName`: a custom domain, which mappings lead to the stage.

use crate::error::WarningKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::DomainName",
    identity: Identity {
        reference: Reference::Name("DomainName"),
        attributes: Attributes::Only(&[
            ("DomainName", "{ref}"),
            (
                "DomainNameArn",
                "arn:{partition}:apigateway:{region}::/domainnames/{ref}",
            ),
            // AWS generates these: nothing here leads there.
            (
                "RegionalDomainName",
                "d-{ref}.execute-api.{region}.amazonaws.com",
            ),
            ("RegionalHostedZoneId", "Z00000000000000000000"),
        ]),
    },
    known: &["DomainName", "MutualTlsAuthentication"],
    // The gateway has a certificate of its own for each domain.
    harmless: &["DomainNameConfigurations", "RoutingMode", "Tags"],
    reads: Reads::Each(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    if properties.node("MutualTlsAuthentication").is_some() {
        let message = "`MutualTlsAuthentication` is not for domains of WebSocket APIs, and has no \
                       effect here";
        let span = properties.span("MutualTlsAuthentication");
        draft.warn(span, WarningKind::NoEffect, message);
    }
}
