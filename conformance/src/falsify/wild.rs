//! Templates in the shapes that people publish, judged by hand: which fall, and to what.

use rstest::rstest;
use spec::template::lint::{Rule, lint_as};

use super::*;
use input::Language::{Form, Json, Xml};

const STANDS: &[Flaw] = &[];
const NOT_JSON: &[Flaw] = &[Flaw::Malformed(Json)];
const JSON_AND_FORGED: &[Flaw] = &[Flaw::Malformed(Json), Flaw::Forged];
/// `$util.parseJson` fails for what is not JSON.
const PARSED: &[Flaw] = &[Flaw::RenderError, Flaw::Malformed(Json), Flaw::Forged];
const FORGED: &[Flaw] = &[Flaw::Forged];
/// A text that is cut off at `&` may have been JSON.
const FORM_OF_JSON: &[Flaw] = &[Flaw::Malformed(Form), Flaw::MalformedInside, Flaw::Forged];
const FORM: &[Flaw] = &[Flaw::Malformed(Form), Flaw::Forged];
const XML: &[Flaw] = &[Flaw::Malformed(Xml), Flaw::Forged];
const INSIDE: &[Flaw] = &[Flaw::MalformedInside, Flaw::Forged];

fn flaws(source: &str, output: Output) -> Vec<Flaw> {
    let template = MappingTemplate::parse(source).expect("a template");
    let effort = Effort {
        cases: 3_000,
        seed: 0,
    };
    let search = falsify(&template, output, effort, |_| {});
    search.found.iter().map(|found| found.flaw).collect()
}

/// What the linter finds that can break an output. Its other rules are about names, conditions and
/// limits, which change what an output says, not whether it can be read.
fn findings(source: &str, output: Output) -> Vec<Rule> {
    let about_outputs = [
        Rule::SingleQuote,
        Rule::UnescapedValue,
        Rule::BareValue,
        Rule::JsonInString,
        Rule::NotJson,
    ];
    let findings = lint_as(source, output).findings.into_iter();
    let rules = findings.map(|finding| finding.rule);
    rules.filter(|rule| about_outputs.contains(rule)).collect()
}

/// The template falls to what was judged by hand, and to something if the linter finds something.
fn judge(source: &str, output: Output, expected: &[Flaw]) {
    let flaws = flaws(source, output);
    assert_eq!(flaws, expected, "{source}");
    let findings = findings(source, output);
    assert!(
        !flaws.is_empty() || findings.is_empty(),
        "{findings:?} in {source}"
    );
}

// Functions.
#[rstest]
#[case::whole_message(r##"{"body": $input.json('$')}"##, STANDS)]
#[case::one_member(r##"{"id": $input.json('$.id')}"##, STANDS)]
#[case::quoted_member(r##"{"id": "$input.path('$.id')"}"##, JSON_AND_FORGED)]
#[case::double_quotes(r##"{"id": "$input.path("$.id")"}"##, JSON_AND_FORGED)]
#[case::member_name(r##"{"Key": {"$input.path("$.key")": {"S": "x"}}}"##, JSON_AND_FORGED)]
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
// What the linter's own examples have besides.
#[case::bare_body(r##"{"body": $input.body}"##, JSON_AND_FORGED)]
#[case::bare_escaped_json(r##"{"body": $util.escapeJavaScript($input.json('$'))}"##, NOT_JSON)]
#[case::bare_escaped(r##"{"body": $util.escapeJavaScript($input.body)}"##, NOT_JSON)]
#[case::bare_variable(r##"#set($r = $input.path('$')){"n": $r.n}"##, JSON_AND_FORGED)]
#[case::query_names(r##"{"q": {#foreach($k in $input.params().querystring.keySet())"$k": "$util.escapeJavaScript($input.params().querystring.get($k)).replaceAll("\\'","'")"#if($foreach.hasNext),#end#end}}"##, JSON_AND_FORGED)]
#[case::header_names(r##"{"h": {#foreach($k in $input.params().header.keySet())"$k": "$util.escapeJavaScript($input.params().header.get($k)).replaceAll("\\'","'")"#if($foreach.hasNext),#end#end}}"##, STANDS)]
#[case::names_of_a_map(r##"{#foreach($e in $input.path('$.m').entrySet())"$e.key": "$util.escapeJavaScript($e.value).replaceAll("\\'","'")"#if($foreach.hasNext),#end#end}"##, JSON_AND_FORGED)]
// The path itself is the message's: what it leads to is not out of its place.
#[case::path_of_the_message(
    r##"{"a": $input.json($input.path('$.p'))}"##,
    &[Flaw::RenderError, Flaw::Malformed(Json)]
)]
#[case::bare_parameter(r##"{"limit": $input.params('limit')}"##, JSON_AND_FORGED)]
#[case::never_json(r##"{"id": $context.connectionId}"##, NOT_JSON)]
#[case::trailing_comma_of_a_map("{\"a\": 1,\n \"b\": 2,\n}", NOT_JSON)]
#[case::texts_of_a_list(
    r##"[#foreach($i in $input.path('$.items'))"$i"#if($foreach.hasNext),#end#end]"##,
    JSON_AND_FORGED
)]
#[case::inside_unescaped(r##"{"input": "{\"a\": \"$input.path('$.a')\"}"}"##, &[Flaw::Malformed(Json), Flaw::MalformedInside, Flaw::Forged])]
#[case::json_inside(
    r##"{"Entries": [{"Source": "ws", "Detail": "{\"n\": $input.json('$.n')}"}]}"##,
    NOT_JSON
)]
fn json(#[case] source: &str, #[case] expected: &[Flaw]) {
    judge(source, Output::Json, expected);
}

