//! `gatespec serve --record`: what clients do becomes cases, which pass where they were recorded.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use conformance::session::{Incoming, Outgoing, Upgrade};
use conformance::target::wire::{Endpoint, WireSession};
use conformance::{Outcome, Session, case};

use support::{PATIENCE, Served, code, file, folder, gatespec, root, stderr, stdout};

/// A folder that is not there yet.
fn fresh(name: &str) -> String {
    let folder = folder(name).join("cases");
    let _ = std::fs::remove_dir_all(&folder);
    folder.display().to_string()
}

/// A gateway that serves the pattern and records into a folder, and the way to its clients.
fn recorded(cases: &str, options: &[&str]) -> (Served, WireSession) {
    let arguments = ["--ready", "json", "--record", cases, "template.yaml"];
    let mut served = Served::start(&[&arguments, options].concat(), Stdio::piped());
    let clients = WireSession::new(Endpoint {
        ws_url: served.ready(),
        management_url: None,
        table: None,
        patience: PATIENCE,
        credentials: None,
    });
    (served, clients)
}

async fn connect(clients: &mut WireSession, name: &str, token: &str) -> u16 {
    let upgrade = Upgrade {
        headers: vec![("token".to_owned(), token.to_owned())],
        ..Upgrade::default()
    };
    clients.connect(name, &upgrade).await.unwrap().status
}

/// What a client gets for a message.
async fn ask(clients: &mut WireSession, name: &str, text: &str) -> Incoming {
    let message = Outgoing::Text {
        text: text.to_owned(),
        frame: None,
    };
    clients.send(name, &message).await.unwrap();
    clients.receive(name).await.unwrap()
}

/// Checks a template on both targets with the cases of a folder: the exit code, and what is printed.
fn check(template: &str, cases: &str) -> (Option<i32>, String) {
    let reports = folder("record-reports").display().to_string();
    let arguments = ["check", template, "--cases", cases, "--report", &reports];
    let output = gatespec(&arguments);
    (code(&output), stdout(&output) + &stderr(&output))
}

