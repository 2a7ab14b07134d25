//! What those who watch are told of a request, and that nobody else is.

use super::*;
use crate::api::Model;
use crate::io::{About, Explanation, Role, Side, Target};

/// What is explained, in short, and the outputs between.
fn told(gateway: &mut Gateway) -> Vec<String> {
    let outputs = std::iter::from_fn(|| gateway.poll_output());
    let short = |output| match output {
        Output::Explanation(Explanation { about, .. }) => match about {
            About::Began { kind, .. } => format!("began {kind:?}"),
            About::Resumed => "resumed".to_owned(),
            About::Validated { model, mismatch } => {
                format!("model {model}: {}", mismatch.is_none())
            }
            About::Calls { role, target } => format!("calls {role:?} {target:?}"),
            About::Rendered(rendering) => {
                format!("rendered {:?} {:?}", rendering.side, rendering.rendered)
            }
        },
        Output::Decision(_) => "decision".to_owned(),
        Output::Invoke(_) => "invoke".to_owned(),
        Output::Send { .. } => "send".to_owned(),
        Output::Accept { .. } => "accept".to_owned(),
        Output::Reject { .. } => "reject".to_owned(),
        other => format!("{other:?}"),
    };
    outputs.map(short).collect()
}

fn finish(gateway: &mut Gateway, id: u64, result: &Value) -> Vec<String> {
    let outcome = FunctionOutcome::Returned(result.to_string()).into();
    let id = CallId(id);
    gateway.handle_input(START, Input::CallFinished { id, outcome });
    told(gateway)
}

/// The route `echo`, behind a model and between two templates.
fn mapped() -> Api {
    let mut api = api();
    let integration = api.integrations.get_mut("echo").expect("an integration");
    integration.integration_type = IntegrationType::Aws;
    let template =
        r#"{"id": "$context.connectionId", "n": $input.json('$.n'), "v": "$stageVariables.v"}"#;
    integration
        .request_templates
        .insert("$default".to_owned(), template.to_owned());
    let mut response = crate::api::IntegrationResponse::default();
    response
        .response_templates
        .insert("$default".to_owned(), "got $input.body".to_owned());
    integration
        .integration_responses
        .insert("$default".to_owned(), response);
    api.stage.stage_variables.insert("v".to_owned(), json!("w"));
    let schema = r#"{"required": ["n"]}"#.to_owned();
    api.models.insert(
        "Wants".to_owned(),
        Model {
            schema,
            ..Model::default()
        },
    );
    let echo = api.routes.get_mut("echo").expect("a route");
    echo.model_selection_expression = Some("$default".to_owned());
    echo.request_models
        .insert("$default".to_owned(), "Wants".to_owned());
    api
}

#[test]
fn a_connection_s_way_is_explained_from_authorizer_to_disconnect() {
    let mut gateway = gateway();
    gateway.explain(true);
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let authorizer = r#"calls Authorizer Function("authorizer")"#;
    assert_eq!(told(&mut gateway), ["began Connect", authorizer, "invoke"]);
    let connect = r#"calls Integration Function("connect")"#;
    let expected = ["resumed", "decision", connect, "invoke"];
    assert_eq!(finish(&mut gateway, 1, &allow()), expected);
    let expected = ["resumed", "accept", "decision"];
    assert_eq!(
        finish(&mut gateway, 2, &json!({"statusCode": 200})),
        expected
    );
    let close = Input::PeerClosed {
        peer: ALICE,
        close: None,
    };
    gateway.handle_input(START, close);
    let disconnect = r#"calls Integration Function("disconnect")"#;
    let expected = ["began Disconnect", "decision", disconnect, "invoke"];
    assert_eq!(told(&mut gateway), expected);
}

#[test]
fn the_templates_of_a_message_are_shown_with_what_went_in() {
    let mut gateway = serving(mapped());
    connect(&mut gateway, ALICE, START);
    gateway.explain(true);
    gateway.handle_input(START, message(r#"{"action": "echo", "n": 1}"#));
    let outputs: Vec<Output> = std::iter::from_fn(|| gateway.poll_output()).collect();
    let renderings = outputs.iter().filter_map(|output| match output {
        Output::Explanation(explanation) => match &explanation.about {
            About::Rendered(rendering) => Some(rendering),
            _ => None,
        },
        _ => None,
    });
    let [rendering] = &renderings.collect::<Vec<_>>()[..] else {
        panic!("one rendering in {outputs:?}");
    };
    assert_eq!(
        (rendering.side, &*rendering.key),
        (Side::Request, "$default")
    );
    assert!(rendering.source.starts_with(r#"{"id": "$context"#));
    assert_eq!(rendering.body, r#"{"action": "echo", "n": 1}"#);
    let id = &rendering.context.to_json()["connectionId"];
    let rendered = format!(r#"{{"id": {id}, "n": 1, "v": "w"}}"#);
    assert_eq!(rendering.rendered, Ok(rendered));
    assert_eq!(rendering.stage_variables.to_json()["v"], "w");
    let validated = outputs.iter().any(|output| {
        matches!(output, Output::Explanation(one)
            if one.about == About::Validated { model: "Wants".to_owned(), mismatch: None })
    });
    assert!(validated, "{outputs:?}");
    let calls = outputs.iter().any(|output| {
        matches!(output, Output::Explanation(one)
        if one.about == About::Calls {
            role: Role::Integration,
            target: Target::Function("echo".to_owned()),
        })
    });
    assert!(calls, "{outputs:?}");
    // The response's template sees the function's result.
    let expected = ["resumed", r#"rendered Response Ok("got 7")"#, "send"];
    assert_eq!(finish(&mut gateway, 3, &json!(7)), expected);
}

#[test]
fn a_message_that_the_model_refuses_is_explained() {
    let mut gateway = serving(mapped());
    connect(&mut gateway, ALICE, START);
    gateway.explain(true);
    gateway.handle_input(START, message(r#"{"action": "echo"}"#));
    let expected = [
        "began Message",
        "decision",
        "model Wants: false",
        "decision",
        "send",
    ];
    assert_eq!(told(&mut gateway), expected);
}

#[test]
fn a_call_that_is_given_up_resumes_its_request() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.explain(true);
    gateway.handle_input(START, message(r#"{"action": "echo"}"#));
    told(&mut gateway);
    gateway.handle_timeout(START + std::time::Duration::from_secs(30));
    assert_eq!(told(&mut gateway), ["resumed", "decision", "send"]);
}

#[test]
fn nothing_is_explained_to_nobody() {
    let mut gateway = serving(mapped());
    gateway.explain(true);
    gateway.explain(false);
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message(r#"{"action": "echo", "n": 1}"#));
    assert_eq!(told(&mut gateway), ["decision", "invoke"]);
}

#[test]
fn messages_of_a_connection_are_counted() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, message("{}"));
    gateway.handle_input(START, message(r#"{"action": "echo"}"#));
    let open: Vec<_> = gateway.open_connections().collect();
    let [open] = &open[..] else { panic!("one") };
    assert_eq!((open.traffic.received, open.traffic.sent), (2, 1));
    assert_eq!(gateway.peer(&open.connection.connection_id), Some(ALICE));
    assert_eq!(gateway.peer("nobody"), None);
}
