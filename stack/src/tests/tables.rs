//! Tables: what each type declares, and what DynamoDB refuses of it, at its place.

use rstest::rstest;

use super::*;

/// A table with everything, and one part changed.
fn table(before: &str, after: &str) -> Result<Assembly, Error> {
    let text = "
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: !Ref Units, WriteCapacityUnits: '2'}
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: N}
        - {AttributeName: by, AttributeType: B}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: byBy
          KeySchema: [{AttributeName: by, KeyType: HASH}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [a, b]}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      LocalSecondaryIndexes:
        - IndexName: local
          KeySchema:
            - {AttributeName: pk, KeyType: HASH}
            - {AttributeName: by, KeyType: RANGE}
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: e, Enabled: 'True'}
      Tags: [{Key: a, Value: b}]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true}
      DeletionProtectionEnabled: true
      ContributorInsightsSpecification: {Enabled: true}
";
    let changed = text.replacen(before, after, 1);
    assert!(changed != text || before == after, "`{before}` is there");
    let units = "Parameters: {Units: {Type: Number, Default: 3}}";
    read(units, &changed, &[])
}

#[test]
fn a_table_is_a_create_table_request() {
    let stack = table("", "").expect("it is served");
    assert_eq!(stack.warnings(), []);
    assert_eq!(stack.tables()[0].time_to_live.as_deref(), Some("e"));
    assert_eq!(
        stack.tables()[0].definition,
        json!({
            "TableName": "rows",
            "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
                {"AttributeName": "by", "AttributeType": "B"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "byBy",
                "KeySchema": [{"AttributeName": "by", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            }],
            "LocalSecondaryIndexes": [{
                "IndexName": "local",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "by", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        })
    );
}

#[rstest]
#[case::mode(
    "PROVISIONED",
    "ON_DEMAND",
    "`BillingMode` of `Rows` is `ON_DEMAND`: it must be `PROVISIONED` or `PAY_PER_REQUEST`",
    13
)]
#[case::on_demand(
    "PROVISIONED",
    "PAY_PER_REQUEST",
    "does not go with `BillingMode: PAY_PER_REQUEST`",
    14
)]
#[case::no_throughput(
    "      ProvisionedThroughput: {R",
    "      WarmThroughput: {R",
    "`Rows` has no `ProvisionedThroughput`, which the billing mode `PROVISIONED` needs",
    9
)]
#[case::units(
    "!Ref Units",
    "many",
    "`ReadCapacityUnits` of `ProvisionedThroughput` of `Rows` must be a number from 1",
    14
)]
#[case::no_units(
    "WriteCapacityUnits: '2'",
    "",
    "`ProvisionedThroughput` of `Rows` has no `WriteCapacityUnits`",
    14
)]
#[case::kind(
    "AttributeType: N",
    "AttributeType: Number",
    "is `Number`: it must be `S`, `N` or `B`",
    17
)]
#[case::member(
    "AttributeType: N",
    "AttributeKind: N",
    "an attribute of `Rows` has no member `AttributeKind`",
    17
)]
#[case::twice(
    "- {AttributeName: sk, AttributeType: N}",
    "- {AttributeName: sk, AttributeType: N}\n        - {AttributeName: pk, AttributeType: N}",
    "the attribute `pk` of `Rows` is declared twice",
    18
)]
#[case::unused(
    "- {AttributeName: by, AttributeType: B}",
    "- {AttributeName: by, AttributeType: B}\n        - {AttributeName: other, AttributeType: S}",
    "the attribute `other` is not part of a key of `Rows`",
    19
)]
#[case::undeclared(
    "- {AttributeName: sk, KeyType: RANGE}",
    "- {AttributeName: sort, KeyType: RANGE}",
    "the key `sort` is not in `AttributeDefinitions` of `Rows`",
    21
)]
#[case::order(
    "{AttributeName: pk, KeyType: HASH}\n        - {AttributeName: sk, KeyType: RANGE}",
    "{AttributeName: pk, KeyType: RANGE}\n        - {AttributeName: sk, KeyType: HASH}",
    "`KeySchema` of `Rows` must be a `HASH` key and at most one `RANGE` key",
    20
)]
#[case::key_type(
    "KeyType: HASH",
    "KeyType: PARTITION",
    "is `PARTITION`: it must be `HASH` or `RANGE`",
    20
)]
#[case::names(
    "IndexName: local",
    "IndexName: byBy",
    "`Rows` has several indexes `byBy`",
    28
)]
#[case::projection(
    "INCLUDE,",
    "KEYS_ONLY,",
    "`NonKeyAttributes` of the index `byBy` of `Rows` do not go with `KEYS_ONLY`",
    25
)]
#[case::include(
    ", NonKeyAttributes: [a, b]",
    "",
    "has `ProjectionType: INCLUDE`, but no `NonKeyAttributes`",
    25
)]
#[case::no_projection(
    "          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [a, b]}\n",
    "",
    "the index `byBy` of `Rows` has no `Projection`",
    23
)]
#[case::index_throughput(
    "          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}\n",
    "",
    "an index of `Rows` has no `ProvisionedThroughput`",
    23
)]
#[case::local(
    "- {AttributeName: pk, KeyType: HASH}\n            - {AttributeName: by",
    "- {AttributeName: by, KeyType: HASH}\n            - {AttributeName: sk",
    "is local: its `HASH` key must be that of the table, `pk`",
    28
)]
#[case::view(
    "StreamViewType: NEW_IMAGE",
    "StreamViewType: NEW",
    "is `NEW`: it must be `NEW_IMAGE`, `OLD_IMAGE`",
    33
)]
#[case::no_view(
    "{StreamViewType: NEW_IMAGE}",
    "{}",
    "`StreamSpecification` has no `StreamViewType`",
    33
)]
#[case::ttl(
    "Enabled: 'True'",
    "Enabled: maybe",
    "`Enabled` of `TimeToLiveSpecification` must be `true` or `false`",
    34
)]
#[case::table_name(
    "TableName: rows",
    "TableName: my rows",
    "the table name `my rows` must have 3 to 255",
    12
)]
#[case::no_keys(
    "      KeySchema:\n        - {AttributeName: pk, KeyType: HASH}\n        - {AttributeName: sk, KeyType: RANGE}\n",
    "",
    "has no `KeySchema`",
    9
)]
fn what_dynamodb_refuses_is_told_at_its_place(
    #[case] before: &str,
    #[case] after: &str,
    #[case] expected: &str,
    #[case] line: usize,
) {
    let error = table(before, after).expect_err("it is refused");
    assert!(error.message().contains(expected), "{error}");
    assert_eq!(error.line(), line + 2, "{error}");
}

