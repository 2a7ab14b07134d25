//! What AWS refuses of authorizers and routes when a stack is created, and the permissions without
//! which calls fail.

use rstest::rstest;
use spec::api::CallPermission;

use super::*;

/// A stack with an authorizer on `$connect`, functions for both, and one line changed.
fn authorized(before: &str, after: &str) -> Result<Assembly, Error> {
    let text = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true, StageVariables: {fn: Judge}}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Judge.Arn}/invocations
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Work.Arn}/invocations
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      Target: !Sub integrations/${Integration}
  Judge:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda}
    Properties: {FunctionName: Judge, CodeUri: ., Handler: bootstrap, Runtime: provided.al2023}
  Work:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda}
    Properties: {FunctionName: Work, CodeUri: ., Handler: bootstrap, Runtime: provided.al2023}
  JudgePermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Judge
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/authorizers/${Authorizer}
  WorkPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Work.Arn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/*/$connect
";
    let changed = text.replacen(before, after, 1);
    assert!(changed != text || before == after);
    parse("t.yaml", &changed, Path::new(""), &Settings::default())
}

#[rstest]
#[case(
    "AuthorizerType: REQUEST",
    "AuthorizerType: JWT",
    "`AuthorizerType` `JWT` must be `REQUEST` for a WebSocket API",
    13
)]
#[case(
    "AuthorizerType: REQUEST",
    "AuthorizerType: REQUEST\n      AuthorizerResultTtlInSeconds: 0",
    "`AuthorizerResultTtlInSeconds` is for HTTP APIs: the authorizer of a WebSocket API is called at every handshake",
    14
)]
#[case(
    "AuthorizationType: CUSTOM",
    "AuthorizationType: JWT",
    "`AuthorizationType` `JWT` must be `NONE`, `AWS_IAM` or `CUSTOM`",
    26
)]
fn what_aws_refuses_to_make(
    #[case] before: &str,
    #[case] after: &str,
    #[case] message: &str,
    #[case] line: usize,
) {
    let error = authorized(before, after).unwrap_err();
    assert_eq!((error.message(), error.line()), (message, line), "{error}");
}

/// The functions that may not be called, by the warnings.
fn refused(stack: &Assembly) -> Vec<&str> {
    let warnings = stack.warnings().iter();
    let calls = warnings.filter_map(|warning| {
        let call = warning.message.strip_prefix("no permission lets `")?;
        call.split('`').next()?.rsplit(':').next()?.split_once('/')
    });
    calls.map(|(_, what)| what).collect()
}

// Each call needs the permission of its own caller: an authorizer's has another form than a
// route's.
#[rstest]
#[case::both("Api", "Api", &[])]
#[case::no_authorizer("/authorizers/${Authorizer}", "/test/$connect", &["authorizers/"])]
#[case::other_route("/*/$connect", "/*/chat", &["test/$connect"])]
#[case::other_stage("/*/$connect", "/prod/$connect", &["test/$connect"])]
#[case::cdk("/*/$connect", "/*$connect", &[])]
#[case::other_principal("apigateway.amazonaws.com", "events.amazonaws.com", &["authorizers/"])]
#[case::account_that_may_be_its_own("SourceArn: !Sub arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/*", "SourceAccount: '111122223333'\n      SourceArn: !Sub arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/*", &[])]
#[case::everybody("Principal: apigateway.amazonaws.com", "Principal: '*'", &[])]
#[case::partial_arn("FunctionName: !Ref Judge", "FunctionName: 000000000000:function:Judge", &[])]
#[case::alias("FunctionName: !Ref Judge", "FunctionName: Judge:live", &[])]
#[case::other_function("FunctionName: !Ref Judge", "FunctionName: Judges", &["authorizers/"])]
#[case::star_in_one_part("us-east-1:${AWS::AccountId}:${Api}/authorizers/${Authorizer}", "us-*:*:*", &[])]
#[case::star_for_many_parts("us-east-1:${AWS::AccountId}:${Api}/authorizers/${Authorizer}", "*", &["authorizers/"])]
#[case::no_source("SourceArn: !Sub arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/authorizers/${Authorizer}\n", "\n", &[])]
#[case::role("IntegrationType: AWS_PROXY", "IntegrationType: AWS_PROXY\n      CredentialsArn: arn:aws:iam::000000000000:role/r", &[])]
fn a_call_needs_the_permission_of_its_caller(
    #[case] before: &str,
    #[case] after: &str,
    #[case] expected: &[&str],
) {
    let stack = authorized(before, after).unwrap();
    let refused = refused(&stack);
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for (call, start) in refused.iter().zip(expected) {
        assert!(call.starts_with(start), "{call}");
    }
    // Each is noted on its caller, and nothing else about the API is another one.
    let api = stack.api();
    let routes = api.routes.values().map(|route| &route.call_permission);
    let authorizers = api.authorizers.values().map(|it| &it.call_permission);
    let missing = routes
        .chain(authorizers)
        .filter(|permission| matches!(permission, CallPermission::Missing { .. }));
    assert_eq!(missing.count(), expected.len());
}

#[test]
fn roles_stand_for_permissions() {
    for (permission, call, credentials) in [
        (
            "/authorizers/${Authorizer}",
            "AuthorizerType: REQUEST",
            "AuthorizerCredentialsArn",
        ),
        (
            "/*/$connect",
            "IntegrationType: AWS_PROXY",
            "CredentialsArn",
        ),
    ] {
        // Without the permission, and then with the role that replaces it.
        assert_eq!(refused(&authorized(permission, "/x").unwrap()).len(), 1);
        let role = format!("{call}\n      {credentials}: arn:aws:iam::000000000000:role/r");
        assert_eq!(refused(&authorized(call, &role).unwrap()).len(), 0);
    }
}

#[test]
fn stage_variables_stand_in_an_authorizers_address() {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:";
    let stack = authorized("${Judge.Arn}", &format!("{arn}${{!stageVariables.fn}}")).unwrap();
    let called: Vec<_> = stack
        .functions()
        .iter()
        .map(|one| (&*one.name, one.is_called))
        .collect();
    assert_eq!(called, [("Judge", true), ("Work", true)]);
    assert_eq!(stack.warnings(), []);
    let error = authorized("${Judge.Arn}", &format!("{arn}${{!stageVariables.no}}")).unwrap_err();
    assert_eq!(
        error.message(),
        format!("the function `{arn}` is not in this stack")
    );
    assert_eq!(error.line(), 14);
}
