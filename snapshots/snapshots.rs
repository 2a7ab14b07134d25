//! The pages of this folder that show what functions and clients get: every shape of event, the
//! rendered mapping template, the error frames, the refusals, the policies. Review a change with
//! `cargo insta review`.

#[path = "../conformance/tests/support/coverage.rs"]
mod coverage;
mod example;
#[path = "../conformance/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use example::{TRACE, api, connection, context, handshake, principal, request};
use gatespec_conformance::report::Comparison;
use insta::{Settings, assert_snapshot};
use serde_json::{Value, json};
use spec::connection::CloseInfo;
use spec::error_frame::ErrorFrame;
use spec::event::{self, EventType};
use spec::handshake::Refusal;
use spec::http::HttpResponse;
use spec::limits::Violation;
use spec::message::Message;
use spec::policy::{Context, INVOKE, PolicyDocument};
use spec::route::RouteKey;
use spec::selection::SelectionExpression;
use spec::strategy;
use spec::template::{MappingTemplate, Scope, Variables};
use spec::{authorizer, management, route};

/// How much of a detail a page of verdicts shows, in characters.
const DETAIL: usize = 200;

/// Puts a page into this folder's `area`, with what it is about above it.
fn page(area: &str, description: &str) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(area);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(description);
    settings
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON")
}

#[test]
fn events() {
    let on_connect = context(
        EventType::Connect,
        Some(principal().for_connect_event()),
        1_705_751_697_420,
    );
    let connect = event::connect(&api(), &handshake("/prod?room=a&room=b"), TRACE, on_connect);
    page(
        "event",
        "CONNECT behind an authorizer, with a query string and a header that is there twice",
    )
    .bind(|| assert_snapshot!("connect", pretty(&connect)));

    let message_type = EventType::Message {
        route_key: "$default",
        message_id: "R1knPc2ntjMCFIA=",
    };
    let on_message = context(
        message_type,
        Some(principal().for_event()),
        1_705_751_700_453,
    );
    let message = event::message(&api(), on_message, "{\r\n\t\"a\": 1\r\n}");
    page(
        "event",
        "MESSAGE: nothing but context, body and flag; the body exactly as it was sent",
    )
    .bind(|| assert_snapshot!("message", pretty(&message)));

    let close = CloseInfo::new(1001, "");
    let on_disconnect = context(EventType::Disconnect(&close), None, 1_705_751_708_326);
    let disconnect = event::disconnect(&api(), &connection(None), on_disconnect);
    page(
        "event",
        "DISCONNECT without an authorizer: the browser's tab was closed",
    )
    .bind(|| assert_snapshot!("disconnect", pretty(&disconnect)));

    let on_authorize = context(EventType::Connect, None, 1_705_751_697_420);
    let authorizer = event::authorizer(&api(), &handshake("/prod"), TRACE, on_authorize);
    page("event", "a REQUEST authorizer's event: the upgrade's own headers, and every map even when it is empty")
        .bind(|| assert_snapshot!("authorizer", pretty(&authorizer)));
}

#[test]
fn rendered_template() {
    let message = r#"{"action": "sendmessage","message" : "it's \"quoted\" \\ / 日本 😀"}"#;
    let context = Variables::from(strategy::message_context("me", "hello"));
    let render = |template: &MappingTemplate| {
        let text = template.render(&Scope::new(message, &context));
        let text = text.expect("it renders");
        let verdict = match serde_json::from_str::<Value>(&text) {
            Ok(event) => format!(
                "JSON; its body is the message: {}",
                event["body"] == message
            ),
            Err(error) => format!("not JSON: {error}"),
        };
        format!("message:\n{message}\n\nrendered:\n{text}\n\n{verdict}\n")
    };
    page("template", "the mapping template of template.yaml").bind(|| {
        assert_snapshot!("deployed", render(&support::mapping_template()));
    });
    page(
        "template",
        "the mapping template of the original sample: the single quote breaks it",
    )
    .bind(|| {
        assert_snapshot!("original", render(&support::original_template()));
    });
}

#[test]
fn error_frames() {
    let (connection, request) = ("Qyi07eCbtjMCJKw=", "Qyi3UG41tjMFlUg=");
    let frames = ErrorFrame::ALL.map(|frame| {
        let (status, kind) = (frame.status(), frame.response_type());
        let text = frame.text(connection, request);
        format!("{frame:?}, in the access log {status} {kind}\n{text}")
    });
    page(
        "integration",
        "error frames: one space behind `\"message\":` and behind each comma, none elsewhere",
    )
    .bind(|| assert_snapshot!("error-frames", frames.join("\n")));
}

fn http(response: &HttpResponse) -> String {
    let mut text = format!("{}\n", response.status);
    for (name, value) in response.headers.iter() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", response.body));
    text
}

