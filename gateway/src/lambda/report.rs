//! How the ends of events are told to those who have called.

use std::sync::Arc;

use spec::io::FunctionOutcome;

use super::direct;
use super::failure;
use super::machine::{End, Finished};
use super::pool::Pool;
use super::sandbox::Told;

/// What becomes of an event that has waited for a process for as long as it may.
const NOT_TAKEN: &str = "no process was free in time";

impl Pool {
    /// Reports while the hub's lock is held: not from here, then.
    pub(super) fn report_later(self: &Arc<Self>, told: Told) {
        if !told.finished.is_empty() || !told.starts.is_empty() {
            let pool = Arc::clone(self);
            tokio::spawn(async move { pool.report(told) });
        }
    }

    pub(super) fn report(&self, told: Told) {
        // An event's log is whole before its caller is told.
        for (sandbox, failed) in told.starts {
            sandbox.journal.start_failed(failed, self.clock.now());
        }
        for one in told.finished {
            let call = one.call;
            // A broken machine hears nothing any more, but the processes have to end.
            if let Some(outcome) = self.outcome(one)
                && let Some(results) = self.results.upgrade()
            {
                results.finished(call, outcome.into());
            }
        }
    }

    /// What the caller is told of an event's end; `None` if that is the hub, which has given it up
    /// itself.
    pub(super) fn outcome(&self, finished: Finished) -> Option<FunctionOutcome> {
        let failure = match finished.end {
            End::GivenUp => {
                let in_words = || FunctionOutcome::NotInvocable(NOT_TAKEN.to_owned());
                return direct::is_own(finished.call).then(in_words);
            }
            End::Returned(text) => return Some(FunctionOutcome::Returned(text)),
            End::Failed(failure) => failure,
        };
        let error = failure.to_json(&finished.request_id);
        if failure.is_of_the_process() {
            tracing::warn!("function `{}`: {}", self.label, failure::in_words(&error));
        }
        Some(FunctionOutcome::Failed(error))
    }
}
