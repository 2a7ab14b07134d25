#![doc = include_str!("../requirements/management.md")]

mod misdirection;

use std::borrow::Cow;

use crate::api::Api;
use crate::connection::Connection;
use crate::domain;
use crate::handshake::access_denied;
use crate::http::{Headers, HttpResponse};
use crate::ids;
use crate::io::ManagementRequest;
use crate::limits;
use crate::percent::{Plus, decode};
use crate::signature::Rejection;
pub use misdirection::{Misdirected, Misdirection};

/// What a backend asks of the `@connections` API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// PostToConnection, with the text to send.
    ///
    /// Realises: MANAGEMENT-1
    Post(String),
    /// GetConnection.
    ///
    /// Realises: MANAGEMENT-9
    Get,
    /// DeleteConnection.
    ///
    /// Realises: MANAGEMENT-17
    Delete,
}

/// Why a request is refused before its connection is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another stage.
    ///
    /// Realises: MANAGEMENT-39
    Forbidden,
    /// A path below the stage, or a method, that is none of the API's.
    ///
    /// Realises: MANAGEMENT-40, MANAGEMENT-45, MANAGEMENT-48
    NoMethod {
        /// The path below the stage, decoded.
        route: String,
        /// The HTTP method.
        method: String,
    },
    /// The id does not have the form of one.
    ///
    /// Realises: MANAGEMENT-7, MANAGEMENT-8
    InvalidConnectionId(String),
    /// The data are larger than a message may be.
    ///
    /// Realises: MANAGEMENT-28, MANAGEMENT-29
    PayloadTooLarge,
    /// The data are not UTF-8: they cannot be a text message.
    ///
    /// Realises: MANAGEMENT-44
    NotText,
    /// The account's requests come too fast.
    ///
    /// Realises: MANAGEMENT-30, MANAGEMENT-31
    LimitExceeded,
    /// Signatures are required, and none holds.
    ///
    /// Realises: MANAGEMENT-34, MANAGEMENT-36
    Signature(Rejection),
    /// The caller who signed has no permission: the message.
    ///
    /// Realises: MANAGEMENT-37
    AccessDenied(String),
}

/// Whether a request is for the `@connections` API, on whatever stage: the shell's way to tell it
/// from a handshake. What asks for no upgrade below a stage, or names no stage before
/// `@connections`, is a call that went astray.
///
/// Realises: MANAGEMENT-48, MANAGEMENT-50
pub fn is_management(path: &str, headers: &Headers) -> bool {
    let path = decode(path, Plus::Literal);
    let mut segments = path.strip_prefix('/').unwrap_or(&path).splitn(2, '/');
    let (stage, below) = (segments.next(), segments.next().unwrap_or_default());
    if below.split('/').next() == Some("@connections") {
        return true;
    }
    let is_astray = !below.is_empty() || stage == Some("@connections");
    is_astray && !headers.has_token("Upgrade", "websocket")
}

/// Reads a request: the operation and the connection's id, percent-encoded or not.
///
/// # Errors
/// The refusal to answer with.
///
/// Realises: MANAGEMENT-24, MANAGEMENT-25, MANAGEMENT-51
pub fn parse(api: &Api, request: &ManagementRequest) -> Result<(Operation, String), Refusal> {
    let path = staged(api, request).map_err(|_| Refusal::Forbidden)?;
    let below = below_the_stage(&path);
    if stage(&path) != api.stage.stage_name {
        return Err(Refusal::Forbidden);
    }
    let no_method = || Refusal::NoMethod {
        route: decode(below, Plus::Literal),
        method: request.method.clone(),
    };
    let segments: Vec<String> = below
        .split('/')
        .map(|part| decode(part, Plus::Literal))
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (["@connections", id] | ["", "@connections", id]) = segments[..] else {
        return Err(no_method());
    };
    if id.is_empty() {
        return Err(no_method());
    }
    let operation = match &*request.method {
        "GET" => Operation::Get,
        "DELETE" => Operation::Delete,
        "POST" if request.body.len() > limits::MESSAGE_BYTES => {
            return Err(Refusal::PayloadTooLarge);
        }
        "POST" => match String::from_utf8(request.body.clone()) {
            Ok(text) => Operation::Post(text),
            Err(_) => return Err(Refusal::NotText),
        },
        _ => return Err(no_method()),
    };
    if !ids::is_well_formed(id) {
        return Err(Refusal::InvalidConnectionId(id.to_owned()));
    }
    Ok((operation, id.to_owned()))
}

