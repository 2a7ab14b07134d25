//! `gatespec serve` as a process: what its options do.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

const TEMPLATE: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: test
      AutoDeploy: true
      AccessLogSettings:
        Format: $context.requestId $context.eventType $context.status $context.error.responseType
";

/// A serving process with these options, where it listens, and its standard output behind the line that says so.
struct Served {
    child: std::process::Child,
    address: String,
    stdout: BufReader<std::process::ChildStdout>,
}

fn serve(name: &str, options: &[&str]) -> Served {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    std::fs::write(&path, TEMPLATE).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gatespec"))
        .args(["serve", "--port", "0", "--ready", "json"])
        .args(options)
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut ready = String::new();
    stdout.read_line(&mut ready).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let url = ready["ws"].as_str().unwrap().to_owned();
    let address = url.split('/').nth(2).unwrap().to_owned();
    Served {
        child,
        address,
        stdout,
    }
}

impl Served {
    /// The status of an answer to a request with these header fields.
    fn get(&self, headers: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!("GET /test HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Ends it; gives the lines of the access log in standard output and in standard error, without the requests' ids.
    fn end(mut self) -> (Vec<String>, Vec<String>) {
        drop(self.child.stdin.take());
        let without_ids = |text: String| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            let lines = lines.map(|(_, line)| line.to_owned());
            lines.filter(|line| line.contains("CONNECT ")).collect()
        };
        let (mut out, mut error) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut error).unwrap();
        assert!(self.child.wait().unwrap().success(), "{error}");
        (without_ids(out), without_ids(error))
    }
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const NOTHING: [&str; 0] = [];

#[test]
fn the_access_log_goes_to_standard_error_unless_told_otherwise() {
    let served = serve("stderr", &[]);
    assert_eq!(served.get("Connection: close\r\n"), 426);
    let (out, error) = served.end();
    assert_eq!(out, NOTHING);
    assert_eq!(error, ["CONNECT 426 DEFAULT_4XX"]);
    let served = serve("stdout", &["--access-log", "-"]);
    assert_eq!(served.get("Connection: close\r\n"), 426);
    let (out, error) = served.end();
    assert_eq!(out, ["CONNECT 426 DEFAULT_4XX"]);
    assert_eq!(error, NOTHING);
}

#[test]
fn the_accounts_limits_can_be_set_and_switched_off() {
    for option in ["--account-rate", "--connection-rate"] {
        let served = serve(option, &[option, "0", "--access-log", "-"]);
        assert_eq!(served.get(UPGRADE), 429);
        assert_eq!(served.end().0, ["CONNECT 429 THROTTLED"]);
        let served = serve(option, &[option, "off", "--access-log", "-"]);
        assert_eq!(served.get(UPGRADE), 101);
        // The client has gone, or is there when the gateway goes down: it has two lines either way.
        let lines = served.end().0;
        assert_eq!(lines, ["CONNECT 200 -", "DISCONNECT 200 -"]);
        let output = Command::new(env!("CARGO_BIN_EXE_gatespec"))
            .args(["serve", option, "many"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            error.contains("a number from 0 to 1e9, or `off`"),
            "{error}"
        );
    }
}
