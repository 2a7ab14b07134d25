//! Integrations that call nothing: mocks without templates, and what is not here.

use rstest::rstest;

use super::backends::{gateway_with, knock, map, text};
use super::*;
use crate::api::IntegrationResponse;

fn mock() -> Integration {
    Integration::new(IntegrationType::Mock, Some(String::new()))
}

#[rstest]
#[case::no_status("hello", "fine")]
#[case::its_own_status(r#"{"statusCode":404}"#, "the rest")]
#[case::no_valid_status(r#"{"statusCode":"x"}"#, "fine")]
fn a_mock_without_templates_succeeds(#[case] said: &str, #[case] expected: &str) {
    let mut answering = mock();
    for (key, template) in [("/200/", "fine"), ("$default", "the rest")] {
        let response = IntegrationResponse {
            response_templates: map(&[("application/json", template)]),
            ..IntegrationResponse::default()
        };
        answering
            .integration_responses
            .insert(key.to_owned(), response);
    }
    let mut gateway = gateway_with(Some(mock()), answering);
    let accepted = knock(&mut gateway);
    let [Output::Accept { .. }] = &*accepted else {
        panic!("the mock of $connect lets everybody in: {accepted:?}");
    };
    gateway.handle_input(START, message(said));
    assert_eq!(text(&outputs(&mut gateway)), expected);
}

#[test]
fn what_is_not_here_is_an_error_whose_reason_is_logged() {
    let mut missing = mock();
    missing.unavailable = Some("there is no VPC link `Link` here".to_owned());
    let mut gateway = gateway_with(None, missing);
    knock(&mut gateway);
    gateway.handle_input(START, message("{}"));
    let outputs: Vec<Output> = std::iter::from_fn(|| gateway.poll_output()).collect();
    let reasons = outputs.iter().filter_map(|output| match output {
        Output::Decision(decision) => Some(&decision.reason),
        _ => None,
    });
    let expected = Reason::IntegrationFailed("there is no VPC link `Link` here".to_owned());
    assert!(
        reasons.clone().any(|reason| *reason == expected),
        "{outputs:?}"
    );
    let sent = outputs.iter().find_map(|output| match output {
        Output::Send { text, .. } => Some(text),
        _ => None,
    });
    let sent = sent.expect("the client is told something");
    assert!(
        sent.contains(r#""message": "Internal server error""#),
        "{sent}"
    );
}
