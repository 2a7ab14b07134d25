//! What is told of values in forms and XML, and of escapes outside of quotes.

use rstest::rstest;

use super::*;
use crate::template::Output::{Form, Json, Text, Xml};

#[rstest]
// Forms.
#[case(
    Form,
    "a=$input.path('$.a')",
    "`$input.path('$.a')` is not encoded in a form",
    "`$util.urlEncode($input.path('$.a'))`"
)]
#[case(
    Form,
    "a=$input.json('$')",
    "`$input.json('$')` is not encoded in a form",
    "`$util.urlEncode($input.json('$'))`"
)]
#[case(
    Form,
    "a=$util.parseJson($input.json('$.a'))",
    "`$util.parseJson($input.json('$.a'))` is not encoded in a form",
    "`$util.urlEncode($util.parseJson($input.json('$.a')))`"
)]
#[case(
    Form,
    "#set($m = \"{'a': $input.path('$.a')}\")a=$m",
    "`$m`, which holds `$input.path('$.a')`, is not encoded in a form",
    "`$util.urlEncode($m)`"
)]
#[case(
    Form,
    "#set($q = '\"')#set($m = \"{${q}a${q}: ${q}$input.path('$.a')${q}}\")a=$util.urlEncode($m)",
    "`$util.urlEncode($m)` encodes JSON that `$input.path('$.a')` may break",
    "put it in as `$util.escapeJavaScript($input.path('$.a')).replaceAll(\"\\\\'\",\"'\")`"
)]
#[case(
    Form,
    "a=$util.urlEncode(\"{\"\"n\"\": $input.path('$.n')}\")",
    "`$util.urlEncode(\"{\"\"n\"\": $input.path('$.n')}\")` encodes JSON that a value in it may \
     break",
    "put in each value as `$util.escapeJavaScript` gives it, with \
     `.replaceAll(\"\\\\'\",\"'\")` behind it"
)]
#[case(
    Form,
    "#set($q = '\"')a=$util.urlEncode(\"{${q}n${q}: $input.path('$.n')}\")",
    "`$util.urlEncode(\"{${q}n${q}: $input.path('$.n')}\")` encodes JSON that \
     `$input.path('$.n')` may break",
    "put it in as `$input.json('$.n')`"
)]
// XML.
#[case(
    Xml,
    "<a>$input.path('$.a')</a>",
    "`$input.path('$.a')` is unescaped in XML",
    "`$input.path('$.a').replaceAll(\"&\",\"&amp;\").replaceAll(\"<\",\"&lt;\")\
     .replaceAll('\"',\"&quot;\")`"
)]
// What escapes quotes leaves `<`.
#[case(
    Xml,
    "<a>$util.escapeJavaScript($input.body)</a>",
    "`$util.escapeJavaScript($input.body)` is unescaped in XML",
    "`$util.escapeJavaScript($input.body).replaceAll(\"&\",\"&amp;\")\
     .replaceAll(\"<\",\"&lt;\").replaceAll('\"',\"&quot;\")`"
)]
// Escapes outside of quotes.
#[case(
    Json,
    "{\"a\": $util.escapeJavaScript($input.path('$.a'))}",
    "`$util.escapeJavaScript($input.path('$.a'))` is escaped, but stands outside of a JSON string",
    "`$input.json('$.a')`"
)]
#[case(
    Json,
    "{\"a\": $util.escapeJavaScript($context.authorizer.a)}",
    "`$util.escapeJavaScript($context.authorizer.a)` is escaped, but stands outside of a JSON \
     string",
    "put quotes around it: `\"$util.escapeJavaScript($context.authorizer.a)\
     .replaceAll(\"\\\\'\",\"'\")\"`"
)]
#[case(
    Json,
    "#set($b = $util.escapeJavaScript($input.body)){\"a\": $b}",
    "`$b`, which holds `$input.body`, is escaped, but stands outside of a JSON string",
    "`$input.json('$')`"
)]
#[case(
    Json,
    "{\"input\": \"{\\\"a\\\": $util.escapeJavaScript($input.params('p'))}\"}",
    "`$util.escapeJavaScript($input.params('p'))` stands where JSON is expected",
    "`\\\"$util.escapeJavaScript($util.escapeJavaScript($input.params('p'))\
     .replaceAll(\"\\\\'\",\"'\")).replaceAll(\"\\\\'\",\"'\")\\\"` for a text; for a number \
     `#if($input.params('p').matches(\"-?(0|[1-9][0-9]*)(\\.[0-9]+)?\") == true)\
     $input.params('p')#{else}null#end`"
)]
fn what_is_told(
    #[case] output: Output,
    #[case] source: &str,
    #[case] message: &str,
    #[case] cure: &str,
) {
    let report = lint_as(source, output);
    let [finding] = &report.findings[..] else {
        panic!("{report:#?}")
    };
    assert_eq!((&*finding.message, &*finding.cure), (message, cure));
}

#[rstest]
#[case(
    Form,
    "a=$util.urlEncode($input.body)&b=$context.requestTimeEpoch&c=$context.stage"
)]
#[case(Form, "a=$util.urlEncode(\"{\"\"n\"\": $input.json('$.n')}\")")]
#[case(Xml, "<a b='$context.stage'>$util.urlEncode($input.body)</a>")]
#[case(
    Xml,
    "<a>$input.body.replaceAll(\"&\",\"&amp;\").replaceAll(\"<\",\"&lt;\")</a>"
)]
#[case(Text, "$input.body, $util.escapeJavaScript($input.body)")]
// What looks like a directive is text.
#[case(Json, "{\"names\": {\"#m\": \"message\"}, \"m\": $input.json('$.m')}")]
fn nothing_to_tell(#[case] output: Output, #[case] source: &str) {
    assert_eq!(lint_as(source, output).findings, []);
}

#[test]
fn names_with_a_number_sign_are_text() {
    let source = r##"{"names": {"#m": "message"}, "m": "#m = :m"}"##;
    assert!(lint(source).json_safe(), "{:?}", lint(source).doubts);
    let context = crate::template::Variables::default();
    let scope = crate::template::Scope::new("{}", &context);
    let template = MappingTemplate::parse(source).expect("a template");
    assert_eq!(template.render(&scope).expect("a text"), source);
    // A macro of this name would print something else.
    let source = r##"#macro(m)"#end{"#m": 1}"##;
    assert!(!lint(source).json_safe());
}

/// The first line of a long reference is enough.
#[test]
fn long_references_are_cut() {
    let source = "a=$util.urlEncode(\"x\n$input.body\n\").trim()";
    let report = lint_as(source, Form);
    assert!(report.findings.is_empty(), "{report:#?}");
    let source = "{\"a\": \"$input.path('$.a').concat(\"\n\n\")\"}";
    let message = &lint(source).findings[0].message;
    assert_eq!(
        message,
        "`$input.path('$.a').concat(\"…` is unescaped in a JSON string"
    );
}