#[tokio::test]
async fn a_session_by_hand_becomes_a_case() {
    let cases = fresh("record-session");
    let (served, mut clients) = recorded(&cases, &[]);
    assert_eq!(connect(&mut clients, "a", "guess").await, 401);
    assert_eq!(connect(&mut clients, "b", "hello").await, 101);
    assert_eq!(connect(&mut clients, "c", "hello").await, 101);
    let say = r#"{"action":"sendmessage","message":"it costs ${5}, it's \"cheap\""}"#;
    ask(&mut clients, "b", say).await;
    ask(&mut clients, "c", say).await;
    // Error frames have ids, which are others the next time.
    ask(&mut clients, "c", "nonsense").await;
    ask(&mut clients, "b", "nonsense").await;
    let left = clients.close("b", Some(3001), "bye").await.unwrap();
    assert_eq!(left, Vec::<String>::new());
    clients.close("c", None, "").await.unwrap();
    served.end();

    let files = std::fs::read_dir(&cases).unwrap();
    let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    let path = Path::new(&cases).join("001.toml");
    assert_eq!(files, std::slice::from_ref(&path));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    for part in [
        "the header field `token`",
        r#"client = "stranger", headers = { token = "guess" }, status = 401"#,
        r#""connectionId":"${bob:id}", "requestId":"${*:id}"}"#,
        r#"client = "alice", code = 3001, reason = "bye""#,
        "it costs ${dollar}{5}",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (code, printed) = check("template.yaml", &cases);
    assert_eq!(code, Some(0), "{printed}\n{text}");
    // Another handler answers nothing.
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let handlers = root().join("handlers").canonicalize().unwrap();
    let changed = template
        .replace("Binary: sendmessage", "Binary: connect")
        .replace(
            "CodeUri: handlers/",
            &format!("CodeUri: {}", handlers.display()),
        );
    assert_ne!(changed, template);
    let (code, printed) = check(&file("record-changed", "template.yaml", &changed), &cases);
    assert_eq!(code, Some(1), "{printed}");
    assert_eq!(printed.matches("recorded/001 on ").count(), 2, "{printed}");
}

// Every kind of thing that clients do: refusals, ids, violations, posts, any text.
#[tokio::test]
async fn what_the_kit_does_is_recorded_and_holds() {
    let cases = fresh("record-kit");
    let mut served = Served::start(&["--record", &cases, "template.yaml"], Stdio::null());
    let ws = served.line();
    let management = ws.replacen("ws://", "http://", 1);
    let target = conformance::Target::new(ws, Some(management));
    let report = conformance::check(&target).await.unwrap();
    let outcomes = report.outcomes.iter();
    let not_fine = outcomes.filter(|outcome| !outcome.verdict.is_fine());
    assert_eq!(not_fine.collect::<Vec<_>>(), Vec::<&Outcome>::new());
    served.signal("TERM");
    assert!(served.wait().success());
    let recorded = case::of_path(Path::new(&cases)).unwrap();
    let steps: usize = recorded.iter().map(|case| case.steps.len()).sum();
    assert!(steps > 300, "{} cases, {steps} steps", recorded.len());
    let (code, printed) = check("template.yaml", &cases);
    assert_eq!(code, Some(0), "{printed}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_again() {
    let cases = fresh("record-idle");
    let (mut served, mut clients) = recorded(&cases, &["--clock", "1705751697419"]);
    let mut stdin = served.stdin();
    let mut advance = |served: &mut Served, seconds: u32| {
        writeln!(stdin, "advance {seconds}").unwrap();
        assert!(served.line().starts_with("now "));
    };
    connect(&mut clients, "a", "hello").await;
    advance(&mut served, 300);
    connect(&mut clients, "b", "hello").await;
    advance(&mut served, 300);
    let closed = clients.receive("a").await.unwrap();
    assert_eq!(closed, Incoming::Closed(1001, "Going away".to_owned()));
    ask(&mut clients, "b", "nonsense").await;
    clients.close("b", Some(1000), "").await.unwrap();
    drop(stdin);
    assert!(served.wait().success());
    let text = std::fs::read_to_string(Path::new(&cases).join("001.toml")).unwrap();
    assert_eq!(
        text.matches(r#"{ do = "wait", seconds = 300 }"#).count(),
        2,
        "{text}"
    );
    let (code, printed) = check("template.yaml", &cases);
    assert_eq!(code, Some(0), "{printed}\n{text}");
}

// Nobody can do anything more then: what was so far is there, and is a case.
#[tokio::test]
async fn a_gateway_that_is_killed_leaves_what_was_so_far() {
    let cases = fresh("record-killed");
    std::fs::create_dir_all(&cases).unwrap();
    let taken = Path::new(&cases).join("007.toml");
    std::fs::write(&taken, "mine").unwrap();
    let (mut served, mut clients) = recorded(&cases, &[]);
    connect(&mut clients, "a", "hello").await;
    ask(&mut clients, "a", "nonsense").await;
    let path = Path::new(&cases).join("008.toml");
    let end = std::time::Instant::now() + PATIENCE;
    let has = |part: &str| std::fs::read_to_string(&path).is_ok_and(|text| text.contains(part));
    while !has("Forbidden") {
        assert!(std::time::Instant::now() < end, "it is never written");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    served.signal("KILL");
    served.wait();
    assert!(has("still connected at the end of the recording"));
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
    std::fs::remove_file(taken).unwrap();
    let (code, printed) = check("template.yaml", &cases);
    assert_eq!(code, Some(0), "{printed}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused_before_anything_else() {
    let wrong = file("record-refused", "template.yaml", "Resources: {}");
    let taken = file("record-refused", "file", "");
    for (given, exit) in [(taken.clone(), 2), (format!("{taken}/below"), 3)] {
        let output = gatespec(&["serve", "--port", "0", "--record", &given, &wrong]);
        let said = stderr(&output);
        assert_eq!(code(&output), Some(exit), "{said}");
        assert!(
            said.contains("`--record") && said.contains(&given),
            "{said}"
        );
        assert!(!said.contains("Resources"), "{said}");
    }
}
