//! The stage: its name, its throttles, its access log.

use rstest::rstest;

use super::*;

/// The stack of the API with this stage in place of its own.
fn with_stage(stage: &str) -> Result<Assembly, Error> {
    let api = API.replace("StageName: test, AutoDeploy: true", stage);
    assert_ne!(api, API);
    let text = format!("Resources:\n{api}");
    parse("t.yaml", &text, Path::new("dir"), &settings(&[]))
}

fn warnings(stack: &Assembly) -> Vec<(usize, usize, &str)> {
    let all = stack.warnings().iter();
    all.map(|warning| (warning.line, warning.column, &*warning.message))
        .collect()
}

#[test]
fn an_access_log_has_a_format_and_a_destination() {
    let stage = "StageName: test, AutoDeploy: true, AccessLogSettings: \
        {DestinationArn: !GetAtt Api.ApiId, Format: '$context.requestId $context.status $context.authorizer.who'}";
    let stack = with_stage(stage).unwrap();
    assert_eq!(warnings(&stack), []);
    let read = stack.api().stage.access_log_settings.clone().unwrap();
    assert_eq!(
        read.format,
        "$context.requestId $context.status $context.authorizer.who"
    );
    assert_eq!(read.destination_arn.unwrap(), stack.api().api_id);
}

#[test]
fn an_unknown_variable_of_the_access_log_is_warned_of_where_it_stands() {
    let stage = "StageName: test, AutoDeploy: true, AccessLogSettings: {Format: '$context.requestId $context.path'}";
    let stack = with_stage(stage).unwrap();
    let (line, column, message) = warnings(&stack)[0];
    let text = API.replace("StageName: test, AutoDeploy: true", stage);
    let (at, before) = text
        .split_once("$context.path")
        .map(|(before, _)| (before.len(), before))
        .unwrap();
    assert_eq!(line, before.lines().count() + 1);
    assert_eq!(column, at - before.rfind('\n').unwrap());
    assert!(message.contains("`$context.path`"), "{message}");
}

#[rstest]
#[case::no_format("{DestinationArn: x}", "nothing is logged")]
#[case::more("{Format: $context.requestId, Level: x}", "`Level`")]
fn what_an_access_log_lacks_is_warned_of(#[case] settings: &str, #[case] message: &str) {
    let stage = format!("StageName: test, AutoDeploy: true, AccessLogSettings: {settings}");
    let stack = with_stage(&stage).unwrap();
    assert!(
        warnings(&stack)[0].2.contains(message),
        "{:?}",
        stack.warnings()
    );
}

#[rstest]
#[case::too_long(&format!("AccessLogSettings: {{Format: '$context.requestId{}'}}", "x".repeat(3 * 1024)), "bytes")]
#[case::no_text("AccessLogSettings: {Format: [a]}", "`Format` must be text")]
#[case::no_map("AccessLogSettings: text", "must be a map")]
fn access_logs_that_cannot_be_served(#[case] settings: &str, #[case] message: &str) {
    let error = with_stage(&format!("StageName: test, AutoDeploy: true, {settings}")).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    assert!(error.line() > 1);
}

#[test]
fn a_stage_without_a_deployment_is_served_and_warned_of() {
    let stack = with_stage("StageName: test").unwrap();
    assert!(stack.api().stage.undeployed);
    assert!(
        warnings(&stack)[0].2.contains("403"),
        "{:?}",
        stack.warnings()
    );
    assert!(
        !with_stage("StageName: test, DeploymentId: x")
            .unwrap()
            .api()
            .stage
            .undeployed
    );
}

#[rstest]
#[case::empty("''")]
#[case::long(&"x".repeat(129))]
#[case::space("'a b'")]
#[case::letters("Ünlü")]
fn stage_names_that_aws_refuses(#[case] name: &str) {
    let error = with_stage(&format!("StageName: {name}, AutoDeploy: true")).unwrap_err();
    assert!(error.message().contains("1 to 128 letters"), "{error}");
}

#[test]
fn an_api_without_routes_is_not_deployed() {
    let without = &API[..API.find("  Quiet:").unwrap()];
    let parse = |api: &str| {
        let text = format!("Resources:\n{api}");
        parse("t.yaml", &text, Path::new("dir"), &settings(&[]))
    };
    let error = parse(without).unwrap_err();
    assert!(error.message().contains("no route"), "{error}");
    assert!(parse(&without.replace(", AutoDeploy: true", "")).is_ok());
}

/// The API with throttles of its stage and of its route.
fn throttled(default: &str, own: &str) -> Result<Assembly, Error> {
    let resources = format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: r}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: s
      AutoDeploy: true
      DefaultRouteSettings: {default}
      RouteSettings: {own}
"
    );
    parse("t.yaml", &resources, Path::new(""), &Settings::default())
}

#[test]
fn throttles_are_read_of_the_stage_and_its_routes() {
    let stack = throttled(
        "{ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: '3', LoggingLevel: INFO, Colour: red}",
        "{r: {ThrottlingBurstLimit: 7}}",
    )
    .unwrap();
    let stage = &stack.api().stage;
    let limits = |settings: &spec::api::RouteSettings| {
        (
            settings.throttling_rate_limit,
            settings.throttling_burst_limit,
        )
    };
    assert_eq!(limits(&stage.default_route_settings), (Some(0.5), Some(3)));
    assert_eq!(limits(&stage.route_settings["r"]), (None, Some(7)));
    let warnings: Vec<&str> = stack
        .warnings()
        .iter()
        .map(|warning| &*warning.message)
        .collect();
    assert_eq!(
        warnings,
        ["`Colour` of `DefaultRouteSettings` has no effect here"]
    );
}

#[test]
fn throttles_that_cannot_be_served() {
    for (default, own, message) in [
        (
            "{ThrottlingRateLimit: -1}",
            "{}",
            "`ThrottlingRateLimit` `-1` must be zero or more",
        ),
        (
            "{ThrottlingRateLimit: NaN}",
            "{}",
            "`ThrottlingRateLimit` `NaN` must be zero or more",
        ),
        (
            "{ThrottlingBurstLimit: 1.5}",
            "{}",
            "`ThrottlingBurstLimit` must be a whole number of requests",
        ),
        ("{}", "[]", "`RouteSettings` must be a map"),
    ] {
        let error = throttled(default, own).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

// The settings may be those of the route whose key cannot be read.
#[test]
fn settings_of_a_route_that_cannot_be_read_are_not_reported() {
    let settings = "StageName: test, AutoDeploy: true, RouteSettings: {r: {}}";
    let unknown = with_stage(settings).unwrap_err();
    assert_eq!(
        unknown.message(),
        "`RouteSettings` of `r`: the API has no route `r`"
    );
    let api = API.replace("StageName: test, AutoDeploy: true", settings);
    let api = api.replace("RouteKey: quiet", "RouteKey: [r]");
    let text = format!("Resources:\n{api}");
    let error = parse("t.yaml", &text, Path::new(""), &Settings::default()).unwrap_err();
    assert_eq!(error.message(), "`RouteKey` of `Quiet` must be text");
}
