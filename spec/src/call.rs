//! Calls of functions, of HTTP backends and of services: what the gateway wants called, and how a
//! call ended.

use crate::http::{HttpAnswer, HttpRequest};
use crate::time::Timestamp;

/// One call of a function, of an HTTP backend or of a service, numbered by the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A synchronous call of a Lambda function.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// To be named in the result.
    pub id: CallId,
    /// The function.
    pub function_arn: String,
    /// The event, JSON text.
    pub payload: String,
    /// The caller's `X-Amzn-Trace-Id`.
    pub trace_id: String,
    /// When the gateway stops waiting. A result that comes later is ignored.
    pub deadline: Timestamp,
    /// Whether it waits at all.
    pub invocation_type: InvocationType,
}

/// How Lambda is asked to call a function: its `X-Amz-Invocation-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationType {
    /// The caller waits for the result.
    RequestResponse,
    /// Nobody does: Lambda queues the event, and tries it again if it fails.
    Event,
}

/// A request to an HTTP backend, to be answered with
/// [`Input::CallFinished`](crate::Input::CallFinished).
#[derive(Clone, Debug, PartialEq)]
pub struct HttpCall {
    /// To be named in the result.
    pub id: CallId,
    /// The request.
    pub request: HttpRequest,
    /// When the gateway stops waiting. A result that comes later is ignored.
    pub deadline: Timestamp,
}

/// A call of an AWS service, to be answered with
/// [`Input::CallFinished`](crate::Input::CallFinished).
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCall {
    /// To be named in the result.
    pub id: CallId,
    /// The request.
    pub request: ServiceRequest,
    /// When the gateway stops waiting. A result that comes later is ignored.
    pub deadline: Timestamp,
}

/// A request to an AWS service, without a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRequest {
    /// The service, as addresses and signatures name it: `sqs`, `states`.
    pub service: String,
    /// Its region.
    pub region: String,
    /// The action that the integration's address names, such as `PutItem`; `None` if it has a path.
    pub action: Option<String>,
    /// The role that makes the call, `CredentialsArn`.
    pub credentials_arn: Option<String>,
    /// The request. Its `url` is path and query string only: where the service is, is not known
    /// here.
    pub request: HttpRequest,
}

/// How a call ended, by what was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call of a function ([`Output::Invoke`](crate::Output::Invoke)).
    Function(FunctionOutcome),
    /// The request to an HTTP backend ([`Output::HttpRequest`](crate::Output::HttpRequest)).
    Http(HttpOutcome),
    /// The call of a service ([`Output::CallService`](crate::Output::CallService)).
    Service(HttpOutcome),
    /// Nothing came in time. The gateway's own timers end a call in the same way.
    TimedOut,
}

/// How the call of a function ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionOutcome {
    /// It returned this JSON text.
    Returned(String),
    /// It failed, by its own word or by dying: the JSON text that Lambda reports (`errorMessage`,
    /// `errorType`).
    Failed(String),
    /// It could not be called at all.
    NotInvocable(String),
}

/// How a request to an HTTP backend or the call of a service ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpOutcome {
    /// It answered, whatever the status.
    Answered(HttpAnswer),
    /// No answer could be had of it, and why: it cannot be reached, TLS fails, it answers with too
    /// much or with no HTTP.
    Failed(String),
}

impl Outcome {
    /// What was called, in words for a log.
    pub(crate) fn called(&self) -> &'static str {
        match self {
            Self::Function(_) => "a function",
            Self::Http(_) => "an HTTP backend",
            Self::Service(_) => "a service",
            Self::TimedOut => "anything",
        }
    }
}

impl From<FunctionOutcome> for Outcome {
    fn from(outcome: FunctionOutcome) -> Self {
        Self::Function(outcome)
    }
}
