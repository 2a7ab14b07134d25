//! Calls of functions by the gateway's owner.

use spec::io::FunctionOutcome;

use super::Control;
use crate::lambda::{LogType, Uncallable};

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// Lambda's request id of the call.
    pub request_id: String,
    /// How the function ended. A timeout is a failure, in Lambda's words.
    pub outcome: FunctionOutcome,
}

/// Why a function was not called, or is not waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The stack has none of this name, or no such version or alias of it.
    #[error("there is no function `{0}`")]
    Unknown(String),
    /// The stack has it, and it cannot be run on this machine.
    #[error("the function `{name}` cannot be run here: {reason}")]
    NotRun {
        /// Its name, as it was given.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// It works on as many events as its `ReservedConcurrentExecutions`.
    #[error(
        "Lambda throttles the function `{0}`: all of its `ReservedConcurrentExecutions` are in use"
    )]
    Throttled(String),
    /// The gateway goes down before the call has ended.
    #[error("the gateway goes down")]
    GoingDown,
}

impl Control {
    /// Calls a function with an event, JSON text, as Lambda's Invoke API does, and waits for its
    /// end and for its last lines. `named` is its name, its ARN, or its logical id (with the path
    /// of a nested stack, or without), with or without a qualifier.
    ///
    /// # Errors
    /// The function is not called.
    pub async fn invoke(&self, named: &str, event: String) -> Result<Invoked, InvokeError> {
        let functions = &self.0.functions;
        let called = functions.call(named, event, (None, None), LogType::Tail);
        let called = called.map_err(|why| match why {
            Uncallable::Unknown => InvokeError::Unknown(named.to_owned()),
            Uncallable::NotRun(reason) => InvokeError::NotRun {
                name: named.to_owned(),
                reason,
            },
            Uncallable::Throttled => InvokeError::Throttled(named.to_owned()),
        })?;
        let request_id = called.request_id.clone();
        let (outcome, _) = called.end().await.ok_or(InvokeError::GoingDown)?;
        Ok(Invoked {
            request_id,
            outcome,
        })
    }
}
