//! What the page shows of one request, and the forms in which it goes elsewhere.

use serde::Serialize;

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
    pub(super) fn exchange(&self, number: &str, query: &str) -> Result<Exchange, Problem> {
        let exchange = number.parse().ok().and_then(|number| self.store.exchange(number));
        let exchange = exchange.ok_or_else(|| {
            let why = format!("the request {number} is not among the last that are kept");
            Problem::new(404, why)
        })?;
        Ok(match query {
            "reveal=1" => Exchange::clone(&exchange),
            _ => exchange.masked(),
        })
    }

    /// A request as a case for the kit.
    pub(super) fn case(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let exchange = self.exchange(number, query)?;
        Err(Problem::new(404, format!("{}", exchange.number)))
    }

    /// The event that a request's function got.
    pub(super) fn event(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let exchange = self.exchange(number, query)?;
        Err(Problem::new(404, format!("{}", exchange.number)))
    }
}
