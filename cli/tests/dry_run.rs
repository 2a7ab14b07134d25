//! `gatespec serve --dry-run`, and which template it finds: nothing is started.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use insta::{Settings, assert_snapshot};
use serde_json::Value;
use support::{code, command, file, folder, gatespec, stderr, stdout};

fn snapshot(name: &str, description: &str, page: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/stack");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(description);
    settings.bind(|| assert_snapshot!(name, page));
}

fn json(arguments: &[&str]) -> Value {
    let output = gatespec(&[&["serve", "--dry-run=json"], arguments].concat());
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// A stack that shows what a plan has.
const STACK: &str = r#"Transform: AWS::Serverless-2016-10-31
Parameters:
  Level: {Type: String}
  Table: {Type: String, Default: table}
Globals: {Function: {Runtime: nodejs22.x, Handler: index.handler}}
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: !Ref Level, AutoDeploy: true}}
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: guard
      AuthorizerType: REQUEST
      IdentitySource: [route.request.header.token]
      AuthorizerUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Inline.Arn}/invocations'
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard}
  Say: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: say, Target: !Sub 'integrations/${Calls}'}}
  Put: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: put, Target: !Sub 'integrations/${Web}'}}
  Lost: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: lost}}
  Calls:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Packed.Arn}/invocations'
  Web:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationMethod: POST, IntegrationUri: 'https://example.com/'}
  Inline: {Type: AWS::Serverless::Function, Properties: {InlineCode: 'exports.handler = 1'}}
  Packed:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Bucket: b, S3Key: a/packed.zip}, Runtime: python3.12, Handler: app.handler}
  Unused: {Type: AWS::Serverless::Function, Properties: {CodeUri: missing, Description: !Ref Table}}
  Rows:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: !Ref Table}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunction', FunctionName: !Ref Packed, Principal: apigateway.amazonaws.com}
"#;

#[test]
fn a_plan_is_a_page_for_people() {
    let found = folder("plan");
    file("plan", "packed.zip", "");
    file("plan", "template.yaml", STACK);
    let output = command(&["serve", "--dry-run", "--parameter", "Level=test"])
        .env("AWS_REGION", "eu-west-1")
        .current_dir(&found)
        .output()
        .unwrap();
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    snapshot(
        "dry-run",
        "`gatespec serve --dry-run`: what would be served",
        &stdout(&output),
    );
}

#[test]
fn a_plan_is_json_for_programs() {
    file("plan-json", "packed.zip", "");
    let template = file("plan-json", "template.yaml", STACK);
    let plan = json(&["--port", "0", "--parameter", "Level=test", &template]);
    assert_eq!(plan["addresses"]["ws"], "ws://127.0.0.1:PORT/test");
    let routes = plan["routes"].as_array().unwrap();
    let calls = |key: &str| {
        let mut routes = routes.iter();
        let route = routes.find(|route| route["route_key"] == key).unwrap();
        route["integration"].clone()
    };
    assert_eq!(calls("say")["function"], "Packed");
    assert_eq!(calls("put")["uri"], "https://example.com/");
    assert_eq!(calls("lost"), Value::Null);
    let functions = plan["functions"].as_array().unwrap();
    assert_eq!(functions[2]["is_called"], false);
    let problem = functions[2]["code"]["problem"].as_str().unwrap();
    assert!(problem.starts_with("there is no `"), "{problem}");
    let kinds = plan["warnings"].as_array().unwrap();
    assert!(
        kinds.iter().any(|one| one["kind"] == "not-permitted"),
        "{plan:#}"
    );
}

#[test]
fn what_cannot_be_served_is_exit_code_2() {
    let template = file("plan-wrong", "template.yaml", STACK);
    let output = gatespec(&["serve", "--dry-run", &template]);
    assert_eq!(code(&output), Some(2));
    let page = stderr(&output);
    assert!(page.contains("`--parameter Level=VALUE`"), "{page}");
    let nothing = folder("plan-nothing").display().to_string();
    let output = gatespec(&["serve", "--dry-run", &nothing]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("there is nothing to serve in"));
    let output = gatespec(&["serve", "--dry-run", "--stack", "Chat", &template]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("`--stack Chat` names a stack of a CDK app"));
}

// Options go before the configuration, whose parameters may be those of another template.
#[test]
fn parameters_come_from_sams_configuration() {
    let project = folder("samconfig");
    let config = "
[default.build.parameters]
template_file = \"chat.yaml\"
[default.deploy.parameters]
parameter_overrides = \"Level=first Other=x\"
[prod.deploy.parameters]
parameter_overrides = [\"Level=prod\"]
";
    file("samconfig", "samconfig.toml", config);
    file("samconfig", "packed.zip", "");
    let template = file("samconfig", "chat.yaml", STACK);
    let project = project.display().to_string();
    let stage = |arguments: &[&str]| json(arguments)["api"]["stage"].clone();
    assert_eq!(stage(&[&project]), "first");
    assert_eq!(stage(&[&template]), "first");
    let prod = ["--config-env", "prod", "--config-file", "samconfig.toml"];
    let prod = [&prod[..], &[&template]].concat();
    assert_eq!(stage(&prod), "prod");
    let overrides = [
        "--parameter-overrides",
        "ParameterKey=Level,ParameterValue=second",
    ];
    assert_eq!(stage(&[&[&*project][..], &overrides].concat()), "second");
    let both = [
        &[&*project][..],
        &overrides,
        &["--parameter", "Level=third"],
    ]
    .concat();
    assert_eq!(stage(&both), "third");
    let output = gatespec(&["serve", "--dry-run", &project, "--config-env", "none"]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("there is no environment `none`"));
}

#[test]
fn the_addresses_are_those_that_would_be_served() {
    let api = "ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action";
    let resources = format!(
        "Resources:
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{DisableExecuteApiEndpoint: true, {api}}}}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: dev, AutoDeploy: true}}
  Say: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: say}}}}
"
    );
    let domain = "
  Domain:
    Type: AWS::ApiGatewayV2::DomainName
    Properties:
      DomainName: chat.example.com
      DomainNameConfigurations: [{CertificateArn: x, EndpointType: REGIONAL}]
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: !Ref Domain, Stage: !Ref Stage, ApiMappingKey: live}
";
    let path = file(
        "addresses",
        "template.yaml",
        &format!("{resources}{domain}"),
    );
    let addresses = &json(&[&path, "--host", "0.0.0.0"])["addresses"];
    assert_eq!(addresses["ws"], "ws://127.0.0.1:3001/live");
    assert_eq!(addresses["management"], "http://127.0.0.1:3001/live");
    assert_eq!(addresses["custom_domains"][0]["host"], "chat.example.com");
    let page = stdout(&gatespec(&["serve", "--dry-run", &path]));
    let line = "custom domain  ws://127.0.0.1:3001/live with `Host: chat.example.com`\n";
    assert!(page.contains(line), "{page}");
    let path = file("addresses", "alone.yaml", &resources);
    let page = stdout(&gatespec(&["serve", "--dry-run", &path]));
    let line = "ws://127.0.0.1:3001/dev (disabled, without a custom domain: 403)\n";
    assert!(page.contains(line), "{page}");
}
