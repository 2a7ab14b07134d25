//! The handshake: held until the machine has decided.

use std::net::SocketAddr;
use std::sync::Arc;

use spec::Input;
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::client;
use crate::http1::{Connection, Head};
use crate::hub::{Hub, ToClient};

/// Asks the machine, then answers, and serves the client if it is let in. Gives the connection back
/// when another request may follow.
pub(super) async fn handshake(
    hub: &Arc<Hub>,
    mut connection: Box<Connection>,
    head: Head,
    address: SocketAddr,
) -> Option<Box<Connection>> {
    let key = head
        .headers
        .get("Sec-WebSocket-Key")
        .unwrap_or_default()
        .to_owned();
    let keep_alive = head.keep_alive && !head.has_body();
    let (peer, mut inbox, backlog) = hub.client();
    let guard = Forget { hub, peer };
    hub.input(Input::Handshake {
        peer,
        request: HandshakeRequest {
            method: head.method,
            target: head.target,
            headers: head.headers,
            source_ip: address.ip().to_canonical().to_string(),
        },
    });
    let decided = tokio::select! {
        message = inbox.recv() => message,
        () = connection.gone() => None,
    };
    match decided {
        Some(ToClient::Accept(headers)) => {
            let added = accept_headers(&key, &headers);
            if connection
                .respond(101, added.iter(), b"", true)
                .await
                .is_err()
            {
                hub.input(Input::PeerClosed { peer, close: None });
                return None;
            }
            client::run(hub, peer, connection.into_parts(), inbox, &backlog).await;
            None
        }
        Some(ToClient::Reject(response)) => {
            drop(guard);
            let written = connection
                .respond(
                    response.status,
                    response.headers.iter(),
                    response.body.as_bytes(),
                    keep_alive,
                )
                .await;
            (written.is_ok() && keep_alive).then_some(connection)
        }
        // The client left, or there is nothing to say to it.
        _ => {
            hub.input(Input::PeerClosed { peer, close: None });
            None
        }
    }
}

/// RFC 6455, section 4.2.2.
fn accept_headers(key: &str, more: &Headers) -> Headers {
    let mut headers = Headers::new();
    headers.push("Upgrade", "websocket");
    headers.push("Connection", "Upgrade");
    headers.push("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()));
    for (name, value) in more.iter() {
        headers.push(name, value);
    }
    headers
}

/// However a client's task ends (it may be cancelled), the hub learns of it.
struct Forget<'h> {
    hub: &'h Hub,
    peer: spec::io::PeerId,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.hub.forget(self.peer);
    }
}
