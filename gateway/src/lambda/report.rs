//! How the ends of events are told to those who have called.

use std::sync::Arc;

use spec::io::FunctionOutcome;

use super::failure;
use super::machine::{End, Finished};
use super::pool::Pool;

impl Pool {
    /// Reports while the hub's lock is held: not from here, then.
    pub(super) fn report_later(self: &Arc<Self>, finished: Vec<Finished>) {
        if !finished.is_empty() {
            let pool = Arc::clone(self);
            tokio::spawn(async move { pool.report(finished) });
        }
    }

    pub(super) fn report(&self, finished: Vec<Finished>) {
        for one in finished {
            let call = one.call;
            // A broken machine hears nothing any more, but the processes have to end.
            if let Some(outcome) = self.outcome(one)
                && let Some(results) = self.results.upgrade()
            {
                results.finished(call, outcome.into());
            }
        }
    }

    /// What the hub is told of an event's end; `None` if it has given it up itself.
    pub(super) fn outcome(&self, finished: Finished) -> Option<FunctionOutcome> {
        let failure = match finished.end {
            End::GivenUp => return None,
            End::Returned(text) => return Some(FunctionOutcome::Returned(text)),
            End::Failed(failure) => failure,
        };
        let error = failure.to_json(&finished.request_id);
        if failure.is_of_the_process() {
            tracing::warn!("function `{}`: {}", self.name, failure::in_words(&error));
        }
        Some(FunctionOutcome::Failed(error))
    }
}
