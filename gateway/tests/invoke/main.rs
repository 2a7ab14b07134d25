//! Lambda's Invoke API on the gateway's port.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
#[cfg(feature = "runtimes")]
mod log;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gateway::{Control, Options};
use support::{PATIENCE, code_folder, javascript, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Answers with the event, or fails as the event asks for; writes what it got into a file.
const SCRIPT: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
case $1 in
  init-error)
    echo 'it cannot'
    curl --silent --output /dev/null --data '{"errorType":"Runtime.ImportModuleError","errorMessage":"x"}' \
      "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"
    exit 1 ;;
  init-exit) echo 'it ends'; [ -e starts ] || { mv once starts; exit 3; } 2> /dev/null ;;
esac
head=$(mktemp) body=$(mktemp)
while curl --silent --fail --dump-header "$head" --output "$body" "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  cat "$body" >> events
  echo "it got $(head -c 20 "$body")"
  case $(cat "$body") in
    '"fail"') curl --silent --output /dev/null --data '{"errorType":"Own"}' "$api/$id/error" ;;
    '"exit"') exit 4 ;;
    '"endpoints"') curl --silent --output /dev/null --data "[\"$AWS_ENDPOINT_URL\", \"$AWS_ENDPOINT_URL_SQS\"]" "$api/$id/response" ;;
    '"context"')
      context=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Cc]lient-[Cc]ontext: *//p' "$head" | tr -d '\r')
      curl --silent --output /dev/null --data "$context" "$api/$id/response" ;;
    '"lambda"') curl --silent --output /dev/null --data "\"$AWS_ENDPOINT_URL_LAMBDA\"" "$api/$id/response" ;;
    *) curl --silent --output /dev/null --data @"$body" "$api/$id/response" ;;
  esac
done
"#;

#[cfg(feature = "runtimes")]
#[tokio::test]
async fn what_a_caller_says_of_itself_is_handed_on() {
    let (running, _) = serve("invoke-context").await;
    let line = "POST /2015-03-31/functions/by-itself/invocations";
    let ask = async |context: &str| {
        let fields = format!("X-Amz-Client-Context: {context}\r\n");
        request(&running, line, &fields, b"\"context\"").await
    };
    let context = spec::base64::encode("{\"custom\":\n{\"é\": 1}}".as_bytes());
    let (status, _, body) = ask(&context).await;
    assert_eq!((status, &*body), (200, r#"{"custom":{"\u00e9":1}}"#));
    let encode = |context: &str| spec::base64::encode(context.as_bytes());
    let (status, _, body) = ask(&encode("null")).await;
    assert_eq!((status, &*body), (200, "null"));
    let wrong = ["no JSON", "[1]", "\"x\"", "5"].map(encode);
    for wrong in wrong.iter().map(String::as_str).chain(["no base64"]) {
        let (status, _, body) = ask(wrong).await;
        assert!(
            status == 400 && body.contains("Client context must be"),
            "{body}"
        );
    }
    running.shutdown().await;
}

/// A function that a route calls, and one that none does.
async fn serve(name: &str) -> (Control, std::path::PathBuf) {
    let (options, folder) = options(name);
    (start(options).await, folder)
}

fn options(name: &str) -> (Options, std::path::PathBuf) {
    let folder = code_folder(name, &[("run.sh", SCRIPT)]);
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("run.sh"), run).unwrap();
    let template = javascript(&folder, "ruby3.4", "x");
    let more = "
  Alone:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: by-itself, CodeUri: src, Handler: x, Runtime: ruby3.4}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Alone, FunctionVersion: !GetAtt First.Version, Name: live}
  First:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Alone}
  Telling:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: telling, CodeUri: src, Handler: x, Runtime: ruby3.4}
  Ending:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: ending
      CodeUri: src
      Handler: x
      Runtime: ruby3.4
      LoggingConfig: {LogFormat: JSON}
  Foreign:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: x, Runtime: java21}
";
    let text = fs::read_to_string(&template).unwrap() + more;
    fs::write(&template, text).unwrap();
    let mut options = Options::new(&template);
    let commands = [
        ("ruby3.4", "./run.sh"),
        ("Telling", "./run.sh init-error"),
        ("Ending", "./run.sh init-exit"),
    ];
    let commands = commands.map(|(name, command)| (name.to_owned(), command.to_owned()));
    options.interpreters.commands.extend(commands);
    let sqs = ("SQS".to_owned(), "http://queues".to_owned());
    options.endpoints.extend([sqs]);
    (options, folder)
}

