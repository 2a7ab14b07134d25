//! Templates in the shapes that people publish, judged by hand: which fall, and to what.

use rstest::rstest;
use spec::template::lint::{Rule, lint};

use super::*;
use input::Language::{Form, Json, Xml};

const STANDS: &[Flaw] = &[];
const NOT_JSON: &[Flaw] = &[Flaw::Malformed(Json)];
const JSON_AND_FORGED: &[Flaw] = &[Flaw::Malformed(Json), Flaw::Forged];
/// `$util.parseJson` fails for what is not JSON.
const PARSED: &[Flaw] = &[Flaw::RenderError, Flaw::Malformed(Json), Flaw::Forged];
const FORGED: &[Flaw] = &[Flaw::Forged];
/// A text that is cut off at `&` may have been JSON.
const FORM: &[Flaw] = &[Flaw::Malformed(Form), Flaw::MalformedInside, Flaw::Forged];
const FORM_HEADER: &[Flaw] = &[Flaw::Malformed(Form), Flaw::Forged];
const XML: &[Flaw] = &[Flaw::Malformed(Xml), Flaw::Forged];
const INSIDE: &[Flaw] = &[Flaw::MalformedInside, Flaw::Forged];

fn flaws(source: &str, output: Output) -> Vec<Flaw> {
    let template = MappingTemplate::parse(source).unwrap();
    let effort = Effort {
        cases: 3_000,
        seed: 0,
    };
    let search = falsify(&template, output, effort, |_| {});
    search.found.iter().map(|found| found.flaw).collect()
}

// Functions.
#[rstest]
#[case::whole_message(r##"{"body": $input.json('$')}"##, STANDS)]
#[case::one_member(r##"{"id": $input.json('$.id')}"##, STANDS)]
#[case::quoted_member(r##"{"id": "$input.path('$.id')"}"##, JSON_AND_FORGED)]
#[case::double_quotes(r##"{"id": "$input.path("$.id")"}"##, JSON_AND_FORGED)]
#[case::member_name(r##"{"Key": {"$input.path("$.key")": {"S": "x"}}}"##, NOT_JSON)]
#[case::bare_member(r##"{"id": $input.path('$.id')}"##, JSON_AND_FORGED)]
#[case::quoted_json(r##"{"id": "$input.json('$.id')"}"##, NOT_JSON)]
#[case::escaped_member(r##"{"id": "$util.escapeJavaScript($input.path('$.id'))"}"##, NOT_JSON)]
#[case::cured_member(
    r##"{"id": "$util.escapeJavaScript($input.path('$.id')).replaceAll("\\'","'")"}"##,
    STANDS
)]
#[case::base64(r##"{"data": "$util.base64Encode($input.body)"}"##, STANDS)]
#[case::url_encoded(r##"{"data": "$util.urlEncode($input.path('$.a'))"}"##, STANDS)]
#[case::header(r##"{"agent": "$input.params('User-Agent')"}"##, JSON_AND_FORGED)]
#[case::query(r##"{"q": "$input.params().querystring.get('q')"}"##, JSON_AND_FORGED)]
#[case::header_loop(r##"{#foreach($k in $input.params().header.keySet())"$k": "$input.params().header.get($k)"#if($foreach.hasNext),#end#end}"##, JSON_AND_FORGED)]
#[case::passthrough_loop(r##"#set($all = $input.params()){"params": {#foreach($type in $all.keySet())#set($params = $all.get($type))"$type": {#foreach($name in $params.keySet())"$name": "$util.escapeJavaScript($params.get($name))"#if($foreach.hasNext),#end#end}#if($foreach.hasNext),#end#end}}"##, NOT_JSON)]
#[case::claim(r##"{"sub": "$context.authorizer.claims.sub"}"##, JSON_AND_FORGED)]
#[case::claim_by_name(
    r##"{"sub": "$context.authorizer.claims['cognito:username']"}"##,
    JSON_AND_FORGED
)]
#[case::authorizer(r##"{"user": "$context.authorizer.principalId"}"##, JSON_AND_FORGED)]
#[case::bare_authorizer(r##"{"user": $context.authorizer.id}"##, JSON_AND_FORGED)]
#[case::stage_variable(r##"{"table": "$stageVariables.table"}"##, STANDS)]
#[case::connection(
    r##"{"id": "$context.connectionId", "at": $context.requestTimeEpoch}"##,
    STANDS
)]
#[case::user_agent(r##"{"agent": "$context.identity.userAgent"}"##, JSON_AND_FORGED)]
#[case::root_variable(
    r##"#set($root = $input.path('$')){"a": "$root.a", "b": "$root.b.c"}"##,
    JSON_AND_FORGED
)]
#[case::items(r##"#set($root = $input.path('$')){"items": [#foreach($i in $root.items){"n": "$i.name"}#if($foreach.hasNext),#end#end]}"##, JSON_AND_FORGED)]
#[case::optional(
    r##"{#if($input.path('$.a') != "")"a": "$input.path('$.a')"#end}"##,
    JSON_AND_FORGED
)]
#[case::trailing_comma(r##"[#foreach($i in $input.path('$.l'))1,#end]"##, NOT_JSON)]
#[case::role(
    r##"{"admin": #if($context.authorizer.role == "admin")true#{else}false#end}"##,
    STANDS
)]
#[case::size(r##"{"many": $input.path('$').size()}"##, NOT_JSON)]
#[case::parsed(r##"#set($m = $util.parseJson($input.body)){"a": "$m.a"}"##, PARSED)]
#[case::whole_in_quotes(r##"{"body": "$input.body"}"##, JSON_AND_FORGED)]
#[case::concatenated(
    r##"#set($t = "Hello $input.path('$.name')"){"t": "$t"}"##,
    JSON_AND_FORGED
)]
#[case::replaced_quotes(r##"{"t": "$input.path('$.t').replaceAll('"', '')"}"##, NOT_JSON)]
#[case::fixed(r##"{"statusCode": 200}"##, STANDS)]
// Services with JSON.
#[case::put_item(r##"{"TableName": "t", "Item": {"id": {"S": "$context.requestId"}, "m": {"S": "$input.path('$.m')"}}}"##, JSON_AND_FORGED)]
#[case::query_table(
    r##"{"TableName": "t", "ExpressionAttributeValues": {":v": {"N": "$input.path('$.n')"}}}"##,
    JSON_AND_FORGED
)]
#[case::sound_item(
    r##"{"TableName": "t", "Item": {"m": {"B": "$util.base64Encode($input.body)"}}}"##,
    STANDS
)]
#[case::kinesis(r##"{"StreamName": "s", "Data": "$util.base64Encode($input.json('$.Data'))", "PartitionKey": "$input.path('$.key')"}"##, JSON_AND_FORGED)]
#[case::states(
    r##"{"stateMachineArn": "arn:x", "input": "$util.escapeJavaScript($input.json('$'))"}"##,
    NOT_JSON
)]
#[case::states_cured(r##"{"stateMachineArn": "arn:x", "input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")"}"##, STANDS)]
#[case::states_inside(r##"{"input": "{\"action\":\"$util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")\"}"}"##, INSIDE)]
#[case::states_inside_cured(r##"{"input": "{\"action\":\"$util.escapeJavaScript($util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")).replaceAll("\\'","'")\"}"}"##, STANDS)]
#[case::events(r##"{"Entries": [{"Source": "s", "Detail": "{\"id\":\"$util.escapeJavaScript($input.path('$.id')).replaceAll("\\'","'")\"}"}]}"##, INSIDE)]
#[case::slack(
    r##"{"channel": "#c", "text": "$input.path('$.text')"}"##,
    JSON_AND_FORGED
)]
fn json(#[case] source: &str, #[case] expected: &[Flaw]) {
    assert_eq!(flaws(source, Output::Json), expected, "{source}");
}

