//! Values for functions' variables from outside of the template.

use super::*;

const FUNCTION: &str = "
  Send:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      FunctionName: send-message
      Handler: app.handler
      Runtime: nodejs22.x
      Environment: {Variables: {TABLE: !Ref Table, LEVEL: info}}
  Table: {Type: AWS::Serverless::SimpleTable}
";

/// The stack with these variables, or the only error.
fn given(variables: &str) -> Result<Assembly, Error> {
    let variables = Variables::parse(variables).expect("it is valid");
    let settings = Settings {
        variables,
        ..Settings::default()
    };
    let text = format!("Resources:\n{API}{FUNCTION}");
    parse("t.yaml", &text, Path::new("dir"), &settings)
}

#[test]
fn a_given_value_replaces_the_template_s_and_what_is_not_declared_is_warned_of() {
    let stack = given(
        r#"{"Send": {"TABLE": "other", "DEBUG": "1"}, "Parameters": {"LEVEL": "debug", "X": "1"}}"#,
    )
    .expect("the function is there");
    let environment = &stack.functions()[0].environment;
    let texts: Vec<String> = environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(texts, ["TABLE=other", "LEVEL=debug"]);
    let warnings = stack.warnings().iter().map(|warning| &*warning.message);
    let warnings: Vec<&str> = warnings.collect();
    assert_eq!(
        warnings,
        [
            "the function `Send` does not declare the variable `DEBUG`: it is not set",
            "no function declares the variable `X`: it is not set",
        ]
    );
}

#[test]
fn a_function_that_is_not_there_is_an_error_with_the_nearest() {
    let error = given(r#"{"Sent": {"TABLE": "x"}}"#).expect_err("there is none");
    let page = error.to_string();
    assert!(
        page.contains("for the function `Sent`, but the template has no"),
        "{page}"
    );
    assert!(page.contains("did you mean `Send`?"), "{page}");
    let error = given(r#"{"Receive": {}}"#).expect_err("there is none");
    let page = error.to_string();
    assert!(page.contains("its functions are `Send`"), "{page}");
    given(r#"{"send-message": {"TABLE": "x"}}"#).expect("it is called this");
}

#[test]
fn what_stands_beside_variables_is_warned_of() {
    let misplaced = FUNCTION.replace(
        "{Variables: {TABLE: !Ref Table, LEVEL: info}}",
        "{LEVEL: info}",
    );
    let text = format!("Resources:\n{API}{misplaced}");
    let stack = parse("t.yaml", &text, Path::new("dir"), &Settings::default());
    let stack = stack.expect("it is served");
    let warnings: Vec<&str> = stack.warnings().iter().map(|one| &*one.message).collect();
    assert_eq!(
        warnings,
        ["`LEVEL` of `Environment` has no effect: variables stand below `Environment.Variables`"]
    );
}
