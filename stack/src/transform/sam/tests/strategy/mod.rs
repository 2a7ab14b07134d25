//! Random templates with WebSocket APIs: most are valid, and the rest have one value in the wrong
//! place.

mod api;
mod connectors;
mod others;
mod values;

use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

use api::api;
use connectors::connector;
use others::{function, globals, outputs};

/// A template, and values for its parameters.
pub(super) fn template() -> impl Strategy<Value = (Json, Json)> {
    let parts = (
        weighted(0.4, globals()),
        api("Chat"),
        weighted(0.2, api("Chat1")),
        function(),
        weighted(0.2, connector()),
        outputs(),
    );
    let mistake = weighted(0.35, (any::<Index>(), wrong_value()));
    (parts, mistake, parameters()).prop_map(|(parts, mistake, parameters)| {
        let (globals, chat, second, function, connector, outputs) = parts;
        let mut template = json!({
            "Transform": "AWS::Serverless-2016-10-31",
            "Parameters": {
                "Stage": {"Type": "String", "Default": "prod"},
                "Path": {"Type": "String", "Default": "chat-1"},
                "Kind": {"Type": "String", "Default": "CUSTOM"},
                "List": {"Type": "CommaDelimitedList", "Default": "a,b"},
                "Given": {"Type": "String"},
            },
            "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
            "Resources": {
                "Handler": function,
                "Table": {"Type": "AWS::DynamoDB::Table"},
                "Chat": chat,
            },
            "Outputs": outputs,
        });
        let resources = &mut template["Resources"];
        if let Some(second) = second {
            resources["Chat1"] = second;
        }
        if let Some(connector) = connector {
            resources["Link"] = connector;
        }
        if let Some(globals) = globals {
            template["Globals"] = globals;
        }
        if let Some((index, value)) = mistake {
            spoil(&mut template, index, value);
        }
        (template, parameters)
    })
}

fn parameters() -> impl Strategy<Value = Json> {
    let given = select(vec!["live", "", "a-b", "CUSTOM"]);
    (given, of(select(vec!["test", "prod", "a-b", "$default"]))).prop_map(|(given, stage)| {
        let mut values = json!({ "Given": given });
        if let Some(stage) = stage {
            values["Stage"] = json!(stage);
        }
        values
    })
}

fn wrong_value() -> impl Strategy<Value = Option<Json>> {
    of(select(vec![
        json!(""),
        json!("$default"),
        json!("a b"),
        json!(0),
        json!(7),
        json!(true),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": "y"}),
        json!({"x": "y", "z": null}),
        json!({"Ref": "Stage"}),
        json!({"Ref": "Table"}),
        json!({"Fn::If": ["IsProd", "a", "b"]}),
    ]))
}

/// Puts a value in the place of one below the API's properties or the globals, or removes that one.
fn spoil(template: &mut Json, index: Index, value: Option<Json>) {
    let mut paths = Vec::new();
    let roots = ["/Resources/Chat/Properties", "/Globals"];
    for root in roots {
        if let Some(node) = template.pointer(root) {
            walk(node, root, &mut paths);
        }
    }
    if paths.is_empty() {
        return;
    }
    let (parent, name) = &paths[index.index(paths.len())];
    match (template.pointer_mut(parent), value) {
        (Some(Json::Object(entries)), Some(value)) => drop(entries.insert(name.clone(), value)),
        (Some(Json::Object(entries)), None) => drop(entries.remove(name)),
        _ => {}
    }
}

fn walk(node: &Json, path: &str, paths: &mut Vec<(String, String)>) {
    if let Json::Object(entries) = node {
        for (name, value) in entries {
            // What functions may have is another subject.
            if !path.starts_with("/Globals/Function") {
                paths.push((path.to_owned(), name.clone()));
            }
            let name = name.replace('~', "~0").replace('/', "~1");
            walk(value, &format!("{path}/{name}"), paths);
        }
    }
}
