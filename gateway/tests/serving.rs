//! The gateway with real sockets and real processes: a probe function that the gateway builds itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use gateway::{Control, FunctionOutput, Subscription};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use support::{Client, PATIENCE, ask, closed, connect, decisions, probe, receive, request, start};

/// A gateway, the lines that its function writes, and its decisions.
struct Served {
    running: Control,
    lines: mpsc::UnboundedReceiver<String>,
    decisions: Subscription,
}

async fn serve() -> Served {
    let (sender, lines) = mpsc::unbounded_channel();
    let mut options = probe("template.yaml");
    options.function_output = FunctionOutput::Each(Arc::new(move |_, line| {
        let _ = sender.send(line.to_owned());
    }));
    let running = start(options).await;
    let decisions = running.subscribe();
    Served {
        running,
        lines,
        decisions,
    }
}

impl Served {
    async fn client(&self) -> Client {
        connect(&self.running).await.unwrap()
    }

    /// Waits for a line of the function's.
    async fn line(&mut self, wanted: &str) {
        loop {
            let line = timeout(PATIENCE, self.lines.recv())
                .await
                .expect(wanted)
                .unwrap();
            if line == wanted {
                return;
            }
        }
    }

    /// A request to the `@connections` API, whose path is escaped as SDKs do: status and body.
    async fn management(&self, method: &str, id: &str, body: &str) -> (u16, String) {
        let path = format!("/test/%40connections/{}", id.replace('=', "%3D"));
        let answer = request(&self.running, method, &path, body).await;
        (answer.status, answer.body)
    }
}

/// The processes that are this one's children, by id, with their names.
fn children() -> HashMap<u32, String> {
    let own = std::process::id().to_string();
    let mut found = HashMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // pid (name) state parent …
        let (head, tail) = stat.rsplit_once(')').unwrap();
        if tail.split(' ').nth(2) == Some(&*own) {
            found.insert(id, head.split_once('(').unwrap().1.to_owned());
        }
    }
    found
}

