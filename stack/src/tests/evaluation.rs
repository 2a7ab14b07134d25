//! Values that depend on what is given: parameters with their constraints, rules, Parameter Store,
//! dynamic references; and the functions of networks and zones.

use rstest::rstest;

use super::*;

/// A function that a route calls, with a variable.
fn variable(sections: &str, value: &str, given: &[(&str, &str)]) -> Result<Assembly, Error> {
    variable_beside("", sections, value, given)
}

/// The same with more resources.
fn variable_beside(
    more: &str,
    sections: &str,
    value: &str,
    given: &[(&str, &str)],
) -> Result<Assembly, Error> {
    let resources = format!(
        "
{more}
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code: .
      Runtime: provided.al2023
      Environment: {{Variables: {{A: {value}}}}}
  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}
  R:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: r, Target: !Sub 'integrations/${{I}}'}}
  P:
    Type: AWS::Lambda::Permission
    Properties:
      {{Action: 'lambda:InvokeFunction', FunctionName: !Ref F, Principal: apigateway.amazonaws.com}}
"
    );
    read(sections, &resources, given)
}

fn value(sections: &str, value: &str, given: &[(&str, &str)]) -> String {
    let stack = variable(sections, value, given).expect("it is served");
    stack.functions()[0].environment["A"].clone()
}

#[rstest]
#[case("!Base64 a", "YQ==")]
#[case("{Fn::Base64: !Sub 'x${AWS::Region}'}", "eHVzLWVhc3QtMQ==")]
#[case("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", "10.0.1.0/24")]
#[case("!Join [',', !GetAZs '']", "us-east-1a,us-east-1b,us-east-1c")]
#[case("!Select [0, !GetAZs eu-west-1]", "eu-west-1a")]
#[case("!Select ['1', [a, b]]", "b")]
#[case("!Join ['', [a, 1, true]]", "a1true")]
#[case("!Select [0, !Split [', ', 'a, b']]", "a")]
#[case("!FindInMap [M, a, b]", "c")]
fn functions_give(#[case] written: &str, #[case] expected: &str) {
    assert_eq!(value("Mappings: {M: {a: {b: c}}}", written, &[]), expected);
}

#[rstest]
#[case("!Split ['', abc]", "the delimiter of `Fn::Split` must not be empty")]
#[case("!Cidr [10.0.0.0/24, 9, 5]", "has no room for 9 networks of 5 bits")]
#[case("!Cidr [x]", "`Fn::Cidr` takes a block, a count and the bits")]
#[case("!Select [0, []]", "chooses from a list that is empty")]
#[case("!Select [-1, [a]]", "an index from 0 to 0")]
#[case("!FindInMap [M, a, bb]", "`Mappings` has no `bb` here")]
#[case("!If [C, a, b]", "`Fn::And` takes a list of 2 to 10 conditions")]
#[case("!Length [a]", "`Fn::Length` needs a transform")]
fn mistakes_of_functions_are_errors(#[case] written: &str, #[case] expected: &str) {
    let sections = "Mappings: {M: {a: {b: c}}}\nConditions: {C: !And [!Equals [a, a]]}";
    let error = variable(sections, written, &[]).expect_err("it is refused");
    assert!(error.message().contains(expected), "{error}");
}

#[rstest]
#[case(
    "{Type: String, AllowedPattern: '[a-z]+'}",
    "abc1",
    "must match `[a-z]+`"
)]
#[case("{Type: String, MinLength: 3}", "ab", "at least 3 characters")]
#[case("{Type: String, MaxLength: 1}", "ab", "at most 1 characters")]
#[case("{Type: Number}", "many", "must be a number")]
#[case("{Type: Number, MinValue: 3}", "2", "must be at least 3")]
#[case("{Type: Number, MaxValue: 3}", "3.5", "must be at most 3")]
#[case("{Type: List<Number>}", "1, x", "must be a number")]
#[case(
    "{Type: CommaDelimitedList, AllowedValues: [a, b]}",
    "a,c",
    "must be one of `a`, `b`"
)]
#[case(
    "{Type: CommaDelimitedList, AllowedPattern: '[a-z]+'}",
    "a, B",
    "each item must match `[a-z]+`"
)]
#[case(
    "{Type: 'AWS::SSM::Parameter::Value<List<String>>', AllowedPattern: '[a-z]+'}",
    "a,b",
    "but must match `[a-z]+`"
)]
#[case("{Type: Strin}", "a", "it must be `String`, `Number`")]
#[case("{Type: Boolean}", "true", "it must be `String`, `Number`")]
#[case("{Default: a}", "a", "the parameter `P` has no `Type`")]
fn constraints_of_parameters_are_checked(
    #[case] declared: &str,
    #[case] given: &str,
    #[case] expected: &str,
) {
    let sections = format!("Parameters: {{P: {declared}}}");
    let error = read(&sections, "", &[("P", given)]).expect_err("it is refused");
    assert!(error.message().contains(expected), "{error}");
    assert!(error.to_string().contains("= help: "), "{error}");
}

