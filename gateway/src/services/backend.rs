//! HTTP backends and services: the requests that the machine asks for, made.
//!
//! One connection a request: a gateway on a developer's machine has no need of a pool, and a backend
//! that was started anew is found.

use std::io;
use std::sync::{Arc, OnceLock, Weak};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use spec::Timestamp;
use spec::http::{HttpAnswer, HttpRequest};
use spec::io::{CallId, HttpCall, HttpOutcome, Outcome, ServiceCall};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::aws::Services;
use super::spelling::Spelled;
use crate::calls::Results;
use crate::clock::Clock;
use crate::error::with_causes;

/// Makes requests, each in a task of its own.
pub(crate) struct Backends {
    results: Weak<dyn Results>,
    clock: Clock,
    services: Arc<Services>,
}

/// The most bytes of an answer's body.
///
/// Realises: INTEGRATION-95.
const ANSWER_BYTES: usize = 10 * 1024 * 1024;

impl Backends {
    pub(crate) fn new(results: Weak<dyn Results>, clock: Clock, services: Arc<Services>) -> Self {
        Self {
            results,
            clock,
            services,
        }
    }

    /// Starts a request; its result comes later, to [`Results::finished`].
    pub(crate) fn request(&self, call: HttpCall) {
        self.start(call.id, call.request, call.deadline, Outcome::Http);
    }

    /// Starts the call of a service, as [`request`](Self::request).
    pub(crate) fn call_service(&self, call: ServiceCall) {
        let ServiceCall {
            id,
            request,
            deadline,
        } = call;
        if let Some(url) = self.services.address(&request.service) {
            let request = self.services.signed(url, request, self.clock.now());
            return self.start(id, request, deadline, Outcome::Service);
        }
        // Kept at once, in the order of the messages; answered later, since the hub is locked.
        let entry = self.services.outbox.keep(self.clock.now(), request);
        let results = self.results.clone();
        tokio::spawn(async move {
            let outcome = entry.answer();
            if let Some(results) = results.upgrade() {
                results.finished(id, Outcome::Service(outcome));
            }
        });
    }

    /// `outcome` says what kind of call it is.
    fn start(
        &self,
        id: CallId,
        request: HttpRequest,
        deadline: Timestamp,
        outcome: fn(HttpOutcome) -> Outcome,
    ) {
        let results = self.results.clone();
        let clock = self.clock.clone();
        tokio::spawn(async move {
            let answer = tokio::select! {
                answer = answer(request) => answer,
                // The machine has a timer of its own; this one only gives up what nobody waits for.
                () = clock.sleep_until(Some(deadline)) => return,
            };
            let answer = match answer {
                Ok(answer) => HttpOutcome::Answered(answer),
                Err(error) => HttpOutcome::Failed(with_causes(&error)),
            };
            if let Some(results) = results.upgrade() {
                results.finished(id, outcome(answer));
            }
        });
    }
}

/// Why a backend has not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("`{url}` is no address")]
    Address {
        url: String,
        source: hyper::http::uri::InvalidUri,
    },
    #[error("cannot connect to `{host}`, port {port}")]
    Connection {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("no TLS with `{host}`: its name cannot be one of a certificate")]
    Name {
        host: String,
        source: InvalidDnsNameError,
    },
    #[error("no TLS with `{host}`, port {port}")]
    Tls {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("no TLS is possible")]
    NoTls(#[source] TlsError),
    #[error("no request can be made of it")]
    Request(#[from] hyper::http::Error),
    #[error("no answer from `{host}`, port {port}")]
    Exchange {
        host: String,
        port: u16,
        source: ExchangeError,
    },
}

/// What went wrong on a connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("the exchange failed")]
    Http(#[from] hyper::Error),
    /// Also one that is too large.
    #[error("its body cannot be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why this machine has no TLS.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("this machine trusts no certificate")]
    NoCertificates,
    #[error("it cannot be set up")]
    SetUp(#[from] tokio_rustls::rustls::Error),
}

/// Makes a request, and follows no redirection. Header names are spelled as they were written.
///
/// Realises: INTEGRATION-94, INTEGRATION-98.
pub(super) async fn answer(request: HttpRequest) -> Result<HttpAnswer, Unanswered> {
    let uri: Uri = request.url.parse().map_err(|source| Unanswered::Address {
        url: request.url.clone(),
        source,
    })?;
    let host = uri.host().unwrap_or_default();
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = match TcpStream::connect((&*host, port)).await {
        Ok(stream) => stream,
        Err(source) => return Err(Unanswered::Connection { host, port, source }),
    };
    let names = request.headers.clone();
    let request = prepared(&uri, request)?;
    let exchanged = if is_https {
        match encrypted(&host, port, stream).await {
            Ok(stream) => exchanged(Spelled::new(stream, &names), request).await,
            Err(error) => return Err(error),
        }
    } else {
        exchanged(Spelled::new(stream, &names), request).await
    };
    exchanged.map_err(|source| Unanswered::Exchange { host, port, source })
}

/// The stream with TLS on it.
async fn encrypted(
    host: &str,
    port: u16,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Unanswered> {
    let name = ServerName::try_from(host.to_owned()).map_err(|source| Unanswered::Name {
        host: host.to_owned(),
        source,
    })?;
    let connector = tls().map_err(Unanswered::NoTls)?;
    let connected = connector.connect(name, stream).await;
    connected.map_err(|source| Unanswered::Tls {
        host: host.to_owned(),
        port,
        source,
    })
}

/// The request as it goes over the wire.
fn prepared(uri: &Uri, request: HttpRequest) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
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
    builder.body(Full::new(Bytes::from(request.body)))
}

/// Sends a request on a connection, and takes the answer.
async fn exchanged<S>(stream: S, request: Request<Full<Bytes>>) -> Result<HttpAnswer, ExchangeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await?;
    // Ends with this function, whatever happens.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let response = sender.send_request(request).await?;
    let (parts, body) = Response::into_parts(response);
    let body = Limited::new(body, ANSWER_BYTES).collect().await;
    let body = body.map_err(ExchangeError::Body)?;
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

/// TLS with the certificates that this machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` name
/// others), read at the first use.
fn tls() -> Result<TlsConnector, TlsError> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, TlsError>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(TlsError::NoCertificates);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    config.clone().map(TlsConnector::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::http::Headers;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    // A listener of bytes: any HTTP library would hide how names are spelled.
    #[tokio::test]
    async fn header_names_keep_their_case_on_the_wire() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: format!("http://127.0.0.1:{port}/message"),
            headers: Headers::from_iter([
                ("connectionId", "R1kmxc2VNjMCFIA="),
                ("X-Amzn-Apigateway-Api-Id", "abc"),
                ("x-lower", "1"),
                ("X-UPPER", "2"),
            ]),
            body: b"hey queen".to_vec(),
        };
        let backend = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"hey queen") {
                assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "{seen:?}");
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(seen).unwrap()
        };
        let (answer, seen) = tokio::join!(answer(request), backend);
        assert_eq!(answer.unwrap().body, b"ok");
        for line in [
            "connectionId: R1kmxc2VNjMCFIA=",
            "X-Amzn-Apigateway-Api-Id: abc",
            "x-lower: 1",
            "X-UPPER: 2",
            "Content-Length: 9",
        ] {
            assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line}: {seen}");
        }
    }
}
