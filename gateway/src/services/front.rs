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
use serde_json::Value as Json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::http1::{Connection, Head, ReadError};
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

/// Errors that programs count on.
const EXPECTED: [&str; 2] = [
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
];

/// Serves until it is dropped.
pub(super) async fn run(
    front: Arc<Front>,
    listener: TcpListener,
    (hosts, acceptor): (Hosts, TlsAcceptor),
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let front = Arc::clone(&front);
                    let (hosts, acceptor) = (hosts.clone(), acceptor.clone());
                    connections.spawn(async move {
                        serve::accept(&*front, &hosts, &acceptor, stream).await;
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

/// What answers DynamoDB's requests.
pub(crate) struct Front {
    database: Database,
    /// Counts each request that may have changed an item.
    written: watch::Sender<u64>,
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
        let request = Bytes::from(body);
        let operation = operation(&head).to_owned();
        // The task goes on if the client leaves: a request that is under way is not cut short.
        let answered = self.ask(head, request.clone()).await;
        if !reads(&operation) {
            self.written.send_modify(|count| *count += 1);
        }
        let (status, fields, body) = answered.unwrap_or_else(|error| {
            let causes = crate::error::with_causes(&error);
            tracing::warn!("the local DynamoDB: {causes}");
            (500, Vec::new(), Bytes::new())
        });
        if status >= 400
            && let Some(refusal) = refusal(&operation, &request, &body)
        {
            tracing::warn!("{refusal}");
        }
        let fields = fields.iter().map(|(name, value)| (&**name, &**value));
        let written = connection.respond(status, fields, &body, keep_alive).await;
        (written.is_ok() && keep_alive).then_some(connection)
    }
}

type Answer = (u16, Vec<(String, String)>, Bytes);

impl Front {
    pub(super) fn new(database: Database, written: watch::Sender<u64>) -> Self {
        Self {
            database,
            written,
            idle: Mutex::new(Vec::new()),
        }
    }

    async fn ask(&self, head: Head, body: Bytes) -> Result<Answer, Unanswered> {
        let method =
            Method::from_bytes(head.method.as_bytes()).map_err(hyper::http::Error::from)?;
        let mut request = Request::builder().method(method).uri(&*head.target);
        let fields = head.headers.iter();
        for (name, value) in fields.filter(|(name, _)| is_handed_on(name)) {
            request = request.header(name, value.as_bytes());
        }
        let request = request.body(Full::new(body))?;
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

/// `PutItem`; nothing if the request names no operation.
fn operation(head: &Head) -> &str {
    let target = head.headers.get("X-Amz-Target").unwrap_or_default();
    target
        .rsplit_once('.')
        .map_or("", |(_, operation)| operation)
}

/// Whether an operation leaves all items as they are.
fn reads(operation: &str) -> bool {
    let verbs = [
        "Get",
        "BatchGet",
        "TransactGet",
        "Query",
        "Scan",
        "List",
        "Describe",
    ];
    verbs.iter().any(|verb| operation.starts_with(verb))
}

/// What the log says of a request that was refused; nothing of what programs count on: conditions
/// that do not hold.
fn refusal(operation: &str, request: &[u8], answer: &[u8]) -> Option<String> {
    let answer: Json = serde_json::from_slice(answer).unwrap_or_default();
    let kind = answer["__type"].as_str().unwrap_or("an unknown error");
    let kind = kind.rsplit_once('#').map_or(kind, |(_, kind)| kind);
    if EXPECTED.contains(&kind) {
        return None;
    }
    let request: Json = serde_json::from_slice(request).unwrap_or_default();
    let table = request["TableName"].as_str();
    let table = table.map_or_else(String::new, |table| format!(" of `{table}`"));
    let operation = if operation.is_empty() {
        "a request without an operation"
    } else {
        operation
    };
    // `message`, as a rule.
    let message = answer["message"].as_str().or(answer["Message"].as_str());
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    Some(format!(
        "DynamoDB refuses {operation}{table} with {kind}{message}"
    ))
}

fn is_handed_on(field: &str) -> bool {
    !OWN_FIELDS.iter().any(|own| field.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_operation_table_and_error() {
        let request = br#"{"TableName":"Rows","Key":{}}"#;
        let error = |kind: &str| {
            format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"why"}}"#)
        };
        let said = |kind| refusal("GetItem", request, error(kind).as_bytes());
        assert_eq!(
            said("ValidationException").as_deref(),
            Some("DynamoDB refuses GetItem of `Rows` with ValidationException: why")
        );
        assert_eq!(said("ConditionalCheckFailedException"), None);
        assert_eq!(
            refusal("", b"no json", b"").as_deref(),
            Some("DynamoDB refuses a request without an operation with an unknown error")
        );
    }

    #[test]
    fn what_may_write_is_known_by_its_name() {
        for operation in ["PutItem", "TransactWriteItems", "ExecuteStatement", ""] {
            assert!(!reads(operation), "{operation}");
        }
        for operation in ["GetItem", "BatchGetItem", "GetRecords", "Scan"] {
            assert!(reads(operation), "{operation}");
        }
    }
}
