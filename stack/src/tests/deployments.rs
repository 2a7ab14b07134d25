//! What a stage serves of the template: its last deployment.

use rstest::rstest;
use spec::api::CallPermission;

use super::*;

/// A stack with these resources beside an API with the routes `a` and `b`, and the function `F`
/// that the route `b` calls.
fn text(resources: &str) -> String {
    format!(
        "Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  A:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: a}}
  B:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: b, Target: !Sub 'integrations/${{ToF}}'}}
  ToF:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: ., Handler: h, Runtime: provided.al2023}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {{Action: lambda:InvokeFunction, FunctionName: !Ref F, Principal: apigateway.amazonaws.com}}
{resources}"
    )
}

fn read(text: &str) -> Assembly {
    parse("t.yaml", text, Path::new("dir"), &settings(&[])).expect("a right template")
}

fn stack(resources: &str) -> Assembly {
    read(&text(resources))
}

/// A stage with a deployment of its own after both routes.
const DEPLOYED: &str = "
  Deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [A, B]
    Properties: {ApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: test
      DeploymentId: !Ref Deployment
      StageVariables: {version: '1'}
";

fn routes(stack: &Assembly) -> Vec<&str> {
    let keys = stack.api().routes.keys();
    keys.map(spec::route::RouteKey::as_str).collect()
}

fn messages(stack: &Assembly) -> Vec<&str> {
    let all = stack.warnings().iter();
    all.map(|warning| &*warning.message).collect()
}

// ROUTE-62
#[test]
fn what_changes_after_the_deployment_waits_for_another_one() {
    let first = stack(DEPLOYED);
    assert_eq!(messages(&first), [""; 0]);
    assert_eq!(routes(&first), ["a", "b"]);
    let more = "
  C:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: c}
";
    let changed = format!("{DEPLOYED}{more}").replace("DependsOn: [A, B]", "DependsOn: [A, B, C]");
    let changed = changed.replace("version: '1'", "version: '2'");
    let second = stack(&changed).after(&first).unwrap();
    assert_eq!(routes(&second), ["a", "b"]);
    assert_eq!(second.waiting(), ["the route `c`"]);
    // The stage's own settings wait for nothing: ROUTE-64.
    assert_eq!(second.api().stage.stage_variables["version"], "2");
    let plan = Plan::between(&first, &second).to_string();
    assert_eq!(plan, "rules; waits for a deployment: the route `c`");
    let again = stack(&changed).after(&second).unwrap();
    let plan = Plan::between(&second, &again);
    assert!(plan.is_empty());
    assert_eq!(
        plan.to_string(),
        "nothing; waits for a deployment: the route `c`"
    );
    let renamed = changed.replace("Deployment:\n", "Deployment2:\n");
    let renamed = renamed.replace("!Ref Deployment\n", "!Ref Deployment2\n");
    let third = stack(&renamed).after(&again).unwrap();
    assert_eq!(routes(&third), ["a", "b", "c"]);
    assert_eq!(third.waiting(), [""; 0]);
    // A deployment that is gone and comes again is another one.
    let fourth = stack(DEPLOYED).after(&third).unwrap();
    assert_eq!(routes(&fourth), ["a", "b"]);
}

// ROUTE-31
#[test]
fn a_stage_that_deploys_itself_waits_for_nothing() {
    let own = |routes: &str| {
        let stage = "
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
";
        stack(&format!("{stage}{routes}"))
    };
    let more =
        "  C: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: c}}\n";
    let after = own(more).after(&own("")).unwrap();
    assert_eq!(routes(&after), ["a", "b", "c"]);
    // What it deployed last stays when it deploys itself no more.
    let without = stack(
        "
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: test}}
",
    );
    let still = without.after(&after).unwrap();
    assert!(!still.api().stage.undeployed);
    assert_eq!(still.waiting(), ["the end of the route `c`"]);
}

#[test]
fn a_deployment_that_names_the_stage_deploys_it() {
    let named = DEPLOYED
        .replace(
            "Properties: {ApiId: !Ref Api}",
            "Properties: {ApiId: !Ref Api, StageName: test}",
        )
        .replace("      DeploymentId: !Ref Deployment\n", "");
    assert!(!stack(&named).api().stage.undeployed);
    let other = named.replace("StageName: test}", "StageName: other}");
    assert!(stack(&other).api().stage.undeployed);
}

#[test]
fn permissions_and_functions_are_those_of_now() {
    let first = stack(DEPLOYED);
    let permission = |stack: &Assembly| stack.api().routes["b"].call_permission.clone();
    assert_eq!(permission(&first), CallPermission::Granted);
    let reads = |edit: fn(&str) -> String| {
        let template = text(DEPLOYED);
        let text = edit(&template);
        assert_ne!(text, template);
        permission(&read(&text).after(&first).unwrap())
    };
    let missing = |permission: &CallPermission, what: &str| matches!(permission, CallPermission::Missing { reason } if reason.contains(what));
    let other = reads(|text| text.replace("FunctionName: !Ref F", "FunctionName: other"));
    assert!(missing(&other, "no permission"), "{other:?}");
    // The route still calls the function in its last deployment.
    let gone = reads(|text| {
        let text = text.replace("F.Arn", "G.Arn").replace("!Ref F", "!Ref G");
        text.replace("  F:\n", "  G:\n")
    });
    assert!(missing(&gone, "gone"), "{gone:?}");
}

// ROUTE-30
#[test]
fn a_route_that_is_made_after_the_deployment_is_not_served() {
    let late = stack(&format!(
        "{DEPLOYED}
  Late:
    Type: AWS::ApiGatewayV2::Route
    DependsOn: Stage
    Properties: {{ApiId: !Ref Api, RouteKey: late}}
"
    ));
    assert_eq!(routes(&late), ["a", "b"]);
    assert_eq!(late.waiting(), ["the route `late`"]);
    let expected = "the routes `late` are made after the deployment `Deployment`";
    assert!(
        messages(&late)[0].starts_with(expected),
        "{:?}",
        late.warnings()
    );
}

#[rstest]
#[case::none("DependsOn: [A, B]\n", "DependsOn: Api\n", "depends on no route")]
#[case::nothing("    DependsOn: [A, B]\n", "", "depends on no route")]
#[case::some(
    "DependsOn: [A, B]",
    "DependsOn: A",
    "does not depend on the routes `b`"
)]
#[case::another("!Ref Deployment", "other", "names no deployment")]
fn a_deployment_that_may_be_made_too_early_is_served_and_warned_of(
    #[case] from: &str,
    #[case] to: &str,
    #[case] message: &str,
) {
    let text = DEPLOYED.replace(from, to);
    assert_ne!(text, DEPLOYED);
    let stack = stack(&text);
    assert_eq!(routes(&stack), ["a", "b"]);
    let all = messages(&stack);
    assert!(all.len() == 1 && all[0].contains(message), "{all:?}");
}

// AWS does not make this stack at once: it came about in several steps.
#[test]
fn routes_that_all_depend_on_the_deployment_are_served() {
    let first = text(&DEPLOYED.replace("    DependsOn: [A, B]\n", ""));
    let route = "Type: AWS::ApiGatewayV2::Route\n";
    let after = format!("{route}    DependsOn: Stage\n");
    let stack = read(&first.replace(route, &after));
    assert_eq!(routes(&stack), ["a", "b"]);
    assert!(messages(&stack)[0].contains("depends on no route"));
}
