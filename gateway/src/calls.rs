//! The machine's calls on their way: out to functions, and back with their results.
//!
//! The hub makes calls and takes results; functions and services take calls and give results. Both
//! sides know only this file.

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation, Outcome};

/// Calls functions.
pub(crate) trait Invoke: Send + Sync {
    /// Starts a call; its result comes later, to [`Results::finished`]. Called under the hub's
    /// lock: it must not wait, and not give a result from here.
    ///
    /// # Errors
    /// It cannot be called.
    fn invoke(&self, invocation: Invocation) -> Result<(), NotCalled>;

    /// When the next function has taken longer than it may.
    fn next_timeout(&self) -> Option<Timestamp>;

    /// Moves a frozen clock to `now`, and gives up the functions that have taken longer than they
    /// may by then: the failed calls, which are not given to [`Results`]. What expires is taken
    /// before anybody can see the clock's new time.
    fn advance_to(&self, now: Timestamp) -> Vec<(CallId, FunctionOutcome)>;
}

/// Takes what becomes of calls.
pub(crate) trait Results: Send + Sync {
    /// A call is finished.
    fn finished(&self, id: CallId, outcome: Outcome);
}

/// Why a function is not called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCalled {
    /// The stack does not have it; its ARN.
    #[error("there is no function `{0}`")]
    NoSuchFunction(String),
    /// It cannot be run on this machine; why, and what to do.
    #[error("it cannot be run here: {0}")]
    CannotRun(String),
    /// It works on as many events as it may; how many that are.
    ///
    /// Realises: INTEGRATION-102
    #[error("Lambda throttles it (429): its `ReservedConcurrentExecutions` of {0} are in use")]
    Throttled(usize),
}
