//! What the page shows of one request, and the forms in which it goes elsewhere.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::answers::Problem;
use super::shared::Shared;
use crate::exchange::Exchange;

/// A text to copy.
#[derive(Serialize)]
pub(super) struct Text {
    text: String,
}

impl Shared {
    /// All that is known of a request; with its secrets where the query is `reveal=1`.
    pub(super) fn exchange(&self, number: &str, query: &str) -> Result<Value, Problem> {
        let exchange = self.kept(number)?;
        Ok(match query {
            "reveal=1" => serde_json::to_value(&*exchange).unwrap_or_default(),
            _ => self.store.masked(&exchange),
        })
    }

    fn kept(&self, number: &str) -> Result<Arc<Exchange>, Problem> {
        let exchange = number.parse().ok().and_then(|number| self.store.exchange(number));
        exchange.ok_or_else(|| {
            let why = format!("the request {number} is not among the last that are kept");
            Problem::new(404, why)
        })
    }

    /// A request as a case for the kit.
    pub(super) fn case(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let _ = query; let exchange = self.kept(number)?;
        Err(Problem::new(404, format!("{}", exchange.number)))
    }

    /// The event that a request's function got.
    pub(super) fn event(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let _ = query; let exchange = self.kept(number)?;
        Err(Problem::new(404, format!("{}", exchange.number)))
    }
}
