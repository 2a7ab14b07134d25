//! `AWS::DynamoDB::Table`, and what all types of tables share.
//!
//! What DynamoDB's `CreateTable` refuses is told at its place in the template.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>

mod indexes;
mod keys;
mod throughput;

use serde_json::{Map, Value as Json, json};

use crate::declared::Table;
use crate::error::ErrorKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::shape::Shape;
use crate::template::names::{Attributes, Identity, Reference};
pub(crate) use indexes::Capacity;
use keys::is_name;
pub(crate) use throughput::{Billing, billing, provisioned};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::DynamoDB::Table",
    identity: IDENTITY,
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

/// What tables are called by.
pub(crate) const IDENTITY: Identity = Identity {
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
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let before = draft.findings.count();
    let billing = billing(draft, properties, Billing::Provisioned);
    let mut definition = Map::new();
    let own = draft.take(properties.get("ProvisionedThroughput"));
    if let Some(own) = own {
        let throughput = provisioned(draft, properties, billing, own.as_ref(), None);
        definition.extend(throughput.map(|units| ("ProvisionedThroughput".to_owned(), units)));
    }
    // What is wrong with the table's throughput is not said of its indexes again.
    let is_clean = draft.findings.count() == before;
    let capacity = Capacity::Of(if is_clean { billing } else { Billing::Unknown });
    let parts = parts(draft, properties, capacity);
    definition.extend(parts);
    // A table with mistakes is not made.
    if draft.findings.count() == before {
        let time_to_live = time_to_live(draft, properties);
        add(draft, properties, definition, time_to_live);
    }
}

/// What a table and a global table declare in the same way: keys, indexes and stream, as
/// `CreateTable` takes them.
pub(crate) fn parts(
    draft: &mut Draft<'_>,
    properties: &Properties<'_>,
    capacity: Capacity,
) -> Map<String, Json> {
    let mut definition = Map::new();
    for required in ["AttributeDefinitions", "KeySchema"] {
        if properties.get(required).is_ok_and(|value| value.is_none()) {
            let error = properties.missing(required);
            draft.findings.error(error);
        }
    }
    let id = &properties.resource.id;
    let attributes = draft.optional(properties.get("AttributeDefinitions"));
    let attributes = attributes.and_then(|value| keys::attributes(draft, &value, id));
    let schema = draft.optional(properties.get("KeySchema"));
    let schema =
        schema.and_then(|value| keys::schema(draft, &value, &format!("`{id}`"), keys::Most::One));
    let mut used = schema.clone().unwrap_or_default();
    let mut complete = schema.is_some();
    for kind in indexes::KINDS {
        let Some(value) = draft.take(properties.get(kind.property)) else {
            complete = false;
            continue;
        };
        let Some(value) = value else {
            continue;
        };
        let read = indexes::read(draft, properties, kind, &value, schema.as_deref(), capacity);
        match read {
            Some(read) => {
                used.extend(read.keys);
                definition.insert(kind.property.to_owned(), read.definition);
            }
            None => complete = false,
        }
    }
    indexes::check_names(draft, properties);
    if let Some(attributes) = &attributes {
        keys::check(draft, attributes, &used, complete, id);
        definition.insert(
            "AttributeDefinitions".to_owned(),
            keys::definitions(attributes),
        );
    }
    if let Some(schema) = &schema {
        definition.insert("KeySchema".to_owned(), keys::elements(schema));
    }
    if let Some(stream) = stream(draft, properties) {
        definition.insert("StreamSpecification".to_owned(), stream);
    }
    definition
}

fn stream(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<Json> {
    const VIEWS: [&str; 4] = ["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"];
    let value = draft.optional(properties.get("StreamSpecification"))?;
    let known = ["StreamViewType", "ResourcePolicy"];
    let shape = Shape::new(draft, &value, "`StreamSpecification`", &known)?;
    let view = shape.word(draft, "StreamViewType", &VIEWS)?;
    Some(json!({"StreamEnabled": true, "StreamViewType": view}))
}

/// The attribute of the time to live, if that is enabled.
pub(crate) fn time_to_live(draft: &mut Draft<'_>, properties: &Properties<'_>) -> Option<String> {
    let value = draft.optional(properties.get("TimeToLiveSpecification"))?;
    let known = ["AttributeName", "Enabled"];
    let shape = Shape::new(draft, &value, "`TimeToLiveSpecification`", &known)?;
    let enabled = shape.flag(draft, "Enabled")?;
    if !enabled {
        return None;
    }
    shape.text(draft, "AttributeName").map(str::to_owned)
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
    let consequence = format!("the table `{}` is left out", resource.id);
    let Some(name) = draft.known(name, &consequence) else {
        return;
    };
    if !is_name(&name) {
        let message = format!(
            "the table name `{name}` must have 3 to 255 letters, digits, hyphens, underscores and \
             dots"
        );
        draft.error(properties.span("TableName"), ErrorKind::Value(message));
        return;
    }
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), name.as_str().into());
    definition.extend(parts);
    if !definition.contains_key("ProvisionedThroughput") {
        definition.insert("BillingMode".to_owned(), "PAY_PER_REQUEST".into());
    }
    draft.tables.push(Table {
        logical_id: properties.path(),
        name,
        definition: Json::Object(definition),
        time_to_live,
    });
}
