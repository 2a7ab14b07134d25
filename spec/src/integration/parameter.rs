//! Request parameters: what a mapping takes from a request, and what it puts where.

use serde_json::Value;

use super::Request;
use super::invalid::{InvalidIntegration, InvalidParameter};
use crate::template::Document;

/// One entry of `RequestParameters`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub(super) target: Target,
    source: Source,
}

/// Where a value goes.
///
/// Realises: INTEGRATION-55
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Header(String),
    QueryString(String),
    Path(String),
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// `'text'`.
    ///
    /// Realises: INTEGRATION-59
    Static(String),
    /// A member of the proxy event: maps of the handshake, `$context`, stage variables.
    ///
    /// Realises: INTEGRATION-56, INTEGRATION-58
    Event {
        map: &'static str,
        path: Vec<String>,
        /// Header names have no case (RFC 9110, section 5.1).
        any_case: bool,
        on_connect: bool,
    },
    /// A location in the message; an empty path is all of it.
    ///
    /// Realises: INTEGRATION-57
    Body(String),
}

/// What framing and addressing decide, so that no mapping may.
///
/// Realises: INTEGRATION-87
const NOT_MAPPED: [&str; 5] = [
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "upgrade",
];

impl Parameter {
    /// Reads a mapping.
    pub(super) fn parse(target: &str, source: &str) -> Result<Self, InvalidIntegration> {
        let invalid = |problem: InvalidParameter| InvalidIntegration::Parameter {
            name: target.to_owned(),
            problem,
        };
        let place = target
            .strip_prefix("integration.request.")
            .and_then(|place| place.split_once('.'))
            .filter(|(_, name)| is_name(name));
        let parsed = match place {
            Some(("header", name)) if NOT_MAPPED.contains(&&*name.to_ascii_lowercase()) => {
                return Err(invalid(InvalidParameter::Framing));
            }
            Some(("header", name)) => Target::Header(name.to_owned()),
            Some(("querystring", name)) => Target::QueryString(name.to_owned()),
            Some(("path", name)) => Target::Path(name.to_owned()),
            _ => return Err(invalid(InvalidParameter::Target)),
        };
        let source = Source::parse(source)
            .ok_or_else(|| invalid(InvalidParameter::Source(source.to_owned())))?;
        Ok(Self {
            target: parsed,
            source,
        })
    }

    /// The values for one request: none where the source has nothing, so that nothing is sent.
    ///
    /// Realises: INTEGRATION-88
    pub(super) fn values(&self, request: Request<'_>) -> Vec<String> {
        match &self.source {
            Source::Static(text) => vec![text.clone()],
            Source::Body(path) if path.is_empty() => vec![request.body.to_owned()],
            Source::Body(path) => Document::parse(request.body)
                .ok()
                .and_then(|document| document.text_at(&format!("${path}")))
                .map(|text| text.to_string())
                .into_iter()
                .collect(),
            source @ Source::Event { .. } => source.of_event(request.event),
        }
    }

    /// The parameters of the handshake, one of which its route must declare; empty when the source
    /// is another. A multi-value form may be declared as the plain one is.
    ///
    /// Realises: INTEGRATION-61
    pub(super) fn declarations(&self) -> Vec<String> {
        match &self.source {
            Source::Event {
                map,
                path,
                on_connect: true,
                ..
            } => {
                let (plain, multi) = match *map {
                    "headers" | "multiValueHeaders" => ("header", "multivalueheader"),
                    _ => ("querystring", "multivaluequerystring"),
                };
                let named = |kind| format!("route.request.{kind}.{}", path.join("."));
                vec![named(plain), named(multi)]
            }
            _ => Vec::new(),
        }
    }

    /// Whether this makes the call of a function one whose result nobody waits for.
    ///
    /// Realises: INTEGRATION-73
    pub(super) fn is_asynchronous(&self) -> bool {
        matches!((&self.target, &self.source), (Target::Header(name), Source::Static(value))
            if name.eq_ignore_ascii_case("X-Amz-Invocation-Type") && value == "Event")
    }
}

/// The names of the required handshake parameters that are missing from `event`; a name that is not
/// a parameter's is an error.
///
/// # Errors
/// The first name that is none.
pub(crate) fn missing<'a>(
    required: impl Iterator<Item = &'a str>,
    event: &Value,
) -> Result<Vec<&'a str>, &'a str> {
    let mut missing = Vec::new();
    for name in required {
        match Source::parse(name) {
            Some(
                source @ Source::Event {
                    on_connect: true, ..
                },
            ) => {
                if source.of_event(event).is_empty() {
                    missing.push(name);
                }
            }
            _ => return Err(name),
        }
    }
    Ok(missing)
}

impl Source {
    /// A member of an event, as texts.
    fn of_event(&self, event: &Value) -> Vec<String> {
        let Self::Event {
            map,
            path,
            any_case,
            on_connect,
        } = self
        else {
            return Vec::new();
        };
        if *on_connect && event["requestContext"]["eventType"] != "CONNECT" {
            return Vec::new();
        }
        let found = path.iter().try_fold(&event[*map], |value, name| {
            let members = value.as_object()?;
            members.get(name).or_else(|| {
                let mut members = members.iter();
                let (_, found) =
                    members.find(|(other, _)| *any_case && other.eq_ignore_ascii_case(name))?;
                Some(found)
            })
        });
        match found {
            Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn parse(source: &str) -> Option<Self> {
        if let Some(text) = source.strip_prefix('\'') {
            return text
                .strip_suffix('\'')
                .map(|text| Self::Static(text.to_owned()));
        }
        if let Some(path) = source.strip_prefix("route.request.body") {
            let is_path = path.is_empty()
                || (path.starts_with('.')
                    && crate::template::JsonPath::parse(&format!("${path}")).is_ok());
            return is_path.then(|| Self::Body(path.to_owned()));
        }
        if let Some(place) = source.strip_prefix("route.request.") {
            let (kind, name) = place.split_once('.').filter(|(_, name)| is_name(name))?;
            let (map, any_case) = match kind {
                "header" => ("headers", true),
                "multivalueheader" => ("multiValueHeaders", true),
                "querystring" => ("queryStringParameters", false),
                "multivaluequerystring" => ("multiValueQueryStringParameters", false),
                _ => return None,
            };
            return Some(Self::Event {
                map,
                path: vec![name.to_owned()],
                any_case,
                on_connect: true,
            });
        }
        let (map, name) = source.split_once('.').filter(|(_, name)| is_name(name))?;
        let (map, path) = match map {
            "context" => (
                "requestContext",
                name.split('.').map(str::to_owned).collect(),
            ),
            "stageVariables" => ("stageVariables", vec![name.to_owned()]),
            _ => return None,
        };
        Some(Self::Event {
            map,
            path,
            any_case: false,
            on_connect: false,
        })
    }
}

/// Whether a text is the name of a parameter.
///
/// Realises: INTEGRATION-60
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._$-".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

/// A member of an event as a text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
