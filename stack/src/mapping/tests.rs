use super::*;
use rstest::rstest;

const TEXT: &str = "\
Resources:
  A:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      RequestTemplates:
        é: |
          {
            \"é\": \"$input.body\"
          }
        quoted: '{\"a\": $x}'
        number: !Ref B
        sub: !Sub '{\"r\": \"${AWS::Region}\", \"b\": $x}'
  B:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ResponseTemplates:
        x: $input.body
";

#[test]
fn templates_have_their_locations() {
    let all = MappingTemplates::parse("t.yaml", TEXT).unwrap();
    let names: Vec<_> = all
        .templates
        .iter()
        .map(|each| each.place.as_ref().unwrap())
        .map(|place| (&*place.resource, place.property, &*place.key))
        .collect();
    assert_eq!(
        names,
        [
            ("A", "RequestTemplates", "é"),
            ("A", "RequestTemplates", "quoted"),
            ("A", "RequestTemplates", "sub"),
            ("B", "ResponseTemplates", "x"),
        ]
    );
    for template in [0, 1, 2, 3] {
        let template = &all.templates[template];
        let at = template.text.find('$').unwrap();
        let span = all.locate(template, at..at + 2);
        assert!(
            TEXT[span.start..].starts_with('$'),
            "{}",
            &TEXT[span.start..]
        );
    }
    assert_eq!(all.templates[2].text, r#"{"r": "xxxxxxxxxxxxxx", "b": $x}"#);
}

#[test]
fn what_is_not_yaml_is_an_error() {
    assert!(MappingTemplates::parse("t.yml", "a: [").is_err());
    assert!(
        MappingTemplates::parse("t.yml", "a: 1")
            .unwrap()
            .templates
            .is_empty()
    );
}

#[test]
fn the_end_of_the_name_and_resources_make_a_stack() {
    let json = r#"{"Resources": {"A": {"Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {"RequestTemplates": {"$default": "{\"a\": 1}"}}}}}"#;
    let template = r#"{"a": "$input.body"}"#;
    for (name, text, places) in [
        ("t.json", json, vec!["A RequestTemplates `$default`"]),
        ("t.JSON", json, vec!["A RequestTemplates `$default`"]),
        ("t.json", template, vec![""]),
        ("t.json", "{\"a\": $input.json('$')", vec![""]),
        ("t.json", "{\"Resources\": $x}", vec![""]),
        ("t.vtl", json, vec![""]),
        ("template", template, vec![""]),
    ] {
        let all = MappingTemplates::parse(name, text).unwrap();
        let place = |each: &MappingTemplate| each.place.as_ref().map(ToString::to_string);
        let found: Vec<_> = all.templates.iter().map(place).collect();
        let found: Vec<_> = found.into_iter().map(Option::unwrap_or_default).collect();
        assert_eq!(found, places, "{name} {text}");
    }
    let text = "{\n  é $x";
    let all = MappingTemplates::parse("t", text).unwrap();
    let at = text.find('$').unwrap();
    let span = all.locate(&all.templates[0], at..at + 2);
    assert!(text[span.start..].starts_with('$'));
}

#[test]
fn a_template_writes_what_its_receiver_takes() {
    let output = |properties: &str, template: &str| {
        let text = format!(
            "Resources:\n  A:\n    Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      \
                 RequestTemplates: {{x: '{template}'}}\n      {properties}"
        );
        MappingTemplates::parse("t.yaml", &text).unwrap().templates[0].output
    };
    for (properties, template, expected) in [
        (
            "IntegrationUri: !Sub arn:aws:apigateway:${R}:lambda:path/x",
            "Action=a",
            Output::Json,
        ),
        (
            "IntegrationUri: {Fn::Join: ['', [arn, ':sqs:path/x']]}",
            "$x",
            Output::Form,
        ),
        (
            "IntegrationUri: arn:aws:apigateway:r:sns:action/Publish",
            "$x",
            Output::Form,
        ),
        (
            "IntegrationUri: arn:aws:apigateway:r:events:action/PutEvents",
            "$x",
            Output::Json,
        ),
        ("IntegrationType: HTTP", "<a/>", Output::Xml),
        ("IntegrationType: HTTP", "a=$x", Output::Form),
        ("IntegrationType: HTTP", "{}", Output::Json),
        ("IntegrationType: HTTP", "$input.body", Output::Text),
        (
            "RequestParameters: {integration.request.header.content-type: \"'text/xml'\"}",
            "$x",
            Output::Xml,
        ),
        (
            "ContentHandlingStrategy: CONVERT_TO_BINARY",
            "$util.base64Encode($x)",
            Output::Text,
        ),
        (
            "IntegrationUri: a:sqs:path\n      RequestParameters: \
                 {integration.request.header.Content-Type: \"'application/x-amz-json-1.0'\"}",
            "$x",
            Output::Json,
        ),
    ] {
        assert_eq!(
            output(properties, template),
            expected,
            "{properties} {template}"
        );
    }
}

/// The mapping templates of an integration with these `RequestTemplates`.
fn read(templates: &str) -> MappingTemplates {
    let text = format!(
        "Resources:\n  A:\n    Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      \
         RequestTemplates: {templates}"
    );
    MappingTemplates::parse("t.yaml", &text).unwrap()
}

/// What the stack's functions give, and the `$a` in it is found where it is written.
#[rstest]
#[case::literal(r#"!Sub '{"a": $a, "b": "${!b}"}'"#, r#"{"a": $a, "b": "${b}"}"#)]
#[case::name(
    r#"!Sub '{"b": "${Table}", "a": $a}'"#,
    r#"{"b": "xxxxxxxx", "a": $a}"#
)]
#[case::attribute(r#"!Sub '["${B.Arn}", $a]'"#, r#"["xxxxxxxx", $a]"#)]
#[case::alone(
    r#"!Sub '{"n": ${N}, "a": [ ${N} ], $a}'"#,
    r#"{"n": 1111, "a": [ 1111 ], $a}"#
)]
#[case::argument("!Sub '#set($n = ${N})$a.get(${N})'", "#set($n = 1111)$a.get(1111)")]
#[case::long(r#"{"Fn::Sub": "{\"${Key}\": $a}"}"#, r#"{"xxxxxx": $a}"#)]
#[case::list(
    r#"!Sub ['{"b": ${B}, "c": "${C}", "a": $a}', {B: '"it"', C: !Ref D}]"#,
    r#"{"b": "it", "c": "xxxx", "a": $a}"#
)]
#[case::long_list(
    r#"{"Fn::Sub": ["${T} ${Other}", {"T": {"Fn::Sub": "é $a ${U}"}}]}"#,
    "é $a xxxx xxxxxxxx"
)]
#[case::join(
    r#"!Join ['', ['{"t": "', !Ref T, '", "a": $a}']]"#,
    r#"{"t": "xxxx", "a": $a}"#
)]
#[case::long_join(
    r#"{"Fn::Join": ["\n", ["{\"n\":", {"Ref": "N"}, ",", {"Fn::Sub": "$a"}, "}"]]}"#,
    "{\"n\":\n1111\n,\n$a\n}"
)]
#[case::nested(r#"!Join [' ', [a, !Join ['-', [b, "\u0063", $a]]]]"#, "a b-c-$a")]
fn functions_give_their_text(#[case] node: &str, #[case] expected: &str) {
    let all = read(&format!("{{x: {node}}}"));
    let template = &all.templates[0];
    assert_eq!((&*template.text, all.unread.len()), (expected, 0));
    let at = template.text.find("$a").unwrap();
    assert_eq!(&all.text()[all.locate(template, at..at + 2)], "$a");
}

