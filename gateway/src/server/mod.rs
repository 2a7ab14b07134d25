//! One port for clients and backends: WebSocket at `/{stage}`, the `@connections` API below `/{stage}/@connections`.

mod client;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use spec::io::ManagementRequest;
use spec::limits::MESSAGE_BYTES;
use spec::management::is_management_path;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::http1::{Connection, Head, ReadError};
use crate::hub::Hub;

/// Accepts connections until `stop`, then keeps those that are there until it is dropped.
pub(crate) async fn run(hub: Arc<Hub>, listener: TcpListener, stop: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    connections.spawn(connection(Arc::clone(&hub), stream, address));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: some may come back.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop.notified() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    std::future::pending::<()>().await;
}

async fn connection(hub: Arc<Hub>, stream: TcpStream, address: SocketAddr) {
    let mut connection = Connection::new(stream);
    loop {
        let head = match connection.head().await {
            Ok(Some(head)) => head,
            Ok(None) | Err(ReadError::Gone) => return,
            Err(ReadError::Malformed(status)) => {
                let _ = connection.respond(status, [], b"", false).await;
                return;
            }
        };
        let again = if is_management_path(head.path()) {
            management(&hub, &mut connection, head, address).await
        } else {
            match upgrade::handshake(&hub, connection, head, address).await {
                Some(same) => {
                    connection = same;
                    true
                }
                None => return,
            }
        };
        if !again {
            return;
        }
    }
}

/// Answers a request to the `@connections` API; whether another may follow.
async fn management(
    hub: &Hub,
    connection: &mut Connection,
    head: Head,
    address: SocketAddr,
) -> bool {
    // One byte more than may be, so that the specification sees that it is too much.
    let body = match connection.body(&head, MESSAGE_BYTES + 1).await {
        Ok(body) => body,
        Err(ReadError::Gone) => return false,
        Err(ReadError::Malformed(status)) => {
            let _ = connection.respond(status, [], b"", false).await;
            return false;
        }
    };
    let request = ManagementRequest {
        method: head.method,
        path: head.target,
        headers: head.headers,
        source_ip: address.ip().to_canonical().to_string(),
        body,
    };
    let response = hub.management(request).await;
    let written = connection
        .respond(
            response.status,
            response.headers.iter(),
            response.body.as_bytes(),
            head.keep_alive,
        )
        .await;
    written.is_ok() && head.keep_alive
}
