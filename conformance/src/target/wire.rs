//! Targets behind sockets: any WebSocket URL, with its `@connections` URL and its table where it
//! has them.

mod fragments;

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use spec::percent;

pub use super::addresses::Endpoint;
use super::local::Clock;
use super::upgrade;
use crate::http;
use crate::net::Stream;
use crate::session::{Answer, Callback, Incoming, Outgoing, Session, SessionError, Upgrade};
use crate::sign::{self, Sign, Unsigned};
use fragments::fragments;

/// One case's sockets.
pub struct WireSession {
    endpoint: Endpoint,
    clock: Option<Clock>,
    access_log: Option<PathBuf>,
    clients: BTreeMap<String, Socket>,
    faults: Vec<String>,
    /// What clients got before it was asked for.
    early: BTreeMap<String, VecDeque<Incoming>>,
}

type Socket = WebSocketStream<Stream>;

impl WireSession {
    /// A session without clients yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            clock: None,
            access_log: None,
            clients: BTreeMap::new(),
            faults: Vec::new(),
            early: BTreeMap::new(),
        }
    }

    /// A session with a target whose time `clock` moves.
    pub(crate) fn with_clock(endpoint: Endpoint, clock: Clock) -> Self {
        Self {
            clock: Some(clock),
            ..Self::new(endpoint)
        }
    }

    /// The same with a target that writes its access log to a file.
    pub(crate) fn with_access_log(mut self, file: Option<PathBuf>) -> Self {
        self.access_log = file;
        self
    }

    fn socket(&mut self, client: &str) -> Result<&mut Socket, SessionError> {
        self.clients
            .get_mut(client)
            .ok_or_else(|| SessionError::NotConnected(client.to_owned()))
    }

    /// The next message or end of a client's socket, until `deadline`.
    async fn next(&mut self, client: &str, deadline: Instant) -> Result<Incoming, SessionError> {
        match self.early.get_mut(client).and_then(VecDeque::pop_front) {
            Some(incoming) => Ok(incoming),
            None => self.read(client, deadline).await,
        }
    }

    /// When what begins now must be over.
    fn deadline(&self) -> Instant {
        Instant::now() + self.endpoint.patience
    }

    /// As [`next`](Self::next), from the socket, until `deadline`.
    async fn read(&mut self, client: &str, deadline: Instant) -> Result<Incoming, SessionError> {
        let patience = self.endpoint.patience;
        let socket = self.socket(client)?;
        loop {
            let message = timeout_at(deadline, socket.next())
                .await
                .map_err(|_| SessionError::Silence(patience))?;
            return Ok(match message {
                Some(Ok(Message::Text(text))) => Incoming::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(frame))) => match frame {
                    Some(frame) => Incoming::Closed(frame.code.into(), frame.reason.to_string()),
                    None => Incoming::Closed(1005, String::new()),
                },
                Some(Ok(Message::Ping(bytes))) => Incoming::Ping(bytes.to_vec()),
                Some(Ok(Message::Pong(bytes))) => Incoming::Pong(bytes.to_vec()),
                Some(Ok(Message::Frame(_))) => continue,
                Some(Err(error)) => Incoming::Closed(1006, error.to_string()),
                None => Incoming::Closed(1006, String::new()),
            });
        }
    }

    /// Answers a close frame, and waits until the target has ended the TCP connection.
    async fn end(&mut self, client: &str) {
        let Some(mut socket) = self.clients.remove(client) else {
            return;
        };
        let deadline = self.deadline();
        loop {
            let fault = match timeout_at(deadline, socket.next()).await {
                Ok(Some(Err(WsError::Protocol(ProtocolError::ReceivedAfterClosing)))) => {
                    "a frame came after the close frame"
                }
                Ok(Some(Ok(_))) => continue,
                Ok(Some(Err(_)) | None) => return,
                Err(_) => "the connection was not ended after the close frames",
            };
            self.fault(client, fault);
            return;
        }
    }

    /// Waits until the gateway has taken in what all clients have sent.
    async fn reach_all(&mut self) -> Result<(), SessionError> {
        for client in self.connected() {
            self.reach(&client).await?;
        }
        Ok(())
    }

    fn fault(&mut self, client: &str, fault: &str) {
        self.faults.push(format!("{client}: {fault}"));
    }

    /// Waits until the gateway has taken in what a client has sent: a ping behind it is answered
    /// when its turn comes.
    async fn reach(&mut self, client: &str) -> Result<(), SessionError> {
        const PING: &[u8] = b"taken in?";
        let deadline = self.deadline();
        let ping = self.socket(client)?.send(Message::Ping(PING.into()));
        // A connection that has been closed has something to read.
        let _ = timeout_at(deadline, ping).await;
        let mut is_over = false;
        while !is_over {
            let incoming = self.read(client, deadline).await?;
            if matches!(&incoming, Incoming::Pong(bytes) if bytes == PING) {
                break;
            }
            is_over = matches!(incoming, Incoming::Closed(..));
            let early = self.early.entry(client.to_owned()).or_default();
            early.push_back(incoming);
        }
        Ok(())
    }
}

