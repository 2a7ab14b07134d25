#![doc = include_str!("../requirements/event.md")]

use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::connection::{CloseInfo, Connection};
use crate::handshake::HandshakeRequest;
use crate::http::Headers;
use crate::route::RouteKey;
use crate::time::Timestamp;

/// A request on its way through the gateway: what `requestContext` says of it besides the
/// connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestIdentity {
    /// `requestId`, equal to `extendedRequestId`.
    pub request_id: String,
    /// When the request came in.
    pub at: Timestamp,
}

/// What happened, with the fields that only this kind of event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType<'a> {
    /// `CONNECT`, on `$connect`.
    Connect,
    /// `MESSAGE`, on the route that was chosen.
    Message {
        /// The route's key.
        route_key: &'a str,
        /// The message's id.
        message_id: &'a str,
    },
    /// `DISCONNECT`, on `$disconnect`.
    Disconnect(&'a CloseInfo),
}

/// Who is handed a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The authorizer, which sees the hop-by-hop headers, too.
    Authorizer,
    /// The integration of `$connect`.
    Integration,
}

/// `requestContext` of an event, which is also what `$context` holds in a mapping template; the
/// keys stand in AWS's order, and what has no value is left out. `authorizer` is the object to
/// show, typed in proxy events, all strings in templates.
///
/// Realises: AUTHORIZER-26, EVENT-6 to EVENT-8, EVENT-10, EVENT-17 to EVENT-19,
/// EVENT-23 to EVENT-25, EVENT-46, EVENT-31
pub fn request_context(
    api: &Api,
    connection: &Connection,
    request: &RequestIdentity,
    event: EventType<'_>,
    authorizer: Option<Map<String, Value>>,
) -> Map<String, Value> {
    let mut context = Map::new();
    let mut put = |name: &str, value: Value| {
        context.insert(name.to_owned(), value);
    };
    let (route_key, event_type) = match event {
        EventType::Connect => ("$connect", "CONNECT"),
        EventType::Message { route_key, .. } => (route_key, "MESSAGE"),
        EventType::Disconnect(_) => ("$disconnect", "DISCONNECT"),
    };
    put("routeKey", route_key.into());
    if let Some(authorizer) = authorizer {
        put("authorizer", authorizer.into());
    }
    match event {
        EventType::Connect => {}
        EventType::Message { message_id, .. } => put("messageId", message_id.into()),
        EventType::Disconnect(close) => put("disconnectStatusCode", close.code.into()),
    }
    put("eventType", event_type.into());
    put("extendedRequestId", request.request_id.as_str().into());
    put("requestTime", request.at.common_log_format().into());
    put("messageDirection", "IN".into());
    if let EventType::Disconnect(close) = event {
        put("disconnectReason", close.reason.as_str().into());
    }
    put("stage", api.stage.stage_name.as_str().into());
    put("connectedAt", connection.connected_at.as_millis().into());
    put("requestTimeEpoch", request.at.as_millis().into());
    put("identity", identity(connection).into());
    put("requestId", request.request_id.as_str().into());
    put("domainName", connection.domain_name.as_str().into());
    put("connectionId", connection.connection_id.as_str().into());
    put("apiId", api.api_id.as_str().into());
    context
}

/// `requestContext.identity`: the API key when one was required, `userAgent` only when the client
/// sent one, the caller of a signed connection, in the order of REST APIs.
///
/// Realises: EVENT-27 to EVENT-30, EVENT-43, TEMPLATE-23, EVENT-52, EVENT-47, EVENT-54, HANDSHAKE-48
pub fn identity(connection: &Connection) -> Map<String, Value> {
    let mut identity = Map::new();
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            identity.insert(name.to_owned(), value.as_str().into());
        }
    };
    let (key, caller) = (connection.api_key.as_ref(), connection.caller.as_ref());
    put("apiKey", key.map(|key| &key.value));
    put("userArn", caller.map(|caller| &caller.user_arn));
    put("apiKeyId", key.map(|key| &key.id));
    put("userAgent", connection.user_agent.as_ref());
    put("accountId", caller.map(|caller| &caller.account_id));
    put("caller", caller.map(|caller| &caller.user_id));
    put("sourceIp", Some(&connection.source_ip));
    put("accessKey", caller.map(|caller| &caller.access_key));
    put("user", caller.map(|caller| &caller.user_id));
    identity
}

/// `$context` of a mapping template: `requestContext`, where `identity` has members without a value,
/// too.
///
/// Realises: TEMPLATE-99
pub fn template_context(mut context: Map<String, Value>) -> Map<String, Value> {
    const IDENTITY: [&str; 12] = [
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "sourceIp",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "userAgent",
        "user",
    ];
    if let Some(Value::Object(identity)) = context.get_mut("identity") {
        for name in IDENTITY {
            identity.entry(name).or_insert(Value::Null);
        }
    }
    context
}

/// The proxy event of `$connect`, without what REST's has besides; query parameters only when there
/// are any.
///
/// Realises: EVENT-1, EVENT-2, EVENT-44, EVENT-39, EVENT-40
pub fn connect(
    api: &Api,
    handshake: &HandshakeRequest,
    trace_id: &str,
    request_context: Map<String, Value>,
) -> Value {
    let mut event = Map::new();
    let headers = forwarded_headers(handshake, trace_id, Recipient::Integration);
    put_headers(&mut event, &headers);
    let query = handshake.query();
    if !query.is_empty() {
        put_query(&mut event, &query);
    }
    put_stage_variables(&mut event, api);
    event.insert("requestContext".to_owned(), request_context.into());
    event.insert("isBase64Encoded".to_owned(), false.into());
    Value::Object(event)
}