#[test]
fn constraints_let_right_values_through_and_secrets_stay_secret() {
    let sections = "Parameters:
  P: {Type: String, AllowedPattern: '[a-z]+', MinLength: 1, MaxLength: 3, AllowedValues: [ab]}
  N: {Type: Number, MinValue: -1, MaxValue: 2.5, Default: 2.5}
  L: {Type: List<String>, AllowedPattern: 'https://[^,]+', MaxLength: 9, Default: 'https://a,https://b'}
";
    read(sections, "", &[("P", "ab")]).expect("it is served");
    let items = variable(sections, "!Select [1, !Ref L]", &[("P", "ab")]).expect("it is a list");
    assert_eq!(items.functions()[0].environment["A"], "https://b");
    let secret = "Parameters: {P: {Type: String, NoEcho: true, MinLength: 10,
      ConstraintDescription: ten letters}}";
    let error = read(secret, "", &[("P", "hunter2")]).expect_err("too short");
    let page = error.to_string();
    assert!(!page.contains("hunter2"), "{page}");
    assert!(page.contains("= help: ten letters"), "{page}");
}

#[test]
fn a_parameter_without_a_value_is_asked_for_only_if_something_needs_it() {
    let sections = "Parameters: {P: {Type: String}, Unused: {Type: String}}";
    let error = variable(sections, "!Ref P", &[]).expect_err("it has no value");
    assert!(
        error
            .message()
            .starts_with("the parameter `P` has no `Default`"),
        "{error}"
    );
    assert!(error.to_string().contains("--parameter P=VALUE"), "{error}");
    let stack = variable(sections, "!Ref P", &[("P", "p")]).expect("it is served");
    let [warning] = stack.warnings() else {
        panic!("{:?}", stack.warnings())
    };
    assert!(warning.message.contains("nothing that is served needs it"));
}

#[test]
fn what_lies_in_other_services_is_given_by_its_own_name() {
    let stored = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}}";
    let error = variable(stored, "!Ref P", &[]).expect_err("it is not known");
    assert!(
        error.message().contains("is `/a/b` of Parameter Store"),
        "{error}"
    );
    assert!(
        error.to_string().contains("`--parameter 'ssm:/a/b=VALUE'`"),
        "{error}"
    );
    assert_eq!(value(stored, "!Ref P", &[("ssm:/a/b", "one")]), "one");
    assert_eq!(
        value(stored, "!Ref P", &[("P", "/c"), ("ssm:/c", "two")]),
        "two"
    );
    let list = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: l}}";
    assert_eq!(value(list, "!Select [1, !Ref P]", &[("ssm:l", "a,b")]), "b");
    let reference = "'{{resolve:secretsmanager:S:SecretString:key}}'";
    let error = variable("", reference, &[]).expect_err("it is not known");
    assert!(
        error
            .to_string()
            .contains("`--parameter 'secretsmanager:S:SecretString:key=VALUE'`"),
        "{error}"
    );
    let given = [("secretsmanager:S:SecretString:key", "hidden")];
    assert_eq!(value("", reference, &given), "hidden");
    let joined = "!Join ['', ['{{resolve:ssm:', !Ref 'AWS::Region', '}}']]";
    assert_eq!(value("", joined, &[("ssm:us-east-1", "here")]), "here");
    // Nothing that is served needs it.
    let stack = read(stored, "", &[]).expect("it is served");
    assert_eq!(stack.warnings(), []);
}

#[test]
fn rules_are_checked() {
    let sections = "
Parameters:
  Stage: {Type: String, Default: dev}
  Size: {Type: String, Default: small}
  BootstrapVersion: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /cdk-bootstrap/version}
Rules:
  Large:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - Assert: {Fn::Contains: [[large, huge], !Ref Size]}
        AssertDescription: prod is large
  CheckBootstrapVersion:
    Assertions:
      - Assert: {Fn::Not: [{Fn::Contains: [['1', '2'], !Ref BootstrapVersion]}]}
        AssertDescription: run cdk bootstrap
  Sizes:
    Assertions:
      - Assert: {Fn::EachMemberIn: [[!Ref Size], [small, large, huge]]}
";
    read(sections, "", &[]).expect("it is served");
    read(sections, "", &[("Stage", "prod"), ("Size", "huge")]).expect("it is served");
    let error = read(sections, "", &[("Stage", "prod")]).expect_err("it is small");
    assert_eq!(error.message(), "the rule `Large` fails: prod is large");
    assert_eq!(error.line(), 10, "{error}");
    let error = read(sections, "", &[("Size", "tiny")]).expect_err("there is no such size");
    assert_eq!(error.message(), "the rule `Sizes` fails");
}

