//! What a person sees of a template that cannot be served: a page each, in `snapshots/stack/`.

use std::path::Path;

use insta::Settings as Snapshot;
use spec::Problem;
use spec::integration::InvalidIntegration;
use spec::route::RouteKey;
use stack::{Assembly, Diagnostics, Error, ErrorKind, Settings};

/// The repository's template.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The page for the template with `from` replaced by `to`.
fn page(from: &str, to: &str) -> String {
    let text = TEMPLATE.replacen(from, to, 1);
    assert_ne!(text, TEMPLATE, "`{from}` is in the template");
    match Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default()) {
        Ok(stack) => panic!("it is served: {:?}", stack.warnings()),
        Err(error) => error.to_string(),
    }
}

fn snapshot(name: &str, description: &str, page: &str) {
    let mut settings = Snapshot::clone_current();
    settings.set_snapshot_path("../../snapshots/stack");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(description);
    settings.bind(|| insta::assert_snapshot!(name, page));
}

macro_rules! broken {
    ($($name:ident: $description:literal, $from:expr => $to:expr;)*) => {$(
        #[test]
        fn $name() {
            snapshot(&stringify!($name).replace('_', "-"), $description, &page($from, $to));
        }
    )*};
}

broken! {
    bad_yaml: "a bracket that is never closed",
        "      ProtocolType: WEBSOCKET" => "      ProtocolType: [WEBSOCKET";
    tabs: "a tab for indentation",
        "      ProtocolType: WEBSOCKET" => "\tProtocolType: WEBSOCKET";
    unknown_ref: "a `!Ref` to an unknown logical id",
        "ApiId: !Ref WebsocketApi" => "ApiId: !Ref WebSocketApi";
    literal_ref: "the original sample's `Ref!`, which is text",
        "ApiId: !Ref WebsocketApi" => "ApiId: Ref! WebsocketApi";
    unknown_in_sub: "an unknown logical id in a `!Sub`",
        "${AuthFunction.Arn}" => "${AuthenticationFunction.Arn}";
    bad_mapping_template: "a mapping template with a directive that is never closed",
        "\"stage\": \"$context.stage\"," => "\"stage\": \"#if($context.stage)\",";
    bad_route_selection: "a variable that is never closed",
        "RouteSelectionExpression: $request.body.action" =>
            "RouteSelectionExpression: ${request.body.action";
    payload_format_version: "a payload format that only HTTP APIs have",
        "      IntegrationType: AWS\n" =>
            "      IntegrationType: AWS\n      PayloadFormatVersion: \"2.0\"\n";
    missing_integration: "a route to an unknown integration",
        "Target: !Sub integrations/${SendMessageIntegration}" => "Target: integrations/nowhere";
    no_protocol: "an API without a protocol",
        "      ProtocolType: WEBSOCKET\n" => "";
    bad_identity_source: "the HTTP APIs' spelling of an identity source",
        "route.request.header.token" => "$request.header.token";
    authorizer_on_a_message: "an authorizer on a route for messages",
        "RouteKey: sendmessage\n      AuthorizationType: NONE" =>
            concat!(
                "RouteKey: sendmessage\n",
                "      AuthorizationType: CUSTOM\n",
                "      AuthorizerId: !Ref TokenAuthorizer",
            );
    unknown_function: "an integration of a function that is not in the stack",
        "functions/${SendMessageFunction.Arn}/invocations" =>
            concat!(
                "functions/arn:aws:lambda:us-east-1:000000000000:function:",
                "gatespec-SendMesageFunction/invocations",
            );
    unknown_model: "a route that names an unknown model",
        "RouteKey: sendmessage\n" =>
            concat!(
                "RouteKey: sendmessage\n",
                "      ModelSelectionExpression: $request.body.kind\n",
                "      RequestModels:\n",
                "        $default: !Ref WebsocketApi\n",
            );
    bad_model_selection: "a variable of a model selection expression that is never closed",
        "RouteKey: sendmessage\n" =>
            concat!(
                "RouteKey: sendmessage\n",
                "      ModelSelectionExpression: ${request.body.kind\n",
            );
    bad_schema_text: "a model's schema that is not JSON",
        "Resources:\n" =>
            concat!(
                "Resources:\n",
                "  Note:\n",
                "    Type: AWS::ApiGatewayV2::Model\n",
                "    Properties:\n",
                "      ApiId: !Ref WebsocketApi\n",
                "      Name: Note\n",
                "      Schema: |\n",
                "        {\n",
                "          \"type\": \"object\",\n",
                "        }\n",
            );
    bad_schema: "a model's schema that violates draft 4",
        "Resources:\n" =>
            concat!(
                "Resources:\n",
                "  Note:\n",
                "    Type: AWS::ApiGatewayV2::Model\n",
                "    Properties:\n",
                "      ApiId: !Ref WebsocketApi\n",
                "      Name: Note\n",
                "      Schema:\n",
                "        properties:\n",
                "          to: {type: text}\n",
            );
    refused_schema_text: "a model's schema with a pattern and keywords that API Gateway refuses",
        "Resources:\n" =>
            concat!(
                "Resources:\n",
                "  Note:\n",
                "    Type: AWS::ApiGatewayV2::Model\n",
                "    Properties:\n",
                "      ApiId: !Ref WebsocketApi\n",
                "      Name: Note\n",
                "      Schema: |\n",
                "        {\n",
                "          \"properties\": {\"to\": {\"pattern\": \"(?<n>a)\"}},\n",
                "          \"$id\": \"note\"\n",
                "        }\n",
            );
    bad_model_name: "a model whose name is not only letters and digits",
        "Resources:\n" =>
            concat!(
                "Resources:\n",
                "  Note:\n",
                "    Type: AWS::ApiGatewayV2::Model\n",
                "    Properties:\n",
                "      ApiId: !Ref WebsocketApi\n",
                "      Name: my-note\n",
                "      Schema: {}\n",
            );
    unknown_route_in_settings: "a throttle for an unknown route",
        "      StageName: !Ref StageName\n" =>
            concat!(
                "      StageName: !Ref StageName\n",
                "      RouteSettings:\n",
                "        sendMessage: {ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5}\n",
            );
    bad_throttle: "a throttle that is not a number",
        "      StageName: !Ref StageName\n" =>
            concat!(
                "      StageName: !Ref StageName\n",
                "      DefaultRouteSettings:\n",
                "        ThrottlingBurstLimit: many\n",
            );
    bad_request_parameter: "a request parameter with the REST APIs' spelling of its source",
        "IntegrationType: AWS\n" =>
            concat!(
                "IntegrationType: AWS\n",
                "      RequestParameters:\n",
                "        integration.request.header.token: method.request.header.token\n",
            );
    access_log_without_an_id: "a format of the access log without the request's id",
        "      StageName: !Ref StageName\n" =>
            concat!(
                "      StageName: !Ref StageName\n",
                "      AccessLogSettings:\n",
                "        Format: '{\"ip\": \"$context.identity.sourceIp\"}'\n",
            );
    access_log_of_lines: "a format of the access log over two lines",
        "      StageName: !Ref StageName\n" =>
            concat!(
                "      StageName: !Ref StageName\n",
                "      AccessLogSettings:\n",
                "        Format: |\n",
                "          $context.requestId\n",
                "          $context.status\n",
            );
    bad_stage_name: "a stage whose name has a slash",
        "      StageName: !Ref StageName\n" => "      StageName: live/now\n";
    two_routes_of_a_key: "two routes with the same key",
        "RouteKey: sendmessage" => "RouteKey: $disconnect";
    bad_integration_type: "an integration of an unknown type",
        "IntegrationType: AWS\n" => "IntegrationType: LAMBDA\n";
    bad_integration_method: "a function called with GET",
        "IntegrationMethod: POST" => "IntegrationMethod: GET";
    reserved_route_key: "an unknown route key that starts with a dollar",
        "RouteKey: sendmessage" => "RouteKey: $sendmessage";
}

