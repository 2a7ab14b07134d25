//! The binaries as Lambda runs them: real processes with a minimal Runtime API.
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

const AUTHORIZER: &str = env!("CARGO_BIN_EXE_authorizer");
const CONNECT: &str = env!("CARGO_BIN_EXE_connect");
const DISCONNECT: &str = env!("CARGO_BIN_EXE_disconnect");
const SENDMESSAGE: &str = env!("CARGO_BIN_EXE_sendmessage");

/// Much longer than any step takes: it only keeps a broken build from hanging.
const GUARD: Duration = Duration::from_secs(120);

#[test]
fn the_authorizer_answers_refuses_and_never_logs_a_token() {
    let request =
        |token: &str| json!({"type": "REQUEST", "methodArn": "arn:a", "headers": {"Token": token}});
    let api = RuntimeApi::with_events(&[request("s3cret"), request("0ther")]);
    let process = api.start(
        AUTHORIZER,
        &[
            ("ACCEPTED_TOKEN", "s3cret"),
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ],
    );

    let (path, body) = api.next_result();
    assert_eq!(path, "/2018-06-01/runtime/invocation/request-0/response");
    assert_eq!(body["policyDocument"]["Statement"][0]["Resource"], "arn:a");
    assert_eq!(body["context"], json!({"token": "s3cret"}));
    let (path, body) = api.next_result();
    assert_eq!(path, "/2018-06-01/runtime/invocation/request-1/error");
    assert_eq!(
        (&body["errorMessage"], &body["errorType"]),
        (&json!("Unauthorized"), &json!("Unauthorized"))
    );

    let (code, log) = terminate(process);
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("s3cret") && !log.contains("0ther"), "{log}");
    let refusal: Value =
        serde_json::from_str(log.lines().find(|line| line.contains("refused")).unwrap()).unwrap();
    assert_eq!(refusal["level"], "INFO");
    assert_eq!(refusal["span"]["requestId"], "request-1");
}

