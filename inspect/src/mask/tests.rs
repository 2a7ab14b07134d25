//! No secret is left, wherever it comes up again.

mod forms;

use std::sync::Arc;

use proptest::prelude::*;
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
            name: format!("GET http://x/?a={}", percent::encode(text.as_bytes())),
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
            // Within a word only what can be no word itself.
            body: match text.len() < 20 || text.chars().all(char::is_alphabetic) {
                true => format!("{text}/{text}"),
                false => format!("{text}{text}"),
            },
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

/// What a client or a function sends with a secret in it, and the secret.
fn opening(place: usize, secret: String) -> (Exchange, String) {
    let frame = |text: String| exchange(Kind::Message, Request::Frame { text });
    let encoded = percent::encode(secret.as_bytes());
    let bearer = format!("Bearer {secret}");
    let quoted = json!(secret).to_string();
    let opening = match place {
        0 => handshake(None, &[("authorization", &bearer)]),
        1 => handshake(None, &[("X-API-Key", &secret)]),
        2 => handshake(Some(format!("a=1&token={encoded}")), &[]),
        3 => handshake(None, &[("x-ticket", &secret)]),
        4 => handshake(Some(format!("X-Amz-Signature={encoded}&b")), &[]),
        5 => frame(json!({"payload": {"Authorization": bearer}}).to_string()),
        6 => frame(json!({"authorization": {"deep": [{"any": secret}], "n": 1}}).to_string()),
        7 => frame(format!("{{\"\\u0061piKey\": {quoted}}}")),
        8 => frame(format!(
            "{{\"apiKey\": {quoted}, \"apiKey\": \"another-one\"}}"
        )),
        9 => frame(format!("{{\"apiKey\": {}", &quoted[..quoted.len() - 1])),
        10 => frame(format!("action=send&apiKey={encoded}&b=1")),
        11 => frame(format!("{{\"a\": 1}}\n{{\"password\" : {quoted}}}\n")),
        12 => frame(json!({"body": json!({"token": secret}).to_string()}).to_string()),
        _ => return of_cookies(place, &secret),
    };
    (opening, secret)
}

/// Of cookies only what is long is a secret.
fn of_cookies(place: usize, secret: &str) -> (Exchange, String) {
    let secret = secret.replace([';', ','], "_") + "-0123";
    let cookie = format!("sid={secret}");
    if place == 13 {
        let cookie = format!("theme=dark; {cookie}");
        return (handshake(None, &[("cookie", &cookie)]), secret);
    }
    let mut call = full_of("");
    let answer = json!({"multiValueHeaders": {"Set-Cookie": [cookie]}});
    call.calls[0].answer = Some(json!({"body": answer.to_string()}).to_string());
    (call, secret)
}

fn nothing_is_left(secret: &str, place: usize) -> Result<(), TestCaseError> {
    let mut masks = Masks::new(&api());
    let (opening, secret) = opening(place, secret.trim().to_owned());
    masks.learn(&opening);
    let base64 = spec::base64::encode(secret.as_bytes());
    for exchange in [&opening, &full_of(&secret)] {
        let json = masks.json(exchange);
        prop_assert!(!is_in(&json, &secret), "{}", json);
        prop_assert!(!json.to_string().contains(&secret), "{}", json);
    }
    let json = masks.json(&full_of(&base64));
    prop_assert!(!is_in(&json, &base64), "{}", json);
    // What is told besides stays as it is.
    let other = full_of("nothing to hide");
    prop_assert_eq!(&masks.masked(&other), &other);
    Ok(())
}

#[test]
fn nothing_is_left_of_a_secret_that_looks_like_a_pair() {
    nothing_is_left("zQaaa!=t", 0).expect("nothing is left");
}

proptest! {
    #[test]
    fn no_secret_is_left_wherever_it_comes_up(secret in secret(), place in 0usize..15) {
        nothing_is_left(&secret, place)?;
    }

    #[test]
    fn what_is_no_secret_is_never_masked(
        values in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..6),
        words in prop::collection::vec((prop::sample::select(WORDS.to_vec()), "\\PC{0,8}"), 0..8),
    ) {
        let mut masks = Masks::new(&api());
        let cookie = values.iter().enumerate().map(|(n, value)| format!("c{n}={value}"));
        let cookie = cookie.collect::<Vec<_>>().join("; ");
        masks.learn(&handshake(None, &[("cookie", &cookie), ("x-ticket", "connect")]));
        let members = words.iter().map(|(name, value)| ((*name).to_owned(), json!([value, name])));
        let text = Value::Object(members.collect()).to_string();
        prop_assert_eq!(masks.text(&text), text.as_str());
    }

    #[test]
    fn any_text_is_looked_through_and_json_stays_json(
        parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..40),
        value in "\\PC{0,6}",
    ) {
        let masks = Masks::default();
        let _ = masks.text(&parts.concat());
        let text = json!({"a": {"token": [value, 1.5e3, {"b": null, "c": value}]}, "d": value});
        for text in [text.to_string(), json!({"body": text.to_string()}).to_string()] {
            let masked = masks.text(&text).into_owned();
            prop_assert!(serde_json::from_str::<Value>(&masked).is_ok(), "{} -> {}", text, masked);
        }
    }
}

/// Of what texts are made that are hard to read.
const PARTS: [&str; 24] = [
    "token",
    "\"apiKey\"",
    "\\\"token\\\"",
    ":",
    "=",
    "=>",
    "\"",
    "\\\"",
    "'",
    "'''",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&",
    "\\",
    "\\u0061",
    "%74",
    " ",
    "\n",
    "é",
    "Bearer",
    "1",
];

/// Names in events, and words of messages and settings.
const WORDS: [&str; 16] = [
    "action",
    "message",
    "connect",
    "default",
    "statusCode",
    "requestContext",
    "connectionId",
    "connectedAt",
    "routeKey",
    "body",
    "dark",
    "en-GB",
    "admin",
    "sendmessage",
    "1705751697",
    "yes",
];
