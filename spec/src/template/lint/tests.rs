use rstest::rstest;

use super::*;

const CURE: &str = r#".replaceAll("\\'","'")"#;

fn found(source: &str) -> Vec<(&'static str, String)> {
    let report = lint(source);
    report
        .findings
        .iter()
        .map(|finding| (finding.rule.id(), source[finding.span.clone()].to_owned()))
        .collect()
}

fn one(rule: &'static str, at: &str) -> Vec<(&'static str, String)> {
    vec![(rule, at.to_owned())]
}

const ORIGINAL: &str =
    include_str!("../../../../conformance/fixtures/original-mapping-template.vtl");

/// The mapping template of template.yaml: its block without the indentation.
fn deployed() -> String {
    let yaml = include_str!("../../../../template.yaml");
    let block = yaml.split("application/json: |\n").nth(1).unwrap();
    block
        .lines()
        .take_while(|line| line.starts_with("          "))
        .map(|line| format!("{}\n", &line[10..]))
        .collect()
}

#[test]
fn the_deployed_template_is_safe() {
    let report = lint(&deployed());
    assert_eq!((&*report.findings, &*report.doubts), (&[][..], &[][..]));
}

#[test]
fn the_original_template_has_its_holes_and_the_dead_variable() {
    assert_eq!(
        found(ORIGINAL),
        [
            (
                "unescaped-value",
                "$context.authorizer.principalId".to_owned()
            ),
            ("unescaped-value", "$context.authorizer.token".to_owned()),
            (
                "single-quote",
                "$util.escapeJavaScript($input.body)".to_owned()
            ),
            (
                "unknown-context-name",
                "$context.isBase64Encoded".to_owned()
            ),
        ]
    );
    assert!(!lint(ORIGINAL).json_safe());
}

