//! `AWS::Serverless::SimpleTable`: a table with one key.

use serde_json::{Map, json};

use crate::error::ErrorKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::resources::table;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::Serverless::SimpleTable",
    identity: Identity {
        reference: Reference::Name("TableName"),
        attributes: Attributes::Only(&[(
            "Arn",
            "arn:{partition}:dynamodb:{region}:{account}:table/{ref}",
        )]),
    },
    known: &["TableName", "PrimaryKey", "ProvisionedThroughput"],
    harmless: &[
        "Tags",
        "SSESpecification",
        "PointInTimeRecoverySpecification",
    ],
    reads: Reads::Each(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let key = draft.optional(properties.get("PrimaryKey"));
    let part = |name: &str| {
        let value = key.as_ref()?.get(name)?;
        value.as_text().map(str::to_owned)
    };
    let attribute = part("Name").unwrap_or_else(|| "id".to_owned());
    let kind = match part("Type").as_deref() {
        None | Some("String") => "S",
        Some("Number") => "N",
        Some("Binary") => "B",
        Some(other) => {
            let message = format!(
                "the `Type` of `PrimaryKey`, `{other}`, must be `String`, `Number` or `Binary`"
            );
            draft.error(properties.span("PrimaryKey"), ErrorKind::Value(message));
            "S"
        }
    };
    let mut definition = Map::new();
    definition.insert(
        "KeySchema".to_owned(),
        json!([{"AttributeName": attribute, "KeyType": "HASH"}]),
    );
    definition.insert(
        "AttributeDefinitions".to_owned(),
        json!([{"AttributeName": attribute, "AttributeType": kind}]),
    );
    table::add(draft, properties, definition, None);
}
