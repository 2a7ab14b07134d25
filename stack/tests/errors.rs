//! What a person sees of a template that cannot be served: a page each, in `snapshots/stack/`.

use std::path::Path;

use insta::Settings as Snapshot;
use proptest::prelude::*;
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
            "functions/arn:aws:lambda:us-east-1:000000000000:function:other/invocations";
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

/// A change of a template that leaves it close to a valid one.
#[derive(Clone, Debug)]
enum Mutation {
    DeleteLine(usize),
    DuplicateLine(usize),
    /// Another line's text, at its own indentation.
    ReplaceLine(usize, usize),
    /// The value behind the `:` or `-` of a line is another one.
    ReplaceScalar(usize, String),
}

impl Mutation {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let count = lines.len();
        match self {
            Self::DeleteLine(at) => {
                lines.remove(at % count);
            }
            Self::DuplicateLine(at) => lines.insert(at % count, lines[at % count].clone()),
            Self::ReplaceLine(at, other) => {
                let line = &lines[at % count];
                let indentation = &line[..line.len() - line.trim_start().len()];
                let other = format!("{indentation}{}", lines[other % count].trim_start());
                lines[at % count] = other;
            }
            Self::ReplaceScalar(at, value) => {
                let line = &lines[at % count];
                let end = line.find(": ").or_else(|| line.find("- "));
                let kept = end.map_or("", |end| &line[..=end + 1]);
                lines[at % count] = format!("{kept}{value}");
            }
        }
        lines.join("\n") + "\n"
    }
}

/// Values that something in a template may be, in the wrong place.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "~",
            "''",
            "true",
            "0",
            "-1",
            "1.5",
            "x",
            "$x",
            "$default",
            "$connect",
            "[]",
            "[a, b]",
            "{}",
            "{a: b}",
            "!Ref WebsocketApi",
            "!Ref Nowhere",
            "!Ref AWS::NoValue",
            "!Ref AWS::StackName",
            "!GetAtt AuthFunction.Arn",
            "!GetAtt AuthFunction.Name",
            "!Sub '${Nowhere}'",
            "!Sub ${WebsocketApi}/${StageName}",
            "!ImportValue x",
            "!If [a, b, c]",
            "!Select [7, [a]]",
            "!Transform x",
            "|",
            "'#if(', ",
            "AWS_IAM",
            "HTTP",
            "AWS::ApiGatewayV2::Route",
            "AWS::Lambda::Function",
            "AWS::Some::Thing",
        ])
        .prop_map(str::to_owned),
        "[a-z$!&*{}\\[\\]#|>'\"-]{0,6}",
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let line = || 0..TEMPLATE.lines().count();
    prop_oneof![
        1 => line().prop_map(Mutation::DeleteLine),
        1 => line().prop_map(Mutation::DuplicateLine),
        1 => (line(), line()).prop_map(|(at, other)| Mutation::ReplaceLine(at, other)),
        4 => (line(), value()).prop_map(|(at, value)| Mutation::ReplaceScalar(at, value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    // A template that is nearly valid: what still reads compiles, and every error can be shown.
    #[test]
    fn a_mutated_template_is_read_or_explained(
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let all = mutations.iter();
        let text = all.fold(TEMPLATE.to_owned(), |text, mutation| mutation.apply(&text));
        match Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default()) {
            Ok(assembly) => {
                prop_assert!(assembly.api().api().clone().compile().is_ok());
                for warning in assembly.warnings() {
                    prop_assert!(text.get(warning.span.clone()).is_some(), "{warning}");
                }
            }
            Err(diagnostics) => shown(&text, &diagnostics)?,
        }
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = Assembly::parse("template.yaml", &text, Path::new(""), &Settings::default());
    }
}

/// Every error has its span in the text, and its page shows the line; they are sorted, and none is
/// reported twice.
fn shown(text: &str, diagnostics: &Diagnostics) -> Result<(), TestCaseError> {
    let errors = diagnostics.errors();
    prop_assert!(!errors.is_empty());
    for error in errors {
        let span = error.span();
        prop_assert!(text.get(span.clone()).is_some(), "{span:?}");
        prop_assert_eq!(text[..span.start].matches('\n').count() + 1, error.line());
        let page = error.to_string();
        let at = format!("template.yaml:{}:{}", error.line(), error.column());
        prop_assert!(page.contains(&at), "{}", page);
        let line = text.lines().nth(error.line() - 1).unwrap_or_default();
        // A long line is cut: its words are there.
        let words = line.trim().get(..12).unwrap_or(line.trim());
        let cut = line.chars().count() > 80;
        prop_assert!(
            cut || page.contains(words),
            "`{}` is not in\n{}",
            words,
            page
        );
    }
    let order = |error: &Error| {
        (
            error.span().start,
            error.span().end,
            error.message().to_owned(),
        )
    };
    prop_assert!(
        errors
            .windows(2)
            .all(|pair| order(&pair[0]) < order(&pair[1]))
    );
    let last = diagnostics.to_string();
    let count = format!("{} errors", errors.len());
    prop_assert!(errors.len() == 1 || last.ends_with(&count), "{}", last);
    Ok(())
}
