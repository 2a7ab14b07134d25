//! The loop over one connection's requests, the same on every port: the gateway's own, each Runtime
//! API's, and DynamoDB's.

use std::fmt;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::mount;
use super::origin::{Hosts, Pages, Refusal};
use crate::http1::{Connection, Head, Limits, ReadError};
use crate::tls::Stream;

/// What listens on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Gateway,
    DynamoDb,
    RuntimeApi,
}

/// Answers requests.
pub(crate) trait Service: Send + Sync {
    /// What it is, for the log.
    const NAME: Name;

    /// Whether this request may come from a web page.
    fn pages(&self, head: &Head) -> Pages;

    /// Answers a request. Gives the connection back if another request may follow.
    fn answer(
        &self,
        connection: Box<Connection>,
        head: Head,
    ) -> impl Future<Output = Option<Box<Connection>>> + Send;
}

/// Answers the requests that come on a connection, plain or with TLS, until it ends.
pub(crate) async fn accept<S: Service>(
    service: &S,
    hosts: &Hosts,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) {
    let limits = Limits::default();
    let peer = stream.peer_addr();
    match timeout(limits.head, Stream::accept(stream, acceptor)).await {
        Ok(Ok(Some(stream))) => serve(service, hosts, limits, stream).await,
        Ok(Ok(None)) | Err(_) => {}
        Ok(Err(error)) => {
            let client = peer.map_or_else(|_| "unknown".to_owned(), |peer| peer.to_string());
            tracing::warn!(
                "no TLS with a client at {client}: {error}; it must trust the authority whose \
                 file `gatespec ca` names"
            );
        }
    }
}

/// Answers the requests that come on a connection, one after another, until it ends.
pub(crate) async fn serve<S: Service>(service: &S, hosts: &Hosts, limits: Limits, stream: Stream) {
    // It moves from future to future.
    let mut connection = Box::new(Connection::new(stream, limits));
    // The `Host` that was let in last: a client says the same in all of its requests.
    let mut known = None;
    loop {
        let head = match connection.head().await {
            Ok(Some(head)) => head,
            Ok(None) | Err(ReadError::Gone) => return,
            Err(ReadError::Malformed(status)) => {
                if connection.is_tls_hello() {
                    tracing::warn!(
                        "a client wants TLS of {}, which has none: its address begins with `http://`",
                        S::NAME
                    );
                }
                // Whoever sent that may have gone.
                let _ = connection.respond(status, [], b"", false).await;
                return;
            }
        };
        if known.is_none() {
            note_stray(S::NAME, &head);
        }
        let host = head.headers.get("Host");
        let refusal = hosts.refusal(&head, service.pages(&head), known.as_deref());
        if refusal.is_none() && known.as_deref() != host {
            known = host.map(str::to_owned);
        }
        if let Some(refusal) = refusal {
            let text = match &refusal {
                // `--allow-host` opens the API, and not its inspect page.
                Refusal::Host(host) if mount::is_meant(head.path()) => mount::foreign(host),
                refusal => refusal.to_string(),
            };
            let text = crate::log::escape(&text).into_owned();
            tracing::warn!("{} {} refused with 403: {text}", head.method, head.path());
            let headers = [
                ("content-type", "text/plain; charset=utf-8"),
                ("x-content-type-options", "nosniff"),
            ];
            let body = format!("{text}\n");
            let _ = connection
                .respond(403, headers, body.as_bytes(), false)
                .await;
            return;
        }
        match service.answer(connection, head).await {
            Some(same) => connection = same,
            None => return,
        }
    }
}

/// Notes a request that was meant for another port.
fn note_stray(here: Name, head: &Head) {
    let target = head.headers.get("X-Amz-Target").unwrap_or_default();
    let is_for_the_gateway =
        head.headers.has_token("Upgrade", "websocket") || head.path().contains("/@connections/");
    // What is signed is answered, or told that there is no DynamoDB.
    let is_signed = head.headers.get("Authorization").is_some();
    let meant = match is_for_the_gateway {
        true => Name::Gateway,
        false if target.starts_with("DynamoDB") && !is_signed => Name::DynamoDb,
        false => return,
    };
    if meant != here {
        let path = crate::log::escape(head.path());
        tracing::warn!(
            "{} {path}: a request for {meant} came to the port of {here}: its client has the wrong \
             address",
            head.method
        );
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway => "the gateway",
            Self::DynamoDb => "the local DynamoDB",
            Self::RuntimeApi => "a function's Runtime API",
        })
    }
}
