//! Integrations that call HTTP backends and services, and functions that nobody waits for.

use indexmap::IndexMap;
use rstest::rstest;

use super::*;
use crate::api::{ContentHandling, IntegrationResponse};
use crate::http::{HttpAnswer, HttpRequest};
use crate::io::{HttpCall, HttpOutcome};

/// An API with an integration on `$connect`, and with one on the two-way route `$default`.
pub(super) fn gateway_with(connect: Option<Integration>, message: Integration) -> Gateway {
    let mut api = Api::new("$request.body.action", "stage");
    let variables = &mut api.stage.stage_variables;
    variables.insert("host".to_owned(), "backend.example".into());
    for (key, integration) in [("$connect", connect), ("$default", Some(message))] {
        let Some(integration) = integration else {
            continue;
        };
        let declared = [
            "route.request.header.TOKEN",
            "route.request.querystring.room",
        ];
        let declared = declared.iter().filter(|_| key == "$connect");
        let route = Route {
            request_parameters: declared.map(|name| ((*name).to_owned(), false)).collect(),
            target: Some(key.to_owned()),
            route_response_selection_expression: Some("$default".to_owned()),
            route_responses: vec!["$default".to_owned()],
            ..Route::default()
        };
        api.integrations.insert(key.to_owned(), integration);
        api.routes.insert(key.parse().unwrap(), route);
    }
    serving(api)
}

fn integration(kind: IntegrationType, uri: &str, change: impl Fn(&mut Integration)) -> Integration {
    let mut integration = Integration::new(kind, Some(uri.to_owned()));
    integration.integration_method = Some("POST".to_owned());
    change(&mut integration);
    integration
}

pub(super) fn backend(kind: IntegrationType, change: impl Fn(&mut Integration)) -> Integration {
    integration(kind, "http://${stageVariables.host}/in", change)
}

