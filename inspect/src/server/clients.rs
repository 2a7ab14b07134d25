//! The clients that a page has opened: they stay until somebody disconnects them, or the gateway
//! ends.

use std::sync::{Mutex, PoisonError};

use gateway::LocalClient;
use tokio::task::JoinSet;

/// How many may be open: more are no work by hand.
const MOST: usize = 100;

/// Clients of a page, each with a task that takes what comes for it.
#[derive(Default)]
pub(super) struct Clients(Mutex<JoinSet<()>>);

impl Clients {
    /// Whether another may be opened.
    pub(super) fn has_room(&self) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while open.try_join_next().is_some() {}
        open.len() < MOST
    }

    /// Keeps a client until it is disconnected.
    pub(super) fn keep(&self, client: LocalClient) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.spawn(client.run());
    }
}
