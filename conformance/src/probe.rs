//! The probe: the one function of the kit's fixtures. It reports every event that it receives to an
//! observer connection through `@connections`, so that a target's inside is seen the same way
//! everywhere, and does what the case tells it to.
//!
//! What it is told ([`Instruction`], JSON) stands in
//!
//! | event | where |
//! | --- | --- |
//! | authorizer | the header `probe-authorizer` |
//! | CONNECT | the header `probe-connect` |
//! | MESSAGE | the member `probe` of the message |
//! | DISCONNECT | the member `disconnect` of the authorizer's context |
//! | what a mapping template rendered | the member `probe`, or that of its member `body` |
//! | HTTP request | the member `probe` of the body, or the header `probe` |
//!
//! Without instruction an authorizer lets everybody in, and everything else is answered with
//! status 200. The observer is that of the instruction, of the query string's `observer`, or of the
//! authorizer's context. This file is pure: [`function`] runs it as a Lambda function, [`backend`]
//! as an HTTP server, the target `spec` in process.

pub mod backend;
pub mod function;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a case tells the probe to do. `{{connectionId}}` and `{{methodArn}}` in its texts stand for
/// the event's.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    /// The connection to report to.
    #[serde(default)]
    pub observer: Option<String>,
    /// Messages to post first. Their statuses are in the report.
    #[serde(default)]
    pub post: Vec<Post>,
    /// How many seconds to take, after the report.
    #[serde(default)]
    pub sleep: f64,
    /// The result, which may be null.
    #[serde(default, rename = "return", deserialize_with = "some")]
    pub result: Option<Value>,
    /// How many bytes the result has: `{{filling}}` in its texts is made so long that it does.
    #[serde(default)]
    pub size: usize,
    /// The error's message, instead of a result.
    #[serde(default)]
    pub fail: Option<String>,
    /// Whether the process ends without any result.
    #[serde(default)]
    pub exit: bool,
}

/// A message to post.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The connection's id.
    pub to: String,
    /// The message.
    pub data: String,
}

/// What is to be done about an event: post, report, wait, end, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Messages to post.
    pub posts: Vec<Post>,
    /// Who is told.
    pub observer: Option<String>,
    /// How long to wait.
    pub wait: Duration,
    /// How it ends.
    pub end: End,
    kind: &'static str,
    event: String,
}

/// How a call of the probe ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With this result, as JSON text.
    Returns(String),
    /// With this error, in the form of the Runtime API.
    Fails(String),
    /// With the end of the process.
    Exits,
}

/// The most bytes of a report: PostToConnection takes no more. A longer one tells the event's
/// length only.
const REPORT_BYTES: usize = 128 * 1024;
/// The most bytes that a result is filled up to: beyond every limit.
const MOST_SIZE: usize = 64 * 1024 * 1024;

impl Plan {
    /// What to do about an invocation's payload.
    pub(crate) fn of_invocation(payload: &str) -> Self {
        let Ok(event) = serde_json::from_str::<Value>(payload) else {
            return Self::new("payload", &Value::Null, payload, Ok(Instruction::default()));
        };
        let context = &event["requestContext"];
        let (kind, text) = match (event["type"].as_str(), context["eventType"].as_str()) {
            (Some("REQUEST"), _) => ("authorizer", header(&event, "probe-authorizer")),
            (_, Some("CONNECT")) if event.get("headers").is_some() => {
                ("CONNECT", header(&event, "probe-connect"))
            }
            (_, Some("DISCONNECT")) if event.get("isBase64Encoded").is_some() => {
                let told = context["authorizer"]["disconnect"].as_str();
                ("DISCONNECT", told.map(str::to_owned))
            }
            (_, Some("MESSAGE")) if event.get("isBase64Encoded").is_some() => {
                ("MESSAGE", of_message(&event["body"]))
            }
            _ => ("payload", of_message(&event)),
        };
        Self::new(kind, &event, payload, read(&event, text))
    }

