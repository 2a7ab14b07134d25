//! `ReservedConcurrentExecutions`, and events that nobody waits for.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::SinkExt;
use gateway::{Control, Options, TimeSource};
use spec::Timestamp;
use support::{Answer, Log, PATIENCE, code_folder, connect, javascript, receive, send, start};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// Writes the events that it gets, with their request ids, into a file. Answers once there is a file
/// `go`; fails for the event `"fail"`.
const SCRIPT: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp) body=$(mktemp)
while curl --silent --fail --dump-header "$head" --output "$body" "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  event=$(cat "$body")
  echo "$event $id" >> "$AWS_LAMBDA_FUNCTION_NAME"
  until [ -e go ]; do sleep 0.05; done
  answer=response
  [ "$event" != '"fail"' ] || answer=error
  curl --silent --output /dev/null --data '{"statusCode": 200, "body": "done"}' "$api/$id/$answer"
done
"#;

/// A gateway with a frozen clock, and the folder of its functions: `routed`, and others.
async fn serve(name: &str) -> (Control, PathBuf) {
    let folder = code_folder(name, &[("run.sh", SCRIPT)]);
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("run.sh"), run).unwrap();
    let template = javascript(&folder, "ruby3.4", "x");
    let more = "
  Twice:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: twice, CodeUri: src, Handler: x, Runtime: ruby3.4}
  Once:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: once, CodeUri: src, Handler: x, Runtime: ruby3.4}
  OnceOnly:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Once, Qualifier: $LATEST, MaximumRetryAttempts: 0}
  Slow:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: slow
      CodeUri: src
      Handler: x
      Runtime: ruby3.4
      Timeout: 600
      EventInvokeConfig: {MaximumEventAgeInSeconds: 61}
";
    let own = "Timeout: 5\n      FunctionName: routed\n      ReservedConcurrentExecutions: 1";
    let text = fs::read_to_string(&template).unwrap();
    let text = text.replace("Timeout: 5", own) + more;
    fs::write(&template, text).unwrap();
    let mut options = Options::new(&template);
    let command = ("ruby3.4".to_owned(), "./run.sh".to_owned());
    options.interpreters.commands.extend([command]);
    // One event after the other.
    options.max_processes = 1;
    options.clock = TimeSource::Standing(Timestamp::from_millis(1_705_751_697_419));
    (start(options).await, folder)
}

async fn invoke(running: &Control, name: &str, kind: &str, event: &str) -> Answer {
    let line = format!("POST /2015-03-31/functions/{name}/invocations");
    let fields = format!("X-Amz-Invocation-Type: {kind}\r\n");
    send(running, &line, &fields, event).await
}

