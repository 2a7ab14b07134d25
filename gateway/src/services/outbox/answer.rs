//! What a service that is nowhere might answer. Ids and times are made up; a request that the service
//! would not take is refused in its words.
//!
//! Sources: the actions' pages of the services' API references; `SendMessageResponse` in JSON, as API
//! Gateway gets it (`Accept: application/json`), is what public READMEs show of REST APIs.

use serde_json::{Value, json};
use spec::Timestamp;
use spec::http::{Headers, HttpAnswer};
use spec::ids::IdSource;
use spec::io::ServiceRequest;

use super::message::Message;

/// The services that there are answers of, and their actions.
const ANSWERED: [(&str, &[&str]); 6] = [
    ("events", &["PutEvents"]),
    ("firehose", &["PutRecord"]),
    ("kinesis", &["PutRecord"]),
    ("sns", &["Publish"]),
    ("sqs", &["SendMessage"]),
    ("states", &["StartExecution", "StartSyncExecution"]),
];

/// Whether there is an answer to any action of a service.
pub(crate) fn answers(service: &str) -> bool {
    ANSWERED.iter().any(|(name, _)| *name == service)
}

/// The service's answer, or why there is none.
///
/// Realises: INTEGRATION-110
pub(super) fn answer(
    now: Timestamp,
    request: &ServiceRequest,
    message: &Message,
    ids: &mut impl IdSource,
) -> Result<HttpAnswer, String> {
    let service = &*request.service;
    let cure = format!("`--endpoint {service}=URL` says where there is one");
    let Some((_, actions)) = ANSWERED.iter().find(|(name, _)| *name == service) else {
        return Err(format!("there is no {service} here: {cure}"));
    };
    let Some(action) = message.action.as_deref() else {
        return Err(format!(
            "the request to {service} names no action: a form needs `Action` and the header \
             `Content-Type: application/x-www-form-urlencoded`, JSON the header `X-Amz-Target`"
        ));
    };
    if !actions.contains(&action) {
        return Err(format!(
            "the outbox has no answer to `{action}` of {service}: {cure}"
        ));
    }
    let is_json = request.request.headers.get("X-Amz-Target").is_some();
    let body = match is_json {
        true => json_answer(now, action, &request.request.body, ids),
        false => query_answer(action, &request.request.url, message, ids),
    };
    let (status, body) = body;
    let content_type = match is_json {
        true => "application/x-amz-json-1.0",
        false => "application/json",
    };
    Ok(HttpAnswer {
        status,
        headers: Headers::from_iter([
            ("x-amzn-requestid", &*uuid(ids)),
            ("content-type", content_type),
        ]),
        body: body.to_string().into_bytes(),
    })
}

/// The query protocol: what is asked for stands in the parameters.
fn query_answer(
    action: &str,
    url: &str,
    message: &Message,
    ids: &mut impl IdSource,
) -> (u16, Value) {
    let queue = message
        .parameters
        .get("QueueUrl")
        .map_or(url, String::as_str);
    let is_fifo = queue
        .split('?')
        .next()
        .is_some_and(|url| url.ends_with(".fifo"));
    let needed: &[&str] = match action {
        "Publish" => &["Message"],
        _ if is_fifo => &["MessageBody", "MessageGroupId"],
        _ => &["MessageBody"],
    };
    let request_id = uuid(ids);
    if let Some(name) = needed.iter().find(|name| !message.has(name)) {
        let text = format!("The request must contain the parameter {name}.");
        let error = json!({"Code": "MissingParameter", "Message": text, "Type": "Sender"});
        return (400, json!({"Error": error, "RequestId": request_id}));
    }
    let sequence = is_fifo.then(|| digits(ids, 20));
    let metadata = json!({"RequestId": request_id});
    let result = json!({"MessageId": uuid(ids), "SequenceNumber": sequence});
    let answer = match action {
        "Publish" => json!({
            "PublishResponse": {"PublishResult": result, "ResponseMetadata": metadata}
        }),
        _ => json!({
            "SendMessageResponse": {"ResponseMetadata": metadata, "SendMessageResult": result}
        }),
    };
    (200, answer)
}

/// The JSON protocol.
fn json_answer(now: Timestamp, action: &str, body: &[u8], ids: &mut impl IdSource) -> (u16, Value) {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    if !asked.is_object() {
        let error = "com.amazon.coral.service#SerializationException";
        return (400, json!({"__type": error}));
    }
    let needed: &[&str] = match action {
        "SendMessage" => &["QueueUrl", "MessageBody"],
        "Publish" => &["Message"],
        "PutEvents" => &["Entries"],
        "PutRecord" => &[],
        _ => &["stateMachineArn"],
    };
    if let Some(name) = needed.iter().find(|name| asked.get(**name).is_none()) {
        let message = format!("The request must contain the parameter {name}.");
        return (
            400,
            json!({"__type": "ValidationException", "message": message}),
        );
    }
    let seconds = f64::from(u32::try_from(now.as_millis() / 1_000).unwrap_or(u32::MAX));
    let machine = asked["stateMachineArn"].as_str().unwrap_or_default();
    let name = match asked["name"].as_str() {
        Some(name) => name.to_owned(),
        None => uuid(ids),
    };
    let answer = match action {
        "SendMessage" | "Publish" => json!({"MessageId": uuid(ids)}),
        "PutEvents" => {
            let entries = asked["Entries"].as_array().map_or(0, Vec::len);
            let entries: Vec<Value> = (0..entries)
                .map(|_| json!({"EventId": uuid(ids)}))
                .collect();
            json!({"FailedEntryCount": 0, "Entries": entries})
        }
        "PutRecord" if asked.get("DeliveryStreamName").is_some() => {
            json!({"RecordId": digits(ids, 56), "Encrypted": false})
        }
        "PutRecord" => {
            json!({"ShardId": "shardId-000000000000", "SequenceNumber": digits(ids, 56)})
        }
        "StartExecution" => json!({
            "executionArn": format!("{}:{name}", machine.replace(":stateMachine:", ":execution:")),
            "startDate": seconds,
        }),
        // Nobody ran it: the output is empty.
        _ => json!({
            "executionArn":
                format!("{}:{name}:{}", machine.replace(":stateMachine:", ":express:"), uuid(ids)),
            "stateMachineArn": machine,
            "name": name,
            "startDate": seconds,
            "stopDate": seconds,
            "status": "SUCCEEDED",
            "input": asked["input"].as_str().unwrap_or("{}"),
            "output": "{}",
        }),
    };
    (200, answer)
}

/// A random UUID.
fn uuid(ids: &mut impl IdSource) -> String {
    let (high, low) = (ids.next_u64(), ids.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 48 & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

/// A number of so many digits.
fn digits(ids: &mut impl IdSource, length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&format!(
            "{:019}",
            ids.next_u64() % 10_000_000_000_000_000_000
        ));
    }
    text.replace_range(..1, "1");
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
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
    #[case("sqs", None, "{}", "names no action")]
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
        let (_, answer) = json("events", "PutEvents", r#"{"Entries":[{},{}]}"#);
        assert_eq!(answer["Entries"].as_array().map(Vec::len), Some(2));
        let (_, answer) = json(
            "kinesis",
            "PutRecord",
            r#"{"StreamName":"s","Data":"YQ=="}"#,
        );
        assert_eq!(answer["SequenceNumber"].as_str().map(str::len), Some(56));
        assert_eq!(json("states", "StartExecution", "{}").0, 400);
        assert_eq!(json("events", "PutEvents", "not JSON").0, 400);
    }
}
