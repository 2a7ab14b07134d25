//! What is deployed: the pattern, and whatever cases of the kit run there.
//!
//! ```text
//! GATESPEC_STACK=name cargo test --features live             the stack and the fixtures, by their outputs (docs/aws.md)
//! GATESPEC_WS_URL=wss://…/stage cargo test --features live   the stack alone; GATESPEC_MANAGEMENT_URL says where `@connections` is,
//!                                                            if it is not the same with https
//! ```
//!
//! Calls of `@connections` are signed with the stack's account, or with the environment's keys, if
//! it has some. `GATESPEC_TOKEN` is the accepted token where it is not `hello`; the kit's cases,
//! which send that, then run on fixtures only.
//!
//! The tests take turns, and each fails when it leaves something: a connection that `@connections`
//! still knows, or, with `GATESPEC_STACK`, a row in the stack's table that was not there before. So
//! nobody else may connect meanwhile.

#![cfg(feature = "live")]
#![cfg_attr(
    feature = "live",
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::time::{Duration, Instant};

use gatespec_conformance::case::{self, Case};
use gatespec_conformance::session::{Callback, Incoming, Outgoing, Session, Upgrade};
use gatespec_conformance::sign::Credentials;
use gatespec_conformance::target::aws::{Account, PATIENCE, Rows};
use gatespec_conformance::target::endpoint::{Place, Target, deployed_as};
use gatespec_conformance::target::functions::{ACCEPTED_TOKEN, REPLY};
use gatespec_conformance::target::wire::{Endpoint, WireSession};
use gatespec_conformance::{Expectations, Report, Verdict};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use spec::strategy;
use tokio::sync::{Mutex, MutexGuard};

/// How long a connection may be known, and its row be there, after it was closed.
const GONE_IN: Duration = Duration::from_secs(60);
/// How long to wait before it is looked for once more.
const LOOK: Duration = Duration::from_millis(250);

static TURN: Mutex<()> = Mutex::const_new(());

/// One test's view of what is deployed.
struct Live {
    _turn: MutexGuard<'static, ()>,
    target: Target,
    /// The stack whose tables can be looked into, and the rows that were there before.
    tables: Option<(Account, String, Rows)>,
    /// On the pattern's stack.
    session: WireSession,
    /// The connections that were made, by the URL of their `@connections`.
    made: BTreeMap<String, BTreeSet<String>>,
}

impl Live {
    async fn start() -> Self {
        let turn = TURN.lock().await;
        let (target, tables) = match (env::var("GATESPEC_WS_URL"), env::var("GATESPEC_STACK")) {
            (Ok(ws), _) => (at(ws), None),
            (_, Ok(stack)) => {
                let account = Account::of_environment().await;
                let target = account.target(&stack).await.unwrap();
                let rows = account.rows(&stack).await.unwrap();
                (target, Some((account, stack, rows)))
            }
            _ => panic!(
                "set GATESPEC_STACK to the name of a deployed stack, or GATESPEC_WS_URL to its address (wss://…/stage)"
            ),
        };
        Self {
            _turn: turn,
            session: session(&target, target.stack.as_ref().unwrap()),
            target,
            tables,
            made: BTreeMap::new(),
        }
    }

    /// Connects a client, and learns its id: the pattern has no route for what it sends.
    async fn connect(&mut self, client: &str) {
        let answer = self.session.connect(client, &accepted()).await.unwrap();
        assert_eq!(answer.status, 101, "{answer:?}");
        self.send(client, r#"{"action":"whoami"}"#.to_owned()).await;
        let Incoming::Text(frame) = self.session.receive(client).await.unwrap() else {
            panic!("an error frame should tell {client}'s id");
        };
        let frame: Value = serde_json::from_str(&frame).unwrap();
        let id = frame["connectionId"].as_str().unwrap().to_owned();
        let place = self.target.stack.clone().unwrap();
        self.note(&place, id);
    }

    fn note(&mut self, place: &Place, id: String) {
        let management = place.management.clone().unwrap();
        self.made.entry(management).or_default().insert(id);
    }

    async fn send(&mut self, client: &str, text: String) {
        let message = Outgoing::Text { text, frame: None };
        self.session.send(client, &message).await.unwrap();
    }

    async fn expect_reply(&mut self, client: &str, to: &str) {
        let incoming = self.session.receive(client).await.unwrap();
        let reply = Incoming::Text(REPLY.to_owned());
        assert_eq!(incoming, reply, "in answer to {to}");
    }

    /// Every client closes, and none has a message that nobody expected. Then nothing may be left.
    async fn end(mut self, clients: &[&str]) {
        for client in clients {
            let leftover = self.session.close(client, Some(1000), "").await.unwrap();
            assert_eq!(leftover, Vec::<String>::new(), "{client}");
        }
        // To ask for all of them once may take its time.
        let mut left = self.left().await;
        let until = Instant::now() + GONE_IN;
        while !left.is_empty() {
            assert!(Instant::now() < until, "left behind: {left:#?}");
            tokio::time::sleep(LOOK).await;
            left = self.left().await;
        }
    }

    /// What the test has made, and is still there. What is gone is not asked for again.
    async fn left(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        for (management, ids) in &mut self.made {
            let place = Place {
                ws: String::new(),
                management: Some(management.clone()),
            };
            let mut session = session(&self.target, &place);
            let mut known = BTreeSet::new();
            for id in std::mem::take(ids) {
                let to = Callback::Connection(id.clone());
                let answer = session.manage("GET", &to, "", None).await.unwrap();
                // An id that is none of a connection may be refused as such.
                if !matches!(answer.status, 400 | 410) {
                    left.push(format!("GET @connections/{id} at {management}: {answer:?}"));
                    known.insert(id);
                }
            }
            *ids = known;
        }
        if let Some((account, stack, before)) = &self.tables {
            let rows = account.rows(stack).await.unwrap();
            let more = rows.difference(before);
            left.extend(more.map(|(table, id)| format!("the row of {id} in the table {table}")));
        }
        left
    }
}

/// The stack at an address.
fn at(ws: String) -> Target {
    let management = env::var("GATESPEC_MANAGEMENT_URL").ok();
    let management = management.or_else(|| Some(format!("http{}", ws.strip_prefix("ws")?)));
    Target {
        patience: PATIENCE,
        credentials: Credentials::of_environment().ok(),
        ..Target::new(ws, management)
    }
}

fn session(target: &Target, place: &Place) -> WireSession {
    WireSession::new(Endpoint {
        ws_url: place.ws.clone(),
        management_url: place.management.clone(),
        table: None,
        patience: target.patience,
        credentials: target.credentials.clone(),
    })
}

/// What has the form of AWS's ids in what a case sent and received. Requests' and messages' ids are
/// among them: `@connections` does not know those, so none of them counts as left.
fn ids(transcript: &[String]) -> BTreeSet<String> {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || "-_=".contains(c));
    transcript
        .iter()
        .flat_map(|line| line.split(is_separator))
        .filter(|word| word.len() == 16 && word.find('=') == Some(15))
        .map(str::to_owned)
        .collect()
}