    /// What to do about an HTTP request, given as `{"method", "target", "headers", "body"}`.
    pub(crate) fn of_request(request: &Value) -> Self {
        let text = of_message(&request["body"]).or_else(|| header(request, "probe"));
        let told = read(request, text);
        Self::new("HTTP", request, &request.to_string(), told)
    }

    fn new(
        kind: &'static str,
        event: &Value,
        payload: &str,
        told: Result<Instruction, serde_json::Error>,
    ) -> Self {
        let told = match told {
            Ok(told) => told,
            Err(problem) => Instruction {
                fail: Some(format!("the instruction cannot be read: {problem}")),
                ..Instruction::default()
            },
        };
        // A template that knows none renders an empty text.
        let told_of = told.observer.filter(|observer| !observer.is_empty());
        let observer = told_of.or_else(|| observer(event));
        let end = match (told.exit, told.fail, told.result) {
            (true, ..) => End::Exits,
            (_, Some(message), _) => {
                End::Fails(json!({"errorMessage": message, "errorType": "Error"}).to_string())
            }
            (_, _, Some(result)) => End::Returns(filled(&result.to_string(), told.size)),
            _ if kind == "authorizer" => {
                End::Returns(allow(event, observer.as_deref()).to_string())
            }
            _ => End::Returns(json!({"statusCode": 200}).to_string()),
        };
        Self {
            posts: told.post,
            observer,
            wait: Duration::try_from_secs_f64(told.sleep).unwrap_or_default(),
            end,
            kind,
            event: payload.to_owned(),
        }
    }

