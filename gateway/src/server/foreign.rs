//! Calls of other services: functions are led here with them (`AWS_ENDPOINT_URL`), so that they hear
//! that there is none instead of calling the internet. Some SDKs look at no variable but that, also
//! for DynamoDB.

use serde_json::json;

use crate::http1::{Connection, Head};

/// The services that this port has, as signatures spell them.
const OWN: [&str; 2] = ["execute-api", "lambda"];

/// The service that a signed request is for, if it is none of this port's.
pub(super) fn service(head: &Head) -> Option<String> {
    // A handshake or a call of `@connections` that is signed for another service is answered as AWS
    // answers it.
    let is_call = ["@connections", "%40connections"].map(|name| head.path().contains(name));
    if is_call.contains(&true) || head.headers.has_token("Upgrade", "websocket") {
        return None;
    }
    let authorization = head.headers.get("Authorization")?;
    let (_, scope) = authorization.split_once("Credential=")?;
    // KEY/DATE/REGION/SERVICE/aws4_request
    let service = scope.split([',', ' ']).next()?.split('/').nth(3)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_foreign = !OWN.contains(&service) && !service.is_empty() && service.chars().all(is_name);
    is_foreign.then(|| service.to_owned())
}

/// Answers that there is no such service here; whether another request may follow.
pub(super) async fn refuse(connection: &mut Connection, head: &Head, service: &str) -> bool {
    let keep_alive = head.keep_alive && connection.whole(head, 0).await.is_ok();
    let message = match service {
        "dynamodb" => {
            "DynamoDB is not on this port: `AWS_ENDPOINT_URL_DYNAMODB` says where".to_owned()
        }
        service => {
            let name = service.to_ascii_uppercase();
            format!("gatespec has no {name}: give it one with `--endpoint {service}=URL`")
        }
    };
    tracing::warn!("{message}");
    let (content_type, body) = error(head, service, &message);
    let headers = [
        ("content-type", content_type),
        ("x-amzn-errortype", "NotImplemented"),
    ];
    let written = connection
        .respond(501, headers, body.as_bytes(), keep_alive)
        .await;
    written.is_ok() && keep_alive
}

/// An error as SDKs read it of this service: its type, and its text. `message` has no character that
/// XML knows.
///
/// Source: the protocols of botocore 1.43.56 (`query`, `rest-xml`, and JSON for all others).
fn error(head: &Head, service: &str, message: &str) -> (&'static str, String) {
    let error = format!("<Error><Code>NotImplemented</Code><Message>{message}</Message></Error>");
    let is_query = head.headers.get("Content-Type").is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
    });
    match service {
        "s3" | "route53" | "cloudfront" => ("application/xml", error),
        _ if is_query => {
            let body = format!("<ErrorResponse>{error}</ErrorResponse>");
            ("text/xml", body)
        }
        _ => {
            let body = json!({"__type": "NotImplemented", "message": message});
            ("application/json", body.to_string())
        }
    }
}
