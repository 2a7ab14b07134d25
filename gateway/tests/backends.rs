//! Integrations with real HTTP backends and the embedded DynamoDB engine, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::sync::{Arc, Mutex};

use gateway::{Control, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use support::{ask, connect, start, template};

/// A server that notes every request, and answers as its path says.
struct Backend {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&noted)));
            }
        });
        Self { port, requests }
    }

    /// The requests so far.
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, noted: Arc<Mutex<Vec<String>>>) {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    let request = loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                value.parse::<usize>().ok().filter(|_| is_length)
            });
            if body.len() >= length.unwrap_or(0) {
                break text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
        }
        // TLS is not spoken here: its first byte is 22, the handshake's.
        if received.first() == Some(&22) {
            return;
        }
    };
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let body = request.split_once("\r\n\r\n").unwrap().1.to_owned();
    noted.lock().unwrap().push(request);
    let (status, headers, body) = match path.split('?').next().unwrap() {
        "/echo" => ("200 OK", "", format!("echo:{body}")),
        "/moved" => ("302 Found", "Location: /echo\r\n", "elsewhere".to_owned()),
        "/refuse" => ("418 Refused", "", "no entry".to_owned()),
        "/large" => ("200 OK", "", "x".repeat(11 * 1024 * 1024)),
        "/hang" => return std::future::pending().await,
        _ => return, // closed without an answer
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    // A gateway that has had enough closes.
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Serves an API with one two-way route for each of `routes`, `$connect` among them: key, and the
/// integration's further properties.
async fn serve(name: &str, routes: &[(&str, &str)], more: &str) -> Control {
    let mut text = format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true, StageVariables: {{path: echo}}}}
{more}"
    );
    for (number, (key, integration)) in routes.iter().enumerate() {
        text.push_str(&format!(
            "
  I{number}:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, {integration}}}
  IR{number}:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties: {{ApiId: !Ref Api, IntegrationId: !Ref I{number}, IntegrationResponseKey: $default}}
  R{number}:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: {key}, Target: !Sub 'integrations/${{I{number}}}', RouteResponseSelectionExpression: $default}}
  RR{number}:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref R{number}, RouteResponseKey: $default}}
"
        ));
    }
    let mut options = Options::new(template(name, &text));
    options.dynamodb_url = None;
    start(options).await
}

fn http(kind: &str, url: &str) -> String {
    format!("IntegrationType: {kind}, IntegrationMethod: POST, IntegrationUri: '{url}'")
}