    /// What the observer is told: `{"kind", "event", "posted"}`, the event to the byte as it came.
    pub fn report(&self, posted: &[u16]) -> String {
        let Self { kind, event, .. } = self;
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(event).is_ok();
        let event = if is_json {
            event.clone()
        } else {
            Value::from(&**event).to_string()
        };
        let posted = if posted.is_empty() {
            String::new()
        } else {
            format!(r#","posted":{posted:?}"#)
        };
        let report = format!(r#"{{"kind":"{kind}","event":{event}{posted}}}"#);
        if report.len() <= REPORT_BYTES {
            return report;
        }
        json!({"kind": kind, "length": self.event.len()}).to_string()
    }
}

/// The authorizer's result when it is told nothing: everybody may, and the later events know the
/// observer.
fn allow(event: &Value, observer: Option<&str>) -> Value {
    let mut context = Map::new();
    if let Some(observer) = observer {
        context.insert("observer".to_owned(), observer.into());
    }
    json!({
        "principalId": "probe",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
        "context": context,
    })
}

/// A value that is there, null included.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// `result` with as much in place of `{{filling}}` that it has `size` bytes.
fn filled(result: &str, size: usize) -> String {
    let size = size.min(MOST_SIZE);
    const FILLING: &str = "{{filling}}";
    let missing = (size + FILLING.len()).saturating_sub(result.len());
    result.replacen(FILLING, &"x".repeat(missing), 1)
}

fn read(event: &Value, text: Option<String>) -> Result<Instruction, serde_json::Error> {
    let Some(text) = text else {
        return Ok(Instruction::default());
    };
    let known = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let text = text
        .replace(
            "{{connectionId}}",
            &known(&event["requestContext"]["connectionId"]),
        )
        .replace("{{methodArn}}", &known(&event["methodArn"]));
    serde_json::from_str(&text)
}

/// The instruction in a message, which may be JSON in a text, or hold a message as its `body`.
fn of_message(message: &Value) -> Option<String> {
    let parsed;
    let message = match message.as_str() {
        Some(text) => {
            parsed = serde_json::from_str::<Value>(text).ok()?;
            &parsed
        }
        None => message,
    };
    match (message.get("probe"), message.get("body")) {
        (Some(told), _) => Some(told.to_string()),
        (None, Some(body)) => of_message(body),
        (None, None) => None,
    }
}

fn header(event: &Value, name: &str) -> Option<String> {
    let headers = event["headers"].as_object()?;
    let (_, value) = headers
        .iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    Some(value.as_str()?.to_owned())
}

fn observer(event: &Value) -> Option<String> {
    let observer = event["queryStringParameters"]["observer"]
        .as_str()
        .or_else(|| event["requestContext"]["authorizer"]["observer"].as_str())?;
    Some(observer.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn returned(plan: &Plan) -> Value {
        match &plan.end {
            End::Returns(text) => serde_json::from_str(text).unwrap(),
            end => panic!("{end:?}"),
        }
    }

    #[test]
    fn an_authorizer_lets_everybody_in_and_hands_the_observer_on() {
        let event = json!({
            "type": "REQUEST", "methodArn": "arn", "headers": {},
            "queryStringParameters": {"observer": "O="}, "requestContext": {"eventType": "CONNECT"},
        });
        let plan = Plan::of_invocation(&event.to_string());
        assert_eq!(plan.observer.as_deref(), Some("O="));
        let result = returned(&plan);
        assert_eq!(result["context"], json!({"observer": "O="}));
        assert_eq!(result["policyDocument"]["Statement"][0]["Resource"], "arn");
    }

    #[rstest]
    #[case::authorizer(json!({"type": "REQUEST", "headers": {"Probe-Authorizer": "{\"return\":1}"}}), "authorizer")]
    #[case::connect(json!({"headers": {"probe-connect": "{\"return\":1}"}, "requestContext": {"eventType": "CONNECT"}}), "CONNECT")]
    #[case::message(json!({"requestContext": {"eventType": "MESSAGE"}, "body": "{\"probe\":{\"return\":1}}", "isBase64Encoded": false}), "MESSAGE")]
    #[case::disconnect(json!({"requestContext": {"eventType": "DISCONNECT", "authorizer": {"disconnect": "{\"return\":1}"}}, "isBase64Encoded": false}), "DISCONNECT")]
    #[case::rendered(json!({"probe": {"return": 1}}), "payload")]
    #[case::rendered_around_the_message(json!({"body": "{\"probe\":{\"return\":1}}"}), "payload")]
    fn it_is_told_where_the_case_can_reach(#[case] event: Value, #[case] kind: &str) {
        let plan = Plan::of_invocation(&event.to_string());
        assert_eq!((plan.kind, returned(&plan)), (kind, json!(1)));
    }

    #[test]
    fn an_observer_without_an_id_is_none() {
        let plan = Plan::of_invocation(r#"{"probe":{"observer":""}}"#);
        assert_eq!((plan.kind, plan.observer), ("payload", None));
    }

    #[test]
    fn a_report_has_the_event_to_the_byte() {
        let plan = Plan::of_invocation("{\"b\": 1.0,  \"a\": 2}");
        assert_eq!(
            plan.report(&[]),
            "{\"kind\":\"payload\",\"event\":{\"b\": 1.0,  \"a\": 2}}"
        );
        assert_eq!(
            Plan::of_invocation("no").report(&[410]),
            "{\"kind\":\"payload\",\"event\":\"no\",\"posted\":[410]}"
        );
        let long = Value::from("x".repeat(REPORT_BYTES)).to_string();
        assert_eq!(
            Plan::of_invocation(&long).report(&[]),
            "{\"kind\":\"payload\",\"length\":131074}"
        );
    }

    #[rstest]
    #[case::longer(12, r#"{"a":"xxxx"}"#)]
    #[case::no_room(3, r#"{"a":""}"#)]
    fn a_result_has_the_size_that_it_is_told(#[case] size: usize, #[case] expected: &str) {
        let told = json!({"probe": {"return": {"a": "{{filling}}"}, "size": size}});
        let plan = Plan::of_invocation(&told.to_string());
        assert_eq!(plan.end, End::Returns(expected.to_owned()));
    }

    #[test]
    fn a_result_may_be_null() {
        let plan = Plan::of_invocation(r#"{"probe":{"return":null}}"#);
        assert_eq!(plan.end, End::Returns("null".to_owned()));
    }

    #[test]
    fn an_instruction_that_cannot_be_read_is_an_error() {
        let plan = Plan::of_invocation("{\"probe\":{\"retrun\":1}}");
        assert!(
            matches!(plan.end, End::Fails(ref text) if text.contains("retrun")),
            "{plan:?}"
        );
    }
}
