//! HTTP backends and services: the requests that the machine asks for, made.
//!
//! One connection a request: a gateway on a developer's machine has no need of a pool, and a backend that was started anew is found.

use std::sync::{Arc, OnceLock, Weak};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use spec::http::{Headers, HttpAnswer, HttpRequest};
use spec::io::{CallId, HttpCall, HttpOutcome, Outcome, Service, ServiceCall};
use spec::{Input, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::clock::Clock;
use crate::hub::Hub;

/// Makes requests, each in a task of its own.
pub(crate) struct Backends {
    hub: Weak<Hub>,
    clock: Clock,
    dynamodb_url: String,
    region: String,
}

/// The most bytes of an answer's body (INTEGRATION-95).
const ANSWER_BYTES: usize = 10 * 1024 * 1024;

impl Backends {
    /// `dynamodb_url` is where DynamoDB is, `region` the one that requests to it name.
    pub(crate) fn new(hub: Weak<Hub>, clock: Clock, dynamodb_url: String, region: String) -> Self {
        Self {
            hub,
            clock,
            dynamodb_url,
            region,
        }
    }

    /// Starts a request; its result comes later, to [`Hub::input`].
    pub(crate) fn request(&self, call: HttpCall) {
        self.start(call.id, call.request, call.deadline, Outcome::Http);
    }

    /// Starts the call of a service, as [`request`](Self::request).
    pub(crate) fn call_service(&self, call: ServiceCall) {
        let Service::DynamoDb = call.service;
        let region = &self.region;
        // The local engine checks no signature, but wants to see one.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=local/20240101/{region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
        );
        let headers = Headers::from_iter([
            ("Content-Type", "application/x-amz-json-1.0".to_owned()),
            ("X-Amz-Target", format!("DynamoDB_20120810.{}", call.action)),
            ("X-Amz-Date", "20240101T000000Z".to_owned()),
            ("Authorization", authorization),
        ]);
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: self.dynamodb_url.clone(),
            headers,
            body: call.body,
        };
        self.start(call.id, request, call.deadline, Outcome::Service);
    }

    /// `outcome` says what kind of call it is.
    fn start(
        &self,
        id: CallId,
        request: HttpRequest,
        deadline: Timestamp,
        outcome: fn(HttpOutcome) -> Outcome,
    ) {
        let hub = self.hub.clone();
        let clock = self.clock.clone();
        tokio::spawn(async move {
            let answer = tokio::select! {
                answer = answer(request) => answer,
                // The machine has a timer of its own; this one only gives up what nobody waits for.
                () = clock.sleep_until(Some(deadline)) => return,
            };
            let answer = match answer {
                Ok(answer) => HttpOutcome::Answered(answer),
                Err(problem) => HttpOutcome::Failed(problem),
            };
            if let Some(hub) = hub.upgrade() {
                hub.input(Input::CallFinished {
                    id,
                    outcome: outcome(answer),
                });
            }
        });
    }
}

/// Makes a request, and follows no redirection (INTEGRATION-94).
async fn answer(request: HttpRequest) -> Result<HttpAnswer, String> {
    let uri: Uri = request
        .url
        .parse()
        .map_err(|error| format!("`{}` is no address: {error}", request.url))?;
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let failed = |doing: &str, error: &dyn std::fmt::Display| {
        format!("{doing} `{host}`, port {port}: {error}")
    };
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| failed("can not connect to", &error))?;
    let request = prepared(&uri, request)?;
    let response = if is_https {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| failed("no TLS with", &error))?;
        let stream = tls()?
            .connect(name, stream)
            .await
            .map_err(|error| failed("no TLS with", &error))?;
        exchanged(stream, request).await
    } else {
        exchanged(stream, request).await
    };
    response.map_err(|error| failed("no answer from", &error))
}

/// The request as it goes over the wire.
fn prepared(uri: &Uri, request: HttpRequest) -> Result<Request<Full<Bytes>>, String> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let mut builder = Request::builder()
        .method(&*request.method)
        .uri(target)
        .header(HOST, host);
    for (name, value) in request.headers.iter() {
        builder = builder.header(name, value.as_bytes());
    }
    // hyper leaves it out where there is no body; most backends want it with these methods.
    if request.body.is_empty() && matches!(&*request.method, "POST" | "PUT" | "PATCH") {
        builder = builder.header(CONTENT_LENGTH, 0);
    }
    builder
        .body(Full::new(Bytes::from(request.body)))
        .map_err(|error| format!("no request can be made of it: {error}"))
}

/// Sends a request on a connection, and takes the answer.
async fn exchanged<S>(stream: S, request: Request<Full<Bytes>>) -> Result<HttpAnswer, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // Ends with this function, whatever happens.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let (parts, body) = Response::into_parts(response);
    let body = Limited::new(body, ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| format!("its body: {error}"))?;
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str(), value)
    });
    Ok(HttpAnswer {
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body: body.to_bytes().to_vec(),
    })
}

/// TLS with the certificates that this machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` say others), read at the first use.
fn tls() -> Result<TlsConnector, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("this machine trusts no certificate: no TLS is possible".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    config.clone().map(TlsConnector::from)
}
