//! Small templates in the shapes that people publish, each judged by hand before the linter saw it:
//! what breaks, and where. The test measures the linter's precision and recall on them.
//!
//! `~C` stands for the cure of the single quote.

use super::*;
use crate::template::Output::{self, Form, Json, Text, Xml};

type Judged = (
    Output,
    &'static str,
    &'static [(&'static str, &'static str)],
);

#[rustfmt::skip]
const CORPUS: &[Judged] = &[
    // Functions: whole bodies.
    (Json, r##"{"body": $input.json('$')}"##, &[]),
    (Json, r##"$input.json('$')"##, &[]),
    (Json, r##"{"body": "$util.escapeJavaScript($input.body)"}"##, &[("single-quote", "$util.escapeJavaScript($input.body)")]),
    (Json, r##"{"body": "$util.escapeJavaScript($input.body)~C"}"##, &[]),
    (Json, r##"{"body": "$util.base64Encode($input.body)"}"##, &[]),
    (Json, r##"{"body": "$input.body"}"##, &[("unescaped-value", "$input.body")]),
    (Json, r##"{"body": $input.body}"##, &[("bare-value", "$input.body")]),
    (Json, r##"{"body": "$input.json('$')"}"##, &[("json-in-string", "$input.json('$')")]),
    (Json, r##"{"body": $util.escapeJavaScript($input.json('$'))}"##, &[("bare-value", "$util.escapeJavaScript($input.json('$'))")]),
    (Json, r##"{"body": $util.escapeJavaScript($input.body)}"##, &[("bare-value", "$util.escapeJavaScript($input.body)")]),
    // Functions: members.
    (Json, r##"{"id": "$input.path('$.id')"}"##, &[("unescaped-value", "$input.path('$.id')")]),
    (Json, r##"{"id": $input.json('$.id')}"##, &[]),
    (Json, r##"{"n": $input.path('$.n')}"##, &[("bare-value", "$input.path('$.n')")]),
    (Json, r##"#set($r = $input.path('$')){"name": "$r.name"}"##, &[("unescaped-value", "$r.name")]),
    (Json, r##"#set($r = $input.path('$')){"name": "$util.escapeJavaScript($r.name)~C"}"##, &[]),
    (Json, r##"#set($r = $input.path('$')){"n": $r.n}"##, &[("bare-value", "$r.n")]),
    (Json, r##"{"size": $input.path('$.items').size()}"##, &[]),
    // Functions: parameters, stage variables and the context.
    (Json, r##"{"h": {#foreach($k in $input.params().header.keySet())"$k": "$util.escapeJavaScript($input.params().header.get($k))~C"#if($foreach.hasNext),#end#end}}"##, &[]),
    (Json, r##"{"h": {#foreach($k in $input.params().header.keySet())"$k": "$input.params().header.get($k)"#if($foreach.hasNext),#end#end}}"##, &[("unescaped-value", "$input.params().header.get($k)")]),
    (Json, r##"{"q": {#foreach($k in $input.params().querystring.keySet())"$k": "$util.escapeJavaScript($input.params().querystring.get($k))~C"#if($foreach.hasNext),#end#end}}"##, &[("unescaped-value", "$k")]),
    (Json, r##"{"p": {#foreach($k in $input.params().path.keySet())"$k": "$util.escapeJavaScript($input.params().path.get($k))~C"#if($foreach.hasNext),#end#end}}"##, &[]),
    (Json, r##"#set($all = $input.params()){#foreach($t in $all.keySet())#set($p = $all.get($t))"$t": {#foreach($n in $p.header.keySet())"$n": 1#if($foreach.hasNext),#end#end}#if($foreach.hasNext),#end#end}"##, &[]),
    (Json, r##"{"s": {#foreach($k in $stageVariables.keySet())"$k": "$util.escapeJavaScript($stageVariables.get($k))"#if($foreach.hasNext),#end#end}}"##, &[]),
    (Json, r##"{"table": "$stageVariables.table", "stage": "$context.stage"}"##, &[]),
    (Json, r##"{"h": {#foreach($e in $input.params().header.entrySet())"$e.key": "$util.escapeJavaScript($e.value)~C"#if($foreach.hasNext),#end#end}}"##, &[]),
    (Json, r##"{"token": "$input.params('token')"}"##, &[("unescaped-value", "$input.params('token')")]),
    (Json, r##"{"limit": $input.params('limit')}"##, &[("bare-value", "$input.params('limit')")]),
    (Json, r##"{"ua": "$context.identity.userAgent", "ip": "$context.identity.sourceIp"}"##, &[("unescaped-value", "$context.identity.userAgent")]),
    (Json, r##"{"user": "$context.authorizer.principalId"}"##, &[("unescaped-value", "$context.authorizer.principalId")]),
    (Json, r##"{"t": $context.requestTimeEpoch, "id": "$context.connectionId"}"##, &[]),
    (Json, r##"{"id": $context.connectionId}"##, &[("not-json", "$context.connectionId")]),
    (Json, r##"{"m": "$context.httpMethod"}"##, &[("unknown-context-name", "$context.httpMethod")]),
    // Functions: conditions and loops.
    (Json, r##"#set($r = $input.path('$')){#if($r.name)"name": $input.json('$.name')#end}"##, &[("constant-condition", "$r.name")]),
    (Json, r##"#set($r = $input.path('$')){#if($r.name != "")"name": $input.json('$.name')#end}"##, &[]),
    (Json, r##"[#foreach($i in $input.path('$.items'))#if($i.done)1#{else}0#end#if($foreach.hasNext),#end#end]"##, &[("constant-condition", "$i.done")]),
    (Json, r##"[#foreach($i in $input.path('$.items'))"$i"#if($foreach.hasNext),#end#end]"##, &[("unescaped-value", "$i")]),
    (Json, r##"[#foreach($i in $input.path('$.items')){"id": "$util.escapeJavaScript($i.id)~C"}#if($foreach.hasNext),#end#end]"##, &[]),
    (Json, r##"#if($input.path('$.kind') == 'a'){"kind": "a"}#end"##, &[]),
    (Json, r##"#if($input.path('$.kind') == 'a'){"kind": "a"}#{else}{"kind": "b"}#end"##, &[]),
    (Json, "#set($ok = false)#if($input.path('$.x') == 1)#set($ok = true)#end{\"ok\": #if($ok)true#{else}false#end}", &[]),
    (Json, r##"#set($p = $input.params('x')){#if($p)"x": 1#end}"##, &[("constant-condition", "$p")]),
    (Json, "{\"a\": 1,\n \"b\": 2,\n}", &[("not-json", "}")]),
    (Json, "{\"a\": 1\n \"b\": 2}", &[("not-json", "\"")]),
    // Services: JSON inside a JSON string.
    (Json, r##"{"input": "$util.escapeJavaScript($input.json('$'))~C", "stateMachineArn": "arn:aws:states:x"}"##, &[]),
    (Json, r##"{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "arn"}"##, &[("single-quote", "$util.escapeJavaScript($input.json('$'))")]),
    (Json, r##"{"input": "{\"id\": \"$context.connectionId\", \"body\": $util.escapeJavaScript($input.json('$'))~C}"}"##, &[]),
    (Json, r##"{"input": "{\"a\": \"$util.escapeJavaScript($input.path('$.a'))~C\"}"}"##, &[("unescaped-value", "$util.escapeJavaScript($input.path('$.a'))~C")]),
    (Json, r##"{"input": "{\"a\": \"$input.path('$.a')\"}"}"##, &[("unescaped-value", "$input.path('$.a')")]),
    (Json, r##"{"Entries": [{"Source": "ws", "DetailType": "m", "Detail": "{\"c\": \"$context.connectionId\", \"n\": $input.json('$.n')}"}]}"##, &[("json-in-string", "$input.json('$.n')")]),
    (Json, r##"{"Data": "$util.base64Encode($input.json('$'))", "PartitionKey": "$context.connectionId", "StreamName": "s"}"##, &[]),
    (Json, r##"{"TableName": "t", "Item": {"id": {"S": "$context.connectionId"}, "text": {"S": "$input.path('$.text')"}}}"##, &[("unescaped-value", "$input.path('$.text')")]),
    (Json, r##"{"TableName": "t", "Item": {"id": {"S": "$context.connectionId"}, "at": {"N": "$context.requestTimeEpoch"}}}"##, &[]),
    (Json, r##"{"TableName": "t", "Key": {"id": {"S": $input.json('$.id')}}}"##, &[]),
    // SQS and SNS: forms.
    (Form, "Action=SendMessage&MessageBody=$util.urlEncode($input.body)", &[]),
    (Form, "Action=SendMessage&MessageBody=$input.body", &[("unescaped-value", "$input.body")]),
    (Form, "Action=SendMessage&MessageBody=$util.urlEncode($input.json('$'))&MessageGroupId=$context.connectionId", &[]),
    (Form, "Action=SendMessage&MessageBody=$input.json('$')", &[("unescaped-value", "$input.json('$')")]),
    (Form, "Action=Publish&TopicArn=$util.urlEncode('arn:aws:sns:x')&Message=$util.escapeJavaScript($input.body)", &[("unescaped-value", "$util.escapeJavaScript($input.body)")]),
    (Form, "Action=Publish&Subject=$input.params('s')&Message=x", &[("unescaped-value", "$input.params('s')")]),
    (Form, "#set($m = \"{\"\"a\"\": \"\"$input.path('$.a')\"\"}\")Action=SendMessage&MessageBody=$util.urlEncode($m)", &[("unescaped-value", "$util.urlEncode($m)")]),
    // XML and texts.
    (Xml, "<a><id>$context.connectionId</id><t>$input.path('$.t')</t></a>", &[("unescaped-value", "$input.path('$.t')")]),
    (Xml, "<a>$input.path('$.t').replaceAll(\"&\",\"&amp;\").replaceAll(\"<\",\"&lt;\")</a>", &[]),
    (Xml, "<a n=\"$util.urlEncode($input.params('n'))\"/>", &[]),
    (Text, "hello $input.path('$.name')", &[]),
    (Text, "$util.escapeJavaScript($input.body)", &[]),
    (Text, "$context.connectionId: $input.body", &[]),
    // Mock integrations.
    (Json, r##"{"statusCode": 200}"##, &[]),
    (Json, r##"{"statusCode": #if($input.params('fail') == 'yes')500#{else}200#end}"##, &[]),
];

/// 35 of 36 findings are right, and all of the 35 faults are found. What is wrong: a text has no
/// `keySet()`, so that the loop over it prints nothing.
#[test]
fn findings_are_right_and_faults_are_found() {
    let (mut right, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for (output, source, judged) in CORPUS {
        let cured = |text: &str| text.replace("~C", r#".replaceAll("\\'","'")"#);
        let source = cured(source);
        let mut expected: Vec<_> = judged
            .iter()
            .map(|(rule, at)| ((*rule).to_owned(), cured(at)))
            .collect();
        for finding in lint_as(&source, *output).findings {
            let at = source[finding.span.clone()].to_owned();
            let found = (finding.rule.id().to_owned(), at);
            match expected.iter().position(|each| *each == found) {
                Some(place) => {
                    expected.remove(place);
                    right += 1;
                }
                None => wrong.push(format!("{found:?} in {source}")),
            }
        }
        missed.extend(expected.iter().map(|each| format!("{each:?} in {source}")));
    }
    assert!(CORPUS.len() >= 68);
    assert!(wrong.len() <= 1, "false alarms:\n{}", wrong.join("\n"));
    assert_eq!((right, missed), (35, Vec::<String>::new()));
}