/// What comes back for a request with these header fields: status, head and body.
async fn request(
    running: &Control,
    line: &str,
    fields: &str,
    body: &[u8],
) -> (u16, String, String) {
    let mut stream = TcpStream::connect(running.local_addr()).await.unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

async fn invoke(running: &Control, name: &str, kind: &str, body: &str) -> (u16, String, String) {
    let line = format!("POST /2015-03-31/functions/{name}/invocations");
    let fields = format!("X-Amz-Invocation-Type: {kind}\r\n");
    request(running, &line, &fields, body.as_bytes()).await
}

#[tokio::test]
async fn refusals_are_lambdas() {
    let (running, _) = serve("invoke-refusals").await;
    let (status, head, body) = invoke(&running, "nobody", "RequestResponse", "{}").await;
    assert_eq!(status, 404);
    assert!(
        head.contains("x-amzn-errortype: ResourceNotFoundException"),
        "{head}"
    );
    let api = running.assembly().api().clone();
    let arns = format!("arn:aws:lambda:{}:{}:function", api.region, api.account_id);
    let expected =
        |name: &str| format!(r#"{{"Type":"User","Message":"Function not found: {arns}:{name}"}}"#);
    assert_eq!(body, expected("nobody:$LATEST"));
    for (named, qualified) in [
        ("nobody:live", "nobody:live"),
        (&format!("{arns}:nobody"), "nobody:$LATEST"),
        ("000000000000:function:nobody", "nobody:$LATEST"),
    ] {
        let (_, _, body) = invoke(&running, named, "DryRun", "").await;
        assert_eq!(body, expected(qualified), "{named}");
    }
    for (named, qualified) in [
        ("nobody/invocations?Qualifier=7", "nobody:7"),
        // A version that the function does not have.
        ("by-itself/invocations?Qualifier=7", "by-itself:7"),
        ("by-itself:dead/invocations", "by-itself:dead"),
    ] {
        let line = format!("POST /2015-03-31/functions/{named}");
        let (status, _, body) = request(&running, &line, "", b"").await;
        assert_eq!((status, body), (404, expected(qualified)));
    }

    let (status, head, body) = invoke(&running, "by-itself", "Event", "{\"a\"").await;
    assert_eq!(status, 400);
    assert!(
        head.contains("x-amzn-errortype: InvalidRequestContentException"),
        "{head}"
    );
    assert!(
        body.contains("Could not parse request body into json: Could not parse payload into json"),
        "{body}"
    );

    let event = format!("\"{}\"", "x".repeat(1024 * 1024));
    let whole = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let of_event =
        "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)";
    let of_call = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    for (kind, payload, text) in [
        ("Event", &event, of_event),
        ("Event", &whole, of_call),
        ("RequestResponse", &whole, of_call),
        ("DryRun", &whole, of_call),
    ] {
        let (status, head, body) = invoke(&running, "by-itself", kind, payload).await;
        assert_eq!(status, 413);
        assert!(
            head.contains("x-amzn-errortype: RequestEntityTooLargeException"),
            "{head}"
        );
        assert!(body.contains(text), "{kind}: {body}");
    }
    assert_eq!(invoke(&running, "by-itself", "DryRun", &event).await.0, 204);

    let (status, head, body) = invoke(&running, "by-itself", "Later", "{}").await;
    assert!(
        head.contains("x-amzn-errortype: ValidationException"),
        "{head}"
    );
    let expected = "Value 'Later' at 'invocationType' failed to satisfy constraint";
    assert!(status == 400 && body.contains(expected), "{body}");
    let (status, _, body) = invoke(&running, "Foreign", "RequestResponse", "{}").await;
    assert!(
        status == 502 && body.contains("--runtime java21='"),
        "{body}"
    );
    let (status, _, body) = request(&running, "GET /2015-03-31/functions/", "", b"").await;
    assert!(
        status == 501 && body.contains("only Lambda's Invoke"),
        "{body}"
    );
    // A web page that sends must not call functions either.
    let line = "POST /2015-03-31/functions/by-itself/invocations";
    for more in ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"] {
        let fields = format!("Origin: https://evil.example\r\n{more}");
        assert_eq!(request(&running, line, &fields, b"{}").await.0, 403);
    }
    running.shutdown().await;
}

#[tokio::test]
async fn a_service_that_is_not_here_is_named_with_the_option() {
    let (running, _) = serve("invoke-foreign").await;
    let signed = |service: &str| {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/{service}/aws4_request, S=x\r\n"
        )
    };
    let (status, _, body) = request(&running, "POST /", &signed("sqs"), b"{}").await;
    assert_eq!(status, 501);
    let expected = "gatespec has no SQS: give it one with `--endpoint sqs=URL`";
    assert!(body.contains(expected), "{body}");
    // Clients of XML services read nothing else.
    let form = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
    for (service, fields, begin) in [
        (
            "sns",
            form,
            "<ErrorResponse><Error><Code>NotImplemented</Code><Message>gatespec has no",
        ),
        (
            "s3",
            "",
            "<Error><Code>NotImplemented</Code><Message>gatespec has no S3",
        ),
    ] {
        let fields = format!("{fields}{}", signed(service));
        let (status, _, body) = request(&running, "POST /", &fields, b"Action=Publish").await;
        assert!(status == 501 && body.starts_with(begin), "{body}");
    }
    let line = "POST /2015-03-31/functions/by-itself/invocations";
    let fields = format!("X-Amz-Invocation-Type: DryRun\r\n{}", signed("lambda"));
    assert_eq!(request(&running, line, &fields, b"{}").await.0, 204);
    let line = "GET /test/@connections/x";
    assert_eq!(
        request(&running, line, &signed("execute-api"), b"").await.0,
        400
    );
    // What is signed for the wrong service is still a call of `@connections`, or a handshake.
    let upgrade = format!("Upgrade: websocket\r\n{}", signed("s3"));
    for (line, fields) in [(line, signed("s3")), ("GET /test", upgrade)] {
        let (status, _, body) = request(&running, line, &fields, b"").await;
        assert!(status != 501 && !body.contains("gatespec has no"), "{body}");
    }
    running.shutdown().await;
}

