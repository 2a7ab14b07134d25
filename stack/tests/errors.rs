//! What a person sees of a template that can not be served: a page each, in `snapshots/stack/`.

use std::path::Path;

use insta::Settings as Snapshot;
use proptest::prelude::*;
use stack::{Assembly, Settings};

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
    bad_yaml: "a bracket that nobody closes",
        "      ProtocolType: WEBSOCKET" => "      ProtocolType: [WEBSOCKET";
    tabs: "a tab for indentation",
        "      ProtocolType: WEBSOCKET" => "\tProtocolType: WEBSOCKET";
    unknown_ref: "a `!Ref` to a logical id that is not there",
        "ApiId: !Ref WebsocketApi" => "ApiId: !Ref WebSocketApi";
    literal_ref: "the original sample's `Ref!`, which is a text",
        "ApiId: !Ref WebsocketApi" => "ApiId: Ref! WebsocketApi";
    unknown_in_sub: "a logical id in a `!Sub` that is not there",
        "${AuthFunction.Arn}" => "${AuthenticationFunction.Arn}";
    bad_mapping_template: "a mapping template with a directive that nobody ends",
        "\"stage\": \"$context.stage\"," => "\"stage\": \"#if($context.stage)\",";
    bad_route_selection: "a variable that nobody ends",
        "RouteSelectionExpression: $request.body.action" => "RouteSelectionExpression: ${request.body.action";
    missing_integration: "a route to an integration that is not there",
        "Target: !Sub integrations/${SendMessageIntegration}" => "Target: integrations/nowhere";
    no_protocol: "an API that is not said to be a WebSocket API",
        "      ProtocolType: WEBSOCKET\n" => "";
    bad_identity_source: "the HTTP APIs' spelling of an identity source",
        "route.request.header.token" => "$request.header.token";
    authorizer_on_a_message: "an authorizer on a route for messages",
        "RouteKey: sendmessage\n      AuthorizationType: NONE" => "RouteKey: sendmessage\n      AuthorizationType: CUSTOM\n      AuthorizerId: !Ref TokenAuthorizer";
    unknown_function: "an integration of a function that the stack has not",
        "functions/${SendMessageFunction.Arn}/invocations" => "functions/arn:aws:lambda:us-east-1:000000000000:function:other/invocations";
    unknown_model: "a route that names a model that the API has not",
        "RouteKey: sendmessage\n" => "RouteKey: sendmessage\n      ModelSelectionExpression: $request.body.kind\n      RequestModels:\n        $default: !Ref WebsocketApi\n";
    bad_model_selection: "a variable of a model selection expression that nobody ends",
        "RouteKey: sendmessage\n" => "RouteKey: sendmessage\n      ModelSelectionExpression: ${request.body.kind\n";
    bad_schema_text: "the schema of a model that is no JSON",
        "Resources:\n" => "Resources:\n  Note:\n    Type: AWS::ApiGatewayV2::Model\n    Properties:\n      ApiId: !Ref WebsocketApi\n      Name: Note\n      Schema: |\n        {\n          \"type\": \"object\",\n        }\n";
    bad_schema: "the schema of a model that breaks draft 4",
        "Resources:\n" => "Resources:\n  Note:\n    Type: AWS::ApiGatewayV2::Model\n    Properties:\n      ApiId: !Ref WebsocketApi\n      Name: Note\n      Schema:\n        properties:\n          to: {type: text}\n";
    bad_model_name: "a model whose name is more than letters and digits",
        "Resources:\n" => "Resources:\n  Note:\n    Type: AWS::ApiGatewayV2::Model\n    Properties:\n      ApiId: !Ref WebsocketApi\n      Name: my-note\n      Schema: {}\n";
    unknown_route_in_settings: "a throttle for a route that the API has not",
        "      StageName: !Ref StageName\n" => "      StageName: !Ref StageName\n      RouteSettings:\n        sendMessage: {ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5}\n";
    bad_throttle: "a throttle that is no number",
        "      StageName: !Ref StageName\n" => "      StageName: !Ref StageName\n      DefaultRouteSettings:\n        ThrottlingBurstLimit: many\n";
    bad_request_parameter: "a request parameter with the REST APIs' spelling of its source",
        "IntegrationType: AWS\n" => "IntegrationType: AWS\n      RequestParameters:\n        integration.request.header.token: method.request.header.token\n";
    access_log_without_an_id: "a format of the access log without the request's id",
        "      StageName: !Ref StageName\n" => "      StageName: !Ref StageName\n      AccessLogSettings:\n        Format: '{\"ip\": \"$context.identity.sourceIp\"}'\n";
    access_log_of_lines: "a format of the access log over two lines",
        "      StageName: !Ref StageName\n" => "      StageName: !Ref StageName\n      AccessLogSettings:\n        Format: |\n          $context.requestId\n          $context.status\n";
    bad_stage_name: "a stage whose name has more than letters, digits, hyphens and underscores",
        "      StageName: !Ref StageName\n" => "      StageName: live/now\n";
    default_stage: "the stage that HTTP APIs have by default",
        "      StageName: !Ref StageName\n" => "      StageName: $default\n";
    two_routes_of_a_key: "two routes with the same key",
        "RouteKey: sendmessage" => "RouteKey: $disconnect";
    bad_integration_type: "an integration of a type that there is not",
        "IntegrationType: AWS\n" => "IntegrationType: LAMBDA\n";
    bad_integration_method: "a function that is to be called with GET",
        "IntegrationMethod: POST" => "IntegrationMethod: GET";
    reserved_route_key: "a route key of its own that begins with a dollar",
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
            .map(spec::route::RouteKey::as_str)
            .collect::<Vec<_>>(),
        ["$connect", "$disconnect", "sendmessage"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    // Cut, doubled and garbled templates: an error or a stack, never a panic.
    #[test]
    fn no_template_panics(at in 0..TEMPLATE.len(), length in 0..40_usize, insert in "\\PC{0,12}|[ \\t\\n:{}\\[\\]!&*|>#-]{0,12}") {
        let boundary = |mut at: usize| { while !TEMPLATE.is_char_boundary(at) { at -= 1; } at };
        let (start, end) = (boundary(at), boundary((at + length).min(TEMPLATE.len())));
        let text = format!("{}{insert}{}", &TEMPLATE[..start], &TEMPLATE[end..]);
        if let Err(error) = Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default()) {
            for error in error.errors() {
                prop_assert!(error.line() >= 1 && error.column() >= 1);
            }
            let _ = error.to_string();
        }
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default());
    }
}
