//! The page over real sockets: who may see it, what it does with a gateway, and pages that do not
//! read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Control, Options, TimeSource};
use inspect::{About, Cursor, Exchange, Kind, Masks, NoPage, Page, Request, Store, Verdict};
use serde_json::{Value, json};
use spec::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take on a busy machine before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many messages are more than a socket's buffers hold, and than a store keeps.
const MESSAGES: u64 = 30_000;

/// `echo` answers with the text of its message; `$connect` is open to all.
const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {application/json: '{\"statusCode\": 200}'}
  IntegrationResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: $default
      ResponseTemplates: {application/json: said}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: echo, Target: !Sub 'integrations/${Integration}', RouteResponseSelectionExpression: $default}
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}
";

/// A gateway with its page.
struct Served {
    gateway: Control,
    store: Store,
    key: String,
}

/// What came back for a request.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    async fn start(name: &str) -> Self {
        let gateway = start(name, |_| {}).await;
        let store = Store::new(Masks::new(gateway.assembly().api()));
        let page = Page::open(gateway.clone(), store.clone(), about()).unwrap();
        let (address, key) = page.url().split_once("/@inspect/#key=").unwrap();
        assert_eq!(address, format!("http://{}", gateway.local_addr()));
        let key = key.to_owned();
        tokio::spawn(inspect::follow(gateway.clone(), store.clone()));
        tokio::spawn(page.run());
        Self {
            gateway,
            store,
            key,
        }
    }

    fn with_key(&self) -> String {
        format!("Host: localhost\r\nX-Gatespec-Inspect: {}\r\n", self.key)
    }

    /// A request of the page.
    async fn get(&self, path: &str) -> Answer {
        let line = format!("GET /@inspect/api/{path}");
        request(&self.gateway, &line, &self.with_key(), "").await
    }

    /// The JSON with which something that the page does is answered.
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let line = format!("POST /@inspect/api/{path}");
        let answer = request(&self.gateway, &line, &self.with_key(), &body.to_string()).await;
        let body = serde_json::from_str(&answer.body);
        (answer.status, body.unwrap_or(Value::String(answer.body)))
    }

    /// The stream of what happens, from its first byte on.
    async fn live(&self) -> TcpStream {
        let address = self.gateway.local_addr();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let with_key = self.with_key();
        let request = format!("GET /@inspect/api/live HTTP/1.1\r\n{with_key}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut fields = lines.filter_map(|line| line.split_once(": "));
        fields
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

async fn start(name: &str, change: impl FnOnce(&mut Options)) -> Control {
    let path: PathBuf =
        std::env::temp_dir().join(format!("inspect-{name}-{}.yaml", std::process::id()));
    std::fs::write(&path, STACK).unwrap();
    let mut options = Options::new(&path);
    options.dynamodb_url = None;
    options.allowed_hosts = vec!["host.docker.internal".to_owned()];
    options.clock = TimeSource::Standing(Timestamp::from_millis(1_705_751_697_419));
    change(&mut options);
    let gateway = gateway::start(options).await.unwrap();
    std::fs::remove_file(path).unwrap();
    gateway
}

fn message(number: u64) -> Arc<Exchange> {
    Arc::new(Exchange {
        number,
        kind: Kind::Message,
        connection_id: "connection".to_owned(),
        request_id: "request".to_owned(),
        began: number,
        ended: Some(number),
        request: Request::Frame {
            text: "😀".repeat(190),
        },
        decisions: Vec::new(),
        route: None,
        model: None,
        calls: Vec::new(),
        sent: Vec::new(),
        access_log: None,
        verdict: Verdict::Silent,
        is_cut: false,
    })
}

fn about() -> About {
    About {
        wscat: |_| "wscat --header token:sesame -c ws://x".to_owned(),
        served: "template.yaml".to_owned(),
    }
}

async fn request(gateway: &Control, line: &str, fields: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(gateway.local_addr()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\n{fields}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn the_page_keeps_to_itself() {
    let served = Served::start("headers").await;
    let here = "Host: localhost\r\n";
    let moved = request(&served.gateway, "GET /@inspect", here, "").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("/@inspect/"))
    );
    let page = request(&served.gateway, "GET /@inspect/", here, "").await;
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with("<!DOCTYPE html>") && !page.body.contains(&served.key));
    let script = request(&served.gateway, "GET /@inspect/main.js", here, "").await;
    let kind = script.header("content-type");
    assert_eq!(kind, Some("text/javascript; charset=utf-8"));
    let missing = request(&served.gateway, "GET /@inspect/none.js", here, "").await;
    let refused = request(&served.gateway, "GET /@inspect/api/live", here, "").await;
    let data = served.get("exchanges/1").await;
    assert_eq!(
        (missing.status, refused.status, data.status),
        (404, 401, 404)
    );
    for answer in [moved, page, script, missing, refused, data] {
        let policy = answer.header("content-security-policy").unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn what_the_page_asks_for_needs_its_key() {
    let served = Served::start("key").await;
    let other = Served::start("other-key").await;
    let line = "POST /@inspect/api/advance";
    let wrong = format!("{}0", &served.key[1..]);
    for (what, line, fields, expected) in [
        ("its own", line, served.with_key(), 200),
        ("none", line, "Host: localhost\r\n".to_owned(), 401),
        ("another gateway's", line, other.with_key(), 401),
        (
            "wrong",
            line,
            format!("Host: localhost\r\nX-Gatespec-Inspect: {wrong}\r\n"),
            401,
        ),
        (
            "a part",
            line,
            format!(
                "Host: localhost\r\nX-Gatespec-Inspect: {}\r\n",
                &served.key[..9]
            ),
            401,
        ),
        (
            "in the address",
            &format!("{line}?key={}", served.key),
            "Host: localhost\r\n".to_owned(),
            401,
        ),
    ] {
        let answer = request(&served.gateway, line, &fields, r#"{"seconds": 1}"#).await;
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
    }
    served.gateway.shutdown().await;
    other.gateway.shutdown().await;
}

#[tokio::test]
async fn other_names_and_other_pages_are_refused_even_with_the_key() {
    let served = Served::start("names").await;
    let port = served.gateway.local_addr().port();
    let key = format!("X-Gatespec-Inspect: {}\r\n", served.key);
    for (fields, expected) in [
        (
            format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"),
            200,
        ),
        (format!("Host: evil.example:{port}\r\n"), 403),
        ("Host: 127.0.0.1.evil.example\r\n".to_owned(), 403),
        ("Host: host.docker.internal\r\n".to_owned(), 403),
        (
            format!("Host: localhost:{port}\r\nOrigin: https://evil.example\r\n"),
            403,
        ),
        (
            format!("Host: localhost:{port}\r\nOrigin: http://localhost:1\r\n"),
            403,
        ),
        (
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n".to_owned(),
            403,
        ),
        (String::new(), 403),
    ] {
        let fields = format!("{fields}{key}");
        let line = "POST /@inspect/api/advance";
        let answer = request(&served.gateway, line, &fields, r#"{"seconds": 1}"#).await;
        assert_eq!(answer.status, expected, "{fields}: {}", answer.body);
        // That is for the API, and does not open its page.
        assert!(!answer.body.contains("--allow-host"), "{}", answer.body);
    }
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn without_a_page_its_paths_are_like_any_others() {
    let gateway = start("none", |_| {}).await;
    let answer = request(&gateway, "GET /@inspect/", "Host: localhost\r\n", "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("Forbidden"), "{}", answer.body);
    gateway.shutdown().await;
    // The port listens where browsers on this machine would have to use another address.
    let Ok(other) = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    }) else {
        return;
    };
    let gateway = start("address", |options| options.host = other.ip()).await;
    let store = Store::new(Masks::new(gateway.assembly().api()));
    let refused = Page::open(gateway.clone(), store, about());
    assert!(matches!(refused, Err(NoPage::NoLoopback)));
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_page_acts_on_the_gateway() {
    let served = Served::start("acts").await;
    let headers = json!([["X-Who", "me"], ["User-Agent", "page"]]);
    let (_, done) = served
        .post("connect", &json!({"headers": headers, "query": "a=1"}))
        .await;
    let id = done["connectionId"].as_str().unwrap();
    let open = || served.gateway.connections();
    assert_eq!(
        open()
            .iter()
            .map(|one| &*one.connection_id)
            .collect::<Vec<_>>(),
        [id]
    );
    let send = json!({"connectionId": id, "text": "{\"action\": \"echo\"}"});
    assert_eq!(
        served.post("send", &send).await,
        (200, json!({"connectionId": null}))
    );
    let (_, posted) = served
        .post("post", &json!({"connectionId": id, "text": "hi"}))
        .await;
    assert_eq!(posted["status"], 200);
    assert_eq!((open()[0].received, open()[0].sent), (1, 2));
    let (_, passed) = served.post("advance", &json!({"seconds": 1.5})).await;
    assert_eq!(passed, json!({"now": 1_705_751_698_919_u64}));
    let (_, gone) = served
        .post("disconnect", &json!({"connectionId": id}))
        .await;
    assert_eq!(gone["status"], 204);
    let is_gone = async {
        while !open().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, is_gone).await.unwrap();
    assert_eq!(served.post("send", &send).await.0, 410);
    let (status, answer) = served
        .post("console", &json!({"template": "$input.body", "body": "b"}))
        .await;
    assert_eq!((status, &answer["output"]), (200, &json!("b")));
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let served = Served::start("wrong").await;
    for (path, body, expected, word) in [
        ("connect", json!({"headers": [["a b", "c"]]}), 400, "`a b`"),
        (
            "connect",
            json!({"headers": [["a", "b\r\nc: d"]]}),
            400,
            "control",
        ),
        ("connect", json!({"query": "a b"}), 400, "%20"),
        ("send", json!({"text": "x"}), 400, "connectionId"),
        ("advance", json!({"seconds": -1}), 400, "year"),
        ("advance", json!({"seconds": 1e300}), 400, "year"),
        ("nothing", json!({}), 404, "nothing"),
    ] {
        let (status, said) = served.post(path, &body).await;
        assert_eq!(status, expected, "{path}: {said}");
        assert!(said.as_str().unwrap().contains(word), "{said}");
    }
    assert_eq!(served.get("exchanges/none").await.status, 404);
    assert_eq!(served.get("live?since=x").await.status, 400);
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn the_stream_tells_what_happens_and_ends_with_the_gateway() {
    let served = Served::start("live").await;
    let mut stream = served.live().await;
    let mut text = String::new();
    until(&mut stream, &mut text, "event: changes").await;
    assert!(
        text.contains("event: hello") && text.contains("\"frozen\":true"),
        "{text}"
    );
    // The line to paste has what lets a client in only where it is asked for.
    assert!(
        text.contains("--header token:*** -c") && !text.contains("sesame"),
        "{text}"
    );
    let line = served.get("wscat").await;
    assert!(line.body.contains("token:sesame"), "{}", line.body);
    let (_, done) = served
        .post(
            "connect",
            &json!({"headers": [["Authorization", "hush"]], "query": "X-Amz-Signature=pst"}),
        )
        .await;
    let id = done["connectionId"].as_str().unwrap();
    until(&mut stream, &mut text, id).await;
    let send = json!({"connectionId": id, "text": "{\"action\": \"echo\"}"});
    served.post("send", &send).await;
    until(&mut stream, &mut text, "\"verdict\":\"answered\",\"text\":").await;
    assert!(
        text.contains("X-Amz-Signature=***") && !text.contains("hush") && !text.contains("pst"),
        "{text}"
    );
    // What is asked for without secrets has none.
    let masked = served.get("exchanges/1").await;
    assert!(
        masked.body.contains("Authorization") && !masked.body.contains("hush"),
        "{}",
        masked.body
    );
    let whole = served.get("exchanges/1?reveal=1").await;
    assert!(whole.body.contains("hush"), "{}", whole.body);
    served.gateway.shutdown().await;
    timeout(PATIENCE, stream.read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_page_that_does_not_read_is_told_what_it_missed_and_holds_nobody_up() {
    let served = Served::start("slow").await;
    let mut stream = served.live().await;
    let mut text = String::new();
    until(&mut stream, &mut text, "event: changes").await;
    // More than all buffers between here and there hold, while nobody reads.
    for number in 1..=MESSAGES {
        served.store.put(message(number));
        // The stream goes on as far as it can.
        tokio::task::yield_now().await;
    }
    until(
        &mut stream,
        &mut text,
        &format!("\"number\":{MESSAGES},\"missed\":"),
    )
    .await;
    let parts = text.split("\"missed\":").skip(1);
    let missed: u64 = parts
        .map(|part| part.split(',').next().unwrap().parse::<u64>().unwrap())
        .sum();
    let told = text.matches("\"kind\":\"message\"").count();
    assert!(
        missed > 0,
        "{told} of {MESSAGES} were told, and {missed} missed"
    );
    served.gateway.shutdown().await;
}

#[tokio::test]
async fn a_load_that_nobody_can_read_is_followed_in_part() {
    let served = Served::start("load").await;
    let (_, done) = served.post("connect", &json!({})).await;
    let id = done["connectionId"].as_str().unwrap().to_owned();
    let mut sent = 0;
    let lost = || served.store.changes(Cursor::default()).lost;
    let is_lost = async {
        while lost() == 0 {
            assert!(
                served
                    .gateway
                    .send_as_client(&id, format!("{{\"number\": {sent}}}"))
            );
            sent += 1;
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, is_lost).await.unwrap();
    // Once there is less, all is followed again.
    let is_followed = async {
        loop {
            let revision = served.store.changes(Cursor::default()).cursor.revision;
            served.gateway.send_as_client(&id, "the last".to_owned());
            let _ = timeout(Duration::from_millis(200), served.store.changed(revision)).await;
            let last = served.store.exchanges().pop().unwrap();
            if matches!(&last.request, Request::Frame { text } if text == "the last") {
                return;
            }
        }
    };
    timeout(PATIENCE, is_followed).await.unwrap();
    assert!(served.gateway.arrived() > sent);
    served.gateway.shutdown().await;
}

/// Reads on until `wanted` is in the text.
async fn until(stream: &mut TcpStream, text: &mut String, wanted: &str) {
    let mut bytes = [0; 65536];
    let from = text.len();
    while !text[from..].contains(wanted) {
        let read = timeout(PATIENCE, stream.read(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        assert!(read > 0, "the stream ended before `{wanted}`");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}
