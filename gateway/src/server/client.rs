//! A client's connection from its 101 to its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use spec::Input;
use spec::connection::CloseInfo;
use spec::io::{ClientClose, PeerId};
use spec::limits::{FRAME_BYTES, MESSAGE_BYTES, Violation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::hub::{Backlog, Hub, ToClient};
#[cfg(feature = "mutations")]
use crate::mutation::{self, Mutation};
use crate::tls::Stream;

type Socket = WebSocketStream<Stream>;

/// How long a client may take to finish a close handshake.
const CLOSING: Duration = Duration::from_secs(2);
/// 6.9 KiB a connection with it, 135 without (tungstenite reads ahead 128 KiB).
const READ_AHEAD: usize = 4096;

/// Serves the client until its connection is over. Tells the hub of everything but its own closes:
/// of messages once all their frames have come, of binary ones as a violation. A client's pings and
/// its close are answered here and lead to nothing else; no pings are sent. Every text goes out as
/// a text frame.
///
/// One `select!` over everything that can happen to a client.
///
/// If this returns without having told the hub of the connection's end, it was lost: whoever called
/// this tells it so.
///
/// Realises: LIMITS-5, LIMITS-9, LIFECYCLE-22, LIFECYCLE-23, LIFECYCLE-24, LIFECYCLE-26,
/// INTEGRATION-11.
pub(super) async fn run(
    hub: &Arc<Hub>,
    peer: PeerId,
    (stream, received): (Stream, Vec<u8>),
    mut inbox: UnboundedReceiver<ToClient>,
    backlog: &Backlog,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_AHEAD)
        .max_frame_size(Some(FRAME_BYTES))
        .max_message_size(Some(MESSAGE_BYTES));
    let mut socket =
        WebSocketStream::from_partially_read(stream, received, Role::Server, Some(config)).await;
    // After a violation the stream of frames is not to be trusted: nothing more is read from it.
    let mut broken = false;
    loop {
        if backlog.is_lost() {
            return;
        }
        tokio::select! {
            () = backlog.overflow() => {}
            message = inbox.recv() => match message {
                Some(ToClient::Send(text)) => {
                    let note = |bytes| hub.written(peer, backlog, bytes);
                    let written = send(&mut socket, text, &mut inbox, note);
                    match in_time(written, backlog).await {
                        Ok(None) => {}
                        Ok(Some(info)) => return close(socket, &info).await,
                        Err(()) => return,
                    }
                }
                Some(ToClient::Close(info)) => return close(socket, &info).await,
                Some(ToClient::Accept(_) | ToClient::Reject(_)) => {}
                None => return,
            },
            frame = socket.next(), if !broken => match frame {
                Some(Ok(Message::Text(text))) => {
                    #[cfg(test)]
                    super::tests::perhaps_panic(&text);
                    let text = text.as_str().to_owned();
                    hub.input(Input::Message { peer, text });
                }
                #[cfg(feature = "mutations")]
                Some(Ok(Message::Binary(_))) if hub.look(|machine| machine.is(Mutation::BinaryIgnored)) => {}
                Some(Ok(Message::Binary(_))) => {
                    broken = true;
                    hub.input(Input::Violation { peer, violation: Violation::Binary });
                }
                Some(Ok(Message::Close(frame))) => {
                    hub.input(Input::PeerClosed { peer, close: Some(said(frame)) });
                    #[cfg(feature = "mutations")]
                    if hub.look(|machine| machine.is(Mutation::SocketLeftOpen)) {
                        return mutation::leave_open(socket).await;
                    }
                    return finish(socket).await;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => match violation(&error) {
                    Some(violation) => {
                        broken = true;
                        hub.input(Input::Violation { peer, violation });
                    }
                    None => return,
                },
                None => return,
            },
        }
    }
}

/// What `written` gives; an error if the client is lost meanwhile, or does not read although a close
/// waits for it.
async fn in_time<T>(
    written: impl Future<Output = Result<T, ()>>,
    backlog: &Backlog,
) -> Result<T, ()> {
    let closing = async {
        backlog.closing().await;
        tokio::time::sleep(CLOSING).await;
    };
    tokio::select! {
        written = written => written,
        () = backlog.overflow() => Err(()),
        () = closing => Err(()),
    }
}

/// A client's close frame, in the machine's words.
fn said(frame: Option<CloseFrame>) -> ClientClose {
    match frame {
        Some(frame) => ClientClose {
            code: Some(frame.code.into()),
            reason: frame.reason.as_str().to_owned(),
        },
        None => ClientClose {
            code: None,
            reason: String::new(),
        },
    }
}

/// Writes a message and all that have come behind it, then flushes once. Gives the close that stood
/// among them.
async fn send(
    socket: &mut Socket,
    text: String,
    inbox: &mut UnboundedReceiver<ToClient>,
    written: impl Fn(usize),
) -> Result<Option<CloseInfo>, ()> {
    let mut next = Some(ToClient::Send(text));
    let mut close = None;
    while let Some(message) = next {
        match message {
            ToClient::Send(text) => {
                let bytes = text.len();
                socket.feed(Message::text(text)).await.map_err(drop)?;
                written(bytes);
            }
            ToClient::Close(info) => {
                close = Some(info);
                break;
            }
            ToClient::Accept(_) | ToClient::Reject(_) => {}
        }
        next = inbox.try_recv().ok();
    }
    socket.flush().await.map_err(drop)?;
    Ok(close)
}

/// Closes from this side: the frame, then whatever the client still sends is read, so that no reset
/// overtakes the frame.
async fn close(mut socket: Socket, info: &CloseInfo) {
    let frame = CloseFrame {
        code: info.code.into(),
        reason: info.reason.as_str().into(),
    };
    let closing = async {
        if socket.close(Some(frame)).await.is_ok() {
            discard(&mut socket).await;
        }
    };
    // A client that does not cooperate is dropped.
    let _ = timeout(CLOSING, closing).await;
}

/// The client has closed: sends the echo of its frame.
async fn finish(mut socket: Socket) {
    let closing = async {
        while let Some(Ok(_)) = socket.next().await {}
        discard(&mut socket).await;
    };
    let _ = timeout(CLOSING, closing).await;
}

/// Ends the writing side, then reads to the end without looking.
async fn discard(socket: &mut Socket) {
    let stream = socket.get_mut();
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut waste = [0; 4096];
    while let Ok(1..) = stream.read(&mut waste).await {}
}

/// The violation that an error stands for; `None` if the connection is simply lost.
fn violation(error: &tungstenite::Error) -> Option<Violation> {
    match error {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { max_size, .. })
            if *max_size == MESSAGE_BYTES =>
        {
            Some(Violation::MessageTooLarge)
        }
        tungstenite::Error::Capacity(_) => Some(Violation::FrameTooLarge),
        tungstenite::Error::Utf8(_) => Some(Violation::InvalidUtf8),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(Violation::Protocol),
        _ => None,
    }
}