fn with_token(token: &str) -> Upgrade {
    Upgrade {
        headers: [("token".to_owned(), token.to_owned())].into(),
        ..Upgrade::default()
    }
}

fn accepted() -> Upgrade {
    with_token(&env::var("GATESPEC_TOKEN").unwrap_or_else(|_| ACCEPTED_TOKEN.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_it_is_401() {
    let mut live = Live::start().await;
    let nobody = Upgrade::default();
    let answer = live.session.connect("nobody", &nobody).await.unwrap();
    assert_eq!(answer.status, 401);
    live.end(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_token_it_is_401() {
    let mut live = Live::start().await;
    let stranger = with_token("goodbye");
    let answer = live.session.connect("stranger", &stranger).await.unwrap();
    assert_eq!(answer.status, 401);
    live.end(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered() {
    let mut live = Live::start().await;
    live.connect("alice").await;
    let message = r#"{"action": "sendmessage","message" : "hey queen"}"#;
    live.send("alice", message.to_owned()).await;
    live.expect_reply("alice", message).await;
    live.end(&["alice"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_generated_messages_are_answered() {
    let mut live = Live::start().await;
    live.connect("alice").await;
    let mut runner = TestRunner::new_with_rng(Config::default(), support::fixed_rng());
    for _ in 0..100 {
        let text = strategy::body().new_tree(&mut runner).unwrap().current();
        let message = json!({"action": "sendmessage", "message": text}).to_string();
        live.send("alice", message.clone()).await;
        live.expect_reply("alice", &message).await;
    }
    live.end(&["alice"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_two_clients_gets_its_own_replies() {
    let mut live = Live::start().await;
    let clients = ["alice", "bob"];
    for client in clients {
        live.connect(client).await;
    }
    // Bob's messages are twice Alice's: replies that went astray would show in the counts.
    for round in 0..10 {
        for client in ["bob", "alice", "bob"] {
            let message = json!({"action": "sendmessage", "message": format!("{client} {round}")})
                .to_string();
            live.send(client, message).await;
        }
        for client in ["alice", "bob", "bob"] {
            live.expect_reply(client, client).await;
        }
    }
    live.end(&clients).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kits_cases_are_as_expected() {
    let mut live = Live::start().await;
    let mut target = live.target.clone();
    if env::var("GATESPEC_TOKEN").is_ok_and(|token| token != ACCEPTED_TOKEN) {
        target.stack = None;
    }
    let cases = case::built_in().unwrap();
    let report = target.check(&cases, || {}).await;
    for (case, outcome) in cases.iter().zip(&report.outcomes) {
        if let Some(place) = place_of(case, &target) {
            for id in ids(&outcome.transcript) {
                live.note(&place, id);
            }
        }
    }
    // What was wrong with the answers should be known even if something is left.
    let surprises = Expectations::of_target("aws").unwrap().surprises(&report);
    for surprise in &surprises {
        eprintln!("{surprise}");
    }
    live.end(&[]).await;
    assert!(
        surprises.is_empty(),
        "not as expected:\n{}",
        surprises.join("\n")
    );
    assert!(
        report.count(Verdict::Pass) > 0,
        "nothing ran: {}",
        counts(&report)
    );
}

fn place_of(case: &Case, target: &Target) -> Option<Place> {
    match deployed_as(case) {
        None => target.stack.clone(),
        Some(name) => target.fixtures.get(&name).cloned(),
    }
}

fn counts(report: &Report) -> String {
    let of = |verdict| format!("{} {verdict}", report.count(verdict));
    [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Unsupported,
        Verdict::Error,
    ]
    .map(of)
    .join(", ")
}
