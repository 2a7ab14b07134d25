//! What belongs to something else: other APIs, other stacks, values that are not known here.

use rstest::rstest;
use spec::api::CallPermission;

use super::*;

/// A stack with a stored parameter whose value is not known, and a known one.
fn with(resources: &str) -> Result<Assembly, Error> {
    let parameters = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  X: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}
  Known: {Type: String, Default: abc123}
";
    read(parameters, resources, &[])
}

fn kinds(stack: &Assembly, kind: &WarningKind) -> usize {
    let warnings = stack.warnings().iter();
    warnings.filter(|warning| warning.kind == *kind).count()
}

#[rstest]
#[case("AWS::Serverless::HttpApi", "!Ref Other", 0)]
#[case("AWS::Serverless::Api, Properties: {StageName: s}", "!Ref Other", 0)]
#[case("AWS::ApiGateway::RestApi", "!Ref Other", 0)]
#[case("AWS::ApiGateway::RestApi", "!Ref Known", 1)]
#[case("AWS::ApiGateway::RestApi", "!ImportValue rest", 1)]
#[case("AWS::ApiGateway::RestApi", "!Ref X", 1)]
fn a_part_of_another_api_is_left_out(
    #[case] kind: &str,
    #[case] api: &str,
    #[case] warnings: usize,
    #[values(
        "Stage, Properties: {StageName: x",
        "ApiMapping, Properties: {Stage: x, DomainName: a.example.com"
    )]
    part: &str,
) {
    let other = format!("  Other: {{Type: {kind}}}\n");
    let stack = with(&format!(
        "{other}  Part: {{Type: AWS::ApiGatewayV2::{part}, ApiId: {api}}}}}\n"
    ));
    let stack = stack.expect("it is served");
    assert_eq!(stack.api().stage.stage_name, "test");
    assert_eq!(kinds(&stack, &WarningKind::LeftOut), warnings);
}

#[rstest]
#[case("Route, Properties: {RouteKey: r", "Api")]
#[case("Route, Properties: {RouteKey: r", "abc123")]
#[case("Route, Properties: {RouteKey: r", "!Ref Quiet")]
#[case("ApiMapping, Properties: {Stage: x, DomainName: a.example.com", "Api")]
fn a_mistaken_api_is_an_error(#[case] part: &str, #[case] api: &str) {
    let part = format!("  Part: {{Type: AWS::ApiGatewayV2::{part}, ApiId: {api}}}}}\n");
    let error = with(&part).expect_err("it names no API");
    assert!(error.message().contains("names no API"), "{error}");
}

#[test]
fn a_mapping_may_have_the_id_of_any_api() {
    let mapping = "  M:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: abc123, DomainName: a.example.com, Stage: x}
";
    let stack = with(mapping).expect("it is served");
    assert_eq!(kinds(&stack, &WarningKind::LeftOut), 1);
}

#[rstest]
#[case("Body: {openapi: 3.0.1}")]
#[case("BodyS3Location: {Bucket: b, Key: k}")]
fn an_api_of_a_definition_is_an_http_api(#[case] definition: &str) {
    let http = format!("  Http: {{Type: AWS::ApiGatewayV2::Api, Properties: {{{definition}}}}}\n");
    let stack = with(&http).expect("it is served");
    let [warning] = stack.warnings() else {
        panic!("{:?}", stack.warnings())
    };
    assert!(warning.message.contains("is an HTTP API"), "{warning}");
}

