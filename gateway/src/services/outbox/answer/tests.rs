use super::*;
use rstest::rstest;
use spec::http::HttpRequest;
use spec::ids::Counter;

fn asked(
    service: &str,
    action: Option<&str>,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, Value), String> {
    let request = ServiceRequest {
        service: service.to_owned(),
        region: "us-east-1".to_owned(),
        action: action.map(str::to_owned),
        credentials_arn: None,
        request: HttpRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: headers.iter().copied().collect(),
            body: body.as_bytes().to_vec(),
        },
    };
    let now = Timestamp::from_millis(1_700_000_000_000);
    let message = Message::new(&request);
    let answer = answer(now, &request, &message, &mut Counter::default())?;
    let body = serde_json::from_slice(&answer.body).expect("every answer is JSON");
    Ok((answer.status, body))
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[rstest]
#[case("/1/q", "Action=SendMessage&MessageBody=a", 200)]
#[case("/1/q", "Action=SendMessage", 400)]
#[case("/1/q.fifo", "Action=SendMessage&MessageBody=a", 400)]
#[case("/1/q.fifo", "Action=SendMessage&MessageBody=a&MessageGroupId=g", 200)]
#[case("/?Action=SendMessage&QueueUrl=http://x/1/q&MessageBody=a", "", 200)]
#[case("/?Action=SendMessage&MessageBody=a", "", 400)]
#[case("/q", "Action=SendMessage&MessageBody=a", 400)]
#[case("/1/q", "Action=SendMessage&MessageBody=", 400)]
fn a_queue_takes_what_has_its_parameters(
    #[case] url: &str,
    #[case] body: &str,
    #[case] expected: u16,
) {
    let (status, answer) = asked("sqs", None, url, &[FORM], body).expect("an answer");
    assert_eq!(status, expected, "{answer}");
    let result = &answer["SendMessageResponse"]["SendMessageResult"];
    assert_eq!(result["MessageId"].is_string(), status == 200);
    let is_fifo = url.ends_with(".fifo");
    assert_eq!(
        result["SequenceNumber"].is_string(),
        status == 200 && is_fifo
    );
}

#[rstest]
#[case("Message=a", 400)]
#[case("TopicArn=t", 400)]
#[case("TopicArn=t&Message=a", 200)]
#[case("TargetArn=t&Message=a", 200)]
#[case("PhoneNumber=1&Message=a", 200)]
#[case("TopicArn=t.fifo&Message=a", 400)]
#[case("TopicArn=t.fifo&Message=a&MessageGroupId=g", 200)]
fn a_topic_takes_what_has_its_parameters(#[case] body: &str, #[case] expected: u16) {
    let (status, answer) = asked("sns", Some("Publish"), "/", &[FORM], body).expect("one");
    assert_eq!(status, expected, "{answer}");
}

#[rstest]
#[case("sqs", "SendMessage", "[]", "Serialization")]
#[case("sqs", "SendMessage", r#"{"MessageBody":"a"}"#, "Validation")]
#[case(
    "sqs",
    "SendMessage",
    r#"{"QueueUrl":"q","MessageBody":{}}"#,
    "Serialization"
)]
#[case("kinesis", "PutRecord", "{}", "Validation")]
#[case(
    "kinesis",
    "PutRecord",
    r#"{"StreamName":"s","Data":""}"#,
    "Validation"
)]
#[case(
    "kinesis",
    "PutRecord",
    r#"{"StreamName":"s","Data":"{}","PartitionKey":"k"}"#,
    "Serialization"
)]
#[case("firehose", "PutRecord", r#"{"DeliveryStreamName":"s"}"#, "Validation")]
#[case(
    "firehose",
    "PutRecord",
    r#"{"DeliveryStreamName":"s","Record":{}}"#,
    "Validation"
)]
#[case("events", "PutEvents", "not JSON", "Serialization")]
#[case("events", "PutEvents", r#"{"Entries":"x"}"#, "Serialization")]
#[case("events", "PutEvents", r#"{"Entries":[]}"#, "Validation")]
#[case("events", "PutEvents", r#"{"Entries":[{}]}"#, "Validation")]
#[case(
    "events",
    "PutEvents",
    r#"{"Entries":[{"Detail":{}}]}"#,
    "Serialization"
)]
#[case("states", "StartExecution", "{}", "Validation")]
#[case(
    "states",
    "StartExecution",
    r#"{"stateMachineArn":null}"#,
    "Validation"
)]
#[case(
    "states",
    "StartExecution",
    r#"{"stateMachineArn":5}"#,
    "Serialization"
)]
#[case(
    "states",
    "StartSyncExecution",
    r#"{"stateMachineArn":"m","input":{}}"#,
    "Serialization"
)]
#[case(
    "states",
    "StartExecution",
    r#"{"stateMachineArn":"m","input":"{"}"#,
    "InvalidExecutionInput"
)]
fn json_services_refuse_what_lacks_something(
    #[case] service: &str,
    #[case] action: &str,
    #[case] body: &str,
    #[case] expected: &str,
) {
    let target = ("X-Amz-Target", action);
    let (status, answer) = asked(service, None, "/", &[target], body).expect("an answer");
    assert_eq!(status, 400, "{answer}");
    let kind = answer["__type"].as_str().expect("a type");
    assert!(kind.starts_with(expected), "{answer}");
}

