//! The cures that findings name are applied: the findings go, and what ordinary input renders to
//! stays the same.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::template::Output::{self, Form, Json as AsJson, Xml};
use crate::template::{Params, Scope, Variables};

/// The template with every finding cured, by the cure with this number if there are several.
fn cured(source: &str, output: Output, number: usize) -> String {
    let mut text = source.to_owned();
    for finding in lint_as(source, output).findings.iter().rev() {
        let mut cures = finding.cure.split('`').skip(1).step_by(2);
        let cure = cures.nth(number).expect(&finding.cure);
        text.replace_range(finding.span.clone(), cure);
    }
    text
}

const MISSING: &str = "missing";

/// What the template renders to for a message, a parameter `p` and a member `a` of the authorizer's.
fn render(source: &str, body: &str, other: &str) -> String {
    let mut params = Params::default();
    let mut context = json!({"authorizer": {}});
    if other != MISSING {
        params.header.insert("p".to_owned(), other.to_owned());
        params.querystring.insert("p".to_owned(), other.to_owned());
        context = json!({"authorizer": {"a": other}});
    }
    let context = Variables::from(context.as_object().expect("it is one").clone());
    let scope = Scope::new(body, &context).params(&params);
    let template = MappingTemplate::parse(source).expect(source);
    template.render(&scope).expect(source)
}

fn rendered(source: &str, output: Output, body: &str, other: &str) -> Json {
    let text = render(source, body, other);
    match output {
        AsJson => serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
        _ => Json::from(text),
    }
}

#[rstest]
// Texts.
#[case(AsJson, r##"{"a": "$input.path('$.a')"}"##, r##"{"a": "hi"}"##, "")]
#[case(AsJson, r##"{"a": "${input.path('$.a')}"}"##, r##"{"a": 1.5}"##, "")]
#[case(
    AsJson,
    r##"{"a": "$input.params('p') $context.authorizer.a"}"##,
    "{}",
    "x y"
)]
#[case(
    AsJson,
    r##"{"a": "$util.escapeJavaScript($input.body)"}"##,
    r##"{"a": "hi"}"##,
    ""
)]
#[case(
    AsJson,
    r##"#set($b = $util.escapeJavaScript($input.body)){"a": "$b"}"##,
    "\"hi\"",
    ""
)]
#[case(
    AsJson,
    r##"#set($r = $input.path('$')){"a": "$r.a"}"##,
    r##"{"a": "hi"}"##,
    ""
)]
#[case(
    AsJson,
    r##"[#foreach($i in $input.path('$.l'))"$i"#if($foreach.hasNext),#end#end]"##,
    r##"{"l": ["a", "b"]}"##,
    ""
)]
#[case(
    AsJson,
    r##"[#foreach($i in $input.path('$.l'))"$i.n"#if($foreach.hasNext),#end#end]"##,
    r##"{"l": [{"n": "a"}, {"n": 2}]}"##,
    ""
)]
#[case(
    AsJson,
    r##"#set($h = $input.params().header){#foreach($k in $h.keySet())"$k": "$h.get($k)"#end}"##,
    "{}",
    "x"
)]
// JSON inside a JSON string.
#[case(
    AsJson,
    r##"{"input": "{\"a\":\"$input.path('$.a')\"}"}"##,
    r##"{"a": "hi"}"##,
    ""
)]
#[case(
    AsJson,
    r##"{"input": "{\"a\":\"$util.escapeJavaScript($input.path('$.a'))\"}"}"##,
    r##"{"a": "hi"}"##,
    ""
)]
#[case(
    AsJson,
    r##"{"input": "{\"a\":$input.path('$.a')}"}"##,
    r##"{"a": 1}"##,
    ""
)]
#[case(
    AsJson,
    r##"{"input": "{\"a\":$util.escapeJavaScript($input.body)}"}"##,
    "1",
    ""
)]
#[case(AsJson, r##"{"a": "$input.json('$.a')"}"##, r##"{"a": 1}"##, "")]
// Values without quotes.
#[case(AsJson, r##"{"a": $input.path('$.a')}"##, r##"{"a": 1.5}"##, "")]
#[case(AsJson, r##"{"a": $input.body}"##, r##"{"a": [true]}"##, "")]
#[case(
    AsJson,
    r##"{"a": $util.escapeJavaScript($input.json('$.a'))}"##,
    r##"{"a": 1}"##,
    ""
)]
#[case(
    AsJson,
    r##"#set($r = $input.path('$')){"a": $r.a, "b": $r.b.c}"##,
    r##"{"a": 1, "b": {"c": true}}"##,
    ""
)]
#[case(
    AsJson,
    r##"#set($r = $input.path('$.r')){"a": $r.get('a'), "b": $r['b']}"##,
    r##"{"r": {"a": 1, "b": 2}}"##,
    ""
)]
#[case(
    AsJson,
    r##"[#foreach($i in $input.path('$.l'))$i#if($foreach.hasNext),#end#end]"##,
    r##"{"l": [1, 2]}"##,
    ""
)]
#[case(
    AsJson,
    r##"[#foreach($i in $input.path('$').l)$i.n#if($foreach.hasNext),#end#end]"##,
    r##"{"l": [{"n": 1}, {"n": false}]}"##,
    ""
)]
// Other encodings.
#[case(Form, "Action=Publish&Message=$input.body", "hi", "")]
#[case(Form, "Action=Publish&Message=$input.params('p')", "", "hi")]
#[case(Xml, "<a>$input.path('$.a')</a>", r##"{"a": "hi"}"##, "")]
// Conditions.
#[case(AsJson, r##"{#if($input.params('p'))"a": 1#end}"##, "{}", "x")]
#[case(
    AsJson,
    r##"{#if(!$input.path('$.a'))#else"a": 1#end}"##,
    r##"{"a": 1}"##,
    ""
)]
fn the_first_cure(
    #[case] output: Output,
    #[case] source: &str,
    #[case] body: &str,
    #[case] other: &str,
) {
    assert_ne!(lint_as(source, output).findings, []);
    let cured = cured(source, output, 0);
    assert_eq!(lint_as(&cured, output).findings, [], "{cured}");
    assert_eq!(
        rendered(&cured, output, body, other),
        rendered(source, output, body, other),
        "{cured}"
    );
}