#[cfg(feature = "runtimes")]
#[tokio::test]
async fn functions_are_called_by_all_of_their_names() {
    let (running, _) = serve("invoke-names").await;
    let assembly = running.assembly();
    let find = |id: &str| {
        assembly
            .functions()
            .iter()
            .find(|one| one.logical_id == id)
            .cloned()
    };
    let arn = find("Alone").unwrap().arn;
    let partial = arn.splitn(5, ':').last().unwrap();
    let encoded = arn.replace(':', "%3A");
    for name in [
        "by-itself",
        "Alone",
        "by-itself:live",
        "by-itself:$LATEST",
        "by-itself:1",
        &arn,
        &encoded,
        partial,
    ] {
        let (status, head, body) = invoke(&running, name, "RequestResponse", "[1, 2]").await;
        assert_eq!((status, &*body), (200, "[1, 2]"), "{name}");
        assert!(!head.contains("x-amz-function-error"), "{head}");
        assert!(
            head.contains("x-amzn-requestid: ") && head.contains("$LATEST"),
            "{head}"
        );
    }
    // That of a route as well.
    let called = find("Function").unwrap().name;
    let (_, _, body) = invoke(&running, &called, "RequestResponse", "").await;
    assert_eq!(body, "{}");
    let (_, _, body) = invoke(&running, "Alone", "RequestResponse", "\"lambda\"").await;
    assert_eq!(body, format!("\"http://{}\"", running.local_addr()));
    let (_, _, body) = invoke(&running, "Alone", "RequestResponse", "\"endpoints\"").await;
    let own = running.local_addr();
    assert_eq!(body, format!("[\"http://{own}\", \"http://queues\"]"));
    running.shutdown().await;
}

#[cfg(feature = "runtimes")]
#[tokio::test]
async fn a_function_that_fails_is_an_answer_and_an_event_is_not_waited_for() {
    let (running, folder) = serve("invoke-fails").await;
    for (event, error) in [
        ("\"fail\"", "{\"errorType\":\"Own\"}"),
        ("\"exit\"", "exit status 4"),
    ] {
        let (status, head, body) = invoke(&running, "Alone", "RequestResponse", event).await;
        assert_eq!(status, 200);
        assert!(head.contains("x-amz-function-error: Unhandled"), "{head}");
        assert!(body.contains(error), "{body}");
    }
    let (status, head, body) = invoke(&running, "Alone", "Event", "\"later\"").await;
    assert_eq!((status, &*body), (202, ""));
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    let (status, _, body) = invoke(&running, "Alone", "DryRun", "\"never\"").await;
    assert_eq!((status, &*body), (204, ""));
    let arrived = async {
        loop {
            let events = fs::read_to_string(folder.join("events")).unwrap();
            if events.contains("later") {
                return events;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let events = timeout(PATIENCE, arrived).await.unwrap();
    assert!(!events.contains("never"), "{events}");
    running.shutdown().await;
}