/// What is wrong with the address of a request that was refused so, or served all the same; `None`
/// if its address is right.
pub fn misdirected(
    api: &Api,
    request: &ManagementRequest,
    refusal: Option<&Refusal>,
) -> Option<Misdirected> {
    let staged = staged(api, request);
    let staged = staged.as_deref().unwrap_or(&request.path);
    let below = decode(below_the_stage(staged), Plus::Literal);
    let segments: Vec<&str> = below.split('/').collect();
    let host = request.headers.get("Host").unwrap_or("{host}");
    let is_custom = domain::is_custom(api, host);
    let has_stage = segments.first() == Some(&&*api.stage.stage_name)
        || stage(staged) == api.stage.stage_name && staged == request.path;
    let kind = match refusal {
        None if segments.first() == Some(&"") => Misdirection::DoubleSlash,
        None => return None,
        Some(Refusal::Forbidden | Refusal::NoMethod { .. }) if is_custom && has_stage => {
            Misdirection::StageOnDomain
        }
        Some(Refusal::Forbidden) if api.disable_execute_api_endpoint && has_stage => {
            Misdirection::DisabledEndpoint
        }
        Some(Refusal::Forbidden) if is_custom => Misdirection::OtherKey,
        Some(refusal) => refused(refusal, &segments, &stage(staged))?,
    };
    let path = request.path.split('?').next().unwrap_or_default();
    Some(Misdirected {
        kind,
        method: request.method.clone(),
        path: path.to_owned(),
        host: host.to_owned(),
        base: domain::base(api, host),
    })
}

/// Why the address of a refused request was the wrong one.
fn refused(refusal: &Refusal, below: &[&str], stage: &str) -> Option<Misdirection> {
    match refusal {
        Refusal::Forbidden if stage == "@connections" => Some(Misdirection::NoStage),
        Refusal::Forbidden => Some(Misdirection::OtherStage),
        Refusal::NoMethod { .. } => Some(match *below {
            ["@connections", "@connections", ..] => Misdirection::ConnectionsTwice,
            ["@connections"] | ["@connections", ""] => Misdirection::NoConnection,
            ["@connections", _] => Misdirection::Method,
            [_, ref rest @ ..] if rest.contains(&"@connections") => Misdirection::BehindTheStage,
            _ => Misdirection::OtherPath,
        }),
        _ => None,
    }
}

/// The path of a request as it is on the default endpoint.
fn staged<'r>(api: &Api, request: &'r ManagementRequest) -> Result<Cow<'r, str>, domain::Astray> {
    let host = request.headers.get("Host").unwrap_or_default();
    domain::staged(api, host, &request.path)
}

/// The first segment of a request's path, decoded: its stage.
fn stage(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or_default();
    decode(path.split('/').next().unwrap_or_default(), Plus::Literal)
}

/// The path below the stage as it was sent, which the resource of `execute-api:Invoke` ends in.
///
/// Realises: MANAGEMENT-49
pub(crate) fn below(api: &Api, request: &ManagementRequest) -> String {
    let path = staged(api, request);
    below_the_stage(path.as_deref().unwrap_or(&request.path)).to_owned()
}

fn below_the_stage(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').map_or("", |(_, below)| below)
}

/// The connection's id of a request's path, decoded, whatever else the path is.
pub(crate) fn connection_id(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let id = path.rsplit('/').next().unwrap_or_default();
    decode(id, Plus::Literal)
}

