//! What is said to do about the mistakes of people's first hour.

use std::path::Path;

use rstest::rstest;
use stack::{Assembly, Settings};

/// A stack with an integration, a function and a queue.
const TEMPLATE: &str = r#"
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $connect, Target: !Sub 'integrations/${Calls}'}
  Calls:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations'
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, Role: r, Code: {ZipFile: ''}}
  Queue:
    Type: AWS::SQS::Queue
"#;

/// What helps against the first error of a template.
fn cure(template: &str, settings: &Settings) -> String {
    let error = match Assembly::parse("template.yaml", template, Path::new(""), settings) {
        Ok(stack) => panic!("it is served: {:?}", stack.warnings()),
        Err(error) => error.to_string(),
    };
    let (_, help) = error.split_once("= help: ").expect("there is a cure");
    help.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_template_is_served_without_the_mistakes() {
    let settings = Settings::default();
    let stack = Assembly::parse("template.yaml", TEMPLATE, Path::new(""), &settings);
    assert!(stack.is_ok(), "{stack:?}");
}

#[rstest]
#[case::a_name_for_an_arn(
    "${Fn.Arn}",
    "${Fn}",
    "that is the name of `Fn`, which `!Ref` gives: its ARN is `!GetAtt Fn.Arn`, in a text `${Fn.Arn}`"
)]
#[case::no_authorizer(
    "RouteKey: $connect,",
    "RouteKey: $connect, AuthorizationType: CUSTOM,",
    "add `AuthorizerId: !Ref MyAuthorizer`, an `AWS::ApiGatewayV2::Authorizer`"
)]
#[case::an_authorizer_elsewhere(
    "RouteKey: $connect,",
    "RouteKey: say, AuthorizationType: AWS_IAM,",
    "move it to the route `$connect`"
)]
#[case::another_resource(
    "ApiId: !Ref Api, RouteKey",
    "ApiId: !Ref Queue, RouteKey",
    "`Queue` is of the type `AWS::SQS::Queue`: name the API, `!Ref MyApi`"
)]
#[case::a_text_for_a_reference(
    "ApiId: !Ref Api, RouteKey",
    "ApiId: Ref! Api, RouteKey",
    "a reference is written `!Ref Api`"
)]
#[case::a_letter_too_many("!Ref Api, Stage", "!Ref Apii, Stage", "did you mean `Api`?")]
#[case::a_letter_too_many_of_two("${Fn.Arn}", "${Fnn.Arn}", "did you mean `Fn`?")]
#[case::the_type_of_rest_apis(
    "AWS_PROXY",
    "LAMBDA_PROXY",
    "functions are called by `AWS_PROXY`, or by `AWS`"
)]
#[case::a_section("Resources:", "Outputz: {}\nResources:", "did you mean `Outputs`?")]
#[case::a_longer_type("AWS_PROXY", "MOCKED", "did you mean `MOCK`?")]
#[case::an_http_api(
    "ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action",
    "ProtocolType: HTTP",
    "WebSocket APIs alone are served here (`ProtocolType: WEBSOCKET`); SAM runs REST and HTTP APIs: \
     `sam local start-api`"
)]
fn the_cure_is_the_mistakes(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let template = TEMPLATE.replacen(from, to, 1);
    assert_ne!(template, TEMPLATE, "`{from}` is in the template");
    assert_eq!(cure(&template, &Settings::default()), expected);
}

#[rstest]
#[case::there_are_none("", "it has none at all: leave the value out")]
#[case::there_are_others("Parameters: {Level: {Type: String}}\n", "it has `Level`")]
#[case::there_is_nearly("Parameters: {Tabl: {Type: String}}\n", "did you mean `Tabl`?")]
fn a_parameter_that_is_not_there(#[case] parameters: &str, #[case] expected: &str) {
    let mut settings = Settings::default();
    settings
        .parameters
        .insert("Table".to_owned(), "mine".to_owned());
    assert_eq!(
        cure(&format!("{parameters}{TEMPLATE}"), &settings),
        expected
    );
}

#[test]
fn a_stage_that_is_not_there() {
    let settings = Settings {
        stage: Some("prod".to_owned()),
        ..Settings::default()
    };
    assert_eq!(cure(TEMPLATE, &settings), "there is `test`");
}

// The first of several errors was that there is no API at all, or no table.
#[rstest]
#[case(
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Tabel",
    "did you mean `AWS::DynamoDB::Table`?"
)]
#[case(
    "AWS::ApiGatewayV2::Api\n",
    "AWS::ApiGatewayV2::Ap\n",
    "did you mean `AWS::ApiGatewayV2::Api`?"
)]
#[case(
    "AWS::ApiGatewayV2::Api\n",
    "AWS::Serverless::WebsocketApi\n",
    "did you mean `AWS::Serverless::WebSocketApi`?"
)]
fn a_type_that_is_misspelt(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let template = TEMPLATE.replacen(from, to, 1);
    assert_ne!(template, TEMPLATE, "`{from}` is in the template");
    assert_eq!(cure(&template, &Settings::default()), expected);
}

#[test]
fn a_special_route_that_is_misspelt() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {$conect: {FunctionArn: !GetAtt Fn.Arn}}
  Fn:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, InlineCode: ''}
";
    assert_eq!(
        cure(template, &Settings::default()),
        "did you mean `$connect`?"
    );
}

// It used to be blamed on the template's first character.
#[rstest]
#[case("AWS::ApiGateway::RestApi", "a REST API")]
#[case("AWS::Serverless::HttpApi", "an HTTP API")]
fn an_api_of_another_kind_is_named(#[case] kind: &str, #[case] what: &str) {
    let template =
        format!("Transform: AWS::Serverless-2016-10-31\nResources:\n  Other:\n    Type: {kind}\n");
    let settings = Settings::default();
    let error = Assembly::parse("template.yaml", &template, Path::new(""), &settings);
    let error = error.expect_err("there is nothing to serve").to_string();
    let words =
        format!("the template has no WebSocket API: `Other` is {what}\n --> template.yaml:3:3");
    assert!(error.contains(&words), "{error}");
}