// TEMPLATE-7, TEMPLATE-8
#[test]
fn the_single_quote() {
    let escape = "$util.escapeJavaScript($input.body)";
    assert_eq!(
        found(&format!(r#"{{"a": "{escape}"}}"#)),
        one("single-quote", escape)
    );
    for good in [
        format!("{escape}{CURE}"),
        format!(r#"{escape}.replace("\'","'")"#),
        "$util.escapeJavaScript($context.requestTime)".to_owned(),
    ] {
        let source = format!(r#"{{"a": "{good}"}}"#);
        assert_eq!(found(&source), []);
        assert!(lint(&source).json_safe(), "{source}");
    }
    // One backslash is the expression for the quote alone: nothing is replaced.
    let useless = format!(r#"{escape}.replaceAll("\'","'")"#);
    assert_eq!(
        found(&format!(r#"{{"a": "{useless}"}}"#)),
        one("single-quote", &useless)
    );
    // By way of a variable.
    let source = format!(r#"#set($b = {escape}){{"a": "$b", "c": "$b{CURE}"}}"#);
    assert_eq!(found(&source), one("single-quote", "$b"));
}

// TEMPLATE-20
#[rstest]
#[case("$context.authorizer.token")]
#[case("${context.authorizer.principalId}")]
#[case("$input.params('x')")]
#[case("$input.params().header.get('x')")]
#[case("$input.body")]
#[case("$input.path('$.x')")]
#[case("$context.identity.userAgent")]
#[case("$context.error.messageString")]
#[case("$context.disconnectReason")]
fn unescaped_values(#[case] reference: &str) {
    let source = format!(r#"{{"a": "x $context.stage {reference}"}}"#);
    assert_eq!(found(&source), one("unescaped-value", reference));
    let cure = &lint(&source).findings[0].cure;
    let cured = source.replace(reference, cure.trim_matches('`'));
    assert_eq!(found(&cured), [], "{cured}");
    assert!(
        lint(&cured).json_safe() || reference.contains(".get("),
        "{cured}: {:?}",
        lint(&cured).doubts
    );
}

#[rstest]
#[case("connectionId")]
#[case("requestId")]
#[case("extendedRequestId")]
#[case("requestTime")]
#[case("requestTimeEpoch")]
#[case("connectedAt")]
#[case("stage")]
#[case("apiId")]
#[case("routeKey")]
#[case("eventType")]
#[case("messageDirection")]
#[case("messageId")]
#[case("domainName")]
#[case("identity.sourceIp")]
fn values_of_the_gateway_need_no_escape(#[case] name: &str) {
    let source = format!(r#"{{"a": "$context.{name}"}}"#);
    assert_eq!(found(&source), []);
    // A client may ask for any host name, as the local gateway sees it.
    assert_eq!(lint(&source).json_safe(), name != "domainName");
}

// TEMPLATE-3, TEMPLATE-71, TEMPLATE-72
#[rstest]
#[case(
    r#"{"a": $input.path('$.n')}"#,
    "bare-value",
    "$input.path('$.n')",
    "`$input.json('$.n')`"
)]
#[case(
    r#"{"a": $input.body}"#,
    "bare-value",
    "$input.body",
    "`$input.json('$')`"
)]
#[case(
    r#"{"a": "$input.json('$.n')"}"#,
    "json-in-string",
    "$input.json('$.n')",
    "remove the quotes around it, or write \
     `$util.escapeJavaScript($input.path('$.n')).replaceAll(\"\\\\'\",\"'\")`"
)]
// TEMPLATE-57
#[case(
    "{\"a\": 1} $",
    "trailing-sign",
    "$",
    "remove the sign, or put something after it, such as a line break"
)]
#[case(
    "{} #",
    "trailing-sign",
    "#",
    "remove the sign, or put something after it, such as a line break"
)]
#[case(
    "{} \\$",
    "trailing-sign",
    "$",
    "remove the sign, or put something after it, such as a line break"
)]
// TEMPLATE-56
#[case(
    r#"#set($a = 2){"a": "$a-1"}"#,
    "hyphen-in-name",
    "$a-1",
    "write spaces around the sign in `#set` (`$a - 1`), or `${a}-1` in text"
)]
#[case(
    r#"{"a": "$context.connectionId-x"}"#,
    "hyphen-in-name",
    "connectionId-x",
    "write spaces around the sign in `#set` (`$context.connectionId - x`), or \
     `${context.connectionId}-x` in text"
)]
// TEMPLATE-38, TEMPLATE-40
#[case(
    r#"{"a": "$context.httpMethod"}"#,
    "unknown-context-name",
    "$context.httpMethod",
    "remove it; `$context.routeKey` and `$context.eventType` identify a WebSocket request"
)]
#[case(
    r#"{"a": "$context.connectionID"}"#,
    "unknown-context-name",
    "$context.connectionID",
    "did you mean `$context.connectionId`"
)]
#[case(
    r#"{"a": "$context.identity.sourceIP"}"#,
    "unknown-context-name",
    "$context.identity.sourceIP",
    "did you mean `$context.identity.sourceIp`"
)]
#[case(
    r#"{"a": "$contxt.stage"}"#,
    "unknown-name",
    "$contxt.stage",
    "did you mean `$context`"
)]
#[case(
    r#"{"a": "$util.escapeJavascript($input.body)"}"#,
    "unknown-name",
    "$util.escapeJavascript($input.body)",
    "did you mean `$util.escapeJavaScript`"
)]
#[case(
    r#"{"a": "$input.body.x"}"#,
    "unknown-name",
    "$input.body.x",
    "write `$input.json('$.x')`, or `$input.path('$.x')` for the value itself"
)]
// TEMPLATE-41, TEMPLATE-42
#[case(
    "{#if($context.authorizer.admin)\"a\": 1#end}",
    "constant-condition",
    "$context.authorizer.admin",
    "`$context.authorizer.admin != \"\"` tests whether there is a value; \
     `$context.authorizer.admin == \"true\"` tests for true, which arrives as text"
)]
#[case(
    "{#if(!$input.path('$.x'))\"a\": 1#end}",
    "constant-condition",
    "$input.path('$.x')",
    "`$input.path('$.x') == \"\"` tests whether there is a value"
)]
// TEMPLATE-49 to TEMPLATE-51
#[case(
    "#macro(m)x#end{}",
    "unsupported-directive",
    "#macro",
    "write its body where it is called, or use `#define`"
)]
#[case(
    "{\"a\": \"#evaluate('x')\"}",
    "unsupported-directive",
    "#evaluate",
    "write the template in place"
)]
fn findings(#[case] source: &str, #[case] rule: &str, #[case] at: &str, #[case] cure: &str) {
    let report = lint(source);
    let of_rule: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.rule.id() == rule)
        .collect();
    let [finding] = of_rule[..] else {
        panic!("{:#?}", report.findings)
    };
    assert_eq!((&source[finding.span.clone()], &*finding.cure), (at, cure));
}