#[test]
fn refusals() {
    let all = [
        Refusal::UriTooLong,
        Refusal::UnknownPath,
        Refusal::NotAnUpgrade,
        Refusal::UnsupportedVersion,
        Refusal::BadUpgrade("the key must be the base64 of 16 bytes"),
        Refusal::Unauthorized,
        Refusal::Forbidden,
        Refusal::AuthorizerFailed,
        Refusal::InvalidApiKey,
        Refusal::QuotaExceeded,
        Refusal::TooManyRequests,
        Refusal::NotInvocable,
        Refusal::IntegrationFailed,
        Refusal::IntegrationTimedOut,
        Refusal::Status(418, "the function's own words".to_owned()),
    ];
    let pages: Vec<String> = all
        .iter()
        .map(|refusal| {
            let response =
                refusal.response("R1knPH17NjMFftw=", "03c09e84-9949-48d9-9d50-8ddb489d6142");
            format!("--- {refusal}\n{}", http(&response))
        })
        .collect();
    page(
        "handshake",
        "every refusal of a handshake; statuses have sources, headers and bodies follow REST APIs",
    )
    .bind(|| assert_snapshot!("refusals", pages.join("\n")));
}

#[test]
fn management_answers() {
    let answers = [
        ("delivered", management::posted()),
        ("closed", management::deleted()),
        ("gone", management::gone()),
        ("status", management::status(&connection(None))),
        (
            "malformed id",
            management::Refusal::InvalidConnectionId("abc".to_owned()).response(),
        ),
        ("too large", management::Refusal::PayloadTooLarge.response()),
        (
            "wrong stage, path or method",
            management::Refusal::Forbidden.response(),
        ),
        ("not UTF-8", management::Refusal::NotText.response()),
        ("too fast", management::Refusal::LimitExceeded.response()),
    ];
    let pages: Vec<String> = answers
        .into_iter()
        .map(|(name, response)| {
            let response = management::stamped(
                response,
                "03c09e84-9949-48d9-9d50-8ddb489d6142",
                "WDGT-HXEjoEFjYQ=",
            );
            format!("--- {name}\n{}", http(&response))
        })
        .collect();
    page("management", "every answer of the @connections API")
        .bind(|| assert_snapshot!("answers", pages.join("\n")));
}

#[test]
fn routes() {
    let keys = ["$connect", "$disconnect", "sendmessage"];
    let with_default = ["$connect", "$disconnect", "sendmessage", "$default"];
    let expression = SelectionExpression::parse("$request.body.action");
    let expression = expression.expect("an expression");
    let messages = [
        r#"{"action": "sendmessage"}"#,
        r#"{"action": "other"}"#,
        r#"{"action": "$connect"}"#,
        r#"{"action": null}"#,
        r#"{"Action": "sendmessage"}"#,
        "hi",
    ];
    let mut text = String::new();
    for message in messages {
        let choice = |keys: &[&'static str]| {
            let routes = keys
                .iter()
                .map(|key| (key.parse().expect("a route key"), ()))
                .collect();
            route::choose(route::select(&expression, &Message::new(message)), &routes)
        };
        text.push_str(&format!(
            "{message}\n  {}\n  with $default: {}\n",
            choice(&keys),
            choice(&with_default)
        ));
    }
    page("route", "messages on `$request.body.action`, routes $connect, $disconnect and sendmessage: the choice and why")
        .bind(|| assert_snapshot!("choices", text));
}

#[test]
fn limits() {
    let all = [
        Violation::FrameTooLarge,
        Violation::MessageTooLarge,
        Violation::Binary,
        Violation::InvalidUtf8,
        Violation::Protocol,
    ];
    let lines: Vec<String> = all
        .iter()
        .map(|violation| format!("{violation:?}: {}", violation.close().code))
        .collect();
    page(
        "limits",
        "what ends a connection, and the close code that says so",
    )
    .bind(|| assert_snapshot!("close-codes", lines.join("\n")));
}

