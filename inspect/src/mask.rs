//! Secrets, and exchanges without them.
//!
//! What is secret is told by names: of header fields and query parameters, of members in JSON. The
//! values are remembered, and masked wherever they come up again: in events, in logs, in what a
//! template rendered, in whatever spelling JSON, addresses and scripts give them.

mod names;
mod parts;
mod patterns;

use std::borrow::Cow;

use serde_json::Value;
use spec::Api;

use crate::exchange::{Exchange, Message, Request};
use names::Names;
use patterns::Patterns;

/// What stands for a secret.
pub const MASK: &str = "***";

/// Knows what is secret.
#[derive(Debug, Default)]
pub struct Masks {
    names: Names,
    patterns: Patterns,
}

impl Masks {
    /// What is secret for every gateway, and what is for this API: the headers and query parameters
    /// that its authorizers take for an identity, and its API keys.
    pub fn new(api: &Api) -> Self {
        let mut masks = Self::default();
        masks.add(api);
        masks
    }

    /// The same for another deployment; what was secret stays so.
    pub fn add(&mut self, api: &Api) {
        self.names.add(api);
        for key in api.api_keys.values() {
            self.patterns.add_lasting(&key.value);
        }
    }

    /// Remembers the secrets of an exchange. What is masked later, of whatever exchange, is masked
    /// without them.
    pub fn learn(&mut self, exchange: &Exchange) {
        match &exchange.request {
            Request::Handshake { query, headers, .. } => {
                self.learn_fields(headers);
                self.learn_query(query.as_deref().unwrap_or_default());
            }
            Request::Frame { text } => self.learn_json(text),
            Request::Close { .. } => {}
            Request::Management { headers, body, .. } => {
                self.learn_json(body);
                // Each is signed anew: that is masked where it stands, and comes up nowhere else.
                let lasts = |(_, value): &&(String, String)| !value.starts_with("AWS4-");
                let fields: Vec<_> = headers.iter().filter(lasts).cloned().collect();
                self.learn_fields(&fields);
            }
        }
        // What is called gets nothing but what has come in, and what is sent is what came back.
        let answers = exchange
            .calls
            .iter()
            .filter_map(|call| call.answer.as_ref());
        answers.for_each(|answer| self.learn_json(answer));
        for sent in &exchange.sent {
            if let Message::Response { headers, .. } = &sent.what {
                self.learn_fields(headers);
            }
        }
    }

    /// An exchange without the secrets that are known.
    pub fn masked(&self, exchange: &Exchange) -> Exchange {
        let mut masked = exchange.clone();
        match &mut masked.request {
            Request::Handshake { query, headers, .. } => {
                self.mask_fields(headers);
                if let Some(query) = query {
                    *query = self.names.without_parameters(query);
                }
            }
            Request::Management { path, headers, .. } => {
                self.mask_fields(headers);
                if let Some((path_only, query)) = path.split_once('?') {
                    let query = self.names.without_parameters(query);
                    *path = format!("{path_only}?{query}");
                }
            }
            Request::Frame { .. } | Request::Close { .. } => {}
        }
        for sent in &mut masked.sent {
            if let Message::Response { headers, .. } = &mut sent.what {
                self.mask_fields(headers);
            }
        }
        parts::for_each_text(&mut masked, &mut |text| {
            if let Cow::Owned(without) = self.text(text) {
                *text = without;
            }
        });
        masked
    }

    /// The same as JSON.
    pub fn json(&self, exchange: &Exchange) -> Value {
        // An exchange is made of texts, numbers and lists.
        serde_json::to_value(self.masked(exchange)).unwrap_or_default()
    }

    /// A text without the secrets that are known.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.patterns.without(text)
    }

    fn learn_fields(&mut self, headers: &[(String, String)]) {
        for (name, value) in headers {
            if self.names.is_secret_field(name) {
                self.learn_value(value);
            }
        }
    }

    fn learn_query(&mut self, query: &str) {
        for (raw, decoded) in self.names.secret_parameters(query) {
            self.learn_value(&raw);
            self.learn_value(&decoded);
        }
    }

    /// Secrets among the members of a JSON text, however deep.
    fn learn_json(&mut self, text: &str) {
        if !self.names.are_perhaps_in(text) {
            return;
        }
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let mut found = Vec::new();
            self.names.find(&value, &mut found);
            found.iter().for_each(|value| self.learn_value(value));
        }
    }

    fn learn_value(&mut self, value: &str) {
        for secret in names::secrets_of(value) {
            self.patterns.add(&secret);
        }
    }

    fn mask_fields(&self, headers: &mut [(String, String)]) {
        for (name, value) in headers {
            if self.names.is_secret_field(name) {
                MASK.clone_into(value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