/// What refers to the one before twice, thirty times over, is evaluated thirty times.
#[rstest]
#[case::conditions("!If [C30, a, b]", "a")]
#[case::names("!Ref B30", "n")]
#[case::fifo("!Ref Q30", "https://sqs.")]
fn what_is_named_twice_is_evaluated_once(#[case] written: &str, #[case] expected: &str) {
    let mut conditions = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    let bucket = |number: usize, name: &str| {
        format!("  B{number}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}\n")
    };
    let mut resources = bucket(0, "n") + "  Q0: {Type: AWS::SQS::Queue}\n";
    for number in 1..=30 {
        let below = number - 1;
        let both = |call: &str| format!("{call}{below}, {call}{below}");
        conditions += &format!("  C{number}: !And [{}]\n", both("!Condition C"));
        resources += &bucket(number, &format!("!Select [0, [{}]]", both("!Ref B")));
        let is_fifo = format!("!Select [0, [{}]]", both("!Ref Q"));
        resources += &format!(
            "  Q{number}: {{Type: AWS::SQS::Queue, Properties: {{FifoQueue: {is_fifo}}}}}\n"
        );
    }
    let stack = variable_beside(&resources, &conditions, written, &[]).expect("it is served");
    let found = &stack.functions()[0].environment["A"];
    assert!(found.starts_with(expected), "{found}");
}

/// A map of `Fn::Sub` in another one's map, each named twice.
#[rstest]
#[case::nothing("", true)]
#[case::a_letter("x", false)]
fn texts_that_double_are_bounded(#[case] innermost: &str, #[case] is_served: bool) {
    let mut value = format!("'{innermost}'");
    for _ in 0..30 {
        value = format!("{{'Fn::Sub': ['${{A}}${{A}}', {{A: {value}}}]}}");
    }
    let served = variable_beside("", "", &value, &[]);
    assert_eq!(served.is_ok(), is_served, "{:?}", served.err());
}

/// Texts that double are refused before they fill the memory.
#[test]
fn names_that_grow_without_end_are_refused() {
    let mut resources =
        "  B0: {Type: AWS::S3::Bucket, Properties: {BucketName: name}}\n".to_owned();
    for number in 1..=40 {
        let twice = format!("!Sub '${{B{0}}}${{B{0}}}'", number - 1);
        resources += &format!(
            "  B{number}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {twice}}}}}\n"
        );
    }
    let error = variable_beside(&resources, "", "!Ref B40", &[]).expect_err("it is too long");
    assert!(
        error.message().ends_with("is longer than any name"),
        "{error}"
    );
}

#[test]
fn conditions_are_named_as_they_are_written() {
    let sections = "Conditions: {Yes: !Equals [a, a], No: !Not [!Condition Yes]}
Mappings: {M: {On: {Off: switched}}}";
    let more = "  Gone: {Type: AWS::S3::Bucket, Condition: No, DependsOn: F}
  Kept: {Type: AWS::S3::Bucket, Condition: Yes}";
    for (written, expected) in [
        ("!If [Yes, !Ref Kept, b]", "gatespec-kept"),
        ("{Fn::If: [No, a, yes]}", "true"),
        ("!FindInMap [M, On, Off]", "switched"),
    ] {
        let stack = variable_beside(more, sections, written, &[]).expect("it is served");
        assert_eq!(stack.functions()[0].environment["A"], expected, "{written}");
    }
    let error = variable_beside(more, sections, "!Ref Gone", &[]).expect_err("it is not there");
    assert!(error.message().contains("`Gone`"), "{error}");
}

// Python's `json.dumps` writes every character beyond the BMP so.
#[test]
fn json_s_surrogates_are_characters_of_a_served_stack() {
    let text = r#"{"Description": "\uD83D\uDE00", "Resources": {
  "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
    "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}},
  "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
    "ApiId": {"Ref": "Api"}, "StageName": "test", "AutoDeploy": true}},
  "R": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
    "ApiId": {"Ref": "Api"}, "RouteKey": "\ud83d\ude00 \\ud83d", "Target": 1}}}}"#;
    let error = parse("t.json", text, Path::new(""), &settings(&[])).expect_err("the target");
    assert_eq!((error.line(), error.column()), (7, 76), "{error}");
    let text = text.replace(r#", "Target": 1"#, "");
    let stack = parse("t.json", &text, Path::new(""), &settings(&[])).expect("it is served");
    let mut keys = stack.api().routes.keys();
    assert_eq!(
        keys.next().map(spec::route::RouteKey::as_str),
        Some("😀 \\ud83d")
    );
}

#[test]
fn the_condition_of_what_is_not_served_need_not_be_known() {
    let sections = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}}
Conditions: {C: !Equals [!Ref P, b]}";
    let bucket = "  B: {Type: AWS::S3::Bucket, Condition: C}";
    let stack = variable_beside(bucket, sections, "a", &[]).expect("it is served");
    let warnings = stack.warnings().iter();
    let about = warnings.filter(|warning| warning.message.contains("whether `B` exists"));
    assert_eq!(about.count(), 1, "{:?}", stack.warnings());
    let given = [("ssm:/a", "b")];
    variable_beside(bucket, sections, "!Ref B", &given).expect("it is there");
    let table = bucket.replace("S3::Bucket", "Serverless::SimpleTable");
    for (more, value) in [(bucket, "!Ref B"), (bucket, "!GetAtt B.Arn"), (&table, "a")] {
        let error = variable_beside(more, sections, value, &[]).expect_err("it is not known");
        assert!(error.message().contains("of Parameter Store"), "{error}");
    }
}
