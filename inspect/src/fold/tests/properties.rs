//! Random traffic, in its order and in none.

use std::collections::BTreeMap;

use gateway::Traced;
use proptest::prelude::*;
use spec::io::{FunctionOutcome, Outcome};
use spec::{Input, Output};

use super::super::limits::{EXCHANGE_BYTES, EXCHANGES};
use super::super::*;
use super::rig::Rig;
use crate::exchange::{Closer, Message, Request};

/// Something that happens.
#[derive(Clone, Debug)]
enum Event {
    Connect,
    Say(u64, &'static str),
    Leave(u64),
    Finish(usize, bool),
    Manage(&'static str, usize),
    Loose(u64),
    Pass(u64),
    Shutdown,
}

const MESSAGES: [&str; 6] = [
    r#"{"action":"echo"}"#,
    r#"{"action":"quiet"}"#,
    r#"{"action":"mapped","n":[1,"x"]}"#,
    r#"{"action":"mapped"}"#,
    r#"{"action":"mock"}"#,
    "no JSON",
];

fn event() -> impl Strategy<Value = Event> {
    let peer = 0u64..5;
    prop_oneof![
        3 => Just(Event::Connect),
        6 => (peer.clone(), proptest::sample::select(&MESSAGES[..])).prop_map(|(peer, text)| Event::Say(peer, text)),
        1 => peer.prop_map(Event::Leave),
        12 => (any::<usize>(), proptest::bool::weighted(0.9)).prop_map(|(pick, good)| Event::Finish(pick, good)),
        2 => (proptest::sample::select(&["GET", "POST", "DELETE", "PUT"][..]), any::<usize>()).prop_map(|(method, pick)| Event::Manage(method, pick)),
        1 => (0u64..3).prop_map(Event::Loose),
        1 => (0u64..60_000).prop_map(Event::Pass),
        1 => Just(Event::Shutdown),
    ]
}

/// What was seen of it, until nothing is under way.
fn play(events: &[Event]) -> Rig {
    let mut rig = Rig::new();
    for (number, event) in (1000u64..).zip(events) {
        match event {
            // Peers are never used twice.
            Event::Connect => rig.connect(number),
            Event::Say(peer, text) => rig.say(nth(&rig, *peer), text),
            Event::Leave(peer) => {
                let peer = nth(&rig, *peer);
                rig.leave(peer);
            }
            Event::Finish(pick, good) => finish(&mut rig, *pick, *good),
            Event::Manage(method, pick) => {
                let ids = rig.open_ids();
                let id = ids.get(pick % (ids.len() + 1)).cloned();
                rig.manage(method, &id.unwrap_or_default(), "hello");
            }
            Event::Loose(process) => rig.loose(*process, "loose"),
            Event::Pass(millis) => rig.pass(*millis),
            Event::Shutdown if number % 16 == 0 => rig.give(Input::Shutdown),
            Event::Shutdown => {}
        }
    }
    while !rig.calls.is_empty() {
        finish(&mut rig, 0, true);
    }
    rig
}

/// The peer of the nth handshake.
fn nth(rig: &Rig, pick: u64) -> u64 {
    let peers = rig.seen.iter().filter_map(|traced| match traced {
        Traced::Step(step) => match &step.input {
            Some(Input::Handshake { peer, .. }) => Some(peer.0),
            _ => None,
        },
        _ => None,
    });
    let peers: Vec<u64> = peers.collect();
    let last = peers.len().saturating_sub(1 + pick as usize);
    peers.get(last).copied().unwrap_or_default()
}

fn finish(rig: &mut Rig, pick: usize, good: bool) {
    if rig.calls.is_empty() {
        return;
    }
    let id = rig.calls[pick % rig.calls.len()];
    // An authorizer's policy is an answer of all functions here.
    let answer = r#"{"statusCode":200,"body":"hello","principalId":"me","policyDocument":{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}}"#;
    let outcome = match good {
        true => FunctionOutcome::Returned(answer.to_owned()),
        false => FunctionOutcome::Failed(r#"{"errorMessage":"as told"}"#.to_owned()),
    };
    rig.finish(id, Outcome::Function(outcome));
}

/// All exchanges as they are in the end, taken in batches.
fn folded(seen: &[Traced], batch: usize) -> (Fold, BTreeMap<u64, Exchange>) {
    let mut fold = Fold::default();
    let mut all = BTreeMap::new();
    for batch in seen.chunks(batch) {
        for traced in batch {
            fold.take(traced);
        }
        for exchange in fold.changes() {
            all.insert(exchange.number, Exchange::clone(&exchange));
        }
    }
    (fold, all)
}

fn take_all(fold: &mut Fold, rig: &mut Rig) {
    for traced in rig.seen.drain(..) {
        fold.take(&traced);
    }
}

/// What the machine sent and called, and what the exchanges say of it, sorted.
fn outputs(seen: &[Traced]) -> (Vec<String>, Vec<String>) {
    let steps = seen.iter().filter_map(|traced| match traced {
        Traced::Step(step) => Some(step),
        _ => None,
    });
    let (mut sent, mut payloads) = (Vec::new(), Vec::new());
    for output in steps.flat_map(|step| &step.outputs) {
        match output {
            Output::Send { text, .. } => sent.push(text.clone()),
            Output::Close { close, .. } => sent.push(close.code.to_string()),
            Output::Reject { response, .. } | Output::ManagementReply { response, .. } => {
                sent.push(format!("{}{}", response.status, response.body));
            }
            Output::Accept { .. } => sent.push("101".to_owned()),
            Output::Invoke(invocation) => payloads.push(invocation.payload.clone()),
            _ => {}
        }
    }
    sent.sort();
    payloads.sort();
    (sent, payloads)
}

fn shown(all: &BTreeMap<u64, Exchange>) -> (Vec<String>, Vec<String>) {
    let sent = all.values().flat_map(|exchange| &exchange.sent);
    let sent = sent.map(|sent| match &sent.what {
        Message::Text { text } => text.clone(),
        Message::Close { code, .. } => code.to_string(),
        Message::Response { status, body, .. } => format!("{status}{body}"),
    });
    let calls = all.values().flat_map(|exchange| &exchange.calls);
    let payloads = calls.filter_map(|call| call.payload.clone());
    let (mut sent, mut payloads): (Vec<_>, Vec<_>) = (sent.collect(), payloads.collect());
    sent.sort();
    payloads.sort();
    (sent, payloads)
}

fn is_bounded(fold: &Fold) {
    let (exchanges, bytes, names) = fold.table.size();
    assert!(exchanges <= 2 * EXCHANGES, "{exchanges} exchanges");
    assert!(bytes <= EXCHANGE_BYTES + (4 << 20), "{bytes} bytes");
    assert!(names <= EXCHANGES * 130, "{names} names");
    assert!(fold.peers.len() <= limits::PEERS);
    assert!(fold.loose.bytes() <= 64 * 32 * 1024);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    // Whatever the machine says lands in exactly one exchange, and every exchange ends.
    #[test]
    fn everything_is_in_one_exchange(
        events in proptest::collection::vec(event(), 1..120),
        batch in 1usize..40,
    ) {
        let rig = play(&events);
        let (fold, all) = folded(&rig.seen, batch);
        prop_assert_eq!(outputs(&rig.seen), shown(&all));
        for exchange in all.values() {
            prop_assert!(exchange.ended.is_some(), "{:#?}", exchange);
            prop_assert!(exchange.calls.iter().all(|call| call.outcome.is_some()));
            let is_management = matches!(exchange.request, Request::Management { .. });
            prop_assert!(is_management || !exchange.connection_id.is_empty());
            // A close frame stands where the end of its connection does.
            let closes = exchange.sent.iter();
            let closes = closes.filter(|sent| matches!(sent.what, Message::Close { .. })).count();
            let by_client = matches!(exchange.request, Request::Close { by: Closer::Client, .. });
            let is_end = matches!(exchange.request, Request::Close { .. });
            prop_assert_eq!(closes, usize::from(is_end && !by_client), "{:#?}", exchange);
            for call in exchange.calls.iter().filter(|call| call.payload.is_some()) {
                let own = call.log.iter().filter(|line| *line != "loose").count();
                prop_assert_eq!(own, 1, "{:#?}", exchange);
            }
        }
        is_bounded(&fold);
    }

    // However it is torn apart, nothing panics, and memory is bounded.
    #[test]
    fn whatever_the_order_it_is_bounded(
        events in proptest::collection::vec(event(), 1..80),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..300),
    ) {
        let rig = play(&events);
        prop_assume!(!rig.seen.is_empty());
        let mut fold = Fold::default();
        for index in &order {
            fold.take(index.get(&rig.seen));
        }
        is_bounded(&fold);
    }
}

#[test]
fn memory_is_bounded_in_number_and_in_bytes() {
    let mut rig = Rig::new();
    rig.open(1);
    let large = format!(r#"{{"action":"mock","x":"{}"}}"#, "x".repeat(100_000));
    let (mut fold, mut seen) = (Fold::default(), 0);
    let mut last = 0;
    for number in 0..3000 {
        rig.say(
            1,
            if number % 3 == 0 {
                &large
            } else {
                r#"{"action":"mock"}"#
            },
        );
        take_all(&mut fold, &mut rig);
        is_bounded(&fold);
        // As a reader does that looks now and then.
        if number % 700 == 699 {
            for exchange in fold.changes() {
                assert!(exchange.number >= last, "in their order");
                last = exchange.number;
                seen += 1;
            }
        }
    }
    let (exchanges, bytes, _) = fold.table.size();
    assert!(bytes > EXCHANGE_BYTES / 2, "{bytes}");
    assert!(exchanges > 300, "{exchanges}");
    assert!(seen > 2000, "{seen}");
}

#[test]
fn small_ones_are_bounded_in_number() {
    let mut rig = Rig::new();
    rig.open(1);
    let mut fold = Fold::default();
    for _ in 0..2 * EXCHANGES + 100 {
        rig.say(1, r#"{"action":"mock"}"#);
        take_all(&mut fold, &mut rig);
    }
    let last = fold.changes();
    assert_eq!(fold.table.size().0, EXCHANGES);
    assert_eq!(last.len(), 2 * EXCHANGES);
    rig.say(1, r#"{"action":"mock"}"#);
    take_all(&mut fold, &mut rig);
    assert_eq!(fold.changes().len(), 1);
}

#[test]
fn an_exchange_with_more_than_may_be_is_cut_and_says_so() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    let id = rig.calls[0];
    for number in 0..5000 {
        let line = format!("{number} {}", "x".repeat(50));
        rig.function(id, gateway::FunctionStep::Line(line));
    }
    let (_, all) = folded(&rig.seen, usize::MAX);
    let exchange = &all[&2];
    assert!(exchange.is_cut);
    assert!(exchange.calls[0].log.len() <= limits::LINES);
}
