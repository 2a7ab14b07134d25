//! Connectors, as resources and on resources.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

pub(super) fn destination() -> impl Strategy<Value = Json> {
    select(vec![
        json!({"Id": "Handler"}),
        json!([{"Id": "Handler"}]),
        json!([{"Id": "Handler"}, {"Id": "Handler"}]),
        json!({"Id": "Chat"}),
        json!({"Id": "Nothing"}),
        json!({"Id": "Handler", "Arn": "x"}),
        json!({"Type": "AWS::Lambda::Function", "Arn": "arn:f"}),
    ])
}

pub(super) fn access() -> impl Strategy<Value = Json> {
    select(vec![
        json!(["Write"]),
        json!(["Write", "Write"]),
        json!(["Read"]),
        json!([]),
    ])
}

pub(super) fn connector() -> BoxedStrategy<Json> {
    let source = select(vec![
        json!({"Id": "Chat"}),
        json!({"Id": "Chat", "Qualifier": "prod/*"}),
        json!({"Id": "Handler"}),
        json!({"Type": "AWS::ApiGatewayV2::Api", "ResourceId": "abc", "Qualifier": "*"}),
    ]);
    let connector = (
        source,
        destination(),
        access(),
        weighted(0.2, Just(json!("IsProd"))),
    );
    let connector = connector.prop_map(|(source, destination, permissions, condition)| {
        // What functions are allowed is not looked at: another destination is another subject.
        let permissions = match source["Id"] == "Handler" {
            true => json!(["Write"]),
            false => permissions,
        };
        let mut connector = json!({
            "Type": "AWS::Serverless::Connector",
            "Properties": {
                "Source": source,
                "Destination": destination,
                "Permissions": permissions,
            },
        });
        if let Some(condition) = condition {
            connector["Condition"] = condition;
        }
        connector
    });
    connector.boxed()
}

pub(super) fn connectors() -> BoxedStrategy<Json> {
    let connectors = (destination(), access()).prop_map(|(destination, permissions)| {
        json!({"Calls": {"Properties": {
            "Destination": destination,
            "Permissions": permissions,
        }}})
    });
    connectors.boxed()
}
