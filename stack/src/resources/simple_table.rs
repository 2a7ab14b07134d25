//! `AWS::Serverless::SimpleTable`: a table with one key.

use serde_json::{Map, json};

use crate::document::value::Value;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::shape::Shape;
use crate::resources::table::{self, Billing, provisioned};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::Serverless::SimpleTable",
    identity: table::IDENTITY,
    known: &["TableName", "PrimaryKey", "ProvisionedThroughput"],
    harmless: &[
        "Tags",
        "SSESpecification",
        "PointInTimeRecoverySpecification",
    ],
    reads: Reads::Each(read),
};

/// Without throughput, SAM makes a table on demand.
fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let before = draft.findings.count();
    let key = draft.optional(properties.get("PrimaryKey"));
    let (attribute, kind) = key
        .and_then(|value| primary_key(draft, &value))
        .unwrap_or_else(|| ("id".to_owned(), "S"));
    let mut definition = Map::new();
    definition.insert(
        "KeySchema".to_owned(),
        json!([{"AttributeName": attribute, "KeyType": "HASH"}]),
    );
    definition.insert(
        "AttributeDefinitions".to_owned(),
        json!([{"AttributeName": attribute, "AttributeType": kind}]),
    );
    if let Some(value) = draft.optional(properties.get("ProvisionedThroughput")) {
        let billing = Billing::Provisioned;
        let units = provisioned(draft, properties, billing, Some(&value), None);
        definition.extend(units.map(|units| ("ProvisionedThroughput".to_owned(), units)));
    }
    if draft.findings.count() == before {
        table::add(draft, properties, definition, None);
    }
}

fn primary_key(draft: &mut Draft<'_>, value: &Value) -> Option<(String, &'static str)> {
    let shape = Shape::new(draft, value, "`PrimaryKey`", &["Name", "Type"])?;
    let name = shape.get("Name").and_then(Value::as_text).unwrap_or("id");
    if shape.get("Type").is_none() {
        return Some((name.to_owned(), "S"));
    }
    let kind = match shape.word(draft, "Type", &["String", "Number", "Binary"])? {
        "Number" => "N",
        "Binary" => "B",
        _ => "S",
    };
    Some((name.to_owned(), kind))
}
