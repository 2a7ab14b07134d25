//! `gatespec lint` as a user meets it.

mod support;

use std::process::Output;

use serde_json::Value;

use support::{code, file, folder, gatespec, root, stderr, stdout};

const ORIGINAL: &str = "conformance/fixtures/original-mapping-template.vtl";

fn lint(arguments: &[&str]) -> Output {
    gatespec(&[&["lint"], arguments].concat())
}

#[test]
fn the_stack_of_this_repository_has_no_findings() {
    let output = lint(&[]);
    assert_eq!(code(&output), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("no findings; renders to JSON for every message"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn the_original_template_is_shown_with_places_and_cures() {
    let output = lint(&[ORIGINAL]);
    assert_eq!(code(&output), Some(1));
    let text = stdout(&output);
    let places: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(ORIGINAL))
        .collect();
    assert_eq!(places.len(), 4, "{text}");
    assert!(
        places[0].starts_with(&format!("{ORIGINAL}:5:24: unescaped-value: ")),
        "{text}"
    );
    assert!(
        places[2].starts_with(&format!("{ORIGINAL}:20:24: single-quote: ")),
        "{text}"
    );
    assert!(text.contains("\n   |                        ^^^"), "{text}");
    assert!(
        text.contains(r#"cure: `$util.escapeJavaScript($input.body).replaceAll("\\'","'")`"#),
        "{text}"
    );
}

// Without the code, what a person wrote is read, not what was built of it.
#[test]
fn a_folder_is_read_as_serve_takes_it_but_for_what_is_built() {
    let template = "
Resources:
  Calls:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {RequestTemplates: {$default: '{\"a\": $input.body'}}
";
    let folder = folder("lint-folder");
    std::fs::create_dir_all(folder.join(".aws-sam/build")).unwrap();
    for name in ["template.yaml", ".aws-sam/build/template.yaml"] {
        std::fs::write(folder.join(name), template).unwrap();
    }
    let path = folder.display().to_string();
    for command in ["lint", "falsify"] {
        let output = gatespec(&[command, &path]);
        assert_eq!(code(&output), Some(1), "{command}: {}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("lint-folder/template.yaml"), "{text}");
        let output = gatespec(&[command, "--stack", "Chat", &path]);
        assert_eq!(code(&output), Some(2), "{command}");
        assert!(
            stderr(&output).contains("names a stack of a CDK app"),
            "{command}"
        );
    }
}

#[test]
fn rules_that_are_allowed_find_nothing() {
    let (quotes, values) = ("--allow=single-quote", "--allow=unescaped-value");
    let output = lint(&[ORIGINAL, quotes]);
    assert_eq!(code(&output), Some(1));
    assert!(!stdout(&output).contains("single-quote"));
    let output = lint(&[
        ORIGINAL,
        quotes,
        values,
        "--allow=unknown-context-name",
        "--format=json",
    ]);
    assert_eq!(code(&output), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains(r#""jsonSafe": false"#),
        "{}",
        stdout(&output)
    );
    let output = lint(&[ORIGINAL, "--allow=no-such-rule"]);
    assert_eq!(code(&output), Some(2));
}

// Inside of a template.yaml the places are those of the YAML file.
#[test]
fn places_in_a_stack_are_those_of_its_file() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let changed = template.replace(
        "\"isBase64Encoded\": false",
        "\"isBase64Encoded\": \"$context.isBase64Encoded\"",
    );
    assert_ne!(changed, template);
    let path = file("lint", "template.yaml", &changed);
    let output = lint(&["--format", "json", &path]);
    assert_eq!(code(&output), Some(1));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let finding = &report["templates"][0]["findings"][0];
    assert_eq!(finding["rule"], "unknown-context-name");
    let number = |key: &str| usize::try_from(finding[key].as_u64().unwrap()).unwrap();
    let line = changed.lines().nth(number("line") - 1).unwrap();
    assert_eq!(
        &line[number("column") - 1..number("endColumn") - 1],
        "$context.isBase64Encoded"
    );
    assert_eq!(report["templates"][0]["jsonSafe"], true);
}

#[test]
fn sarif_has_rules_and_regions() {
    let output = lint(&["--format", "sarif", ORIGINAL, "template.yaml"]);
    assert_eq!(code(&output), Some(1));
    let log: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], ORIGINAL);
        assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
    }
}

#[test]
fn what_cannot_be_read_is_exit_code_2() {
    for path in [
        "no/such/template.vtl".to_owned(),
        "no/such/template.yaml".to_owned(),
        file("lint", "bad.yaml", "a: ["),
    ] {
        let output = lint(&[&path]);
        assert_eq!(code(&output), Some(2), "{path}");
        assert!(stderr(&output).contains(&path));
    }
}

const WRITTEN: &str = r#"Resources:
  A:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      RequestTemplates:
        folded: >-
          {"a":

          "$input.body"}
        quoted: "{\n\t\"a\": \"$input.body\"}"
        single: '{"it''s": "$input.body"}'
        joined: !Join ['', ['{"t": "', !Ref T, '", "a": "$input.body"}']]
        listed: !Sub ['{"t": "${T}", "a": "$input.body"}', {T: !Ref T}]
        imported: !ImportValue a
"#;

// However a text is written, the caret stands at the fault.
#[test]
fn carets_stand_at_the_fault_however_a_text_is_written() {
    let yaml = file("lint-written", "template.yaml", WRITTEN);
    let json = file(
        "lint-written",
        "template.json",
        r#"{"Resources": {"A": {"Type": "AWS::ApiGatewayV2::Integration", "Properties":
            {"RequestTemplates": {"x": "{\n  \"a\": \"$input.body\"}"}}}}}"#,
    );
    for (path, count) in [(yaml, 5), (json, 1)] {
        let output = lint(&[&path, "--format=json"]);
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let at = |finding: &Value, end: usize| {
            usize::try_from(finding["span"][end].as_u64().unwrap()).unwrap()
        };
        let templates = report["templates"].as_array().unwrap().iter();
        let findings: Vec<_> = templates
            .flat_map(|template| template["findings"].as_array().unwrap())
            .collect();
        assert_eq!(findings.len(), count, "{}", stdout(&output));
        for finding in findings {
            assert_eq!(&text[at(finding, 0)..at(finding, 1)], "$input.body");
        }
    }
}

