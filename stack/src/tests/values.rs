//! Values as CloudFormation reads them: booleans and numbers in every spelling, and what serving
//! does not depend on.

use rstest::rstest;

use super::*;

fn messages(stack: &Assembly) -> Vec<&str> {
    let warnings = stack.warnings().iter();
    warnings.map(|warning| &*warning.message).collect()
}

/// A stack with everything that has a boolean, each written like this.
fn flags(spelling: &str) -> Assembly {
    let api = API.replace("AutoDeploy: true", &format!("AutoDeploy: {spelling}"));
    let text = format!(
        "
Parameters: {{Flag: {{Type: String, Default: true}}, Units: {{Type: Number, Default: 5}}}}
Resources:{api}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      ApiKeyRequired: {spelling}
      RequestParameters: {{route.request.querystring.a: {{Required: {spelling}}}}}
  Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Enabled: {spelling}}}}}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: k, AttributeType: N}}]
      KeySchema: [{{AttributeName: k, KeyType: HASH}}]
      StreamSpecification: {{StreamViewType: NEW_IMAGE}}
      TimeToLiveSpecification: {{AttributeName: e, Enabled: {spelling}}}
  F:
    Type: AWS::Lambda::Function
    Properties: {{Code: ., Runtime: provided.al2023, Timeout: !Ref Units}}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref F
      EventSourceArn: !GetAtt Rows.StreamArn
      StartingPosition: LATEST
      Enabled: {spelling}
"
    );
    parse("t.yaml", &text, Path::new(""), &settings(&[])).expect("it is served")
}

#[rstest]
#[case("true", true)]
#[case("True", true)]
#[case("TRUE", true)]
#[case("'true'", true)]
#[case("'True'", true)]
#[case("!Ref Flag", true)]
#[case("yes", true)]
#[case("On", true)]
#[case("false", false)]
#[case("False", false)]
#[case("'false'", false)]
#[case("NO", false)]
#[case("off", false)]
fn a_boolean_has_many_spellings(#[case] spelling: &str, #[case] expected: bool) {
    let stack = flags(spelling);
    let api = stack.api();
    assert_eq!(api.stage.undeployed, !expected);
    let connect = &api.routes["$connect"];
    assert_eq!(connect.api_key_required, expected);
    assert_eq!(connect.request_parameters[0], expected);
    assert!(api.api_keys.values().all(|key| key.enabled == expected));
    assert_eq!(stack.tables()[0].time_to_live.is_some(), expected);
    assert_eq!(stack.event_source_mappings().len(), usize::from(expected));
    assert_eq!(stack.functions()[0].timeout.as_secs(), 5);
}

#[test]
fn a_text_that_yaml_reads_otherwise_is_a_warning() {
    let function = "
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: .
      Runtime: provided.al2023
      Environment: {Variables: {A: YES, B: 'YES', C: true, D: 012345670123, E: 012345678901}}
";
    let stack = read("", function, &[]).expect("it is served");
    let variables = stack.functions()[0].environment.values();
    let variables: Vec<&str> = variables.map(String::as_str).collect();
    // The account id that is octal is 1402433619 on AWS.
    assert_eq!(
        variables,
        ["true", "YES", "true", "1402433619", "012345678901"]
    );
    let [one, two] = messages(&stack)[..] else {
        panic!("{:?}", stack.warnings())
    };
    assert!(one.starts_with("`YES` without quotes is `true`"), "{one}");
    assert!(
        two.contains("write `'012345670123'` if that is not meant"),
        "{two}"
    );
}

#[test]
fn a_function_s_arn_is_its_address() {
    let resources = "
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: ., Runtime: provided.al2023}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: r, Target: !Sub 'integrations/${I}'}
  P:
    Type: AWS::Lambda::Permission
    Properties:
      {Action: 'lambda:InvokeFunction', FunctionName: !Ref F, Principal: apigateway.amazonaws.com}
";
    let stack = read("", resources, &[]).expect("it is served");
    assert!(stack.functions()[0].is_called);
    assert_eq!(messages(&stack), [""; 0]);
}

#[test]
fn what_has_no_effect_on_aws_either_is_a_warning() {
    let route = "
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: r, ApiKeyRequired: true}
";
    let text = format!("Resources:{API}{route}").replace("StageName: test", "StageName: $default");
    let stack = parse("t.yaml", &text, Path::new(""), &settings(&[])).expect("it is served");
    assert_eq!(stack.api().stage.stage_name, "$default");
    let [stage, key] = messages(&stack)[..] else {
        panic!("{:?}", stack.warnings())
    };
    assert!(stage.contains("reported to get 429"), "{stage}");
    assert!(
        key.starts_with("`ApiKeyRequired` of the route `r` has no effect"),
        "{key}"
    );
}

#[test]
fn what_serving_does_not_depend_on_never_stops_it() {
    let resources = "
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !GetAtt Gone.Arn}}
  Other: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Gone}}
  Unused: {Type: AWS::Lambda::Function, Properties: {Code: ., Handler: !Ref Gone}}
Outputs:
  A: {Value: !Sub 'x${Gone}'}
  B: {Value: !Select [7, [a]]}
  C: {Condition: Gone, Value: c}
  D: {}
  E: {Value: [a]}
  F: {Value: f}
";
    let stack = read("", resources, &[]).expect("it is served");
    let outputs: Vec<&str> = stack.outputs().values().map(String::as_str).collect();
    assert_eq!(outputs, ["f"]);
    let gone = "there is no parameter or resource `Gone`: AWS refuses the template";
    let found = messages(&stack);
    let count = |of: &str| found.iter().filter(|message| message.contains(of)).count();
    assert_eq!(count(gone), 2, "{found:#?}");
    assert_eq!(count("is served without it"), 1, "{found:#?}");
    assert_eq!(count("is left out"), 5, "{found:#?}");
}
