//! How the ends of events are told to those who have called, and their beginnings to those who watch.

use std::sync::Arc;

use spec::io::{CallId, FunctionOutcome};

use super::direct;
use super::failure;
use super::machine::{End, Finished};
use super::pool::Pool;
use super::sandbox::Told;
use crate::trace::FunctionStep;

/// What becomes of an event that has waited for a process for as long as it may.
const NOT_TAKEN: &str = "no process was free in time";

impl Pool {
    /// Tells those who watch which event a call of the hub's has become: before anything of that is.
    pub(super) fn trace_queued(&self, call: CallId, request_id: &str) {
        if !direct::is_own(call) {
            let step = || FunctionStep::Queued(call);
            let traces = self.sink.traces();
            traces.function(&self.label, None, Some(request_id), step);
        }
    }

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