/// The proxy event of a message: nothing but the context and the text, exactly as it was sent; an
/// empty one leaves no `body`.
///
/// Realises: EVENT-3, EVENT-4, EVENT-9, EVENT-55
pub fn message(api: &Api, request_context: Map<String, Value>, body: &str) -> Value {
    let mut event = Map::new();
    put_stage_variables(&mut event, api);
    event.insert("requestContext".to_owned(), request_context.into());
    if !body.is_empty() {
        event.insert("body".to_owned(), body.into());
    }
    event.insert("isBase64Encoded".to_owned(), false.into());
    Value::Object(event)
}

/// The proxy event of `$disconnect`, with the four headers that AWS sends: the host, and three
/// empty ones.
///
/// Realises: EVENT-5, EVENT-45
pub fn disconnect(
    api: &Api,
    connection: &Connection,
    request_context: Map<String, Value>,
) -> Value {
    let mut event = Map::new();
    let headers = Headers::from_iter([
        ("Host", connection.domain_name.as_str()),
        ("x-api-key", ""),
        ("X-Forwarded-For", ""),
        ("x-restapi", ""),
    ]);
    put_headers(&mut event, &headers);
    put_stage_variables(&mut event, api);
    event.insert("requestContext".to_owned(), request_context.into());
    event.insert("isBase64Encoded".to_owned(), false.into());
    Value::Object(event)
}

/// The event of a REQUEST authorizer: every map is there, also when it is empty.
///
/// Realises: AUTHORIZER-15 to AUTHORIZER-18, AUTHORIZER-22, AUTHORIZER-23,
/// AUTHORIZER-24, AUTHORIZER-25
pub fn authorizer(
    api: &Api,
    handshake: &HandshakeRequest,
    trace_id: &str,
    request_context: Map<String, Value>,
) -> Value {
    let mut event = Map::new();
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert(
        "methodArn".to_owned(),
        api.route_arn(&RouteKey::Connect).into(),
    );
    let headers = forwarded_headers(handshake, trace_id, Recipient::Authorizer);
    put_headers(&mut event, &headers);
    put_query(&mut event, &handshake.query());
    event.insert(
        "stageVariables".to_owned(),
        api.stage.stage_variables.clone().into(),
    );
    event.insert("requestContext".to_owned(), request_context.into());
    Value::Object(event)
}

/// The client's headers as functions see them, spelled as they came: AWS's own four added, sorted
/// by name whatever the case. The hop-by-hop `Connection` and `Upgrade` (and a `content-length`
/// of 0) are seen by the authorizer only.
///
/// Realises: AUTHORIZER-20, EVENT-32, EVENT-34, HANDSHAKE-16, AUTHORIZER-21, EVENT-35 to EVENT-37,
/// EVENT-50, EVENT-51, EVENT-33, AUTHORIZER-19
pub(crate) fn forwarded_headers(
    handshake: &HandshakeRequest,
    trace_id: &str,
    recipient: Recipient,
) -> Headers {
    const ADDED: [&str; 4] = [
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    ];
    let for_authorizer = recipient == Recipient::Authorizer;
    let hop_by_hop = |name: &str| {
        ["connection", "upgrade", "content-length"].contains(&name.to_ascii_lowercase().as_str())
    };
    let mut fields: Vec<(&str, String)> = handshake
        .headers
        .iter()
        .filter(|(name, _)| !ADDED.iter().any(|added| added.eq_ignore_ascii_case(name)))
        .filter(|(name, _)| for_authorizer || !hop_by_hop(name))
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    if for_authorizer && handshake.headers.get("content-length").is_none() {
        fields.push(("content-length", "0".to_owned()));
    }
    let forwarded_for = match handshake.headers.get("X-Forwarded-For") {
        Some(before) => format!("{before}, {}", handshake.source_ip),
        None => handshake.source_ip.clone(),
    };
    fields.push(("X-Amzn-Trace-Id", trace_id.to_owned()));
    fields.push(("X-Forwarded-For", forwarded_for));
    fields.push(("X-Forwarded-Port", "443".to_owned()));
    fields.push(("X-Forwarded-Proto", "https".to_owned()));
    fields.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    fields.into_iter().collect()
}

/// Top level, and only when the stage has any: no event with an empty map was ever seen.
///
/// Realises: EVENT-48
fn put_stage_variables(event: &mut Map<String, Value>, api: &Api) {
    if !api.stage.stage_variables.is_empty() {
        event.insert(
            "stageVariables".to_owned(),
            api.stage.stage_variables.clone().into(),
        );
    }
}

/// `headers` (the last value of each name) and `multiValueHeaders` (all of
/// them).
///
/// Realises: EVENT-42, EVENT-38
fn put_headers(event: &mut Map<String, Value>, headers: &Headers) {
    let groups = headers.grouped();
    let single: Map<_, _> = groups
        .iter()
        .map(|(name, values)| ((*name).to_owned(), json!(values.last())))
        .collect();
    let multi: Map<_, _> = groups
        .iter()
        .map(|(name, values)| ((*name).to_owned(), json!(values)))
        .collect();
    event.insert("headers".to_owned(), single.into());
    event.insert("multiValueHeaders".to_owned(), multi.into());
}

fn put_query(event: &mut Map<String, Value>, query: &[(String, Vec<String>)]) {
    let single: Map<_, _> = query
        .iter()
        .map(|(name, values)| (name.clone(), json!(values.last())))
        .collect();
    let multi: Map<_, _> = query
        .iter()
        .map(|(name, values)| (name.clone(), json!(values)))
        .collect();
    event.insert("queryStringParameters".to_owned(), single.into());
    event.insert("multiValueQueryStringParameters".to_owned(), multi.into());
}
