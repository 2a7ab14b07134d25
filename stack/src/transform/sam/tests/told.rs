//! What a person is told: errors and warnings point into the SAM template, though what is read
//! later was generated.

use std::path::Path;

use rstest::rstest;

use crate::{Assembly, Settings};

const FUNCTION: &str = "
  Handler:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: handler, Handler: index.handler, Runtime: nodejs24.x}
";

fn read(resources: &str) -> Result<Assembly, crate::Diagnostics> {
    let text = format!("Resources:{FUNCTION}{resources}");
    Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default())
}

/// `LINE: message` of every error.
fn errors(resources: &str) -> Vec<String> {
    let diagnostics = read(resources).expect_err("it is refused");
    let errors = diagnostics.errors().iter();
    errors
        .map(|error| format!("{}: {}", error.line(), error.message()))
        .collect()
}

fn warnings(assembly: &Assembly) -> Vec<String> {
    let warnings = assembly.warnings().iter();
    warnings
        .map(|warning| format!("{}: {}", warning.line, warning.message))
        .collect()
}

/// An API whose properties begin at line 8, and its routes after those given.
fn chat(properties: &str) -> String {
    format!(
        "  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
{properties}      RouteSelectionExpression: $request.body.action
"
    )
}

const ROUTES: &str = "      Routes: {$connect: {FunctionArn: !GetAtt Handler.Arn}}\n";

#[test]
fn an_api_is_served_by_its_default_stage() {
    let resources = chat("      Routes: {sendMessage: {FunctionArn: !GetAtt Handler.Arn}}\n")
        + "Outputs: {Url: {Value: !Sub '${Chat.ApiEndpoint}/${Chat.Stage}'}}\n";
    let assembly = read(&resources).expect("it is valid");
    assert_eq!(warnings(&assembly), [""; 0]);
    let api = assembly.api().api();
    assert_eq!(api.stage.stage_name, "default");
    assert!(!api.stage.undeployed);
    let routes: Vec<String> = api.routes.keys().map(ToString::to_string).collect();
    assert_eq!(routes, ["sendMessage"]);
    assert!(assembly.functions()[0].is_called);
    let url = &assembly.outputs()["Url"];
    assert!(
        url.starts_with("wss://") && url.ends_with("/default"),
        "{url}"
    );
}

#[test]
fn a_function_is_called_by_its_alias() {
    let resources = chat("      Routes: {$connect: {FunctionArn: !Ref Aliased.Alias}}\n")
        + "
  Aliased:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      CodeUri: aliased
      Handler: index.handler
      Runtime: nodejs24.x
Outputs:
  Alias: {Value: !Ref Aliased.Alias}
  Same: {Value: !Sub '${AliasedAliaslive}'}
  Version: {Value: !Ref Aliased.Version}
  Role: {Value: !GetAtt AliasedRole.Arn}
";
    let assembly = read(&resources).expect("it is valid");
    assert_eq!(warnings(&assembly), [""; 0]);
    let aliased = assembly
        .functions()
        .iter()
        .find(|one| one.logical_id == "Aliased");
    assert!(aliased.is_some_and(|function| function.is_called));
    let outputs = assembly.outputs();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:gatespec-Aliased";
    assert_eq!(outputs["Alias"], format!("{arn}:live"));
    assert_eq!(outputs["Same"], outputs["Alias"]);
    assert_eq!(outputs["Version"], format!("{arn}:1"));
    assert_eq!(
        outputs["Role"],
        "arn:aws:iam::000000000000:role/gatespec-AliasedRole"
    );
}

/// Names that SAM makes are known, and no others.
#[test]
fn what_sam_makes_of_other_resources_has_names() {
    let resources = chat(ROUTES)
        + "
  Rest:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: rest
      Handler: index.handler
      Runtime: nodejs24.x
      Events:
        Get: {Type: Api, Properties: {Path: /, Method: get}}
        Jobs: {Type: SQS, Properties: {Queue: 'arn:aws:sqs:us-east-1:0:q'}}
        Web: {Type: HttpApi}
  Explicit: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}
Outputs:
  Rest: {Value: !Sub 'https://${ServerlessRestApi}/${ServerlessRestApiProdStage}'}
  Dotted: {Value: !Ref ServerlessRestApi.Stage}
  Web: {Value: !Sub '${ServerlessHttpApi}/${ServerlessHttpApiApiGatewayDefaultStage}'}
  Jobs: {Value: !Ref RestJobs}
  Permission: {Value: !Ref RestGetPermissionProd}
  Stage: {Value: !Ref Explicitv1Stage}
  Deployment: {Value: !Ref ServerlessRestApiDeployment47fc2d5f9d}
";
    let assembly = read(&resources).expect("it is valid");
    assert_eq!(assembly.outputs().len(), 7);
    for name in ["ServerlessRestApi", "HandlerRoles", "Handler.Alias"] {
        let outputs = format!("Outputs: {{A: {{Value: !Ref {name}}}}}\n");
        let assembly = read(&(chat(ROUTES) + &outputs)).expect("outputs stop nothing");
        let expected =
            format!("10: there is no parameter or resource `{name}`: the output `A` is left out");
        assert_eq!(warnings(&assembly), [expected]);
    }
}

