#![doc = include_str!("../requirements/handshake.md")]

use std::borrow::Cow;
use std::fmt;

use crate::api::Api;
use crate::domain::{self, Astray};
use crate::http::{Headers, HttpResponse};
use crate::limits;
use crate::percent::{Plus, decode};
use crate::signature::Rejection;

/// The HTTP request that asks for an upgrade, as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeRequest {
    /// The method.
    pub method: String,
    /// Path and query string, as sent.
    pub target: String,
    /// The header fields.
    pub headers: Headers,
    /// The peer's address, without the port.
    pub source_ip: String,
}

/// Why a client gets no connection. Each has its HTTP response; none is ever a WebSocket close.
///
/// Realises: HANDSHAKE-3
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The URL is longer than AWS accepts.
    ///
    /// Realises: LIMITS-19
    UriTooLong,
    /// The path is not the stage's.
    ///
    /// Realises: HANDSHAKE-22, HANDSHAKE-23, HANDSHAKE-57
    UnknownPath,
    /// The default endpoint was called, which the API has disabled.
    ///
    /// Realises: HANDSHAKE-45
    DisabledEndpoint,
    /// The stage has no deployment.
    ///
    /// Realises: HANDSHAKE-21
    NotDeployed,
    /// No WebSocket upgrade was asked for.
    ///
    /// Realises: HANDSHAKE-24
    NotAnUpgrade,
    /// Another version of the protocol was asked for.
    ///
    /// Realises: HANDSHAKE-25
    UnsupportedVersion,
    /// The upgrade breaks a rule of RFC 6455, section 4.2.
    ///
    /// Realises: HANDSHAKE-26
    BadUpgrade(&'static str),
    /// Request parameters that `$connect` requires are missing; their names.
    ///
    /// Realises: HANDSHAKE-44
    MissingParameters(Vec<String>),
    /// An identity source is missing, or the authorizer said `Unauthorized`.
    ///
    /// Realises: AUTHORIZER-1, AUTHORIZER-5
    Unauthorized,
    /// The authorizer's policy does not allow the route.
    ///
    /// Realises: AUTHORIZER-6, AUTHORIZER-7
    Forbidden,
    /// `$connect` wants a signature, and none holds.
    ///
    /// Realises: AUTHORIZER-55
    Signature(Rejection),
    /// The caller who signed the handshake may not connect: the message.
    ///
    /// Realises: AUTHORIZER-56, AUTHORIZER-71
    AccessDenied(String),
    /// The API key is missing, or opens nothing.
    ///
    /// Realises: HANDSHAKE-28, HANDSHAKE-29
    InvalidApiKey,
    /// The API key has used its quota.
    ///
    /// Realises: HANDSHAKE-27
    QuotaExceeded,
    /// The authorizer failed, or its result is none.
    ///
    /// Realises: AUTHORIZER-8, AUTHORIZER-11, AUTHORIZER-12
    AuthorizerFailed,
    /// Requests come too fast for the account or for `$connect`, or for the API key.
    ///
    /// Realises: LIMITS-29, HANDSHAKE-27
    TooManyRequests,
    /// The `$connect` integration could not be called.
    ///
    /// Realises: HANDSHAKE-8
    NotInvocable,
    /// The `$connect` integration failed, or its result is none.
    ///
    /// Realises: HANDSHAKE-6, HANDSHAKE-7
    IntegrationFailed,
    /// The `$connect` integration took too long.
    ///
    /// Realises: HANDSHAKE-13
    IntegrationTimedOut,
    /// No answer could be had of the `$connect` integration's backend.
    ///
    /// Realises: INTEGRATION-53
    Unreachable,
    /// The `$connect` integration answered with this status and body, which is no success.
    ///
    /// Realises: HANDSHAKE-5, HANDSHAKE-43
    Status(u16, String),
}

impl HandshakeRequest {
    /// The path, without the query string.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&*self.target, |(path, _)| path)
    }

    /// The query string's parameters, decoded, grouped by name in the order of their first
    /// occurrence.
    pub fn query(&self) -> Vec<(String, Vec<String>)> {
        let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
        let Some((_, query)) = self.target.split_once('?') else {
            return parameters;
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, Plus::Space), decode(value, Plus::Space));
            match parameters.iter_mut().find(|(seen, _)| *seen == name) {
                Some((_, values)) => values.push(value),
                None => parameters.push((name, vec![value])),
            }
        }
        parameters
    }

    /// The host that the client used, the `domainName` of its events.
    ///
    /// Realises: EVENT-26
    pub fn host(&self) -> &str {
        self.headers.get("Host").unwrap_or_default()
    }
}

