//! What else a template has: functions, `Globals`, outputs.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::api::common;
use super::values::{Entries, some_of, tags, text};

/// Properties of functions, merged in every way.
pub(super) fn of_functions() -> Entries {
    let variables = some_of(0.6, vec![("A", text()), ("B", text())]);
    let environment = variables.prop_map(|variables| json!({"Variables": variables}));
    let asynchronous = some_of(
        0.6,
        vec![
            (
                "MaximumEventAgeInSeconds",
                (60..99).prop_map(Json::from).boxed(),
            ),
            ("MaximumRetryAttempts", (0..3).prop_map(Json::from).boxed()),
        ],
    );
    let layers = select(vec![json!(["arn:a"]), json!(["arn:b", "arn:c"])]);
    vec![
        ("Environment", environment.boxed()),
        (
            "EventInvokeConfig",
            asynchronous.prop_map(Json::Object).boxed(),
        ),
        ("Layers", layers.boxed()),
        ("Tags", tags()),
        ("Timeout", (1..900).prop_map(Json::from).boxed()),
        ("MemorySize", (128..999).prop_map(Json::from).boxed()),
        (
            "Architectures",
            select(vec![json!(["arm64"]), json!(["x86_64"])]).boxed(),
        ),
    ]
}

pub(super) fn function() -> BoxedStrategy<Json> {
    let function = (
        some_of(0.3, of_functions()),
        weighted(0.2, Just(json!("*"))),
    );
    let function = function.prop_map(|(mut properties, ignored)| {
        properties.insert("CodeUri".to_owned(), json!("s3://bucket/key"));
        properties.insert("Handler".to_owned(), json!("index.handler"));
        properties.insert("Runtime".to_owned(), json!("nodejs24.x"));
        properties.insert("AutoPublishAlias".to_owned(), json!("live"));
        let mut function = json!({"Type": "AWS::Serverless::Function", "Properties": properties});
        if let Some(ignored) = ignored {
            function["IgnoreGlobals"] = ignored;
        }
        function
    });
    function.boxed()
}

pub(super) fn globals() -> BoxedStrategy<Json> {
    let globals = (
        some_of(0.1, common()),
        some_of(0.3, of_functions()),
        any::<bool>(),
    );
    let globals = globals.prop_map(|(api, function, both)| match both {
        true => json!({"WebSocketApi": api, "Function": function}),
        false => json!({"WebSocketApi": api}),
    });
    globals.boxed()
}

pub(super) fn outputs() -> impl Strategy<Value = Json> {
    select(vec![
        json!({}),
        json!({"Url": {"Value": {"Fn::Sub": "wss://${Chat}.x/${Chat.Stage}"}}}),
        json!({"Stage": {"Value": {"Ref": "Chat.Stage"}}, "Alias": {"Value": {"Ref": "Handler.Alias"}}}),
        json!({"Domain": {"Value": {"Fn::GetAtt": ["Chat.DomainName", "RegionalDomainName"]}}}),
        json!({"Other": {"Value": {"Ref": "Chat.Other"}}}),
    ])
}
