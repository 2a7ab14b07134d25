//! The errors of Lambda's Invoke API.
//!
//! Their texts were seen, unless it is said otherwise: LocalStack recorded AWS's answers
//! (`tests/aws/services/lambda_/test_lambda.snapshot.json`, November 2025: an unknown function, a
//! payload that is no JSON), and users published theirs (sizes). botocore's model of Lambda calls
//! what is too large `RequestTooLargeException`; AWS says `RequestEntityTooLargeException`.

use serde_json::json;
use spec::signature::Rejection;

/// An error of Lambda's.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// `x-amzn-ErrorType`.
    pub(super) kind: &'static str,
    /// Where the body has its text: some spell it otherwise than the others.
    key: &'static str,
    message: String,
    /// Whether the body has a `Type`, which is `User`.
    has_type: bool,
    /// `Reason`, which few have.
    reason: Option<&'static str>,
}

impl Refusal {
    /// No function has this ARN, which ends in the qualifier that was asked for.
    pub(super) fn not_found(arn: &str) -> Self {
        let message = format!("Function not found: {arn}");
        Self::typed(404, "ResourceNotFoundException", "Message", message)
    }

    /// The stack has the function, and it cannot be run here. The text is the gateway's own.
    pub(super) fn not_run(named: &str, reason: &str) -> Self {
        let message = format!("the function `{named}` cannot be run here: {reason}");
        Self::typed(502, "InvalidRuntimeException", "Message", message)
    }

    /// A request that somebody waits for is larger than that.
    pub(super) fn too_large(most: usize) -> Self {
        let message =
            format!("Request must be smaller than {most} bytes for the InvokeFunction operation");
        Self::plain(413, "RequestEntityTooLargeException", "Message", message)
    }

    /// An asynchronous event has so many bytes, and may have that many. The form of the body was not
    /// seen.
    pub(super) fn event_too_large(bytes: usize, most: usize) -> Self {
        let message = format!(
            "{bytes} byte payload is too large for the Event invocation type (limit {most} bytes)"
        );
        Self::typed(413, "RequestEntityTooLargeException", "message", message)
    }

    /// The payload is no JSON text. How AWS goes on behind the two colons is its parser's affair.
    pub(super) fn no_json(problem: &str) -> Self {
        let message = format!(
            "Could not parse request body into json: Could not parse payload into json: {problem}"
        );
        Self::typed(400, "InvalidRequestContentException", "message", message)
    }

    /// The client context is no JSON in base64, or too long. Neither status nor text was seen.
    pub(super) fn client_context() -> Self {
        let message = "Client context must be a valid Base64-encoded JSON object.".to_owned();
        Self::typed(400, "InvalidRequestContentException", "message", message)
    }

    /// A header has a value that it cannot have. The form is that of Lambda's answers to such values
    /// of other operations; that Invoke has it too was not seen.
    pub(super) fn not_one_of(value: &str, parameter: &str, known: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy \
             constraint: Member must satisfy enum value set: {known}"
        );
        Self::plain(400, "ValidationException", "message", message)
    }

    /// The signature does not hold. That Lambda's body is that of API Gateway was not seen.
    pub(super) fn signature(rejection: &Rejection) -> Self {
        Self::plain(403, rejection.error_type(), "message", rejection.message())
    }

    /// The caller's policy does not allow it.
    pub(super) fn access_denied(message: String) -> Self {
        Self::plain(403, "AccessDeniedException", "Message", message)
    }

    /// The function works on as many events as its `ReservedConcurrentExecutions`. `Reason` is one of
    /// the values of botocore's model; the text is AWS's as users quote it.
    pub(super) fn throttled() -> Self {
        let message = "Rate Exceeded.".to_owned();
        Self {
            reason: Some("ReservedFunctionConcurrentInvocationLimitExceeded"),
            ..Self::typed(429, "TooManyRequestsException", "message", message)
        }
    }

    /// It is another operation than Invoke. The text is the gateway's own.
    pub(super) fn unknown_operation(message: String) -> Self {
        Self::typed(501, "UnknownOperationException", "message", message)
    }

    /// The text is the gateway's own.
    pub(super) fn going_down() -> Self {
        let message = "the gateway is going down".to_owned();
        Self::typed(500, "ServiceException", "Message", message)
    }

    fn typed(status: u16, kind: &'static str, key: &'static str, message: String) -> Self {
        Self {
            has_type: true,
            ..Self::plain(status, kind, key, message)
        }
    }

    fn plain(status: u16, kind: &'static str, key: &'static str, message: String) -> Self {
        Self {
            status,
            kind,
            key,
            message,
            has_type: false,
            reason: None,
        }
    }

    pub(super) fn to_json(&self) -> String {
        let mut error = match self.has_type {
            true => json!({"Type": "User", self.key: self.message}),
            false => json!({self.key: self.message}),
        };
        if let Some(reason) = self.reason {
            error["Reason"] = reason.into();
        }
        error.to_string()
    }
}
