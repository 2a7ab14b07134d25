//! What an assembly was read from.

use std::path::PathBuf;

use crate::{Assembly, Settings};

// Whoever watches a broken template has to see the file that mends it.
#[test]
fn all_that_was_read_is_an_input_whether_or_not_it_can_be_served() {
    let name = format!("gatespec-inputs-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let nested = |template: &str| {
        format!(
            "Resources:
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: WEBSOCKET, Name: !GetAtt N.Outputs.O}}}}
  N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {template}}}}}
"
        )
    };
    write("template.yaml", &nested("data.yaml"));
    write("broken.yaml", &nested("unreadable.yaml"));
    write("unreadable.yaml", "a: [");
    write("none.yaml", "a: [");
    write("x.assets.json", "{}");
    for (template, nested) in [
        ("template.yaml", Some("data.yaml")),
        ("broken.yaml", Some("unreadable.yaml")),
        ("none.yaml", None),
        ("missing.yaml", None),
    ] {
        let read = Assembly::read(&folder.join(template), &Settings::default());
        let mut inputs: Vec<PathBuf> = read.expect_err("it is broken").inputs().to_vec();
        inputs.retain(|input| !input.ends_with("x.assets.json") || template == "missing.yaml");
        let expected = [template].into_iter().chain(nested);
        let expected: Vec<PathBuf> = expected.map(|name| folder.join(name)).collect();
        assert_eq!(inputs, expected);
    }
    let read = Assembly::read(&folder.join("none.yaml"), &Settings::default());
    let lists = folder.join("x.assets.json");
    assert!(read.expect_err("it is broken").inputs().contains(&lists));
    std::fs::remove_dir_all(&folder).unwrap();
}
