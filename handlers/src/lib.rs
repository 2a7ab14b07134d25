//! The four Lambda functions of the pattern, as a library: each binary in `src/bin` is one line
//! that runs a type of this crate.
//!
//! | function | event | what it does | what it gives back |
//! | --- | --- | --- | --- |
//! | [`authorizer`] | `REQUEST` authorizer event | compares the header `token` with the accepted one | [`Authorization`], or the error `Unauthorized` |
//! | [`connect`] | `$connect` proxy event | puts the connection into the table | status 200, or 500 |
//! | [`disconnect`] | `$disconnect` proxy event | deletes the connection from the table | status 200, or 500 |
//! | [`sendmessage`] | what the mapping template of the route `sendmessage` renders | posts the reply to the connection that sent the message | status 200, 410 for a client that is gone, or an error |
//!
//! [`Authorization`]: authorizer::Authorization
//!
//! # From process to answer
//!
//! [`runtime::run`] reads the environment once, starts the log, builds the function
//! ([`FromEnvironment`]: configuration and AWS clients, once per process) and then asks the Lambda
//! Runtime API for one event after another, each passed to [`Function::call`] as JSON. A function
//! reads the few fields that it needs from that JSON ([`event`]) instead of having the whole event
//! decoded into a type: so no event can fail before the function sees it, and no decoder's error
//! text can carry a piece of an event (such as the token) into the log.
//!
//! # Environment
//!
//! | variable | read by | meaning |
//! | --- | --- | --- |
//! | `ACCEPTED_TOKEN` | authorizer | the token that lets a client in |
//! | `TABLE_NAME` | connect, disconnect, sendmessage | the table of connections, keyed by `connectionId` |
//! | `API_ID`, `STAGE` | sendmessage | the address of the `@connections` API, with `AWS_REGION` |
//! | `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, `AWS_ENDPOINT_URL` | all but authorizer | other addresses to call, as every AWS SDK reads them |
//! | `AWS_LAMBDA_LOG_LEVEL` | all | the least level that is logged, `INFO` if unset |
//!
//! The rest (`AWS_REGION`, the credentials, `AWS_LAMBDA_RUNTIME_API` …) is set by the Lambda
//! service, or by `gatespec serve`.
//!
//! # Log
//!
//! JSON on standard output, one line per event, with the request id. The token is never in it, at
//! any level: this crate does not log it, and the levels at which other crates log whole events are
//! switched off ([`log`]).
//!
//! # Features
//!
//! None.

pub mod authorizer;
pub mod aws;
pub mod connect;
pub mod connections;
pub mod disconnect;
pub mod environment;
pub mod event;
pub mod log;
pub mod runtime;
pub mod sendmessage;
pub mod status;

#[cfg(test)]
mod testing;

use std::fmt::Debug;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;

use environment::{Environment, EnvironmentError};

/// A Lambda function: built once, called for one event after another.
pub trait Function {
    /// The result of a successful call, written as JSON.
    type Output: Serialize;

    /// Why a call failed; as a [`Diagnostic`] it is the `errorType` and `errorMessage` of the
    /// result.
    type Error: Into<Diagnostic> + Debug;

    /// Handles one event.
    ///
    /// # Errors
    ///
    /// Described by each function.
    fn call(&self, event: &Value) -> impl Future<Output = Result<Self::Output, Self::Error>>;
}

/// A function that is configured by the process environment alone.
pub trait FromEnvironment: Sized {
    /// Reads the configuration and builds the clients, once, at cold start.
    ///
    /// # Errors
    ///
    /// If a variable is missing or invalid.
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError>;
}
