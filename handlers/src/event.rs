//! Reads the fields of an event that a function needs.

use serde_json::Value;

/// An event lacks a field that API Gateway, or the mapping template, always sends. Names the field,
/// never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has no {expected} at `{path}`")]
pub struct MalformedEvent {
    /// The JSON pointer of the field.
    pub path: &'static str,
    /// What should be there.
    pub expected: &'static str,
}

/// `requestContext.connectionId`, which names the connection in the table and in the `@connections`
/// API.
///
/// # Errors
///
/// If it is absent, empty or not a string.
pub fn connection_id(event: &Value) -> Result<&str, MalformedEvent> {
    text(event, "/requestContext/connectionId")
}

/// `requestContext.connectedAt`: when the connection was opened, in milliseconds since 1970.
///
/// # Errors
///
/// If it is absent or not a non-negative integer.
pub fn connected_at(event: &Value) -> Result<u64, MalformedEvent> {
    let path = "/requestContext/connectedAt";
    event
        .pointer(path)
        .and_then(Value::as_u64)
        .ok_or(MalformedEvent {
            path,
            expected: "number of milliseconds",
        })
}

/// `body`: the message, as text.
///
/// # Errors
///
/// If it is absent or not a string. The empty string is not an error.
pub fn body(event: &Value) -> Result<&str, MalformedEvent> {
    let path = "/body";
    event
        .pointer(path)
        .and_then(Value::as_str)
        .ok_or(MalformedEvent {
            path,
            expected: "text",
        })
}

/// `methodArn` of an authorizer event: the ARN that the policy has to allow.
///
/// # Errors
///
/// If it is absent, empty or not a string.
pub fn method_arn(event: &Value) -> Result<&str, MalformedEvent> {
    text(event, "/methodArn")
}

/// The values of all headers of a name, in any case: API Gateway keeps the client's spelling. A
/// value that is not a string is `None`.
pub fn headers<'e>(event: &'e Value, name: &str) -> impl Iterator<Item = Option<&'e str>> {
    let headers = event.get("headers").and_then(Value::as_object);
    headers
        .into_iter()
        .flatten()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn text<'e>(event: &'e Value, path: &'static str) -> Result<&'e str, MalformedEvent> {
    let text = event
        .pointer(path)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    text.ok_or(MalformedEvent {
        path,
        expected: "text",
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::absent(json!({}))]
    #[case::no_object(json!([]))]
    #[case::context_is_text(json!({"requestContext": "secret"}))]
    #[case::empty(json!({"requestContext": {"connectionId": ""}}))]
    #[case::number(json!({"requestContext": {"connectionId": 1}}))]
    fn a_connection_id_is_text(#[case] event: Value) {
        let error = connection_id(&event).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the event has no text at `/requestContext/connectionId`"
        );
    }

    #[rstest]
    #[case(json!(1_705_751_697_419_u64), Some(1_705_751_697_419))]
    #[case(json!(0), Some(0))]
    #[case(json!(-1), None)]
    #[case(json!(1.5), None)]
    #[case(json!("1705751697419"), None)]
    #[case(json!(null), None)]
    fn the_time_of_connection_is_whole_milliseconds(
        #[case] value: Value,
        #[case] expected: Option<u64>,
    ) {
        assert_eq!(
            connected_at(&json!({"requestContext": {"connectedAt": value}})).ok(),
            expected
        );
    }

    #[test]
    fn headers_are_found_in_every_spelling() {
        let event = json!({"headers": {"Token": "a", "x-token": "b", "TOKEN": 1, "token": "c"}});
        assert_eq!(
            headers(&event, "token").collect::<Vec<_>>(),
            [Some("a"), None, Some("c")]
        );
        assert_eq!(headers(&json!({"headers": ["token"]}), "token").count(), 0);
        assert_eq!(headers(&json!(null), "token").count(), 0);
    }
}
