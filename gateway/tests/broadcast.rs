//! A broadcast by the stream of a table, to three clients. Needs Node and Python (feature
//! `runtimes`).

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::path::PathBuf;

use futures_util::SinkExt;
use gateway::Options;
use support::{Client, code_folder, connect, receive, start};
use tokio_tungstenite::tungstenite::Message;

/// The stack, in a folder of its own.
fn stack() -> PathBuf {
    let dynamodb = include_str!("broadcast/dynamodb.mjs");
    let files = [
        ("template.yaml", include_str!("broadcast/template.yaml")),
        ("rows/app.mjs", include_str!("broadcast/rows/app.mjs")),
        ("rows/dynamodb.mjs", dynamodb),
        ("node/app.mjs", include_str!("broadcast/node/app.mjs")),
        ("node/dynamodb.mjs", dynamodb),
        ("python/app.py", include_str!("broadcast/python/app.py")),
    ];
    code_folder("broadcast", &files).join("template.yaml")
}

/// What a client has got from both functions, each in the order in which it came.
async fn received(client: &mut Client, messages: usize) -> [Vec<String>; 2] {
    let (mut node, mut python) = (Vec::new(), Vec::new());
    for _ in 0..2 * messages {
        let text = receive(client).await;
        match text.split_once(": ").unwrap() {
            ("node", text) => node.push(text.to_owned()),
            (_, text) => python.push(text.to_owned()),
        }
    }
    [node, python]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_clients_get_each_message_from_both_functions_in_order() {
    let mut options = Options::new(stack());
    options.dynamodb_url = None;
    let running = start(options).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(connect(&running).await.unwrap());
    }
    let said = ["one", "two", "three"];
    let first = said.map(str::to_owned).to_vec();
    let expected = [first.clone(), first];
    // The same message at the same time may come in any order, so the next is said once one is there.
    let mut heard = [Vec::new(), Vec::new()];
    for text in said {
        clients[0].send(Message::text(text)).await.unwrap();
        let [node, python] = received(&mut clients[0], 1).await;
        heard[0].extend(node);
        heard[1].extend(python);
    }
    assert_eq!(heard, expected);
    for client in &mut clients[1..] {
        assert_eq!(received(client, said.len()).await, expected);
    }
    running.shutdown().await;
}