impl Refusal {
    /// The response that the client gets. `request_id` goes into `x-amz-apigw-id`, `uuid` into
    /// `x-amzn-RequestId`.
    ///
    /// No raw refusal of a WebSocket API was ever published: the status codes have sources, headers
    /// and bodies follow REST APIs (assumed).
    ///
    /// Realises: HANDSHAKE-36 to HANDSHAKE-41, HANDSHAKE-50
    pub fn response(&self, request_id: &str, uuid: &str) -> HttpResponse {
        let (status, error_type, body) = self.parts();
        let mut response = HttpResponse::new(status);
        if !body.is_empty() {
            response = response.header("content-type", "application/json");
            response.body = body.into_owned();
        }
        response = response.header("x-amzn-RequestId", uuid);
        if !error_type.is_empty() {
            response = response.header("x-amzn-ErrorType", error_type);
        }
        if status == 426 {
            response = response
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13");
        }
        response.header("x-amz-apigw-id", request_id)
    }

    /// The status, the error type and the body, where it has some.
    /// One flat match: what a refusal looks like stands in one table.
    fn parts(&self) -> (u16, &'static str, Cow<'_, str>) {
        match self {
            Self::UriTooLong => (
                414,
                "RequestEntityTooLargeException",
                r#"{"message":"Request-URI Too Long"}"#.into(),
            ),
            Self::UnknownPath
            | Self::DisabledEndpoint
            | Self::NotDeployed
            | Self::Forbidden
            | Self::InvalidApiKey => (
                403,
                "ForbiddenException",
                r#"{"message":"Forbidden"}"#.into(),
            ),
            Self::NotAnUpgrade | Self::UnsupportedVersion => (
                426,
                "UpgradeRequiredException",
                r#"{"message":"Upgrade Required"}"#.into(),
            ),
            Self::BadUpgrade(_) => (
                400,
                "BadRequestException",
                r#"{"message":"Bad Request"}"#.into(),
            ),
            Self::MissingParameters(names) => {
                (400, "BadRequestException", missing_parameters(names).into())
            }
            Self::Signature(rejection) => {
                let body = HttpResponse::new(403).message(&rejection.message()).body;
                (403, rejection.error_type(), body.into())
            }
            Self::AccessDenied(message) => {
                (403, "AccessDeniedException", access_denied(message).into())
            }
            Self::Unauthorized => (
                401,
                "UnauthorizedException",
                r#"{"message":"Unauthorized"}"#.into(),
            ),
            Self::AuthorizerFailed => (
                500,
                "AuthorizerConfigurationException",
                r#"{"message":null}"#.into(),
            ),
            Self::TooManyRequests => (
                429,
                "TooManyRequestsException",
                r#"{"message":"Too Many Requests"}"#.into(), // HANDSHAKE-42
            ),
            Self::QuotaExceeded => (
                429,
                "LimitExceededException",
                r#"{"message":"Limit Exceeded"}"#.into(), // HANDSHAKE-42
            ),
            Self::NotInvocable => (500, "InternalServerErrorException", INTERNAL.into()),
            Self::IntegrationFailed => (502, "InternalServerErrorException", INTERNAL.into()),
            Self::IntegrationTimedOut => (
                504,
                "InternalServerErrorException",
                r#"{"message": "Endpoint request timed out"}"#.into(),
            ),
            Self::Unreachable => (504, "InternalServerErrorException", INTERNAL.into()),
            Self::Status(status, body) => (*status, "", body.into()),
        }
    }
}

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

/// The body of a refusal by IAM, whose member has a capital letter.
///
/// Realises: AUTHORIZER-71
pub(crate) fn access_denied(message: &str) -> String {
    serde_json::json!({ "Message": message }).to_string()
}

