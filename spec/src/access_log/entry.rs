//! What is known of a request when it is over.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::authorizer::Authorization;
use crate::error_frame::ErrorFrame;
use crate::handshake::Refusal;
use crate::integration::{Answer, Failure};
use crate::io::{FunctionOutcome, HttpOutcome, Outcome};
use crate::model::Mismatch;
use crate::signature::Rejection;

/// What is known of a request: `$context` as mapping templates see it, and what is measured on the
/// way.
///
/// Realises: TEMPLATE-80
#[derive(Clone, Debug, Default)]
pub struct Entry {
    context: Map<String, Value>,
    /// By the name behind `$context.`.
    measured: HashMap<&'static str, String>,
}

/// How the call of an integration went, as far as it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// How long the answer took, in milliseconds.
    pub latency: Option<u64>,
    /// The status of the service that was called: Lambda's own, or the backend's.
    ///
    /// Realises: TEMPLATE-81
    pub integration_status: Option<u16>,
}

impl Entry {
    /// What is known when a request comes: nothing is measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `$context`, as mapping templates have it: every value a string.
    pub fn context(&mut self, context: Map<String, Value>) {
        self.context = context;
    }

    /// The authorizer has answered, after `latency` milliseconds: what it said, and what its policy
    /// says of the route.
    ///
    /// Realises: TEMPLATE-92
    pub fn authorized(&mut self, outcome: &Outcome, authorization: &Authorization, latency: u64) {
        self.note("authorizer.latency", latency);
        self.note("authorizer.integrationLatency", latency);
        if Call::new(latency, outcome).integration_status.is_some() {
            self.note("authorizer.integrationStatus", 200);
        }
        let mut decided = |status: u16| {
            self.note("authorizer.status", 200);
            self.note("authorize.status", status);
            self.note("authorize.latency", 0);
        };
        match authorization {
            Authorization::Allowed(..) => decided(200),
            Authorization::Denied(principal_id, _) => {
                decided(403);
                self.note("authorizer.principalId", principal_id);
                self.note("authorize.error", "the policy does not allow the route");
            }
            Authorization::Refused(refusal, cause) => {
                self.note("authorizer.status", refusal.response("", "").status);
                self.note("authorizer.error", cause);
            }
        }
    }

    /// The integration has answered, or failed.
    ///
    /// Realises: TEMPLATE-81
    pub fn integrated(&mut self, call: Call, answer: &Result<Answer, Failure>) {
        if let Some(latency) = call.latency {
            self.note("integration.latency", latency);
            self.note("integrationLatency", latency);
        }
        if let Some(status) = call.integration_status {
            self.note("integration.integrationStatus", status);
        }
        match answer {
            Ok(answer) => self.note("integration.status", answer.status),
            Err(failure) => self.note("integration.error", failure),
        }
    }

    /// The response's status, where nothing went wrong.
    pub fn status(&mut self, status: u16) {
        self.note("status", status);
    }

    /// The handshake was refused. What the integration answered with is no error of the gateway's.
    pub fn refused(&mut self, refusal: &Refusal) {
        let response = refusal.response("", "");
        self.status(response.status);
        if matches!(refusal, Refusal::Status(..)) {
            return;
        }
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let message = body.get("message").or_else(|| body.get("Message"));
        // The first line: what AWS shows to the signer only may hold a session token.
        let message = message
            .and_then(Value::as_str)
            .and_then(|text| text.lines().next());
        let response_type = match refusal {
            Refusal::Forbidden | Refusal::AccessDenied(_) => "ACCESS_DENIED",
            Refusal::InvalidApiKey => "INVALID_API_KEY",
            Refusal::QuotaExceeded => "QUOTA_EXCEEDED",
            Refusal::Signature(Rejection::Missing) => "MISSING_AUTHENTICATION_TOKEN",
            Refusal::Signature(_) => "INVALID_SIGNATURE",
            Refusal::Unauthorized => "UNAUTHORIZED",
            Refusal::AuthorizerFailed => "AUTHORIZER_CONFIGURATION_ERROR",
            Refusal::TooManyRequests => "THROTTLED",
            Refusal::MissingParameters(_) => "BAD_REQUEST_PARAMETERS",
            Refusal::NotInvocable => "API_CONFIGURATION_ERROR",
            Refusal::IntegrationFailed | Refusal::Unreachable => "INTEGRATION_FAILURE",
            Refusal::IntegrationTimedOut => "INTEGRATION_TIMEOUT",
            _ if response.status < 500 => "DEFAULT_4XX",
            _ => "DEFAULT_5XX",
        };
        self.error(message.unwrap_or_default(), response_type);
    }

    /// A message, or the end of a connection, had a failing integration.
    pub fn failed(&mut self, failure: &Failure) {
        self.stopped(failure.frame());
    }

    /// A message got an error frame.
    pub fn stopped(&mut self, frame: ErrorFrame) {
        self.status(frame.status());
        self.error(frame.message(), frame.response_type());
    }

    /// What the validation of a message found.
    ///
    /// Realises: ROUTE-54
    pub fn invalid(&mut self, mismatch: &Mismatch) {
        self.stopped(ErrorFrame::InvalidRequestBody);
        self.note(
            "error.validationErrorString",
            mismatch.validation_error_string(),
        );
    }

    /// What went wrong, in the words and the type of a gateway response.
    ///
    /// Realises: TEMPLATE-91
    fn error(&mut self, message: &str, response_type: &str) {
        if !message.is_empty() {
            self.note("error.message", message);
            self.note("error.messageString", Value::from(message));
        }
        self.note("error.responseType", response_type);
    }

    fn note(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.measured.insert(name, value.to_string());
    }

    /// What is measured stands before what the context has under the same name.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        if let Some(text) = self.measured.get(name) {
            return Some(text.clone());
        }
        let mut names = name.split('.');
        let first = self.context.get(names.next()?)?;
        match names.try_fold(first, |value, name| value.get(name))? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Object(_) | Value::Array(_) => None,
            other => Some(other.to_string()),
        }
    }
}

impl Call {
    /// A call that ended in this way. Lambda's own status is 200 whatever the function's code did.
    ///
    /// Realises: TEMPLATE-81
    pub fn new(latency: u64, outcome: &Outcome) -> Self {
        let integration_status = match outcome {
            Outcome::Function(FunctionOutcome::Returned(_) | FunctionOutcome::Failed(_)) => {
                Some(200)
            }
            Outcome::Http(HttpOutcome::Answered(answer))
            | Outcome::Service(HttpOutcome::Answered(answer)) => Some(answer.status),
            Outcome::Function(FunctionOutcome::NotInvocable(_))
            | Outcome::Http(HttpOutcome::Failed(_))
            | Outcome::Service(HttpOutcome::Failed(_))
            | Outcome::TimedOut => None,
        };
        Self {
            latency: Some(latency),
            integration_status,
        }
    }
}
