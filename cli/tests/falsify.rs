//! `gatespec falsify` as a user meets it.

mod support;

use support::{code, file, gatespec, stderr, stdout};

#[test]
fn falsify_breaks_the_original_and_not_ours() {
    let output = gatespec(&[
        "falsify",
        "conformance/fixtures/original-mapping-template.vtl",
        "--cases",
        "2000",
    ]);
    let text = stdout(&output);
    assert_eq!(code(&output), Some(1), "{text}");
    assert!(
        text.contains("message: '\n")
            && text.contains("it is not JSON")
            && text.contains("single-quote"),
        "{text}"
    );
    assert!(
        text.contains("a value is forged") && text.contains("unescaped-value"),
        "{text}"
    );
    let output = gatespec(&["falsify", "--cases", "500"]);
    assert_eq!(
        code(&output),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(stdout(&output).contains("not falsified"));
}

#[test]
fn falsify_says_what_it_cannot_read_and_what_it_never_reached() {
    let stack = r#"{"Resources": {"Echo": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
        "RequestTemplates": {
            "a": {"Fn::ImportValue": "x"},
            "b": "{\"a\": 1\n#if(1 == 2), \"b\": $input.json('$.b')#end}"}}}}}"#;
    let path = file("falsify-unread", "stack.json", stack);
    let output = gatespec(&["falsify", &path, "--cases", "300"]);
    let (text, errors) = (stdout(&output), stderr(&output));
    assert_eq!(code(&output), Some(0), "{text}{errors}");
    assert!(
        errors.contains("Echo RequestTemplates `a`: not tried: "),
        "{errors}"
    );
    assert!(
        text.contains("never rendered: `$input.json('$.b')` in line 2"),
        "{text}"
    );
}

// Nothing of the stack but its templates has to be right, and one text is tried once.
#[test]
fn falsify_reads_stacks_as_they_are_and_calls_templates_by_their_names() {
    let stack = r#"{"Resources": {"Echo": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
        "IntegrationType": "AWS", "RequestTemplates": {
            "application/json": "{\"id\":\"$input.path('$.id')\"}",
            "$default": "{\"id\":\"$input.path('$.id')\"}"}}}}}"#;
    let path = file("falsify", "stack.json", stack);
    let output = gatespec(&["falsify", &path, "--cases", "300"]);
    let text = stdout(&output);
    assert_eq!(code(&output), Some(1), "{text}{}", stderr(&output));
    let name = "Echo RequestTemplates `application/json`, Echo RequestTemplates `$default`";
    assert_eq!(
        text.matches(&format!("{name}: falsified, it is not JSON"))
            .count(),
        1,
        "{text}"
    );
    assert!(text.contains("message: {\"id\":\"\\\"\"}\n"), "{text}");
    assert!(
        text.contains("tried: $.id as text, number, boolean, list, map, null, missing"),
        "{text}"
    );
}

#[test]
fn nothing_is_not_tried() {
    let output = gatespec(&["falsify", "--cases", "0"]);
    assert_eq!(code(&output), Some(2), "{}", stderr(&output));
}
