//! Integrations and their mapping templates.

use rstest::rstest;

use super::*;

/// A stack with one integration, which `$default` goes to.
fn integrated(properties: &str) -> Result<Assembly, Error> {
    let resources = format!(
        "
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, {properties}}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${{Integration}}'}}
"
    );
    read("", &resources, &[])
}

#[test]
fn http_integrations_are_read() {
    let stack = integrated(
        "IntegrationType: HTTP, IntegrationMethod: PUT, IntegrationUri: http://localhost:1/a, ContentHandlingStrategy: CONVERT_TO_BINARY, RequestParameters: {integration.request.header.id: context.connectionId}",
    )
    .unwrap();
    assert_eq!(stack.warnings(), []);
    let (_, integration) = stack.api().integrations.first().unwrap();
    assert_eq!(integration.integration_method.as_deref(), Some("PUT"));
    assert_eq!(
        integration
            .request_parameters
            .first()
            .map(|(name, source)| (&**name, &**source)),
        Some(("integration.request.header.id", "context.connectionId"))
    );
    assert!(integration.content_handling_strategy.is_some());
    // A DynamoDB action needs no function, and a mapping that nothing is done with is told.
    let stack = integrated(
        "IntegrationType: AWS, IntegrationUri: arn:aws:apigateway:us-east-1:dynamodb:action/PutItem, CredentialsArn: role, RequestParameters: {integration.request.header.id: context.connectionId}",
    )
    .unwrap();
    assert_eq!(stack.warnings().len(), 1);
}

#[rstest]
#[case(
    "IntegrationType: HTTP, IntegrationUri: http://x",
    "has no `IntegrationMethod`"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: POST",
    "has no `IntegrationUri`"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: FETCH, IntegrationUri: http://x",
    "`IntegrationMethod` `FETCH` must be one of"
)]
#[case(
    "IntegrationType: HTTP, IntegrationMethod: GET, IntegrationUri: ws://x",
    "`IntegrationUri` `ws://x` must be"
)]
#[case(
    "IntegrationType: AWS, IntegrationMethod: GET, IntegrationUri: arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
    "`IntegrationMethod` `GET` must be `POST`"
)]
#[case(
    "IntegrationType: AWS, IntegrationUri: arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
    "names no Lambda function"
)]
#[case(
    "IntegrationType: MOCK, ContentHandlingStrategy: CONVERT",
    "`ContentHandlingStrategy` `CONVERT` must be"
)]
#[case(
    "IntegrationType: MOCK, RequestParameters: {x: y}",
    "request parameter `x`: it must be"
)]
#[case(
    "IntegrationType: MOCK, ConnectionType: VPC_LINK",
    "`ConnectionType` `VPC_LINK` is not supported here"
)]
fn integrations_that_cannot_be_served(#[case] properties: &str, #[case] message: &str) {
    let error = integrated(properties).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    let line = if message.starts_with("has no") {
        11
    } else {
        13
    };
    assert_eq!(error.line(), line, "{error}");
}

#[test]
fn a_mapping_template_has_300_kb_at_most() {
    let integration = |bytes: usize| {
        format!(
            "
  Large:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{application/json: '{}'}}
",
            "x".repeat(bytes)
        )
    };
    assert!(read("", &integration(300 * 1024), &[]).is_ok());
    let error = read("", &integration(300 * 1024 + 1), &[]).unwrap_err();
    assert!(
        error.message().contains("307201 bytes"),
        "{}",
        error.message()
    );
    assert_eq!(error.line(), 16);
}
