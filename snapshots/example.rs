//! The API, the client and the request that the pages show.

use serde_json::{Map, Value, json};
use spec::Timestamp;
use spec::api::{Api, Stage};
use spec::connection::{Connection, Principal};
use spec::event::{self, EventType, RequestIdentity};
use spec::handshake::HandshakeRequest;
use spec::http::Headers;

/// What the field `X-Amzn-Trace-Id` has.
pub(crate) const TRACE: &str = "Root=1-65abb5d1-0123456789abcdef01234567";

pub(crate) fn api() -> Api {
    Api {
        api_id: "dl7ptocha9".to_owned(),
        stage: Stage {
            stage_name: "prod".to_owned(),
            ..Stage::default()
        },
        ..Api::new("$request.body.action", "prod")
    }
}

pub(crate) fn connection(principal: Option<Principal>) -> Connection {
    Connection {
        connection_id: "R1kmxc2VNjMCFIA=".to_owned(),
        connected_at: Timestamp::from_millis(1_705_751_697_419),
        last_active_at: Timestamp::from_millis(1_705_751_697_419),
        domain_name: "dl7ptocha9.execute-api.us-east-1.amazonaws.com".to_owned(),
        source_ip: "49.105.91.154".to_owned(),
        user_agent: Some("Mozilla/5.0".to_owned()),
        principal,
        caller: None,
        api_key: None,
    }
}

pub(crate) fn principal() -> Principal {
    let context = json!({"token": "hello", "level": 1, "admin": false});
    Principal {
        principal_id: "me".to_owned(),
        context: context.as_object().expect("an object").clone(),
        integration_latency: 111,
        usage_identifier_key: None,
    }
}

pub(crate) fn request(millis: u64) -> RequestIdentity {
    RequestIdentity {
        request_id: "R1knPH17NjMFftw=".to_owned(),
        at: Timestamp::from_millis(millis),
    }
}

pub(crate) fn handshake(target: &str) -> HandshakeRequest {
    HandshakeRequest {
        method: "GET".to_owned(),
        target: target.to_owned(),
        headers: Headers::from_iter([
            ("Host", "dl7ptocha9.execute-api.us-east-1.amazonaws.com"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("User-Agent", "Mozilla/5.0"),
            ("token", "hello"),
            ("X-Twice", "1"),
            ("x-twice", "2"),
        ]),
        source_ip: "49.105.91.154".to_owned(),
    }
}

pub(crate) fn context(
    event_type: EventType<'_>,
    authorizer: Option<Map<String, Value>>,
    millis: u64,
) -> Map<String, Value> {
    event::request_context(
        &api(),
        &connection(None),
        &request(millis),
        event_type,
        authorizer,
    )
}
