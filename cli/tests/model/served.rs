//! `gatespec serve` as a process, and its functions. A function's process only says where its Runtime API is; the test asks there for events
//! and answers them, so that it decides what a function says and when.

use std::fmt::Write;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conformance::http;
use conformance::target::local::{self, LocalGateway};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::PATIENCE;
use crate::reference::START;
use crate::traffic::Shape;

/// A gateway with its functions.
pub(crate) struct Served {
    gateway: LocalGateway,
    pub(crate) events: UnboundedReceiver<Event>,
    /// What its clock shows.
    pub(crate) now: u64,
    functions: JoinHandle<()>,
    folder: PathBuf,
    /// How often it was deployed to.
    deployments: usize,
    _pipes: Pipes,
}

/// What functions' processes hang on, also those whose gateway was killed: they end when this is dropped.
struct Pipes {
    started: PathBuf,
    ended: PathBuf,
    /// While it is open, they go on.
    _open: pipe::Receiver,
}

/// What a function was handed.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) function: String,
    pub(crate) event: Value,
    process: String,
    answer: oneshot::Sender<Answer>,
}

/// What a function says.
#[derive(Debug)]
struct Answer {
    /// `response` or `error`.
    kind: &'static str,
    body: String,
    /// Whether the gateway has taken it.
    taken: oneshot::Sender<bool>,
}

/// A function's process: it says who it is, and waits for its end, or the test's.
const BOOTSTRAP: &str = r#"#!/bin/sh
echo "$AWS_LAMBDA_FUNCTION_NAME $$ $AWS_LAMBDA_RUNTIME_API" > "$FOLDER/started"
exec cat "$FOLDER/ended"
"#;

