//! The port of the DynamoDB in this process, before the engine's own server.
//!
//! The engine's server lets every web page in (it answers CORS preflights) and cannot be told
//! otherwise. So clients talk to this front, which lets in what `Hosts` lets in and no page, and
//! hands each request on. The engine's server takes a listener only: for each connection of the
//! front's there is one that listens for a moment, on a port that nobody is told, until the front
//! itself has connected.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::http1::{Connection, Head, Limits, ReadError};
use crate::server::origin::{Hosts, Pages};
use crate::server::serve::{self, Name, Service};

/// DynamoDB accepts bodies of 16 MiB.
const BODY_BYTES: usize = 16 * 1024 * 1024;

/// What a request's and a response's fields are about the connection, which is another one here, or
/// about pages.
const OWN_FIELDS: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Serves until it is dropped.
pub(super) async fn run(listener: TcpListener, hosts: Hosts, database: Database) {
    let front = Arc::new(Front {
        database,
        idle: Mutex::new(Vec::new()),
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (front, hosts) = (Arc::clone(&front), hosts.clone());
                    connections.spawn(async move {
                        serve::serve(&*front, &hosts, Limits::default(), stream.into()).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: some may come back.
                    tracing::warn!("the local DynamoDB could not accept a connection: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

struct Front {
    database: Database,
    /// Idle connections to the engine's server.
    idle: Mutex<Vec<Way>>,
}

/// A connection to the engine's server. Both of its ends end with it.
struct Way {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Held, and never sent: the server ends when it is dropped.
    _open: oneshot::Sender<()>,
}

/// Why the engine's server has not answered.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("no connection to the engine")]
    Connection(#[from] std::io::Error),
    #[error("no answer from the engine")]
    Exchange(#[from] hyper::Error),
    #[error("the engine cannot be asked that")]
    Request(#[from] hyper::http::Error),
}

impl Service for Front {
    const NAME: Name = Name::DynamoDb;

    fn pages(&self, _: &Head) -> Pages {
        Pages::Refused
    }

    async fn answer(&self, mut connection: Box<Connection>, head: Head) -> Option<Box<Connection>> {
        let body = match connection.body(&head, BODY_BYTES + 1).await {
            Ok(body) if body.len() > BODY_BYTES => {
                let _ = connection.respond(413, [], b"", false).await;
                return None;
            }
            Ok(body) => body,
            Err(ReadError::Gone) => return None,
            Err(ReadError::Malformed(status)) => {
                let _ = connection.respond(status, [], b"", false).await;
                return None;
            }
        };
        let keep_alive = head.keep_alive;
        // The task goes on if the client leaves: a request that is under way is not cut short.
        let answered = self.ask(head, body).await;
        let (status, fields, body) = answered.unwrap_or_else(|error| {
            let causes = crate::error::with_causes(&error);
            tracing::warn!("the local DynamoDB: {causes}");
            (500, Vec::new(), Bytes::new())
        });
        let fields = fields.iter().map(|(name, value)| (&**name, &**value));
        let written = connection.respond(status, fields, &body, keep_alive).await;
        (written.is_ok() && keep_alive).then_some(connection)
    }
}

type Answer = (u16, Vec<(String, String)>, Bytes);

impl Front {
    async fn ask(&self, head: Head, body: Vec<u8>) -> Result<Answer, Unanswered> {
        let method =
            Method::from_bytes(head.method.as_bytes()).map_err(hyper::http::Error::from)?;
        let mut request = Request::builder().method(method).uri(&*head.target);
        let fields = head.headers.iter();
        for (name, value) in fields.filter(|(name, _)| is_handed_on(name)) {
            request = request.header(name, value.as_bytes());
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let mut way = self.way().await?;
        let response = way.sender.send_request(request).await?;
        let (parts, body) = Response::<Incoming>::into_parts(response);
        let body = body.collect().await?.to_bytes();
        self.idle().push(way);
        let fields = parts.headers.iter();
        let fields = fields.filter(|(name, _)| is_handed_on(name.as_str()));
        let fields = fields.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok((parts.status.as_u16(), fields.collect(), body))
    }

    /// A way that was used before, or a new one.
    async fn way(&self) -> Result<Way, Unanswered> {
        loop {
            let used = self.idle().pop();
            let Some(mut way) = used else {
                return self.new_way().await;
            };
            // Sound as long as the server has not closed it.
            if way.sender.ready().await.is_ok() {
                return Ok(way);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Way>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn new_way(&self) -> Result<Way, Unanswered> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (open, closed) = oneshot::channel::<()>();
        let database = self.database.clone();
        let end = async {
            let _ = closed.await;
        };
        // It accepts what waits at its listener: the front's own connection, made before it starts.
        let stream = TcpStream::connect(address).await?;
        let server = dynoxide::server::serve_with_shutdown(listener, database, end);
        let server = tokio::spawn(server);
        let (sender, mut exchange) = http1::handshake(TokioIo::new(stream)).await?;
        let mut way = Way {
            sender,
            _open: open,
        };
        // Once it answers, it has accepted: the listener goes, what was accepted stays.
        let health = Request::get("/").header("host", "localhost");
        let health = health.body(Full::new(Bytes::new()))?;
        let asked = async {
            let response = way.sender.send_request(health).await?;
            response.into_body().collect().await
        };
        let answered = tokio::select! {
            answered = asked => answered.map(drop),
            ended = &mut exchange => ended,
        };
        server.abort();
        answered?;
        tokio::spawn(exchange);
        Ok(way)
    }
}

fn is_handed_on(field: &str) -> bool {
    !OWN_FIELDS.iter().any(|own| field.eq_ignore_ascii_case(own))
}
