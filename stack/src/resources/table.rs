//! `AWS::DynamoDB::Table`.

use serde_json::{Map, Value as Json};

use crate::declared::Table;
use crate::document::value::Value;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::DynamoDB::Table",
    identity: Identity {
        reference: Reference::Name("TableName"),
        attributes: Attributes::Only(&[
            (
                "Arn",
                "arn:{partition}:dynamodb:{region}:{account}:table/{ref}",
            ),
            (
                "StreamArn",
                "arn:{partition}:dynamodb:{region}:{account}:table/{ref}/stream/\
                 1970-01-01T00:00:00.000",
            ),
        ]),
    },
    known: &[
        "TableName",
        "BillingMode",
        "TimeToLiveSpecification",
        "StreamSpecification",
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
    ],
    harmless: &[
        "Tags",
        "SSESpecification",
        "PointInTimeRecoverySpecification",
        "DeletionProtectionEnabled",
        "TableClass",
        "ContributorInsightsSpecification",
        "OnDemandThroughput",
        "WarmThroughput",
        "ResourcePolicy",
    ],
    reads: Reads::Each(read),
};

/// The properties that `CreateTable` takes as they are.
const SHARED: [&str; 5] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let mut definition = Map::new();
    for shared in SHARED {
        let value = draft.take(properties.get(shared));
        match value {
            Some(Some(value)) => {
                definition.insert(shared.to_owned(), value.to_json());
            }
            Some(None) if ["KeySchema", "AttributeDefinitions"].contains(&shared) => {
                let error = properties.missing(shared);
                draft.findings.error(error);
            }
            Some(None) | None => {}
        }
    }
    if let Some(value) = draft.optional(properties.get("StreamSpecification")) {
        let mut stream = Map::from_iter([("StreamEnabled".to_owned(), Json::Bool(true))]);
        if let Json::Object(members) = value.to_json() {
            stream.extend(members);
            stream.insert("StreamEnabled".to_owned(), Json::Bool(true));
        }
        definition.insert("StreamSpecification".to_owned(), Json::Object(stream));
    }
    let mut time_to_live = None;
    if let Some(value) = draft.optional(properties.get("TimeToLiveSpecification")) {
        let text = |name: &str| value.get(name).and_then(|value| value.as_text());
        if value.get("Enabled").and_then(Value::as_flag) == Some(true) {
            time_to_live = text("AttributeName").map(str::to_owned);
        }
    }
    add(draft, properties, definition, time_to_live);
}

/// Adds a table with the given parts of its definition.
pub(crate) fn add(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    parts: Map<String, Json>,
    time_to_live: Option<String>,
) {
    let resource = properties.resource;
    let name = properties.template.name(resource, &resource.id_span);
    let Some(name) = draft.take(name) else {
        return;
    };
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), name.as_str().into());
    definition.extend(parts);
    if !definition.contains_key("ProvisionedThroughput") {
        definition.insert("BillingMode".to_owned(), "PAY_PER_REQUEST".into());
    }
    draft.tables.push(Table {
        logical_id: resource.id.clone(),
        name,
        definition: Json::Object(definition),
        time_to_live,
    });
}
