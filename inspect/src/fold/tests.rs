//! What becomes of the steps of a real machine.

mod properties;
mod rig;

use std::sync::Arc;

use gateway::{FunctionEvent, FunctionStep, Traced};
use spec::io::{FunctionOutcome, Outcome as Ended, PeerId};
use spec::limits::Violation;
use spec::{Input, Timestamp};

use super::*;
use crate::exchange::{Closer, Kind, Message, Outcome, Request, Role, TargetKind, Verdict};
use rig::{Rig, START};

/// All exchanges of what was seen.
fn fold(rig: &Rig) -> Vec<Arc<Exchange>> {
    fold_of(rig).changes()
}

fn fold_of(rig: &Rig) -> Fold {
    let mut fold = Fold::default();
    for traced in &rig.seen {
        fold.take(traced);
    }
    fold
}

fn texts(exchange: &Exchange) -> Vec<&str> {
    let sent = exchange.sent.iter();
    sent.filter_map(|sent| match &sent.what {
        Message::Text { text } => Some(&**text),
        _ => None,
    })
    .collect()
}

#[test]
fn a_connection_is_four_exchanges_from_handshake_to_disconnect() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.pass(5);
    rig.say(1, r#"{"action":"echo"}"#);
    rig.pass(20);
    rig.answer(r#"{"statusCode":200,"body":"hello"}"#);
    rig.say(1, r#"{"action":"quiet"}"#);
    rig.answer(r#"{"statusCode":200}"#);
    rig.leave(1);
    rig.answer(r#"{"statusCode":200}"#);
    let all = fold(&rig);
    let [connect, echo, quiet, disconnect] = &all[..] else {
        panic!("four exchanges in {all:#?}");
    };
    assert_eq!((connect.number, connect.kind), (1, Kind::Connect));
    assert_eq!(connect.verdict, Verdict::Answered);
    assert_eq!(connect.began, START.as_millis());
    let roles: Vec<_> = connect.calls.iter().map(|call| call.role).collect();
    assert_eq!(roles, [Role::Authorizer, Role::Integration]);
    let policy = connect
        .decisions
        .iter()
        .find(|one| one.text.contains("principal `me`"));
    assert!(policy.is_some(), "{:?}", connect.decisions);
    let response = &connect.sent[0];
    assert_eq!(response.to, "caller");
    assert!(matches!(
        response.what,
        Message::Response { status: 101, .. }
    ));

    assert_eq!(
        (echo.kind, echo.verdict),
        (Kind::Message, Verdict::Answered)
    );
    assert_eq!(echo.connection_id, connect.connection_id);
    let route = echo.route.as_ref().expect("a route");
    assert_eq!(route.key.as_deref(), Some("echo"));
    assert!(
        route.why.contains("the expression names it"),
        "{}",
        route.why
    );
    let [call] = &echo.calls[..] else {
        panic!("one call")
    };
    assert_eq!(
        (call.target.kind, &*call.target.name),
        (TargetKind::Function, "Labelled")
    );
    assert!(
        call.payload
            .as_ref()
            .is_some_and(|event| event.contains("MESSAGE"))
    );
    assert_eq!(
        call.answer.as_deref(),
        Some(r#"{"statusCode":200,"body":"hello"}"#)
    );
    assert_eq!(call.outcome, Some(Outcome::Returned));
    assert_eq!(
        (call.began, call.ended),
        (START.as_millis() + 5, Some(START.as_millis() + 25))
    );
    let function = call.function.as_ref().expect("a function");
    assert!(function.request_id.starts_with("event "));
    assert_eq!(
        (function.duration_millis, function.memory_mb),
        (Some(1.5), Some(40))
    );
    assert_eq!(function.started, Some(call.began));
    assert_eq!(call.log.len(), 1);
    assert_eq!(texts(echo), ["hello"]);
    assert_eq!(echo.sent[0].to, echo.connection_id);

    assert_eq!(quiet.verdict, Verdict::Silent);
    assert_eq!(disconnect.verdict, Verdict::Silent);
    let Request::Close { code, by, .. } = &disconnect.request else {
        panic!("a close, not {:?}", disconnect.request);
    };
    assert_eq!((*code, *by), (1006, Closer::Client));
}

#[test]
fn templates_and_models_are_shown() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"mapped","n":7}"#);
    rig.answer("[1, 2]");
    rig.say(1, r#"{"action":"mapped"}"#);
    rig.say(1, r#"{"action":"mock"}"#);
    let all = fold(&rig);
    let [_, mapped, unfit, mock] = &all[..] else {
        panic!("four exchanges in {all:#?}");
    };
    let template = mapped.calls[0].template.as_ref().expect("a template");
    let rendered = format!(r#"{{"id": "{}", "n": 7}}"#, mapped.connection_id);
    assert_eq!(template.rendered.as_deref(), Some(&*rendered));
    assert_eq!(
        template.values.context.to_json()["connectionId"],
        *mapped.connection_id
    );
    assert_eq!(mapped.calls[0].payload.as_deref(), Some(&*rendered));
    let response = mapped.calls[0]
        .response_template
        .as_ref()
        .expect("a template");
    assert_eq!(response.values.body, "[1, 2]");
    assert_eq!(texts(mapped), ["got [1, 2]"]);
    let model = mapped.model.as_ref().expect("a model");
    assert_eq!((&*model.name, &*model.verdict), ("Wants", "fits"));

    let model = unfit.model.as_ref().expect("a model");
    assert!(
        model.verdict.contains("missing required"),
        "{}",
        model.verdict
    );
    assert_eq!(unfit.verdict, Verdict::Refused);
    assert!(unfit.calls.is_empty());

    let [call] = &mock.calls[..] else {
        panic!("one call")
    };
    assert_eq!(
        (call.target.kind, call.outcome),
        (TargetKind::Mock, Some(Outcome::Returned))
    );
    assert!(call.template.is_some() && call.payload.is_none());
    assert_eq!(texts(mock), ["got {}"]);
    assert_eq!(mock.verdict, Verdict::Answered);
}

#[test]
fn what_fails_says_how() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, "no JSON");
    rig.say(1, r#"{"action":"echo"}"#);
    let id = rig.calls[0];
    let failed = FunctionOutcome::Failed(r#"{"errorMessage":"no"}"#.to_owned());
    rig.finish(id, failed.into());
    rig.say(1, r#"{"action":"echo"}"#);
    rig.pass(29_000);
    let late = rig.calls[0];
    rig.finish(late, FunctionOutcome::Returned("{}".to_owned()).into());
    rig.say(1, r#"{"action":"mapped","n":"#);
    let all = fold(&rig);
    let [_, forbidden, failed, timed_out, _] = &all[..] else {
        panic!("five exchanges in {all:#?}");
    };
    assert_eq!(forbidden.verdict, Verdict::Refused);
    assert_eq!(
        forbidden.route.as_ref().and_then(|route| route.key.clone()),
        None
    );
    assert_eq!(failed.verdict, Verdict::Error);
    assert_eq!(failed.calls[0].outcome, Some(Outcome::Failed));
    assert_eq!(timed_out.verdict, Verdict::Error);
    let call = &timed_out.calls[0];
    assert_eq!(
        (call.outcome, call.answer.as_deref()),
        (Some(Outcome::TimedOut), None)
    );
    assert_eq!(timed_out.ended, Some(START.as_millis() + 29_000));
    assert!(texts(timed_out)[0].contains("timed out"), "{timed_out:?}");
}

#[test]
fn handshakes_are_refused_or_abandoned() {
    let mut rig = Rig::new();
    rig.connect(1);
    rig.answer(r#"{"principalId":"me"}"#);
    rig.connect(2);
    rig.leave(2);
    rig.allow();
    let all = fold(&rig);
    let [refused, abandoned, ..] = &all[..] else {
        panic!("two exchanges in {all:#?}");
    };
    assert!(matches!(refused.verdict, Verdict::Error | Verdict::Refused));
    assert!(refused.ended.is_some());
    assert_eq!(abandoned.verdict, Verdict::Silent);
    assert_eq!(abandoned.ended, Some(START.as_millis()));
    let last = abandoned.decisions.last().expect("a decision");
    assert!(last.text.contains("left"), "{}", last.text);
}

#[test]
fn calls_of_a_backend_are_exchanges_and_who_closes_is_known() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.open(2);
    let ids = rig.open_ids();
    rig.manage("POST", &ids[0], "to you");
    rig.manage("DELETE", &ids[0], "");
    rig.manage("GET", &ids[0], "");
    rig.give(Input::Violation {
        peer: PeerId(2),
        violation: Violation::Binary,
    });
    let all = fold(&rig);
    let [_, _, post, delete, deleted, get, violated] = &all[..] else {
        panic!("seven exchanges in {all:#?}");
    };
    assert_eq!(
        (post.kind, &post.connection_id),
        (Kind::Management, &ids[0])
    );
    assert_eq!(
        (post.sent[0].to.as_str(), texts(post)),
        (&*ids[0], vec!["to you"])
    );
    assert_eq!(post.verdict, Verdict::Answered);
    assert!(!post.request_id.is_empty());
    assert!(matches!(
        delete.sent[0].what,
        Message::Response { status: 204, .. }
    ));
    assert!(
        matches!(deleted.sent[0].what, Message::Close { .. }),
        "{deleted:?}"
    );
    assert!(matches!(
        deleted.request,
        Request::Close {
            by: Closer::Backend,
            ..
        }
    ));
    assert_eq!(get.verdict, Verdict::Refused);
    assert!(matches!(
        violated.request,
        Request::Close {
            code: 1003,
            by: Closer::Gateway,
            ..
        }
    ));
    assert!(matches!(
        violated.sent[0].what,
        Message::Close { code: 1003, .. }
    ));
}

#[test]
fn lines_between_events_belong_to_the_process_s_next_one() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    // As a process does that has just been started for it.
    let taken = rig.seen.len() - 2;
    let process = rig.calls[0].0 % 3;
    rig.loose(process, "imported");
    let line = rig.seen.pop().expect("a line");
    rig.seen.insert(taken, line);
    let id = rig.calls[0];
    rig.function(id, FunctionStep::StartFailed("INIT_REPORT".to_owned()));
    let all = fold(&rig);
    let log = &all[1].calls[0].log;
    assert_eq!(log[0], "imported");
    assert_eq!(log.last().map(String::as_str), Some("INIT_REPORT"));
}

#[test]
fn what_was_missed_is_nothing_and_the_rest_goes_on() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    rig.answer(r#"{"statusCode":200,"body":"hello"}"#);
    let mut fold = Fold::new([(PeerId(1), rig.open_ids()[0].clone())]);
    fold.take(&Traced::Missed(4));
    fold.take(&Traced::Advanced(Timestamp::from_millis(1)));
    let last = rig.seen.len() - 2;
    assert!(!rig.seen[last..].iter().any(|traced| fold.take(traced)));
    let before: Vec<_> = fold.changes();
    assert_eq!(before, []);
    rig.say(1, r#"{"action":"mock"}"#);
    fold.take(rig.seen.last().expect("a step"));
    assert_eq!(texts(&fold.changes()[0]), ["got {}"]);
    assert_eq!(fold.changes(), []);
}

#[test]
fn what_is_under_way_when_steps_are_missed_ends_as_unknown() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    rig.say(1, r#"{"action":"echo"}"#);
    let mut fold = fold_of(&rig);
    assert_eq!(fold.changes().len(), 3);
    fold.take(&Traced::Missed(1));
    let lost = fold.changes();
    assert_eq!(lost.len(), 2, "the handshake had ended");
    for exchange in &lost {
        assert_eq!(exchange.verdict, Verdict::Unknown);
        assert!(exchange.ended.is_some());
        let said = exchange.decisions.last().map(|one| &*one.text);
        assert_eq!(said, Some(UNFOLLOWED));
    }
    // One whose end comes after all has that.
    let before = rig.seen.len();
    rig.finish(
        rig.calls[0],
        Ended::Function(FunctionOutcome::Returned(
            r#"{"statusCode":200,"body":"late"}"#.to_owned(),
        )),
    );
    for traced in &rig.seen[before..] {
        fold.take(traced);
    }
    let late = fold.changes();
    assert_eq!((late.len(), late[0].number), (1, lost[0].number));
    assert_eq!(late[0].verdict, Verdict::Answered);
    assert_eq!(texts(&late[0]), ["late"]);
}

#[test]
fn why_a_process_cannot_start_for_nobody_is_in_its_function_s_next_log() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    let taken = rig
        .seen
        .iter()
        .rposition(|traced| matches!(traced, Traced::Function(one) if matches!(one.what, FunctionStep::Queued(_))));
    let taken = taken.expect("the event is queued");
    let Traced::Function(event) = &rig.seen[taken] else {
        unreachable!("it is the function's")
    };
    let failed = |what| {
        Traced::Function(Arc::new(FunctionEvent {
            process: Some("another".to_owned()),
            request_id: None,
            what,
            ..(**event).clone()
        }))
    };
    let failed = [
        failed(FunctionStep::Line("SyntaxError".to_owned())),
        failed(FunctionStep::StartFailed("INIT_REPORT".to_owned())),
    ];
    rig.seen.splice(taken..taken, failed);
    let log = &fold(&rig)[1].calls[0].log;
    assert_eq!(log[..2], ["SyntaxError", "INIT_REPORT"]);
}

#[test]
fn an_outcome_of_time_is_the_gateway_s() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.say(1, r#"{"action":"echo"}"#);
    let id = rig.calls[0];
    rig.finish(id, Ended::TimedOut);
    let all = fold(&rig);
    assert_eq!(all[1].calls[0].outcome, Some(Outcome::TimedOut));
}
