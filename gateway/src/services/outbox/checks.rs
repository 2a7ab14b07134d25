//! What the answered actions require, and what is checked of it: that it is there, and its type.
//! Nobody looks whether what it names exists. Error codes are the services', words are our own.
//!
//! Sources: the actions' pages of the services' API references.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// Why a service would not take a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// As forms have it; JSON has a name of its own for what is missing.
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// What a parameter must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Base64, perhaps of nothing.
    Blob,
    /// An object with `Data`, a [`Blob`](Self::Blob).
    Record,
    Events,
    OptionalText,
    /// A text that is JSON.
    OptionalJson,
}

/// A parameter of one of these names.
type Parameter = (&'static [&'static str], Kind);

const GROUP: Parameter = (&["MessageGroupId"], Kind::Text);

fn parameters(service: &str) -> &'static [Parameter] {
    match service {
        "sqs" => &[(&["QueueUrl"], Kind::Text), (&["MessageBody"], Kind::Text)],
        "sns" => &[
            (&["Message"], Kind::Text),
            (&["TopicArn", "TargetArn", "PhoneNumber"], Kind::Text),
        ],
        "kinesis" => &[
            (&["StreamName", "StreamARN"], Kind::Text),
            (&["Data"], Kind::Blob),
            (&["PartitionKey"], Kind::Text),
        ],
        "firehose" => &[
            (&["DeliveryStreamName"], Kind::Text),
            (&["Record"], Kind::Record),
        ],
        "events" => &[(&["Entries"], Kind::Events)],
        _ => &[
            (&["stateMachineArn"], Kind::Text),
            (&["name"], Kind::OptionalText),
            (&["input"], Kind::OptionalJson),
        ],
    }
}

/// Looks at the parameters of a request to a service with answers.
///
/// # Errors
/// The first thing that the service would not take.
pub(super) fn check(service: &str, given: &Map<String, Value>) -> Result<(), Refused> {
    let group = is_fifo(given).then_some(&GROUP);
    for (names, kind) in parameters(service).iter().chain(group) {
        let found = names.iter().find_map(|name| {
            let value = given.get(*name)?;
            let is_there = !value.is_null() && (*kind != Kind::Text || value != "");
            is_there.then_some((*name, value))
        });
        match found {
            Some((name, value)) => kind.check(name, value)?,
            None if matches!(kind, Kind::OptionalText | Kind::OptionalJson) => {}
            None => return Err(Refused::missing(&names.join(" or "))),
        }
    }
    Ok(())
}

/// Whether a queue or a topic is one that keeps the order.
pub(super) fn is_fifo(given: &Map<String, Value>) -> bool {
    ["QueueUrl", "TopicArn"].iter().any(|name| {
        let value = given.get(*name).and_then(Value::as_str);
        value.is_some_and(|value| value.ends_with(".fifo"))
    })
}

/// What EventBridge requires of an event.
const REQUIRED: [&str; 3] = ["Source", "DetailType", "Detail"];

/// Why EventBridge fails an event of a request, while it may take the others.
pub(super) fn failure(event: &Value) -> Option<(&'static str, String)> {
    if let Some(name) = REQUIRED
        .into_iter()
        .find(|name| text(event, name).is_none())
    {
        return Some(("InvalidArgument", format!("{name} is required")));
    }
    let detail = text(event, "Detail").unwrap_or_default();
    let is_object = serde_json::from_str::<Map<String, Value>>(detail).is_ok();
    (!is_object).then(|| ("MalformedDetail", "Detail is no JSON object".to_owned()))
}

/// A text that is not empty.
fn text<'e>(event: &'e Value, name: &str) -> Option<&'e str> {
    event[name].as_str().filter(|text| !text.is_empty())
}

impl Kind {
    fn check(self, name: &str, value: &Value) -> Result<(), Refused> {
        match (self, value) {
            (Self::Text | Self::OptionalText, Value::String(_)) => Ok(()),
            (Self::Blob, Value::String(text)) if spec::base64::decode(text).is_some() => Ok(()),
            (Self::OptionalJson, Value::String(text)) => {
                let parsed = serde_json::from_str::<IgnoredAny>(text);
                parsed.map(drop).map_err(|error| Refused {
                    code: "InvalidExecutionInput",
                    message: format!("{name} is no JSON: {error}"),
                })
            }
            (Self::Record, Value::Object(record)) => match record.get("Data") {
                Some(data) if !data.is_null() => Self::Blob.check("Record.Data", data),
                _ => Err(Refused::missing("Record.Data")),
            },
            (Self::Events, Value::Array(events)) => check_events(events),
            _ => Err(Refused::of_type(name, self.expected())),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Text | Self::OptionalText | Self::OptionalJson => "a string",
            Self::Blob => "a string of Base64",
            Self::Record => "an object",
            Self::Events => "an array",
        }
    }
}

fn check_events(events: &[Value]) -> Result<(), Refused> {
    if !(1..=10).contains(&events.len()) {
        return Err(Refused {
            code: "ValidationException",
            message: format!("Entries has {} members, and may have 1 to 10", events.len()),
        });
    }
    for event in events {
        if !event.is_object() {
            return Err(Refused::of_type("Entries", "an array of objects"));
        }
        for name in REQUIRED {
            if !(event[name].is_null() || event[name].is_string()) {
                return Err(Refused::of_type(name, "a string"));
            }
        }
    }
    // One that lacks something fails alone; if each does, the request does.
    let lacks = |event: &Value| {
        REQUIRED
            .into_iter()
            .find(|name| text(event, name).is_none())
    };
    let lacking: Vec<&str> = events.iter().filter_map(lacks).collect();
    match lacking.first() {
        Some(name) if lacking.len() == events.len() => Err(Refused::missing(name)),
        _ => Ok(()),
    }
}

impl Refused {
    pub(super) fn no_object() -> Self {
        Self {
            code: "SerializationException",
            message: "the body is no JSON object".to_owned(),
        }
    }

    fn missing(names: &str) -> Self {
        Self {
            code: "MissingParameter",
            message: format!("The request must contain the parameter {names}."),
        }
    }

    fn of_type(name: &str, expected: &str) -> Self {
        Self {
            code: "SerializationException",
            message: format!("{name} must be {expected}"),
        }
    }
}