#[test]
fn what_is_not_checked_is_said() {
    let path = file("lint-unread", "template.yaml", WRITTEN);
    let said = "A RequestTemplates `imported` was not checked: \
                `Fn::ImportValue` is evaluated only when the stack is deployed";
    let place = format!("{path}:14:19: {said}");
    let output = lint(&[&path]);
    assert!(stdout(&output).contains(&place), "{}", stdout(&output));
    let output = lint(&[&path, "--format=json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let unread = &report["templates"][5];
    assert_eq!(unread["template"], "A RequestTemplates `imported`");
    assert_eq!(unread["jsonSafe"], false);
    assert_eq!(unread["doubts"].as_array().unwrap().len(), 1);
    let output = lint(&[&path, "--format=sarif"]);
    let log: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let note = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["message"]["text"], said);
}

#[test]
fn the_templates_of_nested_stacks_are_read_too() {
    let integration = "
  Chat:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {RequestTemplates: {$default: '{\"a\": \"$input.path(''$.a'')\"}'}}
";
    let nested = file(
        "nested-lint",
        "nested.yaml",
        &format!("Resources:{integration}"),
    );
    let nested = nested.rsplit('/').next().unwrap();
    // The stack is nested in itself, too: that has an end.
    let stack = |id: &str, file: &str| {
        format!(
            "
  {id}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {file}}}}}"
        )
    };
    let stacks = stack("One", nested) + &stack("Two", nested) + &stack("Me", "around.yaml");
    let around = file(
        "nested-lint",
        "around.yaml",
        &format!("Resources:{stacks}\n"),
    );
    let output = lint(&[&around]);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let found = text
        .lines()
        .filter(|line| line.contains(": unescaped-value: "));
    let found: Vec<&str> = found.collect();
    assert_eq!(found.len(), 1, "{text}");
    assert!(found[0].contains("nested.yaml:4:"), "{text}");
}
