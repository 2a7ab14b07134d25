//! What the page shows of one request, and the forms in which it goes elsewhere.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;
use spec::Timestamp;

use super::answers::Problem;
use super::shared::Shared;
use crate::case::{self, How, Origin, Rules};
use crate::event;
use crate::exchange::Exchange;

/// A text to copy.
#[derive(Serialize)]
pub(super) struct Text {
    text: String,
}

impl Shared {
    /// The line that connects a client, with its secrets.
    pub(super) fn line(&self) -> Text {
        Text { text: self.wscat() }
    }

    /// All that is known of a request; with its secrets where the query is `reveal=1`.
    pub(super) fn exchange(&self, number: &str, query: &str) -> Result<Value, Problem> {
        let exchange = self.kept(number)?;
        Ok(match query {
            "reveal=1" => serde_json::to_value(&*exchange).unwrap_or_default(),
            _ => self.store.json(&exchange),
        })
    }

    fn kept(&self, number: &str) -> Result<Arc<Exchange>, Problem> {
        let exchange = number
            .parse()
            .ok()
            .and_then(|number| self.store.exchange(number));
        exchange.ok_or_else(|| {
            let why = format!("the request {number} is not among the last that are kept");
            Problem::new(404, why)
        })
    }

    /// A request as a case for the kit.
    pub(super) fn case(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let exchange = self.kept(number)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_millis());
        let origin = Origin {
            id: format!("copied/exchange-{}", exchange.number),
            how: match query {
                "reveal=1" => How::Copied,
                _ => How::CopiedMasked,
            },
            served: self.about.served.clone(),
            at: Timestamp::from_millis(u64::try_from(now).unwrap_or(u64::MAX)),
        };
        let rules = Rules::of(self.control.assembly().api());
        let case = case::from_exchange(&exchange, &self.store.exchanges(), &rules, &origin);
        let why = "nothing of this request can be a step of a case";
        self.text(case, query, why)
    }

    /// The event that a request's function got.
    pub(super) fn event(&self, number: &str, query: &str) -> Result<Text, Problem> {
        let exchange = self.kept(number)?;
        let event = event::from_exchange(&exchange, None);
        self.text(
            event,
            query,
            "no function was called, or its event was too long to be kept",
        )
    }

    fn text(&self, text: Option<String>, query: &str, why: &str) -> Result<Text, Problem> {
        let text = text.ok_or_else(|| Problem::new(409, why))?;
        Ok(Text {
            text: match query {
                "reveal=1" => text,
                _ => self.store.masked_text(&text),
            },
        })
    }
}
