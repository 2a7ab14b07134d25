//! What all requests of a page share.

use gateway::Control;
use tokio::sync::{Semaphore, watch};

use super::clients::Clients;
use super::key::Key;
use crate::store::Store;

/// What only the gateway's owner knows of it.
#[derive(Clone, Debug)]
pub struct About {
    /// A line to paste that connects a client to what is served now, with what lets it in.
    pub wscat: fn(&Control) -> String,
    /// What is served, such as `template.yaml`.
    pub served: String,
}

/// How many templates are rendered at once.
pub(super) const CONSOLES: usize = 2;

/// The gateway, and what is known of it.
pub(super) struct Shared {
    pub(super) control: Control,
    pub(super) store: Store,
    pub(super) about: About,
    pub(super) key: Key,
    /// The clients that the page has opened.
    pub(super) clients: Clients,
    /// Whose templates are rendered now: each may take seconds and many bytes.
    pub(super) console: Semaphore,
    /// Whether the gateway goes down.
    pub(super) ends: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn wscat(&self) -> String {
        (self.about.wscat)(&self.control)
    }
}
