//! The route `sendmessage`: the connection that sent the message gets the reply.
//!
//! The event is what the route's mapping template renders. The route is one-way, so nobody receives
//! this function's result: the reply is posted to the connection through the `@connections` API.

use aws_sdk_apigatewaymanagement::error::DisplayErrorContext;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use lambda_runtime::Diagnostic;
use serde::de::IgnoredAny;
use serde_json::Value;
use tracing::{debug, error, info};

use crate::aws::Aws;
use crate::connections::Connections;
use crate::environment::{Environment, EnvironmentError};
use crate::event::MalformedEvent;
use crate::status::Status;
use crate::{FromEnvironment, Function, event};

/// The text of the reply.
pub const REPLY: &str = "good job on deploying this template, keep slaying!!";

/// The function `sendmessage`.
#[derive(Clone, Debug)]
pub struct SendMessage {
    management: aws_sdk_apigatewaymanagement::Client,
    connections: Connections,
}

/// Why there was no reply. These texts are the result of the function; what AWS answered is only
/// logged.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// The event is not what the mapping template renders.
    #[error(transparent)]
    Event(#[from] MalformedEvent),
    /// The body, which is the client's message, is not JSON. The parser's error has a location and
    /// none of the text.
    #[error("the body is not JSON: {0}")]
    Body(#[from] serde_json::Error),
    /// The reply could not be posted.
    #[error("the reply could not be posted")]
    Post,
    /// The connection is gone, and its row could not be deleted.
    #[error("the row of a closed connection could not be deleted")]
    Forget,
}

impl SendMessage {
    /// Replies through this client, and deletes stale rows from this table.
    #[must_use]
    pub fn new(management: aws_sdk_apigatewaymanagement::Client, connections: Connections) -> Self {
        Self {
            management,
            connections,
        }
    }

    /// Posts the reply to the connection that sent the message: 200, or 410 if the client is gone,
    /// whose row is then deleted.
    ///
    /// # Errors
    ///
    /// If the event has another form, its body is not JSON, the reply cannot be posted, or the row
    /// cannot be deleted. All are logged.
    pub async fn reply(&self, event: &Value) -> Result<Status, SendMessageError> {
        let connection_id = self
            .sender(event)
            .inspect_err(|error| error!(%error, "no reply"))?;
        let posted = self
            .management
            .post_to_connection()
            .connection_id(connection_id)
            .data(Blob::new(REPLY))
            .send()
            .await;
        match posted {
            Ok(_) => {
                debug!(connection_id, "replied");
                Ok(Status::OK)
            }
            // Decided by the status: that is the API's contract, whatever the name of the error.
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|response| response.status().as_u16() == 410) =>
            {
                info!(connection_id, "the client is gone");
                self.forget(connection_id).await
            }
            Err(cause) => {
                let cause = DisplayErrorContext(cause);
                error!(connection_id, error = %cause, "the reply could not be posted");
                Err(SendMessageError::Post)
            }
        }
    }

    /// The connection of an event that can be replied to.
    fn sender<'e>(&self, event: &'e Value) -> Result<&'e str, SendMessageError> {
        let connection_id = event::connection_id(event)?;
        // Only checks whether it is JSON: no copy, no depth limit, and an escape such as `\ud800`,
        // which JSON allows but a Rust string cannot hold, does no harm.
        serde_json::from_str::<IgnoredAny>(event::body(event)?)?;
        Ok(connection_id)
    }

    async fn forget(&self, connection_id: &str) -> Result<Status, SendMessageError> {
        match self.connections.delete(connection_id).await {
            Ok(()) => Ok(Status::GONE),
            Err(cause) => {
                let problem = "the row of a closed connection could not be deleted";
                error!(connection_id, error = %cause, "{problem}");
                Err(SendMessageError::Forget)
            }
        }
    }
}

impl FromEnvironment for SendMessage {
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let aws = Aws::from_environment(environment)?;
        Ok(Self::new(
            aws.management(environment)?,
            Connections::from_environment(environment, &aws)?,
        ))
    }
}

impl Function for SendMessage {
    type Output = Status;
    type Error = SendMessageError;

    async fn call(&self, event: &Value) -> Result<Status, SendMessageError> {
        self.reply(event).await
    }
}

