//! What the gateway's tests over real sockets share: stacks, clients that connect, ask and read, and
//! requests without a client.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::{Control, Notice, Options, Subscription};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tracing::subscriber::DefaultGuard;

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An answer to a handshake that opens nothing.
pub(crate) type Refusal = Box<Response<Option<Vec<u8>>>>;

/// An answer to a request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the header fields.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What gateways on this thread say in their log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

/// How a TLS client begins; what follows is missing.
pub(crate) const HELLO: &str = "\x16\x03\x01\x00\x05hello\r\n\r\n";

/// How long anything may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Log {
    /// Listens until what it gives is dropped.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let writer = self.clone();
        let log = tracing_subscriber::fmt().with_writer(move || writer.clone());
        tracing::subscriber::set_default(log.finish())
    }

    /// The lines since this was asked last.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a test's own stack into a file.
pub(crate) fn template(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A template whose function answers every message, and has this code and these variables.
pub(crate) fn two_way(folder: &Path, code: &Path, variables: &str) -> PathBuf {
    let code = code.display();
    let text = format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Function.Arn}}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $default
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${{Integration}}
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}}
  Function:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties: {{Binary: probe}}
    Properties:
      CodeUri: {code}
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 20
      Environment: {{Variables: {{{variables}}}}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
"
    );
    let path = folder.join("template.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// For a stack of the folder `probe`, whose function the gateway builds itself.
pub(crate) fn probe(template: &str) -> Options {
    let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
    let mut options = Options::new(probe.join(template));
    options.build.quiet = true;
    options.build.target_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe"));
    options
}

/// The decisions since `subscription` was made, or was last read, a line each.
pub(crate) fn decisions(subscription: &mut Subscription) -> String {
    let notices = std::iter::from_fn(|| subscription.try_next());
    let lines = notices.map(|notice| match notice {
        Notice::Decision(decision) => decision.to_string(),
        Notice::Missed(count) => panic!("{count} decisions were dropped"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) async fn start(options: Options) -> Control {
    gateway::start(options)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A client, or the status of the refusal.
pub(crate) async fn connect(running: &Control) -> Result<Client, u16> {
    let opened = open(running.ws_url()).await;
    opened.map_err(|refusal| refusal.status().as_u16())
}

/// A client with an address or a handshake of its own.
pub(crate) async fn open(handshake: impl IntoClientRequest + Unpin) -> Result<Client, Refusal> {
    let connected = tokio_tungstenite::connect_async(handshake);
    match timeout(PATIENCE, connected).await.unwrap() {
        Ok((client, _)) => Ok(client),
        Err(WsError::Http(response)) => Err(response),
        Err(error) => panic!("{error}"),
    }
}

/// What comes back for a message.
pub(crate) async fn ask(client: &mut Client, message: &str) -> String {
    client.send(Message::text(message)).await.unwrap();
    receive(client).await
}

/// The next message, a text.
pub(crate) async fn receive(client: &mut Client) -> String {
    match timeout(PATIENCE, client.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
        other => panic!("a text, not {other:?}"),
    }
}

/// The code and the reason of the gateway's close frame.
pub(crate) async fn closed(client: &mut Client) -> (u16, String) {
    match timeout(PATIENCE, client.next()).await.unwrap() {
        Some(Ok(Message::Close(Some(frame)))) => {
            (frame.code.into(), frame.reason.as_str().to_owned())
        }
        other => panic!("a close frame, not {other:?}"),
    }
}

/// An HTTP request, such as to the `@connections` API, over a TCP connection of its own.
pub(crate) async fn request(running: &Control, method: &str, path: &str, body: &str) -> Answer {
    send(running, &format!("{method} {path}"), "", body).await
}

/// An HTTP request with header fields, each with its end of line.
pub(crate) async fn send(running: &Control, line: &str, fields: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(running.local_addr()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// An operation of the gateway's DynamoDB, as in `X-Amz-Target`: its status and what it answers.
pub(crate) async fn dynamodb(running: &Control, target: &str, body: &Value) -> (u16, Value) {
    let address = running.dynamodb_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0\r\nX-Amz-Date: 20240101T000000Z\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// A folder of code that is a test's own.
pub(crate) fn code_folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("code-{name}"));
    let _ = std::fs::remove_dir_all(&root);
    let folder = root.join("src");
    std::fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The template, beside the folder, of a stack whose function answers every message with that
/// folder's code.
pub(crate) fn javascript(folder: &Path, runtime: &str, handler: &str) -> PathBuf {
    let text = format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Function.Arn}}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $default
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${{Integration}}
  RouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {{LayerName: shared, ContentUri: layer}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {}
      Handler: {handler}
      Runtime: {runtime}
      Layers: [!Ref Layer]
      Timeout: 5
      Environment: {{Variables: {{OWN: value}}}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
",
        folder.file_name().unwrap().to_str().unwrap()
    );
    let parent = folder.parent().unwrap();
    std::fs::create_dir_all(parent.join("layer")).unwrap();
    let path = parent.join("template.yaml");
    std::fs::write(&path, text).unwrap();
    path
}
