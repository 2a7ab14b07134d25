//! The tasks a gateway cannot live without, and what is known when one of them dies.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError};

/// Something of the gateway's own died: it cannot be trusted to serve on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} failed: {cause}; this is a bug in gatespec, please report it")]
pub struct Fault {
    /// Which part of the gateway.
    pub part: &'static str,
    /// The panic's message, or how it ended.
    pub cause: String,
}

/// Starts the gateway's tasks and notes the first that ends though it must not. Clones share what
/// was noted.
#[derive(Clone, Debug)]
pub(crate) struct Supervisor {
    fault: Arc<watch::Sender<Option<Fault>>>,
}

impl Supervisor {
    pub(crate) fn new() -> Self {
        let (fault, _) = watch::channel(None);
        Self {
            fault: Arc::new(fault),
        }
    }

    /// Starts a task that never ends by itself: its end is a fault, unless it was aborted.
    pub(crate) fn spawn(
        &self,
        part: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        let task = tokio::spawn(task);
        let abort = task.abort_handle();
        let supervisor = self.clone();
        tokio::spawn(async move {
            match task.await {
                Ok(()) => supervisor.report(part, "it ended".to_owned()),
                Err(error) if error.is_cancelled() => {}
                Err(error) => supervisor.report(part, panic_message(error)),
            }
        });
        abort
    }

    /// Notes a fault; the first one stays.
    pub(crate) fn report(&self, part: &'static str, cause: String) {
        self.fault.send_if_modified(|fault| {
            let is_first = fault.is_none();
            if is_first {
                let noted = fault.insert(Fault { part, cause });
                tracing::error!("{noted}");
            }
            is_first
        });
    }

    /// Resolves when there is a fault.
    pub(crate) async fn fault(&self) -> Fault {
        let mut watch = self.fault.subscribe();
        match watch.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(fault)) => fault.clone(),
            // The sender is held here, so the channel stays open.
            _ => std::future::pending().await,
        }
    }
}

/// What a panicking task said.
pub(crate) fn panic_message(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "it was cancelled".to_owned();
    };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_a_fault_and_the_first_one_counts() {
        let supervisor = Supervisor::new();
        supervisor.spawn("the first part", async { panic!("at {}", 1) });
        let fault = supervisor.fault().await;
        assert_eq!((fault.part, &*fault.cause), ("the first part", "at 1"));
        supervisor.report("another", "later".to_owned());
        assert_eq!(supervisor.fault().await, fault);
    }

    #[tokio::test]
    async fn a_task_that_ends_is_a_fault_and_one_that_is_aborted_is_none() {
        let supervisor = Supervisor::new();
        supervisor.spawn("aborted", std::future::pending()).abort();
        supervisor.spawn("ended", async {});
        assert_eq!(supervisor.fault().await.part, "ended");
    }
}