#[test]
fn a_global_table_is_one_table() {
    let global = "
  Rows:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: by, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: byBy
          KeySchema: [{AttributeName: by, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      Replicas: [{Region: !Ref AWS::Region, DeletionProtectionEnabled: true}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: ., Runtime: provided.al2023}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      {FunctionName: !Ref F, EventSourceArn: !GetAtt Rows.StreamArn, StartingPosition: LATEST}
";
    let stack = read("", global, &[]).expect("it is served");
    assert_eq!(stack.warnings(), []);
    let table = &stack.tables()[0];
    assert_eq!(table.name, "gatespec-Rows");
    assert_eq!(table.time_to_live.as_deref(), Some("expires"));
    assert_eq!(table.definition["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(
        table.definition["GlobalSecondaryIndexes"][0]["IndexName"],
        "byBy"
    );
    assert_eq!(stack.event_source_mappings().len(), 1);
    let refused = |before: &str, after: &str| {
        let changed = global.replacen(before, after, 1);
        let error = read("", &changed, &[]).expect_err("it is refused");
        error.message().to_owned()
    };
    let error = refused("BillingMode: PAY_PER_REQUEST", "BillingMode: PROVISIONED");
    assert!(
        error.contains("no `WriteProvisionedThroughputSettings`"),
        "{error}"
    );
    let error = refused(
        "BillingMode: PAY_PER_REQUEST",
        "BillingMode: PAY_PER_REQUEST\n      WriteProvisionedThroughputSettings: {}",
    );
    assert!(error.contains("does not go with"), "{error}");
    let error = refused(
        "[{Region: !Ref AWS::Region, DeletionProtectionEnabled: true}]",
        "[]",
    );
    assert!(error.contains("`Replicas` of `Rows` is empty"), "{error}");
    let error = refused("AttributeName: by, KeyType", "AttributeName: to, KeyType");
    assert!(error.contains("the key `to` is not in"), "{error}");
}

#[test]
fn a_simple_table_has_one_key() {
    let simple = "
  Rows:
    Type: AWS::Serverless::SimpleTable
    Properties:
      PrimaryKey: {Name: key, Type: Number}
      ProvisionedThroughput: {ReadCapacityUnits: '5', WriteCapacityUnits: 5}
      SSESpecification: {SSEEnabled: true}
";
    let stack = read("", simple, &[]).expect("it is served");
    assert_eq!(stack.warnings(), []);
    assert_eq!(
        stack.tables()[0].definition,
        json!({
            "TableName": "gatespec-Rows",
            "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "N"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        })
    );
    let wrong = simple.replace("Type: Number", "Type: N");
    let error = read("", &wrong, &[]).expect_err("it is refused");
    assert!(
        error
            .message()
            .contains("must be `String`, `Number` or `Binary`"),
        "{error}"
    );
}
