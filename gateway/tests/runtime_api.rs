//! The Runtime API, as a function's process sees it: the test is the process.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::SinkExt;
use gateway::{Control, FunctionOutput, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use support::{Client, HELLO, Log, PATIENCE, connect, receive, start};

/// A gateway whose function's process only says where its Runtime API is: the test speaks for it.
struct Played {
    running: Control,
    client: Client,
    folder: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

/// An answer of the Runtime API.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LIMIT: usize = 6_291_556;

impl Played {
    async fn new(name: &str, script: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("runtime-api-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let bootstrap = folder.join("bootstrap");
        let file = folder.join("api");
        let file = file.display();
        let script = format!(
            "#!/bin/sh\n{script}\necho \"$AWS_LAMBDA_RUNTIME_API\" > {file}.new\nmv {file}.new {file}\n\
             exec sleep 1000\n"
        );
        fs::write(&bootstrap, script).unwrap();
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
        let mut options = Options::new(support::two_way(&folder, &folder, ""));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        options.function_output = FunctionOutput::Each(Arc::new(move |_, line| {
            written.lock().unwrap().push(line.to_owned());
        }));
        let running = start(options).await;
        let client = connect(&running).await.unwrap();
        Self {
            running,
            client,
            folder,
            lines,
        }
    }

    /// Sends a message, which starts the process; a connection of that process.
    async fn begin(&mut self) -> TcpStream {
        self.client.send(Message::text("{}")).await.unwrap();
        self.api().await
    }

    async fn api(&self) -> TcpStream {
        TcpStream::connect(self.address().await).await.unwrap()
    }

    async fn address(&self) -> String {
        let file = self.folder.join("api");
        let written = async {
            while !file.is_file() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, written).await.unwrap();
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    async fn end(self) {
        drop(self.client);
        self.running.shutdown().await;
    }
}

async fn say(stream: &mut TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    hear(stream).await
}

async fn hear(stream: &mut TcpStream) -> Answer {
    timeout(PATIENCE, read(stream)).await.unwrap()
}

async fn read(stream: &mut TcpStream) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: String::from_utf8(body).unwrap(),
    }
}

fn request_id(event: &Answer) -> &str {
    let mut lines = event.head.lines();
    lines
        .find_map(|line| line.strip_prefix("Lambda-Runtime-Aws-Request-Id: "))
        .unwrap()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: \
         {length}\r\n\r\n{body}"
    )
}

fn result(event: &Answer) -> String {
    let path = format!("invocation/{}/response", request_id(event));
    post(&path, "", r#"{"statusCode":200,"body":"done"}"#)
}

// A real runtime does that: it does not wait until its error is in. The process used to be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_next_is_answered_when_the_first_event_is() {
    let mut played = Played::new("second-next", "").await;
    let mut one = played.begin().await;
    let event = say(&mut one, NEXT).await;
    let mut other = played.api().await;
    other.write_all(NEXT.as_bytes()).await.unwrap();
    // The gateway has read it once it answers what was sent after it on the first connection.
    assert_eq!(
        say(&mut one, "GET /2018-06-01/ping HTTP/1.1\r\n\r\n")
            .await
            .body,
        "pong"
    );
    assert_eq!(say(&mut one, &result(&event)).await.status, 202);
    assert_eq!(receive(&mut played.client).await, "done");
    played.client.send(Message::text("{}")).await.unwrap();
    let second = hear(&mut other).await;
    assert_eq!(second.status, 200);
    assert_ne!(request_id(&second), request_id(&event));
    assert_eq!(say(&mut one, &result(&second)).await.status, 202);
    assert_eq!(receive(&mut played.client).await, "done");
    played.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_streamed_answer_can_fail_behind_its_end() {
    let mut played = Played::new("trailers", "").await;
    let mut api = played.begin().await;
    let event = say(&mut api, NEXT).await;
    let id = request_id(&event);
    // {"errorType":"Late","errorMessage":"m"}
    let request = format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: localhost\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
         11\r\n{{\"statusCode\":200\r\n1\r\n}}\r\n0\r\n\
         Lambda-Runtime-Function-Error-Type: Late\r\n\
         Lambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJMYXRlIiwiZXJyb3JNZXNzYWdlIjoibSJ9\r\n\r\n"
    );
    assert_eq!(say(&mut api, &request).await.status, 202);
    let frame = receive(&mut played.client).await;
    assert!(frame.contains("Internal server error"), "{frame}");
    played.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_runtime_hears_why_a_result_is_refused() {
    let mut played = Played::new("refusals", "").await;
    let mut api = played.begin().await;
    let event = say(&mut api, NEXT).await;
    let path = format!("invocation/{}/response", request_id(&event));
    let large = format!("\"{}\"", "x".repeat(LIMIT + 1000));
    let answer = say(&mut api, &post(&path, "", &large)).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer
            .body
            .contains(r#""errorType":"RequestEntityTooLarge""#),
        "{answer:?}"
    );
    let expected = "Exceeded maximum allowed payload size (6291556 bytes).";
    assert!(answer.body.contains(expected), "{answer:?}");
    receive(&mut played.client).await;

    played.client.send(Message::text("{}")).await.unwrap();
    let event = say(&mut api, NEXT).await;
    let path = format!("invocation/{}/response", request_id(&event));
    let mode = "Lambda-Runtime-Function-Response-Mode: trickling\r\n";
    let answer = say(&mut api, &post(&path, mode, "{}")).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains("InvalidFunctionResponseMode"),
        "{answer:?}"
    );
    receive(&mut played.client).await;

    let answer = say(&mut api, &post("init/error", "", "{}")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("InvalidStateTransition"), "{answer:?}");
    played.end().await;
}

// Python's own runtime posts the cause of an error in a header of up to a megabyte, and error bodies
// may stand in a trailer. It ends if that is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_header_may_have_a_megabyte() {
    let mut played = Played::new("header", "").await;
    let mut api = played.begin().await;
    let event = say(&mut api, NEXT).await;
    let path = format!("invocation/{}/error", request_id(&event));
    let cause = "x".repeat(1024 * 1024);
    let header = format!("Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n");
    assert_eq!(say(&mut api, &post(&path, &header, "{}")).await.status, 202);
    let frame = receive(&mut played.client).await;
    assert!(frame.contains("Internal server error"), "{frame}");
    played.end().await;
}

// On a terminal, each part would overwrite the one before; escaped, it cannot be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_record_with_carriage_returns_is_several_lines() {
    let mut played = Played::new("carriage-returns", r"printf 'one\rtwo\r\nthree\n'").await;
    let mut api = played.begin().await;
    let event = say(&mut api, NEXT).await;
    say(&mut api, &result(&event)).await;
    receive(&mut played.client).await;
    let lines = Arc::clone(&played.lines);
    played.end().await;
    assert_eq!(*lines.lock().unwrap(), ["one", "two", "three"]);
}

// Every user of this machine can connect to a port of it. Only root can be another user.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_user_of_this_machine_gets_no_event() {
    let bash = Path::new("/bin/bash");
    if !rustix::process::geteuid().is_root() || !bash.is_file() {
        return;
    }
    let mut played = Played::new("stranger", "").await;
    let mut api = played.begin().await;
    let address = played.address().await;
    let (host, port) = address.split_once(':').unwrap();
    let script = format!(
        "exec 3<>/dev/tcp/{host}/{port}; printf 'GET /2018-06-01/runtime/invocation/next \
         HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&3; cat <&3"
    );
    let stranger = tokio::process::Command::new(bash)
        .args(["-c", &script])
        .uid(65_534)
        .output();
    let heard = timeout(PATIENCE, stranger).await.unwrap().unwrap();
    let heard = String::from_utf8_lossy(&heard.stdout).into_owned();
    assert_eq!(heard, "", "a stranger has got the event");
    let event = say(&mut api, NEXT).await;
    say(&mut api, &result(&event)).await;
    assert_eq!(receive(&mut played.client).await, "done");
    assert_eq!(
        say(&mut api, NEXT.replace("localhost", "evil.example").as_str())
            .await
            .status,
        403
    );
    played.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_web_page_gets_no_event() {
    let mut played = Played::new("page", "").await;
    let mut api = played.begin().await;
    let page = NEXT.replace("\r\n\r\n", "\r\nOrigin: http://evil.example\r\n\r\n");
    assert_eq!(say(&mut api, &page).await.status, 403);
    let mut api = played.api().await;
    let event = say(&mut api, NEXT).await;
    say(&mut api, &result(&event)).await;
    assert_eq!(receive(&mut played.client).await, "done");
    played.end().await;
}

// All tasks are on this test's thread, whose log this is.
#[tokio::test]
async fn who_wants_tls_of_a_runtime_api_is_told_by_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let mut played = Played::new("tls", "").await;
    let mut stream = played.begin().await;
    stream.write_all(HELLO.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    let expected = "a client wants TLS of a function's Runtime API, which has none: its address \
                    begins with `http://`";
    assert_eq!(log.take().matches(expected).count(), 1);
    played.end().await;
}
