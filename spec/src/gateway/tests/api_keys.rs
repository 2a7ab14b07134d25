//! API keys on `$connect`, and conditions in the authorizer's policy.

use super::*;
use crate::api::{ApiKey, KEY_FROM_AUTHORIZER, Period, Quota, UsagePlan};

const VALUE: &str = "01234567890123456789";

/// The API with a key on `$connect` in a plan of two requests a day.
fn keyed() -> Api {
    let mut api = api();
    api.routes["$connect"].api_key_required = true;
    let key = ApiKey {
        name: "key".to_owned(),
        value: VALUE.to_owned(),
        enabled: true,
    };
    api.api_keys.insert("id-of-key".to_owned(), key);
    let plan = UsagePlan {
        api_keys: vec!["id-of-key".to_owned()],
        quota: Some(Quota {
            limit: 2,
            offset: 0,
            period: Period::Day,
        }),
        ..UsagePlan::default()
    };
    api.usage_plans.insert("plan".to_owned(), plan);
    api
}

fn upgrade_with_key(peer: PeerId, key: Option<&str>) -> Input {
    let Input::Handshake { peer, mut request } = upgrade(peer, Some("hello")) else {
        panic!()
    };
    if let Some(key) = key {
        request.headers.push("x-api-key", key);
    }
    Input::Handshake { peer, request }
}

/// The authorizer's answer to a handshake, and what comes of it.
fn authorized(gateway: &mut Gateway, input: Input, answered: &Value) -> Vec<Output> {
    gateway.handle_input(START, input);
    let authorizer = invocation(gateway);
    assert_eq!(authorizer.function_arn, "authorizer");
    answer(gateway, START, authorizer.id, answered)
}

