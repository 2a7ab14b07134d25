//! The gateway with real sockets and a stack that needs no function: slow clients, the access log, the account's limits, and a stage
//! that was never deployed.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::path::{Path, PathBuf};

use futures_util::SinkExt;
use gateway::{AccessLog, Control, Options};
use spec::throttle::Limit;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use support::{Client, PATIENCE, ask, connect, receive, request, start};

/// Every message of `$default` is answered with the connection's id.
fn template(name: &str, stage: &str) -> PathBuf {
    let text = format!(
        "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, {stage}}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{application/json: '{{\"statusCode\": 200}}'}}
  IntegrationResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: $default
      ResponseTemplates: {{application/json: $context.connectionId}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: echo, Target: !Sub 'integrations/${{Integration}}', RouteResponseSelectionExpression: $default}}
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}}
"
    );
    support::template(&format!("mock-{name}"), &text)
}

/// A client, and its connection's id.
async fn client(running: &Control) -> (Client, String) {
    let mut client = connect(running).await.unwrap();
    let id = ask(&mut client, r#"{"action":"echo"}"#).await;
    (client, id)
}

/// A request to the `@connections` API: status and head.
async fn management(running: &Control, method: &str, id: &str, body: &str) -> (u16, String) {
    let id = id.replace('=', "%3D");
    let answer = request(running, method, &format!("/test/@connections/{id}"), body).await;
    (answer.status, answer.head.to_ascii_lowercase())
}

/// Posts numbered texts until one is refused; gives the number of those that were taken.
async fn fill(running: &Control, id: &str) -> usize {
    let padding = "x".repeat(100 * 1024);
    for number in 0..1_000 {
        let (status, head) = management(running, "POST", id, &format!("{number} {padding}")).await;
        if status != 200 {
            assert_eq!(status, 429, "{head}");
            assert!(
                head.contains("x-amzn-errortype: limitexceededexception"),
                "{head}"
            );
            return number;
        }
    }
    panic!("a hundred megabytes wait for a client that does not read");
}

// MANAGEMENT-30, MANAGEMENT-31, LIMITS-46: whatever was answered with 200 arrives, in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_fills_up_and_loses_nothing() {
    let running = start(Options::new(template("slow", "AutoDeploy: true"))).await;
    let (mut slow, id) = client(&running).await;
    let (mut quick, other) = client(&running).await;
    for round in 0..2 {
        let taken = fill(&running, &id).await;
        assert!(taken >= 10, "{taken}");
        // It is refused until there is room, and nobody else is.
        assert_eq!(management(&running, "POST", &id, "more").await.0, 429);
        assert_eq!(management(&running, "GET", &id, "").await.0, 200);
        assert_eq!(management(&running, "POST", &other, "hi").await.0, 200);
        assert_eq!(receive(&mut quick).await, "hi");
        // A reply is not refused.
        slow.send(Message::text(r#"{"action":"echo"}"#))
            .await
            .unwrap();
        for number in 0..taken {
            let text = receive(&mut slow).await;
            let start = format!("{number} x");
            assert!(text.starts_with(&start), "round {round}: {start}");
        }
        assert_eq!(receive(&mut slow).await, id);
        assert_eq!(management(&running, "POST", &id, "again").await.0, 200);
        assert_eq!(receive(&mut slow).await, "again");
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_can_be_closed() {
    let running = start(Options::new(template("closed", "AutoDeploy: true"))).await;
    let (_slow, id) = client(&running).await;
    fill(&running, &id).await;
    assert_eq!(management(&running, "DELETE", &id, "").await.0, 204);
    assert_eq!(management(&running, "POST", &id, "more").await.0, 410);
    assert_eq!(running.snapshot().connections, 0);
    timeout(PATIENCE, running.shutdown()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_has_its_line_in_the_access_log() {
    let format = "$context.requestId $context.eventType $context.routeKey $context.status $context.connectionId $context.path";
    let stage = format!("AutoDeploy: true, AccessLogSettings: {{Format: '{format}'}}");
    let mut options = Options::new(template("log", &stage));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mock.log");
    let _ = std::fs::remove_file(&path);
    options.access_log = AccessLog::File(path.clone());
    let running = start(options).await;
    let (mut expected, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let (mut client, id) = client(&running).await;
        for text in ["nonsense", r#"{"action":"echo"}"#] {
            ask(&mut client, text).await;
        }
        for line in [
            "CONNECT $connect 200",
            "MESSAGE echo 200",
            "MESSAGE - 403",
            "MESSAGE echo 200",
            "DISCONNECT $disconnect 200",
        ] {
            expected.push(format!("{line} {id} -"));
        }
        clients.push(client);
    }
    // Their ends are logged on the way down.
    running.shutdown().await;
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_log_that_can_not_be_opened_is_an_error() {
    let stage = "AutoDeploy: true, AccessLogSettings: {Format: $context.requestId}";
    let mut options = Options::new(template("no-log", stage));
    options.access_log = AccessLog::File(PathBuf::from("/nowhere/at/all.log"));
    let Err(error) = gateway::start(options).await else {
        panic!("it is served")
    };
    assert!(error.to_string().contains("access log"), "{error}");
}

// LIMITS-31
#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_account_may_open_are_refused_with_429() {
    let mut options = Options::new(template("connections", "AutoDeploy: true"));
    options.connection_limit = Limit {
        rate: 0.0,
        burst: 2,
    };
    let running = start(options).await;
    let clients = (connect(&running).await, connect(&running).await);
    assert!(clients.0.is_ok() && clients.1.is_ok());
    assert_eq!(connect(&running).await.err(), Some(429));
    running.shutdown().await;
}

// HANDSHAKE-21
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_without_a_deployment_refuses_everybody() {
    let running = start(Options::new(template("undeployed", "Description: mine"))).await;
    assert_eq!(connect(&running).await.err(), Some(403));
    let assembly = running.assembly();
    let warnings = assembly.warnings();
    assert!(
        warnings
            .iter()
            .any(|it| it.message.contains("no deployment"))
    );
    running.shutdown().await;
}
