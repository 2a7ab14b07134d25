//! The command as a user meets it: what it prints, and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use conformance::{Outcome, Verdict};

use support::{Served, code, file, folder, gatespec, root, stderr, stdout};

/// The stack's template with a change, in a file.
fn broken(name: &str, change: impl Fn(String) -> String) -> String {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let changed = change(template.clone());
    assert_ne!(changed, template, "the change finds its place");
    file(name, "template.yaml", &changed)
}

// The main job: the real handlers behind the local gateway, and the specification, as expected.
#[test]
fn check_finds_all_as_expected() {
    let reports = folder("reports");
    let output = gatespec(&["check", "--report", reports.to_str().unwrap()]);
    assert_eq!(
        code(&output),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(stdout(&output).contains("all as expected"));
    let jsonl = std::fs::read_to_string(reports.join("report.jsonl")).unwrap();
    for line in jsonl.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["verdict"].is_string());
    }
    for target in ["spec", "local"] {
        let own = format!("\"target\":\"{target}\"");
        let count = jsonl.lines().filter(|line| line.contains(&own)).count();
        assert!(count >= 340, "{count} cases on {target}");
    }
}

// A target behind URLs: what it does not answer is known by a file, which the kit writes and which
// wants reasons.
#[test]
fn an_endpoint_is_held_to_the_verdicts_that_are_known_of_it() {
    let folder = folder("endpoint");
    let known = folder.join("known.toml").display().to_string();
    let reports = folder.display().to_string();
    // Nothing listens on port 1 of this machine.
    let at = [
        "check",
        "--ws",
        "ws://127.0.0.1:1/stage",
        "--name",
        "nobody",
        "--report",
        &reports,
    ];
    let own = folder.join("own.toml").display().to_string();
    let case =
        "[[case]]\nid = \"own/in\"\nwhy = \"w\"\nsteps = [{ do = \"connect\", client = \"a\" }]\n";
    std::fs::write(&own, case).unwrap();
    let _ = std::fs::remove_file(&known);
    let run = |more: &[&str]| gatespec(&[&at[..], &["--cases", &own], more].concat());
    let output = run(&[]);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("nobody: own/in: error"));
    assert_eq!(code(&run(&["--bless", &known])), Some(0));
    let output = run(&["--expect", &known]);
    assert_eq!(code(&output), Some(2));
    assert!(stderr(&output).contains("is expected to error without a reason"));
    let filled = std::fs::read_to_string(&known)
        .unwrap()
        .replace("reason = \"\"", "reason = \"nobody is there\"");
    std::fs::write(&known, filled).unwrap();
    let output = run(&["--expect", &known]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    // Blessed again, it keeps its reason; and neither a selection nor a misspelt fixture may make
    // it less than it says.
    assert_eq!(code(&run(&["--bless", &known])), Some(0));
    assert_eq!(code(&run(&["--expect", &known])), Some(0));
    let all = [&at[..], &["--case", "route/", "--bless", &known]].concat();
    assert_eq!(code(&gatespec(&all)), Some(2));
    let misspelt = gatespec(&[&at[..], &["--fixture", "prob@ws://127.0.0.1:1/x"]].concat());
    assert!(stderr(&misspelt).contains("no case runs on the fixture `prob`"));
    // Its report beside another's.
    let merged = folder.join("merged").display().to_string();
    let report = folder.join("report.jsonl").display().to_string();
    let output = gatespec(&["report", "--report", &merged, &report, &report]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    for name in ["report.html", "report.md", "report.jsonl", "junit.xml"] {
        let text = std::fs::read_to_string(Path::new(&merged).join(name)).unwrap();
        assert!(text.contains("nobody"), "{name}");
    }
}

// What the original template loses is found among generated messages, and shrunk to the one
// character that does it.
#[test]
fn a_failure_of_generated_values_is_a_case_to_keep() {
    let folder = folder("generated");
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let broken = text.replace(r#".replaceAll("\\'","'")"#, "");
    assert_ne!(text, broken);
    let template = folder.join("template.yaml");
    std::fs::write(&template, broken).unwrap();
    let (template, reports) = (template.display().to_string(), folder.display().to_string());
    let on_spec = ["check", &template, "--target", "spec", "--report", &reports];
    let run = |more: &[&str]| gatespec(&[&on_spec[..], more].concat());
    let output = run(&["--case", "template/the-pattern-answers-any-text"]);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let found = text.find("[[case]]").map_or("", |at| &text[at..]);
    assert!(found.contains(r#"given = { text = "'" }"#), "{text}");
    // It can be run as it was printed, and says the same.
    let end = found.find("\n]\n").unwrap() + 3;
    let own = folder.join("found.toml").display().to_string();
    std::fs::write(&own, &found[..end]).unwrap();
    let output = run(&["--cases", &own]);
    assert_eq!(code(&output), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("template/the-pattern-answers-any-text-found on spec: fail"));
}

// The kit as a library, on a gateway that somebody else has started.
#[tokio::test]
async fn the_kit_is_a_library() {
    let mut served = Served::start(&["template.yaml"], Stdio::null());
    let ws = served.line();
    let management = ws.replacen("ws://", "http://", 1);
    let target = conformance::Target::new(ws, Some(management));
    let report = conformance::check(&target).await.unwrap();
    let not_fine = report
        .outcomes
        .iter()
        .filter(|outcome| !outcome.verdict.is_fine());
    assert_eq!(not_fine.collect::<Vec<_>>(), Vec::<&Outcome>::new());
    assert!(report.count(Verdict::Pass) > 40, "{report:?}");
}

// Two runs of one target answer the same in every case, but for what is numbered or left out.
#[test]
fn what_a_target_answers_is_recorded() {
    let folder = folder("recorded");
    let record = |name: &str| {
        let path = folder.join(name);
        let [path, reports] = [&path, &folder].map(|path| path.display().to_string());
        let output = gatespec(&[
            "check", "--target", "local", "--jobs", "4", "--record", &path, "--report", &reports,
        ]);
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        std::fs::read_to_string(path).unwrap()
    };
    let [first, second] = ["first.toml", "second.toml"].map(record);
    for (line, other) in first.lines().zip(second.lines()) {
        assert_eq!(line, other);
    }
    assert_eq!(first.lines().count(), second.lines().count());
    assert!(first.contains(r#"\"connectionId\":\"<id 1>\""#));
    for secret in [
        "127.0.0.1",
        "000000000000",
        "ASIALOCAL",
        "assumed-role/local",
    ] {
        assert!(!first.contains(secret), "{secret}");
    }
    let output = gatespec(&["check", "--record", "never.toml"]);
    assert_eq!(code(&output), Some(2));
}

#[test]
fn cases_are_listed_and_explained() {
    let output = gatespec(&["check", "--list", "--requirement", "HANDSHAKE-21"]);
    assert_eq!(
        stdout(&output),
        "handshake/a-stage-without-a-deployment-is-403  HANDSHAKE-21\n"
    );
    let output = gatespec(&["check", "--explain", "--requirement", "HANDSHAKE-21"]);
    assert!(
        stdout(&output).contains("source: https://") && stdout(&output).contains("steps = ["),
        "{}",
        stdout(&output)
    );
    let listed = |more: &[&str]| stdout(&gatespec(&[&["check", "--list"], more].concat()));
    let clock = listed(&["--needs", "clock", "--case", "limits/"]);
    assert!(
        clock.contains("limits/the-rate-gives-tokens-back"),
        "{clock}"
    );
    assert!(clock.lines().count() < listed(&["--case", "limits/"]).lines().count());
    // What a report says of a case runs that case, and not another whose id begins like it.
    let times = "template/times  TEMPLATE-";
    let exact = listed(&["--case", "template/times"]);
    assert!(
        exact.starts_with(times) && exact.lines().count() == 1,
        "{exact}"
    );
    assert_eq!(listed(&["--case", "template/times-"]).lines().count(), 1);
    assert_eq!(listed(&["--case", "template/time"]).lines().count(), 2);
    assert_eq!(
        code(&gatespec(&["check", "--requirement", "HANDSHAKE-0"])),
        Some(2)
    );
}

// A template that the user must change: one error with file, line and column, exit code 2.
#[test]
fn a_broken_template_is_one_error_with_its_place() {
    type Change = fn(String) -> String;
    let changes: [(&str, Change, &str); 4] = [
        (
            "bad-yaml",
            |text| text.replace("  WebsocketApi:\n", "  WebsocketApi: [\n"),
            "",
        ),
        (
            "unknown-id",
            |text| text.replace("!Ref WebsocketApi", "!Ref NoSuchApi"),
            "NoSuchApi",
        ),
        (
            "bad-template",
            |text| text.replace("\"$context.routeKey\"", "\"#if(\""),
            "",
        ),
        (
            "missing-code",
            |text| text.replace("CodeUri: handlers/", "CodeUri: nowhere/"),
            "nowhere",
        ),
    ];
    for (name, change, mention) in changes {
        let template = broken(name, change);
        let output = gatespec(&["serve", "--port", "0", &template]);
        let text = stderr(&output);
        assert_eq!(code(&output), Some(2), "{name}: {text}");
        assert!(text.contains(mention), "{name}: {text}");
        let place = text
            .split(&format!("{template}:"))
            .nth(1)
            .unwrap_or_else(|| panic!("{name}: no place in {text}"));
        let mut numbers = place.split(|c: char| !c.is_ascii_digit());
        assert!(
            numbers
                .next()
                .is_some_and(|line| line.parse::<u32>().is_ok()),
            "{name}: no line in {text}"
        );
        assert!(
            numbers
                .next()
                .is_some_and(|column| column.parse::<u32>().is_ok()),
            "{name}: no column in {text}"
        );
    }
}

#[test]
fn a_template_that_is_not_there_is_exit_code_2() {
    let output = gatespec(&["check", "no/such/template.yaml"]);
    assert_eq!(code(&output), Some(2));
    assert!(
        stderr(&output).contains("no/such/template.yaml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_port_that_is_taken_is_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = gatespec(&["serve", "--port", &port]);
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains(&port));
}

#[test]
fn credentials_that_cannot_be_read_are_exit_code_2() {
    let template = "conformance/fixtures/signed.yaml";
    let output = gatespec(&[
        "serve",
        "--port",
        "0",
        "--credentials",
        "no/such/file",
        template,
    ]);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("credentials `no/such/file`"));
}

#[test]
fn render_prints_the_text_or_the_error_with_its_caret() {
    let output = gatespec(&[
        "render",
        "--template",
        r#"{"a": "$util.escapeJavaScript($input.body)"}"#,
        "--body",
        "it's",
    ]);
    assert_eq!(
        (code(&output), stdout(&output)),
        (Some(0), "{\"a\": \"it\\'s\"}\n".to_owned())
    );
    let output = gatespec(&["render", "--template", "a\n#if(", "--body", "x"]);
    assert_eq!(code(&output), Some(1));
    assert!(stderr(&output).contains('^'), "{}", stderr(&output));
    let output = gatespec(&["render", "--template", "x", "--context", "[]"]);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
}

#[test]
fn every_command_has_help() {
    for command in ["check", "serve", "render", "lint", "falsify", "report"] {
        let output = gatespec(&[command, "--help"]);
        assert_eq!(code(&output), Some(0));
        assert!(stdout(&output).contains("Usage:"));
    }
    assert_eq!(code(&gatespec(&["chekc"])), Some(2));
}

// docs/stability.md: what programs read that start a gateway.
#[test]
fn the_ready_line_has_the_promised_fields() {
    let template = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: quiet}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
";
    let template = file("ready", "template.yaml", template);
    let mut served = Served::start(&["--ready", "json", &template], Stdio::null());
    let ready: serde_json::Value = serde_json::from_str(&served.line()).unwrap();
    let fields: Vec<&str> = ready
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    assert_eq!(
        fields,
        [
            "ws",
            "management",
            "custom_domains",
            "dynamodb",
            "ca",
            "tables",
            "api_keys",
            "inspect"
        ]
    );
    let [ws, management, dynamodb] =
        ["ws", "management", "dynamodb"].map(|url| ready[url].as_str());
    assert!(ws.unwrap().starts_with("ws://127.0.0.1:") && ws.unwrap().ends_with("/test"));
    let http = ws.unwrap().replacen("ws://", "http://", 1);
    assert_eq!(management, Some(&*http));
    assert!(dynamodb.unwrap().starts_with("http://127.0.0.1:"));
    assert!(ready["tables"].is_array() && ready["api_keys"].is_object());
    assert!(ready["inspect"].is_null());
    served.end();
}