/// The events of a function, once there are so many.
async fn events(folder: &Path, name: &str, count: usize) -> Vec<String> {
    let arrived = async {
        loop {
            let events = fs::read_to_string(folder.join(name)).unwrap_or_default();
            if events.lines().count() >= count {
                return events.lines().map(str::to_owned).collect();
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, arrived).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_at_once_than_is_reserved_is_throttled() {
    let (running, folder) = serve("reserved").await;
    let mut client = connect(&running).await.unwrap();
    client.send(Message::text("{\"first\": 1}")).await.unwrap();
    events(&folder, "routed", 1).await;
    // A message, and calls of the Invoke API.
    client.send(Message::text("{}")).await.unwrap();
    let frame = receive(&mut client).await;
    assert!(
        frame.contains("\"message\": \"Internal server error\""),
        "{frame}"
    );
    let answer = invoke(&running, "routed", "RequestResponse", "{}").await;
    assert_eq!(answer.status, 429);
    assert!(
        answer
            .head
            .contains("x-amzn-errortype: TooManyRequestsException"),
        "{}",
        answer.head
    );
    assert!(
        answer
            .body
            .contains("\"ReservedFunctionConcurrentInvocationLimitExceeded\""),
        "{}",
        answer.body
    );
    // What nobody waits for is taken, and waits for its turn.
    assert_eq!(
        invoke(&running, "routed", "Event", "\"later\"")
            .await
            .status,
        202
    );
    fs::write(folder.join("go"), "").unwrap();
    assert_eq!(receive(&mut client).await, "done");
    let answer = invoke(&running, "routed", "RequestResponse", "\"now\"").await;
    assert_eq!(answer.status, 200);
    running.advance(Duration::from_secs(1)).await.unwrap();
    let events = events(&folder, "routed", 3).await;
    assert!(events[1].starts_with("\"now\""), "{events:?}");
    assert!(events[2].starts_with("\"later\""), "{events:?}");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_that_fails_is_tried_after_a_minute_and_after_two_more() {
    let (running, folder) = serve("retries").await;
    fs::write(folder.join("go"), "").unwrap();
    for name in ["twice", "once"] {
        assert_eq!(
            invoke(&running, name, "Event", "\"fail\"").await.status,
            202
        );
        events(&folder, name, 1).await;
        // It has failed when another has been answered.
        let answer = invoke(&running, name, "RequestResponse", "1").await;
        assert_eq!(answer.status, 200);
    }
    let mut others = 1;
    for (seconds, attempts) in [(59, 1), (1, 2), (119, 2), (1, 3), (3_600, 3)] {
        running.advance(Duration::from_secs(seconds)).await.unwrap();
        events(&folder, "twice", attempts + others).await;
        // The attempt has failed when another event has been answered.
        assert_eq!(
            invoke(&running, "twice", "RequestResponse", "2")
                .await
                .status,
            200
        );
        others += 1;
        let mut failed = events(&folder, "twice", attempts + others).await;
        failed.retain(|event| event.starts_with("\"fail\""));
        assert_eq!(failed.len(), attempts, "{failed:?}");
        // Its attempts have one request id.
        assert!(failed.iter().all(|event| *event == failed[0]), "{failed:?}");
    }
    assert_eq!(
        invoke(&running, "once", "RequestResponse", "2")
            .await
            .status,
        200
    );
    assert_eq!(events(&folder, "once", 3).await.len(), 3);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_that_no_process_takes_in_time_is_dropped_with_a_line_in_the_log() {
    let log = Log::default();
    // Of all tests here: a thread alone does not hear a line that another one has logged first.
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(lines.finish()).unwrap();
    let (running, folder) = serve("too-old").await;
    fs::write(folder.join("go"), "").unwrap();
    invoke(&running, "slow", "Event", "\"fail\"").await;
    events(&folder, "slow", 1).await;
    // It has failed when another has been answered.
    invoke(&running, "slow", "RequestResponse", "1").await;
    // The only process is busy when it is tried again, and a second is left for that: a real one.
    fs::remove_file(folder.join("go")).unwrap();
    invoke(&running, "slow", "Event", "2").await;
    events(&folder, "slow", 3).await;
    running.advance(Duration::from_secs(60)).await.unwrap();
    let mut lines = String::new();
    let dropped = async {
        let is_it = |line: &str| {
            line.contains("function `slow`: the asynchronous event") && line.contains("dropped")
        };
        while !lines.lines().any(is_it) {
            sleep(Duration::from_millis(10)).await;
            lines += &log.take();
        }
    };
    timeout(PATIENCE, dropped).await.unwrap();
    let expected = "has waited too long for a process, and is dropped";
    assert!(lines.contains(expected), "{lines}");
    fs::write(folder.join("go"), "").unwrap();
    // What was dropped is not given to a process any more.
    let answer = invoke(&running, "slow", "RequestResponse", "\"third\"").await;
    assert_eq!(answer.status, 200);
    let events = events(&folder, "slow", 4).await;
    assert!(events[3].starts_with("\"third\""), "{events:?}");
    running.shutdown().await;
}