#[rstest]
#[case::sqs_encoded("Action=SendMessage&MessageBody=$util.urlEncode($input.body)", STANDS)]
#[case::sqs_raw("Action=SendMessage&MessageBody=$input.body", FORM_OF_JSON)]
#[case::sqs_json("Action=SendMessage&MessageBody=$input.json('$')", FORM_OF_JSON)]
#[case::sqs_attribute(
    "Action=SendMessage&MessageBody=x&MessageGroupId=$input.path('$.g')",
    FORM
)]
#[case::sns(
    "Action=Publish&TopicArn=$util.urlEncode('arn:x')&Message=$util.urlEncode($input.path('$.m'))",
    STANDS
)]
#[case::sns_header("Action=Publish&Message=$input.params('X-Message')", FORM)]
#[case::escaped("Action=Publish&Message=$util.escapeJavaScript($input.body)", FORM)]
#[case::json_in_a_field(
    r##"#set($m = "{""a"": ""$input.path('$.a')""}")Action=Publish&Message=$util.urlEncode($m)"##,
    INSIDE
)]
#[case::stage_variable("Action=SendMessage&QueueName=$stageVariables.queue", FORGED)]
fn form(#[case] source: &str, #[case] expected: &[Flaw]) {
    judge(source, Output::Form, expected);
}

#[rstest]
#[case::soap(
    "<s:Envelope><s:Body><id>$input.path('$.id')</id></s:Body></s:Envelope>",
    XML
)]
#[case::attribute("<a id=\"$input.path('$.id')\"/>", XML)]
#[case::section("<a><![CDATA[$input.path('$.id')]]></a>", XML)]
// Control characters and `]]>` are left.
#[case::replaced(
    "<a>$input.path('$.t').replaceAll(\"&\",\"&amp;\").replaceAll(\"<\",\"&lt;\")</a>",
    &[Flaw::Malformed(Xml)]
)]
#[case::encoded("<a>$util.urlEncode($input.path('$.id'))</a>", STANDS)]
fn xml(#[case] source: &str, #[case] expected: &[Flaw]) {
    judge(source, Output::Xml, expected);
}

#[rstest]
#[case("hello $input.path('$.name')", STANDS)]
#[case("$input.body.substring(9)", &[Flaw::RenderError])]
fn text(#[case] source: &str, #[case] expected: &[Flaw]) {
    judge(source, Output::Text, expected);
}

/// What the linter says of the kit's own templates, the falsifier shows.
#[test]
fn a_finding_of_the_linter_is_a_flaw() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("../template.yaml")];
    for entry in std::fs::read_dir(root.join("fixtures")).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "vtl")
        {
            files.push(path);
        }
    }
    let (mut missed, mut agreed) = (Vec::new(), 0);
    for file in files {
        for template in stack::MappingTemplates::read(&file)
            .expect("it reads")
            .templates
        {
            let findings = findings(&template.text, template.output);
            if findings.is_empty() {
                continue;
            }
            if flaws(&template.text, template.output).is_empty() {
                let place = template.place.map(|place| place.to_string());
                missed.push((file.clone(), place, findings));
            } else {
                agreed += 1;
            }
        }
    }
    assert_eq!(missed, []);
    assert!(agreed > 10, "{agreed}");
}
