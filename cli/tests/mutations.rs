//! Gateways that are wrong on purpose: each is found by the case that is named here, and the case
//! says what is wrong. They are found as anybody's gateway is, by `gatespec check` and its exit
//! code.
//!
//! cargo test --features gatespec/mutations --test mutations

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Mutex;
use std::thread;

use conformance::Verdict;
use gateway::Mutation;
use serde_json::Value;

use support::{code, folder, gatespec, stderr};

/// Which case finds a mutation, what it says of the gateway, and words of its reason.
// Long, because it is a table: a `match`, so that a mutation without a case does not compile.
fn found_by(mutation: Mutation) -> (&'static str, Verdict, &'static str) {
    use Verdict::{Fail, Informational};
    match mutation {
        Mutation::UpgradeAtOnce => (
            "handshake/nothing-is-upgraded-before-connect-has-answered",
            Fail,
            "alice expected status 403, got 101",
        ),
        Mutation::ForbiddenForUnauthorized => (
            "authorizer/no-token-is-401",
            Fail,
            "alice expected status 401, got 403",
        ),
        Mutation::AuthorizerNotAsked => (
            "authorizer/a-wrong-token-is-401",
            Fail,
            "alice expected status 401, got 101",
        ),
        // That it cannot is assumed (ROUTE-7), and what is assumed fails nobody.
        Mutation::ConnectByMessage => (
            "route/a-message-does-not-reach-connect",
            Informational,
            "found `$connect was reached`",
        ),
        Mutation::ForbiddenSwallowed => (
            "route/an-unknown-action-is-forbidden",
            Fail,
            "alice: nothing came within",
        ),
        Mutation::ErrorFramesWithoutSpaces => (
            "integration/an-error-frame-has-its-own-spacing",
            Fail,
            r#"found `{"message":"Internal server error","connectionId":"#,
        ),
        Mutation::RepliesToAnotherClient => (
            "integration/each-client-gets-its-own-replies",
            Fail,
            "bob: nothing came within",
        ),
        Mutation::RepliesToEveryClient => (
            "integration/the-silent-client-gets-nothing",
            Fail,
            "messages that nobody expected: silent: good job",
        ),
        Mutation::RepliesTwice => (
            "integration/a-two-way-answer-is-the-body-alone",
            Fail,
            r#"expected `{ "n": 1.0 }`, found `hey queen`"#,
        ),
        Mutation::OneWayRoutesReply => (
            "integration/a-one-way-route-sends-no-result",
            Fail,
            r#"{"statusCode":200}"#,
        ),
        Mutation::TemplatesNotEvaluated => (
            "integration/an-http-backend-gets-the-rendered-template",
            Fail,
            r#"found `{"action":"plain","said":"hey queen""#,
        ),
        // That it is a text is assumed for WebSocket APIs (TEMPLATE-94).
        Mutation::TextLost => (
            "template/a-message-that-is-not-json-is-a-text",
            Informational,
            "`/json`: expected the text `token=abc&text=hi`, found {}",
        ),
        Mutation::HeadersInLowerCase => ("event/the-headers-of-connect", Fail, r#""cookie""#),
        Mutation::BodiesWrittenAnew => (
            "event/the-body-is-the-message-to-the-byte",
            Fail,
            r#"found `{"b":1.0,"action":"probe""#,
        ),
        Mutation::BinaryIgnored => (
            "limits/a-binary-message-is-1003",
            Fail,
            "alice: nothing came within",
        ),
        Mutation::PolicyViolationForTooLarge => (
            "limits/a-frame-beyond-32-kb-is-1009",
            Fail,
            "expected to be closed with 1009, got a close with 1008",
        ),
        Mutation::IdleCloseLate => (
            "lifecycle/ten-idle-minutes-end-the-connection",
            Fail,
            "alice: nothing came within",
        ),
        Mutation::SocketLeftOpen => (
            "lifecycle/a-clients-close-is-answered",
            Fail,
            "alice: the connection was not ended after the close frames",
        ),
        Mutation::EveryCloseIsNormal => (
            "lifecycle/the-clients-code-and-reason-reach-disconnect",
            Fail,
            "`/requestContext/disconnectStatusCode`: expected 4001, found 1000",
        ),
        Mutation::DisconnectNotCalled => (
            "lifecycle/a-close-runs-disconnect",
            Fail,
            "is still in the table",
        ),
        Mutation::NotFoundForGone => (
            "management/an-id-that-never-was-is-gone",
            Fail,
            "backend expected status 410, got 404",
        ),
        Mutation::StatusInOneLine => (
            "management/a-get-tells-about-the-connection",
            Fail,
            r#"found `{"identity":{"sourceIp":"#,
        ),
        Mutation::DeleteDoesNothing => (
            "management/a-delete-closes-the-connection",
            Fail,
            "alice: nothing came within",
        ),
        Mutation::PathNotTold => (
            "management/a-path-without-a-method-is-named",
            Fail,
            r#"found `{"message":"Forbidden"}`"#,
        ),
        Mutation::AnotherPermissionTold => (
            "management/a-path-without-a-method-needs-invoke",
            Fail,
            "no ` is not authorized to perform: execute-api:Invoke on resource: `",
        ),
        // That there is none is assumed (EVENT-55).
        Mutation::EmptyBodyPresent => (
            "event/an-empty-message-has-no-body",
            Informational,
            "`/body`",
        ),
        Mutation::ChildrenLookedAtTwice => (
            "route/the-log-has-each-message-of-the-validator-once",
            Informational,
            "access log: expected `",
        ),
        Mutation::MessagesInAnotherOrder => (
            "route/the-log-says-why-a-message-fits-no-model",
            Informational,
            r#"found `", "details": "[instance type (integer)"#,
        ),
    }
}

/// How many gateways are looked at at once. Most of them are waited for.
const WORKERS: usize = 4;

/// What `check` says of one case on the local gateway: its exit code, the verdict and the reason.
fn check(case: &str, mutation: Option<Mutation>) -> (Option<i32>, String, String) {
    let name = mutation.map_or("none", Mutation::name);
    let reports = folder(&format!("mutations-{name}-{}", case.replace('/', "-")));
    let mut arguments = vec!["check", "--target", "local", "--no-build", "--case", case];
    arguments.extend(["--report", reports.to_str().unwrap()]);
    if mutation.is_some() {
        arguments.extend(["--mutation", name]);
    }
    let output = gatespec(&arguments);
    let report = std::fs::read_to_string(reports.join("report.jsonl"));
    let lines: Vec<Value> = report
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = lines.iter().find(|line| line["case"] == case);
    let line = line.unwrap_or_else(|| panic!("{case}: {output:?}"));
    let text = |member: &str| line[member].as_str().unwrap_or_default().to_owned();
    (code(&output), text("verdict"), text("detail"))
}

/// What is wrong with the kit, if it does not find a mutation as it should.
fn overlooked(mutation: Mutation) -> Option<String> {
    let (case, verdict, reason) = found_by(mutation);
    let itself = check(case, None);
    if itself != (Some(0), Verdict::Pass.to_string(), String::new()) {
        return Some(format!("without {mutation}: {case}: {itself:?}"));
    }
    let code = if verdict == Verdict::Fail { 1 } else { 0 };
    let found = check(case, Some(mutation));
    let is_right =
        found.0 == Some(code) && found.1 == verdict.to_string() && found.2.contains(reason);
    (!is_right)
        .then(|| format!("{mutation}: {case}: {found:?} instead of {verdict} with `{reason}`"))
}

#[test]
fn every_mutation_is_found_by_its_case_and_the_gateway_itself_passes_it() {
    let first = folder("mutations-first").display().to_string();
    let built = gatespec(&[
        "check",
        "--target",
        "local",
        "--case",
        "handshake/the-stage-path-connects",
        "--report",
        &first,
    ]);
    assert!(built.status.success(), "{built:?}");
    let left = Mutex::new(Mutation::ALL.iter());
    let next = || left.lock().unwrap().next().copied();
    let overlooked: Vec<String> = thread::scope(|scope| {
        let work = || {
            std::iter::from_fn(next)
                .filter_map(overlooked)
                .collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        let workers = workers.into_iter();
        workers.flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(overlooked.is_empty(), "{}", overlooked.join("\n"));
}

#[test]
fn a_mutation_that_does_not_exist_is_refused() {
    let output = gatespec(&["serve", "--mutation", "perfect"]);
    assert_eq!(code(&output), Some(2));
    let words = stderr(&output);
    for mutation in Mutation::ALL {
        assert!(words.contains(mutation.name()), "{mutation}: {words}");
    }
}
