//! What the gateway's tests over real sockets share: a client that connects and reads.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::time::Duration;

use futures_util::StreamExt;
use gateway::Running;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long anything may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A client, or the status of the refusal.
pub(crate) async fn connect(running: &Running) -> Result<Client, u16> {
    let connected = tokio_tungstenite::connect_async(running.ws_url());
    match timeout(PATIENCE, connected).await.unwrap() {
        Ok((client, _)) => Ok(client),
        Err(WsError::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The next message, a text.
pub(crate) async fn receive(client: &mut Client) -> String {
    match timeout(PATIENCE, client.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
        other => panic!("a text, not {other:?}"),
    }
}
