//! What comes of an integration: an answer or a failure, and the frame that tells a client of the
//! latter.

use std::fmt;

use serde_json::Value;

use crate::error_frame::ErrorFrame;
use crate::http::Headers;
use crate::json;

/// What a client may be told of an integration's result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status: what decides at `$connect`.
    pub status: u16,
    /// Header fields: `$connect` looks for `Sec-WebSocket-Protocol`.
    pub headers: Headers,
    /// The text for a two-way route.
    pub body: String,
}

/// Why there is no answer. The client of a message gets an error frame, that of a handshake a
/// status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The function could not be called.
    NotInvocable(String),
    /// The function failed, and no integration response takes its error.
    FunctionError(String),
    /// A backend or a service answered with an error, and no integration response takes it.
    NoResponse(String),
    /// The result does not have the form that the integration type wants.
    MalformedResult(String),
    /// A mapping template failed.
    Template(String),
    /// The rendered request is not JSON, which Lambda does not take.
    InvalidPayload(String),
    /// No request template fits, and the integration must not pass the body through.
    NoTemplate,
    /// The call ended as that of something else, which the integration does not call.
    NotCalled(&'static str),
    /// No answer in time.
    TimedOut,
    /// No answer could be had of the backend.
    Unreachable(String),
    /// What it calls is not here, and what would help.
    Unavailable(String),
    /// A request parameter cannot be put where it is mapped to.
    Parameter(String),
    /// What is to be decoded is no base64: a `request` or a `response`.
    NotBase64(&'static str),
    /// The answer is no text, which is all that a client can be sent.
    NotText,
    /// The answer has so many bytes, more than a message may have.
    AnswerTooLarge(usize),
}

impl Failure {
    /// What the client of a message is told.
    pub fn frame(&self) -> ErrorFrame {
        match self {
            // Observed: a function that may not be called (TEMPLATE-91).
            Self::NotInvocable(_) => ErrorFrame::NotInvocable,
            Self::TimedOut => ErrorFrame::IntegrationTimedOut,
            _ => ErrorFrame::IntegrationFailed,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInvocable(cause) => write!(f, "the function cannot be called: {cause}"),
            Self::FunctionError(error) => write!(f, "the function failed: {error}"),
            Self::NoResponse(answer) => {
                write!(f, "no integration response takes the answer: {answer}")
            }
            Self::MalformedResult(problem) => write!(f, "malformed result: {problem}"),
            Self::Template(error) => write!(f, "mapping template: {error}"),
            Self::InvalidPayload(error) => {
                write!(f, "the rendered mapping template is not JSON: {error}")
            }
            Self::NoTemplate => f.write_str("no request template fits the message"),
            Self::NotCalled(other) => {
                write!(
                    f,
                    "its call ended as that of {other}, which it does not call"
                )
            }
            Self::TimedOut => f.write_str("the integration timed out"),
            Self::Unreachable(cause) => write!(f, "the backend gave no answer: {cause}"),
            Self::Unavailable(reason) => f.write_str(reason),
            Self::Parameter(problem) => write!(f, "request parameters: {problem}"),
            Self::NotBase64(what) => {
                write!(f, "the {what} is to be decoded, and is not base64")
            }
            Self::NotText => f.write_str("the answer is not text"),
            Self::AnswerTooLarge(bytes) => {
                write!(
                    f,
                    "the answer has {bytes} bytes, more than a message may have"
                )
            }
        }
    }
}

/// The most characters that are shown of a result.
const SHOWN: usize = 200;

impl Failure {
    /// A proxy integration's result that is none, with its beginning.
    pub(super) fn malformed(problem: &str, result: &str) -> Self {
        let shown: String = result.chars().take(SHOWN).collect();
        let more = if shown.len() < result.len() {
            "…"
        } else {
            ""
        };
        Self::MalformedResult(format!("{problem}: `{shown}{more}`"))
    }
}

/// A proxy integration's result: an object with a `statusCode`, of any value; without a
/// body it stands for an empty message.
///
/// Realises: INTEGRATION-14, INTEGRATION-15, INTEGRATION-16, INTEGRATION-6
pub(super) fn proxy_answer(result: &str) -> Result<Answer, &'static str> {
    let result: Value = json::value(result).map_err(|_| "the result is not JSON")?;
    let fields = result.as_object().ok_or("the result is not an object")?;
    let status = fields
        .get("statusCode")
        .and_then(status_code)
        .ok_or("the result has no `statusCode`")?;
    let mut headers = Headers::new();
    for member in ["headers", "multiValueHeaders"] {
        for (name, value) in fields
            .get(member)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let values = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            for text in values.iter().filter_map(Value::as_str) {
                headers.push(name, text);
            }
        }
    }
    let body = match fields.get("body") {
        None | Some(Value::Null) => String::new(), // INTEGRATION-6
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err("the result's `body` is not a string"), // INTEGRATION-71
    };
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// A status code as a number, or as the text of one.
pub(super) fn status_code(value: &Value) -> Option<u16> {
    let status = match value {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (100..=599).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Map, json};

    #[rstest]
    #[case(r#"{"statusCode":200}"#, 200, "")]
    #[case(r#"{"statusCode":"201","body":"x","isBase64Encoded":false}"#, 201, "x")]
    #[case(r#"{"statusCode":200,"body":null}"#, 200, "")]
    #[case(r#"{"statusCode":200,"body":"cut \ud83d"}"#, 200, "cut ?")]
    #[case(r#"{"statusCode":200,"body":"x","took":1E400}"#, 200, "x")]
    fn proxy_results_have_a_status(#[case] result: &str, #[case] status: u16, #[case] body: &str) {
        let answer = proxy_answer(result).unwrap();
        assert_eq!((answer.status, &*answer.body), (status, body));
    }

    // What was seen to be refused on AWS: null, a bare string, an object without a status.
    #[rstest]
    #[case("null")]
    #[case(r#""ok""#)]
    #[case("{}")]
    #[case(r#"{"statusCode":"x"}"#)]
    #[case(r#"{"statusCode":20}"#)]
    #[case(r#"{"statusCode":200,"body":{}}"#)]
    #[case("not JSON")]
    fn malformed_results_are_failures(#[case] result: &str) {
        assert!(proxy_answer(result).is_err());
    }

    #[test]
    fn a_malformed_result_is_shown_as_far_as_it_fits() {
        let said = |result: &str| Failure::malformed("no object", result).to_string();
        assert_eq!(said("[1]"), "malformed result: no object: `[1]`");
        let long = said(&"é".repeat(1000));
        assert!(
            long.ends_with("é…`") && long.chars().count() < 250,
            "{long}"
        );
    }

    fn headers(value: BoxedStrategy<Value>) -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[A-Za-z-]{1,4}", value, 0..3)
            .prop_map(|fields| fields.into_iter().collect())
    }

    /// A member that makes a result none.
    fn fault() -> impl Strategy<Value = (&'static str, Value)> {
        let statuses = [
            json!(null),
            json!(99),
            json!(600),
            json!(-200),
            json!(200.5),
            json!("2x"),
            json!([]),
        ];
        let bodies = [json!({}), json!([]), json!(1), json!(true)];
        prop_oneof![
            prop::sample::select(statuses.to_vec()).prop_map(|value| ("statusCode", value)),
            prop::sample::select(bodies.to_vec()).prop_map(|value| ("body", value)),
        ]
    }

    proptest! {
        // A result is read member by member, whatever else it has. With one fault in it, it is
        // none.
        #[test]
        fn a_result_is_read_and_a_fault_is_found(
            status in 100..=599_u16,
            as_text: bool,
            single in headers("[^\"]{0,5}".prop_map(Value::from).boxed()),
            multi in headers(
                prop::collection::vec("[^\"]{0,5}", 1..3).prop_map(Value::from).boxed(),
            ),
            body in prop::option::of(crate::strategy::body()),
            fault in prop::option::of(fault()),
        ) {
            let mut result = json!({"isBase64Encoded": false, "headers": single, "multiValueHeaders": multi});
            result["statusCode"] = if as_text { status.to_string().into() } else { status.into() };
            if let Some(body) = &body {
                result["body"] = body.as_str().into();
            }
            if let Some((member, value)) = &fault {
                result[*member] = value.clone();
                prop_assert!(proxy_answer(&result.to_string()).is_err());
                return Ok(());
            }
            let mut expected = Vec::new();
            for (name, value) in single.iter().chain(&multi) {
                let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let texts = values.iter().filter_map(Value::as_str);
                expected.extend(texts.map(|text| (name.as_str(), text)));
            }
            let answer = proxy_answer(&result.to_string()).unwrap();
            prop_assert_eq!(answer.status, status);
            prop_assert_eq!(answer.body, body.unwrap_or_default());
            prop_assert_eq!(answer.headers.iter().collect::<Vec<_>>(), expected);
        }

        // A text that is cut off is no result.
        #[test]
        fn half_a_result_is_none(body in crate::strategy::body(), at: prop::sample::Index) {
            let result = json!({"statusCode": 200, "body": body}).to_string();
            let ends: Vec<usize> = result.char_indices().map(|(end, _)| end).collect();
            prop_assert!(proxy_answer(&result[..ends[at.index(ends.len())]]).is_err());
            prop_assert!(proxy_answer(&result).is_ok());
        }
    }
}
