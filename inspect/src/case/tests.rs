//! Sessions as a gateway's steps bring them, and the cases that come of them.

mod of_exchanges;
mod played;

use insta::assert_snapshot;
use proptest::prelude::*;
use spec::io::ManagementId;
use spec::{Input, Output};

use super::*;
use played::{Gateway, IDS, START, handshake, id, origin, rules};

#[test]
fn a_chat() {
    let mut gateway = Gateway::new();
    gateway.refuse(7, &[("token", "guess"), ("user-agent", "wscat")]);
    gateway
        .pass(900)
        .connect(0, "/prod?room=a", &[("token", "hello")])
        .pass(900)
        .connect(1, "/prod", &[("token", "hello"), ("Host", "localhost")]);
    let call = gateway
        .pass(500)
        .say(0, r#"{"action":"join","text":"it costs ${5}"}"#);
    let joined = format!(
        r#"{{"who":"{}","message":"XDmMNHdwIE0CFEQ=","at":{},"room":"03c09e84-9949-48d9-9d50-8ddb489d6142","text":"it costs ${{5}}"}}"#,
        IDS[0],
        gateway.millis + 7
    );
    gateway.pass(10).post(1, &joined).post(0, &joined);
    gateway.pass(13).done(call);
    let to = format!(r#"{{"action":"whisper","to":"{}"}}"#, IDS[0]);
    let call = gateway.pass(2000).say(1, &to);
    gateway.pass(5).post(0, "psst, aGVsbG8gd29ybGQ=").done(call);
    gateway.pass(700).leave(0).pass(700).leave(1);
    assert_snapshot!(gateway.case());
    assert!(gateway.recorder.finished().is_some());
    assert_eq!(gateway.recorder.session().began(), None);
}

// Nobody knows whose function posted what: the order is not expected, and who leaves meanwhile may
// get more.
#[test]
fn what_overlaps_is_in_any_order() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]).connect(1, "/prod", &[]);
    let (first, second) = (gateway.say(0, "a"), gateway.say(1, "b"));
    gateway.post(0, "b").post(1, "b").post(1, "a").post(0, "a");
    gateway.done(first).leave(0).done(second);
    let third = gateway.say(1, "c");
    gateway.post(1, "c").done(third);
    assert_snapshot!(gateway.case());
}

// The functions of the first two have ended when the third's posts; what the second set off came
// while the first was at work for its last moments only.
#[test]
fn what_is_clear_is_in_its_order() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]).connect(1, "/prod", &[]);
    let first = gateway.say(0, "a");
    gateway.post(0, "a").post(1, "a");
    let second = gateway.say(1, "b");
    gateway.done(first).post(0, "b").post(1, "b");
    gateway.leave(0).done(second);
    let third = gateway.say(1, "c");
    gateway.post(1, "c").leave(1).done(third);
    assert_snapshot!(gateway.case());
}

#[test]
fn what_a_client_has_said_first_is_said_again() {
    const ROOM: &str = "03c09e84-9949-48d9-9d50-8ddb489d6142";
    let mut gateway = Gateway::new();
    gateway.connect(0, &format!("/prod?room={ROOM}"), &[]);
    let call = gateway.say(0, &format!("at {START}"));
    let text = format!("{ROOM} {START} 3ac09e84-9949-48d9-9d50-8ddb489d6142");
    gateway.post(0, &text).done(call);
    let pattern = format!(r#"text = "{ROOM} {START} ${{*:uuid}}""#);
    assert!(gateway.case().contains(&pattern), "{}", gateway.case());
}

// What is posted to somebody who has left reaches them if nobody hurries.
#[test]
fn what_came_too_late_may_come_in_time() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]);
    let call = gateway.say(0, "a");
    gateway.leave(0);
    assert!(!gateway.case().contains("unread"));
    let gone = Output::ManagementReply {
        id: ManagementId(1),
        response: HttpResponse::new(410),
    };
    gateway.manage("POST", 0, "late", vec![gone]).done(call);
    assert!(gateway.case().contains("unread = true"));
}

// Who connects is let in when the others have heard of it, and hears of what began before.
#[test]
fn a_handshake_is_before_what_comes_of_it() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]);
    let said = gateway.say(0, "a");
    gateway.connect(1, "/prod", &[]).post(1, "a").done(said);
    let call = gateway.ask(2);
    gateway.post(0, "somebody joins").done(call).accept(2, &[]);
    assert_snapshot!(gateway.case());
}

#[test]
fn time_that_closes_a_connection_passes() {
    let mut gateway = Gateway::new();
    gateway
        .connect(0, "/prod", &[])
        .pass(700)
        .connect(1, "/prod", &[]);
    gateway.pass(300_400).post(1, "x");
    let call = gateway.say(1, "y");
    gateway.done(call).pass(299_000).close(0, 1001, None);
    assert_snapshot!(gateway.case());
    assert!(gateway.recorder.finished().is_none(), "bob is there");
    gateway.step(Some(&Input::Shutdown), &[]);
    assert!(gateway.recorder.end().is_some());
    assert!(gateway.recorder.end().is_none());
}

