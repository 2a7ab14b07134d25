use std::time::Duration;

use serde_json::json;

use super::*;

const TABLE: &str = "
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  F:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: broadcast, Runtime: provided.al2023, CodeUri: f/}
";

const ARN: &str =
    "arn:aws:dynamodb:us-east-1:000000000000:table/rows/stream/1970-01-01T00:00:00.000";

/// A mapping with these properties.
fn with(properties: &str) -> Result<Assembly, Error> {
    let mapping = format!(
        "{TABLE}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{{properties}}}
"
    );
    read("", &mapping, &[])
}

const WHOLE: &str = "FunctionName: !Ref F, EventSourceArn: !GetAtt Rows.StreamArn";

fn warnings(stack: &Assembly) -> Vec<String> {
    stack.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn a_mapping_has_lambda_s_defaults() {
    let stack = with(&format!("{WHOLE}, StartingPosition: LATEST")).unwrap();
    let expected = EventSourceMapping {
        logical_id: "M".to_owned(),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:broadcast".to_owned(),
        table: "rows".to_owned(),
        event_source_arn: ARN.to_owned(),
        starting_position: StartingPosition::Latest,
        batch_size: 100,
        batching_window: Duration::ZERO,
        retries: None,
        record_age: None,
        bisect: false,
        reports_item_failures: false,
        filters: Vec::new(),
    };
    assert_eq!(stack.event_source_mappings(), [expected]);
    assert!(stack.functions()[0].is_called);
    assert_eq!(warnings(&stack), [""; 0]);
}

#[test]
fn every_property_is_read() {
    let properties = r#"FunctionName: 000000000000:function:broadcast:live,
      EventSourceArn: arn:aws:dynamodb:eu-west-1:1:table/rows/stream/x, StartingPosition: TRIM_HORIZON,
      BatchSize: 10, MaximumBatchingWindowInSeconds: 5, MaximumRetryAttempts: 0,
      MaximumRecordAgeInSeconds: 60, BisectBatchOnFunctionError: true,
      FunctionResponseTypes: [ReportBatchItemFailures], ParallelizationFactor: 1,
      TumblingWindowInSeconds: 0, Enabled: 'true',
      FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}"#;
    let stack = with(properties).unwrap();
    let [mapping] = stack.event_source_mappings() else {
        panic!("{:?}", warnings(&stack));
    };
    assert_eq!(mapping.starting_position, StartingPosition::TrimHorizon);
    assert_eq!(
        mapping.event_source_arn,
        "arn:aws:dynamodb:eu-west-1:1:table/rows/stream/x"
    );
    assert_eq!((mapping.batch_size, mapping.retries), (10, Some(0)));
    assert_eq!(mapping.batching_window, Duration::from_secs(5));
    assert_eq!(mapping.record_age, Some(Duration::from_secs(60)));
    assert!(mapping.bisect && mapping.reports_item_failures);
    assert!(mapping.filters[0].matches(&json!({"eventName": "INSERT"})));
    assert_eq!(warnings(&stack), [""; 0]);
    let off = with(&format!(
        "{WHOLE}, StartingPosition: LATEST, Enabled: false"
    ))
    .unwrap();
    assert_eq!(off.event_source_mappings(), []);
    let endless =
        "StartingPosition: LATEST, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1";
    let stack = with(&format!("{WHOLE}, {endless}")).unwrap();
    let mapping = &stack.event_source_mappings()[0];
    assert_eq!((mapping.retries, mapping.record_age), (None, None));
}

#[test]
fn sam_s_event_of_a_function_is_a_mapping() {
    let resources = TABLE.replace(
        "CodeUri: f/",
        "CodeUri: f/, Events: {Changes: {Type: DynamoDB, Properties: {Stream: !GetAtt \
         Rows.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 3}}}",
    );
    let stack = read("", &resources, &[]).unwrap();
    let [mapping] = stack.event_source_mappings() else {
        panic!("{:?}", warnings(&stack));
    };
    assert_eq!((&*mapping.logical_id, mapping.batch_size), ("FChanges", 3));
    assert_eq!(mapping.function_arn, stack.functions()[0].arn);
    assert_eq!(warnings(&stack), [""; 0]);
}

#[test]
fn what_is_not_done_is_a_warning() {
    let latest = format!("{WHOLE}, StartingPosition: LATEST");
    for (properties, expected) in [
        (
            "FunctionName: !Ref F, EventSourceArn: arn:aws:sqs:us-east-1:1:q",
            "has no effect here: `arn:aws:sqs:us-east-1:1:q` is not the stream of a table",
        ),
        (
            "FunctionName: !Ref F, EventSourceArn: !ImportValue rows",
            "the event source mapping `M` has no effect here",
        ),
        (
            "FunctionName: !Ref F, EventSourceArn: arn:aws:dynamodb:us-east-1:1:table/x/stream/1",
            "the table `x` is not in this template",
        ),
        (
            "FunctionName: other, EventSourceArn: !GetAtt Rows.StreamArn",
            "the function `other` is not in this template",
        ),
        (
            &format!("{latest}, TumblingWindowInSeconds: 30"),
            "there are no tumbling windows",
        ),
    ] {
        let stack = with(properties).unwrap();
        assert_eq!(stack.event_source_mappings(), [], "{properties}");
        let warnings = warnings(&stack).join("\n");
        assert!(warnings.contains(expected), "{properties}: {warnings}");
    }
    for property in [
        "DestinationConfig: {OnFailure: {Destination: q}}",
        "ParallelizationFactor: 2",
        "Other: 1",
    ] {
        let stack = with(&format!("{latest}, {property}")).unwrap();
        assert_eq!(stack.event_source_mappings().len(), 1, "{property}");
        let name = property.split(':').next().unwrap();
        let warnings = warnings(&stack).join("\n");
        assert!(
            warnings.contains(&format!("`{name}` of")),
            "{property}: {warnings}"
        );
    }
}

#[test]
fn what_cloudformation_refuses_is_an_error() {
    for (properties, expected) in [
        (
            "BatchSize: 0",
            "`BatchSize` of `M` must be a number from 1 to 10000",
        ),
        (
            "MaximumRecordAgeInSeconds: 30",
            "must be -1, or 60 to 604800",
        ),
        (
            "BisectBatchOnFunctionError: maybe",
            "must be `true` or `false`",
        ),
        (
            "FunctionResponseTypes: [Other]",
            "must be a list of `ReportBatchItemFailures`",
        ),
        (
            "FilterCriteria: {Filters: [{Pattern: '{\"a\": 1}'}]}",
            "a `Pattern` of `M` is wrong: `a`: it must be a list of values or rules, or a map",
        ),
    ] {
        let error = with(&format!("{WHOLE}, StartingPosition: LATEST, {properties}")).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = with(&format!("{WHOLE}, StartingPosition: AT_TIMESTAMP")).unwrap_err();
    assert!(
        error.to_string().contains("`TRIM_HORIZON` or `LATEST`"),
        "{error}"
    );
    let resources = TABLE.replace("StreamSpecification: {StreamViewType: NEW_IMAGE}", "")
        + &format!(
            "\n  M:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: {{{WHOLE}}}\n"
        );
    let error = read("", &resources, &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("reads the stream of `Rows`, which has none"),
        "{error}"
    );
}
