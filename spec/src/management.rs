#![doc = include_str!("../requirements/management.md")]

use crate::api::Api;
use crate::connection::Connection;
use crate::handshake::access_denied;
use crate::http::HttpResponse;
use crate::ids;
use crate::io::ManagementRequest;
use crate::limits;
use crate::percent::{Plus, decode};
use crate::signature::Rejection;

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
    /// Another stage, path or method.
    ///
    /// Realises: MANAGEMENT-39, MANAGEMENT-40, MANAGEMENT-45
    Forbidden,
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

/// Whether a path belongs to the `@connections` API, on whatever stage: the shell's way to tell it
/// from a handshake.
pub fn is_management_path(path: &str) -> bool {
    decode(path, Plus::Literal)
        .split('/')
        .nth(2)
        .is_some_and(|segment| segment == "@connections")
}

/// Reads a request: the operation and the connection's id, percent-encoded or not.
///
/// # Errors
/// The refusal to answer with.
///
/// Realises: MANAGEMENT-24, MANAGEMENT-25
pub fn parse(api: &Api, request: &ManagementRequest) -> Result<(Operation, String), Refusal> {
    let path = request.path.split('?').next().unwrap_or_default();
    let segments: Vec<String> = path
        .split('/')
        .map(|part| decode(part, Plus::Literal))
        .collect();
    let ["", stage, "@connections", id] =
        segments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return Err(Refusal::Forbidden);
    };
    if stage != api.stage.stage_name {
        return Err(Refusal::Forbidden);
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
        _ => return Err(Refusal::Forbidden),
    };
    if !ids::is_well_formed(id) {
        return Err(Refusal::InvalidConnectionId(id.to_owned()));
    }
    Ok((operation, id.to_owned()))
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
            Self::Forbidden => (403, "ForbiddenException"),
            Self::InvalidConnectionId(_) | Self::NotText => (400, "BadRequestException"),
            Self::PayloadTooLarge => (413, "PayloadTooLargeException"),
            Self::LimitExceeded => (429, "LimitExceededException"),
            Self::Signature(rejection) => (403, rejection.error_type()),
            Self::AccessDenied(_) => (403, "AccessDeniedException"),
        };
        let message = match self {
            Self::Forbidden => "Forbidden".to_owned(),
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
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;
    use rstest::rstest;

    fn parsed(method: &str, path: &str, body: &[u8]) -> Result<(Operation, String), Refusal> {
        let request = ManagementRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_vec(),
            ..ManagementRequest::default()
        };
        parse(&Api::new("$request.body.action", "stage"), &request)
    }

    // `@` and `=` arrive encoded (SDKs) or as they are (curl).
    #[rstest]
    #[case("/stage/@connections/R1kmxc2VNjMCFIA=")]
    #[case("/stage/%40connections/R1kmxc2VNjMCFIA%3D")]
    #[case("/stage/@connections/R1kmxc2VNjMCFIA%3d?x=y")]
    fn encoded_paths_are_read(#[case] path: &str) {
        let id = "R1kmxc2VNjMCFIA=".to_owned();
        assert!(is_management_path(path));
        assert_eq!(parsed("GET", path, b""), Ok((Operation::Get, id.clone())));
        assert_eq!(
            parsed("POST", path, b"hi"),
            Ok((Operation::Post("hi".to_owned()), id.clone()))
        );
        assert_eq!(parsed("DELETE", path, b""), Ok((Operation::Delete, id)));
    }

    #[rstest]
    #[case("POST", "/other/@connections/R1kmxc2VNjMCFIA=", Refusal::Forbidden)]
    #[case("PUT", "/stage/@connections/R1kmxc2VNjMCFIA=", Refusal::Forbidden)]
    #[case("POST", "/stage/@connections", Refusal::Forbidden)]
    #[case("POST", "/stage/@connections/a/b", Refusal::Forbidden)]
    #[case("POST", "/stage/@connections/WDGT8fY4joECJrQ=test", Refusal::InvalidConnectionId("WDGT8fY4joECJrQ=test".to_owned()))]
    fn the_rest_is_refused(#[case] method: &str, #[case] path: &str, #[case] refusal: Refusal) {
        assert_eq!(parsed(method, path, b""), Err(refusal));
    }

    #[test]
    fn the_recorded_400_comes_out_to_the_byte() {
        let response = Refusal::InvalidConnectionId("WDGT8fY4joECJrQ=test".to_owned()).response();
        assert_eq!(
            response.body,
            r#"{"message":"Invalid connectionId: WDGT8fY4joECJrQ=test"}"#
        );
        assert_eq!(response.body.len(), 56);
    }

    #[test]
    fn a_message_may_have_128_kib() {
        let path = "/stage/@connections/R1kmxc2VNjMCFIA=";
        assert!(parsed("POST", path, &vec![b'x'; 131_072]).is_ok());
        assert_eq!(
            parsed("POST", path, &vec![b'x'; 131_073]),
            Err(Refusal::PayloadTooLarge)
        );
        assert_eq!(parsed("POST", path, b"\xff"), Err(Refusal::NotText));
    }

    #[test]
    fn the_recorded_status_comes_out_to_the_byte() {
        let connection = Connection {
            connection_id: "R1kmxc2VNjMCFIA=".to_owned(),
            connected_at: Timestamp::from_millis(1_605_442_994_726),
            last_active_at: Timestamp::from_millis(1_605_442_994_972),
            domain_name: "localhost".to_owned(),
            source_ip: "1.2.3.4".to_owned(),
            user_agent: None,
            principal: None,
            caller: None,
            api_key: None,
        };
        assert_eq!(
            status(&connection).body,
            "{\n  \
             \"identity\" : {\n    \
             \"sourceIp\" : \"1.2.3.4\",\n    \
             \"userAgent\" : null\n  \
             },\n  \
             \"connectedAt\" : \"2020-11-15T12:23:14.726Z\",\n  \
             \"lastActiveAt\" : \"2020-11-15T12:23:14.972Z\"\n\
             }"
        );
    }

    /// What can be wrong with a request.
    #[derive(Clone, Debug)]
    enum Fault {
        Stage(&'static str),
        Method(&'static str),
        Segment,
        Id(&'static str),
        NotText,
        TooLarge,
    }

    fn fault() -> impl Strategy<Value = Fault> {
        prop_oneof![
            prop::sample::select(vec!["Stage", "", "stage2", "stag"]).prop_map(Fault::Stage),
            prop::sample::select(vec!["PUT", "get", "HEAD", ""]).prop_map(Fault::Method),
            Just(Fault::Segment),
            prop::sample::select(vec!["x", "=", "test"]).prop_map(Fault::Id),
            Just(Fault::NotText),
            Just(Fault::TooLarge),
        ]
    }

    fn connection_id() -> impl Strategy<Value = String> {
        (any::<u64>(), any::<u64>()).prop_map(|(random, millis)| {
            struct Fixed(u64);
            impl ids::IdSource for Fixed {
                fn next_u64(&mut self) -> u64 {
                    self.0
                }
            }
            ids::connection_id(&mut Fixed(random), Timestamp::from_millis(millis))
        })
    }

    fn encode((c, is_encoded): (char, &bool)) -> String {
        if *is_encoded && c != '/' {
            format!("%{:02x}", c as u32)
        } else {
            c.to_string()
        }
    }

    proptest! {
        // A request is read whatever is percent-encoded in its path and whatever the query string.
        // With one fault in it, it gets the refusal of that fault.
        #[test]
        fn a_request_is_read_and_each_fault_has_its_refusal(
            id in connection_id(),
            method in prop::sample::select(vec!["GET", "POST", "DELETE"]),
            body in crate::strategy::body(),
            encoded in any::<[bool; 40]>(),
            query in "([?][a-z=/&%]{0,8})?",
            fault in prop::option::of(fault()),
        ) {
            let is_post = method == "POST";
            let (mut stage, mut method, mut end, mut sent) =
                ("stage", method, id.clone(), body.clone().into_bytes());
            let refusal = match fault {
                None => None,
                Some(Fault::Stage(other)) => {
                    stage = other;
                    Some(Refusal::Forbidden)
                }
                Some(Fault::Method(other)) => {
                    method = other;
                    Some(Refusal::Forbidden)
                }
                Some(Fault::Segment) => {
                    end.push_str("/x");
                    Some(Refusal::Forbidden)
                }
                Some(Fault::Id(behind)) => {
                    end.push_str(behind);
                    Some(Refusal::InvalidConnectionId(end.clone()))
                }
                Some(Fault::NotText) => {
                    sent.push(0xff);
                    is_post.then_some(Refusal::NotText)
                }
                Some(Fault::TooLarge) => {
                    sent.resize(limits::MESSAGE_BYTES + 1, b'x');
                    is_post.then_some(Refusal::PayloadTooLarge)
                }
            };
            let plain = format!("/{stage}/@connections/{end}");
            let path: String = plain.chars().zip(encoded.iter().cycle()).map(encode).collect();
            let path = format!("{path}{query}");
            prop_assert!(is_management_path(&path));
            let operation = match method {
                "GET" => Operation::Get,
                "DELETE" => Operation::Delete,
                _ => Operation::Post(body),
            };
            let expected = refusal.map_or(Ok((operation, id)), Err);
            prop_assert_eq!(parsed(method, &path, &sent), expected);
        }

        // What is read is what was asked of `@connections`: nothing else is one of its paths.
        #[test]
        fn only_paths_of_connections_are_read(path in "(/?(stage|@connections|%40connections|R1kmxc2VNjMCFIA=|[a-z%]{0,3})){0,5}") {
            if parsed("GET", &path, b"").is_ok() {
                prop_assert!(is_management_path(&path));
            }
        }
    }
}