#[test]
fn policies() {
    let arn = api().route_arn(&RouteKey::Connect);
    let statement = |effect: &str, action: &str, resource: &str| json!({"Effect": effect, "Action": action, "Resource": resource});
    let conditional = |operator: &str, key: &str, value: &str| {
        let mut one = statement("Allow", INVOKE, "*");
        one["Condition"] = json!({operator: {key: value}});
        json!([one])
    };
    let all = [
        json!([statement("Allow", INVOKE, &arn)]),
        json!([statement(
            "Allow",
            "execute-api:*",
            "arn:aws:execute-api:*:*:dl7ptocha9/*"
        )]),
        json!([statement(
            "Allow",
            INVOKE,
            "arn:aws:execute-api:us-east-1:000000000000:dl7ptocha9/prod/*/*"
        )]),
        json!([
            statement("Allow", INVOKE, "*"),
            statement("Deny", INVOKE, &arn)
        ]),
        json!([]),
        json!([{"Effect": "Allow", "Action": INVOKE}]),
        conditional("IpAddress", "aws:SourceIp", "49.105.91.0/24"),
        conditional("DateGreaterThan", "aws:CurrentTime", "2024-01-21"),
        conditional("StringEqualsIfExists", "aws:Referer", "https://example.com"),
        conditional("StringNotEquals", "aws:Colour", "red"),
        conditional("IpAddres", "aws:SourceIp", "49.105.91.0/24"),
        conditional("IpAddress", "aws:SourceIp", "49.105.91"),
    ];
    let request = Context::of_handshake(&handshake("/prod"), request(1_705_751_697_419).at);
    let pages: Vec<String> = all
        .iter()
        .map(|statements| {
            let document = json!({"Version": "2012-10-17", "Statement": statements});
            let verdict = match PolicyDocument::from_json(&document) {
                Ok(policy) => policy.evaluate(INVOKE, &arn, &request).to_string(),
                Err(error) => format!("error: {error}"),
            };
            format!("{statements}\n  -> {verdict}")
        })
        .collect();
    page("authorizer", "policies, evaluated for execute-api:Invoke on arn:aws:execute-api:us-east-1:000000000000:dl7ptocha9/prod/$connect, at 2024-01-20T11:54:57Z, from 49.105.91.154, with no referer")
        .bind(|| assert_snapshot!("policies", pages.join("\n\n")));

    let event = support::authorizer_event(&[("Token".to_owned(), "hello".to_owned())]);
    let result = support::authorize(&event).expect("the token is right");
    let outcome = spec::io::FunctionOutcome::Returned(result.to_string()).into();
    let meaning = authorizer::interpret(
        &outcome,
        event["methodArn"].as_str().expect("a text"),
        &request,
        0,
    );
    page("authorizer", "what the pattern's authorizer returns for the accepted token, and what the gateway makes of it")
        .bind(|| assert_snapshot!("allow", format!("{}\n\n{meaning:#?}\n", pretty(&result))));
}

#[test]
fn requirements() {
    let uncovered = coverage::Uncovered::read();
    let (no_code, no_case) = (uncovered.code(), uncovered.case());
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    for one in coverage::all() {
        let requirement = &one.requirement;
        let or = |list: &[String], reason: Option<&str>| match reason {
            _ if !list.is_empty() => list.join(", "),
            Some(reason) => format!("none: {reason}"),
            None => "none".to_owned(),
        };
        let reason = no_case.get(requirement.id).map(String::as_str);
        let code = or(&one.code, no_code.get(requirement.id).map(String::as_str));
        let cases = or(&one.cases, requirement.unobservable.or(reason));
        let (id, basis, title) = (requirement.id, requirement.basis, requirement.title);
        pages
            .entry(requirement.area)
            .or_default()
            .push_str(&format!(
                "{id} ({basis}): {title}\n  code   {code}\n  cases  {cases}\n"
            ));
    }
    for (area, text) in pages {
        page(area, "every requirement, the code that cites it and the cases that cover it; what is assumed may be without")
            .bind(|| assert_snapshot!("requirements", text));
    }
}

// The reports of the emulators are committed. Those of the kit's own targets are made by `cargo
// run`: with their report in GATESPEC_REPORT, their pages are compared too.
#[test]
fn verdicts() {
    let folders = std::fs::read_dir(coverage::root().join("conformance/reports"))
        .expect("the reports")
        .map(|folder| folder.expect("a folder").path().join("report.jsonl"));
    let own = std::env::var_os("GATESPEC_REPORT").map(|path| coverage::root().join(path));
    let mut targets = 0;
    for path in folders.filter(|path| path.is_file()).chain(own) {
        let report = std::fs::read_to_string(&path).expect("a report");
        let report = Comparison::parse(&report).expect("lines of JSON");
        for (index, target) in report.targets.iter().enumerate() {
            let lines = report.report(index).outcomes.into_iter().map(|outcome| {
                let detail = outcome.detail.lines().next().unwrap_or_default();
                let detail: String = detail.chars().take(DETAIL).collect();
                let line = format!("{} {} {detail}", outcome.verdict, outcome.case);
                format!("{}\n", line.trim_end())
            });
            page(
                "verdicts",
                "each case's verdict, and the first line of its detail; GATESPEC_REPORT names the report of `spec` and `local`",
            )
            .bind(|| assert_snapshot!(target.clone(), lines.collect::<String>()));
            targets += 1;
        }
    }
    assert!(targets >= 2, "the reports of the emulators are committed");
}
