//! The transform beside aws-sam-translator 1.115.0: `strategy` makes templates, `oracle` asks the
//! real translator, `recorded` has its answers to what once differed, and to one template of every
//! kind.

#[cfg(feature = "oracle")]
mod oracle;
mod recorded;
#[cfg(feature = "oracle")]
mod strategy;
mod told;

use serde_json::{Map, Value as Json, json};

use crate::diagnostics::Findings;
use crate::document::source::Source;
use crate::document::yaml::{self, Content, Node};
use crate::settings::Settings;
use crate::transform::nodes::{Kind, untagged};

/// What the transform makes of a template: as the translator's answers are, and the findings.
fn transformed(text: &str, parameters: &Json) -> (Json, Findings) {
    let source = Source::new("template.yaml", text);
    let root = yaml::parse(&source).expect("the template is YAML");
    let mut settings = Settings::default();
    for (name, value) in parameters.as_object().into_iter().flatten() {
        let value = value.as_str().expect("a value is text").to_owned();
        settings.parameters.insert(name.clone(), value);
    }
    let mut findings = Findings::default();
    let root = super::apply(&source, root, (&settings, &settings.given()), &mut findings);
    let section = |name: &str| root.get(name).map_or_else(|| json!({}), to_json);
    let (mut resources, mut functions) = (section("Resources"), Map::new());
    if let Json::Object(resources) = &mut resources {
        resources.retain(|id, resource| match resource["Type"].as_str() {
            Some("AWS::Serverless::Function") => {
                let properties = resource.get("Properties").cloned();
                functions.insert(id.clone(), properties.unwrap_or_else(|| json!({})));
                false
            }
            Some("AWS::Lambda::Alias" | "AWS::Lambda::Version" | "AWS::IAM::Role") => false,
            _ => true,
        });
    }
    let answer = json!({
        "Resources": resources,
        "Functions": functions,
        "Outputs": section("Outputs"),
    });
    (answer, findings)
}

/// A node as SAM's command reads YAML.
fn to_json(node: &Node) -> Json {
    if let Some((name, argument)) = untagged(node).filter(|_| node.tag.is_some()) {
        let names = argument.plain_text().and_then(|text| text.split_once('.'));
        let argument = match names {
            Some((id, attribute)) if name == "Fn::GetAtt" => json!([id, attribute]),
            _ => to_json(&argument),
        };
        return json!({ name: argument });
    }
    match (&node.content, Kind::of(node)) {
        (_, Kind::Null) => Json::Null,
        (_, Kind::Bool(value)) => json!(value),
        (Content::Scalar { text, .. }, Kind::Number) => {
            serde_json::from_str(text).unwrap_or_else(|_| json!(text))
        }
        (Content::Scalar { text, .. }, _) => json!(text),
        (Content::Sequence(items), _) => items.iter().map(to_json).collect(),
        (Content::Mapping(entries), _) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, node)| (key.text.clone(), to_json(node)));
            Json::Object(entries.collect())
        }
    }
}

/// How both differ, if they do. Two things that would have one logical id are an error of ours
/// alone: the translator takes the last of them.
fn difference(template: &Json, parameters: &Json, theirs: &Json) -> Option<String> {
    let (ours, findings) = transformed(&template.to_string(), parameters);
    let refused = theirs.get("refused");
    let messages: Vec<String> = match findings.is_clean() {
        true => Vec::new(),
        false => {
            let diagnostics = findings.into_diagnostics();
            let messages = diagnostics.errors().iter();
            messages.map(|error| error.message().to_owned()).collect()
        }
    };
    let ours_alone = |message: &String| message.contains("would both be");
    match (refused, &messages[..]) {
        (None, []) if ours == *theirs => None,
        (None, []) => Some(format!("ours:   {ours}\ntheirs: {theirs}")),
        (None, messages) if messages.iter().all(ours_alone) => None,
        (Some(_), [_, ..]) => None,
        (Some(refused), []) => Some(format!("taken: {ours}\nthey refuse: {refused}")),
        (None, messages) => Some(format!("refused: {messages:?}\nthey take it: {theirs}")),
    }
}
