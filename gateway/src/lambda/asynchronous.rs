//! Events that nobody waits for: Lambda keeps them in a queue, and tries them again.
//!
//! Realises: INTEGRATION-101

use std::sync::Arc;
use std::time::Duration;

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation};
use tokio::sync::oneshot;

use super::direct::Callers;
use super::directory::Uncallable;
use super::failure;
use super::pool::{Pool, Throttled};
use super::sandbox::Given;
use super::{Functions, Task};
use crate::clock::Clock;
use crate::ids::Random;

/// An event in the queue of its function.
struct Queued {
    pool: Arc<Pool>,
    callers: Arc<Callers>,
    clock: Clock,
    request_id: String,
    payload: String,
    trace_id: String,
    since: Timestamp,
}

/// What Lambda waits after the first failure, and after the second.
const BETWEEN: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// What it waits after an attempt for which there was no concurrency left, at first; then twice as
/// long each time, …
const THROTTLED: Duration = Duration::from_secs(1);
/// … but not longer than this.
const THROTTLED_MOST: Duration = Duration::from_secs(5 * 60);

impl Functions {
    /// Puts an event into the queue of a function; its request id, which all attempts have.
    ///
    /// # Errors
    /// There is no such function, or it cannot be run.
    pub(crate) fn enqueue(
        &self,
        named: &str,
        payload: String,
        trace_id: Option<&str>,
    ) -> Result<String, Uncallable> {
        let trace_id = self.trace_id(trace_id);
        Ok(self.enqueue_for(self.find(named)?, payload, trace_id, None))
    }

    /// The same for a function that is there; `call` is the hub's, if that has made one.
    pub(super) fn enqueue_for(
        &self,
        pool: Arc<Pool>,
        payload: String,
        trace_id: String,
        call: Option<CallId>,
    ) -> String {
        let request_id = spec::ids::uuid(&mut Random::new());
        if let Some(call) = call {
            pool.trace_queued(call, &request_id);
        }
        let queued = Queued {
            pool,
            callers: Arc::clone(&self.callers),
            clock: self.clock.clone(),
            request_id: request_id.clone(),
            payload,
            trace_id,
            since: self.clock.now(),
        };
        // It is fetched before whoever waits for all events to be fetched looks.
        let first = queued.attempt();
        // Without tasks, everything is going down.
        let _ = self.added.send(Task::Event(Box::pin(queued.run(first))));
        request_id
    }
}

impl Queued {
    /// How an attempt will end.
    fn attempt(&self) -> Result<oneshot::Receiver<FunctionOutcome>, Throttled> {
        let (id, outcome) = self.callers.call();
        let invocation = Invocation {
            id,
            function_arn: String::new(),
            payload: self.payload.clone(),
            trace_id: self.trace_id.clone(),
            deadline: self.since + self.pool.asynchronous().maximum_age,
            invocation_type: spec::io::InvocationType::Event,
        };
        let given = Given {
            request_id: Some(self.request_id.clone()),
            ..Given::default()
        };
        let attempt = self.pool.invoke(invocation, given);
        attempt
            .map(|_| outcome)
            .inspect_err(|_| self.callers.forget(id))
    }

    /// Tries until an attempt succeeds, or there may be no other.
    async fn run(self, first: Result<oneshot::Receiver<FunctionOutcome>, Throttled>) {
        let mut attempt = first;
        let mut failed = 0;
        let mut throttled = THROTTLED;
        loop {
            let wait = match attempt {
                Err(Throttled(_)) => {
                    let wait = throttled;
                    throttled = (throttled * 2).min(THROTTLED_MOST);
                    wait
                }
                Ok(outcome) => match outcome.await {
                    // The gateway goes down.
                    Err(_) => return,
                    Ok(FunctionOutcome::Returned(_)) => return,
                    // It is as old as it may be.
                    Ok(FunctionOutcome::NotInvocable(_)) => {
                        return self.dropped("has waited too long for a process");
                    }
                    Ok(FunctionOutcome::Failed(_)) if failed >= self.retries() => {
                        return self.dropped("has failed");
                    }
                    Ok(FunctionOutcome::Failed(error)) => {
                        failed += 1;
                        self.fails(&error, BETWEEN[failed - 1]);
                        BETWEEN[failed - 1]
                    }
                },
            };
            let again = self.clock.now() + wait;
            if again >= self.since + self.pool.asynchronous().maximum_age {
                return self.dropped("would be too old at its next attempt");
            }
            self.clock.sleep_until(Some(again)).await;
            attempt = self.attempt();
        }
    }

    fn retries(&self) -> usize {
        self.pool.asynchronous().maximum_retries.min(BETWEEN.len())
    }

    /// An attempt has failed, and there will be another.
    fn fails(&self, error: &str, wait: Duration) {
        tracing::warn!(
            "function `{}`: the asynchronous event {} has failed ({}), and is tried again in {} s",
            self.pool.label,
            self.request_id,
            failure::in_words(error),
            wait.as_secs()
        );
    }

    fn dropped(&self, why: &str) {
        tracing::warn!(
            "function `{}`: the asynchronous event {} {why}, and is dropped",
            self.pool.label,
            self.request_id
        );
    }
}