#[test]
fn the_template_itself_is_served() {
    let stack = Assembly::parse(
        "template.yaml",
        TEMPLATE,
        Path::new(""),
        &Settings::default(),
    )
    .expect("it is served");
    assert_eq!(stack.warnings(), []);
    assert_eq!(
        stack
            .api()
            .routes
            .keys()
            .map(RouteKey::as_str)
            .collect::<Vec<_>>(),
        ["$connect", "$disconnect", "sendmessage"]
    );
}

/// A template with ten mistakes, and things that fail only because of them.
const TEN_MISTAKES: &str = include_str!("ten-mistakes.yaml");

fn errors(text: &str) -> Diagnostics {
    let settings = Settings::default();
    match Assembly::parse("template.yaml", text, Path::new(""), &settings) {
        Ok(assembly) => panic!("it is served: {:?}", assembly.warnings()),
        Err(diagnostics) => diagnostics,
    }
}

// A random find: it was reported on a line behind the last one.
#[test]
fn an_error_at_the_end_is_shown_on_the_last_line() {
    for end in ["", "\n", "\n\n\n"] {
        let text = format!("Resources:\n  A: [{end}");
        let diagnostics = errors(&text);
        let error = &diagnostics.errors()[0];
        assert_eq!(error.line(), 2, "{error}");
        assert!(error.to_string().contains("template.yaml:2:"), "{error}");
    }
}

