//! A client: a TCP stream, a task that reads it, and what was read.

use std::time::Duration;

use futures_util::StreamExt;
use spec::limits::{FRAME_BYTES, MESSAGE_BYTES, Violation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::traffic::{Leave, Upgrade};

/// A client from its handshake to its end.
pub(crate) struct Client {
    commands: UnboundedSender<Command>,
    seen: UnboundedReceiver<Seen>,
}

/// What a client gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The answer to the handshake: its status.
    Answer(u16),
    Text(String),
    /// A close frame: code (1005 without one) and reason.
    Closed(u16, String),
    /// The gateway has closed its side of the stream.
    End,
    /// What a gateway never sends.
    Other(String),
}

enum Command {
    Write(Vec<u8>),
    /// Nothing more will be written.
    Finish,
}

/// Long enough for a machine under load; nothing waits so long unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

impl Client {
    /// Begins a handshake with the gateway at `host`, as the client that events will call `name`.
    pub(crate) fn connect(host: &str, name: &str, upgrade: Upgrade) -> Self {
        let (commands, todo) = unbounded_channel();
        let (sender, seen) = unbounded_channel();
        let path = if matches!(upgrade, Upgrade::WrongPath) {
            "/nowhere"
        } else {
            "/stage"
        };
        let token = if matches!(upgrade, Upgrade::WithoutToken) {
            ""
        } else {
            "token: hello\r\n"
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{token}client: {name}\r\n\r\n"
        );
        tokio::spawn(run(host.to_owned(), request, todo, sender));
        Self { commands, seen }
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Seen {
        let seen = timeout(PATIENCE, self.seen.recv()).await;
        seen.expect("a client waits in vain").unwrap()
    }

    /// What has come that nobody asked for.
    pub(crate) fn unexpected(&mut self) -> Option<Seen> {
        self.seen.try_recv().ok()
    }

    /// Sends a text, in frames that are not too large.
    pub(crate) fn say(&self, text: &str) {
        self.write(fragments(text.as_bytes()));
    }

    /// Sends what no client may send.
    pub(crate) fn violate(&self, violation: Violation) {
        self.write(match violation {
            Violation::FrameTooLarge => frame(TEXT, true, &vec![b'x'; FRAME_BYTES + 1]),
            Violation::MessageTooLarge => fragments(&vec![b'x'; MESSAGE_BYTES + 1]),
            Violation::Binary => frame(BINARY, true, b"x"),
            Violation::InvalidUtf8 => frame(TEXT, true, b"\xff"),
            // Nobody has given this opcode a meaning.
            Violation::Protocol => frame(3, true, b""),
        });
    }

    /// Goes, with a close frame or without. The gateway's side of the stream stays open until it has noticed.
    pub(crate) fn leave(&self, how: Leave) {
        match how.frame() {
            None => {
                let _ = self.commands.send(Command::Finish);
            }
            Some(close) => {
                let code = close.code.map(u16::to_be_bytes);
                let payload = [
                    code.as_ref().map_or(&[][..], |code| code),
                    close.reason.as_bytes(),
                ];
                self.write(frame(CLOSE, true, &payload.concat()));
            }
        }
    }

    fn write(&self, bytes: Vec<u8>) {
        // A task that has ended has said so.
        let _ = self.commands.send(Command::Write(bytes));
    }
}

/// Does what it is told and tells what it sees, until the gateway has closed the stream.
async fn run(
    host: String,
    request: String,
    mut todo: UnboundedReceiver<Command>,
    seen: UnboundedSender<Seen>,
) {
    let tell = |what| {
        // The sequence may have failed and gone.
        let _ = seen.send(what);
    };
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let end = loop {
        let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        tokio::select! {
            count = stream.read_buf(&mut received) => if !matches!(count, Ok(1..)) {
                return tell(Seen::End);
            },
            command = todo.recv() => match command {
                Some(command) => obey(&mut stream, command).await,
                None => return,
            },
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    tell(Seen::Answer(status));
    if status != 101 {
        return;
    }
    let rest = received.split_off(end);
    let mut socket = WebSocketStream::from_partially_read(stream, rest, Role::Client, None).await;
    loop {
        tokio::select! {
            message = socket.next() => tell(match message {
                Some(Ok(Message::Text(text))) => Seen::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    Seen::Closed(frame.code.into(), frame.reason.as_str().to_owned())
                }
                Some(Ok(Message::Close(None))) => Seen::Closed(1005, String::new()),
                Some(Ok(other)) => Seen::Other(format!("{other:?}")),
                Some(Err(_)) | None => return tell(Seen::End),
            }),
            command = todo.recv() => match command {
                Some(command) => obey(socket.get_mut(), command).await,
                None => return,
            },
        }
    }
}

async fn obey(stream: &mut TcpStream, command: Command) {
    // A gateway that has closed need not be told anything; that it has is seen by reading.
    let _ = match command {
        Command::Write(bytes) => stream.write_all(&bytes).await,
        Command::Finish => stream.shutdown().await,
    };
}

/// A text message in frames.
fn fragments(text: &[u8]) -> Vec<u8> {
    let last = text.len().div_ceil(FRAME_BYTES).max(1) - 1;
    let parts = text.chunks(FRAME_BYTES).enumerate();
    let frames =
        parts.map(|(index, part)| frame(if index == 0 { TEXT } else { 0 }, index == last, part));
    frames.flatten().collect()
}

/// A frame of RFC 6455, masked with zeros.
fn frame(opcode: u8, is_last: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![opcode | u8::from(is_last) << 7];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
