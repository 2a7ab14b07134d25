//! What is reported of resources that are not served, and what is not reported because it only
//! follows from something else.

use rstest::rstest;

use super::*;

/// All that is wrong, with each error's line.
fn errors(resources: &str) -> Vec<(usize, String)> {
    let text = format!("Resources:\n{API}{resources}");
    let directory = Path::new("");
    match Assembly::parse("t.yaml", &text, directory, &Settings::default()) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics
            .errors()
            .iter()
            .map(|error| (error.line(), error.message().to_owned()))
            .collect(),
    }
}

fn messages(resources: &str) -> Vec<String> {
    errors(resources)
        .into_iter()
        .map(|(_, text)| text)
        .collect()
}

#[rstest]
#[case("AWS::ApiGatewayV2::Portal")]
#[case("AWS::EC2::VPC")]
#[case("AWS::Serverless::Api")]
#[case("AWS::SQS::Queue")]
#[case("Custom::Thing")]
fn an_unknown_type_is_warned_of(#[case] kind: &str) {
    let stack = read("", &format!("  Other: {{Type: {kind}}}\n"), &[]).unwrap();
    let [warning] = stack.warnings() else {
        panic!("{:?}", stack.warnings())
    };
    let (id, kind) = ("Other".to_owned(), kind.to_owned());
    assert_eq!(
        warning.message,
        format!("`{id}` (`{kind}`) has no effect here")
    );
    assert_eq!(warning.kind, WarningKind::NotServed { id, kind });
}

#[rstest]
#[case("AWS::ApiGatewayV2::Routes", "AWS::ApiGatewayV2::Route")]
#[case("AWS::ApiGatewayV2::Integratoin", "AWS::ApiGatewayV2::Integration")]
#[case("AWS::Serverless::Fonction", "AWS::Serverless::Function")]
fn a_misspelt_type_is_an_error(#[case] kind: &str, #[case] meant: &str) {
    let refused = read("", &format!("  Other: {{Type: {kind}}}\n"), &[]).unwrap_err();
    let page = refused.to_string();
    assert!(page.contains("which does not exist"), "{page}");
    assert!(page.contains(&format!("did you mean `{meant}`?")), "{page}");
}

#[rstest]
#[case("AWS::IAM::Role")]
#[case("AWS::Logs::LogGroup")]
#[case("AWS::CloudWatch::Alarm")]
#[case("AWS::ApiGateway::Account")]
fn what_serving_does_not_depend_on_is_no_warning(#[case] kind: &str) {
    let resources = format!("  Other: {{Type: {kind}, Properties: {{Anything: 1}}}}\n");
    assert_eq!(read("", &resources, &[]).unwrap().warnings(), []);
}

#[test]
fn names_follow_from_the_registry() {
    let resources = "
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}
  Logs: {Type: AWS::Logs::LogGroup}
  Model: {Type: AWS::ApiGatewayV2::Model, Properties: {ApiId: !Ref Api, Name: m, Schema: {}}}
  Queue: {Type: AWS::SQS::Queue}
";
    let sections = "
Outputs:
  Role: {Value: !GetAtt Role.Arn}
  RoleId: {Value: !GetAtt Role.RoleId}
  Logs: {Value: !GetAtt Logs.Arn}
  Model: {Value: !Ref Model}
  Queue: {Value: !GetAtt Queue.QueueUrl}
  Api: {Value: !GetAtt Api.ApiEndpoint}
";
    let stack = read(sections, resources, &[]).unwrap();
    let output = |name: &str| &*stack.outputs()[name];
    assert_eq!(output("Role"), "arn:aws:iam::000000000000:role/r");
    assert_eq!(output("RoleId"), "r.RoleId");
    assert_eq!(
        output("Logs"),
        "arn:aws:logs:us-east-1:000000000000:log-group:gatespec-Logs:*"
    );
    assert_eq!(output("Model").len(), 7);
    assert_eq!(
        output("Queue"),
        "https://sqs.us-east-1.amazonaws.com/000000000000/gatespec-Queue"
    );
    let id = &stack.api().api_id;
    let endpoint = format!("wss://{id}.execute-api.us-east-1.amazonaws.com");
    assert_eq!(output("Api"), endpoint);
}

#[test]
fn warnings_are_sorted_by_location() {
    let resources = "
  A: {Type: AWS::SQS::Queue}
  B: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: b, Colour: red}}
  C: {Type: AWS::SNS::Topic}
  D: {Type: AWS::ApiGatewayV2::Model, Properties: {ApiId: !Ref Api, Name: d, Schema: {}, Size: 1}}
";
    let stack = read("", resources, &[]).unwrap();
    let lines: Vec<usize> = stack.warnings().iter().map(|one| one.line).collect();
    assert_eq!(lines, [11, 12, 13, 14]);
}

// What is wrong with a function is an error only if something calls it.
#[test]
fn a_function_that_nothing_calls_may_be_wrong() {
    let function = "
  F:
    Type: AWS::Lambda::Function
    Properties: {Runtime: provided.al2023, Code: f/, Timeout: 1000, MemorySize: !ImportValue x}
";
    let stack = read("", function, &[]).unwrap();
    let without = ": the API does not call the function, and is served without it";
    let warnings: Vec<&str> = stack.warnings().iter().map(|one| &*one.message).collect();
    assert_eq!(
        warnings,
        [
            format!("`Timeout` of `F` must be a number from 1 to 900{without}"),
            format!("no stack that is known here has the export `x`{without}"),
        ]
    );
    let called = format!(
        "{function}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations
"
    );
    assert_eq!(errors(&called).len(), 2);
}