#[test]
fn ten_mistakes_are_ten_errors_in_one_run() {
    let diagnostics = errors(TEN_MISTAKES);
    let description = "ten mistakes in one template";
    snapshot("ten-mistakes", description, &diagnostics.to_string());
    // Each is on a line that says so, and no other line is reported.
    let lines = TEN_MISTAKES.lines().enumerate();
    let marked = lines.filter(|(_, line)| line.contains("# mistake"));
    let marked: Vec<usize> = marked.map(|(index, _)| index + 1).collect();
    let reported = diagnostics.errors().iter();
    let reported: Vec<usize> = reported.map(Error::line).collect();
    assert_eq!(reported, marked);
    assert_eq!(reported.len(), 10);
}

/// Errors of SAM's transform, and of what it made, are where the template says so.
#[test]
fn mistakes_in_sam_s_websocket_api_are_shown_as_they_are_written() {
    let diagnostics = errors(include_str!("sam/mistakes.yaml"));
    let description = "mistakes in an `AWS::Serverless::WebSocketApi`";
    snapshot("sam-mistakes", description, &diagnostics.to_string());
    for error in diagnostics.errors() {
        assert!(error.to_string().contains("= help: "), "{error}");
    }
}

/// Mistakes as people make them, each on a line that says so.
const USUAL_MISTAKES: &str = include_str!("usual-mistakes.yaml");

#[test]
fn usual_mistakes_have_a_location_and_a_cure_each() {
    let diagnostics = errors(USUAL_MISTAKES);
    snapshot(
        "usual-mistakes",
        "mistakes as people make them",
        &diagnostics.to_string(),
    );
    let lines = USUAL_MISTAKES.lines().enumerate();
    let marked = lines.filter(|(_, line)| line.contains("# mistake"));
    let marked: Vec<usize> = marked.map(|(index, _)| index + 1).collect();
    let reported = diagnostics.errors().iter();
    let reported: Vec<usize> = reported.map(Error::line).collect();
    assert_eq!(reported, marked, "{diagnostics}");
    assert_eq!(reported.len(), 10);
    for error in diagnostics.errors() {
        assert!(error.to_string().contains("= help: "), "{error}");
    }
}

#[test]
fn every_kind_of_error_has_its_kind() {
    let diagnostics = errors(TEN_MISTAKES);
    let kind = |index: usize| diagnostics.errors()[index].kind();
    assert!(matches!(kind(0), ErrorKind::Parameter(_)));
    let api = diagnostics
        .errors()
        .iter()
        .find_map(|error| match error.kind() {
            ErrorKind::Api { invalid, .. } => Some(invalid),
            _ => None,
        });
    // The specification's own words are kept as they are.
    assert!(matches!(
        api.unwrap().problem,
        Problem::Integration(InvalidIntegration::Template { .. })
    ));
    let read = Assembly::read(Path::new("no/such/file"), &Settings::default()).unwrap_err();
    match read.errors()[0].kind() {
        ErrorKind::Unreadable(cause) => assert_eq!(cause.kind(), std::io::ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
}

/// A template with one mistake has one error; with a second mistake it has two.
#[test]
fn a_second_mistake_is_reported_as_well() {
    for (from, to) in [
        ("ApiId: !Ref WebsocketApi", "ApiId: !Ref WebSocketApi"),
        ("IntegrationType: AWS\n", "IntegrationType: LAMBDA\n"),
        ("RouteKey: sendmessage", "RouteKey: $sendmessage"),
        ("      ProtocolType: WEBSOCKET\n", ""),
        ("AuthorizerType: REQUEST", "AuthorizerType: JWT"),
        ("route.request.header.token", "$request.header.token"),
        (
            "Action: lambda:InvokeFunction",
            "Actions: lambda:InvokeFunction",
        ),
        ("        Timeout: 10", "        Timeout: never"),
        (
            "      StageName: !Ref StageName\n",
            "      StageName: live/now\n",
        ),
    ] {
        let first = TEMPLATE.replacen(from, to, 1);
        if first == TEMPLATE {
            continue;
        }
        let alone = errors(&first);
        assert_eq!(alone.errors().len(), 1, "{from}: {alone}");
        let both = first.replacen(
            "Target: !Sub integrations/${DisconnectIntegration}",
            "Target: integrations/nowhere",
            1,
        );
        let both = errors(&both);
        assert_eq!(both.errors().len(), 2, "{from}: {both}");
    }
}
