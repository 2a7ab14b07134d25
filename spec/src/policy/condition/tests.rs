use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::handshake::HandshakeRequest;
use crate::http::Headers;
use crate::policy::{Decision, INVOKE, PolicyDocument};
use crate::time::Timestamp;

const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/$connect";

/// A request of 2024-01-20T11:55:00.453Z with a user agent and no referer.
fn context() -> Context {
    let request = HandshakeRequest {
        method: "GET".to_owned(),
        target: "/prod".to_owned(),
        headers: Headers::from_iter([("user-agent", "Mozilla/5.0")]),
        source_ip: "203.0.113.7".to_owned(),
    };
    Context::of_handshake(&request, Timestamp::from_millis(1_705_751_700_453))
}

fn holds(operator: &str, key: &str, values: &Value) -> bool {
    let conditions = Condition::read(&json!({operator: {key: values}})).unwrap();
    conditions.iter().all(|one| one.holds(&context()))
}

#[rstest]
#[case("StringEquals", "aws:UserAgent", json!("Mozilla/5.0"), true)]
#[case("StringEquals", "aws:UserAgent", json!(["curl", "Mozilla/5.0"]), true)]
#[case("StringEquals", "aws:UserAgent", json!("mozilla/5.0"), false)]
#[case("StringEqualsIgnoreCase", "AWS:useragent", json!("mozilla/5.0"), true)]
#[case("StringNotEquals", "aws:UserAgent", json!(["curl", "Mozilla/5.0"]), false)]
#[case("StringNotEquals", "aws:UserAgent", json!(["curl", "wget"]), true)]
#[case("StringLike", "aws:UserAgent", json!("Mozilla/*"), true)]
#[case("StringNotLike", "aws:UserAgent", json!("Mozilla/?.?"), false)]
#[case("IpAddress", "aws:SourceIp", json!("203.0.113.0/24"), true)]
#[case("IpAddress", "aws:SourceIp", json!(["198.51.100.0/24", "203.0.113.7"]), true)]
#[case("IpAddress", "aws:SourceIp", json!("198.51.100.0/24"), false)]
#[case("NotIpAddress", "aws:SourceIp", json!(["198.51.100.0/24", "203.0.113.7"]), false)]
#[case("NotIpAddress", "aws:SourceIp", json!("198.51.100.0/24"), true)]
#[case("DateGreaterThan", "aws:CurrentTime", json!("2024-01-20T11:54:59Z"), true)]
#[case("DateGreaterThan", "aws:CurrentTime", json!("2024-01-20T11:55:00Z"), false)]
#[case("DateGreaterThanEquals", "aws:CurrentTime", json!("2024-01-20T11:55:00Z"), true)]
#[case("DateLessThan", "aws:EpochTime", json!("2024-01-21"), true)]
#[case("DateNotEquals", "aws:CurrentTime", json!("1705751700"), false)]
#[case("NumericLessThanEquals", "aws:EpochTime", json!(1_705_751_700), true)]
#[case("NumericLessThan", "aws:EpochTime", json!("1705751700"), false)]
#[case("NumericNotEquals", "aws:EpochTime", json!("1705751700"), false)]
#[case("Bool", "aws:SecureTransport", json!(true), true)]
#[case("Bool", "aws:SecureTransport", json!("false"), false)]
#[case("Null", "aws:Referer", json!("true"), true)]
#[case("Null", "aws:UserAgent", json!(true), false)]
#[case("Null", "aws:UserAgent", json!(false), true)]
// The request has no such key.
#[case("StringEquals", "aws:Referer", json!("x"), false)]
#[case("StringNotEquals", "aws:Referer", json!("x"), true)]
#[case("StringEqualsIfExists", "aws:Referer", json!("x"), true)]
#[case("StringEqualsIfExists", "aws:UserAgent", json!("x"), false)]
#[case("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::*:user/*"), false)]
#[case("ArnNotLike", "aws:PrincipalArn", json!("arn:aws:iam::*:user/*"), true)]
#[case("ForAllValues:StringEquals", "aws:Referer", json!("x"), true)]
#[case("ForAnyValue:StringNotEquals", "aws:Referer", json!("x"), false)]
#[case("ForAnyValue:StringLike", "aws:UserAgent", json!("M*"), true)]
fn operators_hold(
    #[case] operator: &str,
    #[case] key: &str,
    #[case] values: Value,
    #[case] expected: bool,
) {
    assert_eq!(holds(operator, key, &values), expected);
}

#[test]
fn every_operator_and_every_key_must_hold() {
    let block = |agent: &str, network: &str| {
        let block = json!({
            "StringLike": {"aws:UserAgent": agent, "aws:SourceIp": "203.*"},
            "IpAddress": {"aws:SourceIp": network},
        });
        let conditions = Condition::read(&block).unwrap();
        conditions.iter().all(|one| one.holds(&context()))
    };
    assert!(block("M*", "203.0.113.0/24"));
    assert!(!block("x", "203.0.113.0/24"));
    assert!(!block("M*", "198.51.100.0/24"));
}

