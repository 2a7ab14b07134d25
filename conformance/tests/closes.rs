//! Ends of connections as the kit's clients on sockets see them, from servers that do it right and
//! wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use gatespec_conformance::session::{Incoming, Session, Upgrade};
use gatespec_conformance::target::wire::{Endpoint, WireSession};
use gatespec_conformance::{Verdict, case, runner};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A close frame with code 1000.
const CLOSE: &[u8] = &[0x88, 2, 0x03, 0xe8];
/// A text frame.
const TEXT: &[u8] = &[0x81, 4, b'l', b'a', b't', b'e'];

/// A client of a server that sends `first` with the upgrade, then `answer` when the client's close
/// frame has come, and ends the TCP connection if it is to.
async fn client(first: &'static [u8], answer: &'static [u8], ends: bool) -> WireSession {
    let mut session = session(server(Some(first), answer, ends).await);
    let answer = session.connect("alice", &Upgrade::default()).await;
    assert_eq!(answer.unwrap().status, 101);
    session
}

fn session(ws_url: String) -> WireSession {
    WireSession::new(Endpoint {
        ws_url,
        patience: Duration::from_millis(500),
        ..Endpoint::default()
    })
}

/// A server of one client; without `first` it takes the handshake for what is to be answered.
async fn server(first: Option<&'static [u8]>, answer: &'static [u8], ends: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ws_url = format!("ws://{}/stage", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if let Some(first) = first {
            upgrade(&mut stream, first).await;
        }
        // The client's close frame, or its handshake.
        let _ = stream.read(&mut [0; 1000]).await.unwrap();
        stream.write_all(answer).await.unwrap();
        if !ends {
            std::future::pending::<()>().await;
        }
    });
    ws_url
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

// As long as something comes, nothing is silent: the end is waited for as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_never_stops_sending_keeps_nobody_waiting() {
    const PING: &[u8] = &[0x89, 0];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ws_url = format!("ws://{}/stage", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        upgrade(&mut stream, b"").await;
        while stream.write_all(PING).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut session = session(ws_url);
    let answer = session.connect("alice", &Upgrade::default()).await;
    assert_eq!(answer.unwrap().status, 101);
    let closed = session.close("alice", Some(1000), "").await;
    assert_eq!(closed.unwrap(), Vec::<String>::new());
    assert_eq!(session.faults().len(), 1);
}

#[rstest]
#[case::carried_through(CLOSE, true, None)]
#[case::without_a_frame(b"", true, Some("not answered"))]
#[case::without_an_answer(b"", false, Some("not answered"))]
#[case::without_an_end(CLOSE, false, Some("not ended"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_close_must_be_carried_through(
    #[case] answer: &'static [u8],
    #[case] ends: bool,
    #[case] problem: Option<&str>,
) {
    let mut session = client(b"", answer, ends).await;
    let leftover = session.close("alice", Some(1000), "").await;
    assert_eq!(leftover.unwrap(), Vec::<String>::new());
    let faults = session.faults();
    assert_eq!(faults.len(), usize::from(problem.is_some()), "{faults:?}");
    for (fault, problem) in faults.iter().zip(problem) {
        assert!(fault.contains(problem), "{fault}");
    }
    assert!(session.connected().is_empty());
}

// A message that comes with the unanswered close is not forgotten over it.
#[tokio::test(flavor = "multi_thread")]
async fn both_what_is_left_and_what_is_wrong_are_told() {
    let mut session = client(TEXT, b"", true).await;
    let leftover = session.close("alice", Some(1000), "").await;
    assert_eq!(leftover.unwrap(), ["late"]);
    assert_eq!(session.faults().len(), 1);
}

#[rstest]
#[case::nothing(b"", 0)]
#[case::a_late_message(TEXT, 1)]
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_the_close_is_noticed(#[case] late: &'static [u8], #[case] faults: usize) {
    let mut session = client(CLOSE, late, true).await;
    let incoming = session.receive("alice").await.unwrap();
    assert_eq!(incoming, Incoming::Closed(1000, String::new()));
    assert_eq!(session.faults().len(), faults);
}