#[rstest]
#[case("#set($flag = $input.path('$.x') == 1){#if($flag)\"a\": 1#end}")]
#[case("[#foreach($i in [1..3])$foreach.index#if($foreach.hasNext),#end#end]")]
#[case("{#if($input.body.contains('x'))\"a\": 1#end}")]
#[case("{\"a\": \"${context.stage}-1\"}## #macro(m)\n")]
#[case("#set($a-1 = 'x'){\"a\": \"$a-1\"}")]
#[case("$input.body")]
#[case("{\"a\": \"\\#parse('x')\"}")]
fn nothing_to_find(#[case] source: &str) {
    assert_eq!(found(source), []);
}

#[rstest]
#[case("{\"a\": $context.connectionId}", "$context.connectionId")]
#[case("{\"a\": 1,}", "}")]
#[case("{## comment\n \"a\" 1}", "1")]
#[case("hello $context.stage", "h")]
#[case("#include('x')", "#include('x')")]
#[case("{\"a\": 1,\n \"b\": $util.urlDecode('%')}", "urlDecode('%')")]
fn what_can_not_be_json(#[case] source: &str, #[case] at: &str) {
    let report = lint(source);
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.rule == Rule::NotJson)
        .unwrap();
    assert_eq!(&source[finding.span.clone()], at, "{}", finding.message);
    assert!(!report.json_safe());
}

#[test]
fn what_may_be_json_is_no_finding() {
    for source in [
        "{\"a\": #if($input.path('$.x') == 1)1#else$input.path('$.y')#end}",
        "{\"a\": $input.json('$.x')}",
        "$input.json('$')",
    ] {
        assert!(
            found(source).iter().all(|(rule, _)| *rule != "not-json"),
            "{source}"
        );
    }
}

// TEMPLATE-86
#[test]
fn what_is_no_template_is_a_finding() {
    let report = lint("{\"a\": \"#if($x)\"}");
    assert_eq!(report.findings[0].rule, Rule::Syntax);
    assert!(!report.json_safe());
}

#[test]
fn the_size() {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(found(&text(MAX_BYTES)), []);
    assert_eq!(found(&text(MAX_BYTES + 1)), one("too-large", ""));
}

// Texts that double with every line, which the linter must not write out.
#[test]
fn growth() {
    let source =
        "#set($a = 'aa')\n".to_owned() + &"#set($a = \"$a$a\")\n".repeat(200) + "{\"a\": \"$a\"}";
    assert!(!lint(&source).json_safe());
}

#[test]
fn places_are_lines_and_characters() {
    let source = "{\n  \"é\": \"$input.body\"}";
    assert_eq!(lint(source).findings[0].line_and_column(source), (2, 9));
}

#[rstest]
#[case("{\"a\": $input.json('$.x'), \"t\": $context.requestTimeEpoch}", true)]
#[case(
    "#set($t = $util.base64Encode($input.body)){\"a\": \"$t#if($t == 'a')b#end\"}",
    true
)]
#[case(
    "{\"a\": \"#foreach($i in $input.path('$.l'))$context.stage #end\"}",
    false
)]
#[case("{\"a\": $input.json('$.x').length()}", false)]
#[case("{\"a\": $input.json('$.x.length()')}", false)]
#[case("{\"a\": \"\\$util.urlEncode('a')\"}", false)]
#[case("{\"a\": \"$util.base64Decode($input.body)\"}", false)]
// The last comma may be the last round's: 1,000 are run.
#[case(
    "[#foreach($i in $input.path('$.l'))1#if($foreach.hasNext),#end#end]",
    false
)]
#[case("#set($a = 'aa')#set($a = \"$a$a\"){\"a\": \"$a\"}", true)]
#[case(
    "#set($a = $util.urlEncode($input.body))#set($a = \"$a$a\"){\"a\": \"$a\"}",
    false
)]
#[case("#set($context.stage = $input.body){\"a\": \"$context.stage\"}", false)]
#[case("#set($input.path('$').a = 1){\"a\": $input.json('$')}", false)]
fn what_is_vouched_for(#[case] source: &str, #[case] safe: bool) {
    let report = lint(source);
    assert_eq!(report.json_safe(), safe, "{report:#?}");
}

const NESTED: &str = r#"{"input": "{\"action\":\"$util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")\"}", "stateMachineArn": "arn"}"#;

