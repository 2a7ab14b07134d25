//! `gatespec invoke`: one function, once. The test plays the function.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::io::Write;
use std::process::{Output, Stdio};

use rstest::rstest;
use support::function::{Call, Function};
use support::{code, command, file, gatespec, stderr, stdout};

/// A template with a function that a route calls, `Worker`, and one that nothing calls, `Idle`.
fn template(name: &str, function: &Function) -> String {
    let text = format!(
        r#"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: {code}
    Handler: bootstrap
    Runtime: provided.al2023
    Timeout: 1
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: go}}
  Worker:
    Type: AWS::Serverless::Function
    Properties: {{FunctionName: named-worker}}
  Idle:
    Type: AWS::Serverless::Function
"#,
        code = function.code()
    );
    file(name, "template.yaml", &text)
}

/// Invokes while the test plays the function.
fn invoke(name: &str, named: &str, event: &str, play: impl FnOnce(&Call)) -> Output {
    let function = Function::new(name);
    let template = template(name, &function);
    let child = command(&["invoke", named, &template, "--event", event])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    play(&function.next());
    child.wait_with_output().unwrap()
}

#[rstest]
#[case::by_its_id("id", "Worker")]
#[case::by_its_name("name", "named-worker")]
#[case::by_its_arn("arn", "arn:aws:lambda:us-east-1:000000000000:function:named-worker")]
#[case::with_a_qualifier("qualifier", "Worker:$LATEST")]
#[case::that_nothing_calls("idle", "Idle")]
fn a_function_is_run_once(#[case] name: &str, #[case] named: &str) {
    let output = invoke(
        &format!("invoke-{name}"),
        named,
        r#"{"a": [1, 2]}"#,
        |call| {
            assert_eq!(call.event, r#"{"a": [1, 2]}"#);
            call.returns(r#"{"b" :  3}"#);
        },
    );
    assert_eq!(
        (code(&output), &*stdout(&output)),
        (Some(0), "{\"b\" :  3}\n")
    );
    let log = stderr(&output);
    for line in ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "] {
        assert_eq!(log.matches(line).count(), 1, "{log}");
    }
}

#[test]
fn a_failure_is_exit_code_1_with_its_payload() {
    let error = r#"{"errorType":"TypeError","errorMessage":"no such room"}"#;
    let output = invoke("invoke-fails", "Worker", "1", |call| call.fails(error));
    assert_eq!(
        (code(&output), stdout(&output).trim_end()),
        (Some(1), error)
    );
    let log = stderr(&output);
    assert!(
        log.contains("error: the function failed: TypeError: no such room"),
        "{log}"
    );
}

#[test]
fn a_timeout_is_a_failure() {
    let output = invoke("invoke-slow", "Worker", "1", |_| {});
    assert_eq!(code(&output), Some(1));
    let told = stdout(&output);
    assert!(told.contains("Task timed out after 1.00 seconds"), "{told}");
    assert!(stderr(&output).contains("Status: timeout"));
}

#[rstest]
#[case::of_standard_input("invoke-stdin", "-")]
#[case::of_a_file("invoke-file", "event.json")]
fn the_event_is_read(#[case] name: &str, #[case] event: &str) {
    let function = Function::new(name);
    let template = template(name, &function);
    let event = match event {
        "-" => event.to_owned(),
        path => file(name, path, "{\"from\": \"outside\"}\n"),
    };
    let mut child = command(&["invoke", "Worker", &template, "--event", &event])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"from\": \"outside\"}\n").unwrap();
    drop(stdin);
    let call = function.next();
    assert_eq!(call.event.trim_end(), r#"{"from": "outside"}"#);
    call.returns("null");
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), &*stdout(&output)), (Some(0), "null\n"));
}

#[rstest]
#[case::no_event(&["Worker"], "`--event` is missing")]
#[case::how_to_get_one(&["Worker"], "gatespec events ROUTE | gatespec invoke Worker --event -")]
#[case::unknown(&["Wroker", "--event", "1"], "did you mean `Worker`? (there are Worker, Idle)")]
#[case::unknown_version(&["Worker:7", "--event", "1"], "there is no function `Worker:7`")]
#[case::not_json(&["Worker", "--event", "{"], "is not JSON")]
#[case::no_file(&["Worker", "--event", "nowhere.json"], "cannot read `nowhere.json`")]
fn what_is_to_be_changed_is_exit_code_2(#[case] arguments: &[&str], #[case] mention: &str) {
    let name = support::name("invoke-mistakes");
    let template = template(&name, &Function::new(&name));
    let (named, options) = arguments.split_first().unwrap();
    let output = gatespec(&[&["invoke", named, &template], options].concat());
    let told = stderr(&output);
    assert_eq!(code(&output), Some(2), "{told}");
    assert!(told.contains(mention), "{told}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_function_of_a_nested_stack_is_suggested_by_its_own_name() {
    let name = support::name("invoke-nested");
    let inner = template(&name, &Function::new(&name));
    let outer = format!(
        "Resources:\n  Inner: {{Type: AWS::CloudFormation::Stack, \
         Properties: {{TemplateURL: {inner}}}}}\n"
    );
    let outer = file(&name, "outer.yaml", &outer);
    let output = gatespec(&["invoke", "Wroker", &outer, "--event", "1"]);
    let told = stderr(&output);
    assert_eq!(code(&output), Some(2), "{told}");
    let mention = "did you mean `Worker`? (there are Inner/Worker, Inner/Idle)";
    assert!(told.contains(mention), "{told}");
}
