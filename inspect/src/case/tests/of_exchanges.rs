//! "Copy as case" and "copy as event".

use std::sync::Arc;

use super::*;
use crate::{
    Call, Closer, Exchange, Kind, Message, Outcome, Request, Role, Sent, Target, TargetKind,
    Verdict, event,
};

fn exchange(number: u64, kind: Kind, peer: usize, request: Request) -> Exchange {
    Exchange {
        number,
        kind,
        connection_id: IDS[peer].to_owned(),
        request_id: "XDmENHdwIE0FFEQ=".to_owned(),
        began: START + 100 * number,
        ended: Some(START + 100 * number + 50),
        request,
        decisions: Vec::new(),
        route: None,
        model: None,
        calls: Vec::new(),
        sent: Vec::new(),
        access_log: None,
        verdict: Verdict::Answered,
        is_cut: false,
    }
}

fn sent(at: u64, to: &str, what: Message) -> Sent {
    Sent {
        at: START + at,
        to: to.to_owned(),
        what,
    }
}

fn response(at: u64, status: u16) -> Sent {
    let what = Message::Response {
        status,
        headers: Vec::new(),
        body: String::new(),
    };
    sent(at, "caller", what)
}

fn connect(number: u64, peer: usize, status: u16) -> Exchange {
    let request = Request::Handshake {
        path: "/prod".to_owned(),
        query: Some(format!("n={peer}")),
        headers: vec![("token".to_owned(), "hello".to_owned())],
        source_ip: "127.0.0.1".to_owned(),
    };
    Exchange {
        sent: vec![response(100 * number, status)],
        ..exchange(number, Kind::Connect, peer, request)
    }
}

fn call(role: Role, began: u64, ended: u64, payload: &str) -> Call {
    Call {
        role,
        target: Target {
            kind: TargetKind::Function,
            name: "Send".to_owned(),
        },
        template: None,
        response_template: None,
        payload: Some(payload.to_owned()),
        answer: Some("{}".to_owned()),
        status: None,
        outcome: Some(Outcome::Returned),
        began: START + began,
        ended: Some(START + ended),
        function: None,
        log: Vec::new(),
    }
}

fn post(number: u64, peer: usize, text: &str) -> Exchange {
    let request = Request::Management {
        method: "POST".to_owned(),
        path: format!("/prod/@connections/{}", IDS[peer].replace('=', "%3D")),
        headers: Vec::new(),
        body: text.to_owned(),
    };
    let text = text.to_owned();
    let at = 100 * number;
    Exchange {
        sent: vec![
            sent(at, IDS[peer], Message::Text { text }),
            response(at, 200),
        ],
        ..exchange(number, Kind::Management, peer, request)
    }
}

/// Somebody is refused; three connect. The first's message reaches the first two, by posts of its
/// function; the third gets a post before. The first leaves.
fn all() -> Vec<Arc<Exchange>> {
    let text = format!(r#"{{"from":"{}","at":{}}}"#, IDS[0], START + 650);
    let request = Request::Frame {
        text: r#"{"action":"all","costs":"${"}"#.to_owned(),
    };
    let message = Exchange {
        calls: vec![
            call(Role::Authorizer, 10, 20, "{}"),
            call(
                Role::Integration,
                600,
                900,
                r#"{"requestContext":{"messageId":"x"}}"#,
            ),
        ],
        ..exchange(6, Kind::Message, 0, request)
    };
    let close = Request::Close {
        code: 1000,
        reason: String::new(),
        by: Closer::Client,
    };
    let all = [
        connect(1, 2, 401),
        connect(2, 0, 101),
        connect(3, 1, 101),
        connect(4, 2, 101),
        post(5, 2, "early"),
        message,
        post(7, 0, &text),
        post(8, 1, &text),
        exchange(9, Kind::Disconnect, 0, close),
    ];
    all.map(Arc::new).to_vec()
}

fn case(number: usize) -> Option<String> {
    let all = all();
    from_exchange(&all[number - 1], &all, &rules(), &origin())
}

#[test]
fn a_message_is_a_case_with_the_connections_that_it_needs() {
    assert_snapshot!(case(6).expect("it can be a step"));
}

#[test]
fn every_kind_is_a_case() {
    let case = |number| case(number).expect("it can be a step");
    assert!(case(1).contains(r#"client = "stranger", target = "?n=2""#));
    assert!(case(1).contains("status = 401"));
    assert!(case(2).contains(r#"client = "alice", target = "?n=0""#));
    assert!(case(5).contains("no message has told"));
    assert!(case(9).contains(r#"{ do = "close", client = "alice", code = 1000 }"#));
}

#[test]
fn a_connection_that_is_forgotten_is_none() {
    assert_eq!(from_exchange(&all()[5], &[], &rules(), &origin()), None);
}

#[test]
fn the_event_is_what_the_function_got() {
    let message = &all()[5];
    let lines = "{\n  \"requestContext\": {\n    \"messageId\": \"x\"\n  }\n}\n";
    assert_eq!(event::from_exchange(message, None).as_deref(), Some(lines));
    assert_eq!(
        event::from_exchange(message, Some(0)).as_deref(),
        Some("{}\n")
    );
    assert_eq!(event::from_exchange(message, Some(2)), None);
    assert_eq!(event::from_exchange(&all()[0], None), None);
}