/// The second cure of a bare value is that of a number.
#[rstest]
#[case(r##"{"a": $input.params('p')}"##, "{}", &["1", "-20.5", "0"])]
#[case(r##"{"a": ${context.authorizer.a}}"##, "{}", &["7"])]
#[case(r##"#set($p = $input.params().querystring.get('p')){"a": $p}"##, "{}", &["7"])]
#[case(r##"[#foreach($i in $input.path('$.l'))#foreach($j in $i)$j#if($foreach.hasNext),#end#end#end]"##, r##"{"l": [[1, 2]]}"##, &[""])]
#[case(r##"{"input": "{\"a\":$input.params('p')}"}"##, "{}", &["7"])]
#[case(r##"#set($l = $input.params('p').split("-"))[#foreach($i in $l)$i#if($foreach.hasNext),#end#end]"##, "{}", &["1-2"])]
#[case(
    r##"#set($r = $input.path('$.Item')){"n": $r.count.N}"##,
    r##"{"Item": {"count": {"N": "12"}}}"##,
    &[""]
)]
fn the_cure_of_a_number(#[case] source: &str, #[case] body: &str, #[case] others: &[&str]) {
    assert_ne!(lint(source).findings, []);
    let number = cured(source, AsJson, 1);
    assert_eq!(lint(&number).findings, [], "{number}");
    let text = cured(source, AsJson, 0);
    assert_eq!(lint(&text).findings, [], "{text}");
    for other in others {
        let expected = rendered(source, AsJson, body, other);
        assert_eq!(rendered(&number, AsJson, body, other), expected, "{number}");
    }
    // What is no number.
    for other in ["007", "x", "1, \"admin\": true", "", MISSING] {
        rendered(&number, AsJson, "{}", other);
        rendered(&text, AsJson, "{}", other);
    }
}

/// A condition makes sure of what it looks at, where it holds, and of nothing else.
#[rstest]
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]") == true)$input.params('p')#{else}0#end}"##,
    true
)]
#[case(r##"#set($p = $input.params('p')){"a": #if($p != "" && ${p.matches("true|false")})$p#{else}null#end}"##, true)]
#[case(
    r##"{#if($input.params('p').matches("[1-9]") == true)"a": "$input.params('p')"#end}"##,
    true
)]
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]") == true)$input.params('q')#{else}0#end}"##,
    false
)]
#[case(
    r##"{"a": #if($input.params('p').matches("[0-9]+") == true)$input.params('p')#{else}0#end}"##,
    false
)]
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]") == true)0#{else}$input.params('p')#end}"##,
    false
)]
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]") == true || $x == 1)$input.params('p')#{else}0#end}"##,
    false
)]
#[case(
    r##"#if($input.params('p').matches("[1-9]") == true)#end{"a": $input.params('p')}"##,
    false
)]
#[case(r##"#set($p = $input.params('p')){"a": #if($p.matches("[1-9]") == true)#set($p = $input.body)$p#{else}0#end}"##, false)]
#[case(r##"#set($p = $input.params('p')){"a": #if($p.replaceAll("x", "").matches("[1-9]") == true)$p#{else}0#end}"##, false)]
// What is missing is true, too.
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]"))$input.params('p')#{else}0#end}"##,
    false
)]
#[case(
    r##"{"a": #if($input.params('p').matches("[1-9]") == false)$input.params('p')#{else}0#end}"##,
    false
)]
#[case(r##"{"a": #if($input.params('q') != "" && $input.params('p').matches("[1-9]"))$input.params('p')#{else}0#end}"##, false)]
fn conditions_that_make_sure(#[case] source: &str, #[case] is_sure: bool) {
    let report = lint(source);
    assert_eq!(report.findings.is_empty(), is_sure, "{report:#?}");
}

/// `$foreach` is the innermost loop's: the index of another loop is not told by it.
#[rstest]
#[case("$i.n")]
#[case("$j.n")]
fn items_of_outer_loops(#[case] printed: &str) {
    let source =
        format!("[#foreach($i in $input.path('$.l'))#foreach($j in $i.m){printed}#end#end]");
    let cure = &lint(&source).findings[0].cure;
    assert!(!cure.contains("$foreach"), "{cure}");
}

#[test]
fn items_behind_their_loop() {
    let source = "#foreach($i in $input.path('$.l'))#set($n = $i.n)#end{\"n\": $n}";
    let finding = &lint(source).findings[0];
    assert!(!finding.cure.contains("$foreach"), "{}", finding.cure);
    assert_eq!(&source[finding.span.clone()], "$n");
}
