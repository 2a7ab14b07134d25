//! Clients in this process, for those who cannot set a handshake's headers: pages in a browser.

use std::sync::Arc;

use spec::Input;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpResponse};
use spec::io::PeerId;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Control;
use crate::SpecGateway;
use crate::hub::{Backlog, Hub, ToClient};
use crate::running::reachable;

/// A client without a socket, connected like any other. Dropped, it is gone without a close frame.
pub struct LocalClient {
    connection_id: String,
    inbox: UnboundedReceiver<ToClient>,
    backlog: Arc<Backlog>,
    seat: Seat,
}

/// A client's number at the hub, which learns of its end however that comes.
struct Seat {
    hub: Arc<Hub>,
    peer: PeerId,
}

impl Control {
    /// Connects a client in this process with these headers, besides those of every handshake, and
    /// this query string, without its `?`.
    ///
    /// # Errors
    /// The response with which the handshake is refused.
    pub async fn connect(
        &self,
        headers: &Headers,
        query: &str,
    ) -> Result<LocalClient, HttpResponse> {
        let address = reachable(self.0.address);
        let mut all = Headers::from_iter([
            ("Host", address.to_string()),
            ("Connection", "Upgrade".to_owned()),
            ("Upgrade", "websocket".to_owned()),
            ("Sec-WebSocket-Version", "13".to_owned()),
            // The nonce of RFC 6455, section 1.3: there is no network whose caches it could deceive.
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        ]);
        for (name, value) in headers.iter() {
            all.push(name, value);
        }
        let mut target = self.0.surroundings.base.clone();
        if !query.is_empty() {
            target = format!("{target}?{query}");
        }
        let (peer, mut inbox, backlog) = self.0.hub.client();
        let seat = Seat {
            hub: Arc::clone(&self.0.hub),
            peer,
        };
        seat.hub.input(Input::Handshake {
            peer,
            request: HandshakeRequest {
                method: "GET".to_owned(),
                target,
                headers: all,
                source_ip: address.ip().to_string(),
            },
        });
        match inbox.recv().await {
            Some(ToClient::Accept(_)) => Ok(LocalClient {
                connection_id: seat.connection_id().unwrap_or_default(),
                inbox,
                backlog,
                seat,
            }),
            Some(ToClient::Reject(response)) => Err(response),
            _ => Err(HttpResponse::new(500)),
        }
    }
}

impl LocalClient {
    /// `connectionId`.
    pub fn connection_id(&self) -> &str {
        &self.connection_id
    }

    /// Takes what comes for the client, until it is disconnected.
    pub async fn run(mut self) {
        while let Some(message) = self.inbox.recv().await {
            match message {
                ToClient::Send(text) => {
                    let Seat { hub, peer } = &self.seat;
                    hub.written(*peer, &self.backlog, text.len());
                }
                ToClient::Close(_) => return,
                ToClient::Accept(_) | ToClient::Reject(_) => {}
            }
        }
    }
}

impl Seat {
    fn connection_id(&self) -> Option<String> {
        self.hub.look(|machine: &SpecGateway| {
            let mut open = machine.open_connections();
            let own = open.find(|one| one.peer == self.peer)?;
            Some(own.connection.connection_id.clone())
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.forget(self.peer);
    }
}