fn is_error_frame(text: &str) -> bool {
    text.contains(r#""message": "Internal server error""#)
        || text.contains(r#""message":"Internal server error""#)
}

#[tokio::test]
async fn each_client_gets_its_own_replies() {
    let served = serve().await;
    let (mut one, mut two) = (served.client().await, served.client().await);
    let (id_of_one, id_of_two) = (ask(&mut one, "{}").await, ask(&mut two, "{}").await);
    assert_ne!(id_of_one, id_of_two);
    for _ in 0..100 {
        for client in [&mut one, &mut two] {
            client.send(Message::text("{}")).await.unwrap();
        }
        assert_eq!(receive(&mut one).await, id_of_one);
        assert_eq!(receive(&mut two).await, id_of_two);
    }
    served.running.shutdown().await;
}

#[tokio::test]
async fn a_function_that_dies_or_fails_is_an_error_frame_and_the_next_message_works() {
    let served = serve().await;
    let mut client = served.client().await;
    let id = ask(&mut client, "{}").await;
    for fate in ["crash", "abort", "fail", "crash"] {
        let frame = ask(&mut client, &format!(r#"{{"x":"{fate}"}}"#)).await;
        assert!(is_error_frame(&frame), "{fate}: {frame}");
        assert_eq!(ask(&mut client, "{}").await, id, "after {fate}");
    }
    // Its `Timeout` is one second, far below the integration's.
    let frame = ask(&mut client, r#"{"x":"sleep"}"#).await;
    assert!(is_error_frame(&frame), "{frame}");
    assert_eq!(ask(&mut client, "{}").await, id);
    served.running.shutdown().await;
}

#[tokio::test]
async fn a_call_without_a_permission_fails_and_is_warned_of() {
    let mut served = serve().await;
    let mut client = served.client().await;
    let frame = ask(&mut client, r#"{"action":"forgotten"}"#).await;
    assert!(is_error_frame(&frame), "{frame}");
    assert!(!is_error_frame(&ask(&mut client, "{}").await));
    let assembly = served.running.assembly();
    let warnings = assembly.warnings();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.message.contains("/forgotten")),
        "{warnings:?}"
    );
    let reason = "/test/forgotten` call the function `Probe`";
    let decisions = decisions(&mut served.decisions);
    assert!(
        decisions.contains("no permission lets `arn:aws:execute-api:"),
        "{decisions}"
    );
    assert!(decisions.contains(reason), "{decisions}");
    served.running.shutdown().await;
}

#[tokio::test]
async fn a_breach_closes_its_connection_with_its_code_and_no_other() {
    let mut served = serve().await;
    let mut bystander = served.client().await;
    let id = ask(&mut bystander, "{}").await;
    let frame = |bytes: &'static [u8]| {
        Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true))
    };
    let breaches = [
        (Message::text("x".repeat(33 * 1024)), 1009),
        (Message::binary(vec![1, 2, 3]), 1003),
        (frame(b"\xff\xfe"), 1007),
    ];
    for (breach, code) in breaches {
        let mut client = served.client().await;
        let own = ask(&mut client, "{}").await;
        client.send(breach).await.unwrap();
        assert_eq!(closed(&mut client).await.0, code);
        served.line(&format!("DISCONNECT {own}")).await;
        assert_eq!(ask(&mut bystander, "{}").await, id);
    }
    // The largest that may be: 128 KiB in frames of 32 KiB.
    let mut client = served.client().await;
    let part = "x".repeat(32 * 1024);
    for position in 0..4 {
        let opcode = if position == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let frame = Frame::message(part.clone(), OpCode::Data(opcode), position == 3);
        client.send(Message::Frame(frame)).await.unwrap();
    }
    assert!(!receive(&mut client).await.is_empty());
    served.running.shutdown().await;
}

#[tokio::test]
async fn backends_post_ask_and_close() {
    let mut served = serve().await;
    let mut client = served.client().await;
    let id = ask(&mut client, "{}").await;
    let text = "it's \"quoted\" \\ / 日本 😀";
    assert_eq!(
        served.management("POST", &id, text).await,
        (200, String::new())
    );
    assert_eq!(receive(&mut client).await, text);
    let (status, body) = served.management("GET", &id, "").await;
    assert_eq!(status, 200);
    assert!(body.contains(r#""sourceIp" : "127.0.0.1""#), "{body}");
    assert_eq!(
        served
            .management("POST", &id, &"x".repeat(128 * 1024 + 1))
            .await
            .0,
        413
    );
    assert_eq!(
        served.management("DELETE", &id, "").await,
        (204, String::new())
    );
    assert_eq!(
        closed(&mut client).await,
        (1000, "Connection Closed Normally".to_owned())
    );
    served.line(&format!("DISCONNECT {id}")).await;
    assert_eq!(served.management("POST", &id, "late").await.0, 410);
    assert_eq!(served.management("GET", "no-id", "").await.0, 400);
    served.running.shutdown().await;
}

#[tokio::test]
async fn a_client_s_close_is_echoed_and_reported() {
    let mut served = serve().await;
    let mut client = served.client().await;
    let id = ask(&mut client, "{}").await;
    client.close(None).await.unwrap();
    assert!(matches!(
        timeout(PATIENCE, client.next()).await.unwrap(),
        Some(Ok(Message::Close(None)))
    ));
    served.line(&format!("DISCONNECT {id}")).await;
    // A client that is simply lost.
    let mut lost = served.client().await;
    let id = ask(&mut lost, "{}").await;
    drop(lost);
    served.line(&format!("DISCONNECT {id}")).await;
    served.running.shutdown().await;
}

#[tokio::test]
async fn going_down_closes_with_1001_runs_disconnect_and_leaves_no_process() {
    let served = serve().await;
    let mut clients = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let mut client = served.client().await;
        ids.push(ask(&mut client, "{}").await);
        clients.push(client);
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let Served {
        running,
        lines: mut receiver,
        ..
    } = served;
    let collected = Arc::clone(&lines);
    let collecting = tokio::spawn(async move {
        while let Some(line) = receiver.recv().await {
            collected.lock().unwrap().push(line);
        }
    });
    let closes = async {
        for client in &mut clients {
            assert_eq!(closed(client).await.0, 1001);
        }
    };
    let address = running.local_addr();
    let before = std::time::Instant::now();
    // With its end nothing of it is left.
    let down = async move { running.shutdown().await };
    tokio::join!(down, closes);
    assert!(before.elapsed() < PATIENCE);
    assert!(TcpStream::connect(address).await.is_err());
    // The senders are gone with the processes: the stream of lines ends.
    timeout(PATIENCE, collecting)
        .await
        .expect("no process holds the output")
        .unwrap();
    let lines = lines.lock().unwrap();
    for id in ids {
        assert!(
            lines.contains(&format!("DISCONNECT {id}")),
            "{id}: {lines:?}"
        );
    }
}

#[tokio::test]
async fn a_function_sees_its_own_environment_and_not_the_gateway_s() {
    let served = serve().await;
    let mut client = served.client().await;
    let names = ask(&mut client, r#"{"x":"environment"}"#).await;
    let names: Vec<&str> = names.split(',').collect();
    for expected in [
        "OWN",
        "AWS_REGION",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
        "_HANDLER",
    ] {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
    // cargo sets it for tests.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!names.contains(&"CARGO_MANIFEST_DIR"), "{names:?}");
    let probes = children();
    assert!(probes.values().any(|name| name == "probe"), "{probes:?}");
    // Dropped without a word: the processes end all the same, and with them the stream of their lines.
    let Served {
        running, mut lines, ..
    } = served;
    drop(running);
    while timeout(PATIENCE, lines.recv())
        .await
        .expect("no process holds the output")
        .is_some()
    {}
}

// A process's Runtime API is for that process: no web page may fetch its events or answer them.
#[tokio::test]
async fn no_web_page_reaches_a_runtime_api() {
    let served = serve().await;
    let mut client = served.client().await;
    ask(&mut client, "{}").await;
    let is_probe = |(_, name): &(u32, String)| name == "probe";
    let (pid, _) = children().into_iter().find(is_probe).unwrap();
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    let mut variables = environment.split('\0');
    let address = variables.find_map(|variable| variable.strip_prefix("AWS_LAMBDA_RUNTIME_API="));
    let address = address.unwrap();
    for (fields, expected) in [
        (format!("Host: {address}"), 404),
        ("Host: evil.example".to_owned(), 403),
        (format!("Host: {address}\r\nOrigin: http://localhost"), 403),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /none HTTP/1.1\r\n{fields}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        timeout(PATIENCE, read).await.unwrap().unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{answer}"
        );
    }
    served.running.shutdown().await;
}
