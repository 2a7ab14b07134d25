//! `AWS::LanguageExtensions`, held to what aws-sam-cli makes of the same loops
//! (`.ci/language_extensions.py`), and to templates that are written out.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::diagnostics::Findings;
use crate::document::scalar::Style;
use crate::document::source::Source;
use crate::document::yaml::{self, Content, Node};
use crate::transform;

const RECORD: &str = include_str!("../../tests/language-extensions.json");
const TRANSFORM: &str = "Transform: AWS::LanguageExtensions\n";

fn json_of(node: &Node) -> Json {
    match &node.content {
        Content::Scalar { text, style } if *style == Style::Plain => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()))
        }
        Content::Scalar { text, .. } => Json::String(text.clone()),
        Content::Sequence(items) => items.iter().map(json_of).collect(),
        Content::Mapping(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, node)| (key.text.clone(), json_of(node)))
                .collect()
        }
    }
}

#[test]
fn loops_are_what_sam_makes_of_them() {
    let record: Vec<Json> = serde_json::from_str(RECORD).expect("it is JSON");
    assert!(record.len() > 20);
    for case in &record {
        let name = &case["name"];
        let mut template = case["template"].clone();
        template["Transform"] = json!("AWS::LanguageExtensions");
        let text = template.to_string();
        let source = Source::new("t", &*text);
        let root = yaml::parse(&source).expect("it is JSON");
        let given = case["parameters"].as_object().expect("a map").iter();
        let given = given.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let settings = Settings {
            parameters: given.collect(),
            ..Settings::default()
        };
        let mut findings = Findings::default();
        let made = transform::apply(&source, root, (&settings, &settings.given()), &mut findings);
        let Some(expected) = case["made"].as_object() else {
            assert_eq!(findings.count(), 1, "{name}");
            continue;
        };
        assert!(findings.is_clean(), "{name}");
        for (section, expected) in expected {
            let made = json_of(made.get(section).expect("it is there"));
            // In the same order, too.
            assert_eq!(made.to_string(), expected.to_string(), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // A loop serves what the template that is written out serves.
    #[test]
    fn a_loop_is_the_template_that_is_written_out(
        keys in prop::collection::btree_set("[a-z][a-z0-9]{0,5}", 1..5),
        given: bool,
    ) {
        let resource = |name: &str, key: &str| format!("
  {name}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: 'x{key}', Target: !Sub 'integrations/${{{name}Mock}}'}}
  {name}Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{'{key}': '{{\"statusCode\": 200}}'}}
");
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let written: String = keys.iter().map(|key| resource(key, key)).collect();
        let written = read("", &written, &[]).expect("it is served");
        let list = keys.join(", ");
        let (parameters, list) = if given {
            let list = format!("Parameters: {{L: {{Type: CommaDelimitedList, Default: '{list}'}}}}\n");
            (list, "!Ref L".to_owned())
        } else {
            (String::new(), format!("[{list}]"))
        };
        let body = resource("${K}", "${K}").replace("\n  ", "\n        ");
        let looped = format!("\n  Fn::ForEach::Routes:\n    - K\n    - {list}\n    -{body}");
        let looped = read(&format!("{TRANSFORM}{parameters}"), &looped, &[]);
        let looped = looped.expect("it is served");
        prop_assert_eq!(looped.api().api(), written.api().api());
    }
}

#[test]
fn mistakes_of_a_loop_are_told_once() {
    let broken = "
  Fn::ForEach::Routes:
    - Key
    - !Ref Keys
    - ${Key}Route:
        Type: AWS::ApiGatewayV2::Route
        Properties: {ApiId: !Ref Api, RouteKey: !Ref Key, Target: !Sub 'integrations/${${Key}Mock}'}
";
    let error = read(TRANSFORM, broken, &[]).expect_err("there are no keys");
    assert!(
        error.message().contains("there is no parameter `Keys`"),
        "{error}"
    );
    assert_eq!(error.line(), 14, "{error}");
    let sections =
        format!("{TRANSFORM}Parameters: {{Kays: {{Type: CommaDelimitedList, Default: a}}}}\n");
    let error = read(&sections, broken, &[]).expect_err("there are no keys");
    assert!(
        error.to_string().contains("did you mean `Kays`?"),
        "{error}"
    );
    // What a loop would have made is not missed besides.
    let used = format!(
        "{broken}\n  Other:\n    Type: AWS::ApiGatewayV2::Route\n    Properties: {{ApiId: !Ref Api, RouteKey: o, Target: !Sub 'integrations/${{aMock}}'}}\n"
    );
    read(&sections, &used, &[]).expect_err("one error");
    let error = read("", broken, &[]).expect_err("there is no transform");
    assert!(
        error
            .to_string()
            .contains("write `Transform: AWS::LanguageExtensions` at the top"),
        "{error}"
    );
}

#[test]
fn functions_of_the_extensions_are_evaluated() {
    let sections = |transform: &str| {
        format!(
            "{transform}Mappings: {{M: {{a: {{b: c}}}}}}
Parameters: {{L: {{Type: CommaDelimitedList, Default: 'a,b,c'}}}}
Outputs:
  Length: {{Value: !Length [x, !Ref AWS::Region]}}
  OfList: {{Value: {{Fn::Length: !Ref L}}}}
  Json: {{Value: {{Fn::ToJsonString: {{b: 1, a: [true, '2', !Ref AWS::Region]}}}}}}
  Found: {{Value: !FindInMap [M, a, b, {{DefaultValue: d}}]}}
  Default: {{Value: !FindInMap [M, !Ref AWS::Region, b, {{DefaultValue: d}}]}}
"
        )
    };
    let stack = read(&sections(TRANSFORM), "", &[]).expect("it is served");
    assert_eq!(stack.warnings(), []);
    let outputs: Vec<&str> = stack.outputs().values().map(String::as_str).collect();
    assert_eq!(
        outputs,
        ["2", "3", r#"{"b":1,"a":[true,"2","us-east-1"]}"#, "c", "d"]
    );
    let without = read(&sections(""), "", &[]).expect("it is served");
    assert!(without.outputs().is_empty(), "{:?}", without.outputs());
}

#[test]
fn other_macros_are_named_at_their_place() {
    let sections = "Transform: [AWS::LanguageExtensions, Company, {Name: AWS::Include}]\n";
    let stack = read(sections, "", &[]).expect("it is served");
    let warnings: Vec<String> = stack.warnings().iter().map(ToString::to_string).collect();
    let [company, include] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert!(
        company.starts_with("t.yaml:1:38: the macro `Company` is not run here"),
        "{company}"
    );
    assert!(
        include.contains("the macro `AWS::Include` is not run here"),
        "{include}"
    );
    let variables = "
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: .
      Runtime: provided.al2023
      Environment: {Variables: {A: {Fn::Transform: {Name: Company, Parameters: {}}}}}
";
    let stack = read("", variables, &[]).expect("nothing calls it");
    let warning = stack.warnings()[0].to_string();
    assert!(
        warning.contains("the macro `Company` of `Fn::Transform` is not run here"),
        "{warning}"
    );
}
