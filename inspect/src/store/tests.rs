//! What readers get of a store, and what it keeps.

use super::*;
use crate::exchange::{Kind, Request, Verdict};

fn exchange(number: u64, bytes: usize) -> Arc<Exchange> {
    Arc::new(Exchange {
        number,
        kind: Kind::Message,
        connection_id: String::new(),
        request_id: String::new(),
        began: number,
        ended: None,
        request: Request::Frame {
            text: "x".repeat(bytes),
        },
        decisions: Vec::new(),
        route: None,
        model: None,
        calls: Vec::new(),
        sent: Vec::new(),
        access_log: None,
        verdict: Verdict::Open,
        is_cut: false,
    })
}

fn store(exchanges: usize, bytes: usize) -> Store {
    Store::with(Limits { exchanges, bytes }, Masks::default())
}

fn numbers(changes: &Changes) -> Vec<u64> {
    let exchanges = changes.exchanges.iter();
    exchanges.map(|one| one.exchange.number).collect()
}

#[test]
fn a_reader_gets_what_has_changed_since_it_looked() {
    let store = store(10, BYTES);
    for number in 1..=3 {
        store.put(exchange(number, 1));
    }
    let first = store.changes(Cursor::default());
    assert_eq!((numbers(&first), first.missed), (vec![1, 2, 3], 0));
    assert!(numbers(&store.changes(first.cursor)).is_empty());
    store.put(exchange(2, 5));
    store.put(exchange(4, 1));
    let second = store.changes(first.cursor);
    assert_eq!((numbers(&second), second.missed), (vec![2, 4], 0));
    assert_eq!(store.exchange(2), Some(exchange(2, 5)));
}

#[test]
fn a_slow_reader_is_told_how_many_it_missed() {
    let store = store(3, BYTES);
    store.put(exchange(1, 1));
    let cursor = store.changes(Cursor::default()).cursor;
    for number in 2..=9 {
        store.put(exchange(number, 1));
    }
    let changes = store.changes(cursor);
    // 2 to 6 came and went.
    assert_eq!((numbers(&changes), changes.missed), (vec![7, 8, 9], 5));
    assert_eq!(store.changes(changes.cursor).missed, 0);
    // Who comes anew has missed nothing, and neither has who brings a cursor of another store.
    assert_eq!(store.changes(Cursor::default()).missed, 0);
    let foreign = Cursor {
        revision: 1000,
        number: 1000,
    };
    assert_eq!(numbers(&store.changes(foreign)), [7, 8, 9]);
}

#[test]
fn the_oldest_go_when_there_are_too_many_or_too_large_ones() {
    let store = store(3, 10_000);
    for number in 1..=4 {
        store.put(exchange(number, 1000));
    }
    assert_eq!(store.exchange(1), None);
    // What is gone does not come back.
    store.put(exchange(1, 1));
    assert_eq!(store.exchange(1), None);
    store.put(exchange(5, 9000));
    assert_eq!(numbers(&store.changes(Cursor::default())), [5]);
    // One that grows counts as what it is now.
    store.put(exchange(5, 100));
    store.put(exchange(6, 7000));
    assert_eq!(numbers(&store.changes(Cursor::default())), [5, 6]);
    store.put(exchange(7, 1_000_000));
    assert_eq!(numbers(&store.changes(Cursor::default())), [7]);
}

#[test]
fn lines_and_principals_are_kept_without_secrets() {
    let store = store(3, BYTES);
    let mut secret = Exchange::clone(&exchange(1, 1));
    let text = format!("{{\"apiKey\": \"{}\"}}", "k1".repeat(4000));
    secret.request = Request::Frame { text };
    store.put(Arc::new(secret));
    let mut user = Exchange::clone(&exchange(2, 1));
    user.request = Request::Frame {
        text: format!("{{\"x\": \"{}\", \"password\": \"pw\"}}", "k1".repeat(4000)),
    };
    store.put(Arc::new(user));
    store.connect(vec![Connection {
        connection_id: "c".to_owned(),
        since: 0,
        last_active: 0,
        source_ip: String::new(),
        principal: Some(format!("user:{}", "k1".repeat(4000))),
        messages: 0,
        received: 0,
        open: true,
    }]);
    let changes = store.changes(Cursor::default());
    let lines = changes.exchanges.iter().map(|one| &*one.line.text);
    let masked = [r#"{"apiKey": "***"}"#, r#"{"x": "***", "password": "***"}"#];
    assert!(lines.eq(masked));
    let connections = changes.connections.expect("there is one");
    assert_eq!(connections[0].principal.as_deref(), Some("user:***"));
    // What is kept is what was sent.
    assert!(matches!(&changes.exchanges[1].exchange.request,
        Request::Frame { text } if text.contains("pw")));
}

#[tokio::test]
async fn a_reader_wakes_up_at_the_next_change() {
    let store = store(3, BYTES);
    let revision = store.changes(Cursor::default()).cursor.revision;
    let waits = store.changed(revision);
    tokio::pin!(waits);
    tokio::select! {
        biased;
        () = &mut waits => panic!("nothing has changed"),
        () = std::future::ready(()) => {}
    }
    store.lose(2);
    waits.await;
    assert_eq!(store.changes(Cursor::default()).lost, 2);
}