#[rstest]
#[case("{x: !ImportValue a}", "A RequestTemplates `x`", "Fn::ImportValue")]
#[case("{x: !Ref Whole}", "A RequestTemplates `x`", "Ref")]
#[case("{x: !GetAtt [B, C]}", "A RequestTemplates `x`", "Fn::GetAtt")]
#[case(
    "{x: !Sub ['${B}', {B: !ImportValue c}]}",
    "A RequestTemplates `x`",
    "Fn::ImportValue"
)]
#[case(
    "{x: !Join ['', [a, !If [B, c, d]]]}",
    "A RequestTemplates `x`",
    "Fn::If"
)]
#[case(
    "{x: !Join ['', !Split [',', a]]}",
    "A RequestTemplates `x`",
    "Fn::Split"
)]
#[case("{x: !Join [a]}", "A RequestTemplates `x`", "`Fn::Join` takes a list")]
#[case("{x: {y: z}}", "A RequestTemplates `x`", "no text")]
#[case("!If [B, {x: c}, {x: d}]", "A RequestTemplates", "Fn::If")]
#[case(
    "{'Fn::Transform': {Name: 'AWS::Include'}}",
    "A RequestTemplates",
    "Fn::Transform"
)]
fn what_cannot_be_read_is_named(#[case] node: &str, #[case] name: &str, #[case] reason: &str) {
    let all = read(node);
    assert!(all.templates.is_empty());
    let [unread] = &all.unread[..] else {
        panic!("{:?}", all.unread)
    };
    assert_eq!(unread.name, name);
    assert!(unread.reason.contains(reason), "{}", unread.reason);
    assert!(!all.text()[unread.span.clone()].is_empty());
}

#[test]
fn resources_that_a_function_makes_are_named() {
    let text = "Resources:\n  Fn::ForEach::All: [Name, [A], {}]\n  A:\n    \
        Type: AWS::ApiGatewayV2::Integration\n    Properties: !If [A, {}, {}]\n";
    let all = MappingTemplates::parse("t.yaml", text).unwrap();
    let names: Vec<_> = all.unread.iter().map(|unread| &*unread.name).collect();
    assert_eq!(names, ["Fn::ForEach::All", "A"]);
}

// What JSON may write and YAML may not.
#[test]
fn json_is_read_with_tabs_and_surrogates() {
    let text = "{\n\t\"Resources\": {\"A\": {\"Type\": \"AWS::ApiGatewayV2::Integration\",\n\t\
        \"Properties\": {\"RequestTemplates\": {\"x\": \"\\ud83d\\uDE00 \\udead \\\\ud83d \\u00e9 $a\\/\"}}}}}";
    let all = MappingTemplates::parse("t.json", text).unwrap();
    let template = &all.templates[0];
    assert_eq!(template.text, "😀 \u{fffd} \\ud83d é $a/");
    assert!(template.place.is_some());
    let at = template.text.find("$a").unwrap();
    assert_eq!(&text[all.locate(template, at..at + 2)], "$a");
}