#[rstest]
#[case(json!({"StringEqual": {"aws:UserAgent": "x"}}), ".StringEqual", "is no condition operator")]
#[case(
    json!({"stringequals": {"aws:UserAgent": "x"}}),
    ".stringequals",
    "is no condition operator"
)]
#[case(
    json!({"NullIfExists": {"aws:UserAgent": "true"}}),
    ".NullIfExists",
    "is no condition operator"
)]
#[case(
    json!({"ForSome:StringEquals": {"aws:UserAgent": "x"}}),
    ".ForSome:StringEquals",
    "is no condition operator"
)]
#[case(
    json!({"BinaryEquals": {"aws:UserAgent": "eA=="}}),
    ".BinaryEquals",
    "is no condition operator"
)]
#[case(
    json!({"StringNotEquals": {"aws:SourceArn": "x"}}),
    ".StringNotEquals.aws:SourceArn",
    "is no condition key that is known here"
)]
#[case(
    json!({"NumericEquals": {"aws:UserAgent": "1"}}),
    ".NumericEquals.aws:UserAgent",
    "is a key that the operator cannot compare"
)]
#[case(
    json!({"NumericEquals": {"aws:EpochTime": "one"}}),
    ".NumericEquals.aws:EpochTime",
    "`one` is no value for `NumericEquals`"
)]
#[case(
    json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}),
    ".IpAddress.aws:SourceIp",
    "`203.0.113.0/33` is no value for `IpAddress`"
)]
#[case(
    json!({"StringEquals": {"aws:UserAgent": null}}),
    ".StringEquals.aws:UserAgent",
    "must be a value or a list of values"
)]
#[case(json!({"StringEquals": "x"}), ".StringEquals", "must be an object")]
fn what_is_not_known_is_an_error(
    #[case] block: Value,
    #[case] member: &str,
    #[case] problem: &str,
) {
    let error = Condition::read(&block).unwrap_err();
    assert_eq!((&*error.0, &*error.1.to_string()), (member, problem));
}

fn statement(effect: &str, network: &str) -> Value {
    json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": network}}})
}

fn evaluate(statements: &[Value]) -> crate::policy::Evaluation {
    let policy = PolicyDocument::from_json(&json!({"Statement": statements})).unwrap();
    policy.evaluate(INVOKE, ARN, &context())
}

#[test]
fn a_statement_applies_only_where_its_condition_holds() {
    let (here, elsewhere) = ("203.0.113.0/24", "198.51.100.0/24");
    let everybody = statement("Allow", "0.0.0.0/0");
    assert_eq!(
        evaluate(&[statement("Allow", here)]).decision,
        Decision::Allow
    );
    let refused = evaluate(&[statement("Allow", elsewhere)]);
    assert_eq!(refused.decision, Decision::ImplicitDeny);
    assert_eq!(
        refused.to_string(),
        "no statement allows it; statement 0 does not apply: `IpAddress` on `aws:SourceIp`"
    );
    let denied = evaluate(&[everybody.clone(), statement("Deny", here)]);
    assert_eq!(denied.decision, Decision::ExplicitDeny);
    let spared = evaluate(&[everybody, statement("Deny", elsewhere)]);
    assert_eq!(spared.decision, Decision::Allow);
}

fn a_condition() -> impl Strategy<Value = (String, &'static str, Value)> {
    let known = (
        prop::sample::select(OPERATORS),
        prop::sample::select(vec!["", "ForAllValues:", "ForAnyValue:"]),
        prop::sample::select(vec!["", "IfExists"]),
        prop::sample::select(vec![
            "aws:SourceIp",
            "aws:UserAgent",
            "aws:Referer",
            "aws:EpochTime",
            "aws:CurrentTime",
            "aws:SecureTransport",
            "aws:PrincipalArn",
        ]),
        prop::sample::select(vec![
            json!("true"),
            json!(["203.0.113.7", "203.0.113.0/24"]),
            json!("1705751700"),
            json!("2024-01-20"),
            json!("Mozilla/*"),
            json!("arn:aws:iam::*:user/*"),
        ]),
    );
    known.prop_map(|((name, ..), set, end, key, value)| (format!("{set}{name}{end}"), key, value))
}

proptest! {
    // The negated form of an operator holds exactly where the plain one does not, when the key has
    // one value.
    #[test]
    fn negation_negates(
        address: std::net::Ipv4Addr,
        network: std::net::Ipv4Addr,
        prefix in 0_u32..=32,
    ) {
        let mut context = Context::default();
        context.put("aws:SourceIp", address.to_string());
        let values = json!({"aws:SourceIp": format!("{network}/{prefix}")});
        let holds = |operator: &str| {
            Condition::read(&json!({operator: values})).unwrap()[0].holds(&context)
        };
        prop_assert_ne!(holds("IpAddress"), holds("NotIpAddress"));
        prop_assert_eq!(holds("IpAddress"), holds("IpAddressIfExists"));
    }

    // A condition can only take away that a statement applies: an allow with one never allows what
    // the same without it does not.
    #[test]
    fn conditions_narrow((operator, key, value) in a_condition(), resource in prop_oneof![Just("*"), Just(ARN), Just("x")]) {
        let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
        let without = evaluate(std::slice::from_ref(&statement)).decision;
        statement["Condition"] = json!({operator: {key: value}});
        let Ok(policy) = PolicyDocument::from_json(&json!({"Statement": statement})) else {
            return Ok(());
        };
        let with = policy.evaluate(INVOKE, ARN, &context());
        prop_assert!(with.decision != Decision::Allow || without == Decision::Allow);
        prop_assert_eq!(with.decision != without, !with.unmet.is_empty());
    }

    #[test]
    fn no_block_panics(operator: String, key: String, value: String) {
        let _ = Condition::read(&json!({operator: {key: value.as_str()}}));
        for (name, ..) in OPERATORS {
            let _ = Condition::read(&json!({*name: {"aws:EpochTime": value.as_str(), "aws:PrincipalArn": value.as_str()}}));
        }
    }
}