impl Session for WireSession {
    async fn connect(&mut self, client: &str, request: &Upgrade) -> Result<Answer, SessionError> {
        let mut url = format!("{}{}", self.endpoint.ws_url, request.target);
        let mut fields = request.headers.clone();
        if let Some(host) = &request.host {
            url = format!("{}{}", origin(&self.endpoint.ws_url), request.target);
            fields.push(("Host".to_owned(), host.clone()));
        }
        if let Some(sign) = &request.sign {
            fields.extend(signed(sign, "GET", &mut url, ""));
        }
        let headers = fields.iter().map(|(name, value)| (&**name, &**value));
        let (answer, socket) = upgrade::upgrade(&url, headers, self.endpoint.patience).await?;
        if let Some(socket) = socket {
            self.clients.insert(client.to_owned(), socket);
            self.early.remove(client);
        }
        Ok(answer)
    }

    async fn send(&mut self, client: &str, message: &Outgoing) -> Result<(), SessionError> {
        let patience = self.endpoint.patience;
        let deadline = self.deadline();
        let socket = self.socket(client)?;
        let frames = match message {
            Outgoing::Text {
                text,
                frame: Some(size),
            } if *size > 0 => fragments(text.as_bytes(), *size),
            Outgoing::Text { text, .. } => vec![Message::text(text.as_str())],
            Outgoing::Binary(bytes) => vec![Message::binary(bytes.clone())],
            Outgoing::Raw(bytes) => fragments(bytes, bytes.len().max(1)),
            Outgoing::Ping(text) => vec![Message::Ping(text.clone().into())],
        };
        for frame in frames {
            let sent = timeout_at(deadline, socket.send(frame));
            match sent.await.map_err(|_| SessionError::Silence(patience))? {
                Ok(()) => {}
                // The gateway may close in the middle of what it does not want: what it says is for
                // `receive`.
                Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Io(_)) => {
                    return Ok(());
                }
                Err(error) => return Err(SessionError::other(error)),
            }
        }
        Ok(())
    }

    async fn receive(&mut self, client: &str) -> Result<Incoming, SessionError> {
        let deadline = self.deadline();
        let incoming = self.next(client, deadline).await?;
        if matches!(incoming, Incoming::Closed(..)) {
            self.end(client).await;
        }
        Ok(incoming)
    }

    async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<Vec<String>, SessionError> {
        let frame = code.map(|code| CloseFrame {
            code: CloseCode::from(code),
            reason: Utf8Bytes::from(reason.to_owned()),
        });
        let deadline = self.deadline();
        let socket = self.socket(client)?;
        // A connection that is broken, or that takes nothing any more, shows it when it is read.
        let _ = timeout_at(deadline, socket.close(frame)).await;
        let mut leftover = Vec::new();
        loop {
            match self.next(client, deadline).await {
                Ok(Incoming::Text(text)) => leftover.push(text),
                Ok(Incoming::Binary(bytes)) => leftover.push(format!("{bytes:?}")),
                Ok(Incoming::Ping(_) | Incoming::Pong(_)) => {}
                Ok(Incoming::Closed(1006, _)) | Err(_) => {
                    self.fault(client, "the client's close frame was not answered with one");
                    break;
                }
                Ok(Incoming::Closed(..)) => {
                    self.end(client).await;
                    break;
                }
            }
        }
        self.clients.remove(client);
        Ok(leftover)
    }

    async fn manage(
        &mut self,
        method: &str,
        to: &Callback,
        body: &str,
        sign: Option<&Sign>,
    ) -> Result<Answer, SessionError> {
        let base = self
            .endpoint
            .management_url
            .as_deref()
            .ok_or(SessionError::Unsupported(
                "the target has no `@connections` URL",
            ))?;
        let mut url = match to {
            Callback::Connection(id) => {
                format!("{base}/@connections/{}", percent::encode(id.as_bytes()))
            }
            Callback::Path(path) | Callback::Host(_, path) => format!("{}{path}", origin(base)),
        };
        let mut fields = match (sign, &self.endpoint.credentials) {
            (Some(sign), _) => signed(sign, method, &mut url, body),
            (None, Some(credentials)) => {
                let (host, target) = parts(&url);
                let request = Unsigned {
                    method,
                    host,
                    target,
                    body,
                };
                credentials.sign(&request, sign::now())
            }
            (None, None) => Vec::new(),
        };
        if let Callback::Host(host, _) = to {
            fields.push(("Host".to_owned(), host.clone()));
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        timeout(
            self.endpoint.patience,
            http::request(method, &url, &fields, body),
        )
        .await
        .map_err(|_| SessionError::Silence(self.endpoint.patience))?
    }

    async fn has_row(&mut self, id: &str) -> Result<bool, SessionError> {
        let table = self
            .endpoint
            .table
            .as_ref()
            .ok_or(SessionError::Unsupported(
                "the target's table cannot be looked into",
            ))?;
        table.has(id, self.endpoint.patience).await
    }

    async fn access_log(&mut self) -> Result<Vec<String>, SessionError> {
        let path = self.access_log.as_ref();
        let path = path.ok_or(SessionError::Unsupported(
            "the target's access log cannot be read",
        ))?;
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(SessionError::other(error)),
        }
    }

    async fn wait(&mut self, time: Duration) -> Result<(), SessionError> {
        let clock = self.clock.clone();
        let clock = clock.ok_or(SessionError::Unsupported(
            "the target's clock cannot be moved",
        ))?;
        self.reach_all().await?;
        clock.advance(time).await
    }

    async fn quiet(&mut self, time: Duration) -> Result<(), SessionError> {
        let Some(gateway) = self.clock.clone() else {
            tokio::time::sleep(time).await;
            return Ok(());
        };
        self.reach_all().await?;
        gateway.settle().await
    }

    async fn settle(&mut self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    fn host(&self) -> String {
        upgrade::host(&self.endpoint.ws_url)
    }

    fn base(&self) -> String {
        let url = self.endpoint.management_url.as_deref();
        let (_, path) = parts(url.unwrap_or(&self.endpoint.ws_url));
        path.to_owned()
    }

    fn connected(&self) -> Vec<String> {
        self.clients.keys().cloned().collect()
    }

    fn faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }
}

/// Signs a request to a URL, which may change: the fields to add.
fn signed(sign: &Sign, method: &str, url: &mut String, body: &str) -> Vec<(String, String)> {
    let (host, target) = parts(url);
    let request = Unsigned {
        method,
        host,
        target,
        body,
    };
    let (signed, fields) = sign.apply(&request, sign::now());
    let path = url.len() - target.len();
    url.replace_range(path.., &signed);
    fields
}

/// A URL without its path.
fn origin(url: &str) -> &str {
    &url[..url.len() - parts(url).1.len()]
}

/// The host of a URL, and its path with the query string.
fn parts(url: &str) -> (&str, &str) {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}
