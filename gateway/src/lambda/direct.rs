//! Calls of functions by Lambda's own Invoke API: whose they are, besides the hub's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard, Weak};
use std::time::Duration;

use spec::io::{CallId, FunctionOutcome, Invocation, InvocationType, Outcome};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Functions;
use super::directory::{Directory, Uncallable};
use super::journal::{self, Tails};
use super::pool::Pool;
use super::sandbox::Given;
use crate::calls::Results;
use crate::ids::Random;

/// Who waits for the result of a call.
pub(super) struct Callers {
    hub: Weak<dyn Results>,
    waiting: Mutex<HashMap<CallId, oneshot::Sender<FunctionOutcome>>>,
    /// The hub numbers its calls from 0 upwards, and these are numbered downwards.
    next: AtomicU64,
}

/// A call that is under way.
pub(crate) struct Called {
    /// The function's, as Lambda gives one to each call.
    pub(crate) request_id: String,
    /// How it ends.
    outcome: oneshot::Receiver<FunctionOutcome>,
    log: Option<AwaitedLog>,
}

/// The log of a call, of which its caller wants the end.
struct AwaitedLog {
    call: CallId,
    tails: Tails,
    tail: oneshot::Receiver<String>,
}

/// `X-Amz-Log-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogType {
    None,
    /// The end of the call's log is wanted.
    Tail,
}

/// How long an event may wait for a process, if somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a call that is over may take until its log is: its process has to be killed, perhaps.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Whether a call is one of these, and not the hub's: half of all numbers are never used up.
pub(super) fn is_own(id: CallId) -> bool {
    id.0 > u64::MAX / 2
}

impl Callers {
    pub(super) fn new(hub: Weak<dyn Results>) -> Arc<Self> {
        Arc::new(Self {
            hub,
            waiting: Mutex::default(),
            next: AtomicU64::new(u64::MAX),
        })
    }

    pub(super) fn call(&self) -> (CallId, oneshot::Receiver<FunctionOutcome>) {
        let id = CallId(self.next.fetch_sub(1, Ordering::Relaxed));
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id, sender);
        (id, receiver)
    }

    /// A call has not been made.
    pub(super) fn forget(&self, id: CallId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&id);
    }

    /// Delivers what became of a call, if it is not the hub's.
    pub(super) fn deliver(
        &self,
        id: CallId,
        outcome: FunctionOutcome,
    ) -> Result<(), FunctionOutcome> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(caller) = waiting.remove(&id) else {
            return Err(outcome);
        };
        // Whoever has called may have gone, or have asked not to be answered.
        let _ = caller.send(outcome);
        Ok(())
    }
}

impl Called {
    /// How the call ends, and the end of its log, if that is wanted. `None` if the gateway goes down.
    pub(crate) async fn end(self) -> Option<(FunctionOutcome, Option<String>)> {
        let outcome = self.outcome.await.ok()?;
        let Some(mut log) = self.log else {
            return Some((outcome, None));
        };
        log.tails.forget(log.call);
        let tail = timeout(LAST_LINES, &mut log.tail).await;
        // No process has begun with it: it has failed before.
        let tail = tail.ok().and_then(Result::ok);
        let tail = tail.unwrap_or_else(|| journal::without_lines(&self.request_id));
        Some((outcome, Some(tail)))
    }
}

impl Drop for AwaitedLog {
    /// Nobody wants it any more, perhaps before a process has begun with the call.
    fn drop(&mut self) {
        self.tails.forget(self.call);
    }
}

impl Results for Callers {
    fn finished(&self, id: CallId, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Function(outcome) => match self.deliver(id, outcome) {
                Ok(()) => return,
                Err(outcome) => outcome.into(),
            },
            other => other,
        };
        // A broken machine hears nothing any more.
        if let Some(hub) = self.hub.upgrade() {
            hub.finished(id, outcome);
        }
    }
}

