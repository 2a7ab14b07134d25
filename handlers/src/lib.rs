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
//! [`runtime::run`] reads the environment once, starts the log, makes the function
//! ([`FromEnvironment`]: configuration and AWS clients, once for each process) and then asks the
//! Lambda Runtime API for one event after the other, each handed to [`Function::call`] as JSON. A
//! function reads the few fields that it needs from that JSON ([`event`]) instead of having the
//! whole event decoded into a type: so no event can fail before the function sees it, and no
//! decoder's error text can carry a piece of an event (the token, say) into the log.
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
//! JSON, a line an event, on standard output, with the request id. The token is never in it, at no
//! level: this crate does not log it, and what the crates below log of whole events is cut off
//! ([`log`]).
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

/// A Lambda function: made once, called for one event after the other.
pub trait Function {
    /// What a successful call gives back, written as JSON.
    type Output: Serialize;

    /// Why a call failed; as a [`Diagnostic`] it is the `errorType` and `errorMessage` of the
    /// result.
    type Error: Into<Diagnostic> + Debug;

    /// Handles one event.
    ///
    /// # Errors
    ///
    /// As the function says.
    fn call(&self, event: &Value) -> impl Future<Output = Result<Self::Output, Self::Error>>;
}

/// A function that is configured by the process environment alone.
pub trait FromEnvironment: Sized {
    /// Reads the configuration and makes the clients: what is to be done once, at cold start.
    ///
    /// # Errors
    ///
    /// A variable that is missing or can not be used.
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError>;
}