#[test]
fn a_permission_that_is_not_supported_is_left_out() {
    let resources = "
  P:
    Type: AWS::Lambda::Permission
    Properties: {Action: x, Principal: !ImportValue x, FunctionName: f}
";
    let stack = read("", resources, &[]).unwrap();
    assert_eq!(stack.permissions(), []);
    assert_eq!(stack.warnings()[0].kind, WarningKind::LeftOut);
    let missing = resources.replace("Action: x, ", "");
    assert_eq!(messages(&missing).len(), 2);
}

// Each is one mistake; what follows from it is not reported.
#[rstest]
#[case::integration(
    "
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: X}}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: r, Target: !Sub 'integrations/${I}'}
  S:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties: {ApiId: !Ref Api, IntegrationId: !Ref I, IntegrationResponseKey: $default}
",
    "`IntegrationType` `X` must be"
)]
#[case::route_key(
    "
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $r}}
  S:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref R, RouteResponseKey: $default}
",
    "route `$r`: a route key"
)]
#[case::authorizer_address(
    "
  A:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {ApiId: !Ref Api, AuthorizerType: REQUEST, AuthorizerUri: !ImportValue x}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref A
",
    "no stack that is known here has the export `x`"
)]
#[case::model_name(
    "
  M: {Type: AWS::ApiGatewayV2::Model, Properties: {ApiId: !Ref Api, Name: [m], Schema: {}}}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: r
      ModelSelectionExpression: $request.body.k
      RequestModels: {a: m}
",
    "`Name` of `M` must be text"
)]
#[case::model_schema(
    "
  M: {Type: AWS::ApiGatewayV2::Model, Properties: {ApiId: !Ref Api, Name: m}}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: r
      ModelSelectionExpression: $request.body.k
      RequestModels: {a: m}
",
    "`M` (`AWS::ApiGatewayV2::Model`) has no `Schema`"
)]
#[case::request_parameters(
    "
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: HTTP
      IntegrationMethod: GET
      IntegrationUri: 'http://x'
      RequestParameters: {integration.request.header.a: route.request.header.a}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      Target: !Sub 'integrations/${I}'
      RequestParameters: {route.request.header.a: {Required: maybe}}
",
    "a request parameter is written"
)]
#[case::api_key(
    "
  K: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: short}}
  P:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}]}
  L:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref K, KeyType: API_KEY, UsagePlanId: !Ref P}
",
    "`Value` of an API key"
)]
#[case::table_name(
    "
  A: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: [a]}}
  B: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Sub 'x-${A}'}}
",
    "`TableName` of `A` must be text"
)]
#[case::circle(
    "
  A: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Ref B}}
  B: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Ref C}}
  C: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Ref A}}
",
    "a circular reference"
)]
fn what_follows_from_a_mistake_is_not_reported(#[case] resources: &str, #[case] message: &str) {
    let messages = messages(resources);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert!(messages[0].starts_with(message), "{messages:?}");
}

// An API without a protocol is not one of several WebSocket APIs.
#[test]
fn which_api_is_served_is_clear_without_a_doubtful_one() {
    let other = "  Other: {Type: AWS::ApiGatewayV2::Api, Properties: {}}\n";
    assert_eq!(
        messages(other),
        ["`Other` (`AWS::ApiGatewayV2::Api`) has no `ProtocolType`"]
    );
}

// Several in one resource, and of several entries of a map.
#[test]
fn every_mistake_of_a_resource_is_reported() {
    let resources = "
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      PassthroughBehavior: SOMETIMES
      TimeoutInMillis: 1
      ContentHandlingStrategy: CONVERT
      RequestParameters: {a: [b], c: {d: e}}
      RequestTemplates: {a: '#if(', b: [c], d: '#end'}
";
    let lines: Vec<usize> = errors(resources)
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, [15, 16, 17, 18, 18, 19, 19, 19]);
}

#[test]
fn which_files_an_assembly_depends_on() {
    let resources = "
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, CodeUri: f/}
  Unused:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, CodeUri: unused/}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations
";
    let stack = read("", resources, &[]).unwrap();
    assert_eq!(stack.inputs(), [Path::new("dir/f/")]);
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let stack = Assembly::read(&template, &Settings::default()).unwrap();
    let code = template.parent().unwrap().join("handlers/");
    assert_eq!(stack.inputs(), [template, code]);
    // A clone is the same value.
    assert!(std::ptr::eq(stack.clone().functions(), stack.functions()));
}

#[test]
fn other_sources_of_events_are_named_in_one_warning() {
    let resources = "
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      CodeUri: f/
      Events:
        Jobs: {Type: SQS, Properties: {Queue: arn:aws:sqs:us-east-1:1:q}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Topic: {Type: SNS, Properties: {Topic: !ImportValue topic}}
  Calm:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, CodeUri: f/, Events: {}}
";
    let stack = read("", resources, &[]).unwrap();
    let warnings: Vec<String> = stack.warnings().iter().map(ToString::to_string).collect();
    let [warning] = &warnings[..] else {
        panic!("{warnings:#?}");
    };
    let sources = "`Jobs` (SQS), `Nightly` (Schedule), `Topic` (SNS)";
    let expected = format!("nothing here calls `Work` for its `Events` {sources}: ");
    assert!(warning.contains(&expected), "{warning}");
}
