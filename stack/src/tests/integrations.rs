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
    // A mapping that nothing is done with is told.
    let stack = integrated(
        "IntegrationType: MOCK, RequestParameters: {integration.request.header.id: context.connectionId}",
    )
    .unwrap();
    assert_eq!(stack.warnings().len(), 1);
}

#[test]
fn services_are_called_by_a_role() {
    let queue = "IntegrationType: AWS, IntegrationMethod: PUT, IntegrationUri: arn:aws:apigateway:us-east-1:sqs:path/1/queue, RequestParameters: {integration.request.header.id: context.connectionId}";
    let stack = integrated(&format!("{queue}, CredentialsArn: role")).expect("a service");
    assert_eq!(stack.warnings(), []);
    let (_, integration) = stack.api().integrations.first().expect("one integration");
    assert_eq!(integration.credentials_arn.as_deref(), Some("role"));
    assert_eq!(integration.integration_method.as_deref(), Some("PUT"));
    let stack = integrated(queue).expect("what AWS does is not known for sure");
    let kinds: Vec<_> = stack
        .warnings()
        .iter()
        .map(|warning| &warning.kind)
        .collect();
    assert_eq!(kinds, [&WarningKind::Suspicious]);
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
    "IntegrationType: AWS, CredentialsArn: role, IntegrationUri: arn:aws:apigateway:us-east-1:sqs:SendMessage",
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
    "`ConnectionType` `VPC_LINK` is for `HTTP` and `HTTP_PROXY` integrations"
)]
#[case(
    "IntegrationType: MOCK, ConnectionType: INTRANET",
    "`ConnectionType` `INTRANET` must be `INTERNET` or `VPC_LINK`"
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

/// Two integrations behind VPC links of both types, and one behind a link that is elsewhere.
const LINKED: &str = "
  Nlb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: network}}
  Old: {Type: AWS::ApiGateway::VpcLink, Properties: {Name: old, TargetArns: [!Ref Nlb]}}
  New: {Type: AWS::ApiGatewayV2::VpcLink, Properties: {Name: new, SubnetIds: [a]}}
  OldIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationMethod: POST, IntegrationUri: !Sub 'http://${Nlb.DNSName}/a', ConnectionType: VPC_LINK, ConnectionId: !Ref Old}
  NewIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP, IntegrationMethod: POST, IntegrationUri: 'http://b/c', ConnectionType: VPC_LINK, ConnectionId: !Ref New}
  OtherIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP, IntegrationMethod: POST, IntegrationUri: 'http://d/e', ConnectionType: VPC_LINK, ConnectionId: abc123}
";

#[test]
fn a_vpc_link_leads_to_the_address_given() {
    let links = [("Old", "http://one"), ("abc123", "http://two")];
    let links = links.map(|(name, url)| (name.to_owned(), url.to_owned()));
    let settings = Settings {
        vpc_links: links.into(),
        ..Settings::default()
    };
    let text = format!("Resources:\n{API}{LINKED}");
    let stack = parse("t.yaml", &text, Path::new("dir"), &settings);
    let stack = stack.expect("links are known or told");
    let all = stack.api().integrations.values();
    let uris: Vec<_> = all
        .map(|one| (one.integration_uri.as_deref(), one.unavailable.as_deref()))
        .collect();
    let unavailable = "there is no VPC link `New` here: `--vpc-link New=URL` says where it leads";
    let expected = [
        (Some("http://one/a"), None),
        (Some("http://b/c"), Some(unavailable)),
        (Some("http://two/e"), None),
    ];
    assert_eq!(uris, expected);
    let kinds = stack.warnings().iter().map(|warning| &warning.kind);
    let of_links = kinds.filter(|kind| **kind == WarningKind::Unavailable);
    assert_eq!(of_links.count(), 1);
}

#[test]
fn a_vpc_link_v2_is_served_with_a_warning() {
    let links = ["Old", "New", "abc123"];
    let links = links.map(|name| (name.to_owned(), "http://one".to_owned()));
    let settings = Settings {
        vpc_links: links.into(),
        ..Settings::default()
    };
    let text = format!("Resources:\n{API}{LINKED}");
    let stack = parse("t.yaml", &text, Path::new("dir"), &settings);
    let stack = stack.expect("all links are told");
    let mut integrations = stack.api().integrations.values();
    assert!(integrations.all(|one| one.unavailable.is_none()));
    let is_suspicious = |one: &&Warning| one.kind == WarningKind::Suspicious;
    let suspicious: Vec<_> = stack.warnings().iter().filter(is_suspicious).collect();
    let [warning] = &*suspicious else {
        panic!("of `New` only: {suspicious:?}")
    };
    let expected = "`New` is an `AWS::ApiGatewayV2::VpcLink`: ";
    assert!(warning.message.starts_with(expected), "{warning:?}");
}

#[test]
fn a_functions_arn_is_an_address() {
    let resources = "
  F: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.12, Handler: a.b, Role: r, Code: code/}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, CredentialsArn: role, IntegrationUri: !GetAtt F.Arn}
";
    let stack = read("", resources, &[]).expect("it worked on AWS");
    let (_, integration) = stack.api().integrations.first().expect("one integration");
    let uri = integration.integration_uri.as_deref().unwrap_or_default();
    assert_eq!(
        spec::api::function_arn(uri),
        Some(&*stack.functions()[0].arn)
    );
}

#[test]
fn a_function_is_called_with_post() {
    let resources = "
  F: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.12, Handler: a.b, Role: r, Code: code/}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS, IntegrationMethod: GET, CredentialsArn: role, IntegrationUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations'}
";
    let error = read("", resources, &[]).expect_err("Lambda takes POST only");
    let expected = "`IntegrationMethod` `GET` must be `POST`";
    assert!(error.message().contains(expected), "{error}");
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
