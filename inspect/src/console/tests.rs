//! What people who type a template are shown.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use super::{FINDINGS, Kind, MAX_BYTES, Request, Stage, answer};

fn told(request: &Value) -> Value {
    serde_json::to_value(answer(&request.to_string())).expect("an answer is JSON")
}

#[test]
fn the_whole_answer() {
    let request = json!({
        "template": "{\"é\": \"$input.path('$.a')\",\n \"i\": $input.json('$.n')}",
        "body": "{\"a\": \"it \\\"works\\\"\"}",
    });
    insta::assert_json_snapshot!(told(&request), @r#"
    {
      "output": "{\"é\": \"it \"works\"\",\n \"i\": \"\"}",
      "error": null,
      "kind": "json",
      "json": {
        "valid": false,
        "problem": "`,` or `}` is expected",
        "line": 1,
        "column": 12
      },
      "guaranteed": false,
      "findings": [
        {
          "rule": "unescaped-value",
          "message": "`$input.path('$.a')` is unescaped in a JSON string",
          "why": "a quote in the value ends the string: the output is no longer JSON, or has members that the value forged",
          "cure": "`$util.escapeJavaScript($input.path('$.a')).replaceAll(\"\\\\'\",\"'\")`",
          "at": {
            "line": 1,
            "column": 8,
            "endLine": 1,
            "endColumn": 26,
            "span": [
              8,
              26
            ],
            "utf16": [
              7,
              25
            ]
          }
        }
      ],
      "moreFindings": 0,
      "doubts": [
        "not every value that this may print is valid here"
      ]
    }
    "#);
}

#[test]
fn every_value_reaches_the_template() {
    let request = json!({
        "template": "$input.body $context.stage $stageVariables.table $input.params('x')",
        "body": "m",
        "context": {"stage": "test"},
        "stageVariables": {"table": "rooms"},
        "params": {"header": {"x": "X"}},
        "contentType": "text/plain",
    });
    let answer = answer(&request.to_string());
    assert_eq!(answer.output.as_deref(), Some("m test rooms X"));
    assert_eq!(answer.kind, Some(Kind::Text));
    assert!(!answer.json.expect("there is output").valid);
}

#[test]
fn without_a_context_there_is_an_example() {
    let answer = answer(r#"{"template": "\"$context.connectionId\"", "context": null}"#);
    assert_eq!(answer.output.as_deref(), Some("\"R1kmxc2VNjMCFIA=\""));
    assert!(answer.guaranteed, "{answer:?}");
}

#[rstest]
#[case("", None, Kind::Json)]
#[case("{}", None, Kind::Json)]
#[case("Action=SendMessage", None, Kind::Form)]
#[case("<a/>", None, Kind::Xml)]
#[case("{}", Some("application/x-www-form-urlencoded"), Kind::Form)]
fn kinds(#[case] template: &str, #[case] content_type: Option<&str>, #[case] kind: Kind) {
    let request = json!({"template": template, "contentType": content_type});
    assert_eq!(answer(&request.to_string()).kind, Some(kind));
}

#[rstest]
#[case("not JSON", "request")]
#[case("[]", "must be an object")]
#[case("{}", "`template` is missing")]
#[case(r#"{"template": 7}"#, "must be a string")]
#[case(r#"{"template": "", "colour": 1}"#, "unknown member `colour`")]
#[case(
    r#"{"template": "", "params": {"cookie": {}}}"#,
    "unknown part `cookie`"
)]
#[case(r#"{"template": "", "context": []}"#, "`context` must be an object")]
fn bad_requests_are_answered(#[case] request: &str, #[case] mention: &str) {
    let answer = answer(request);
    let error = answer.error.expect("a bad request has an error");
    assert_eq!((error.stage, error.at), (Stage::Request, None));
    assert!(
        mention == "request" || error.message.contains(mention),
        "{}",
        error.message
    );
    assert_eq!((answer.kind, answer.output), (None, None));
}

// The location is of the template, in every unit in which somebody counts.
#[test]
fn an_error_has_its_location() {
    let answer = answer(&json!({"template": "é\n𝄞 #if(x"}).to_string());
    let error = answer.error.expect("no template");
    assert_eq!(error.stage, Stage::Parse);
    let at = error.at.expect("a location");
    assert_eq!((at.line, at.column), (2, 7));
    assert_eq!((at.span[0], at.utf16[0]), (12, 9));
    assert_eq!(answer.findings[0].rule, "syntax");
    assert_eq!(answer.findings[0].at, at);
}

#[test]
fn what_throws_is_an_error_of_rendering_and_linted() {
    let answer = answer(
        r#"{"template": "{\"a\": \"$input.path('$.a').substring(9)\"}", "body": "{\"a\": \"b\"}"}"#,
    );
    let error = answer.error.expect("out of range");
    assert_eq!((error.stage, error.limit), (Stage::Render, false));
    assert!(!answer.findings.is_empty());
}

#[rstest]
#[case::endless(
    "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end"
)]
#[case::doubling(&format!("#set($a = 'aaaaaaaa'){}$a", "#set($a = \"$a$a\")".repeat(60)))]
fn a_limit_ends_it_and_nothing_is_linted(#[case] template: &str) {
    let answer = Request::new(template).judge();
    let error = answer.error.expect("a limit");
    assert!(error.limit, "{}", error.message);
    assert_eq!(answer.doubts, ["rendering reaches a limit: not linted"]);
}

#[test]
fn a_template_that_is_too_large_is_not_looked_at() {
    let answer = Request::new(" ".repeat(MAX_BYTES + 1)).judge();
    let error = answer.error.expect("too large");
    assert!(error.message.contains("307201"), "{}", error.message);
    assert!(Request::new(" ".repeat(MAX_BYTES)).judge().error.is_none());
}

#[test]
fn an_answer_has_no_more_findings_than_one_reads() {
    let request = json!({"template": "{\"a\": $a}".repeat(FINDINGS + 7)});
    let answer = answer(&request.to_string());
    assert_eq!(answer.findings.len(), FINDINGS);
    assert!(answer.more_findings >= 7, "{}", answer.more_findings);
    assert!(answer.doubts.len() <= FINDINGS);
}

// Templates as large as they may be, made of what costs most. The time is far above what is
// needed: it tells minutes from seconds.
#[rstest]
#[case::references("$input.json('$.a.b.c')")]
#[case::conditions("#if($input.path('$.a') == 1)\"a\"#else{}#end")]
#[case::nothing_closed("#if(1)")]
#[case::text_in_text("\"$input.path('$.a').replaceAll('a*a*b', 'b')\"")]
#[case::assignments("#set($a = $a + \"$a\")")]
#[case::as_long_as_it_may(
    "#foreach($a in [1..1000])#foreach($b in [1..150])$input.path('$.a')$b#end#end"
)]
fn the_time_for_hostile_templates_is_bounded(#[case] piece: &str) {
    let times = match piece.starts_with("#foreach") {
        true => 1,
        false => MAX_BYTES / piece.len(),
    };
    let template = piece.repeat(times);
    let began = Instant::now();
    let answer = Request::new(template).judge();
    assert!(answer.kind.is_some());
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}