#[rstest]
#[case::no_routes("", "5: `Chat` (`AWS::Serverless::WebSocketApi`) has no `Routes`")]
#[case::empty("      Routes: {}\n", "8: `Chat` has no route")]
#[case::key(
    "      Routes: {send-message: {FunctionArn: !GetAtt Handler.Arn}}\n",
    "8: the route `send-message` has more than letters and digits"
)]
#[case::no_function(
    "      Routes: {$connect: {}}\n",
    "8: the route `$connect` has no `FunctionArn`"
)]
#[case::unknown_function(
    "      Routes:\n        $connect:\n          FunctionArn: !GetAtt Handlr.Arn\n",
    "10: there is no parameter or resource `Handlr`"
)]
#[case::not_a_function(
    "      Routes:\n        $connect:\n          FunctionArn: arn:aws:lambda:us-east-1:0:function:x\n",
    "10: the function `arn:aws:lambda:us-east-1:0:function:x` is not in this stack"
)]
#[case::both_keys(
    "      Routes:\n        join: {FunctionArn: !GetAtt Handler.Arn}\n        JOIN: {FunctionArn: \
     !GetAtt Handler.Arn}\n",
    "10: the route `JOIN` and the route `join` in line 9 would both be `ChatJoinRoute`"
)]
#[case::stage(
    "      StageName: my-stage\n      Routes: {$connect: {FunctionArn: !GetAtt Handler.Arn}}\n",
    "8: the stage `my-stage` becomes part of a logical id, which has letters and digits only"
)]
#[case::auth(
    "      Auth: {AuthType: CUSTOM}\n      Routes: {$connect: {FunctionArn: !GetAtt Handler.Arn}}\n",
    "8: `AuthType` `CUSTOM` needs `AuthArn`, the function's ARN"
)]
#[case::misspelt(
    "      Route: {}\n      Routes: {$connect: {FunctionArn: !GetAtt Handler.Arn}}\n",
    "8: `Chat` (`AWS::Serverless::WebSocketApi`) has no property `Route`"
)]
#[case::stage_variables(
    "      StageVariables:\n        a: [x]\n      Routes: {$connect: {FunctionArn: !GetAtt \
     Handler.Arn}}\n",
    "9: a stage variable must be text"
)]
fn an_error_is_where_it_was_written(#[case] properties: &str, #[case] expected: &str) {
    let found = errors(&chat(properties));
    assert!(
        matches!(&found[..], [one] if one.starts_with(expected)),
        "{found:#?}"
    );
}

#[test]
fn what_sam_drops_is_a_warning() {
    let resources = "
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Condition: Never
    DeletionPolicy: Retain
    Properties:
      Domain: {DomainName: a.b, CertificateArn: c, BasePath: !If [Never, a, b]}
      Routes: {$connect: {FunctionArn: !GetAtt Handler.Arn, IntegrationTimout: 5}}
      RouteSelectionExpression: $request.body.action
Conditions: {Never: !Equals [a, b]}
";
    let assembly = read(resources).expect("it is valid");
    let warnings = warnings(&assembly);
    for expected in [
        "8: SAM drops `Condition` of `Chat`: the API exists whether the condition holds or not",
        "9: SAM drops `DeletionPolicy` of `Chat`: the API is deleted like any other",
        "11: SAM takes text or a list for `BasePath`: this is passed over, and the API is at the \
         root of the domain",
        "12: SAM takes no `IntegrationTimout` in the route `$connect`: it has no effect",
    ] {
        assert!(warnings.iter().any(|one| one == expected), "{warnings:#?}");
    }
}

/// A connector from the API to a function is a permission; one the other way, SAM refuses.
#[test]
fn connectors_give_permissions() {
    let api = "
  Api:
    Type: AWS::ApiGatewayV2::Api
    Connectors:
      Calls: {Properties: {Destination: {Id: Handler}, Permissions: [Write]}}
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
";
    let rest = "
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: s, AutoDeploy: true}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: a}
";
    let assembly = read(&format!("{api}{rest}")).expect("it is valid");
    let permissions = assembly.permissions();
    assert_eq!(permissions.len(), 1);
    let arn = permissions[0].source_arn.as_deref().unwrap_or_default();
    assert!(
        arn.starts_with("arn:aws:execute-api:") && arn.ends_with("/*"),
        "{arn}"
    );
    let link = "
  Link:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: Handler}, Destination: {Id: Chat}, Permissions: [Write]}
";
    let found = errors(&(chat(ROUTES) + link));
    let expected = "11: SAM has no connector from `AWS::Serverless::Function` to \
                    `AWS::Serverless::WebSocketApi`";
    assert_eq!(found, [expected]);
}