#[rstest]
#[case::sqs_encoded("Action=SendMessage&MessageBody=$util.urlEncode($input.body)", STANDS)]
#[case::sqs_raw("Action=SendMessage&MessageBody=$input.body", FORM)]
#[case::sqs_json("Action=SendMessage&MessageBody=$input.json('$')", FORM)]
#[case::sqs_attribute(
    "Action=SendMessage&MessageBody=x&MessageGroupId=$input.path('$.g')",
    FORM
)]
#[case::sns(
    "Action=Publish&TopicArn=$util.urlEncode('arn:x')&Message=$util.urlEncode($input.path('$.m'))",
    STANDS
)]
#[case::sns_header("Action=Publish&Message=$input.params('X-Message')", FORM_HEADER)]
#[case::stage_variable("Action=SendMessage&QueueName=$stageVariables.queue", FORGED)]
fn form(#[case] source: &str, #[case] expected: &[Flaw]) {
    assert_eq!(flaws(source, Output::Form), expected, "{source}");
}

#[rstest]
#[case::soap(
    "<s:Envelope><s:Body><id>$input.path('$.id')</id></s:Body></s:Envelope>",
    XML
)]
#[case::attribute("<a id=\"$input.path('$.id')\"/>", XML)]
#[case::section("<a><![CDATA[$input.path('$.id')]]></a>", XML)]
#[case::encoded("<a>$util.urlEncode($input.path('$.id'))</a>", STANDS)]
fn xml(#[case] source: &str, #[case] expected: &[Flaw]) {
    assert_eq!(flaws(source, Output::Xml), expected, "{source}");
}

#[rstest]
#[case("hello $input.path('$.name')", STANDS)]
#[case("$input.body.substring(9)", &[Flaw::RenderError])]
fn text(#[case] source: &str, #[case] expected: &[Flaw]) {
    assert_eq!(flaws(source, Output::Text), expected, "{source}");
}

/// What the linter says of the kit's own templates, the falsifier shows.
#[test]
fn a_finding_of_the_linter_is_a_flaw() {
    let unsafe_rules = [
        Rule::SingleQuote,
        Rule::UnescapedValue,
        Rule::BareValue,
        Rule::JsonInString,
        Rule::NotJson,
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("../template.yaml")];
    for entry in std::fs::read_dir(root.join("fixtures")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "vtl")
        {
            files.push(path);
        }
    }
    let mut missed = Vec::new();
    for file in files {
        for template in stack::MappingTemplates::read(&file).unwrap().templates {
            let findings = lint(&template.text).findings;
            let finding = findings.iter().find(|it| unsafe_rules.contains(&it.rule));
            let Some(finding) = finding.filter(|_| template.output == Output::Json) else {
                continue;
            };
            if flaws(&template.text, template.output).is_empty() {
                let place = template.place.map(|place| place.to_string());
                missed.push((file.clone(), place, finding.rule, finding.span.clone()));
            }
        }
    }
    assert_eq!(missed, []);
}