#[test]
fn what_cannot_be_a_step_is_a_comment() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]).connect(1, "/prod", &[]);
    gateway.post(0, "from outside").pass(2000);
    let violation = |peer, violation| {
        Some(Input::Violation {
            peer: id(peer),
            violation,
        })
    };
    gateway.recorder.missed(7);
    gateway.close(0, 1002, violation(0, Violation::Protocol).as_ref());
    gateway.connect(2, "/prod", &[]);
    gateway.close(1, 1003, violation(1, Violation::Binary).as_ref());
    gateway.close(2, 1009, violation(2, Violation::MessageTooLarge).as_ref());
    // A comment has no query string: it may have a secret.
    gateway.step(Some(&handshake(4, "/elsewhere?secret=abc", &[])), &[]);
    let response = HttpResponse::new(403);
    gateway.step(
        None,
        &[Output::Reject {
            peer: id(4),
            response,
        }],
    );
    gateway.step(Some(&handshake(5, "/prod?secret=abc", &[])), &[]);
    let gone = Input::PeerClosed {
        peer: id(5),
        close: None,
    };
    gateway.step(Some(&gone), &[]);
    assert_snapshot!(gateway.case());
}

// The kit lets functions finish before each step: who came amid them gets other messages then.
#[test]
fn who_comes_amid_others_work_makes_a_case_unsteady() {
    let session = |is_amid: bool| {
        let mut gateway = Gateway::new();
        gateway.connect(0, "/prod", &[]).connect(1, "/prod", &[]);
        let first = gateway.say(0, "a");
        match is_amid {
            true => gateway.connect(2, "/prod", &[]).post(2, "a").done(first),
            false => gateway.post(1, "a").done(first).connect(2, "/prod", &[]),
        };
        let text = gateway.case();
        (gateway.recorder.session().is_unsteady(), text)
    };
    let (is_unsteady, text) = session(true);
    assert!(is_unsteady && text.contains("# not steady: "), "{text}");
    let (is_unsteady, text) = session(false);
    assert!(!is_unsteady && !text.contains("steady"), "{text}");
}

#[test]
fn a_call_from_outside_is_a_step_once_an_id_is_told() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]);
    let call = gateway.say(0, "who am I");
    gateway.post(0, IDS[0]).done(call);
    gateway.pass(1000).post(0, r#"{"from":"outside"}"#);
    let bye = Output::Close {
        peer: id(0),
        close: CloseInfo::new(1000, ""),
    };
    gateway.pass(1000).manage("DELETE", 0, "", vec![bye]);
    assert_snapshot!(gateway.case());
}

#[test]
fn nothing_that_can_be_a_step_is_no_case() {
    let mut gateway = Gateway::new();
    gateway.step(Some(&handshake(4, "/elsewhere", &[])), &[]);
    let response = HttpResponse::new(403);
    gateway.step(
        None,
        &[Output::Reject {
            peer: id(4),
            response,
        }],
    );
    assert_eq!(gateway.recorder.session().case(&rules(), &origin()), None);
}

#[test]
fn a_session_is_bounded() {
    let mut gateway = Gateway::new();
    gateway.connect(0, "/prod", &[]);
    let long = "x".repeat(1 << 20);
    for _ in 0..20 {
        gateway.say(0, &long);
    }
    let session = gateway.recorder.session();
    assert!(session.is_full() && session.bytes < MOST_BYTES + long.len() + 1000);
    let last = session.items.last().map(|item| &item.what);
    assert!(matches!(last, Some(What::Note(note)) if note.contains("too long")));
}

/// Texts of what patterns and ids are made of, and anything else.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("${".to_owned()),
        Just("$".to_owned()),
        Just(IDS[0].to_owned()),
        Just("1705751697419".to_owned()),
        Just("03c09e84-9949-48d9-9d50-8ddb489d6142".to_owned()),
        "[a-z{}\"'=\\\\]{0,3}",
        ".{0,5}",
        any::<String>(),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn every_case_is_toml(texts in prop::collection::vec(text(), 1..6)) {
        let mut gateway = Gateway::new();
        gateway.connect(0, "/prod", &[("x", "y")]);
        for text in &texts {
            let call = gateway.say(0, text);
            gateway.post(0, text).done(call);
        }
        let file: toml::Table = toml::from_str(&gateway.case()).expect("it is TOML");
        let steps = file["case"][0]["steps"].as_array().expect("there are steps");
        prop_assert_eq!(steps.len(), 2 * texts.len() + 2);
    }
}
