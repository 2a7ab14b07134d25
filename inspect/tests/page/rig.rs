//! A gateway with its page, and what is asked of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Control, Options, TimeSource};
use inspect::{About, Exchange, Kind, Masks, Page, Request, Store, Verdict};
use serde_json::Value;
use spec::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take on a busy machine before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// So many messages are more than a socket's buffers hold, and than a store keeps.
pub(crate) const MESSAGES: u64 = 30_000;

/// `echo` answers with the text of its message; `$connect` is open to all.
pub(crate) const STACK: &str = "
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
pub(crate) struct Served {
    pub(crate) gateway: Control,
    pub(crate) store: Store,
    pub(crate) key: String,
}

/// What came back for a request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) async fn start(name: &str) -> Self {
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

    pub(crate) fn with_key(&self) -> String {
        format!("Host: localhost\r\nX-Gatespec-Inspect: {}\r\n", self.key)
    }

    /// A request of the page.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let line = format!("GET /@inspect/api/{path}");
        request(&self.gateway, &line, &self.with_key(), "").await
    }

    /// The JSON with which something that the page does is answered.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let line = format!("POST /@inspect/api/{path}");
        let answer = request(&self.gateway, &line, &self.with_key(), &body.to_string()).await;
        let body = serde_json::from_str(&answer.body);
        (answer.status, body.unwrap_or(Value::String(answer.body)))
    }

    /// The stream of what happens, from its first byte on.
    pub(crate) async fn live(&self) -> TcpStream {
        let address = self.gateway.local_addr();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let with_key = self.with_key();
        let request = format!("GET /@inspect/api/live HTTP/1.1\r\n{with_key}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut fields = lines.filter_map(|line| line.split_once(": "));
        fields
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

pub(crate) async fn start(name: &str, change: impl FnOnce(&mut Options)) -> Control {
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

pub(crate) fn message(number: u64) -> Arc<Exchange> {
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

pub(crate) fn about() -> About {
    About {
        wscat: |_| "wscat --header token:sesame -c ws://x".to_owned(),
        served: "template.yaml".to_owned(),
    }
}

pub(crate) async fn request(gateway: &Control, line: &str, fields: &str, body: &str) -> Answer {
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

/// Reads on until `wanted` is in the text.
pub(crate) async fn until(stream: &mut TcpStream, text: &mut String, wanted: &str) {
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
