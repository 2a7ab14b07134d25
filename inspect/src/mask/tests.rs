//! No secret is left, wherever it comes up again.

use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;
use spec::api::{ApiKey, Authorizer, CallPermission};
use spec::template::Variables;

use super::*;
use crate::exchange::{
    Call, Decision, Function, Kind, Outcome, Role, Sent, Target, TargetKind, Template, Values,
    Verdict,
};

fn api() -> Api {
    let mut api = Api::new("$request.body.action", "test");
    let authorizer = Authorizer {
        name: "token".to_owned(),
        authorizer_uri: String::new(),
        identity_source: vec![
            "route.request.querystring.token".to_owned(),
            "route.request.header.X-Ticket".to_owned(),
        ],
        call_permission: CallPermission::Granted,
    };
    api.authorizers.insert("token".to_owned(), authorizer);
    let key = ApiKey {
        name: "mobile".to_owned(),
        value: "key-of-the-mobile-app".to_owned(),
        enabled: true,
    };
    api.api_keys.insert("mobile".to_owned(), key);
    api
}

fn exchange(kind: Kind, request: Request) -> Exchange {
    Exchange {
        number: 1,
        kind,
        connection_id: "dE_Qse77oAMCIqw=".to_owned(),
        request_id: "dE_QsHA9oAMFXlQ=".to_owned(),
        began: 0,
        ended: None,
        request,
        decisions: Vec::new(),
        route: None,
        model: None,
        calls: Vec::new(),
        sent: Vec::new(),
        access_log: None,
        verdict: Verdict::Open,
        is_cut: false,
    }
}

fn handshake(query: Option<String>, headers: &[(&str, &str)]) -> Exchange {
    let headers = headers.iter();
    let request = Request::Handshake {
        path: "/test".to_owned(),
        query,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        source_ip: "127.0.0.1".to_owned(),
    };
    exchange(Kind::Connect, request)
}

fn variables(json: &Value) -> Arc<Variables> {
    Arc::new(json.as_object().cloned().unwrap_or_default().into())
}

/// A message of the same connection, in which a text comes up everywhere.
fn full_of(text: &str) -> Exchange {
    let frame = json!({"say": text}).to_string();
    let event = json!({"requestContext": {"authorizer": {"t": text}}, "body": frame}).to_string();
    let mut all = exchange(
        Kind::Message,
        Request::Frame {
            text: frame.clone(),
        },
    );
    let context = json!({"authorizer": {"claims": [text, {text: 1}]}});
    let values = Values {
        context: variables(&context),
        stage_variables: variables(&json!({"v": text})),
        body: frame.clone(),
    };
    let template = Template {
        key: "$default".to_owned(),
        source: format!("#set($x = '{text}')"),
        rendered: Some(format!("<{text}>")),
        error: Some(format!("at {text}")),
        values,
    };
    all.calls.push(Call {
        role: Role::Integration,
        target: Target {
            kind: TargetKind::Http,
            name: format!("GET http://x/?a={}", spec::percent::encode(text.as_bytes())),
        },
        template: Some(template.clone()),
        response_template: Some(template),
        payload: Some(event.clone()),
        answer: Some(json!({"statusCode": 200, "body": event}).to_string()),
        status: None,
        outcome: Some(Outcome::Returned),
        began: 0,
        ended: None,
        function: Some(Function::default()),
        log: vec![format!("saw {text}!"), event.clone()],
    });
    all.decisions.push(Decision {
        at: 0,
        text: format!("because of `{text}`"),
    });
    all.sent.push(Sent {
        at: 0,
        to: "caller".to_owned(),
        what: Message::Response {
            status: 200,
            headers: vec![("X-Echo".to_owned(), text.to_owned())],
            body: format!("{text}{text}"),
        },
    });
    all.access_log = Some(format!("{text} {event}"));
    all
}

/// Whether a secret is in JSON, in some text or in the JSON itself.
fn is_in(value: &Value, secret: &str) -> bool {
    match value {
        Value::String(text) => {
            let nested = serde_json::from_str::<Value>(text);
            text.contains(secret)
                || nested.is_ok_and(|value| !value.is_string() && is_in(&value, secret))
        }
        Value::Array(items) => items.iter().any(|item| is_in(item, secret)),
        Value::Object(map) => map
            .iter()
            .any(|(name, value)| name.contains(secret) || is_in(value, secret)),
        _ => false,
    }
}

fn secret() -> impl Strategy<Value = String> {
    // A header's value has no control characters; a decoded parameter may have any.
    prop_oneof![
        4 => "zQ[!-~]{6,40}",
        2 => "zQ[ -~]{5,20}x",
        1 => "zQ\\PC{5,12}x",
        1 => "zQ[\"\\\\\n\t/%+é漢😀]{5,12}x",
    ]
}