// TEMPLATE-41, TEMPLATE-42
#[rstest]
#[case(
    "#set($r = $input.path('$')){#if($r.name)\"a\": 1#end}",
    Some("$r.name")
)]
#[case(
    "#set($r = $input.path('$'))#set($n = $r.a.b){#if($n)\"a\": 1#end}",
    Some("$n")
)]
#[case(
    "[#foreach($i in $input.path('$.l'))#if($i.flag)1#else0#end#end]",
    Some("$i.flag")
)]
#[case(
    "#set($p = $input.params())[#foreach($k in $p.header.keySet())#if($p.header.get($k))1#end#end]",
    Some("$p.header.get($k)")
)]
#[case("#set($p = $input.params('x')){#if(!$p)\"a\": 1#end}", Some("$p"))]
#[case("#set($a = \"\"){#if($a && $a != 'x')\"a\": 1#end}", Some("$a"))]
#[case(
    "{#if($input.path('$.l').size())\"a\": 1#end}",
    Some("$input.path('$.l').size()")
)]
#[case(
    "#set($f = false)#if($input.path('$.x') == 1)#set($f = true)#end{#if($f)\"a\": 1#end}",
    None
)]
#[case(
    "[#foreach($i in $input.path('$.l'))1#if($foreach.hasNext),#end#end]",
    None
)]
#[case(
    "#set($r = $input.path('$')){#if($r.containsKey('a'))\"a\": 1#end}",
    None
)]
#[case("#set($m = {})#set($m.a = false){#if($m.a)\"a\": 1#end}", None)]
#[case("[#foreach($i in [true, false])#if($i)1#else0#end#end]", None)]
// What is tested for a value beside it.
#[case(
    "#set($r = $input.path('$')){#if($r.a && $r.a != '')\"a\": 1#end}",
    None
)]
#[case(
    "#set($r = $input.path('$')){#if($r.a && $r.a == 'x')\"a\": 1#end}",
    None
)]
#[case(
    "#set($r = $input.path('$')){#if(${r.a} && $r.a.size() > 0)\"a\": 1#end}",
    None
)]
#[case("{#if($input.body && $input.body.contains('x'))\"a\": 1#end}", None)]
#[case("{#if($input.body && !$input.body.isEmpty())\"a\": 1#end}", None)]
#[case(
    "#set($a = $input.params('a')){#if($a && $a.contains('x'))\"a\": 1#end}",
    None
)]
#[case(
    "{#if($context.a.b && $context.a.b.contains('x'))\"a\": 1#end}",
    Some("$context.a.b")
)]
#[case(
    "#set($r = $input.path('$')){#if($r.a && $r.a != 'x')\"a\": 1#end}",
    Some("$r.a")
)]
#[case(
    "#set($r = $input.path('$')){#if($r.a && $r.b != '')\"a\": 1#end}",
    Some("$r.a")
)]
#[case(
    "#set($r = $input.path('$')){#if($r.a || $r.a != '')\"a\": 1#end}",
    Some("$r.a")
)]
#[case(
    "#set($r = $input.path('$')){#if($r.a && $r.ab.contains('x'))\"a\": 1#end}",
    Some("$r.a")
)]
fn conditions_see_through_variables(#[case] source: &str, #[case] at: Option<&str>) {
    let of_rule = found(source)
        .into_iter()
        .filter(|(rule, _)| *rule == "constant-condition");
    let at: Vec<_> = at.into_iter().collect();
    assert_eq!(of_rule.map(|(_, at)| at).collect::<Vec<_>>(), at);
}

