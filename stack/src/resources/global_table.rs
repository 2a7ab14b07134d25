//! `AWS::DynamoDB::GlobalTable`, which CDK's `TableV2` is: here the replica of one region.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html>

use crate::error::{ErrorKind, WarningKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::table::{self, Billing, Capacity, billing};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::DynamoDB::GlobalTable",
    identity: table::IDENTITY,
    known: &[
        "TableName",
        "BillingMode",
        "TimeToLiveSpecification",
        "StreamSpecification",
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "WriteProvisionedThroughputSettings",
        "Replicas",
    ],
    harmless: &[
        "SSESpecification",
        "WriteOnDemandThroughputSettings",
        "ReadOnDemandThroughputSettings",
        "WarmThroughput",
        "MultiRegionConsistency",
        "GlobalTableWitnesses",
        "GlobalTableSettingsReplicationMode",
    ],
    reads: Reads::Each(read),
};

/// The table is made on demand, whatever its auto scaling would provide.
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let before = draft.findings.count();
    let id = &properties.resource.id;
    let billing = billing(draft, properties, Billing::Provisioned);
    let scaling = "WriteProvisionedThroughputSettings";
    let scaled = draft.take(properties.get(scaling));
    let span = properties.span(scaling);
    match (billing, scaled.is_some_and(|value| value.is_some())) {
        (Billing::Provisioned, false) if properties.node(scaling).is_none() => {
            let message =
                format!("`{id}` has no `{scaling}`, which the billing mode `PROVISIONED` needs");
            let help = "write `BillingMode: PAY_PER_REQUEST`, or the settings";
            draft.error_with_help(span, ErrorKind::Value(message), help);
        }
        (Billing::PayPerRequest, true) => {
            let message =
                format!("`{scaling}` of `{id}` does not go with `BillingMode: PAY_PER_REQUEST`");
            draft.error_with_help(span, ErrorKind::Conflict(message), "remove one of them");
        }
        _ => {}
    }
    replicas(draft, properties);
    let definition = table::parts(draft, properties, Capacity::Scaled);
    let time_to_live = table::time_to_live(draft, properties);
    // A table with mistakes is not made.
    if draft.findings.count() == before {
        table::add(draft, properties, definition, time_to_live);
    }
}

fn replicas(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let id = &properties.resource.id;
    let Some(replicas) = draft.take(properties.get("Replicas")) else {
        return;
    };
    let Some(replicas) = replicas else {
        let error = properties.missing("Replicas");
        draft.findings.error(error);
        return;
    };
    let items = replicas.expect_list(draft.source(), &format!("`Replicas` of `{id}`"));
    let Some(items) = draft.take(items.map(<[_]>::len)) else {
        return;
    };
    match items {
        0 => {
            let message = format!("`Replicas` of `{id}` is empty: the stack's own region is one");
            let help = "write `[{Region: !Ref AWS::Region}]`";
            draft.error_with_help(replicas.span, ErrorKind::Value(message), help);
        }
        1 => {}
        _ if properties.node("StreamSpecification").is_none() => {
            let message = format!("`{id}` has several `Replicas`, but no `StreamSpecification`");
            let help = "add `StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}`";
            draft.error_with_help(replicas.span, ErrorKind::Value(message), help);
        }
        _ => {
            let message = format!("`Replicas` of `{id}`: there is one table here, for all regions");
            draft.warn(replicas.span, WarningKind::NoEffect, message);
        }
    }
}
