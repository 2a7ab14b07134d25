//! What all requests of a page share.

use gateway::Control;
use tokio::sync::watch;

use super::clients::Clients;
use super::key::Key;
use crate::store::Store;

/// The gateway, and what is known of it.
pub(super) struct Shared {
    pub(super) control: Control,
    pub(super) store: Store,
    /// A line that connects a client.
    pub(super) wscat: String,
    pub(super) key: Key,
    /// The clients that the page has opened.
    pub(super) clients: Clients,
    /// Whether the gateway goes down.
    pub(super) ends: watch::Sender<bool>,
}
