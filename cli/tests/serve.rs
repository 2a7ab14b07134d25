//! `gatespec serve` as a process: what it prints, what its options do, and its end.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use support::raw::{PING, PONG, TEXT, UPGRADE, client, receive, send, serve};
use support::{Served, code, command, file, gatespec, root, stderr, stdout};

/// The status of an answer to a request with these header fields.
fn get(address: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /test HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The lines of the access log in standard output and in standard error, without the requests' ids,
/// when all is over.
fn logged(served: Served) -> [Vec<String>; 2] {
    let (out, error) = served.end();
    [out, error].map(|text| {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let lines = lines.map(|(_, line)| line.to_owned());
        lines.filter(|line| line.contains("CONNECT ")).collect()
    })
}

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

// Every message writes 30 KB into a pipe that nobody reads: more than any pipe and the queue hold.
#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let name = "unread";
    let log = file("serve", "unread.log", "");
    let (mut served, address) = serve(name, &["--verbose", "--access-log", &log]);
    let mut alice = client(&address);
    let message = format!(r#"{{"action":"{}"}}"#, "x".repeat(30_000));
    for _ in 0..200 {
        send(&mut alice, TEXT, message.as_bytes());
        let (opcode, frame) = receive(&mut alice);
        assert_eq!(opcode, TEXT);
        assert!(frame.starts_with(br#"{"message": "Forbidden""#));
    }
    let mut others: Vec<TcpStream> = (0..70).map(|_| client(&address)).collect();
    for client in &mut others {
        send(client, PING, b"still there?");
        assert_eq!(receive(client), (PONG, b"still there?".to_vec()));
    }
    // Every line is shown or counted: what is served, the warning of its route without a `Target`,
    // and the decisions about connections and messages.
    let mut accounted = 0;
    for line in served.stderr().lines().map(Result::unwrap) {
        let dropped = line.strip_prefix("gatespec: ");
        let dropped = dropped.and_then(|line| line.split_once(" lines of this log were dropped"));
        accounted += dropped.map_or(1, |(count, _)| count.parse().unwrap());
        if accounted == 2 + 1 + 200 + 70 {
            break;
        }
    }
    served.signal("TERM");
    assert!(served.wait().success());
    // The access log loses nothing: a line for the client, its messages, the others, and each end.
    let logged = std::fs::read_to_string(log).unwrap();
    assert_eq!(logged.lines().count(), 1 + 200 + 70 + 71);
}

// The log warns of a refusal whether anything else is shown or not.
#[test]
fn a_refusal_is_said_once() {
    let (mut served, address) = serve("refusal", &["--verbose"]);
    let mut stranger = TcpStream::connect(&address).unwrap();
    let request = format!("GET /none HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n");
    stranger.write_all(request.as_bytes()).unwrap();
    let mut response = [0; 12];
    stranger.read_exact(&mut response).unwrap();
    assert_eq!(&response, b"HTTP/1.1 403");
    // What comes behind in the log was decided behind.
    client(&address);
    let lines = served.stderr().lines().map(Result::unwrap);
    let mut lines = lines.take_while(|line| !line.ends_with(": connected"));
    let refusals = lines
        .by_ref()
        .filter(|line| line.contains("refused with 403"));
    let refusals: Vec<String> = refusals.collect();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains(" WARN "), "{refusals:?}");
    served.signal("TERM");
    assert!(served.wait().success());
}

// A text with control characters is one line, without them.
#[test]
fn a_client_cannot_forge_a_line_or_control_a_terminal() {
    let (mut served, address) = serve("forged", &["--verbose"]);
    let mut alice = client(&address);
    let message = r#"{"action":"a\nforged\u001b[2J\u009bK"}"#;
    send(&mut alice, TEXT, message.as_bytes());
    receive(&mut alice);
    let mut lines = served.stderr().lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains(r"a\nforged")).unwrap();
    assert!(line.contains(r"`a\nforged\u{1b}[2J\u{9b}K`"), "{line}");
}

// There was no way to serve them: only the debug ones were looked for.
#[test]
fn functions_that_were_built_for_release_are_served_with_release() {
    let probe = root().join("gateway/tests/probe");
    let template = std::fs::read_to_string(probe.join("template.yaml")).unwrap();
    let template = file("release", "template.yaml", &template);
    let folder = Path::new(&template).parent().unwrap();
    std::fs::copy(probe.join("Cargo.toml"), folder.join("Cargo.toml")).unwrap();
    let built = folder.join("target/release");
    std::fs::create_dir_all(&built).unwrap();
    std::fs::write(built.join("probe"), "").unwrap();
    let target = folder.join("target");
    let refused = command(&["serve", "--no-build", "--port", "0", &template])
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    assert_eq!(code(&refused), Some(2));
    assert!(
        stderr(&refused).contains("`--release`"),
        "{}",
        stderr(&refused)
    );
    let mut served = command(&["serve", "--no-build", "--release", "--port", "0", &template])
        .args(["--ready", "json"])
        .env("CARGO_TARGET_DIR", &target)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut lines = BufReader::new(served.stdout.take().unwrap());
    lines.read_line(&mut ready).unwrap();
    assert!(ready.contains("\"ws\""), "{ready}");
    // Its standard input is closed.
    served.wait().unwrap();
}

// The longer help used to be hidden by the commands' own lines.
#[test]
fn help_is_complete() {
    for (command, part) in [
        ("serve", "Lambda Runtime API"),
        ("serve", "host.docker.internal"),
        ("render", "as `@file`"),
        ("lint", "`RequestTemplates`"),
        ("falsify", "smallest input"),
    ] {
        let help = stdout(&gatespec(&[command, "--help"]));
        assert!(help.contains(part), "{command}: {help}");
    }
}
