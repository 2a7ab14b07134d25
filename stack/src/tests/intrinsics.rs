//! Parameters, conditions and intrinsic functions.

use rstest::rstest;

use super::*;

const DECLARED: &str = "
Parameters:
  Plain: {Type: String, Default: given}
  List: {Type: CommaDelimitedList, Default: 'a, b'}
  Kind: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Kind, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: {Fn::Or: [{Condition: IsProd}, {Condition: IsDev}]}
Mappings:
  Sizes: {dev: {size: small}, prod: {size: large}}
";

const TABLE: &str = "
  Table:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: rows}
";

/// The assembly with an output.
fn output_of(value: &str, parameters: &[(&str, &str)]) -> Result<Assembly, Error> {
    let sections = format!("{DECLARED}Outputs:\n  Out: {{Value: {value}}}\n");
    read(&sections, TABLE, parameters)
}

/// What an intrinsic function evaluates to, as an output.
fn output(value: &str, parameters: &[(&str, &str)]) -> Result<String, Error> {
    Ok(output_of(value, parameters)?.outputs()["Out"].clone())
}

#[rstest]
#[case::reference("!Ref Plain", "given")]
#[case::long_reference("{Ref: Plain}", "given")]
#[case::pseudo("!Ref AWS::AccountId", "000000000000")]
#[case::resource("!Ref Table", "rows")]
#[case::attribute(
    "!GetAtt Table.Arn",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows"
)]
#[case::attribute_list(
    "!GetAtt [Table, Arn]",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows"
)]
#[case::sub(
    "!Sub '${Plain}-${AWS::Region}-${!Plain}-$x'",
    "given-us-east-1-${Plain}-$x"
)]
#[case::sub_with_map("!Sub ['${A}/${Plain}', {A: !Ref Table}]", "rows/given")]
#[case::long_sub(
    "{'Fn::Sub': '${Table.Arn}!'}",
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows!"
)]
#[case::join("!Join ['-', [a, !Ref Plain, {Ref: Table}]]", "a-given-rows")]
#[case::join_of_a_list("!Join ['+', !Ref List]", "a+b")]
#[case::no_value("!Join [',', [a, !Ref AWS::NoValue, b]]", "a,b")]
#[case::select("!Select [1, !Split ['/', a/b/c]]", "b")]
#[case::find_in_map("!FindInMap [Sizes, !Ref Kind, size]", "small")]
#[case::condition("!If [IsProd, p, !If [IsDev, d, x]]", "d")]
#[case::and("!If [Both, both, not]", "not")]
#[case::or("!If [Either, either, not]", "either")]
fn intrinsic_functions_are_evaluated(#[case] value: &str, #[case] expected: &str) {
    match output(value, &[]) {
        Ok(text) => assert_eq!(text, expected),
        Err(error) => panic!("{error}"),
    }
}

#[rstest]
#[case("!Ref Tabel", "there is no parameter or resource `Tabel`")]
#[case(
    "!Sub '${Plain}${Nothing}'",
    "there is no parameter or resource `Nothing`"
)]
#[case("!GetAtt Table.Colour", "no attribute `Colour`")]
#[case("!ImportValue x", "no stack that is known here has the export `x`")]
#[case("!Transform x", "`Fn::Transform` runs no macro here")]
#[case("!Select [2, !Ref List]", "an index from 0 to 1")]
#[case("!Join [a]", "`Fn::Join` takes a list of 2")]
#[case("!If [Nope, a, b]", "there is no condition `Nope`")]
#[case("!FindInMap [Sizes, test, size]", "has no `test`")]
#[case("!Ref List", "must be text")]
fn errors_say_what_is_wrong(#[case] value: &str, #[case] message: &str) {
    // As an output, which is left out if it is only not supported here, and as something that the
    // API depends on.
    match output_of(value, &[]) {
        Err(error) => {
            assert!(error.message().contains(message), "{error}");
            assert_eq!(error.line(), 14, "{error}");
        }
        Ok(assembly) => {
            assert!(assembly.outputs().is_empty());
            let [warning] = assembly.warnings() else {
                panic!("{:?}", assembly.warnings())
            };
            assert_eq!(warning.kind, WarningKind::LeftOut);
            assert!(warning.message.contains(message), "{warning}");
            assert_eq!(warning.line, 14, "{warning}");
        }
    }
    let variable = format!("StageVariables: {{v: {value}}}, StageName: test");
    let api = API.replace("StageName: test", &variable);
    let text = format!("{DECLARED}\nResources:\n{api}{TABLE}");
    let error = parse("t.yaml", &text, Path::new(""), &settings(&[])).unwrap_err();
    assert!(error.message().contains(message), "{error}");
    let line = text
        .lines()
        .position(|line| line.contains("StageVariables"));
    assert_eq!(Some(error.line() - 1), line, "{error}");
}