/// The body that names missing request parameters.
///
/// Realises: HANDSHAKE-51
fn missing_parameters(names: &[String]) -> String {
    let text = format!(
        "Missing required request parameters: [{}]",
        names.join(", ")
    );
    HttpResponse::new(400).message(&text).body
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UriTooLong => "the URL is longer than 4096 characters",
            Self::UnknownPath => "the path is not the stage's",
            Self::DisabledEndpoint => "the API has disabled its default endpoint",
            Self::NotDeployed => "the stage has no deployment",
            Self::NotAnUpgrade => "no WebSocket upgrade was asked for",
            Self::UnsupportedVersion => "the version of the protocol must be 13",
            Self::BadUpgrade(problem) => problem,
            Self::MissingParameters(names) => {
                return write!(f, "missing request parameters: `{}`", names.join("`, `"));
            }
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "the policy does not allow it",
            Self::Signature(_) => "no signature holds",
            Self::AccessDenied(_) => "the caller may not connect",
            Self::AuthorizerFailed => "the authorizer failed",
            Self::InvalidApiKey => "no API key that opens it",
            Self::QuotaExceeded => "the quota of the API key is used up",
            Self::TooManyRequests => "requests come too fast",
            Self::NotInvocable => "the integration cannot be called",
            Self::IntegrationFailed => "the integration failed",
            Self::IntegrationTimedOut => "the integration timed out",
            Self::Unreachable => "the integration's backend cannot be reached",
            Self::Status(status, _) => return write!(f, "the integration answered {status}"),
        })
    }
}

/// Checks what can be said before any function runs: the path is the stage, whatever the query
/// string, and the request is an upgrade.
///
/// # Errors
/// The refusal to answer with.
///
/// Realises: HANDSHAKE-1, HANDSHAKE-19, HANDSHAKE-20
pub fn check(api: &Api, request: &HandshakeRequest) -> Result<(), Refusal> {
    if request.target.chars().count() > limits::URL_CHARACTERS {
        return Err(Refusal::UriTooLong);
    }
    // AWS's own wscat walk-through has a trailing slash (HANDSHAKE-18).
    let path = domain::staged(api, request.host(), request.path());
    let path = path.map_err(|astray| match astray {
        Astray::Path => Refusal::UnknownPath,
        Astray::DisabledEndpoint => Refusal::DisabledEndpoint,
    })?;
    let path = path.strip_suffix('/').unwrap_or(&path);
    if path.strip_prefix('/') != Some(&*api.stage.stage_name) {
        return Err(Refusal::UnknownPath);
    }
    if api.stage.undeployed {
        return Err(Refusal::NotDeployed);
    }
    let headers = &request.headers;
    if !headers.has_token("Upgrade", "websocket") || !headers.has_token("Connection", "upgrade") {
        return Err(Refusal::NotAnUpgrade);
    }
    if request.method != "GET" {
        return Err(Refusal::BadUpgrade("the method of an upgrade is GET"));
    }
    if headers.get("Sec-WebSocket-Version") != Some("13") {
        return Err(Refusal::UnsupportedVersion);
    }
    if !headers.get("Sec-WebSocket-Key").is_some_and(is_key) {
        return Err(Refusal::BadUpgrade(
            "the key must be the base64 of 16 bytes",
        ));
    }
    Ok(())
}

/// What else is known of a refusal by [`check`], in words: where the API is, if the address was
/// wrong.
pub(crate) fn cause(api: &Api, request: &HandshakeRequest, refusal: &Refusal) -> String {
    if !matches!(refusal, Refusal::UnknownPath | Refusal::DisabledEndpoint) {
        return "checked before any function runs".to_owned();
    }
    let (path, host) = (request.path(), request.host());
    let mut cause = format!("`{path}` was asked for");
    let is_open = !api.disable_execute_api_endpoint || !api.api_mappings.is_empty();
    if is_open && *refusal == Refusal::UnknownPath {
        let base = domain::base(api, host);
        cause.push_str(&format!("; the address is `ws://{host}{base}`"));
    }
    if *refusal == Refusal::DisabledEndpoint {
        let mappings = api.api_mappings.iter();
        let addresses = mappings.map(|one| format!("`wss://{}{}`", one.domain_name, one.path()));
        let addresses: Vec<String> = addresses.collect();
        cause.push_str("; its custom domains: ");
        cause.push_str(match &*addresses.join(", ") {
            "" => "none",
            all => all,
        });
    }
    cause
}

/// Whether a `Sec-WebSocket-Key` is the base64 of 16 bytes (RFC 6455, section 4.1).
fn is_key(key: &str) -> bool {
    let digit = |c: u8| c.is_ascii_alphanumeric() || c == b'+' || c == b'/';
    key.len() == 24 && key.ends_with("==") && key.bytes().take(22).all(digit)
}

#[cfg(test)]
mod tests;
