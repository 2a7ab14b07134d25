//! The machine from outside: inputs in, outputs out, with the few functions that a test needs.

mod access;
mod access_log;
mod backends;
mod deploy;
mod explain;
mod parameters;

use serde_json::{Value, json};

use super::*;
use crate::api::{
    Api, AuthorizationType, Authorizer, CallPermission, Integration, IntegrationType, Route,
};
use crate::compile::{InvalidApi, Location};
use crate::http::Headers;
use crate::io::{ClientClose, FunctionOutcome, Invocation};
use crate::limits::{self, Violation};
use crate::route::RouteKey;

mod api_keys;
mod models;
mod services;
mod throttling;

const ALICE: PeerId = PeerId(1);
const START: Timestamp = Timestamp::from_millis(1_705_751_697_419);

fn uri(function: &str) -> String {
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// `$connect` with an authorizer, `$disconnect`, and a two-way proxy route `echo`.
fn api() -> Api {
    let mut api = Api::new("$request.body.action", "stage");
    for (key, function) in [
        ("$connect", "connect"),
        ("$disconnect", "disconnect"),
        ("echo", "echo"),
    ] {
        let integration = Integration::new(IntegrationType::AwsProxy, Some(uri(function)));
        api.integrations.insert(function.to_owned(), integration);
        let two_way = key == "echo";
        let route = Route {
            target: Some(function.to_owned()),
            route_response_selection_expression: two_way.then(|| "$default".to_owned()),
            route_responses: if two_way {
                vec!["$default".to_owned()]
            } else {
                vec![]
            },
            ..Route::default()
        };
        api.routes.insert(key.parse().unwrap(), route);
    }
    let authorizer = Authorizer {
        name: "token".to_owned(),
        authorizer_uri: uri("authorizer"),
        identity_source: vec!["route.request.header.token".to_owned()],
        call_permission: CallPermission::Granted,
    };
    api.authorizers.insert("token".to_owned(), authorizer);
    let connect = api.routes.get_mut("$connect").unwrap();
    connect.authorization_type = AuthorizationType::Custom;
    connect.authorizer_id = Some("token".to_owned());
    api
}

/// A gateway that serves `api`, which can be served.
fn serving(api: Api) -> Gateway {
    match api.compile() {
        Ok(rules) => Gateway::new(Arc::new(rules), ids::Counter::default()),
        Err(problems) => panic!("{problems:?}"),
    }
}

fn gateway() -> Gateway {
    serving(api())
}

fn upgrade(peer: PeerId, token: Option<&str>) -> Input {
    let mut headers = Headers::from_iter([
        ("Host", "localhost:3001"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]);
    if let Some(token) = token {
        headers.push("token", token);
    }
    let request = HandshakeRequest {
        method: "GET".to_owned(),
        target: "/stage".to_owned(),
        headers,
        source_ip: "192.0.2.1".to_owned(),
    };
    Input::Handshake { peer, request }
}

/// What comes out, without the reasons.
fn outputs(gateway: &mut Gateway) -> Vec<Output> {
    std::iter::from_fn(|| gateway.poll_output())
        .filter(|output| !matches!(output, Output::Decision(_)))
        .collect()
}

fn invocation(gateway: &mut Gateway) -> Invocation {
    match &outputs(gateway)[..] {
        [Output::Invoke(invocation)] => invocation.clone(),
        other => panic!("expected one invocation, got {other:?}"),
    }
}

fn answer(gateway: &mut Gateway, now: Timestamp, id: CallId, result: &Value) -> Vec<Output> {
    let outcome = FunctionOutcome::Returned(result.to_string());
    gateway.handle_input(
        now,
        Input::CallFinished {
            id,
            outcome: Outcome::Function(outcome),
        },
    );
    outputs(gateway)
}

fn allow() -> Value {
    json!({"principalId": "me", "context": {"token": "hello"}, "policyDocument": {"Statement":
        [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}})
}

fn connect(gateway: &mut Gateway, peer: PeerId, now: Timestamp) {
    gateway.handle_input(now, upgrade(peer, Some("hello")));
    let authorizer = invocation(gateway);
    assert_eq!(authorizer.function_arn, "authorizer");
    let [Output::Invoke(connect)] = &answer(gateway, now, authorizer.id, &allow())[..] else {
        panic!("no `$connect`")
    };
    let accepted = answer(gateway, now, connect.id, &json!({"statusCode": 200}));
    assert_eq!(
        accepted,
        [Output::Accept {
            peer,
            headers: Headers::new()
        }]
    );
}

fn message(text: &str) -> Input {
    Input::Message {
        peer: ALICE,
        text: text.to_owned(),
    }
}

fn problems(api: Api) -> Vec<InvalidApi> {
    api.compile().err().unwrap_or_default()
}

/// What is wrong with the API after `change`.
fn broken(change: fn(&mut Api)) -> String {
    let mut api = api();
    change(&mut api);
    let problems: Vec<String> = problems(api).iter().map(ToString::to_string).collect();
    problems.join("\n")
}

#[test]
fn nothing_is_upgraded_before_connect_has_answered() {
    connect(&mut gateway(), ALICE, START);
}

#[test]
fn a_missing_identity_source_calls_nobody() {
    let mut gateway = gateway();
    gateway.handle_input(START, upgrade(ALICE, None));
    let [Output::Reject { response, .. }] = &outputs(&mut gateway)[..] else {
        panic!()
    };
    assert_eq!(
        (response.status, &*response.body),
        (401, r#"{"message":"Unauthorized"}"#)
    );
    assert!(gateway.is_idle());
}

#[test]
fn the_status_of_connect_is_the_handshakes() {
    let mut gateway = gateway();
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let authorizer = invocation(&mut gateway);
    let [Output::Invoke(connect)] = &answer(&mut gateway, START, authorizer.id, &allow())[..]
    else {
        panic!()
    };
    let refused = answer(
        &mut gateway,
        START,
        connect.id,
        &json!({"statusCode": 418, "body": "teapot"}),
    );
    let [Output::Reject { response, .. }] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert_eq!((response.status, &*response.body), (418, "teapot"));
    assert!(gateway.is_idle());
}

#[test]
fn a_two_way_route_answers_the_sender() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    let echo = invocation(&mut gateway);
    let event: Value = serde_json::from_str(&echo.payload).unwrap();
    assert_eq!(event["body"], r#"{"action":"echo"}"#);
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({"token": "hello", "principalId": "me"})
    );
    let sent = answer(
        &mut gateway,
        START,
        echo.id,
        &json!({"statusCode": 200, "body": "hi"}),
    );
    assert_eq!(
        sent,
        [Output::Send {
            peer: ALICE,
            text: "hi".to_owned()
        }]
    );
}

#[test]
fn a_call_that_takes_too_long_gives_the_time_out_frame_and_its_late_result_nothing() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    let echo = invocation(&mut gateway);
    assert_eq!(gateway.poll_timeout(), Some(echo.deadline));
    assert_eq!(
        echo.deadline,
        START + std::time::Duration::from_millis(29_000)
    );
    gateway.handle_timeout(echo.deadline);
    let [Output::Send { text, .. }] = &outputs(&mut gateway)[..] else {
        panic!()
    };
    assert!(
        text.starts_with(r#"{"message": "Endpoint request timed out", "connectionId":""#),
        "{text}"
    );
    assert_eq!(
        answer(
            &mut gateway,
            echo.deadline,
            echo.id,
            &json!({"statusCode": 200, "body": "late"})
        ),
        []
    );
}

#[test]
fn silence_of_ten_minutes_closes_and_any_message_puts_it_off() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let minutes = |n: u64| START + std::time::Duration::from_secs(60 * n);
    gateway.handle_input(minutes(9), message("no route"));
    outputs(&mut gateway);
    gateway.handle_timeout(minutes(18));
    assert_eq!(outputs(&mut gateway), []);
    gateway.handle_timeout(minutes(19));
    let closing = outputs(&mut gateway);
    let [Output::Close { close, .. }, Output::Invoke(disconnect)] = &closing[..] else {
        panic!("{closing:?}")
    };
    assert_eq!(*close, lifecycle::going_away());
    let event: Value = serde_json::from_str(&disconnect.payload).unwrap();
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);
    assert_eq!(gateway.connections(), 0);
}

#[test]
fn what_is_due_happens_first_however_late_the_alarm() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let minutes = |n: u64| START + std::time::Duration::from_secs(60 * n);
    gateway.handle_input(minutes(9), message(r#"{"action":"echo"}"#));
    let echo = invocation(&mut gateway);
    // Nobody woke the gateway: the call's time is up, and the answer comes too late.
    let late = answer(
        &mut gateway,
        minutes(18),
        echo.id,
        &json!({"statusCode": 200, "body": "late"}),
    );
    assert!(
        matches!(&late[..], [Output::Send { text, .. }] if text.contains("timed out")),
        "{late:?}"
    );
    // Nor did anybody at the end of the silence: there is nobody any more to send a message.
    gateway.handle_input(minutes(28), message(r#"{"action":"echo"}"#));
    let after = outputs(&mut gateway);
    assert!(
        matches!(&after[..], [Output::Close { close, .. }, Output::Invoke(invocation)]
            if close.code == 1001 && invocation.function_arn == "disconnect"),
        "{after:?}"
    );
}

#[test]
fn two_hours_are_the_end_for_the_busiest_client() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    for minute in 1..120 {
        let now = START + std::time::Duration::from_secs(60 * minute);
        gateway.handle_timeout(now);
        gateway.handle_input(now, message("no route"));
    }
    assert!(
        outputs(&mut gateway)
            .iter()
            .all(|output| matches!(output, Output::Send { .. }))
    );
    gateway.handle_timeout(START + limits::CONNECTION_DURATION);
    assert!(matches!(
        outputs(&mut gateway)[..],
        [Output::Close { .. }, Output::Invoke(_)]
    ));
}

#[test]
fn what_connect_has_noted_is_taken_back_when_the_client_has_left_meanwhile() {
    let mut gateway = gateway();
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let authorizer = invocation(&mut gateway);
    let [Output::Invoke(connect)] = &answer(&mut gateway, START, authorizer.id, &allow())[..]
    else {
        panic!()
    };
    gateway.handle_input(
        START,
        Input::PeerClosed {
            peer: ALICE,
            close: None,
        },
    );
    let after = answer(&mut gateway, START, connect.id, &json!({"statusCode": 200}));
    let [Output::Invoke(disconnect)] = &after[..] else {
        panic!("{after:?}")
    };
    assert_eq!(disconnect.function_arn, "disconnect");
    answer(
        &mut gateway,
        START,
        disconnect.id,
        &json!({"statusCode": 200}),
    );
    assert!(gateway.is_idle());
}

#[test]
fn a_violation_closes_and_disconnects_once() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(
        START,
        Input::Violation {
            peer: ALICE,
            violation: Violation::Binary,
        },
    );
    let after = outputs(&mut gateway);
    assert!(
        matches!(&after[..], [Output::Close { close, .. }, Output::Invoke(_)] if close.code == 1003)
    );
    let close = Some(ClientClose {
        code: Some(1003),
        reason: String::new(),
    });
    gateway.handle_input(START, Input::PeerClosed { peer: ALICE, close });
    gateway.handle_input(START, message("late"));
    assert_eq!(outputs(&mut gateway), []);
}

#[test]
fn shutdown_closes_every_connection_and_waits_for_its_disconnect() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    connect(&mut gateway, PeerId(2), START);
    gateway.handle_input(START, Input::Shutdown);
    let after = outputs(&mut gateway);
    let calls: Vec<_> = after
        .iter()
        .filter_map(|output| match output {
            Output::Invoke(invocation) => Some(invocation.id),
            _ => None,
        })
        .collect();
    assert_eq!((after.len(), calls.len()), (4, 2));
    for call in calls {
        assert!(!gateway.is_idle());
        answer(&mut gateway, START, call, &json!({"statusCode": 200}));
    }
    assert!(gateway.is_idle());
}

#[test]
fn what_can_not_be_served_is_named_with_its_place() {
    assert_eq!(
        broken(|api| api.route_selection_expression = "${request.body".to_owned()),
        "the API: `RouteSelectionExpression`: selection expression `${request.body`: `${` without \
         `}` at character 1"
    );
    assert_eq!(
        broken(|api| api.routes.get_mut("echo").unwrap().target = Some("gone".to_owned())),
        "route `echo`: there is no integration `gone`"
    );
    assert_eq!(
        broken(|api| api.integrations.get_mut("echo").unwrap().timeout_in_millis = 30_000),
        "integration `echo`: `TimeoutInMillis` 30000 must be from 50 to 29000"
    );
    assert_eq!(
        broken(
            |api| api.authorizers.get_mut("token").unwrap().identity_source =
                vec!["$request.header.x".to_owned()]
        ),
        "authorizer `token`: invalid identity source `$request.header.x`: it must be \
         `route.request.header.NAME`, `route.request.querystring.NAME`, `stageVariables.NAME` or \
         `context.NAME`"
    );
}

// A connection that is kept alive may ask for its upgrade after the gateway has begun to go down.
#[test]
fn after_a_shutdown_no_handshake_succeeds() {
    let mut gateway = gateway();
    gateway.handle_input(START, Input::Shutdown);
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let [Output::Reject { response, .. }] = &outputs(&mut gateway)[..] else {
        panic!("it is not rejected")
    };
    assert_eq!(response.status, 503);
    assert!(gateway.is_idle());
}

// AUTHORIZER-52, INTEGRATION-74: such a call reaches nobody, and fails as one that cannot be made.
#[test]
fn a_call_without_a_permission_never_leaves_the_machine() {
    let missing = || CallPermission::Missing {
        reason: "no permission".to_owned(),
    };
    let reasons = |gateway: &mut Gateway| {
        let mut reasons = Vec::new();
        while let Some(output) = gateway.poll_output() {
            match output {
                Output::Decision(decision) => {
                    let text = decision.to_string();
                    reasons.push(text.split_once(": ").unwrap().1.to_owned());
                }
                Output::Reject { response, .. } => reasons.push(response.status.to_string()),
                Output::Send { text, .. } => {
                    reasons.push(text.split(',').next().unwrap().to_owned());
                }
                other => panic!("{other:?}"),
            }
        }
        reasons
    };
    let mut api = api();
    api.authorizers["token"].call_permission = missing();
    let mut gateway = serving(api);
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    assert_eq!(
        reasons(&mut gateway),
        [
            "connection refused with 500: the authorizer failed (the authorizer cannot be called: \
             no permission)",
            "500"
        ]
    );
    let mut gateway = self::gateway();
    connect(&mut gateway, ALICE, START);
    let mut api = gateway.api().api().clone();
    api.routes["echo"].call_permission = missing();
    gateway.handle_input(START, Input::Deploy(Arc::new(api.compile().unwrap())));
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    assert_eq!(
        reasons(&mut gateway),
        [
            "route `echo`: the expression names it",
            "integration failed: the function cannot be called: no permission",
            r#"{"message": "Internal server error""#
        ]
    );
    assert!(!gateway.is_idle() && gateway.pending.is_empty());
}