/// What the runner says of a server that answers the upgrade with `first` behind it, and the
/// client's close frame with `answer`.
async fn judged(
    steps: &str,
    first: &'static [u8],
    answer: &'static [u8],
    ends: bool,
) -> (Verdict, String) {
    let ws_url = server(Some(first), answer, ends).await;
    run(steps, ws_url).await
}

async fn run(steps: &str, ws_url: String) -> (Verdict, String) {
    let text = format!("[[case]]\nid = \"own/a\"\nwhy = \"w\"\nsteps = [{steps}]\n");
    let case = case::parse("x.toml", None, &text).unwrap().remove(0);
    let outcome = runner::run(&case, &mut session(ws_url), &[]).await;
    (outcome.verdict, outcome.detail)
}

const CONNECT: &str = r#"{ do = "connect", client = "alice" }"#;

// A case that does not close its clients is held to the same as one that does.
#[rstest]
#[case::in_order("", b"", CLOSE, true, None)]
#[case::left_over("", TEXT, CLOSE, true, Some("nobody expected: alice: late"))]
#[case::unanswered(
    "",
    b"",
    b"",
    true,
    Some("at the end: alice: the client's close frame was not answered")
)]
#[case::unanswered_to_a_step(
    r#", { do = "close", client = "alice" }"#,
    b"",
    b"",
    true,
    Some("step 2 (alice closes): alice: the client's close")
)]
#[case::not_ended("", b"", CLOSE, false, Some("not ended"))]
#[case::late(
    r#", { do = "closed", client = "alice", code = 1000 }"#,
    CLOSE,
    TEXT,
    true,
    Some("step 2 (alice is closed with 1000): alice: a frame came after")
)]
#[case::not_ended_by_itself(
    r#", { do = "closed", client = "alice", code = 1000 }"#,
    CLOSE,
    b"",
    false,
    Some("step 2 (alice is closed with 1000): alice: the connection was not ended")
)]
#[case::silent(
    r#", { do = "receive", client = "alice", text = "a" }"#,
    b"",
    CLOSE,
    true,
    Some("step 2 (alice receives `a`): alice: nothing came within")
)]
#[tokio::test(flavor = "multi_thread")]
async fn ends_decide_the_verdict(
    #[case] more: &str,
    #[case] first: &'static [u8],
    #[case] answer: &'static [u8],
    #[case] ends: bool,
    #[case] problem: Option<&str>,
) {
    let (verdict, detail) = judged(&format!("{CONNECT}{more}"), first, answer, ends).await;
    match problem {
        None => assert_eq!((verdict, &*detail), (Verdict::Pass, "")),
        Some(problem) => {
            assert_eq!(verdict, Verdict::Fail);
            assert!(detail.contains(problem), "{detail}");
        }
    }
}

// What the target answers wrongly, or not at all, is its failure; a target that is not there, or
// cannot be asked, has not failed.
#[rstest]
#[case::silence(
    b"",
    false,
    Verdict::Fail,
    "step 1 (alice connects: 101): alice: nothing came within"
)]
#[case::an_end(b"", true, Verdict::Fail, "closed without a response")]
#[case::no_http(b"hello\r\n\r\n", true, Verdict::Fail, "not an HTTP response")]
#[case::another_accept(
    b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n",
    true,
    Verdict::Fail,
    "`Sec-WebSocket-Accept`"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_without_an_answer_is_a_failure(
    #[case] answer: &'static [u8],
    #[case] ends: bool,
    #[case] verdict: Verdict,
    #[case] problem: &str,
) {
    let (found, detail) = run(CONNECT, server(None, answer, ends).await).await;
    assert_eq!(found, verdict, "{detail}");
    assert!(detail.contains(problem), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_an_error_and_what_cannot_be_asked_is_unsupported() {
    let (verdict, detail) = run(CONNECT, "ws://127.0.0.1:1/stage".to_owned()).await;
    assert_eq!(verdict, Verdict::Error, "{detail}");
    let get = r#"{ do = "manage", method = "GET", id = "a", status = 410 }"#;
    let (verdict, detail) = run(get, "ws://127.0.0.1:1/stage".to_owned()).await;
    assert_eq!(verdict, Verdict::Unsupported, "{detail}");
}
