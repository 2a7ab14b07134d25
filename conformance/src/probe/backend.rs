//! The probe as an HTTP backend, for integrations that call one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use spec::base64;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{End, Plan, function};

/// A running backend. It ends when it is dropped.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    management: Arc<OnceLock<String>>,
    task: JoinHandle<()>,
}

/// What the probe answers over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Backend {
    /// Listens on a port of this machine that the system chooses.
    ///
    /// # Errors
    /// A machine that lets nobody listen.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let management = Arc::new(OnceLock::new());
        let reports = Arc::clone(&management);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let reports = Arc::clone(&reports);
                let service = service_fn(move |request| answer(request, Arc::clone(&reports)));
                // A caller that goes away in the middle has its reasons.
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .preserve_header_case(true)
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Ok(Self {
            address,
            management,
            task,
        })
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says where the `@connections` API is that it reports through. The first word counts.
    pub(crate) fn reports_through(&self, management_url: &str) {
        self.management.get_or_init(|| management_url.to_owned());
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reply {
    /// The answer that a plan's end stands for: a result in the form of a proxy integration's,
    /// whose body may be base64 for other bytes than text.
    pub fn of(end: &End) -> Option<Self> {
        let result: Value = match end {
            End::Returns(text) => serde_json::from_str(text).unwrap_or_default(),
            End::Fails(text) => json!({"statusCode": 500, "body": text}),
            End::Exits => return None,
        };
        let headers = result["headers"].as_object().cloned().unwrap_or_default();
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Some(Self {
            status: result["statusCode"]
                .as_u64()
                .and_then(|status| status.try_into().ok())
                .unwrap_or(200),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            body: match result["body"].as_str().and_then(base64::decode) {
                Some(bytes) if result["isBase64Encoded"] == true => bytes,
                _ => result.get("body").map(text).unwrap_or_default().into(),
            },
        })
    }
}

/// An HTTP request as the probe reports it: names in lower case, since they have none.
pub fn event<'a>(
    method: &str,
    target: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &str,
) -> Value {
    let mut fields = Map::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        match fields.get_mut(&name) {
            // As RFC 9110 joins them.
            Some(Value::String(known)) => known.push_str(&format!(", {value}")),
            _ => {
                fields.insert(name, value.into());
            }
        }
    }
    json!({"method": method, "target": target, "headers": fields, "body": body})
}

async fn answer(
    request: hyper::Request<Incoming>,
    management: Arc<OnceLock<String>>,
) -> Result<hyper::Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let event = event(
        head.method.as_str(),
        target,
        headers,
        &String::from_utf8_lossy(&body),
    );
    let plan = Plan::of_request(&event);
    if let Some(management) = management.get()
        && let Err(problem) = function::perform(&plan, management).await
    {
        return Ok(response(&Reply {
            status: 500,
            headers: Vec::new(),
            body: problem.to_string().into(),
        }));
    }
    Ok(response(&Reply::of(&plan.end).unwrap_or(Reply {
        status: 500,
        headers: Vec::new(),
        body: Vec::new(),
    })))
}

fn response(reply: &Reply) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(reply.body.clone()));
    response.body(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!({"statusCode": 404, "body": "/wA="}), 404, b"/wA=")]
    #[case(json!({"body": "/wA=", "isBase64Encoded": true}), 200, &[255, 0])]
    #[case(json!({"body": {"a": 1}}), 200, br#"{"a":1}"#)]
    fn a_result_is_an_answer(#[case] result: Value, #[case] status: u16, #[case] body: &[u8]) {
        let reply = Reply::of(&End::Returns(result.to_string())).unwrap();
        assert_eq!((reply.status, &*reply.body), (status, body));
    }
}
