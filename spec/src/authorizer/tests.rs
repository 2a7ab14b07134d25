use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/$connect";

fn returned(result: &Value) -> Authorization {
    let outcome = FunctionOutcome::Returned(result.to_string()).into();
    interpret(&outcome, ARN, &Context::default(), 3)
}

fn policy(effect: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Action": INVOKE, "Effect": effect, "Resource": ARN}]})
}

#[test]
fn an_allow_brings_the_principal_and_its_context() {
    let result = json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"token": "hello", "n": 1, "b": true, "none": null}});
    let Authorization::Allowed(principal, evaluation) = returned(&result) else {
        panic!("not allowed")
    };
    assert_eq!(evaluation.determining, [0]);
    assert_eq!(
        Value::Object(principal.for_connect_event()),
        json!({"token": "hello", "n": 1, "b": true, "principalId": "me", "integrationLatency": 3})
    );
    assert_eq!(
        Value::Object(principal.for_template()),
        json!({"token": "hello", "n": "1", "b": "true", "principalId": "me"})
    );
}

#[rstest]
#[case::no_policy(json!({"statusCode": 401}))]
#[case::no_principal(json!({"policyDocument": policy("Allow")}))]
#[case::object_in_context(json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"o": {}}}))]
#[case::array_in_context(json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"a": []}}))]
#[case::null(json!(null))]
#[case::key_of_the_wrong_kind(json!({"principalId": "me", "policyDocument": policy("Allow"), "usageIdentifierKey": 1}))]
#[case::unknown_condition(json!({"principalId": "me", "policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"my:key": "x"}}}}}))]
#[case::too_large(json!({"principalId": "x".repeat(9000), "policyDocument": policy("Allow")}))]
fn what_is_no_result_is_a_500(#[case] result: Value) {
    assert!(matches!(
        returned(&result),
        Authorization::Refused(Refusal::AuthorizerFailed, _)
    ));
}

#[test]
fn a_deny_is_a_403_and_unauthorized_a_401() {
    let denied = json!({"principalId": "me", "policyDocument": policy("Deny")});
    assert!(matches!(returned(&denied), Authorization::Denied(..)));
    let error = |text: &str| {
        let outcome = FunctionOutcome::Failed(text.to_owned()).into();
        interpret(&outcome, ARN, &Context::default(), 0)
    };
    assert!(matches!(
        error(r#"{"errorMessage":"Unauthorized","errorType":"Unauthorized"}"#),
        Authorization::Refused(Refusal::Unauthorized, _)
    ));
    assert!(matches!(
        error(r#"{"errorMessage":"unauthorized"}"#),
        Authorization::Refused(Refusal::AuthorizerFailed, _)
    ));
}

#[rstest]
#[case("route.request.header.token", true)]
#[case("route.request.querystring.a_b-c.d", true)]
#[case("stageVariables.x", true)]
#[case("context.identity.sourceIp", true)]
#[case("$request.header.token", false)] // the HTTP API's spelling, refused by AWS
#[case("route.request.header.", false)]
#[case("route.request.body.x", false)]
fn identity_sources_have_a_grammar(#[case] text: &str, #[case] valid: bool) {
    let parsed = text.parse::<IdentitySource>();
    assert_eq!(parsed.is_ok(), valid);
    if let Ok(source) = parsed {
        assert_eq!(source.to_string(), text);
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,5}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

/// A member that makes an answer none.
fn fault() -> impl Strategy<Value = (&'static str, Value)> {
    let odd = |member| {
        let values = match member {
            "principalId" => vec![json!(null), json!(1), json!({})],
            "policyDocument" => vec![
                json!(null),
                json!([]),
                json!({"Statement": [{"Effect": "Maybe"}]}),
            ],
            "context" => vec![json!("x"), json!([]), json!({"a": {}}), json!({"a": []})],
            _ => vec![json!(1), json!({}), json!(true)],
        };
        prop::sample::select(values).prop_map(move |value| (member, value))
    };
    prop_oneof![
        odd("principalId"),
        odd("policyDocument"),
        odd("context"),
        odd("usageIdentifierKey"),
    ]
}

proptest! {
    // An answer brings its principal and its context, or a denial. With one fault in it, it is
    // none.
    #[test]
    fn an_answer_is_read_and_a_fault_is_found(
        principal_id in ".{0,8}",
        context in prop::collection::btree_map("[a-z]{1,3}", scalar(), 0..4),
        key in prop::option::of("[a-z]{1,4}"),
        allows: bool,
        fault in prop::option::of(fault()),
    ) {
        let context: Map<String, Value> = context.into_iter().collect();
        let effect = if allows { "Allow" } else { "Deny" };
        let mut result = json!({"principalId": principal_id, "context": context, "policyDocument": policy(effect)});
        if let Some(key) = &key {
            result["usageIdentifierKey"] = key.as_str().into();
        }
        if let Some((member, value)) = &fault {
            result[*member] = value.clone();
        }
        match returned(&result) {
            Authorization::Refused(refusal, _) => {
                prop_assert_eq!(refusal, Refusal::AuthorizerFailed);
                prop_assert!(fault.is_some(), "{}", result);
            }
            Authorization::Denied(principal, _) => {
                prop_assert!(!allows && fault.is_none(), "{}", result);
                prop_assert_eq!(principal, principal_id);
            }
            Authorization::Allowed(principal, _) => {
                prop_assert!(allows && fault.is_none(), "{}", result);
                prop_assert_eq!(&principal.principal_id, &principal_id);
                prop_assert_eq!(principal.usage_identifier_key, key);
                for (name, value) in &context {
                    let shown = principal.context.get(name);
                    prop_assert_eq!(shown, Some(value).filter(|value| !value.is_null()));
                }
            }
        }
    }

    // LIMITS-22, LIMITS-23
    #[test]
    fn an_answer_has_8_kib_at_most(over in 0..3_usize, character in "[aé€]") {
        let padded = |padding: &str| json!({"principalId": padding, "policyDocument": policy("Allow")}).to_string();
        let room = limits::AUTHORIZER_RESULT_BYTES - padded("").len();
        let (times, rest) = (room / character.len(), room % character.len());
        let text = padded(&(character.repeat(times) + &"a".repeat(rest + over)));
        let outcome = FunctionOutcome::Returned(text).into();
        let verdict = interpret(&outcome, ARN, &Context::default(), 0);
        prop_assert_eq!(matches!(verdict, Authorization::Allowed(..)), over == 0);
    }

    // Only this message means 401, and nothing near it.
    #[test]
    fn unauthorized_is_said_in_one_way(
        message in "(un|Un|UN)?[aA]uthorized[.!]?|Unauthorized",
        wrapped: bool,
    ) {
        let error = match wrapped {
            true => json!({"errorMessage": message}).to_string(),
            false => message.clone(),
        };
        let outcome = FunctionOutcome::Failed(error).into();
        let answer = interpret(&outcome, ARN, &Context::default(), 0);
        let Authorization::Refused(refusal, _) = answer else {
            return Err(TestCaseError::fail("not refused"));
        };
        let expected = match &*message {
            "Unauthorized" => Refusal::Unauthorized,
            _ => Refusal::AuthorizerFailed,
        };
        prop_assert_eq!(refusal, expected);
    }
}
