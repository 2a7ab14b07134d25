//! The DynamoDB that the gateway brings along: its streams, its file, its clock, its port.

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway::{Control, Error, Options, TimeSource};
use serde_json::{Value, json};
use spec::Timestamp;
use support::{dynamodb, start, template};
use tokio::net::TcpListener;

const API: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: MOCK}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${Integration}'}
";

/// For a stack with the table `rows`, which has this key and these further properties.
fn options(name: &str, key: &str, more: &str) -> Options {
    let text = format!(
        "{API}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]
      AttributeDefinitions: [{{AttributeName: {key}, AttributeType: S}}]
      {more}
"
    );
    let mut options = Options::new(template(name, &text));
    options.dynamodb_url = None;
    options
}

/// A file that does not exist yet.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.sqlite"));
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    path
}

async fn asked(running: &Control, operation: &str, body: &Value) -> Value {
    let prefix = match operation {
        "ListStreams" | "DescribeStream" | "GetShardIterator" | "GetRecords" => {
            "DynamoDBStreams_20120810"
        }
        _ => "DynamoDB_20120810",
    };
    let target = format!("{prefix}.{operation}");
    let (status, answer) = dynamodb(running, &target, body).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

async fn put(running: &Control, item: Value) {
    let item = json!({"TableName": "rows", "Item": item});
    asked(running, "PutItem", &item).await;
}

/// How many rows there are.
async fn rows(running: &Control) -> Value {
    let scan = json!({"TableName": "rows"});
    asked(running, "Scan", &scan).await["Count"].clone()
}

/// Why a gateway does not start.
async fn refused(options: Options) -> Error {
    match gateway::start(options).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn streams_are_read_where_the_tables_are() {
    let stream = "StreamSpecification: {StreamViewType: NEW_IMAGE}";
    let running = start(options("dynamodb-streams", "id", stream)).await;
    put(&running, json!({"id": {"S": "a"}, "n": {"N": "1"}})).await;
    let streams = asked(&running, "ListStreams", &json!({"TableName": "rows"})).await;
    let arn = streams["Streams"][0]["StreamArn"].clone();
    let described = asked(&running, "DescribeStream", &json!({"StreamArn": arn})).await;
    let shard = described["StreamDescription"]["Shards"][0]["ShardId"].clone();
    let from_the_start = json!({
        "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
    });
    let iterator = asked(&running, "GetShardIterator", &from_the_start).await;
    let read = json!({"ShardIterator": iterator["ShardIterator"]});
    let records = asked(&running, "GetRecords", &read).await;
    assert_eq!(
        records["Records"][0]["dynamodb"]["NewImage"],
        json!({"id": {"S": "a"}, "n": {"N": "1"}})
    );
}

#[tokio::test]
async fn a_file_keeps_rows_over_a_restart() {
    let data = file("dynamodb-kept");
    let with_file = |key: &str, more: &str| Options {
        data: Some(data.clone()),
        ..options("dynamodb-kept", key, more)
    };
    let running = start(with_file("id", "")).await;
    put(
        &running,
        json!({"id": {"S": "a"}, "until": {"N": "5000000000"}}),
    )
    .await;
    // Two gateways would not know of each other's changes.
    let error = refused(with_file("id", "")).await;
    assert!(error.to_string().contains("in use by another"), "{error}");
    running.shutdown().await;
    drop(running);

    let more = "StreamSpecification: {StreamViewType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}";
    let running = start(with_file("id", more)).await;
    assert_eq!(rows(&running).await, 1);
    // The table is as the template declares it now.
    let table = json!({"TableName": "rows"});
    let described = asked(&running, "DescribeTable", &table).await;
    let stream = &described["Table"]["StreamSpecification"]["StreamViewType"];
    assert_eq!(stream, "KEYS_ONLY");
    let described = asked(&running, "DescribeTimeToLive", &table).await;
    let attribute = &described["TimeToLiveDescription"]["AttributeName"];
    assert_eq!(attribute, "until");
    running.shutdown().await;
    drop(running);

    let error = refused(with_file("other", "")).await;
    assert!(error.to_string().contains("other keys"), "{error}");
    let frozen = Options {
        clock: TimeSource::Standing(Timestamp::from_millis(0)),
        ..with_file("id", "")
    };
    let error = refused(frozen).await;
    assert!(error.to_string().contains("frozen"), "{error}");
}

#[tokio::test]
async fn items_expire_by_the_gateway_s_clock() {
    let time_to_live = "TimeToLiveSpecification: {AttributeName: until, Enabled: true}";
    let running = start(Options {
        // 2001: by the system's clock, all of it has expired.
        clock: TimeSource::Standing(Timestamp::from_millis(1_000_000_000_000)),
        ..options("dynamodb-expiry", "id", time_to_live)
    })
    .await;
    put(
        &running,
        json!({"id": {"S": "a"}, "until": {"N": "1000000090"}}),
    )
    .await;
    put(
        &running,
        json!({"id": {"S": "b"}, "until": {"N": "1000000200"}}),
    )
    .await;
    running.advance(Duration::from_secs(80)).await.unwrap();
    assert_eq!(rows(&running).await, 2);
    running.advance(Duration::from_secs(20)).await.unwrap();
    assert_eq!(rows(&running).await, 1);
}

#[tokio::test]
async fn the_port_is_the_one_that_was_asked_for() {
    let occupied = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = occupied.local_addr().unwrap().port();
    let wanted = || Options {
        dynamodb_port: port,
        ..options("dynamodb-port", "id", "")
    };
    let error = refused(wanted()).await;
    assert_eq!(
        error.to_string(),
        format!("cannot listen on 127.0.0.1:{port}")
    );
    drop(occupied);
    let running = start(wanted()).await;
    assert_eq!(running.dynamodb_url(), format!("http://127.0.0.1:{port}"));
    assert_eq!(rows(&running).await, 0);
}

#[tokio::test]
async fn tables_are_made_in_another_engine_unless_it_has_them() {
    let other = start(Options {
        dynamodb_url: None,
        ..Options::new(template("dynamodb-other", API))
    })
    .await;
    let time_to_live = "TimeToLiveSpecification: {AttributeName: until, Enabled: true}";
    let elsewhere = || Options {
        dynamodb_url: Some(other.dynamodb_url().to_owned()),
        ..options("dynamodb-elsewhere", "id", time_to_live)
    };
    let first = start(elsewhere()).await;
    assert_eq!(first.dynamodb_url(), other.dynamodb_url());
    put(&other, json!({"id": {"S": "a"}})).await;
    let described = asked(&other, "DescribeTimeToLive", &json!({"TableName": "rows"})).await;
    let attribute = &described["TimeToLiveDescription"]["AttributeName"];
    assert_eq!(attribute, "until");
    drop(first);
    let _second = start(elsewhere()).await;
    assert_eq!(rows(&other).await, 1);
}
