//! How many processes a function gets, with real ones.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures_util::SinkExt;
use gateway::{Control, Options};
use support::{Client, code_folder, connect, javascript, receive, start};
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;

/// One test at a time: how busy the processors are is what they are about.
static PROCESSORS: Mutex<()> = Mutex::const_new(());

/// Waits until so many events are in work as the variable says, then answers each with the number of
/// its process.
const TOGETHER: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while id=$(curl --silent --fail --dump-header - --output /dev/null "$api/next" |
    sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p') && [ "$id" ]; do
  : > "here/$id"
  until [ "$(ls here | wc -l)" -ge 50 ]; do sleep 0.1; done
  curl --silent --output /dev/null --data "{\"statusCode\": 200, \"body\": \"$$\"}" "$api/$id/response"
done
"#;

/// A gateway whose function `command` runs, and a client. The function may take a minute.
async fn serve(folder: &Path, runtime: &str, command: Option<&str>) -> (Control, Client) {
    let template = javascript(folder, runtime, "app.handler");
    let text = fs::read_to_string(&template).unwrap();
    fs::write(&template, text.replace("Timeout: 5", "Timeout: 60")).unwrap();
    let mut options = Options::new(&template);
    let command = command.map(|command| (runtime.to_owned(), command.to_owned()));
    options.interpreters.commands.extend(command);
    let running = start(options).await;
    let client = connect(&running).await.unwrap();
    (running, client)
}

/// The processes that have answered so many messages at once, each once.
async fn processes(client: &mut Client, messages: usize) -> Vec<String> {
    for _ in 0..messages {
        client.feed(Message::text("{}")).await.unwrap();
    }
    client.flush().await.unwrap();
    let mut processes = Vec::new();
    for _ in 0..messages {
        processes.push(receive(client).await);
    }
    processes.sort();
    processes.dedup();
    processes
}

// None would ever answer if one event had to wait for another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_that_wait_for_each_other_have_fifty_processes() {
    let _processors = PROCESSORS.lock().await;
    let folder = code_folder("fifty", &[("run.sh", TOGETHER), ("here/.keep", "")]);
    let run = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("run.sh"), run).unwrap();
    let (running, mut client) = serve(&folder, "ruby3.4", Some("./run.sh")).await;
    assert_eq!(processes(&mut client, 50).await.len(), 50);
    running.shutdown().await;
}

#[cfg(feature = "runtimes")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_messages_of_a_function_that_computes_are_few_processes_work() {
    const COMPUTES: &str = "
export const handler = async () => {
  const end = process.cpuUsage().user + 5000;
  while (process.cpuUsage().user < end);
  return { statusCode: 200, body: String(process.pid) };
};";
    let _processors = PROCESSORS.lock().await;
    let folder = code_folder("computes", &[("app.mjs", COMPUTES)]);
    let (running, mut client) = serve(&folder, "nodejs22.x", None).await;
    let processes = processes(&mut client, 200).await.len();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert!(processes <= 2 * processors, "{processes}");
    running.shutdown().await;
}