fn status(outputs: &[Output]) -> (u16, &str) {
    match outputs {
        [Output::Reject { response, .. }] => (response.status, &response.body),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_key_that_opens_nobody_is_called_but_the_authorizer() {
    let mut gateway = serving(keyed());
    for key in [None, Some(""), Some("98765432109876543210")] {
        let after = authorized(&mut gateway, upgrade_with_key(ALICE, key), &allow());
        assert_eq!(
            status(&after),
            (403, r#"{"message":"Forbidden"}"#),
            "{key:?}"
        );
        assert!(gateway.is_idle());
    }
    // A refusal of the authorizer's comes first.
    let denied = authorized(&mut gateway, upgrade_with_key(ALICE, None), &json!({}));
    assert_eq!(status(&denied).0, 500);
}

#[test]
fn the_key_is_shown_and_stays_with_the_connection() {
    let mut gateway = serving(keyed());
    let identity = json!({"apiKey": VALUE, "apiKeyId": "id-of-key", "sourceIp": "192.0.2.1"});
    let after = authorized(&mut gateway, upgrade_with_key(ALICE, Some(VALUE)), &allow());
    let [Output::Invoke(connect)] = &after[..] else {
        panic!("{after:?}")
    };
    let event: Value = serde_json::from_str(&connect.payload).unwrap();
    assert_eq!(event["requestContext"]["identity"], identity);
    assert_eq!(event["headers"]["x-api-key"], VALUE);
    answer(&mut gateway, START, connect.id, &json!({"statusCode": 200}));
    gateway.handle_input(START, message(r#"{"action":"echo"}"#));
    let event: Value = serde_json::from_str(&invocation(&mut gateway).payload).unwrap();
    assert_eq!(event["requestContext"]["identity"], identity);
}

#[test]
fn a_used_up_quota_is_429_until_the_next_day() {
    let mut gateway = serving(keyed());
    for number in 1..=2 {
        let peer = PeerId(number);
        let after = authorized(&mut gateway, upgrade_with_key(peer, Some(VALUE)), &allow());
        assert!(matches!(&after[..], [Output::Invoke(_)]), "{after:?}");
    }
    let after = authorized(
        &mut gateway,
        upgrade_with_key(PeerId(3), Some(VALUE)),
        &allow(),
    );
    assert_eq!(status(&after), (429, r#"{"message":"Limit Exceeded"}"#));
    // Messages use nothing of it.
    let tomorrow = START + std::time::Duration::from_secs(24 * 60 * 60);
    gateway.handle_input(tomorrow, upgrade_with_key(PeerId(4), Some(VALUE)));
    let invoked = outputs(&mut gateway)
        .into_iter()
        .find_map(|output| match output {
            Output::Invoke(invocation) if invocation.function_arn == "authorizer" => {
                Some(invocation)
            }
            _ => None,
        });
    let after = answer(&mut gateway, tomorrow, invoked.unwrap().id, &allow());
    assert!(matches!(&after[..], [Output::Invoke(_)]), "{after:?}");
}

#[test]
fn the_authorizer_may_give_the_key() {
    let mut api = keyed();
    api.api_key_selection_expression = KEY_FROM_AUTHORIZER.to_owned();
    let mut gateway = serving(api);
    let mut answered = allow();
    answered["usageIdentifierKey"] = VALUE.into();
    let after = authorized(&mut gateway, upgrade(ALICE, Some("hello")), &answered);
    let [Output::Invoke(connect)] = &after[..] else {
        panic!("{after:?}")
    };
    let event: Value = serde_json::from_str(&connect.payload).unwrap();
    assert_eq!(event["requestContext"]["identity"]["apiKeyId"], "id-of-key");
    // What the client says does not count then.
    let after = authorized(
        &mut gateway,
        upgrade_with_key(PeerId(2), Some(VALUE)),
        &allow(),
    );
    assert_eq!(status(&after).0, 403);
}

#[test]
fn the_reason_names_the_key_and_never_shows_it() {
    let mut gateway = serving(keyed());
    let mut reasons = Vec::new();
    for (number, key) in [(1, VALUE), (2, "98765432109876543210")] {
        gateway.handle_input(START, upgrade_with_key(PeerId(number), Some(key)));
        let authorizer = invocation(&mut gateway);
        let outcome = FunctionOutcome::Returned(allow().to_string());
        gateway.handle_input(
            START,
            Input::CallFinished {
                id: authorizer.id,
                outcome: Outcome::Function(outcome),
            },
        );
        while let Some(output) = gateway.poll_output() {
            if let Output::Decision(decision) = output {
                reasons.push(decision.to_string());
            }
        }
    }
    let reasons = reasons.join("\n");
    assert!(
        reasons.contains("API key `id-of-key` accepted"),
        "{reasons}"
    );
    assert!(
        reasons.contains("403: no API key that opens it (no API key has this value)"),
        "{reasons}"
    );
    assert!(!reasons.contains("0123456789"), "{reasons}");
}

#[test]
fn keys_that_can_not_be_required_are_named_with_their_place() {
    assert_eq!(
        broken(|api| api.api_key_selection_expression = "$request.header.key".to_owned()),
        "the API: `ApiKeySelectionExpression`: `$request.header.key` must be \
         `$request.header.x-api-key` or `$context.authorizer.usageIdentifierKey`"
    );
    assert_eq!(
        broken(|api| {
            let api_keys = vec!["gone".to_owned()];
            let plan = UsagePlan {
                api_keys,
                ..UsagePlan::default()
            };
            api.usage_plans.insert("plan".to_owned(), plan);
        }),
        "usage plan `plan`: there is no API key `gone`"
    );
}

#[test]
fn a_condition_of_the_policy_may_shut_the_address_out() {
    let mut gateway = gateway();
    let mut answered = allow();
    for (network, opens) in [("192.0.2.0/24", true), ("198.51.100.0/24", false)] {
        answered["policyDocument"]["Statement"][0]["Condition"] = json!({"IpAddress": {"aws:SourceIp": network}, "DateLessThan": {"aws:CurrentTime": "2024-01-21T00:00:00Z"}});
        let peer = PeerId(u64::from(opens));
        let after = authorized(&mut gateway, upgrade(peer, Some("hello")), &answered);
        match &after[..] {
            [Output::Invoke(_)] => assert!(opens),
            other => assert!(!opens && status(other).0 == 403, "{other:?}"),
        }
    }
    // What nobody knows lets nobody in.
    answered["policyDocument"]["Statement"][0]["Condition"] =
        json!({"StringNotEquals": {"my:key": "x"}});
    let after = authorized(&mut gateway, upgrade(PeerId(7), Some("hello")), &answered);
    assert_eq!(status(&after).0, 500);
}

#[test]
fn stage_variables_stand_in_the_authorizers_address() {
    let mut api = api();
    api.stage
        .stage_variables
        .insert("which".to_owned(), "one".into());
    api.authorizers["token"].authorizer_uri = uri("authorizer-${stageVariables.which}");
    let mut gateway = serving(api);
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    assert_eq!(invocation(&mut gateway).function_arn, "authorizer-one");
}
