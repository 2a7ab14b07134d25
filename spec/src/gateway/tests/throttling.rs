//! What comes too fast.

use super::*;
use crate::api::RouteSettings;
use crate::throttle::{AccountLimits, Limit};

#[test]
fn messages_that_come_too_fast_reach_no_function() {
    let mut api = api();
    let settings = RouteSettings {
        throttling_rate_limit: Some(1.0),
        throttling_burst_limit: Some(2),
    };
    api.stage
        .route_settings
        .insert("echo".parse().unwrap(), settings);
    let mut gateway = serving(api);
    connect(&mut gateway, ALICE, START);
    let mut calls = |millis| {
        let now = START + std::time::Duration::from_millis(millis);
        gateway.handle_input(now, message(r#"{"action":"echo"}"#));
        match &outputs(&mut gateway)[..] {
            [Output::Invoke(_)] => true,
            [Output::Send { text, .. }] => {
                let frame = r#"{"message": "Too Many Requests", "connectionId":""#;
                assert!(text.starts_with(frame), "{text}");
                false
            }
            other => panic!("{other:?}"),
        }
    };
    let called = [0, 1, 2, 999, 1_000, 1_001, 2_000].map(&mut calls);
    assert_eq!(called, [true, true, false, false, true, false, true]);
    // The others have no limit of their own.
    for _ in 0..100 {
        gateway.handle_input(START, message(r#"{"action":"dance"}"#));
        let [Output::Send { text, .. }] = &outputs(&mut gateway)[..] else {
            panic!()
        };
        assert!(text.contains("Forbidden"), "{text}");
    }
}

#[test]
fn a_handshake_that_comes_too_fast_is_429_and_calls_nobody() {
    let mut api = api();
    api.stage.default_route_settings = RouteSettings {
        throttling_rate_limit: Some(0.5),
        throttling_burst_limit: Some(1),
    };
    let mut gateway = serving(api);
    connect(&mut gateway, ALICE, START);
    gateway.handle_input(START, upgrade(PeerId(2), Some("hello")));
    let [Output::Reject { response, .. }] = &outputs(&mut gateway)[..] else {
        panic!()
    };
    assert_eq!(
        (response.status, &*response.body),
        (429, r#"{"message":"Too Many Requests"}"#)
    );
    let later = START + std::time::Duration::from_secs(2);
    connect(&mut gateway, PeerId(3), later);
}

#[test]
fn the_accounts_limit_counts_callbacks() {
    let mut gateway = serving(api()).with_account_limits(AccountLimits {
        requests: Limit {
            rate: 1.0,
            burst: 2,
        },
        ..AccountLimits::default()
    });
    connect(&mut gateway, ALICE, START);
    let connection_id = gateway.peers[&ALICE].connection.connection_id.clone();
    let mut post = |id| {
        let request = ManagementRequest {
            method: "POST".to_owned(),
            path: format!("/stage/@connections/{connection_id}"),
            body: b"hi".to_vec(),
            ..ManagementRequest::default()
        };
        let id = ManagementId(id);
        gateway.handle_input(START, Input::Management { id, request });
        outputs(&mut gateway)
            .into_iter()
            .find_map(|output| match output {
                Output::ManagementReply { response, .. } => Some(response),
                _ => None,
            })
    };
    assert_eq!(post(1).unwrap().status, 200);
    let refused = post(2).unwrap();
    assert_eq!((refused.status, &*refused.body), (429, ""));
    assert_eq!(
        refused.headers.get("x-amzn-errortype"),
        Some("LimitExceededException")
    );
}

#[test]
fn a_connection_that_ends_runs_disconnect_whatever_the_limit() {
    let mut gateway = serving(api()).with_account_limits(AccountLimits {
        requests: Limit {
            rate: 0.0,
            burst: 1,
        },
        ..AccountLimits::default()
    });
    connect(&mut gateway, ALICE, START);
    let close = None;
    gateway.handle_input(START, Input::PeerClosed { peer: ALICE, close });
    assert_eq!(invocation(&mut gateway).function_arn, "disconnect");
}

#[test]
fn settings_that_can_not_be_used_are_named_with_their_place() {
    assert_eq!(
        broken(|api| {
            let own = &mut api.stage.route_settings;
            own.insert("gone".parse().unwrap(), RouteSettings::default());
        }),
        "`RouteSettings` of `gone`: the API has no route `gone`"
    );
    assert_eq!(
        broken(|api| api.stage.default_route_settings.throttling_rate_limit = Some(-1.0)),
        "`DefaultRouteSettings`: `ThrottlingRateLimit` `-1` must be zero or more"
    );
}

/// What a backend is told that posts to the client.
fn post(gateway: &mut Gateway, id: &str, text: &str) -> (u16, usize) {
    let request = ManagementRequest {
        method: "POST".to_owned(),
        path: format!("/stage/@connections/{id}"),
        body: text.as_bytes().to_vec(),
        ..ManagementRequest::default()
    };
    let id = ManagementId(1);
    gateway.handle_input(START, Input::Management { id, request });
    let mut sent = 0;
    for output in outputs(gateway) {
        match output {
            Output::Send { .. } => sent += 1,
            Output::ManagementReply { response, .. } => {
                let error = response.headers.get("x-amzn-errortype");
                let is_limit = error == Some("LimitExceededException");
                assert_eq!(response.status == 429, is_limit, "{response:?}");
                return (response.status, sent);
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("no reply")
}

#[test]
fn a_full_send_buffer_refuses_posts_and_nothing_else() {
    let mut gateway = gateway();
    connect(&mut gateway, ALICE, START);
    let id = gateway.by_connection_id.keys().next().unwrap().clone();
    assert_eq!(post(&mut gateway, &id, "one"), (200, 1));
    let buffer = |full| Input::SendBuffer { peer: ALICE, full };
    gateway.handle_input(START, buffer(true));
    assert_eq!(post(&mut gateway, &id, "two"), (429, 0));
    // Error frames wait behind what fills the buffer.
    gateway.handle_input(START, message("nothing"));
    assert!(matches!(&outputs(&mut gateway)[..], [Output::Send { .. }]));
    gateway.handle_input(START, buffer(false));
    assert_eq!(post(&mut gateway, &id, "three"), (200, 1));
    // Of nobody, it is nothing.
    let peer = PeerId(9);
    gateway.handle_input(START, Input::SendBuffer { peer, full: true });
    assert_eq!(outputs(&mut gateway), []);
}

#[test]
fn an_account_opens_500_connections_at_once_and_500_a_second() {
    let mut api = api();
    api.routes.shift_remove("$connect");
    let mut gateway = serving(api);
    let mut peers = 0..;
    let mut accepted = |millis: u64, tries: usize| {
        let now = START + std::time::Duration::from_millis(millis);
        let accepted = peers.by_ref().take(tries).filter(|number| {
            gateway.handle_input(now, upgrade(PeerId(*number), None));
            match &outputs(&mut gateway)[..] {
                [Output::Accept { .. }] => true,
                [Output::Reject { response, .. }] => {
                    assert_eq!(response.status, 429);
                    false
                }
                other => panic!("{other:?}"),
            }
        });
        accepted.count()
    };
    let counts = [(0, 600), (2, 10), (1_002, 600)].map(|(millis, tries)| accepted(millis, tries));
    assert_eq!(counts, [500, 1, 500]);
}

#[test]
fn an_account_without_limits_has_none() {
    let mut api = api();
    api.routes.shift_remove("$connect");
    let mut gateway = serving(api).with_account_limits(AccountLimits {
        requests: Limit::NONE,
        connections: Limit::NONE,
    });
    for number in 0..6_000 {
        gateway.handle_input(START, upgrade(PeerId(number), None));
        assert!(matches!(
            &outputs(&mut gateway)[..],
            [Output::Accept { .. }]
        ));
    }
}

#[test]
fn a_stage_without_a_deployment_refuses_everybody() {
    let mut api = api();
    api.stage.undeployed = true;
    let mut gateway = serving(api);
    gateway.handle_input(START, upgrade(ALICE, Some("hello")));
    let [Output::Reject { response, .. }] = &outputs(&mut gateway)[..] else {
        panic!("it is let in")
    };
    assert_eq!(
        (response.status, &*response.body),
        (403, r#"{"message":"Forbidden"}"#)
    );
}
