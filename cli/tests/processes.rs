//! The functions' processes: that their deaths are noticed, and that none is left behind.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use conformance::session::{Incoming, Outgoing, Session, Upgrade};
use conformance::target::functions::REPLY;
use conformance::target::local::LocalGateway;
use conformance::target::wire::WireSession;

use tokio::time::timeout;

use support::{folder, gatespec, root, stderr};

/// How long anything may take on a busy machine before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The processes that `parent` has started, by what they run.
fn children(parent: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let folder = entry.path();
        let Ok(stat) = std::fs::read_to_string(folder.join("stat")) else {
            continue; // it has just ended
        };
        // Behind the command in parentheses: the state, then the parent.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if fields.split_whitespace().nth(1) == Some(&parent.to_string())
            && let Ok(program) = std::fs::read_link(folder.join("exe"))
        {
            found.push((pid, program.display().to_string()));
        }
    }
    found
}

/// The stack, built by a check of one case. The reports go into a folder that is this test's own:
/// the tests run side by side.
async fn start(test: &str) -> LocalGateway {
    let template = root().join("template.yaml").display().to_string();
    let reports = folder(test).display().to_string();
    let built = gatespec(&[
        "check",
        "--case",
        "handshake/the-stage-path-connects",
        "--report",
        &reports,
        &template,
    ]);
    assert!(built.status.success(), "{}", stderr(&built));
    let program = Path::new(env!("CARGO_BIN_EXE_gatespec"));
    LocalGateway::start(program, &[template], Stdio::null())
        .await
        .unwrap()
}

async fn connect(session: &mut WireSession, client: &str) {
    let upgrade = Upgrade {
        headers: [("token".to_owned(), "hello".to_owned())].into(),
        ..Upgrade::default()
    };
    assert_eq!(session.connect(client, &upgrade).await.unwrap().status, 101);
}

async fn send(session: &mut WireSession, client: &str) {
    let text = r#"{"action":"sendmessage","message":"hey queen"}"#.to_owned();
    let message = Outgoing::Text { text, frame: None };
    session.send(client, &message).await.unwrap();
}

// Every message gets exactly one frame, the reply or the error frame, whatever is killed meanwhile;
// then all is well again.
#[tokio::test]
async fn killed_functions_keep_nobody_waiting() {
    const MESSAGES: usize = 300;
    let gateway = start("killed").await;
    let pid = gateway.process_id().unwrap();
    let mut session = WireSession::new(gateway.endpoint.clone());
    connect(&mut session, "alice").await;
    let (mut killed, mut replies, mut errors) = (0, 0, 0);
    for round in 0..MESSAGES / 10 {
        for _ in 0..10 {
            send(&mut session, "alice").await;
        }
        if round % 3 == 0 {
            let targets = children(pid)
                .into_iter()
                .filter(|(_, program)| program.ends_with("/sendmessage"));
            for (target, _) in targets {
                // One that has ended by itself meanwhile is as good.
                let _ = Command::new("kill")
                    .args(["-9", &target.to_string()])
                    .status();
                killed += 1;
            }
        }
        for _ in 0..10 {
            match session.receive("alice").await.unwrap() {
                Incoming::Text(text) if text == REPLY => replies += 1,
                Incoming::Text(text) => {
                    assert!(
                        text.starts_with(r#"{"message": "Internal server error", "#),
                        "{text}"
                    );
                    errors += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(killed > 0, "nothing was killed, so nothing was shown");
    assert_eq!(replies + errors, MESSAGES);
    send(&mut session, "alice").await;
    assert_eq!(
        session.receive("alice").await.unwrap(),
        Incoming::Text(REPLY.to_owned())
    );
    session.close("alice", Some(1000), "").await.unwrap();
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn clients_are_told_and_no_process_is_left() {
    let gateway = start("left").await;
    let pid = gateway.process_id().unwrap();
    let mut session = WireSession::new(gateway.endpoint.clone());
    connect(&mut session, "alice").await;
    send(&mut session, "alice").await;
    assert_eq!(
        session.receive("alice").await.unwrap(),
        Incoming::Text(REPLY.to_owned())
    );
    let before = children(pid);
    assert!(
        before.len() >= 3,
        "authorizer, connect, sendmessage: {before:?}"
    );
    let (stopped, incoming) = tokio::join!(gateway.stop(), session.receive("alice"));
    stopped.unwrap();
    assert_eq!(
        incoming.unwrap(),
        Incoming::Closed(1001, "Going away".to_owned())
    );
    for (child, program) in before {
        let left = std::fs::read_link(format!("/proc/{child}/exe"));
        // The number may be another process's by now, but not one that runs the same function.
        assert!(
            left.map_or(true, |path| path.display().to_string() != program),
            "{program} is left"
        );
    }
}

/// A stack whose function never asks for an event, nor does what it has started, and the file in
/// which both processes stand once they run.
fn hanging_function() -> (PathBuf, PathBuf) {
    let folder = folder("killed-gateway");
    let (running, bootstrap) = (folder.join("running"), folder.join("bootstrap"));
    let _ = std::fs::remove_file(&running);
    let file = running.display();
    let script = format!(
        "#!/bin/sh\nsleep 1000 &\necho $$ $! > '{file}.new'\nmv '{file}.new' '{file}'\nwait\n"
    );
    std::fs::write(&bootstrap, script).unwrap();
    std::fs::set_permissions(&bootstrap, Permissions::from_mode(0o755)).unwrap();
    let template = folder.join("template.yaml");
    let text = r#"
Transform: AWS::Serverless-2016-10-31
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
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}'}
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: bootstrap, Runtime: provided.al2023, Timeout: 900}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
"#;
    std::fs::write(&template, text).unwrap();
    (template, running)
}

/// Whether a process runs. A zombie does not.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with('Z'))
}

// Nothing of the gateway's is left to end them: neither its signal handlers, nor a function that
// notices that its Runtime API has gone.
#[tokio::test]
async fn functions_end_with_a_gateway_that_is_killed() {
    let (template, running) = hanging_function();
    let program = Path::new(env!("CARGO_BIN_EXE_gatespec"));
    let template = template.display().to_string();
    let gateway = LocalGateway::start(program, &[template], Stdio::null())
        .await
        .unwrap();
    let mut session = WireSession::new(gateway.endpoint.clone());
    connect(&mut session, "alice").await;
    send(&mut session, "alice").await;
    let started = async {
        while !running.is_file() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        std::fs::read_to_string(&running).unwrap()
    };
    let started = timeout(PATIENCE, started).await.expect("the function runs");
    let processes: Vec<&str> = started.split_whitespace().collect();
    assert_eq!(processes.len(), 2);
    assert!(
        processes.iter().all(|process| runs(process)),
        "{processes:?}"
    );
    let pid = gateway.process_id().unwrap().to_string();
    let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success());
    let gone = async {
        while processes.iter().any(|process| runs(process)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("its function ends");
}
