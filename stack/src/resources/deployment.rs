//! `AWS::ApiGatewayV2::Deployment`: what is served is always what the template says now.

use crate::resources::draft::{Reads, ResourceType};
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Deployment",
    identity: Identity {
        reference: Reference::Id(7),
        attributes: Attributes::Only(&[("DeploymentId", "{ref}")]),
    },
    known: &[],
    harmless: &[],
    reads: Reads::Nothing,
};