impl From<SendMessageError> for Diagnostic {
    fn from(error: SendMessageError) -> Self {
        let error_type = match error {
            SendMessageError::Event(_) => "MalformedEvent",
            SendMessageError::Body(_) => "BodyNotJson",
            SendMessageError::Post => "ReplyNotPosted",
            SendMessageError::Forget => "RowNotDeleted",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::HttpClient;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::testing::{
        Double, always, answers, aws, block_on, logged, mutated_event, nearly_json, requests,
    };

    const POST: &str = "POST https://abcdef123.execute-api.us-east-1.amazonaws.com\
                        /stage/@connections/R1kmxc2VNjMCFIA%3D";
    const GONE: (u16, &str) = (410, r#"{"message":null}"#);

    fn function(double: impl HttpClient + 'static) -> SendMessage {
        let (environment, aws) = aws(double);
        let connections = Connections::from_environment(&environment, &aws).unwrap();
        SendMessage::new(aws.management(&environment).unwrap(), connections)
    }

    fn event(body: &str) -> Value {
        json!({
            "requestContext": {
                "routeKey": "sendmessage",
                "auth": "me",
                "token": "s3cret",
                "connectionId": "R1kmxc2VNjMCFIA=",
            },
            "body": body,
            "isBase64Encoded": false,
        })
    }

    fn payload() -> Value {
        event(r#"{"action": "sendmessage","message" : "hey queen"}"#)
    }

    #[test]
    fn the_reply_goes_to_the_connection_that_sent_the_message() {
        let double = answers([(200, "")]);
        assert_eq!(
            block_on(function(double.clone()).reply(&payload())).unwrap(),
            Status::OK
        );
        let expected = (
            POST.to_owned(),
            String::new(),
            "good job on deploying this template, keep slaying!!".to_owned(),
        );
        assert_eq!(requests(&double), [expected]);
    }

    #[test]
    fn a_client_that_is_gone_loses_its_row() {
        let double = answers([GONE, (200, "{}")]);
        let (result, log) = logged(|| block_on(function(double.clone()).reply(&payload())));
        assert_eq!(result.unwrap(), Status::GONE);
        let requests = requests(&double);
        assert_eq!(requests[1].1, "DynamoDB_20120810.DeleteItem");
        assert_eq!(
            serde_json::from_str::<Value>(&requests[1].2).unwrap(),
            json!({"TableName": "connections", "Key": {"connectionId": {"S": "R1kmxc2VNjMCFIA="}}})
        );
        assert!(log.contains("the client is gone"), "{log}");
    }

    #[test]
    fn a_stale_row_that_stays_is_an_error() {
        let denied = (
            400,
            r#"{"__type":"AccessDeniedException","message":"role of account 42"}"#,
        );
        let (result, log) =
            logged(|| block_on(function(answers([GONE, denied])).reply(&payload())));
        let diagnostic = Diagnostic::from(result.unwrap_err());
        assert_eq!(diagnostic.error_type, "RowNotDeleted");
        assert!(log.contains("role of account 42"), "{log}");
        assert!(!diagnostic.error_message.contains("42"));
    }

    #[rstest]
    #[case::forbidden(vec![(403, r#"{"message":"role of account 42"}"#)])]
    #[case::failing(vec![(500, r#"{"message":"role of account 42"}"#); 3])]
    fn a_reply_that_cannot_be_posted_is_an_error_without_its_cause(
        #[case] given: Vec<(u16, &'static str)>,
    ) {
        let attempts = given.len();
        let double = match given[..] {
            [answer] => answers([answer]),
            [first, second, third] => answers([first, second, third]),
            _ => unreachable!(),
        };
        let (result, log) = logged(|| block_on(function(double.clone()).reply(&payload())));
        let diagnostic = Diagnostic::from(result.unwrap_err());
        assert_eq!(diagnostic.error_type, "ReplyNotPosted");
        assert_eq!(diagnostic.error_message, "the reply could not be posted");
        assert!(log.contains("R1kmxc2VNjMCFIA="), "{log}");
        assert_eq!(requests(&double).len(), attempts);
    }

    #[rstest]
    #[case("")]
    #[case("hey queen")]
    #[case("{\"action\":")]
    #[case("{} {}")]
    #[case("{'action':1}")]
    fn a_body_that_is_not_json_is_an_error_in_the_log_and_the_result(#[case] body: &str) {
        let double = answers([]);
        let (result, log) = logged(|| block_on(function(double.clone()).reply(&event(body))));
        let diagnostic = Diagnostic::from(result.unwrap_err());
        assert_eq!(diagnostic.error_type, "BodyNotJson");
        assert!(
            diagnostic
                .error_message
                .starts_with("the body is not JSON: "),
            "{}",
            diagnostic.error_message
        );
        assert!(log.contains("the body is not JSON: "), "{log}");
        assert_eq!(requests(&double).len(), 0);
    }

    #[rstest]
    #[case::scalar("1")]
    #[case::lone_surrogate(r#""\ud800""#)]
    #[case::deep(&format!("{}{}", "[".repeat(5000), "]".repeat(5000)))]
    fn every_json_body_gets_the_reply(#[case] body: &str) {
        assert_eq!(
            block_on(function(answers([(200, "")])).reply(&event(body))).unwrap(),
            Status::OK
        );
    }

    #[rstest]
    #[case::nothing(json!(null), "/requestContext/connectionId")]
    #[case::no_body(json!({"requestContext": {"connectionId": "a"}}), "/body")]
    #[case::body_as_object(json!({"requestContext": {"connectionId": "a"}, "body": {}}), "/body")]
    fn an_event_of_another_form_is_an_error_that_names_the_field(
        #[case] event: Value,
        #[case] path: &str,
    ) {
        let diagnostic =
            Diagnostic::from(block_on(function(answers([])).reply(&event)).unwrap_err());
        assert_eq!(diagnostic.error_type, "MalformedEvent");
        assert!(
            diagnostic.error_message.contains(path),
            "{}",
            diagnostic.error_message
        );
    }

    #[rstest]
    #[case::replied(answers([(200, "")]))]
    #[case::gone(answers([GONE, (200, "{}")]))]
    #[case::refused(answers([(403, "{}")]))]
    fn the_token_is_never_logged(#[case] double: Double) {
        let (_, log) = logged(|| block_on(function(double).reply(&payload())));
        assert!(log.contains("R1kmxc2VNjMCFIA="), "{log}");
        assert!(!log.contains("s3cret"), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// What is asked of AWS, and the result, follow from the event and from what AWS answers.
        #[test]
        fn the_result_follows_from_the_event_and_the_answer(
            event in mutated_event(payload(), &[
                "", "/requestContext", "/requestContext/connectionId", "/body",
            ]),
            status in proptest::sample::select(vec![200_u16, 400, 403, 410, 413]),
        ) {
            let double = always(status);
            let result = block_on(function(double.clone()).reply(&event));
            let id = event["requestContext"]["connectionId"].as_str().unwrap_or("");
            let body = event["body"].as_str();
            let is_json = |body: &str| serde_json::from_str::<IgnoredAny>(body).is_ok();
            let (expected, asked) = match (id, body.map(is_json), status) {
                ("", _, _) | (_, None, _) => (Err("MalformedEvent"), 0),
                (_, Some(false), _) => (Err("BodyNotJson"), 0),
                (_, Some(true), 200) => (Ok(Status::OK), 1),
                // The deletion is answered with 410, too.
                (_, Some(true), 410) => (Err("RowNotDeleted"), 2),
                (_, Some(true), _) => (Err("ReplyNotPosted"), 1),
            };
            let result = result.map_err(|error| Diagnostic::from(error).error_type);
            prop_assert_eq!(result, expected.map_err(str::to_owned));
            prop_assert_eq!(requests(&double).len(), asked);
        }

        /// The reply is posted if and only if the body is JSON.
        #[test]
        fn a_reply_follows_from_a_json_body(body in nearly_json()) {
            let double = answers([(200, "")]);
            let result = block_on(function(double.clone()).reply(&event(&body)));
            let is_json = serde_json::from_str::<IgnoredAny>(&body).is_ok();
            prop_assert_eq!(result.is_ok(), is_json);
            prop_assert_eq!(requests(&double).len(), usize::from(is_json));
        }
    }
}