/// JSON inside a JSON string: one escape for each level.
#[test]
fn every_level_needs_its_escape() {
    let report = lint(NESTED);
    let [finding] = &report.findings[..] else {
        panic!("{report:#?}")
    };
    assert_eq!(finding.rule, Rule::UnescapedValue);
    assert!(
        finding.why.contains(r#"`x","admin":"1`"#),
        "{}",
        finding.why
    );
    assert!(!report.json_safe());
    let cured = format!(
        "{}{}{}",
        &NESTED[..finding.span.start],
        finding.cure.trim_matches('`'),
        &NESTED[finding.span.end..]
    );
    let report = lint(&cured);
    assert!(
        report.findings.is_empty() && report.json_safe(),
        "{cured} {report:#?}"
    );
    // What the counterexample does to either.
    let render = |source: &str| {
        let context = crate::template::Variables::default();
        let body = r#"{"a": "it's x\",\"admin\":\"1"}"#;
        let scope = crate::template::Scope::new(body, &context);
        let text = MappingTemplate::parse(source)
            .unwrap()
            .render(&scope)
            .unwrap();
        let outer: serde_json::Value = serde_json::from_str(&text).unwrap();
        serde_json::from_str::<serde_json::Value>(outer["input"].as_str().unwrap())
    };
    assert_eq!(
        render(&cured).unwrap()["action"],
        r#"it's x","admin":"1"#,
        "{cured}"
    );
    assert_eq!(render(NESTED).unwrap()["admin"], "1");
}

#[rstest]
// A whole JSON text, escaped once.
#[case(
    r#"{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")"}"#,
    true
)]
#[case(
    r#"{"input": "{\"d\": $util.escapeJavaScript($input.json('$.d')).replaceAll("\\'","'")}"}"#,
    true
)]
#[case(r#"{"input": "{\"id\": \"$context.connectionId\"}"}"#, true)]
#[case(r#"{"input": "{\"d\": $input.json('$.d')}"}"#, false)]
// Texts with quotes or brackets that are no JSON.
#[case(
    r#"{"t": "he said \"$util.escapeJavaScript($input.body).replaceAll("\\'","'")\""}"#,
    true
)]
#[case(
    r#"{"t": "[$util.escapeJavaScript($input.body).replaceAll("\\'","'")] x"}"#,
    true
)]
#[case(
    r#"{"t": "{$util.escapeJavaScript($input.body).replaceAll("\\'","'")}"}"#,
    true
)]
// By way of a variable.
#[case(
    r#"#set($d = "{""a"": ""$util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")""}"){"Detail": "$util.escapeJavaScript($d).replaceAll("\\'","'")"}"#,
    false
)]
fn levels(#[case] source: &str, #[case] safe: bool) {
    let report = lint(source);
    assert_eq!(report.json_safe(), safe, "{report:#?}");
    assert_eq!(report.findings.is_empty(), safe, "{report:#?}");
}

