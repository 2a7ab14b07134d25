//! Functions that the streams of tables invoke.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway::{Control, Options, TimeSource};
use serde_json::{Value, json};
use spec::Timestamp;
use stack::{Assembly, Settings};
use support::{PATIENCE, code_folder, dynamodb, start};
use tokio::time::timeout;

/// Writes each event into a file, a line each, and fails for a poisonous one.
const SCRIPT: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp) body=$(mktemp)
while curl --silent --fail --dump-header "$head" --output "$body" "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  echo >> "$body"
  cat "$body" >> events
  case $(cat "$body") in
    *poison*) curl --silent --output /dev/null --data '{"errorType":"Poisoned"}' "$api/$id/error" ;;
    *) curl --silent --output /dev/null --data null "$api/$id/response" ;;
  esac
done
"#;

const START: u64 = 1_000_000_000;

/// A stack whose function gets the changes of the table `rows`.
struct Stack {
    template: PathBuf,
    events: PathBuf,
}

impl Stack {
    /// With these properties of its event source mapping.
    fn new(name: &str, mapping: &str) -> Self {
        let folder = code_folder(name, &[("run.sh", SCRIPT)]);
        let run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("run.sh"), run).unwrap();
        let stack = Self {
            template: folder.parent().unwrap().join("template.yaml"),
            events: folder.join("events"),
        };
        stack.write(mapping);
        stack
    }

    fn write(&self, mapping: &str) {
        let mapping = match mapping {
            "" => String::new(),
            mapping => format!(
                "
  Changes:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Work
      EventSourceArn: !GetAtt Rows.StreamArn
      {mapping}"
            ),
        };
        let text = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: MOCK}}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $default, Target: !Sub 'integrations/${{Integration}}'}}
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      StreamSpecification: {{StreamViewType: NEW_AND_OLD_IMAGES}}
      TimeToLiveSpecification: {{AttributeName: until, Enabled: true}}
  Work:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: src, Handler: x, Runtime: ruby3.4, Timeout: 900}}
{mapping}
"
        );
        fs::write(&self.template, text).unwrap();
    }

    /// With a clock that stands.
    fn options(&self) -> Options {
        let mut options = Options::new(&self.template);
        options.dynamodb_url = None;
        options.settings = Settings::default();
        options.clock = TimeSource::Standing(Timestamp::from_millis(START * 1000));
        let command = ("ruby3.4".to_owned(), "./run.sh".to_owned());
        options.interpreters.commands.extend([command]);
        options
    }

    /// The records of each event, once there are so many events.
    async fn events(&self, count: usize) -> Vec<Vec<Value>> {
        let enough = async {
            loop {
                let text = fs::read_to_string(&self.events).unwrap_or_default();
                if text.lines().count() >= count && text.ends_with('\n') {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let text = timeout(PATIENCE, enough).await;
        let text = text.unwrap_or_else(|_| panic!("{count} events"));
        let event = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["Records"].as_array().unwrap().clone()
        };
        text.lines().map(event).collect()
    }

    /// What happened to which item, in each event.
    async fn changes(&self, count: usize) -> Vec<Vec<String>> {
        let change = |record: &Value| {
            let id = record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap();
            format!("{} {id}", record["eventName"].as_str().unwrap())
        };
        let events = self.events(count).await;
        let changes = events
            .iter()
            .map(|event| event.iter().map(change).collect());
        changes.collect()
    }

    fn assembly(&self) -> Assembly {
        Assembly::read(&self.template, &Settings::default()).unwrap()
    }
}

async fn asked(running: &Control, operation: &str, body: Value) {
    let target = format!("DynamoDB_20120810.{operation}");
    let (status, answer) = dynamodb(running, &target, &body).await;
    assert_eq!(status, 200, "{operation}: {answer}");
}

async fn put(running: &Control, id: &str) {
    let item = json!({"id": {"S": id}, "n": {"N": "1"}});
    asked(
        running,
        "PutItem",
        json!({"TableName": "rows", "Item": item}),
    )
    .await;
}

async fn delete(running: &Control, id: &str) {
    let key = json!({"id": {"S": id}});
    asked(
        running,
        "DeleteItem",
        json!({"TableName": "rows", "Key": key}),
    )
    .await;
}

#[tokio::test]
async fn each_change_invokes_the_function_once_and_in_order() {
    let one_by_one = "StartingPosition: TRIM_HORIZON
      BatchSize: 1";
    let stack = Stack::new("streams-order", one_by_one);
    let running = start(stack.options()).await;
    put(&running, "a").await;
    put(&running, "b").await;
    // It changes nothing.
    put(&running, "a").await;
    delete(&running, "a").await;
    let expected = [["INSERT a"], ["INSERT b"], ["REMOVE a"]];
    assert_eq!(stack.changes(3).await, expected);
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/rows/stream/1970-01-01T00:00:00.000";
    let mut record = stack.events(3).await[0][0].clone();
    for unknown in ["eventID", "/dynamodb/SequenceNumber", "/dynamodb/SizeBytes"] {
        let value = match unknown.starts_with('/') {
            true => record.pointer_mut(unknown).unwrap(),
            false => record.get_mut(unknown).unwrap(),
        };
        assert!(value.is_string() || value.as_u64() > Some(0), "{value}");
        *value = Value::Null;
    }
    let image = json!({"id": {"S": "a"}, "n": {"N": "1"}});
    assert_eq!(
        record,
        json!({
            "eventID": null,
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": START,
                "Keys": {"id": {"S": "a"}},
                "NewImage": image,
                "SequenceNumber": null,
                "SizeBytes": null,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": arn,
        })
    );
}

#[tokio::test]
async fn records_wait_for_their_window_and_expired_items_are_changes_too() {
    let mapping = "StartingPosition: LATEST
      MaximumBatchingWindowInSeconds: 5
      FilterCriteria: {Filters: [{Pattern: '{\"eventName\": [\"INSERT\", \"REMOVE\"]}'}]}";
    let stack = Stack::new("streams-window", mapping);
    let running = start(stack.options()).await;
    put(&running, "a").await;
    let until = (START + 3).to_string();
    let item = json!({"id": {"S": "a"}, "until": {"N": until}});
    asked(
        &running,
        "PutItem",
        json!({"TableName": "rows", "Item": item}),
    )
    .await;
    put(&running, "b").await;
    running.advance(Duration::from_secs(4)).await.unwrap();
    assert!(!stack.events.exists());
    running.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(
        stack.changes(1).await,
        [["INSERT a", "INSERT b", "REMOVE a"]]
    );
    let identity = &stack.events(1).await[0][2]["userIdentity"];
    assert_eq!(
        *identity,
        json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"})
    );
}

#[tokio::test]
async fn a_batch_that_fails_is_halved_and_what_fails_alone_is_given_up() {
    let mapping = "StartingPosition: TRIM_HORIZON
      BatchSize: 4
      MaximumBatchingWindowInSeconds: 60
      MaximumRetryAttempts: 1
      BisectBatchOnFunctionError: true";
    let stack = Stack::new("streams-halves", mapping);
    let running = start(Options {
        clock: TimeSource::System,
        ..stack.options()
    })
    .await;
    for id in ["a", "poison", "b", "c"] {
        put(&running, id).await;
    }
    let expected: [&[&str]; 6] = [
        &["INSERT a", "INSERT poison", "INSERT b", "INSERT c"],
        &["INSERT a", "INSERT poison"],
        &["INSERT a"],
        &["INSERT poison"],
        // After a rest.
        &["INSERT poison"],
        &["INSERT b", "INSERT c"],
    ];
    assert_eq!(stack.changes(6).await, expected);
}

#[tokio::test]
async fn a_deployment_changes_the_mappings() {
    let stack = Stack::new("streams-apply", "");
    let running = start(stack.options()).await;
    put(&running, "a").await;
    stack.write("StartingPosition: TRIM_HORIZON");
    let plan = running.apply(stack.assembly()).await.unwrap();
    assert!(plan.event_source_mappings);
    assert_eq!(stack.changes(1).await, [["INSERT a"]]);
    // One that stays goes on where it is.
    let filtered = "FilterCriteria: {Filters: [{Pattern: '{\"eventName\": [\"REMOVE\"]}'}]}";
    stack.write(&format!("StartingPosition: TRIM_HORIZON\n      {filtered}"));
    running.apply(stack.assembly()).await.unwrap();
    put(&running, "b").await;
    delete(&running, "a").await;
    assert_eq!(stack.changes(2).await[1..], [["REMOVE a"]]);
    stack.write("");
    running.apply(stack.assembly()).await.unwrap();
    delete(&running, "b").await;
    // Were the mapping there, a new one beside it would not be the only one to see this.
    stack.write("StartingPosition: LATEST");
    running.apply(stack.assembly()).await.unwrap();
    put(&running, "c").await;
    assert_eq!(stack.changes(3).await[2..], [["INSERT c"]]);
}

#[tokio::test]
async fn another_function_goes_on_where_the_one_before_it_was() {
    let stack = Stack::new("streams-function", "StartingPosition: TRIM_HORIZON");
    let running = start(stack.options()).await;
    put(&running, "a").await;
    assert_eq!(stack.changes(1).await, [["INSERT a"]]);
    let text = fs::read_to_string(&stack.template).unwrap();
    // The one before it can be called no more.
    let other = text.replace("Work", "Other");
    fs::write(&stack.template, other).unwrap();
    let plan = running.apply(stack.assembly()).await.unwrap();
    assert!(plan.event_source_mappings);
    put(&running, "b").await;
    assert_eq!(stack.changes(2).await[1..], [["INSERT b"]]);
}

// What was written before is an earlier gateway's.
#[tokio::test]
async fn rows_of_a_file_are_no_changes_of_a_later_gateway() {
    let stack = Stack::new("streams-file", "StartingPosition: TRIM_HORIZON");
    let data = stack.template.with_file_name("rows.sqlite");
    let options = || Options {
        clock: TimeSource::System,
        data: Some(data.clone()),
        ..stack.options()
    };
    let running = start(options()).await;
    put(&running, "a").await;
    assert_eq!(stack.changes(1).await, [["INSERT a"]]);
    running.shutdown().await;
    drop(running);
    let running = start(options()).await;
    put(&running, "b").await;
    assert_eq!(stack.changes(2).await[1..], [["INSERT b"]]);
    assert!(Path::new(&data).exists());
}
