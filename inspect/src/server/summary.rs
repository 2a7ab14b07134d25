//! A request in one line of the page.

use serde::Serialize;

use crate::exchange::Exchange;

/// What the timeline shows of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    number: u64,
    revision: u64,
}

impl Summary {
    pub(super) fn new(revision: u64, exchange: &Exchange) -> Self {
        Self { number: exchange.number, revision }
    }
}