proptest! {
    #[test]
    fn no_secret_is_left_wherever_it_comes_up(secret in secret(), place in 0usize..8) {
        let mut masks = Masks::new(&api());
        let bearer = format!("Bearer {secret}");
        let cookie = format!("theme=dark; sid={}", secret.replace([';', ','], "_"));
        let encoded = spec::percent::encode(secret.as_bytes());
        let (opening, secret) = match place {
            0 => (handshake(None, &[("authorization", &bearer)]), secret),
            1 => (handshake(None, &[("X-API-Key", &secret)]), secret),
            2 => (handshake(None, &[("cookie", &cookie)]), secret.replace([';', ','], "_")),
            3 => (handshake(Some(format!("a=1&token={encoded}")), &[]), secret),
            4 => (handshake(None, &[("x-ticket", &secret)]), secret),
            5 => (handshake(Some(format!("X-Amz-Signature={encoded}&b")), &[]), secret),
            6 => {
                let text = json!({"payload": {"Authorization": bearer}}).to_string();
                (exchange(Kind::Message, Request::Frame { text }), secret)
            }
            _ => {
                let mut call = full_of("");
                let answer = json!({"multiValueHeaders": {"Set-Cookie": [format!("sid={secret}")]}});
                call.calls[0].answer = Some(json!({"body": answer.to_string()}).to_string());
                (call, secret)
            }
        };
        let secret = secret.trim().to_owned();
        prop_assume!(place != 7 || !secret.contains([';', ',']));
        prop_assume!(place != 2 || !secret.contains('"') || !secret.ends_with('"'));
        masks.learn(&opening);
        for exchange in [&opening, &full_of(&secret)] {
            let json = masks.json(exchange);
            prop_assert!(!is_in(&json, &secret), "{}", json);
            prop_assert!(!json.to_string().contains(&secret), "{}", json);
        }
        // What is told besides stays as it is.
        let other = full_of("nothing to hide");
        prop_assert_eq!(&masks.masked(&other), &other);
    }

    #[test]
    fn what_is_no_secret_is_never_masked(text in "\\PC{0,60}") {
        let mut masks = Masks::new(&api());
        masks.learn(&handshake(None, &[("authorization", "Bearer zQ-0123456789")]));
        prop_assert_eq!(masks.text(&text), text.as_str());
    }
}

#[rstest]
#[case::python_writes_ascii("zQé漢😀x", r#"{"t": "zQ\u00e9\u6f22\ud83d\ude00x"}"#)]
#[case::php_escapes_slashes("zQ/ab/cd", r#""zQ\/ab\/cd""#)]
#[case::form("zQ ab+cd", "t=zQ+ab%2Bcd")]
#[case::small_escapes("zQ/ab/cd", "t=zQ%2fab%2fcd")]
#[case::a_script("zQ'ab'cd", r"x('zQ\'ab\'cd')")]
fn other_spellings_are_masked(#[case] secret: &str, #[case] text: &str) {
    let mut masks = Masks::default();
    masks.learn(&handshake(None, &[("x-api-key", secret)]));
    let without = masks.text(text);
    assert!(without.contains(MASK), "{without}");
}

#[test]
fn where_secrets_stand_by_name_they_are_masked_however_short() {
    let mut masks = Masks::new(&api());
    let query = Some("a=me&token=me&b".to_owned());
    let opening = handshake(query, &[("X-Ticket", "1"), ("Host", "me")]);
    masks.learn(&opening);
    let json = masks.json(&opening);
    assert_eq!(json["request"]["query"], "a=me&token=***&b");
    let headers = json!([["X-Ticket", "***"], ["Host", "***"]]);
    assert_eq!(json["request"]["headers"], headers);
    // As a word of its own, not within others.
    let event = r#"{"token":"me","some":"1","time":"10"}"#;
    let masked = r#"{"token":"***","some":"***","time":"10"}"#;
    assert_eq!(masks.text(event), masked);
    assert_eq!(masks.text("some time"), "some time");
}

#[test]
fn api_keys_are_masked_anywhere_and_always() {
    let masks = Masks::new(&api());
    let json = masks.json(&full_of("key-of-the-mobile-app"));
    assert!(!is_in(&json, "key-of-the-mobile-app"), "{json}");
}

#[test]
fn passwords_of_basic_authorization_are_masked_decoded_too() {
    let mut masks = Masks::default();
    let basic = format!("Basic {}", spec::base64::encode(b"ada:lovelace-1815"));
    masks.learn(&handshake(None, &[("authorization", &basic)]));
    assert_eq!(masks.text("password lovelace-1815"), "password ***");
}

#[test]
fn signatures_of_a_backend_are_masked_where_they_stand() {
    let mut masks = Masks::default();
    let signed = "AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=0123456789";
    let request = Request::Management {
        method: "POST".to_owned(),
        path: "/test/@connections/x?X-Amz-Signature=0123456789&y=z".to_owned(),
        headers: vec![("Authorization".to_owned(), signed.to_owned())],
        body: "hello".to_owned(),
    };
    let call = exchange(Kind::Management, request);
    masks.learn(&call);
    let json = masks.json(&call);
    assert_eq!(json["request"]["headers"][0][1], MASK);
    assert_eq!(
        json["request"]["path"],
        "/test/@connections/x?X-Amz-Signature=***&y=z"
    );
    assert_eq!(masks.text("host 0123456789"), "host 0123456789");
}

#[test]
fn what_is_remembered_is_bounded_and_the_latest_stay() {
    let mut masks = Masks::new(&api());
    for number in 0..30_000 {
        let key = format!("secret-number-{number}.");
        masks.learn(&handshake(None, &[("x-api-key", &key)]));
    }
    assert_eq!(masks.text("secret-number-29999."), MASK);
    assert_eq!(masks.text("secret-number-0."), "secret-number-0.");
    assert_eq!(masks.text("key-of-the-mobile-app"), MASK);
}
