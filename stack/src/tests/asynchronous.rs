//! What templates say of events that nobody waits for, of how many may be in work, and of versions.

use std::time::Duration;

use super::*;
use crate::Asynchronous;

const GLOBALS: &str = "Globals: {Function: {EventInvokeConfig: {MaximumRetryAttempts: 1}}}";

/// The assembly of a stack with a SAM function `F`, which has these properties, and more.
fn with(properties: &str, more: &str) -> Result<Assembly, Error> {
    let resources = format!(
        "
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: f, Handler: a.b, Runtime: nodejs22.x{properties}}}
{more}"
    );
    read(GLOBALS, &resources, &[])
}

#[test]
fn sam_s_property_and_the_resource_are_read() {
    let config =
        ", ReservedConcurrentExecutions: 7, EventInvokeConfig: {MaximumEventAgeInSeconds: 60}";
    let assembly = with(config, "").expect("a stack");
    let function = &assembly.functions()[0];
    assert_eq!(function.reserved_concurrency, Some(7));
    let age = Duration::from_secs(60);
    // SAM merges maps of `Globals` key by key.
    let own = Asynchronous {
        maximum_retries: 1,
        maximum_age: age,
    };
    assert_eq!(function.asynchronous, own);

    let resource = "
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !GetAtt F.Arn
      Qualifier: $LATEST
      MaximumRetryAttempts: 0
      DestinationConfig: {OnFailure: {Destination: 'arn:aws:sqs:us-east-1:1:q'}}
";
    let assembly = with("", resource).expect("a stack");
    let function = &assembly.functions()[0];
    assert_eq!(function.reserved_concurrency, None);
    let own = Asynchronous {
        maximum_retries: 0,
        ..Asynchronous::default()
    };
    assert_eq!(function.asynchronous, own);
    let warnings: Vec<String> = assembly
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        warnings
            .join("\n")
            .contains("`DestinationConfig` of `Config`"),
        "{warnings:?}"
    );
}

#[test]
fn the_function_of_a_config_has_several_names_and_one_of_none_is_warned_about() {
    let named = |name: &str| {
        let resource = format!(
            "
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {{FunctionName: {name}, MaximumRetryAttempts: 0}}
"
        );
        let assembly = with(", FunctionName: f", &resource).expect("a stack");
        let retries = assembly.functions()[0].asynchronous.maximum_retries;
        let warnings: Vec<_> = assembly
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        (retries, warnings.join("\n"))
    };
    let expected = "`Config` has no effect: the function `";
    for name in [
        "f",
        "!Ref F",
        "'f:live'",
        "!GetAtt F.Arn",
        "!Sub '${AWS::AccountId}:function:f'",
        "!Sub '${AWS::AccountId}:function:f:live'",
    ] {
        let (retries, warnings) = named(name);
        assert_eq!(retries, 0, "{name}");
        assert!(!warnings.contains(expected), "{name}: {warnings}");
    }
    for name in ["g", "F", "'111111111111:function:g'"] {
        let (retries, warnings) = named(name);
        assert_eq!(retries, 1, "{name}");
        assert!(warnings.contains(expected), "{name}: {warnings}");
    }
}

#[test]
fn globals_are_a_function_s_own() {
    let assembly = with("", "").expect("a stack");
    assert_eq!(assembly.functions()[0].asynchronous.maximum_retries, 1);
}

#[test]
fn numbers_out_of_range_are_errors() {
    let resource = "
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref F, MaximumRetryAttempts: 3}
";
    let error = with("", resource).expect_err("three attempts").to_string();
    assert!(
        error.contains("`MaximumRetryAttempts` must be a number from 0 to 2"),
        "{error}"
    );
}

#[test]
fn versions_are_numbered_and_aliases_named() {
    let more = "
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref F, FunctionVersion: !GetAtt One.Version, Name: live}
  One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt F.Arn}}
  Two: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
  Foreign: {Type: AWS::Lambda::Alias, Properties: {FunctionName: other, Name: foreign}}
";
    let assembly = with("", more).expect("a stack");
    assert_eq!(assembly.functions()[0].qualifiers, ["1", "2", "live"]);
    assert_eq!(assembly.warnings(), []);
}