impl Refusal {
    /// The response, without the ids that [`stamped`] adds.
    pub fn response(&self) -> HttpResponse {
        let (status, error_type) = match self {
            Self::Forbidden | Self::NoMethod { .. } => (403, "ForbiddenException"),
            Self::InvalidConnectionId(_) | Self::NotText => (400, "BadRequestException"),
            Self::PayloadTooLarge => (413, "PayloadTooLargeException"),
            Self::LimitExceeded => (429, "LimitExceededException"),
            Self::Signature(rejection) => (403, rejection.error_type()),
            Self::AccessDenied(_) => (403, "AccessDeniedException"),
        };
        let message = match self {
            Self::Forbidden => "Forbidden".to_owned(),
            Self::NoMethod { route, method } => {
                format!("No method found matching route {route} for http method {method}.")
            }
            Self::InvalidConnectionId(id) => format!("Invalid connectionId: {id}"),
            Self::PayloadTooLarge => {
                format!("the data are larger than {} bytes", limits::MESSAGE_BYTES)
            }
            Self::NotText => "the data are not UTF-8".to_owned(),
            Self::LimitExceeded | Self::AccessDenied(_) => String::new(),
            Self::Signature(rejection) => rejection.message(),
        };
        let mut response = json(HttpResponse::new(status)).header("x-amzn-errortype", error_type);
        if let Self::AccessDenied(message) = self {
            response.body = access_denied(message);
            return response;
        }
        if message.is_empty() {
            return response; // the service model gives this error no members
        }
        response.message(&message)
    }
}

/// 200 without a body: the data were delivered.
///
/// Realises: MANAGEMENT-3
pub fn posted() -> HttpResponse {
    json(HttpResponse::new(200))
}

/// 204: the connection is closed.
///
/// Realises: MANAGEMENT-18
pub fn deleted() -> HttpResponse {
    HttpResponse::new(204)
}

/// 410 without a body: the connection is gone, or never was, whatever is asked.
///
/// Realises: MANAGEMENT-4 to MANAGEMENT-6, MANAGEMENT-16, MANAGEMENT-19, MANAGEMENT-20
pub fn gone() -> HttpResponse {
    json(HttpResponse::new(410)).header("x-amzn-errortype", "GoneException")
}

/// GetConnection's answer, printed as AWS prints it: two spaces, ` : `, `null` for a client without
/// a user agent.
///
/// Realises: MANAGEMENT-10, MANAGEMENT-12, MANAGEMENT-13, MANAGEMENT-15, MANAGEMENT-47
pub fn status(connection: &Connection) -> HttpResponse {
    let user_agent = match &connection.user_agent {
        Some(text) => serde_json::Value::from(text.as_str()).to_string(),
        None => "null".to_owned(),
    };
    let source_ip = serde_json::Value::from(connection.source_ip.as_str());
    let (connected_at, last_active_at) = (connection.connected_at, connection.last_active_at);
    let mut response = json(HttpResponse::new(200));
    response.body = format!(
        "{{\n  \
         \"identity\" : {{\n    \
         \"sourceIp\" : {source_ip},\n    \
         \"userAgent\" : {user_agent}\n  \
         }},\n  \
         \"connectedAt\" : \"{connected_at}\",\n  \
         \"lastActiveAt\" : \"{last_active_at}\"\n\
         }}"
    );
    response
}

/// Adds what every answer carries: `x-amzn-requestid` (a UUID) and `x-amz-apigw-id`;
/// the trace id is the caller's, since a refusal has none.
///
/// Realises: MANAGEMENT-22, MANAGEMENT-23, MANAGEMENT-21
pub fn stamped(response: HttpResponse, uuid: &str, request_id: &str) -> HttpResponse {
    response
        .header("x-amzn-requestid", uuid)
        .header("x-amz-apigw-id", request_id)
}

fn json(response: HttpResponse) -> HttpResponse {
    response.header("content-type", "application/json")
}

#[cfg(test)]
mod tests;