/// What an author is told, a page for each rule.
#[test]
fn pages() {
    let deep = "x".repeat(MAX_BYTES + 1);
    let examples = [
        (Rule::Syntax, "{\n  \"a\": #if($x) 1\n}"),
        (Rule::TrailingSign, "{\"price\": 1} ## in $\n$"),
        (Rule::TooLarge, &deep),
        (
            Rule::SingleQuote,
            r#"{"body": "$util.escapeJavaScript($input.body)"}"#,
        ),
        (
            Rule::UnescapedValue,
            r#"{"auth": "$context.authorizer.principalId"}"#,
        ),
        (Rule::BareValue, r#"{"count": $input.path('$.count')}"#),
        (
            Rule::JsonInString,
            r#"{"message": "$input.json('$.message')"}"#,
        ),
        (Rule::NotJson, "{\n  \"stage\": \"$context.stage\",\n}"),
        (
            Rule::UnknownContextName,
            r#"{"isBase64Encoded": "$context.isBase64Encoded"}"#,
        ),
        (Rule::UnknownName, r#"{"route": "$connect"}"#),
        (
            Rule::HyphenInName,
            r#"{"room": "$context.stage-$context.apiId"}"#,
        ),
        (
            Rule::ConstantCondition,
            r#"{"admin": #if($context.authorizer.admin) true #else false #end}"#,
        ),
        (
            Rule::UnsupportedDirective,
            "#macro(id)$context.connectionId#end{\"id\": \"#id()\"}",
        ),
    ];
    assert_eq!(examples.each_ref().map(|(rule, _)| *rule), Rule::ALL);
    for (rule, source) in examples {
        page(&format!("lint-{rule}"), rule, source, &lint(source));
    }
    // Rules that are told in other words elsewhere.
    for (name, rule, output, source) in [
        (
            "inner-json",
            Rule::UnescapedValue,
            Output::Json,
            r#"{"input": "{\"name\": \"$util.escapeJavaScript($input.path('$.name'))\"}"}"#,
        ),
        (
            "form",
            Rule::UnescapedValue,
            Output::Form,
            "Action=SendMessage&MessageBody=$input.body",
        ),
        (
            "xml",
            Rule::UnescapedValue,
            Output::Xml,
            "<name>$input.path('$.name')</name>",
        ),
        (
            "escaped-outside",
            Rule::BareValue,
            Output::Json,
            r#"{"body": $util.escapeJavaScript($input.json('$'))}"#,
        ),
        (
            "number",
            Rule::BareValue,
            Output::Json,
            r#"{"limit": $input.params('limit')}"#,
        ),
    ] {
        let report = lint_as(source, output);
        page(&format!("lint-{rule}-{name}"), rule, source, &report);
    }
}

fn page(name: &str, rule: Rule, source: &str, report: &Report) {
    let mut findings = report.findings.iter();
    let finding = findings.find(|finding| finding.rule == rule).unwrap();
    let heading = format!("{rule}: {}", finding.message);
    let shown = if source.len() > 1000 { "" } else { source };
    let text = velocity::excerpt(&heading, finding.span.clone(), "template.vtl", shown);
    let page = format!("{text}why: {}\ncure: {}\n", finding.why, finding.cure);
    let description = format!("the rule {rule}, as it is told");
    let mut settings = crate::snapshots::page("template", &description);
    settings.set_snapshot_path("../../../../snapshots/template");
    settings.bind(|| insta::assert_snapshot!(name, page));
}

/// The linter held to its word.
#[cfg(feature = "proptest")]
mod promise {
    use indexmap::IndexMap;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde::de::IgnoredAny;
    use serde_json::Map;

    use super::super::{Rule, lint};
    use crate::strategy;
    use crate::template::{MappingTemplate, Params, Scope, Variables};

    /// What the API takes for a stage variable: `[A-Za-z0-9-._~:/?#&=,]+`.
    fn stage_variable(token: &str) -> String {
        let allowed = |char: &char| char.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(*char);
        token.chars().filter(allowed).collect()
    }

    fn is_json(template: &MappingTemplate, body: &str, token: &str) -> Result<(), String> {
        let context = Variables::from(strategy::message_context(token, token));
        let values = IndexMap::from_iter([("token".to_owned(), token.to_owned())]);
        let params = Params {
            header: values.clone(),
            ..Params::default()
        };
        let stage_variables = Variables::from(Map::from_iter([(
            "name".to_owned(),
            stage_variable(token).into(),
        )]));
        let scope = Scope::new(body, &context)
            .params(&params)
            .stage_variables(&stage_variables);
        let text = match template.render(&scope) {
            Ok(text) => text,
            // Such a message never reaches the integration.
            Err(error) if error.to_string().contains("could not process payload") => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        match serde_json::from_str::<IgnoredAny>(&text) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{error}: {text}")),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 1200,
            max_global_rejects: 100_000,
            ..ProptestConfig::default()
        })]

        // For every template that is passed: eight messages and tokens.
        #[test]
        fn what_is_called_json_safe_renders_to_json(
            source in strategy::mapping_template()
                .prop_filter("passed", |source| lint(source).json_safe()),
            inputs in proptest::collection::vec((strategy::body(), strategy::token()), 8)
        ) {
            let template = MappingTemplate::parse(&source).unwrap();
            for (body, token) in &inputs {
                if let Err(problem) = is_json(&template, body, token) {
                    prop_assert!(false, "{source}\nbody {body:?}, token {token:?}\n{problem}");
                }
            }
        }

        /// A template with up to two edits: it has a finding about its syntax if and only if it
        /// cannot be parsed, and then nobody promises JSON. Every span is in the template.
        #[test]
        fn a_template_that_cannot_be_parsed_is_found(
            mut source in strategy::mapping_template(),
            edits in proptest::collection::vec(
                (any::<Index>(), "[$#(){}\\[\\]'\"\\\\é]?|#end|#if"),
                0..3,
            ),
        ) {
            for (at, piece) in edits {
                let ends: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
                match ends.get(at.index(ends.len() + 1)) {
                    Some(at) if piece.is_empty() => drop(source.remove(*at)),
                    at => source.insert_str(at.copied().unwrap_or(source.len()), &piece),
                }
            }
            let report = lint(&source);
            let is_template = MappingTemplate::parse(&source).is_ok();
            let is_syntax = |rule| matches!(rule, Rule::Syntax | Rule::TrailingSign);
            let found = report.findings.iter().any(|finding| is_syntax(finding.rule));
            prop_assert_eq!(found, !is_template, "{}", source);
            prop_assert!(is_template || !report.json_safe(), "{}", source);
            for finding in report.findings {
                prop_assert!(source.get(finding.span.clone()).is_some(), "{source} {finding:?}");
            }
        }
    }
}
