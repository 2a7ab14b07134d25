//! A web page must not reach the gateway: what its ports say to other names and to pages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use gateway::{Control, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use support::{HELLO, Log, PATIENCE, closed, connect, start, template};

const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
";

async fn serve(name: &str) -> Control {
    let mut options = Options::new(template(name, STACK));
    options.dynamodb_url = None;
    options.allowed_hosts = vec!["host.docker.internal".to_owned()];
    start(options).await
}

/// What comes back for a request until the connection ends.
async fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    // What is no text is an alert: whoever sent no request looks at the log.
    let _ = timeout(PATIENCE, read).await.unwrap();
    answer
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A handshake; a client that is let in is left at once.
async fn handshake(address: &str, fields: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /test HTTP/1.1\r\n{fields}\r\n{UPGRADE}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = stream.read_exact(&mut answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    status(std::str::from_utf8(&answer).unwrap())
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn handshakes_come_from_every_page_and_to_known_names() {
    let gateway = serve("handshakes").await;
    let address = gateway.local_addr().to_string();
    let api = gateway.assembly();
    let api = api.api();
    let own = format!(
        "Host: {}.execute-api.{}.amazonaws.com",
        api.api_id, api.region
    );
    for (fields, expected) in [
        ("Host: localhost", 101),
        (own.as_str(), 101),
        ("Host: host.docker.internal:3001", 101),
        ("Host: localhost\r\nOrigin: https://evil.example", 101),
        ("X: no browser", 101),
        (
            "Host: evil.example:3001\r\nOrigin: http://evil.example:3001",
            403,
        ),
    ] {
        assert_eq!(handshake(&address, fields).await, expected, "{fields}");
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn connections_and_dynamodb_are_for_programs_only() {
    let gateway = serve("programs").await;
    let own = gateway.local_addr().to_string();
    let dynamodb = gateway.dynamodb_url().strip_prefix("http://").unwrap();
    let list = "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: \
                DynamoDB_20120810.ListTables\r\nX-Amz-Date: 20240101T000000Z\r\nAuthorization: \
                AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/dynamodb/aws4_request, \
                SignedHeaders=host, Signature=0\r\n";
    let ports = [
        (own.as_str(), "GET /test/@connections/none", "", 400),
        (own.as_str(), "GET /@outbox", "", 200),
        (dynamodb, "POST /", list, 200),
        // For SDKs that look at no variable but `AWS_ENDPOINT_URL`.
        (own.as_str(), "POST /", list, 200),
    ];
    for (address, line, more, good) in ports {
        let ask = async |fields: &str| {
            let rest = "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
            exchange(
                address,
                &format!("{line} HTTP/1.1\r\n{fields}\r\n{more}{rest}"),
            )
            .await
        };
        for host in ["127.0.0.1:1", "localhost", "host.docker.internal"] {
            let answer = ask(&format!("Host: {host}")).await;
            assert_eq!(status(&answer), good, "{answer}");
        }
        let answer = ask("Host: evil.example:80").await;
        assert_eq!(status(&answer), 403, "{answer}");
        assert!(
            answer.contains("start it with `--allow-host evil.example`"),
            "{answer}"
        );
        let answer = ask("Host: localhost\r\nOrigin: http://localhost:8080").await;
        assert_eq!(status(&answer), 403, "{answer}");
        assert!(
            answer.contains("the request comes from a web page"),
            "{answer}"
        );
        // An image of a page has no origin; its browser says where it is all the same.
        let answer = ask("Host: localhost\r\nSec-Fetch-Site: cross-site").await;
        assert_eq!(status(&answer), 403, "{answer}");
        let answer = ask("Host: localhost\r\nSec-Fetch-Site: none").await;
        assert_eq!(status(&answer), good, "{answer}");
        // Neither does a preflight find out more.
        let preflight = "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\
                         Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n";
        let answer = exchange(address, preflight).await.to_ascii_lowercase();
        assert!(!answer.contains("access-control-"), "{answer}");
    }
    gateway.shutdown().await;
}

// All tasks are on this test's thread, whose log this is.
#[tokio::test]
async fn who_comes_to_the_wrong_port_is_told_by_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let gateway = serve("wrong-port").await;
    let own = gateway.local_addr().to_string();
    let dynamodb = gateway.dynamodb_url().strip_prefix("http://").unwrap();
    let rest = "Host: localhost\r\nConnection: close\r\nContent-Length: 0\r\n";
    let handshake = format!("GET /test HTTP/1.1\r\nUpgrade: websocket\r\n{rest}\r\n");
    let post = format!("POST /test/@connections/x HTTP/1.1\r\n{rest}\r\n");
    let scan = format!("POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.Scan\r\n{rest}\r\n");
    let get = format!("GET /test/@connections/x HTTP/1.1\r\n{rest}\r\n");
    for (address, sent, expected) in [
        (
            dynamodb,
            HELLO,
            "it must trust the authority whose file `gatespec ca` names",
        ),
        (
            dynamodb,
            &handshake,
            "GET /test: a request for the gateway came to the port of the local DynamoDB: its \
             client has the wrong address",
        ),
        (
            dynamodb,
            &post,
            "POST /test/@connections/x: a request for the gateway came to the port of the local \
             DynamoDB: its client has the wrong address",
        ),
        (
            &own,
            &scan,
            "POST /: a request for the local DynamoDB came to the port of the gateway: its client \
             has the wrong address",
        ),
        (
            &own,
            HELLO,
            "it must trust the authority whose file `gatespec ca` names",
        ),
        (&own, &get, ""),
    ] {
        exchange(address, sent).await;
        let said = log.take();
        let stray = said
            .lines()
            .filter(|line| line.contains("port of") || line.contains("TLS"));
        let stray: Vec<&str> = stray.collect();
        assert_eq!(
            stray.len(),
            usize::from(!expected.is_empty()),
            "{sent}: {said}"
        );
        assert!(said.contains(expected), "{sent}: {said}");
    }
    gateway.shutdown().await;
}

// A kept connection used to be upgraded after the gateway had said goodbye to all: its client got no
// close frame and no `$disconnect`.
#[tokio::test]
async fn who_upgrades_a_kept_connection_during_shutdown_gets_503() {
    // If the machine is so slow that the gateway has gone before, it is tried again.
    for _ in 0..10 {
        let gateway = serve("late").await;
        let mut alice = connect(&gateway).await.unwrap();
        let mut kept = TcpStream::connect(gateway.local_addr()).await.unwrap();
        let plain = b"GET /test HTTP/1.1\r\nHost: localhost\r\n\r\n";
        kept.write_all(plain).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert_ne!(kept.read_buf(&mut answer).await.unwrap(), 0);
        }
        assert!(answer.starts_with(b"HTTP/1.1 426 "));
        let down = gateway.clone();
        let down = tokio::spawn(async move { down.shutdown().await });
        // Her close frame is not answered: the gateway waits.
        assert_eq!(closed(&mut alice).await.0, 1001);
        let address = gateway.local_addr();
        while TcpStream::connect(address).await.is_ok() {}
        let late = format!("GET /test HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n");
        let sent = kept.write_all(late.as_bytes()).await;
        let mut answer = String::new();
        let read = timeout(PATIENCE, kept.read_to_string(&mut answer))
            .await
            .unwrap();
        timeout(PATIENCE, down).await.unwrap().unwrap();
        if sent.is_ok() && read.is_ok() && !answer.is_empty() {
            assert_eq!(status(&answer), 503, "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            return;
        }
    }
    panic!("the gateway was always gone before");
}
