//! The loop over one connection's requests, the same on every port: the gateway's own, each Runtime
//! API's, and DynamoDB's.

use tokio::net::TcpStream;

use super::origin::{Hosts, Pages};
use crate::http1::{Connection, Head, Limits, ReadError};

/// Answers requests.
pub(crate) trait Service: Send + Sync {
    /// Whether this request may come from a web page.
    fn pages(&self, head: &Head) -> Pages;

    /// Answers a request. Gives the connection back if another request may follow.
    fn answer(
        &self,
        connection: Box<Connection>,
        head: Head,
    ) -> impl Future<Output = Option<Box<Connection>>> + Send;
}

/// Answers the requests that come on a connection, one after another, until it ends.
pub(crate) async fn serve(
    service: &impl Service,
    hosts: &Hosts,
    limits: Limits,
    stream: TcpStream,
) {
    // It moves from future to future.
    let mut connection = Box::new(Connection::new(stream, limits));
    // The `Host` that was let in last: a client says the same in all of its requests.
    let mut known = None;
    loop {
        let head = match connection.head().await {
            Ok(Some(head)) => head,
            Ok(None) | Err(ReadError::Gone) => return,
            Err(ReadError::Malformed(status)) => {
                // Whoever sent that may have gone.
                let _ = connection.respond(status, [], b"", false).await;
                return;
            }
        };
        let host = head.headers.get("Host");
        let refusal = hosts.refusal(&head, service.pages(&head), known.as_deref());
        if refusal.is_none() && known.as_deref() != host {
            known = host.map(str::to_owned);
        }
        if let Some(refusal) = refusal {
            let text = crate::log::escape(&refusal.to_string()).into_owned();
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
