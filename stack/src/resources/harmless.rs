//! Types that nearly every stack has and that serving does not depend on: no warning.

use crate::resources::draft::{Reads, ResourceType};
use crate::template::names::{Attributes, Identity, Reference};

/// The types.
pub(crate) const TYPES: &[&ResourceType] = &[
    &named(
        "AWS::Logs::LogGroup",
        "LogGroupName",
        &[(
            "Arn",
            "arn:{partition}:logs:{region}:{account}:log-group:{ref}:*",
        )],
    ),
    &named(
        "AWS::IAM::Role",
        "RoleName",
        &[("Arn", "arn:{partition}:iam::{account}:role/{ref}")],
    ),
    &other("AWS::IAM::InstanceProfile"),
    &other("AWS::IAM::ManagedPolicy"),
    &other("AWS::IAM::Policy"),
    &other("AWS::IAM::RolePolicy"),
    &other("AWS::Logs::LogStream"),
    &other("AWS::Logs::MetricFilter"),
    &other("AWS::Logs::QueryDefinition"),
    &other("AWS::Logs::SubscriptionFilter"),
    // Where they lead is told by `--vpc-link`.
    &other("AWS::ApiGateway::VpcLink"),
    &other("AWS::ApiGatewayV2::VpcLink"),
    // The role that API Gateway writes its logs with.
    &other("AWS::ApiGateway::Account"),
    // Custom domains of REST APIs, which mappings of WebSocket APIs may name.
    &named("AWS::ApiGateway::DomainName", "DomainName", &[]),
    &other("AWS::ApiGateway::BasePathMapping"),
    &other("AWS::ApiGatewayV2::ApiGatewayManagedOverrides"),
    &other("AWS::CloudWatch::Alarm"),
    &other("AWS::CloudWatch::CompositeAlarm"),
    &other("AWS::CloudWatch::Dashboard"),
    &other("AWS::CDK::Metadata"),
    &other("AWS::CloudFormation::WaitConditionHandle"),
    // Domains' records.
    &other("AWS::Route53::RecordSet"),
    &other("AWS::Route53::RecordSetGroup"),
];

const fn named(
    name: &'static str,
    property: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            reference: Reference::Name(property),
            attributes: Attributes::Including(attributes),
        },
        known: &[],
        harmless: &[],
        reads: Reads::Nothing,
    }
}

const fn other(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            reference: Reference::Generated,
            attributes: Attributes::Including(&[]),
        },
        known: &[],
        harmless: &[],
        reads: Reads::Nothing,
    }
}