#[rstest]
#[case::name(
    "F: {Type: AWS::Lambda::Function, Properties: {Code: ., FunctionName: !Sub '${X}-f'}}"
)]
#[case::layer("L: {Type: AWS::Lambda::LayerVersion, Properties: {LayerName: !Ref X, Content: .}}")]
#[case::content("L: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Key: !Ref X}}}")]
#[case::table(
    "T: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Ref X, BillingMode: PAY_PER_REQUEST, \
     AttributeDefinitions: [{AttributeName: k, AttributeType: S}], \
     KeySchema: [{AttributeName: k, KeyType: HASH}]}}"
)]
#[case::key("K: {Type: AWS::ApiGateway::ApiKey, Properties: {Name: !Ref X, Enabled: true}}")]
#[case::alias("A: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref X, Name: live}}")]
#[case::version("V: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref X}}")]
#[case::event_invoke_config(
    "E: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref X, \
     MaximumRetryAttempts: !Ref X}}"
)]
#[case::usage_plan(
    "P: {Type: AWS::ApiGateway::UsagePlan, Properties: {ApiStages: [{ApiId: !Ref X, Stage: p}]}}"
)]
#[case::usage_plan_key(
    "K: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyType: API_KEY, KeyId: !Ref X, \
     UsagePlanId: !Ref X}}"
)]
fn what_serving_does_not_need_is_left_out(#[case] resource: &str) {
    let stack = with(&format!("  {resource}\n")).expect("it is served");
    assert!(kinds(&stack, &WarningKind::LeftOut) > 0);
}

#[test]
fn a_usage_plan_of_several_apis_is_read() {
    let plan = "  P:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref X, Stage: p}, {ApiId: !Ref Api, Stage: !Ref Stage}]}
";
    let stack = with(plan).expect("it is served");
    assert_eq!(stack.api().usage_plans.len(), 1);
}

#[test]
fn an_access_log_need_not_have_a_known_destination() {
    let settings = "AutoDeploy: true, AccessLogSettings: {DestinationArn: !ImportValue logs, \
                    Format: $context.requestId}";
    let text = format!("Resources:{API}").replace("AutoDeploy: true", settings);
    let stack = parse("t.yaml", &text, Path::new(""), &Settings::default());
    let stack = stack.expect("it is served");
    let log = stack.api().stage.access_log_settings.clone();
    assert_eq!(log.expect("there is a log").format, "$context.requestId");
}

/// As [`calls`], in an account that is known.
fn calls_in_an_account(more: &str) -> Assembly {
    let settings = Settings {
        account_id: "222222222222".to_owned(),
        ..Settings::default()
    };
    let text = format!("Resources:\n{API}{}", callers("${Fn.Arn}", more));
    let stack = parse("t.yaml", &text, Path::new(""), &settings);
    stack.expect("it is served")
}

/// A route that calls what the URI names, and an authorizer that does so, too.
fn calls(function: &str, more: &str) -> Result<Assembly, Error> {
    with(&callers(function, more))
}

fn callers(function: &str, more: &str) -> String {
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions";
    format!(
        "
  Fn:
    Type: AWS::Lambda::Function
    Properties: {{Code: ., Runtime: provided.al2023, FunctionName: my-fn}}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub '{uri}/{function}/invocations'
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: r, Target: !Sub 'integrations/${{I}}'}}
  A:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: a
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub '{uri}/{function}/invocations'
  C:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      {{ApiId: !Ref Api, RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref A}}
{more}"
    )
}

#[rstest]
#[case("arn:aws:lambda:us-east-1:111111111111:function:other")]
#[case("arn:aws:lambda:us-east-1:000000000000:function:other")]
#[case("arn:aws:lambda:us-east-1:111111111111:function:my-fm")]
#[case("arn:aws:lambda:eu-west-1:123456789012:function:my-fn")]
#[case("arn:aws:lambda:eu-west-1:123456789012:function:my-fn:live")]
fn a_function_elsewhere_is_called_in_vain(#[case] arn: &str) {
    let stack = calls(arn, "").expect("it is served");
    assert_eq!(kinds(&stack, &WarningKind::Unavailable), 2);
    let integrations = &stack.api().integrations;
    let reason = integrations[0].unavailable.as_deref().unwrap_or_default();
    assert!(reason.contains("is not in this stack"), "{reason}");
    let help = reason.contains("`!GetAtt Fn.Arn` gives that");
    assert_eq!(help, arn.contains("my-fn"), "{reason}");
    let permission = &stack.api().authorizers[0].call_permission;
    let told = CallPermission::Missing {
        reason: reason.to_owned(),
    };
    assert_eq!(*permission, told);
}

