//! The pattern on a deployed endpoint: `GATESPEC_WS_URL=wss://…/stage cargo test --features live`, or `GATESPEC_STACK=name` to take the
//! address from the stack's outputs. `GATESPEC_TOKEN` is the accepted token where it is not `hello`.

#![cfg(feature = "live")]
#![cfg_attr(
    feature = "live",
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod support;

use std::time::Duration;

use gatespec_conformance::session::{Incoming, Outgoing, Session, Upgrade};
use gatespec_conformance::target::functions::{ACCEPTED_TOKEN, REPLY};
use gatespec_conformance::target::wire::{Endpoint, WireSession};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use spec::strategy;

/// How long an answer may take on the way to a region and back, a cold start of two functions included.
const PATIENCE: Duration = Duration::from_secs(15);
/// The output of template.yaml that says where clients connect to.
const OUTPUT: &str = "WebSocketUrl";

async fn session() -> WireSession {
    let ws_url = match (
        std::env::var("GATESPEC_WS_URL"),
        std::env::var("GATESPEC_STACK"),
    ) {
        (Ok(url), _) => url,
        (_, Ok(stack)) => stack_output(&stack).await,
        _ => panic!(
            "set GATESPEC_WS_URL to the address of a deployed stack (wss://…/stage), or GATESPEC_STACK to its name"
        ),
    };
    WireSession::new(Endpoint {
        ws_url,
        patience: PATIENCE,
        ..Endpoint::default()
    })
}

async fn stack_output(stack: &str) -> String {
    let config = aws_config::load_from_env().await;
    let answer = aws_sdk_cloudformation::Client::new(&config)
        .describe_stacks()
        .stack_name(stack)
        .send()
        .await
        .unwrap_or_else(|error| {
            panic!("can not read the outputs of the stack `{stack}`: {error:?}")
        });
    answer
        .stacks()
        .iter()
        .flat_map(aws_sdk_cloudformation::types::Stack::outputs)
        .find(|output| output.output_key() == Some(OUTPUT))
        .and_then(|output| output.output_value())
        .unwrap_or_else(|| panic!("the stack `{stack}` has no output `{OUTPUT}`"))
        .to_owned()
}

fn with_token(token: &str) -> Upgrade {
    Upgrade {
        headers: [("token".to_owned(), token.to_owned())].into(),
        ..Upgrade::default()
    }
}

fn accepted() -> Upgrade {
    with_token(&std::env::var("GATESPEC_TOKEN").unwrap_or_else(|_| ACCEPTED_TOKEN.to_owned()))
}

async fn connect(session: &mut WireSession, client: &str) {
    let answer = session.connect(client, &accepted()).await.unwrap();
    assert_eq!(answer.status, 101, "{answer:?}");
}

async fn send(session: &mut WireSession, client: &str, text: String) {
    let message = Outgoing::Text { text, frame: None };
    session.send(client, &message).await.unwrap();
}

async fn expect_reply(session: &mut WireSession, client: &str, to: &str) {
    let incoming = session.receive(client).await.unwrap();
    assert_eq!(
        incoming,
        Incoming::Text(REPLY.to_owned()),
        "in answer to {to}"
    );
}

/// Nothing is left behind: every client closes, and none has a message that nobody expected.
async fn close(session: &mut WireSession, clients: &[&str]) {
    for client in clients {
        let leftover = session.close(client, Some(1000), "").await.unwrap();
        assert_eq!(leftover, Vec::<String>::new(), "{client}");
    }
}

#[tokio::test]
async fn without_the_token_it_is_401() {
    let mut session = session().await;
    let answer = session
        .connect("nobody", &Upgrade::default())
        .await
        .unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn with_another_token_it_is_401() {
    let mut session = session().await;
    let answer = session
        .connect("stranger", &with_token("goodbye"))
        .await
        .unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_message_is_answered() {
    let mut session = session().await;
    connect(&mut session, "alice").await;
    let message = r#"{"action": "sendmessage","message" : "hey queen"}"#;
    send(&mut session, "alice", message.to_owned()).await;
    expect_reply(&mut session, "alice", message).await;
    close(&mut session, &["alice"]).await;
}

#[tokio::test]
async fn a_hundred_generated_messages_are_answered() {
    let mut session = session().await;
    connect(&mut session, "alice").await;
    let mut runner = TestRunner::new_with_rng(Config::default(), support::fixed_rng());
    for _ in 0..100 {
        let text = strategy::body().new_tree(&mut runner).unwrap().current();
        let message = json!({"action": "sendmessage", "message": text}).to_string();
        send(&mut session, "alice", message.clone()).await;
        expect_reply(&mut session, "alice", &message).await;
    }
    close(&mut session, &["alice"]).await;
}

#[tokio::test]
async fn each_of_two_clients_gets_its_own_replies() {
    let mut session = session().await;
    let clients = ["alice", "bob"];
    for client in clients {
        connect(&mut session, client).await;
    }
    // Bob's messages are twice Alice's: replies that went astray would show in the counts.
    for round in 0..10 {
        for client in ["bob", "alice", "bob"] {
            let message = json!({"action": "sendmessage", "message": format!("{client} {round}")})
                .to_string();
            send(&mut session, client, message).await;
        }
        for client in ["alice", "bob", "bob"] {
            expect_reply(&mut session, client, client).await;
        }
    }
    close(&mut session, &clients).await;
}