#[test]
fn events_are_ten_at_most() {
    let event = json!({"Source": "s", "DetailType": "t", "Detail": "{}"});
    for (count, expected) in [(10, 200), (11, 400)] {
        let body = json!({"Entries": vec![event.clone(); count]}).to_string();
        let target = ("X-Amz-Target", "AWSEvents.PutEvents");
        let (status, answer) = asked("events", None, "/", &[target], &body).expect("one");
        assert_eq!(status, expected, "{answer}");
    }
}

#[rstest]
#[case("sqs", None, "{}", "names no action")]
#[case("states", Some("StartExecution"), "{}", "names no action")]
#[case(
    "sqs",
    Some("DeleteMessage"),
    "",
    "no answer to `DeleteMessage` of sqs"
)]
#[case("s3", None, "", "there is no s3 here: `--endpoint s3=URL`")]
fn what_has_no_answer_says_why(
    #[case] service: &str,
    #[case] action: Option<&str>,
    #[case] body: &str,
    #[case] expected: &str,
) {
    let reason = asked(service, action, "/", &[], body).expect_err("no answer");
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn json_services_answer_what_they_were_asked() {
    let json = |service: &str, action: &str, body: &str| {
        let target = format!("X.{action}");
        asked(
            service,
            Some(action),
            "/",
            &[("X-Amz-Target", &*target)],
            body,
        )
        .expect("an answer")
    };
    let machine = "arn:aws:states:us-east-1:1:stateMachine:m";
    let body = json!({"stateMachineArn": machine, "name": "n", "input": "{\"a\":1}"});
    let (status, answer) = json("states", "StartExecution", &body.to_string());
    assert_eq!(status, 200);
    let arn = "arn:aws:states:us-east-1:1:execution:m:n";
    assert_eq!(answer, json!({"executionArn": arn, "startDate": 1.7e9}));
    let (_, answer) = json("states", "StartSyncExecution", &body.to_string());
    assert_eq!(answer["status"], "SUCCEEDED");
    assert_eq!(answer["input"], "{\"a\":1}");
    let events = json!({"Entries": [
        {"Source": "s", "DetailType": "t", "Detail": "{}"},
        {"Source": "s", "DetailType": "t"},
        {"Source": "s", "DetailType": "t", "Detail": "text"},
    ]});
    let (_, answer) = json("events", "PutEvents", &events.to_string());
    assert_eq!(answer["FailedEntryCount"], 2);
    let entries = &answer["Entries"];
    assert!(entries[0]["EventId"].is_string(), "{answer}");
    assert_eq!(entries[1]["ErrorCode"], "InvalidArgument");
    assert_eq!(entries[2]["ErrorCode"], "MalformedDetail");
    let (_, answer) = json(
        "kinesis",
        "PutRecord",
        r#"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#,
    );
    assert_eq!(answer["SequenceNumber"].as_str().map(str::len), Some(56));
    let record = r#"{"DeliveryStreamName":"s","Record":{"Data":"YQ=="}}"#;
    let (_, answer) = json("firehose", "PutRecord", record);
    assert!(answer["RecordId"].is_string(), "{answer}");
    let message = r#"{"QueueUrl":"q.fifo","MessageBody":"a","MessageGroupId":"g"}"#;
    let (_, answer) = json("sqs", "SendMessage", message);
    assert!(answer["SequenceNumber"].is_string(), "{answer}");
}
