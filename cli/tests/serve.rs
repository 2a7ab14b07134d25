//! `gatespec serve` as a process: what it prints, what its options do, and its end.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Stdio;

use support::{Served, code, file, gatespec, stderr};

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

/// A gateway with these options, and where it listens.
fn serve(name: &str, options: &[&str]) -> (Served, String) {
    let template = file("serve", &format!("{name}.yaml"), TEMPLATE);
    let arguments = [&["--ready", "json", &template], options].concat();
    let mut served = Served::start(&arguments, Stdio::piped());
    let address = served.ready().split('/').nth(2).unwrap().to_owned();
    (served, address)
}

/// The status of an answer to a request with these header fields.
fn get(address: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /test HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The lines of the access log in standard output and in standard error, without the requests' ids, when all is over.
fn logged(served: Served) -> [Vec<String>; 2] {
    let (out, error) = served.end();
    [out, error].map(|text| {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let lines = lines.map(|(_, line)| line.to_owned());
        lines.filter(|line| line.contains("CONNECT ")).collect()
    })
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const NOTHING: [&str; 0] = [];

#[test]
fn the_access_log_goes_to_standard_error_unless_told_otherwise() {
    let (served, address) = serve("stderr", &[]);
    assert_eq!(get(&address, "Connection: close\r\n"), 426);
    let [out, error] = logged(served);
    assert_eq!(out, NOTHING);
    assert_eq!(error, ["CONNECT 426 DEFAULT_4XX"]);
    let (served, address) = serve("stdout", &["--access-log", "-"]);
    assert_eq!(get(&address, "Connection: close\r\n"), 426);
    let [out, error] = logged(served);
    assert_eq!(out, ["CONNECT 426 DEFAULT_4XX"]);
    assert_eq!(error, NOTHING);
}

#[test]
fn the_accounts_limits_can_be_set_and_switched_off() {
    for option in ["--account-rate", "--connection-rate"] {
        let (served, address) = serve(option, &[option, "0", "--access-log", "-"]);
        assert_eq!(get(&address, UPGRADE), 429);
        assert_eq!(logged(served)[0], ["CONNECT 429 THROTTLED"]);
        let (served, address) = serve(option, &[option, "off", "--access-log", "-"]);
        assert_eq!(get(&address, UPGRADE), 101);
        // The client has gone, or is there when the gateway goes down: it has two lines either way.
        let [lines, _] = logged(served);
        assert_eq!(lines, ["CONNECT 200 -", "DISCONNECT 200 -"]);
        let output = gatespec(&["serve", option, "many"]);
        assert_eq!(code(&output), Some(2));
        let error = stderr(&output);
        assert!(
            error.contains("a number from 0 to 1e9, or `off`"),
            "{error}"
        );
    }
}

#[test]
fn serve_prints_the_address_and_the_wscat_line_alone_on_their_lines() {
    let mut served = Served::start(&["template.yaml"], Stdio::null());
    let url = served.line();
    assert!(url.starts_with("ws://127.0.0.1:"), "{url}");
    assert!(url.ends_with("/stage"));
    assert_eq!(
        served.line(),
        format!("wscat --header token:hello -c {url}")
    );
}

#[test]
fn serve_shows_the_keys_that_open_the_connection() {
    let stack = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $connect, ApiKeyRequired: true}
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Enabled: true, Name: mine, Value: '01234567890123456789'}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}]}
  PlanKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
";
    let mut served = Served::start(&[&file("serve", "keys.yaml", stack)], Stdio::null());
    let lines = [served.line(), served.line(), served.line()];
    let value = "01234567890123456789";
    assert_eq!(
        lines[1..],
        [
            format!("wscat --header x-api-key:{value} -c {}", lines[0]),
            format!("API key `mine`: {value}"),
        ]
    );
}

// A client that can not sign can use an address that is signed.
#[test]
fn serve_prints_a_signed_address_where_connect_wants_a_signature() {
    let mut served = Served::start(&["conformance/fixtures/signed.yaml"], Stdio::null());
    let (url, line) = (served.line(), served.line());
    let signed = line.strip_prefix("wscat -c '").unwrap();
    assert!(signed.starts_with(&format!("{url}?X-Amz-Algorithm=AWS4-HMAC-SHA256&")));
    assert!(signed.contains("&X-Amz-Expires=86400&") && signed.ends_with('\''));
}

// With `--ready json` the gateway ends with its standard input: so it ends with whoever started it.
#[test]
fn serve_ends_when_its_standard_input_is_closed() {
    let mut served = Served::start(&["--ready", "json"], Stdio::null());
    assert!(served.ready().starts_with("ws://127.0.0.1:"));
    assert_eq!(served.end().0, "");
}