impl Served {
    pub(crate) async fn start(shape: &Shape) -> Self {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("model-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let bootstrap = folder.join("bootstrap");
        std::fs::write(&bootstrap, BOOTSTRAP).unwrap();
        std::fs::set_permissions(&bootstrap, PermissionsExt::from_mode(0o755)).unwrap();
        let path = folder.join("template.yaml");
        std::fs::write(&path, template(shape, &folder, 0)).unwrap();
        let (pipes, started) = Pipes::make(&folder);
        let (sender, events) = unbounded_channel();
        let functions = tokio::spawn(functions(started, sender));
        // What a gateway says is there when a sequence has failed on it.
        let log = File::create(folder.join("log")).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_gatespec"));
        let mut arguments = vec![path.display().to_string()];
        arguments.extend(local::CLOCK.map(str::to_owned));
        let gateway = LocalGateway::start(program, &arguments, log.into()).await;
        Self {
            gateway: gateway.unwrap(),
            events,
            now: START,
            functions,
            folder,
            deployments: 0,
            _pipes: pipes,
        }
    }

    /// Where clients connect.
    pub(crate) fn host(&self) -> String {
        let url = self.gateway.ready.ws.trim_start_matches("ws://");
        url.split('/').next().unwrap().to_owned()
    }

    /// Changes the rules, every function and a table while it serves.
    pub(crate) async fn deploy(&mut self, shape: &Shape) {
        self.deployments += 1;
        let path = self.folder.join("template.yaml");
        std::fs::write(&path, template(shape, &self.folder, self.deployments)).unwrap();
        let applied = self.gateway.apply().await.unwrap();
        // Its functions' variables at least.
        assert!(applied.contains("function"), "{applied}");
    }

    /// Lets time pass.
    pub(crate) async fn advance(&mut self, millis: u64) {
        self.gateway
            .clock
            .advance(Duration::from_millis(millis))
            .await
            .unwrap();
        self.now += millis;
    }

    /// Ends it. Nothing may come up now that was not seen before.
    pub(crate) async fn stop(mut self) {
        self.gateway.stop().await.unwrap();
        self.functions.abort();
        // It ends when the last function has noticed.
        let rest = timeout(PATIENCE, self.events.recv());
        if let Some(event) = rest.await.expect("the functions end") {
            panic!("nobody expected this call: {event:?}");
        }
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Pipes {
    /// Also gives where processes say that they have started.
    fn make(folder: &Path) -> (Self, pipe::Receiver) {
        let [started, ended] = ["started", "ended"].map(|name| {
            let path = folder.join(name);
            let made = Command::new("mkfifo").arg(&path).status();
            assert!(made.unwrap().success());
            // Also for writing: the pipe does not end when there is no process.
            let mut options = pipe::OpenOptions::new();
            let open = options.read_write(true).open_receiver(&path).unwrap();
            (path, open)
        });
        let pipes = Self {
            started: started.0,
            ended: ended.0,
            _open: ended.1,
        };
        (pipes, started.1)
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        // Before they are closed: who opened one first is told of its end, who comes later finds none and waits for nothing.
        for path in [&self.started, &self.ended] {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Event {
    /// Answers. Whether the gateway took it: it does not when the function's `Timeout` was reached.
    pub(crate) async fn answer(self, kind: &'static str, body: String) -> bool {
        let (taken, is_taken) = oneshot::channel();
        let answer = Answer { kind, body, taken };
        self.answer.send(answer).is_ok()
            && timeout(PATIENCE, is_taken)
                .await
                .expect("an answer is taken or refused")
                .unwrap_or(false)
    }

    /// Dies instead of answering. The process must be alive.
    pub(crate) fn die(self) {
        let killed = Command::new("kill").args(["-9", &self.process]).status();
        assert!(killed.unwrap().success());
    }
}

/// Plays every process that starts.
async fn functions(started: pipe::Receiver, events: UnboundedSender<Event>) {
    let mut lines = BufReader::new(started).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tokio::spawn(play(line, events.clone()));
    }
}

/// Plays one process, until it is no more.
async fn play(process: String, events: UnboundedSender<Event>) {
    let mut words = process.split(' ');
    let mut word = || words.next().unwrap().to_owned();
    let (function, process, address) = (word(), word(), word());
    let runtime = format!("http://{address}/2018-06-01/runtime/invocation");
    while let Ok(next) = http::request("GET", &format!("{runtime}/next"), &[], "").await {
        let id = next.header("lambda-runtime-aws-request-id").unwrap();
        let (answer, answered) = oneshot::channel();
        let event = Event {
            function: function.clone(),
            process: process.clone(),
            event: serde_json::from_str(&next.body).unwrap(),
            answer,
        };
        if events.send(event).is_err() {
            return;
        }
        let Ok(Answer { kind, body, taken }) = answered.await else {
            return;
        };
        let answer = http::request("POST", &format!("{runtime}/{id}/{kind}"), &[], &body).await;
        let _ = taken.send(answer.is_ok_and(|answer| answer.status == 202));
    }
}

/// Where API Gateway calls functions.
const URI: &str = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions";

/// The stack of a shape, as `setting.rs` declares it for the specification. Functions may take longer than any integration waits for them.
fn template(shape: &Shape, folder: &Path, deployment: usize) -> String {
    let mut template = head(folder, deployment);
    let mut route = |id: &str, key: &str, target: &str, more: &str| {
        let target = if target.is_empty() {
            String::new()
        } else {
            format!(", Target: !Sub 'integrations/${{{target}}}'")
        };
        let _ = writeln!(
            template,
            "  {id}Route:\n    Type: AWS::ApiGatewayV2::Route\n    Properties: {{ApiId: !Ref Api, RouteKey: {key}{target}{more}}}"
        );
        if more.contains("RouteResponse") {
            let _ = writeln!(
                template,
                "  {id}RouteResponse:\n    Type: AWS::ApiGatewayV2::RouteResponse\n    \
                 Properties: {{ApiId: !Ref Api, RouteId: !Ref {id}Route, RouteResponseKey: $default}}"
            );
        }
    };
    const TWO_WAY: &str = ", RouteResponseSelectionExpression: $default";
    route("Mock", "mock", "Mock", TWO_WAY);
    route(
        "Echo",
        "echo",
        "Echo",
        if shape.echoes { TWO_WAY } else { "" },
    );
    route("Quiet", "quiet", "Quiet", "");
    if shape.default {
        route("Default", "$default", "Default", TWO_WAY);
    }
    if shape.disconnect {
        route("Disconnect", "$disconnect", "Disconnect", "");
    }
    let custom = if shape.authorizer {
        ", AuthorizationType: CUSTOM, AuthorizerId: !Ref Authorizer"
    } else {
        ""
    };
    if shape.connect || shape.authorizer {
        route(
            "Connect",
            "$connect",
            if shape.connect { "Connect" } else { "" },
            custom,
        );
    }
    if shape.authorizer {
        let _ = writeln!(
            template,
            "  Authorizer:\n    Type: AWS::ApiGatewayV2::Authorizer\n    Properties:\n      ApiId: !Ref Api\n      Name: token\n      \
             AuthorizerType: REQUEST\n      AuthorizerUri: !Sub '{URI}/${{AuthorizerFunction.Arn}}/invocations'\n      \
             IdentitySource: [route.request.header.token]"
        );
    }
    declare_functions(&mut template);
    template
}

/// The functions, with their permissions and integrations.
fn declare_functions(template: &mut String) {
    for (id, millis) in [
        ("Authorizer", 0),
        ("Connect", 29_000),
        ("Disconnect", 2_000),
        ("Echo", 10_000),
        ("Quiet", 29_000),
        ("Default", 29_000),
    ] {
        let _ = writeln!(
            template,
            "  {id}Function:\n    Type: AWS::Serverless::Function\n    Properties: {{FunctionName: {}}}\n  \
             {id}Permission:\n    Type: AWS::Lambda::Permission\n    \
             Properties: {{Action: lambda:InvokeFunction, FunctionName: !Ref {id}Function, Principal: apigateway.amazonaws.com}}",
            id.to_lowercase()
        );
        if millis > 0 {
            let _ = writeln!(
                template,
                "  {id}:\n    Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      ApiId: !Ref Api\n      \
                 IntegrationType: AWS_PROXY\n      TimeoutInMillis: {millis}\n      \
                 IntegrationUri: !Sub '{URI}/${{{id}Function.Arn}}/invocations'"
            );
        }
    }
}

/// The API with its stage and the integration that answers by itself.
fn head(folder: &Path, deployment: usize) -> String {
    let folder = folder.display();
    format!(
        r#"Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: .
    Handler: bootstrap
    Runtime: provided.al2023
    Timeout: 900
    Environment: {{Variables: {{FOLDER: "{folder}", DEPLOYMENT: "{deployment}"}}}}
Resources:
  Table{deployment}:
    Type: AWS::Serverless::SimpleTable
    Properties: {{TableName: table-{deployment}}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: model, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: stage, AutoDeploy: true}}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: MOCK, RequestTemplates: {{application/json: '{{"statusCode": 200}}'}}}}
  MockResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Mock
      IntegrationResponseKey: $default
      ResponseTemplates: {{application/json: mocked for $context.connectionId}}
"#
    )
}
