//! Where a target is.

use std::time::Duration;

use super::table::TableEndpoint;
use crate::sign::Credentials;

/// Where a target is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `ws://` or `wss://`, with the stage.
    pub ws_url: String,
    /// `http://`, with the stage: what `/@connections/…` is put behind.
    pub management_url: Option<String>,
    /// The table of connections.
    pub table: Option<TableEndpoint>,
    /// How long to wait for anything before it counts as silence.
    pub patience: Duration,
    /// Who signs calls of the `@connections` API that the case does not sign itself; nobody, if the
    /// target takes unsigned calls.
    pub credentials: Option<Credentials>,
}
