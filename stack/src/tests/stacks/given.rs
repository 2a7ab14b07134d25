//! What parameters are given reaches the transforms, too.

use spec::api::AuthorizationType;

use super::*;

/// A WebSocket API of SAM's whose way to authorize is a parameter.
const SAM: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Kind: {Type: String, Default: NONE}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: x
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Auth: {AuthType: !Ref Kind}
      Routes:
        $connect: {FunctionArn: !GetAtt Fn.Arn}
";
/// A stack around it.
const AROUND: &str = "
Mappings: {Kinds: {prod: {Kind: AWS_IAM}}}
Conditions: {Signs: !Equals [!Ref Level, prod]}
Parameters: {Level: {Type: String, Default: dev}}
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Child:
    Type: AWS::Serverless::Application
    Properties: {Location: child.yaml, Parameters: PARAMETERS}
";
const LOOP: &str = "
Transform: AWS::LanguageExtensions
Parameters: {Keys: {Type: CommaDelimitedList, Default: a}}
";
const ROUTES: &str = "
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: MOCK}
  Fn::ForEach::R:
    - K
    - !Ref Keys
    - ${K}Route:
        Type: AWS::ApiGatewayV2::Route
        Properties: {ApiId: !Ref Api, RouteKey: !Ref K, Target: !Sub 'integrations/${Mock}'}
";

fn configured(pairs: &[(&str, &str)]) -> Settings {
    Settings {
        configured: settings(pairs).parameters,
        ..Settings::default()
    }
}

fn read(files: &[(&str, &str)], settings: &Settings) -> Result<Assembly, Diagnostics> {
    let folder = Folder::new(files);
    Assembly::read(&folder.path("template.yaml"), settings)
}

fn is_signed(assembly: &Assembly) -> bool {
    let routes = assembly.api().routes.iter();
    let mut kinds = routes.map(|route| &route.1.authorization_type);
    kinds.any(|kind| *kind == AuthorizationType::AwsIam)
}

fn keys(assembly: &Assembly) -> Vec<String> {
    let routes = assembly.api().routes.iter();
    let keys = routes.map(|route| route.0.to_string());
    keys.filter(|key| key != "quiet").collect()
}

#[test]
fn a_configured_value_reaches_the_transform_of_sam() {
    let read = |settings: &Settings| is_signed(&read(&[("template.yaml", SAM)], settings).unwrap());
    assert!(!read(&Settings::default()));
    assert!(read(&configured(&[("Kind", "AWS_IAM")])));
    // What is given counts more.
    let both = Settings {
        parameters: settings(&[("Kind", "NONE")]).parameters,
        ..configured(&[("Kind", "AWS_IAM")])
    };
    assert!(!read(&both));
}

#[test]
fn a_configured_value_reaches_loops() {
    let text = format!("{LOOP}Resources:{API}{ROUTES}");
    let read = |settings: &Settings| keys(&read(&[("template.yaml", &text)], settings).unwrap());
    assert_eq!(read(&Settings::default()), ["a"]);
    assert_eq!(read(&configured(&[("Keys", "x, y")])), ["x", "y"]);
}

#[rstest]
#[case::text("{Kind: AWS_IAM}")]
#[case::function("{Kind: !Join [_, [AWS, IAM]]}")]
#[case::parameter("{Kind: !FindInMap [Kinds, !Ref Level, Kind]}")]
#[case::condition("{Kind: !If [Signs, AWS_IAM, NONE]}")]
#[case::map("!If [Signs, {Kind: AWS_IAM}, {}]")]
fn a_value_that_is_handed_in_reaches_the_transform(#[case] parameters: &str) {
    let around = AROUND.replace("PARAMETERS", parameters);
    let files = [("template.yaml", &*around), ("child.yaml", SAM)];
    // What is configured is for the stack around.
    let settings = configured(&[("Level", "prod"), ("Kind", "NONE")]);
    assert!(is_signed(&read(&files, &settings).unwrap()));
}

#[test]
fn a_value_of_another_stack_that_is_given_reaches_the_transform() {
    let around = AROUND.replace(
        "PARAMETERS",
        "{Kind: !ImportValue {Fn::Sub: '${Level}-kind'}}",
    );
    let files = [("template.yaml", &*around), ("child.yaml", SAM)];
    assert!(is_signed(
        &read(&files, &settings(&[("dev-kind", "AWS_IAM")])).unwrap()
    ));
}

#[test]
fn a_list_that_is_handed_in_reaches_loops() {
    let around = AROUND.replace("PARAMETERS", "{Keys: !Join [',', [x, y]]}");
    let child = format!("{LOOP}Resources:{API}{ROUTES}");
    let files = [("template.yaml", &*around), ("child.yaml", &child)];
    assert_eq!(
        keys(&read(&files, &Settings::default()).unwrap()),
        ["x", "y"]
    );
}

#[rstest]
#[case::attribute("{Kind: !GetAtt Topic.TopicName}", "`Topic.TopicName` is not known")]
#[case::reference("{Kind: !Ref Topic}", "`Topic` is not known")]
#[case::import("{Kind: !ImportValue kind}", "the export `kind` is not known")]
#[case::map("!If [Signs, {}, {Kind: !Ref Topic}]", "`Topic` is not known")]
fn a_default_never_takes_the_place_of_what_is_not_known(#[case] given: &str, #[case] why: &str) {
    let around = AROUND.replace("PARAMETERS", given);
    let files = [("template.yaml", &*around), ("child.yaml", SAM)];
    let refused = read(&files, &Settings::default()).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains(why), "{refused}");
    // A loop says it itself.
    let child = format!("{LOOP}Resources:{API}{ROUTES}");
    let around = around.replace("Kind:", "Keys:");
    let files = [("template.yaml", &*around), ("child.yaml", &child)];
    let refused = read(&files, &Settings::default()).unwrap_err();
    assert!(refused.to_string().contains(why), "{refused}");
}
