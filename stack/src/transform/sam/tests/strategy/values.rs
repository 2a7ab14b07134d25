//! Values: text, functions, maps of which some entries are there.

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

/// Text, or a function of which there is some.
pub(super) fn text() -> BoxedStrategy<Json> {
    prop_oneof![
        6 => select(vec!["some text", "x", "UPPER", "ü", "yes", "12", "a: b"]).prop_map(Json::from),
        1 => select(vec!["Stage", "Path", "List", "Given", "AWS::Region", "AWS::StackName"])
            .prop_map(|name| json!({"Ref": name})),
        1 => select(vec!["${Stage}-x", "${AWS::Region}${Path}", "${!Stage}", "a${Chat.Stage}b",
            "${Table}", "${ Stage }", "${List}${AWS::AccountId}", "${Chat.Stage.X}${"])
            .prop_map(|text| json!({"Fn::Sub": text})),
        1 => select(vec!["${Stage}${Own}", "${Own}"]).prop_map(|text| {
            json!({"Fn::Sub": [text, {"Own": {"Ref": "Stage"}, "Stage": "own"}]})
        }),
        1 => select(vec![
            json!({"Fn::If": ["IsProd", {"Ref": "Stage"}, {"Ref": "AWS::NoValue"}]}),
            json!({"Ref": "Chat.Stage"}),
            json!({"Fn::GetAtt": ["Table", "Arn"]}),
            json!({"Fn::GetAtt": ["Chat.Stage", "Arn"]}),
            json!({"Fn::GetAtt": ["Chat", "Stage.Arn"]}),
            json!({"Fn::Join": ["-", ["a", {"Ref": "Path"}]]}),
            json!({"Fn::ImportValue": {"Fn::Sub": "${Stage}-x"}}),
        ]),
    ]
    .boxed()
}

pub(super) fn arn() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => Just(json!({"Fn::GetAtt": ["Handler", "Arn"]})),
        1 => Just(json!({"Ref": "Handler.Alias"})),
        1 => Just(json!("arn:aws:lambda:us-east-1:000000000000:function:f")),
        1 => Just(json!({"Fn::Sub": "${Handler.Arn}:${Stage}"})),
        1 => Just(json!({"Ref": "Given"})),
    ]
}

pub(super) fn flag() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => any::<bool>().prop_map(Json::from),
        1 => Just(json!({"Fn::If": ["IsProd", true, false]})),
    ]
}

/// Optional entries by name, in the order given.
pub(super) type Entries = Vec<(&'static str, BoxedStrategy<Json>)>;

/// A map of which each entry is there with a probability.
pub(super) fn some_of(probability: f64, entries: Entries) -> BoxedStrategy<Map<String, Json>> {
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(name, value)| weighted(probability, value).prop_map(move |value| (name, value)))
        .collect();
    let entries = entries.prop_map(|entries| {
        let entries = entries.into_iter();
        entries
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    });
    entries.boxed()
}

pub(super) fn settings() -> BoxedStrategy<Json> {
    let settings = some_of(
        0.4,
        vec![
            ("ThrottlingBurstLimit", (0..9).prop_map(Json::from).boxed()),
            ("DataTraceEnabled", flag().boxed()),
            ("LoggingLevel", text()),
        ],
    );
    settings.prop_map(Json::Object).boxed()
}

pub(super) fn tags() -> BoxedStrategy<Json> {
    let tags = some_of(
        0.5,
        vec![("team", text()), ("websocketapi:createdBy", text())],
    );
    tags.prop_map(Json::Object).boxed()
}