pub(super) fn map(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn responses(pairs: &[(&str, &str)]) -> IndexMap<String, IntegrationResponse> {
    let response = |template: &str| IntegrationResponse {
        response_templates: map(&[("$default", template)]),
        ..IntegrationResponse::default()
    };
    let pair = |(key, template): &(&str, &str)| ((*key).to_owned(), response(template));
    pairs.iter().map(pair).collect()
}

/// What the client's handshake makes the gateway do.
pub(super) fn knock(gateway: &mut Gateway) -> Vec<Output> {
    let mut input = upgrade(ALICE, Some("hello"));
    if let Input::Handshake { request, .. } = &mut input {
        request.target = "/stage?room=1&room=2".to_owned();
        request.headers.push("User-Agent", "client/1");
    }
    gateway.handle_input(START, input);
    outputs(gateway)
}

pub(super) fn call(outputs: &[Output]) -> HttpCall {
    match outputs {
        [Output::HttpRequest(call)] => call.clone(),
        other => panic!("expected one request, got {other:?}"),
    }
}

/// The request that a message leads to, once the client is connected.
pub(super) fn sent(gateway: &mut Gateway, text: &str) -> HttpCall {
    knock(gateway);
    gateway.handle_input(START, message(text));
    call(&outputs(gateway))
}

fn answered(gateway: &mut Gateway, call: &HttpCall, status: u16, body: &[u8]) -> Vec<Output> {
    ended(gateway, call.id, Outcome::Http, status, body)
}

fn ended(
    gateway: &mut Gateway,
    id: CallId,
    kind: fn(HttpOutcome) -> Outcome,
    status: u16,
    body: &[u8],
) -> Vec<Output> {
    let outcome = HttpOutcome::Answered(HttpAnswer {
        status,
        headers: Headers::from_iter([("x-kind", "special")]),
        body: body.to_vec(),
    });
    gateway.handle_input(
        START,
        Input::CallFinished {
            id,
            outcome: kind(outcome),
        },
    );
    outputs(gateway)
}

pub(super) fn text(outputs: &[Output]) -> &str {
    match outputs {
        [Output::Send { peer: ALICE, text }] => text,
        other => panic!("expected one message, got {other:?}"),
    }
}

fn fields(request: &HttpRequest) -> Vec<(&str, &str)> {
    let fields = request.headers.iter();
    fields
        .filter(|(name, _)| *name != "X-Amzn-Trace-Id")
        .collect()
}

// INTEGRATION-45 to INTEGRATION-48, INTEGRATION-65
#[test]
fn an_http_integration_sends_the_rendered_template() {
    let mut gateway = gateway_with(
        None,
        backend(IntegrationType::Http, |integration| {
            integration.integration_method = Some("PUT".to_owned());
            integration.request_templates =
                map(&[("application/json", r#"{"said":$input.json('$.say')}"#)]);
        }),
    );
    let HttpCall {
        request, deadline, ..
    } = sent(&mut gateway, r#"{"say":"hi"}"#);
    assert_eq!(request.method, "PUT");
    assert_eq!(request.url, "http://backend.example/in");
    assert_eq!(request.body, br#"{"said":"hi"}"#);
    assert_eq!(deadline, START + std::time::Duration::from_secs(29));
    assert_eq!(
        fields(&request),
        [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("User-Agent", "AmazonAPIGateway_local00000"),
            ("X-Amzn-Apigateway-Api-Id", "local00000"),
        ]
    );
    assert!(request.headers.get("X-Amzn-Trace-Id").is_some());
}

// INTEGRATION-22, INTEGRATION-52, INTEGRATION-90
#[rstest]
#[case(200)]
#[case(500)]
fn an_http_proxy_passes_both_ways(#[case] status: u16) {
    let mut gateway = gateway_with(
        None,
        backend(IntegrationType::HttpProxy, |integration| {
            integration.request_templates = map(&[("$default", "ignored")]);
            integration.integration_responses = responses(&[("$default", "ignored")]);
        }),
    );
    let call = sent(&mut gateway, "plain");
    assert_eq!(call.request.body, b"plain");
    assert_eq!(
        text(&answered(&mut gateway, &call, status, b"back")),
        "back"
    );
}

// INTEGRATION-49, INTEGRATION-50, INTEGRATION-51
#[test]
fn an_http_proxy_forwards_the_handshakes_headers() {
    let connect = backend(IntegrationType::HttpProxy, |integration| {
        integration.integration_method = Some("ANY".to_owned());
        integration.request_parameters =
            map(&[("integration.request.header.sec-websocket-version", "'0'")]);
    });
    let mut gateway = gateway_with(Some(connect.clone()), connect);
    let HttpCall { request, .. } = call(&knock(&mut gateway));
    assert_eq!(
        (&*request.method, &*request.url),
        ("GET", "http://backend.example/in")
    );
    assert!(request.body.is_empty());
    assert_eq!(
        fields(&request),
        [
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("token", "hello"),
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
            ("User-Agent", "AmazonAPIGateway_local00000"),
            ("X-Amzn-Apigateway-Api-Id", "local00000"),
            ("sec-websocket-version", "0"),
        ]
    );
}

#[rstest]
#[case(200, 101)]
#[case(204, 101)]
#[case(302, 302)]
#[case(400, 400)]
fn a_backends_status_decides_at_connect(#[case] status: u16, #[case] expected: u16) {
    let proxy = backend(IntegrationType::HttpProxy, |_| {});
    let mut gateway = gateway_with(Some(proxy.clone()), proxy);
    let call = call(&knock(&mut gateway));
    match &answered(&mut gateway, &call, status, &[255])[..] {
        [Output::Accept { .. }] => assert_eq!(expected, 101),
        [Output::Reject { response, .. }] => assert_eq!(response.status, expected),
        other => panic!("{other:?}"),
    }
}

// INTEGRATION-31 to INTEGRATION-33, INTEGRATION-36, INTEGRATION-37, INTEGRATION-92
#[rstest]
#[case("integration.", 201, Some("two:1"))]
#[case("integration.", 404, Some("special"))]
#[case("", 404, Some("special"))]
#[case("integration.", 500, None)]
fn http_answers_choose_by_status(
    #[case] spelling: &str,
    #[case] status: u16,
    #[case] expected: Option<&str>,
) {
    let mut gateway = gateway_with(
        None,
        backend(IntegrationType::Http, |integration| {
            let mut chosen = responses(&[(r"/2\d\d/", "two:$input.path('$.n')"), (r"/4\d\d/", "")]);
            chosen[1].template_selection_expression = Some(format!(
                "${{{spelling}response.statuscode}}-${{{spelling}response.header.X-Kind}}"
            ));
            chosen[1].response_templates = map(&[("404-special", "special")]);
            integration.integration_responses = chosen;
        }),
    );
    let call = sent(&mut gateway, "{}");
    let outputs = answered(&mut gateway, &call, status, br#"{"n":1}"#);
    match expected {
        Some(expected) => assert_eq!(text(&outputs), expected),
        None => assert!(text(&outputs).starts_with(r#"{"message": "Internal server error", "#)),
    }
}

#[test]
fn a_backend_that_does_not_answer_fails() {
    let proxy = backend(IntegrationType::HttpProxy, |integration| {
        integration.timeout_in_millis = 50;
    });
    let mut gateway = gateway_with(None, proxy.clone());
    let first = sent(&mut gateway, "{}");
    let outcome = HttpOutcome::Failed("connection refused".to_owned());
    gateway.handle_input(
        START,
        Input::CallFinished {
            id: first.id,
            outcome: Outcome::Http(outcome),
        },
    );
    // INTEGRATION-53
    assert!(text(&outputs(&mut gateway)).starts_with(r#"{"message": "Internal server error", "#));
    gateway.handle_input(START, message("{}"));
    let second = call(&outputs(&mut gateway));
    gateway.handle_timeout(second.deadline);
    assert!(
        text(&outputs(&mut gateway)).starts_with(r#"{"message": "Endpoint request timed out", "#)
    );
    assert_eq!(answered(&mut gateway, &second, 200, b"late"), []);

    let mut gateway = gateway_with(Some(proxy.clone()), proxy);
    let connect = call(&knock(&mut gateway));
    let outcome = HttpOutcome::Failed("connection refused".to_owned());
    gateway.handle_input(
        START,
        Input::CallFinished {
            id: connect.id,
            outcome: Outcome::Http(outcome),
        },
    );
    let [Output::Reject { response, .. }] = &outputs(&mut gateway)[..] else {
        panic!("it is not refused")
    };
    assert_eq!(response.status, 504);
    assert!(gateway.is_idle());
}

// INTEGRATION-67, INTEGRATION-68, INTEGRATION-86
#[test]
fn payloads_are_converted() {
    let mut gateway = gateway_with(
        None,
        backend(IntegrationType::Http, |integration| {
            integration.content_handling_strategy = Some(ContentHandling::ConvertToBinary);
            let response = IntegrationResponse {
                content_handling_strategy: Some(ContentHandling::ConvertToText),
                ..IntegrationResponse::default()
            };
            integration
                .integration_responses
                .insert("$default".to_owned(), response);
        }),
    );
    let call = sent(&mut gateway, "/wA=");
    assert_eq!(call.request.body, [255, 0]);
    assert_eq!(text(&answered(&mut gateway, &call, 200, &[254, 1])), "/gE=");
    gateway.handle_input(START, message("{}"));
    assert!(text(&outputs(&mut gateway)).starts_with(r#"{"message": "Internal server error", "#));
}

// INTEGRATION-72
#[rstest]
#[case(limits::MESSAGE_BYTES, false)]
#[case(limits::MESSAGE_BYTES + 1, true)]
fn an_answer_is_no_larger_than_a_message(#[case] length: usize, #[case] fails: bool) {
    let mut gateway = gateway_with(None, backend(IntegrationType::HttpProxy, |_| {}));
    let call = sent(&mut gateway, "{}");
    let outputs = answered(&mut gateway, &call, 200, &vec![b'x'; length]);
    assert_eq!(
        text(&outputs).starts_with(r#"{"message": "Internal"#),
        fails
    );
}

// INTEGRATION-66, INTEGRATION-38, INTEGRATION-93
#[test]
fn a_dynamodb_action_gets_the_rendered_template() {
    let put = integration(
        IntegrationType::Aws,
        "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
        |integration| {
            integration.template_selection_expression = Some("\\$default".to_owned());
            integration.request_templates = map(&[(
                "$default",
                r#"{"Item":{"id":{"S":"$context.connectionId"}}}"#,
            )]);
            integration.integration_responses = responses(&[(r"/2\d\d/", "stored")]);
        },
    );
    let mut gateway = gateway_with(Some(put.clone()), put);
    let [Output::CallService(first)] = &knock(&mut gateway)[..] else {
        panic!("no call of the service")
    };
    let action = first.request.action.as_deref();
    assert_eq!(
        (&*first.request.service, action),
        ("dynamodb", Some("PutItem"))
    );
    let request = &first.request.request;
    assert_eq!(request.url, "/?Action=PutItem");
    let target = request.headers.get("X-Amz-Target");
    assert_eq!(target, Some("DynamoDB_20120810.PutItem"));
    assert!(request.body.starts_with(br#"{"Item":{"id":{"S":""#));
    assert!(matches!(
        ended(&mut gateway, first.id, Outcome::Service, 200, b"{}")[..],
        [Output::Accept { .. }]
    ));
    gateway.handle_input(START, message("{}"));
    let [Output::CallService(second)] = &outputs(&mut gateway)[..] else {
        panic!("no call of the service")
    };
    let outputs = ended(&mut gateway, second.id, Outcome::Service, 200, b"{}");
    assert_eq!(text(&outputs), "stored");
}

// INTEGRATION-73, INTEGRATION-96
#[test]
fn nobody_waits_for_an_asynchronous_function() {
    let event = integration(IntegrationType::Aws, &uri("later"), |integration| {
        integration.request_parameters = map(&[(
            "integration.request.header.X-Amz-Invocation-Type",
            "'Event'",
        )]);
    });
    let mut gateway = gateway_with(None, event);
    knock(&mut gateway);
    gateway.handle_input(START, message("{}"));
    let [Output::Invoke(invocation), Output::Send { text, .. }] = &outputs(&mut gateway)[..] else {
        panic!("no call and answer")
    };
    assert_eq!(text, "");
    let outcome = FunctionOutcome::Failed("{}".to_owned());
    gateway.handle_input(
        START,
        Input::CallFinished {
            id: invocation.id,
            outcome: Outcome::Function(outcome),
        },
    );
    assert_eq!(outputs(&mut gateway), []);
}

// The shell's fault, and not the function's silence.
#[test]
fn an_outcome_of_another_kind_is_no_timeout() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let text = r#"{"action":"echo"}"#.to_owned();
    gateway.handle_input(START, Input::Message { peer: ALICE, text });
    let call = invocation(&mut gateway);
    let outcome = Outcome::Http(HttpOutcome::Failed("connection refused".to_owned()));
    let id = call.id;
    gateway.handle_input(START, Input::CallFinished { id, outcome });
    let all: Vec<Output> = std::iter::from_fn(|| gateway.poll_output()).collect();
    let [Output::Decision(decision), Output::Send { text: frame, .. }] = &all[..] else {
        panic!("{all:?}")
    };
    assert!(frame.starts_with(r#"{"message": "Internal server error", "#));
    let reason = decision.to_string();
    assert!(reason.ends_with("its call ended as that of an HTTP backend, which it does not call"));
}
