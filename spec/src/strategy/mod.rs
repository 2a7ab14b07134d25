//! What property tests draw from, for this crate's tests and the kit's alike (feature `proptest`).

mod model;
mod template;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::connection::{Connection, Principal};
use crate::event::{self, EventType, RequestIdentity};
use crate::time::Timestamp;

pub use self::model::{format_pair_of, pair_of, pattern_of};
pub use self::template::mapping_template;

/// A message: any text, JSON, nearly JSON, and text that looks like a template or like the end of a
/// string.
pub fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        json(),
        (json(), any::<prop::sample::Index>()).prop_map(|(text, at)| {
            let mut chars: Vec<char> = text.chars().collect();
            if !chars.is_empty() {
                chars.remove(at.index(chars.len()));
            }
            chars.into_iter().collect()
        }),
    ]
}

/// A message as [`body`] makes them, over and over until it would have more than `bytes` bytes as a
/// JSON string, or less often.
pub fn long_body(bytes: usize) -> impl Strategy<Value = String> {
    (body(), any::<prop::sample::Index>()).prop_map(move |(text, times)| {
        let most = bytes / Value::from(&*text).to_string().len();
        text.repeat(times.index(most + 1))
    })
}

/// A JSON text with an action.
pub fn json() -> impl Strategy<Value = String> {
    (action(), json_value())
        .prop_map(|(action, message)| json!({"action": action, "message": message}).to_string())
}

/// A JSON value. Its numbers are integers that every implementation of JSON can hold.
pub fn json_value() -> impl Strategy<Value = Value> {
    const LARGEST: i64 = (1 << 53) - 1;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-LARGEST..=LARGEST).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A value for `action`: routes that exist, that do not, and that a client must not choose.
pub fn action() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("sendmessage".to_owned()),
        1 => Just("$connect".to_owned()),
        1 => Just("$default".to_owned()),
        1 => any::<String>(),
    ]
}

/// A token: the accepted one, near misses, any text, and texts that try to get out of a JSON
/// string.
pub fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("hello".to_owned()),
        Just("Hello".to_owned()),
        Just("hello ".to_owned()),
        Just(String::new()),
        any::<String>(),
        vec(piece(), 0..6).prop_map(|pieces| pieces.concat()),
        any::<String>().prop_map(|auth| format!("x\",\"auth\":\"{auth}")),
    ]
}

/// Header fields, among them the header `token` in any case, none, once or more often.
pub fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        "[Tt][Oo][Kk][Ee][Nn]",
        "[A-Za-z][A-Za-z0-9-]{0,10}",
        Just("X-Token".to_owned()),
    ];
    vec((name, token()), 0..5)
}

/// `$context` of a message on a connection whose authorizer returned this principal and token.
pub fn message_context(principal_id: &str, token: &str) -> Map<String, Value> {
    let principal = Principal {
        principal_id: principal_id.to_owned(),
        context: Map::from_iter([("token".to_owned(), token.into())]),
        integration_latency: 1,
        usage_identifier_key: None,
    };
    let connected_at = Timestamp::from_millis(1_705_751_697_419);
    let connection = Connection {
        connection_id: "R1kmxc2VNjMCFIA=".to_owned(),
        connected_at,
        last_active_at: connected_at,
        domain_name: "abcdef1234.execute-api.us-east-1.amazonaws.com".to_owned(),
        source_ip: "192.0.2.1".to_owned(),
        user_agent: Some("Mozilla/5.0".to_owned()),
        principal: None,
        caller: None,
        api_key: None,
    };
    let request = RequestIdentity {
        request_id: "R1knPH17NjMFftw=".to_owned(),
        at: Timestamp::from_millis(1_705_751_700_453),
    };
    let event_type = EventType::Message {
        route_key: "sendmessage",
        message_id: "R1knPc2ntjMCFIA=",
    };
    let api = Api::new("$request.body.action", "stage");
    event::request_context(
        &api,
        &connection,
        &request,
        event_type,
        Some(principal.for_template()),
    )
}

/// What is likely to break something that quotes, escapes, or renders.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "'",
            "\"",
            "\\",
            "/",
            "\\'",
            "\\\\'",
            "$",
            "#",
            "$context.connectionId",
            "$input.body",
            "#set($x = 1)",
            "#end",
            "${",
            "}",
            "\n",
            "\r",
            "\t",
            "\u{8}",
            "\u{c}",
            "\0",
            "\u{7f}",
            "\u{2028}",
            "\u{feff}",
            "日本",
            "😀",
            "é",
            "\",\"auth\":\"admin",
            "{\"action\":",
            "null",
        ])
        .prop_map(str::to_owned),
        "[a-z ]{0,5}",
        any::<char>().prop_map(String::from),
    ]
}