#[tokio::test]
async fn http_backends_answer_messages() {
    let backend = Backend::start().await;
    let base = format!("http://127.0.0.1:{}", backend.port);
    // A port that nobody listens on: one that was just given back.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let template = "RequestTemplates: {'$default': '{\"said\":$input.json(\"$.say\")}'}, RequestParameters: {integration.request.querystring.id: context.connectionId, integration.request.header.who: \"'me'\"}, TemplateSelectionExpression: '\\$default'";
    let running = serve(
        "messages",
        &[
            (
                "proxy",
                &http("HTTP_PROXY", &format!("{base}/${{stageVariables.path}}")),
            ),
            (
                "plain",
                &format!("{}, {template}", http("HTTP", &format!("{base}/echo"))),
            ),
            ("moved", &http("HTTP_PROXY", &format!("{base}/moved"))),
            ("refuse", &http("HTTP", &format!("{base}/refuse"))),
            ("large", &http("HTTP_PROXY", &format!("{base}/large"))),
            ("silent", &http("HTTP_PROXY", &format!("{base}/silent"))),
            ("nobody", &http("HTTP_PROXY", &format!("http://{nobody}"))),
            (
                "tls",
                &http(
                    "HTTP_PROXY",
                    &format!("https://127.0.0.1:{}/echo", backend.port),
                ),
            ),
            (
                "hang",
                &format!(
                    "{}, TimeoutInMillis: 50",
                    http("HTTP_PROXY", &format!("{base}/hang"))
                ),
            ),
        ],
        "",
    )
    .await;
    let mut alice = connect(&running).await.unwrap();
    let message = r#"{"action":"proxy"}"#;
    assert_eq!(ask(&mut alice, message).await, format!("echo:{message}"));
    let reply = ask(&mut alice, r#"{"action":"plain","say":"hi"}"#).await;
    assert_eq!(reply, r#"echo:{"said":"hi"}"#);
    assert_eq!(ask(&mut alice, r#"{"action":"moved"}"#).await, "elsewhere");
    assert_eq!(ask(&mut alice, r#"{"action":"refuse"}"#).await, "no entry");
    for action in ["large", "silent", "nobody", "tls"] {
        let reply = ask(&mut alice, &format!(r#"{{"action":"{action}"}}"#)).await;
        assert!(
            reply.starts_with(r#"{"message": "Internal server error", "#),
            "{action}: {reply}"
        );
    }
    let reply = ask(&mut alice, r#"{"action":"hang"}"#).await;
    assert!(
        reply.starts_with(r#"{"message": "Endpoint request timed out", "#),
        "{reply}"
    );

    let requests = backend.requests();
    // The request that moved on was not followed, and TLS spoke no HTTP.
    let targets: Vec<&str> = requests
        .iter()
        .map(|request| request.split([' ', '?']).nth(1).unwrap())
        .collect();
    assert_eq!(
        targets,
        [
            "/echo", "/echo", "/moved", "/refuse", "/large", "/silent", "/hang"
        ]
    );
    let plain = requests[1].to_ascii_lowercase();
    for wanted in [
        "post /echo?id=",
        "%3d http/1.1\r\n",
        &format!("\r\nhost: 127.0.0.1:{}\r\n", backend.port),
        "\r\nwho: me\r\n",
        "\r\ncontent-type: application/json\r\n",
        "\r\nuser-agent: amazonapigateway_",
        "\r\ncontent-length: 13\r\n",
    ] {
        assert!(plain.contains(wanted), "{wanted} in {plain}");
    }
    running.shutdown().await;
}

#[tokio::test]
async fn http_backends_decide_about_connections() {
    let backend = Backend::start().await;
    let base = format!("http://127.0.0.1:{}", backend.port);
    for (path, expected) in [("echo", None), ("refuse", Some(418)), ("silent", Some(504))] {
        let integration = http("HTTP_PROXY", &format!("{base}/{path}"));
        let running = serve(
            &format!("connect-{path}"),
            &[("$connect", &integration)],
            "",
        )
        .await;
        assert_eq!(connect(&running).await.err(), expected, "{path}");
        running.shutdown().await;
    }
    let request = backend.requests().swap_remove(0).to_ascii_lowercase();
    assert!(request.contains("\r\nsec-websocket-key: "), "{request}");
    assert!(!request.contains("\r\nupgrade: "), "{request}");
    assert_eq!(request.matches("\r\nhost: ").count(), 1, "{request}");
}

#[tokio::test]
async fn dynamodb_actions_reach_the_engine() {
    let table = "
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
";
    let action = |name: &str, template: &str| {
        format!(
            "IntegrationType: AWS, IntegrationMethod: POST, CredentialsArn: role, TemplateSelectionExpression: '\\$default', IntegrationUri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:dynamodb:action/{name}', RequestTemplates: {{'$default': '{template}'}}"
        )
    };
    let key = r#"{"id":{"S":"$context.connectionId"}"#;
    let running = serve(
        "dynamodb",
        &[
            (
                "$connect",
                &action(
                    "PutItem",
                    &format!(r#"{{"TableName":"rows","Item":{key},"n":{{"N":"5"}}}}}}"#),
                ),
            ),
            (
                "get",
                &action(
                    "GetItem",
                    &format!(r#"{{"TableName":"rows","Key":{key}}}}}"#),
                ),
            ),
            (
                "wrong",
                &action("GetItem", r#"{"TableName":"none","Key":{}}"#),
            ),
        ],
        table,
    )
    .await;
    let mut alice = connect(&running).await.unwrap();
    let reply = ask(&mut alice, r#"{"action":"get"}"#).await;
    assert!(reply.contains(r#""n":{"N":"5"}"#), "{reply}");
    // `$default` takes the engine's refusal: the client sees it.
    let reply = ask(&mut alice, r#"{"action":"wrong"}"#).await;
    assert!(reply.contains("Exception"), "{reply}");
    running.shutdown().await;
}
