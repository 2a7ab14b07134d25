//! What is said of a stack beside its template: options, and SAM's configuration.

mod support;

use support::{code, file, folder, gatespec, stderr, stdout};

/// An API with two stages, and an integration with a mapping template that `lint` has findings for.
const STACK: &str = r#"
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Dev: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: dev}}
  Prod: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: prod}}
  Say: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: say, Target: !Sub 'integrations/${Web}'}}
  Web:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: HTTP
      IntegrationMethod: POST
      IntegrationUri: 'https://example.com/'
      TemplateSelectionExpression: \$default
      RequestTemplates: {$default: '{"said": "$input.body"}'}
"#;

#[test]
fn one_of_several_stages_is_named() {
    let template = file("stages", "template.yaml", STACK);
    let output = gatespec(&["serve", "--dry-run", &template]);
    assert_eq!(code(&output), Some(2));
    let page = stderr(&output);
    assert!(page.contains("say which one to serve: `--stage "), "{page}");
    for stage in ["dev", "prod"] {
        let output = gatespec(&["serve", "--dry-run", "--stage", stage, &template]);
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        let address = format!("ws://127.0.0.1:3001/{stage}");
        assert!(stdout(&output).contains(&address), "{}", stdout(&output));
    }
    let output = gatespec(&["serve", "--dry-run", "--stage", "test", &template]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("the API has no stage `test`"));
}

// A configuration that is passed over may hold what keeps an API closed.
#[test]
fn a_configuration_in_yaml_is_told() {
    let template = file("samconfig-yaml", "template.yaml", STACK);
    let config = file("samconfig-yaml", "samconfig.yaml", "version: 0.1\n");
    let output = gatespec(&["serve", "--dry-run", "--stage", "dev", &template]);
    assert_eq!(code(&output), Some(0));
    let page = stderr(&output);
    assert!(
        page.contains(&format!("warning: `{config}` is not read")),
        "{page}"
    );
    let output = gatespec(&[
        "serve",
        "--dry-run",
        "--config-file",
        "samconfig.yaml",
        &template,
    ]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("only a configuration in TOML"));
}

#[test]
fn a_word_that_is_no_parameter_is_refused() {
    let template = file("samconfig-word", "template.yaml", STACK);
    let config = "[default.deploy.parameters]\nparameter_overrides = \"Env=prod junk Other=x\"\n";
    file("samconfig-word", "samconfig.toml", config);
    let output = gatespec(&["serve", "--dry-run", "--stage", "dev", &template]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("`junk` must be Key=Value"));
}

#[test]
fn all_commands_read_the_template_of_sams_configuration() {
    let project = folder("samconfig-template").display().to_string();
    let template = file("samconfig-template", "chat.yaml", STACK);
    let config = "[default.build.parameters]\ntemplate_file = \"chat.yaml\"\n";
    file("samconfig-template", "samconfig.toml", config);
    for command in ["lint", "falsify"] {
        let output = gatespec(&[command, &project]);
        assert_eq!(code(&output), Some(1), "{command}: {}", stderr(&output));
        assert!(stdout(&output).contains(&template), "{}", stdout(&output));
    }
}