impl Functions {
    /// Whether a function can be called; `named` is its name, its ARN or a part of it, with or
    /// without a qualifier, or its name in the template.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn callable(&self, named: &str) -> Result<(), Uncallable> {
        self.find(named).map(drop)
    }

    /// Starts a call.
    ///
    /// # Errors
    /// The function cannot be called.
    pub(crate) fn call(
        &self,
        named: &str,
        payload: String,
        (trace_id, client_context): (Option<&str>, Option<String>),
        log_type: LogType,
    ) -> Result<Called, Uncallable> {
        let pool = self.find(named)?;
        let trace_id = self.trace_id(trace_id);
        let (id, outcome) = self.callers.call();
        let log = (log_type == LogType::Tail).then(|| AwaitedLog {
            call: id,
            tails: self.sink.tails().clone(),
            tail: self.sink.tails().expect(id),
        });
        let invocation = Invocation {
            id,
            function_arn: String::new(),
            payload,
            trace_id,
            deadline: self.clock.now() + PATIENCE,
            invocation_type: InvocationType::RequestResponse,
        };
        let given = Given {
            client_context,
            ..Given::default()
        };
        let request_id = pool.invoke(invocation, given).map_err(|_| {
            self.callers.forget(id);
            Uncallable::Throttled
        })?;
        Ok(Called {
            request_id,
            outcome,
            log,
        })
    }

    /// The caller's trace, or a new one.
    pub(super) fn trace_id(&self, own: Option<&str>) -> String {
        match own.and_then(root) {
            Some(root) => root.to_owned(),
            None => spec::ids::trace_id(&mut Random::new(), self.clock.now()),
        }
    }

    /// Whether a function of what is served cannot be run here.
    pub(crate) fn is_not_run(&self, arn: &str) -> bool {
        let callable = self.callable(arn);
        matches!(callable, Err(Uncallable::NotRun(_)))
    }

    /// The ARN of the function that is meant, if there is one.
    pub(crate) fn arn_of(&self, named: &str) -> Option<String> {
        self.directory().arn_of(named).map(str::to_owned)
    }

    pub(super) fn find(&self, named: &str) -> Result<Arc<Pool>, Uncallable> {
        let arn = self.directory().callable(named)?.to_owned();
        self.pools().get(&arn).cloned().ok_or(Uncallable::Unknown)
    }

    pub(super) fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        let directory = self.directory.read();
        directory.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trace that a call belongs to, of an `X-Amzn-Trace-Id`. Who has called is in its other fields,
/// which the call gets anew.
fn root(trace_id: &str) -> Option<&str> {
    let mut fields = trace_id.split(';').map(str::trim);
    fields.find(|field| field.strip_prefix("Root=").is_some_and(|id| !id.is_empty()))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    #[test]
    fn only_the_root_of_a_trace_id_goes_on() {
        let root_only = "Root=1-5759e988-bd862e3fe1be46a994272793";
        for trace_id in [
            root_only.to_owned(),
            format!("{root_only};Parent=53995c3f42cd8ad8;Sampled=0"),
            format!("Self=1-67891234-12456789abcdef012345678a; {root_only} ;Sampled=1"),
        ] {
            assert_eq!(root(&trace_id), Some(root_only), "{trace_id}");
        }
        for trace_id in [
            "",
            "Root=",
            "Parent=53995c3f42cd8ad8;Sampled=0",
            "1-5759e988",
        ] {
            assert_eq!(root(trace_id), None, "{trace_id}");
        }
    }

    #[test]
    fn a_log_that_nobody_waits_for_any_more_is_forgotten() {
        let tails = Tails::default();
        let mut expected = tails.expect(CallId(1));
        let (_, tail) = oneshot::channel();
        let log = AwaitedLog {
            call: CallId(1),
            tails: tails.clone(),
            tail,
        };
        assert_eq!(expected.try_recv(), Err(TryRecvError::Empty));
        // As a call is that was throttled.
        drop(log);
        assert_eq!(expected.try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn own_calls_are_not_the_hub_s() {
        let hub: Weak<dyn Results> = Weak::<Callers>::new();
        let callers = Callers::new(hub);
        for _ in 0..3 {
            let (id, _) = callers.call();
            assert!(is_own(id), "{id:?}");
        }
        assert!(!is_own(CallId(0)) && !is_own(CallId(1 << 62)));
    }
}
