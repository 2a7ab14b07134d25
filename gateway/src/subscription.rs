//! What a gateway decides, for whoever wants to watch it.

use std::sync::Arc;

use spec::io::Decision;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// How many notices wait for a subscriber that does not read; the oldest are dropped beyond that.
const CAPACITY: usize = 4096;

/// The decisions of a gateway from the moment of [`Control::subscribe`](crate::Control::subscribe)
/// on, in their order. A slow reader holds nobody up: it is told how many it missed.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Arc<Decision>>);

/// One thing to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The gateway decided this.
    Decision(Arc<Decision>),
    /// This many decisions were dropped here because they were not read in time.
    Missed(u64),
}

/// Where decisions go.
#[derive(Debug)]
pub(crate) struct Publisher(broadcast::Sender<Arc<Decision>>);

impl Subscription {
    /// The next notice; `None` once the gateway is gone. Safe to cancel.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(decision) => Some(Notice::Decision(decision)),
            Err(RecvError::Lagged(missed)) => Some(Notice::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next notice if there is one already.
    pub fn try_next(&mut self) -> Option<Notice> {
        match self.0.try_recv() {
            Ok(decision) => Some(Notice::Decision(decision)),
            Err(TryRecvError::Lagged(missed)) => Some(Notice::Missed(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Publisher {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }

    /// Hands a decision to all subscribers; never waits.
    pub(crate) fn publish(&self, decision: Decision) {
        if self.0.receiver_count() > 0 {
            // Nobody may have left between the look and this: then nobody misses it.
            let _ = self.0.send(Arc::new(decision));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::io::Reason;

    fn decision(number: usize) -> Decision {
        Decision {
            connection_id: number.to_string(),
            request_id: String::new(),
            reason: Reason::Connected,
        }
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_many_it_missed() {
        let publisher = Publisher::new();
        publisher.publish(decision(0)); // before anybody listens
        let mut subscription = publisher.subscribe();
        assert_eq!(subscription.try_next(), None);
        for number in 1..=CAPACITY + 3 {
            publisher.publish(decision(number));
        }
        assert_eq!(subscription.next().await, Some(Notice::Missed(3)));
        let first = Notice::Decision(Arc::new(decision(4)));
        assert_eq!(subscription.next().await, Some(first));
        drop(publisher);
        for _ in 5..=CAPACITY + 3 {
            assert!(matches!(
                subscription.next().await,
                Some(Notice::Decision(_))
            ));
        }
        assert_eq!(subscription.next().await, None);
    }
}