#[test]
fn a_nearly_right_function_is_a_mistake() {
    let text = "arn:aws:lambda:us-east-1:000000000000:function:my-fm";
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{text}");
    let integration = format!(
        "
  Fn:
    Type: AWS::Lambda::Function
    Properties: {{Code: ., Runtime: provided.al2023, FunctionName: my-fn}}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: '{uri}/invocations'}}
"
    );
    let error = with(&integration).expect_err("it is a mistake");
    assert!(
        error.to_string().contains("did you mean `my-fn`?"),
        "{error}"
    );
}

#[test]
fn a_role_is_one_even_if_its_name_is_not_known() {
    let integration = "
  Fn: {Type: AWS::Lambda::Function, Properties: {Code: ., Runtime: provided.al2023}}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      CredentialsArn: !ImportValue role
      IntegrationUri: !GetAtt Fn.Arn
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: r, Target: !Sub 'integrations/${I}'}
";
    let stack = with(integration).expect("it is served");
    let route = &stack.api().routes["r"];
    assert_eq!(route.call_permission, CallPermission::ByRole);
}

// Where it is deployed is not known, and the account here is made up.
#[test]
fn a_permission_may_name_the_account() {
    let permission = "
  P:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      FunctionName: arn:aws:lambda:eu-west-1:123456789012:function:my-fn
      SourceAccount: '123456789012'
      SourceArn: !Sub 'arn:aws:execute-api:eu-west-1:123456789012:${Api}/*'
";
    let stack = calls("${Fn.Arn}", permission).expect("it is served");
    assert_eq!(stack.warnings(), []);
    // Where it is known, another one is another one.
    assert_eq!(calls_in_an_account(permission).warnings().len(), 2);
    let own = permission.replace("123456789012", "222222222222");
    let own = own.replace("eu-west-1", "us-east-1");
    assert_eq!(calls_in_an_account(&own).warnings(), []);
    let account = own.replace("SourceAccount: '2222", "SourceAccount: '1111");
    assert_eq!(calls_in_an_account(&account).warnings().len(), 2);
}

/// A table with an index of these keys.
fn index(keys: &str) -> Result<Assembly, Error> {
    let names: Vec<String> = (1..=9)
        .map(|number| format!("a{number}"))
        .filter(|name| name == "a1" || keys.contains(name))
        .map(|name| format!("{{AttributeName: {name}, AttributeType: S}}"))
        .collect();
    let keys: Vec<String> = keys
        .split(' ')
        .map(|key| {
            let (name, kind) = key.split_at(2);
            let kind = if kind == "h" { "HASH" } else { "RANGE" };
            format!("{{AttributeName: {name}, KeyType: {kind}}}")
        })
        .collect();
    with(&format!(
        "
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{names}]
      KeySchema: [{{AttributeName: a1, KeyType: HASH}}]
      GlobalSecondaryIndexes:
      - {{IndexName: index, KeySchema: [{keys}], Projection: {{ProjectionType: ALL}}}}
",
        names = names.join(", "),
        keys = keys.join(", ")
    ))
}

#[rstest]
#[case("a2h a3h", None)]
#[case("a2h a3r a4r", None)]
#[case("a2h a3h a4h a5h a6r a7r a8r a9r", None)]
#[case("a2h a3h a4h a5h a6h", Some("one to four `HASH` keys"))]
#[case("a2h a3r a4h", Some("one to four `HASH` keys"))]
#[case("a2r", Some("one to four `HASH` keys"))]
#[case("a2h a3h a2r", Some("names the attribute `a2` twice"))]
fn a_global_index_has_up_to_four_keys_of_each_kind(
    #[case] keys: &str,
    #[case] wrong: Option<&str>,
) {
    match (index(keys), wrong) {
        (Ok(stack), None) => {
            let index = &stack.tables()[0].definition["GlobalSecondaryIndexes"][0];
            let schema = index["KeySchema"].as_array().expect("it has keys");
            assert_eq!(schema.len(), keys.split(' ').count());
        }
        (Err(error), Some(wrong)) => assert!(error.message().contains(wrong), "{error}"),
        (found, _) => panic!("{keys}: {:?}", found.map(|_| ())),
    }
}
