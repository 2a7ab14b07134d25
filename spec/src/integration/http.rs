//! The requests of HTTP integrations: address, headers, body.

use serde_json::Value;

use super::parameter::{Parameter, Target};
use super::{Failure, Request};
use crate::http::{Headers, HttpRequest};
use crate::percent;

/// What an HTTP integration calls.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    /// `ANY` is chosen for each request.
    ///
    /// Realises: INTEGRATION-89
    pub(super) method: String,
    pub(super) url: String,
    /// `HTTP_PROXY`.
    pub(super) proxy: bool,
    /// What a service's protocol wants besides; a mapping may replace it.
    pub(super) headers: Headers,
}

/// What of the client's headers is not for the backend: fields of this one connection (RFC 9110,
/// section 7.6.1), and those that follow from the request to the backend.
const NOT_FORWARDED: [&str; 12] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-apigateway-api-id",
];

impl Backend {
    /// The request to the backend, with `body` in it.
    ///
    /// Realises: INTEGRATION-45
    pub(super) fn request(
        &self,
        request: Request<'_>,
        trace_id: &str,
        parameters: &[Parameter],
        body: Vec<u8>,
    ) -> Result<HttpRequest, Failure> {
        let on_connect = request.event["requestContext"]["eventType"] == "CONNECT";
        let mut headers = if self.proxy && on_connect {
            forwarded(&request.event["multiValueHeaders"])
        } else {
            // INTEGRATION-46, INTEGRATION-48; of a proxy's messages assumed (INTEGRATION-90).
            Headers::from_iter([
                ("Content-Type", "application/json"),
                ("Accept", "application/json"),
            ])
        };
        let api_id = request.event["requestContext"]["apiId"].as_str();
        let api_id = api_id.unwrap_or_default();
        // INTEGRATION-46, INTEGRATION-50, INTEGRATION-90
        headers.push("User-Agent", format!("AmazonAPIGateway_{api_id}"));
        headers.push("X-Amzn-Apigateway-Api-Id", api_id);
        headers.set("X-Amzn-Trace-Id", trace_id); // INTEGRATION-47, INTEGRATION-50
        for (name, value) in self.headers.iter() {
            headers.set(name, value);
        }
        let mut url = self.url.clone();
        for parameter in parameters {
            let values = parameter.values(request);
            match &parameter.target {
                Target::Header(name) => map_header(&mut headers, name, &values)?,
                Target::QueryString(name) => {
                    for value in &values {
                        let separator = if url.contains('?') { '&' } else { '?' };
                        let (name, value) = (
                            percent::encode(name.as_bytes()),
                            percent::encode(value.as_bytes()),
                        );
                        url.push_str(&format!("{separator}{name}={value}"));
                    }
                }
                Target::Path(name) => {
                    let value = values.first().map(String::as_str).unwrap_or_default();
                    // `.` and `..` would lead elsewhere.
                    if matches!(value, "." | "..") {
                        let problem = format!("the path parameter `{name}` is `{value}`");
                        return Err(Failure::Parameter(problem));
                    }
                    url = url.replace(&format!("{{{name}}}"), &percent::encode(value.as_bytes()));
                }
            }
        }
        let method = match &*self.method {
            "ANY" if on_connect => "GET",
            "ANY" => "POST",
            method => method,
        };
        Ok(HttpRequest {
            method: method.to_owned(),
            url,
            headers,
            body,
        })
    }
}

/// The client's headers as the event shows them, without those that are not for the backend.
///
/// Realises: INTEGRATION-49
fn forwarded(fields: &Value) -> Headers {
    let mut headers = Headers::new();
    for (name, values) in fields.as_object().into_iter().flatten() {
        if NOT_FORWARDED.contains(&&*name.to_ascii_lowercase()) {
            continue;
        }
        for value in values.as_array().into_iter().flatten() {
            headers.push(name, value.as_str().unwrap_or_default());
        }
    }
    headers
}

/// Replaces what the header had before by a parameter.
///
/// Realises: INTEGRATION-51
fn map_header(headers: &mut Headers, name: &str, values: &[String]) -> Result<(), Failure> {
    let Some((first, others)) = values.split_first() else {
        return Ok(());
    };
    // A message must not write further header fields, nor a request of its own (INTEGRATION-91).
    if values.iter().any(|value| value.contains(char::is_control)) {
        let problem = format!("the value for the header `{name}` holds a control character");
        return Err(Failure::Parameter(problem));
    }
    headers.set(name, first);
    for value in others {
        headers.push(name, value);
    }
    Ok(())
}
