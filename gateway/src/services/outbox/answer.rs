//! What a service that is nowhere might answer. Ids and times are made up; a request without what
//! the service requires is refused (see [`checks`](super::checks)).
//!
//! Sources: the actions' pages of the services' API references; `SendMessageResponse` in JSON, as API
//! Gateway gets it (`Accept: application/json`), is what public READMEs show of REST APIs.

use serde_json::{Map, Value, json};
use spec::Timestamp;
use spec::http::{Headers, HttpAnswer};
use spec::ids::IdSource;
use spec::io::ServiceRequest;

use super::checks::{self, Refused};
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
    let is_json = request.request.headers.get("X-Amz-Target").is_some();
    // Others take no forms.
    let has_forms = matches!(service, "sns" | "sqs");
    let action = message.action.as_deref();
    let Some(action) = action.filter(|_| is_json || has_forms) else {
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
    let given = match is_json {
        true => serde_json::from_slice(&request.request.body).map_err(|_| Refused::no_object()),
        false => Ok(form(&request.request.url, message)),
    };
    let taken = given.and_then(|given| checks::check(service, &given).map(|()| given));
    let (status, body) = match (taken, is_json) {
        (Ok(given), true) => (200, json_answer(now, (service, action), &given, ids)),
        (Ok(given), false) => (200, form_answer(action, &given, ids)),
        (Err(refused), true) => {
            let code = match refused.code {
                "MissingParameter" => "ValidationException",
                other => other,
            };
            (400, json!({"__type": code, "message": refused.message}))
        }
        (Err(Refused { code, message }), false) => {
            let error = json!({"Code": code, "Message": message, "Type": "Sender"});
            (400, json!({"Error": error, "RequestId": uuid(ids)}))
        }
    };
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

/// The parameters of a form. A queue may stand in the path instead.
fn form(url: &str, message: &Message) -> Map<String, Value> {
    let parameters = message.parameters.iter();
    let mut given: Map<String, Value> = parameters
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let path = url.split('?').next().unwrap_or_default();
    let is_queue = path.split('/').filter(|part| !part.is_empty()).count() == 2;
    if is_queue {
        given.entry("QueueUrl").or_insert(path.into());
    }
    given
}

/// The query protocol.
fn form_answer(action: &str, given: &Map<String, Value>, ids: &mut impl IdSource) -> Value {
    let metadata = json!({"RequestId": uuid(ids)});
    let result = message_ids(given, ids);
    match action {
        "Publish" => json!({
            "PublishResponse": {"PublishResult": result, "ResponseMetadata": metadata}
        }),
        _ => json!({
            "SendMessageResponse": {"ResponseMetadata": metadata, "SendMessageResult": result}
        }),
    }
}

/// What a message is called from now on.
fn message_ids(given: &Map<String, Value>, ids: &mut impl IdSource) -> Value {
    let sequence = checks::is_fifo(given).then(|| digits(ids, 20));
    json!({"MessageId": uuid(ids), "SequenceNumber": sequence})
}

/// The JSON protocol.
fn json_answer(
    now: Timestamp,
    (service, action): (&str, &str),
    given: &Map<String, Value>,
    ids: &mut impl IdSource,
) -> Value {
    let seconds = f64::from(u32::try_from(now.as_millis() / 1_000).unwrap_or(u32::MAX));
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let machine = text("stateMachineArn").unwrap_or_default();
    let name = text("name").map_or_else(|| uuid(ids), str::to_owned);
    match (service, action) {
        ("sqs" | "sns", _) => message_ids(given, ids),
        ("events", _) => put_events(given, ids),
        ("firehose", _) => json!({"RecordId": digits(ids, 56), "Encrypted": false}),
        ("kinesis", _) => {
            json!({"ShardId": "shardId-000000000000", "SequenceNumber": digits(ids, 56)})
        }
        (_, "StartExecution") => json!({
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
            "input": text("input").unwrap_or("{}"),
            "output": "{}",
        }),
    }
}

fn put_events(given: &Map<String, Value>, ids: &mut impl IdSource) -> Value {
    let events = given.get("Entries").and_then(Value::as_array);
    let mut failed = 0;
    let mut answered = Vec::new();
    for event in events.into_iter().flatten() {
        answered.push(match checks::failure(event) {
            None => json!({"EventId": uuid(ids)}),
            Some((code, message)) => {
                failed += 1;
                json!({"ErrorCode": code, "ErrorMessage": message})
            }
        });
    }
    json!({"FailedEntryCount": failed, "Entries": answered})
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
mod tests;
