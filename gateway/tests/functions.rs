//! Functions' processes: how many are started, and what becomes of their last words.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::SinkExt;
use gateway::{Control, FunctionOutput, Options};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use support::{Client, PATIENCE, ask, connect, probe, start, two_way};

/// A folder that is this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("functions-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A gateway whose function is the probe, with these variables.
async fn serve_probe(folder: &Path, variables: &str) -> (Control, Client) {
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
    let mut options = probe("template.yaml");
    options.template = two_way(folder, &code, variables);
    options.function_output = FunctionOutput::Discard;
    serve(options).await
}

async fn serve(options: Options) -> (Control, Client) {
    let running = start(options).await;
    let client = connect(&running).await.unwrap();
    (running, client)
}

fn starts(file: &Path) -> usize {
    fs::read_to_string(file).unwrap().lines().count()
}

fn is_error_frame(text: &str) -> bool {
    text.contains("Internal server error")
}

// It used to start a process every 100 ms: twelve for this message.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_message_starts_one_process_however_long_that_takes() {
    let folder = folder("slow-start");
    let file = folder.join("starts");
    let variables = format!("STARTS: \"{}\", START_MILLIS: \"1000\"", file.display());
    let (running, mut client) = serve_probe(&folder, &variables).await;
    let reply = ask(&mut client, "{}").await;
    assert!(!is_error_frame(&reply), "{reply}");
    assert_eq!(starts(&file), 1);
    drop(client);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_function_that_cannot_start_is_started_twice_for_a_message() {
    let folder = folder("no-start");
    let (file, bootstrap) = (folder.join("starts"), folder.join("bootstrap"));
    let script = format!("#!/bin/sh\necho started >> '{}'\nexit 7\n", file.display());
    fs::write(&bootstrap, script).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    let (running, mut client) = serve(Options::new(two_way(&folder, &folder, ""))).await;
    for message in 1..=3 {
        let frame = ask(&mut client, "{}").await;
        assert!(is_error_frame(&frame), "{frame}");
        assert_eq!(starts(&file), 2 * message);
    }
    drop(client);
    running.shutdown().await;
}

// What it has posted is here when its end is noticed, but may not have been read, or its
// connection not have been accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_result_that_is_posted_right_before_the_exit_counts() {
    let folder = folder("farewell");
    let (running, mut client) = serve_probe(&folder, "").await;
    let expected = ask(&mut client, "{}").await;
    for round in 0..60 {
        for farewell in ["farewell", "fresh farewell"] {
            let reply = ask(&mut client, &format!(r#"{{"x":"{farewell}"}}"#)).await;
            assert_eq!(reply, expected, "round {round}, {farewell}");
        }
    }
    drop(client);
    running.shutdown().await;
}

// Nothing that fails below the functions is lost on the way up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_beside_a_process_is_a_fault_of_the_gateway() {
    let folder = folder("panic");
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
    let mut options = probe("template.yaml");
    options.template = two_way(&folder, &code, "");
    options.function_output = FunctionOutput::Each(Arc::new(|_, line| panic!("at {line}")));
    let (running, mut client) = serve(options).await;
    client.send(Message::text("{}")).await.unwrap();
    let fault = timeout(PATIENCE, running.fault()).await.unwrap();
    assert_eq!(fault.part, "the functions");
    assert!(fault.cause.starts_with("at MESSAGE"), "{}", fault.cause);
    drop(client);
    // Its processes are gone, but nobody waits for them for ever.
    timeout(PATIENCE, running.shutdown()).await.unwrap();
}

// It used to be called on the internet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_executable_finds_the_gateway_where_a_variable_names_the_api() {
    let folder = folder("home");
    let api = "VERSION: !Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com/test'";
    let (running, mut client) = serve_probe(&folder, api).await;
    let expected = format!("https://{}/test", running.local_addr());
    assert_eq!(ask(&mut client, "version").await, expected);
    drop(client);
    running.shutdown().await;
}