#[test]
fn parameters_are_given_and_checked() {
    assert_eq!(
        output("!If [IsProd, p, d]", &[("Kind", "prod")]).unwrap(),
        "p"
    );
    let error = output("x", &[("Kind", "test")]).unwrap_err();
    assert!(
        error.message().contains("must be one of `dev`, `prod`"),
        "{error}"
    );
    let error = output("x", &[("Kin", "prod")]).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `Kind`?"),
        "{error}"
    );
}

#[test]
fn what_refers_to_itself_is_an_error() {
    let table = "
  A:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: !Ref B}
  B:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: !Sub 'x${A}'}
";
    let error = read("", table, &[]).unwrap_err();
    assert!(error.message().contains("circular"), "{error}");
    let error = read(
        "Conditions: {A: !Not [!Condition A]}",
        "  X: {Type: Y, Condition: A}",
        &[],
    );
    assert!(error.unwrap_err().message().contains("circular"));
}

#[rstest]
#[case::base64("!Base64 {Fn::Sub: '${Plain}-${Table}'}", "Z2l2ZW4tcm93cw==")]
#[case::zones("!Select [1, !GetAZs {Ref: AWS::Region}]", "us-east-1b")]
#[case::length("!Length {Fn::Split: ['-', a-b-c]}", "3")]
#[case::of_a_tag(
    "!Base64 {Fn::Join: ['-', [!Ref Plain, !Base64 {Ref: Kind}]]}",
    "Z2l2ZW4tWkdWMg=="
)]
#[case::json("!ToJsonString {Fn::Split: ['-', a-b]}", r#"["a","b"]"#)]
#[case::data("!ToJsonString {Fn: x, Ref: y}", r#"{"Fn":"x","Ref":"y"}"#)]
fn the_argument_of_a_tag_may_be_a_call(#[case] value: &str, #[case] expected: &str) {
    let sections = format!(
        "Transform: AWS::LanguageExtensions\n{DECLARED}Outputs:\n  Out: {{Value: {value}}}\n"
    );
    let read = read(&sections, TABLE, &[]).unwrap();
    assert_eq!(read.outputs()["Out"], expected);
    // What it names must be there.
    let sections = sections
        .replace("Plain}", "Plane}")
        .replace("!Ref Plain", "!Ref Plane");
    if sections.contains("Plane") {
        let warnings = self::read(&sections, TABLE, &[]).unwrap();
        let warnings: Vec<String> = warnings
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        let unknown = "there is no parameter or resource `Plane`";
        assert!(
            warnings.iter().any(|one| one.contains(unknown)),
            "{warnings:?}"
        );
    }
}

#[test]
fn an_export_may_be_named_by_a_call_under_a_tag() {
    let sections =
        format!("{DECLARED}Outputs:\n  Out: {{Value: !ImportValue {{Fn::Sub: '${{Plain}}-x'}}}}\n");
    let read = read(&sections, TABLE, &[("given-x", "imported")]).unwrap();
    assert_eq!(read.outputs()["Out"], "imported");
}
