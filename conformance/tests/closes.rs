//! Ends of connections as the kit's clients on sockets see them, from servers that do it right and wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use gatespec_conformance::session::{Incoming, Session, Trouble, Upgrade};
use gatespec_conformance::target::wire::{Endpoint, WireSession};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A close frame with code 1000.
const CLOSE: &[u8] = &[0x88, 2, 0x03, 0xe8];
/// A text frame.
const TEXT: &[u8] = &[0x81, 4, b'l', b'a', b't', b'e'];

/// A client of a server that sends `first` with the upgrade, then `answer` when the client's close frame has come, and ends the TCP
/// connection if it is to.
async fn client(first: &'static [u8], answer: &'static [u8], ends: bool) -> WireSession {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ws_url = format!("ws://{}/stage", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        upgrade(&mut stream, first).await;
        // The client's close frame.
        let _ = stream.read(&mut [0; 100]).await.unwrap();
        stream.write_all(answer).await.unwrap();
        if !ends {
            std::future::pending::<()>().await;
        }
    });
    let mut session = WireSession::new(Endpoint {
        ws_url,
        patience: Duration::from_millis(500),
        ..Endpoint::default()
    });
    let answer = session.connect("alice", &Upgrade::default()).await;
    assert_eq!(answer.unwrap().status, 101);
    session
}

async fn upgrade(stream: &mut TcpStream, behind: &[u8]) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap();
        head.push(char::from(byte));
    }
    let (_, key) = head.split_once("Sec-WebSocket-Key: ").unwrap();
    let accept = derive_accept_key(key.lines().next().unwrap().as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await.unwrap();
    stream.write_all(behind).await.unwrap();
}

#[rstest]
#[case::carried_through(CLOSE, true, None)]
#[case::without_a_frame(b"", true, Some("not answered"))]
#[case::without_an_answer(b"", false, Some("not answered"))]
#[case::without_an_end(CLOSE, false, Some("not ended"))]
#[tokio::test]
async fn a_clients_close_must_be_carried_through(
    #[case] answer: &'static [u8],
    #[case] ends: bool,
    #[case] problem: Option<&str>,
) {
    let mut session = client(b"", answer, ends).await;
    match (session.close("alice", Some(1000), "").await, problem) {
        (Ok(leftover), None) => assert!(leftover.is_empty(), "{leftover:?}"),
        (Err(Trouble::Unanswered(found)), Some(problem)) => assert!(found.contains(problem)),
        (result, _) => panic!("{result:?}"),
    }
    assert!(session.connected().is_empty());
}

#[rstest]
#[case::nothing(b"", 0)]
#[case::a_late_message(TEXT, 1)]
#[tokio::test]
async fn what_comes_after_the_close_is_noticed(#[case] late: &'static [u8], #[case] strays: usize) {
    let mut session = client(CLOSE, late, true).await;
    let incoming = session.receive("alice").await.unwrap();
    assert_eq!(incoming, Incoming::Closed(1000, String::new()));
    assert_eq!(session.strays().len(), strays);
}
