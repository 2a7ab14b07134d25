//! Messages and the models of their routes.

use super::*;
use crate::api::Model;

#[test]
fn a_message_that_its_model_refuses_reaches_no_function() {
    let mut api = api();
    let schema = r#"{"properties": {"n": {"type": "integer"}}, "required": ["n"]}"#.to_owned();
    let model = Model {
        schema,
        ..Model::default()
    };
    api.models.insert("Counted".to_owned(), model);
    let echo = api.routes.get_mut("echo").unwrap();
    echo.model_selection_expression = Some("$request.body.kind".to_owned());
    echo.request_models
        .insert("counted".to_owned(), "Counted".to_owned());
    let mut gateway = serving(api);
    connect(&mut gateway, ALICE, START);
    for refused in [
        r#"{"action":"echo","kind":"counted","n":"1"}"#,
        r#"{"action":"echo","kind":"counted"}"#,
        r#"{"action":"echo","kind":"other","n":1}"#,
        r#"{"action":"echo","n":1}"#,
    ] {
        gateway.handle_input(START, message(refused));
        let [Output::Send { peer: ALICE, text }] = &outputs(&mut gateway)[..] else {
            panic!("{refused}")
        };
        let id = &gateway.peers[&ALICE].connection.connection_id;
        let frame =
            format!(r#"{{"message": "Invalid request body", "connectionId":"{id}", "requestId":""#);
        assert!(text.starts_with(&frame), "{text}");
    }
    let fits = r#"{"action":"echo","kind":"counted","n":1}"#;
    gateway.handle_input(START, message(fits));
    assert_eq!(invocation(&mut gateway).function_arn, "echo");
}

#[test]
fn models_that_can_not_be_used_are_named_with_their_place() {
    assert_eq!(
        broken(|api| {
            let chosen = &mut api.routes.get_mut("echo").unwrap().request_models;
            chosen.insert("x".to_owned(), "Gone".to_owned());
        }),
        "route `echo`: `RequestModels`: the API has no model `Gone`"
    );
    assert_eq!(
        broken(|api| {
            api.models.insert("M".to_owned(), Model::default());
        }),
        "model `M`: the schema is not JSON: the text ends where a value is expected at line 1 column 1"
    );
}
