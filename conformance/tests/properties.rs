//! The properties of the pattern: what must hold for every message, every token and every set of
//! headers.

mod support;

use gatespec_conformance::target::functions;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::{Value, json};
use spec::strategy;
use spec::template::{MappingTemplate, Scope, Variables};

fn render(template: &MappingTemplate, body: &str, principal: &str, token: &str) -> String {
    let context = Variables::from(strategy::message_context(principal, token));
    template
        .render(&Scope::new(body, &context))
        .expect("the pattern's templates render whatever comes")
}

/// Lambda's view of a payload: an object, or nothing.
fn event(template: &MappingTemplate, body: &str, principal: &str, token: &str) -> Option<Value> {
    serde_json::from_str(&render(template, body, principal, token)).ok()
}

/// The smallest input for which the property fails.
fn smallest<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> bool) -> S::Value {
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(10_000)
    };
    match TestRunner::new_with_rng(config, support::fixed_rng()).run(&strategy, |value| {
        prop_assert!(property(value));
        Ok(())
    }) {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("the property should fail, but {other:?}"),
    }
}

proptest! {
    #![proptest_config(Config::with_cases(2_000))]

    // The deployed template: whatever a client sends, the event is JSON and its body is the
    // message.
    #[test]
    fn the_event_parses_and_its_body_is_the_message(body in strategy::body()) {
        let event = event(&support::mapping_template(), &body, "me", "hello").expect("JSON");
        // AWS shows an empty body as `{}` in `$input.body`.
        let expected = if body.is_empty() { "{}" } else { &body };
        prop_assert_eq!(&event["body"], expected);
    }

    // The deployed template: no token and no principal gets out of its string.
    #[test]
    fn nobody_forges_a_key(token in strategy::token(), principal in strategy::token(), body in strategy::body()) {
        let event = event(&support::mapping_template(), &body, &principal, &token).expect("JSON");
        prop_assert_eq!(&event["requestContext"]["auth"], &principal);
        prop_assert_eq!(&event["requestContext"]["token"], &token);
        prop_assert_eq!(event.as_object().map(serde_json::Map::len), Some(3));
        prop_assert_eq!(event["requestContext"].as_object().map(serde_json::Map::len), Some(16));
    }

    // The original template: a single quote breaks it, and nothing else does.
    #[test]
    fn the_original_parses_exactly_without_single_quotes(body in strategy::body()) {
        let event = event(&support::original_template(), &body, "me", "hello");
        prop_assert_eq!(event.is_some(), !body.contains('\''));
    }

    // The real authorizer and its model agree on every set of headers, behind the event that the
    // specification makes of them.
    #[test]
    fn the_authorizer_decides_as_its_model(headers in strategy::headers()) {
        let event = support::authorizer_event(&headers);
        let model = functions::authorize(&event);
        let real = support::authorize(&event);
        prop_assert_eq!(real, model);
    }
}

#[test]
fn the_originals_smallest_counterexample_is_the_single_quote() {
    let original = support::original_template();
    let body = smallest(strategy::body(), |body| {
        event(&original, &body, "me", "hello").is_some()
    });
    assert_eq!(body, "'");
}

#[test]
fn a_token_forges_auth_in_the_original() {
    let original = support::original_template();
    let token = r#"x","auth":"admin"#;
    let forged = event(&original, "{}", "me", token).unwrap();
    assert_eq!(forged["requestContext"]["auth"], json!("admin"));
    let smallest = smallest(strategy::token(), |token| {
        let event = event(&original, "{}", "me", &token);
        event.is_none_or(|event| event["requestContext"]["auth"] == "me")
    });
    assert_eq!(smallest, r#"x","auth":""#);
}