#[test]
fn a_reply_under_way_is_finished_before_sigterm_ends_the_process() {
    let event = json!({"requestContext": {"connectionId": "R1k="}, "body": "{}"});
    let api = RuntimeApi::with_events(&[event]);
    let management = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/stage", management.local_addr().unwrap());
    let process = api.start(
        SENDMESSAGE,
        &[("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &address)],
    );

    let (mut peer, _) = management.accept().unwrap();
    let (line, body) = read_request(&mut peer).unwrap();
    assert_eq!(line, "POST /stage/@connections/R1k%3D HTTP/1.1");
    assert_eq!(body, b"good job on deploying this template, keep slaying!!");
    send_sigterm(&process);
    peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();

    let (path, body) = api.next_result();
    assert_eq!(
        (path.as_str(), body),
        (
            "/2018-06-01/runtime/invocation/request-0/response",
            json!({"statusCode": 200})
        )
    );
    let (code, log) = end(process);
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn an_endpoint_that_refuses_connections_is_an_error_and_not_the_end() {
    let event = json!({"requestContext": {"connectionId": "R1k=", "connectedAt": 1}, "body": "{}"});
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let api = RuntimeApi::with_events(&[event.clone(), event.clone()]);
    let process = api.start(SENDMESSAGE, &[("AWS_ENDPOINT_URL", &refusing)]);
    for _ in 0..2 {
        assert_eq!(api.next_result().1["errorType"], "ReplyNotPosted");
    }
    terminate(process);

    for binary in [CONNECT, DISCONNECT] {
        let api = RuntimeApi::with_events(std::slice::from_ref(&event));
        let process = api.start(binary, &[("AWS_ENDPOINT_URL_DYNAMODB", &refusing)]);
        assert_eq!(api.next_result().1, json!({"statusCode": 500}));
        terminate(process);
    }
}

#[rstest]
#[case::authorizer(AUTHORIZER, "ACCEPTED_TOKEN")]
#[case::connect(CONNECT, "TABLE_NAME")]
#[case::disconnect(DISCONNECT, "TABLE_NAME")]
#[case::sendmessage(SENDMESSAGE, "API_ID")]
fn a_missing_variable_ends_the_start_with_its_name(#[case] binary: &str, #[case] name: &str) {
    let api = RuntimeApi::with_events(&[]);
    let (code, log) = end(api.command(binary).env_remove(name).spawn().unwrap());
    assert_eq!(code, Some(1), "{log}");
    assert!(
        log.contains(&format!("environment variable `{name}` is not set")),
        "{log}"
    );
}

#[rstest]
#[case(AUTHORIZER)]
#[case(CONNECT)]
#[case(DISCONNECT)]
#[case(SENDMESSAGE)]
fn started_by_hand_it_says_what_it_is_missing(#[case] binary: &str) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(binary).env_clear().output().unwrap();
    assert_eq!(status.code(), Some(1));
    let log = String::from_utf8(stdout).unwrap();
    assert!(
        log.contains("environment variable `AWS_LAMBDA_RUNTIME_API` is not set"),
        "{log}"
    );
    assert!(stderr.is_empty(), "no panic");
}

#[test]
fn a_runtime_api_that_goes_away_ends_the_process() {
    let api = RuntimeApi::with_events(&[]);
    let address = api.address.clone();
    drop(api);
    let mut command = Command::new(AUTHORIZER);
    let process = command
        .env_clear()
        .envs(variables(&address))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (code, log) = end(process);
    assert_eq!(code, Some(1), "{log}");
}

/// A Lambda Runtime API that delivers its events in turn, from `request-0` on, and then keeps
/// `/next` waiting.
struct RuntimeApi {
    address: String,
    results: Receiver<(String, Value)>,
}

impl RuntimeApi {
    fn with_events(events: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, results) = channel();
        if !events.is_empty() {
            let events = events.to_vec();
            thread::spawn(move || hand_out(&listener, &events, &sender));
        }
        Self { address, results }
    }

    fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(variables(&self.address))
            .stdout(Stdio::piped());
        command
    }

    fn start(&self, binary: &str, extra: &[(&str, &str)]) -> Child {
        self.command(binary)
            .envs(extra.iter().copied())
            .spawn()
            .unwrap()
    }

    fn next_result(&self) -> (String, Value) {
        self.results.recv_timeout(GUARD).unwrap()
    }
}

fn variables(runtime_api: &str) -> Vec<(&'static str, String)> {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("ACCEPTED_TOKEN", "hello"),
        ("TABLE_NAME", "connections"),
        ("API_ID", "abcdef123"),
        ("STAGE", "stage"),
    ];
    variables
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
}

/// Serves one request per connection: each answer closes it.
fn hand_out(listener: &TcpListener, events: &[Value], results: &Sender<(String, Value)>) {
    let mut given = 0;
    let mut waiting = Vec::new();
    while let Ok((mut peer, _)) = listener.accept() {
        let Some((line, body)) = read_request(&mut peer) else {
            continue;
        };
        let path = line.split(' ').nth(1).unwrap().to_owned();
        if path.ends_with("/next") {
            let Some(event) = events.get(given) else {
                waiting.push(peer);
                continue;
            };
            let event = event.to_string();
            write!(
                peer,
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: request-{given}\r\n\
                 lambda-runtime-deadline-ms: 4102444800000\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{event}",
                event.len(),
            )
            .unwrap();
            given += 1;
        } else {
            peer.write_all(
                b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            )
            .unwrap();
            if results
                .send((path, serde_json::from_slice(&body).unwrap()))
                .is_err()
            {
                return;
            }
        }
    }
}

/// The request line and the body; `None` if the peer sends nothing.
fn read_request(peer: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(peer);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Some((head.swap_remove(0), body))
}

fn terminate(process: Child) -> (Option<i32>, String) {
    send_sigterm(&process);
    end(process)
}

fn send_sigterm(process: &Child) {
    assert!(
        Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", process.id())])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits for the process to end: its exit code and its log.
fn end(process: Child) -> (Option<i32>, String) {
    let output = process.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}
