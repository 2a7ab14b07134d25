//! `AWS::DynamoDB::Table` and `AWS::Serverless::SimpleTable`.

use serde_json::{Map, Value as Json, json};

use super::names;
use super::properties::Properties;
use super::source::{Error, Warning};
use super::template::{Resource, Template};

/// A table of the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// `TableName`, or the one made up for it.
    pub name: String,
    /// The request that creates it, as DynamoDB's `CreateTable` takes it.
    pub definition: Json,
    /// The attribute of its time-to-live, when that is enabled.
    pub time_to_live: Option<String>,
}

const SIMPLE: &str = "AWS::Serverless::SimpleTable";

/// What `CreateTable` and the resource have in common.
const SHARED: [&str; 5] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

/// Reads the tables of the stack.
pub(crate) fn read(
    template: &Template<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Table>, Error> {
    template
        .resources
        .values()
        .filter(|resource| ["AWS::DynamoDB::Table", SIMPLE].contains(&&*resource.kind))
        .map(|resource| table(template, resource, warnings))
        .collect()
}

fn table(
    template: &Template<'_>,
    resource: &Resource<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Table, Error> {
    let properties = Properties::new(template, resource);
    let name = names::named(template, resource, "TableName", &resource.id_span)?;
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), Json::from(name.as_str()));
    let mut time_to_live = None;
    if resource.kind == SIMPLE {
        properties.warn_of_others(
            &["TableName", "PrimaryKey", "ProvisionedThroughput"],
            &[
                "Tags",
                "SSESpecification",
                "PointInTimeRecoverySpecification",
            ],
            warnings,
        );
        let key = properties.get("PrimaryKey")?;
        let part = |name: &str| {
            key.as_ref()
                .and_then(|key| key.get(name)?.as_text().map(str::to_owned))
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
                return Err(properties.error("PrimaryKey", message));
            }
        };
        definition.insert(
            "KeySchema".to_owned(),
            json!([{"AttributeName": attribute, "KeyType": "HASH"}]),
        );
        definition.insert(
            "AttributeDefinitions".to_owned(),
            json!([{"AttributeName": attribute, "AttributeType": kind}]),
        );
    } else {
        let mut known = vec![
            "TableName",
            "BillingMode",
            "TimeToLiveSpecification",
            "StreamSpecification",
        ];
        known.extend(SHARED);
        properties.warn_of_others(
            &known,
            &[
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
            warnings,
        );
        for required in ["KeySchema", "AttributeDefinitions"] {
            if properties.get(required)?.is_none() {
                return Err(properties.missing(required));
            }
        }
        for shared in SHARED {
            if let Some(value) = properties.get(shared)? {
                definition.insert(shared.to_owned(), value.to_json());
            }
        }
        if let Some(value) = properties.get("StreamSpecification")? {
            let mut stream = value.to_json();
            stream["StreamEnabled"] = Json::Bool(true);
            definition.insert("StreamSpecification".to_owned(), stream);
        }
        if let Some(value) = properties.get("TimeToLiveSpecification")? {
            let text = |name: &str| value.get(name).and_then(|value| value.as_text());
            if text("Enabled") == Some("true") {
                time_to_live = text("AttributeName").map(str::to_owned);
            }
        }
    }
    if !definition.contains_key("ProvisionedThroughput") {
        definition.insert("BillingMode".to_owned(), Json::from("PAY_PER_REQUEST"));
    }
    Ok(Table {
        logical_id: resource.id.clone(),
        name,
        definition: Json::Object(definition),
        time_to_live,
    })
}
