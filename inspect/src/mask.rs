//! Secrets, and exchanges without them.
//!
//! What is secret is told by names: of header fields and query parameters, of members in JSON and in
//! forms. Behind such a name a value is masked, whatever it is. It is remembered besides, and masked
//! where it comes up again: in events, in logs, in what a template rendered, in the spellings that
//! JSON, addresses, scripts and base64 give it. Both take time in proportion to the text alone.

mod names;
mod parts;
mod patterns;
mod scan;
mod spellings;
mod sums;

use std::borrow::Cow;

use serde_json::Value;
use spec::Api;
use spec::percent::{self, Plus};

use crate::exchange::{Exchange, Kind, Message, Request};
use names::Names;
use patterns::Patterns;
use scan::Form;

/// What stands for a secret.
pub const MASK: &str = "***";

/// How many secrets of one text are remembered: one message cannot make all others forgotten.
const OF_A_TEXT: usize = 32;

/// Knows what is secret.
#[derive(Debug, Default)]
pub struct Masks {
    names: Names,
    patterns: Patterns,
}

impl Masks {
    /// What is secret for every gateway, and what is for this API: the headers and query parameters
    /// that its authorizers take for an identity, its API keys, and stage variables by their names.
    pub fn new(api: &Api) -> Self {
        let mut masks = Self::default();
        masks.add(api);
        masks
    }

    /// The same for another deployment; what was secret stays so. Whether there are new names.
    pub fn add(&mut self, api: &Api) -> bool {
        let has_new = self.names.add(api);
        for key in api.api_keys.values() {
            self.patterns.add_lasting(&key.value);
        }
        for (name, value) in &api.stage.stage_variables {
            if let Some(value) = value.as_str().filter(|_| self.names.is_secret(name)) {
                self.patterns.add_lasting(value);
            }
        }
        has_new
    }

    /// Remembers the secrets of an exchange. What is masked later, of whatever exchange, is masked
    /// without them.
    pub fn learn(&mut self, exchange: &Exchange) {
        let secrets = self.secrets(exchange);
        self.remember(&secrets);
    }

    /// Remembers what [`Masks::secrets`] has found.
    pub(crate) fn remember(&mut self, secrets: &[String]) {
        secrets.iter().for_each(|secret| self.patterns.add(secret));
    }

    /// The secrets of an exchange that are not known yet.
    pub(crate) fn secrets(&self, exchange: &Exchange) -> Vec<String> {
        let mut found = Vec::new();
        match &exchange.request {
            Request::Handshake { query, headers, .. } => {
                self.of_fields(headers, &mut found);
                let query = query.as_deref().unwrap_or_default();
                for (name, value) in self.names.secret_parameters(query) {
                    found.extend(self.names.secrets_of(&name, &value));
                }
            }
            Request::Frame { text } => self.of_text(text, &mut found),
            Request::Close { .. } => {}
            Request::Management { headers, body, .. } => {
                self.of_text(body, &mut found);
                self.of_fields(headers, &mut found);
            }
        }
        let has_event = matches!(exchange.kind, Kind::Connect | Kind::Disconnect);
        for call in &exchange.calls {
            // Other payloads have nothing but what has come in.
            let payload = call.payload.as_ref();
            let payload = payload.filter(|_| has_event || call.template.is_some());
            let texts = payload.into_iter().chain(&call.answer);
            texts.for_each(|text| self.of_text(text, &mut found));
        }
        for sent in &exchange.sent {
            if let Message::Response { headers, .. } = &sent.what {
                self.of_fields(headers, &mut found);
            }
        }
        found.retain(|secret| self.patterns.is_new(secret));
        found
    }

    /// An exchange without the secrets that are known.
    pub fn masked(&self, exchange: &Exchange) -> Exchange {
        let mut masked = exchange.clone();
        parts::mask(&mut masked, self);
        masked
    }

    /// The same as JSON.
    pub fn json(&self, exchange: &Exchange) -> Value {
        // An exchange is made of texts, numbers and lists.
        serde_json::to_value(self.masked(exchange)).unwrap_or_default()
    }

    /// A text without what stands behind secret names, and without the secrets that are known.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.without_named(text) {
            Cow::Borrowed(text) => self.patterns.without(text),
            Cow::Owned(text) => Cow::Owned(self.patterns.without(&text).into_owned()),
        }
    }

    /// The same of a path with its query string, whose parameters have any names.
    pub(crate) fn address(&self, address: &str) -> String {
        let masked = match address.split_once('?') {
            Some((path, query)) => format!("{path}?{}", self.names.without_parameters(query)),
            None => address.to_owned(),
        };
        self.text(&masked).into_owned()
    }

    fn without_named<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let values = scan::values(text, &self.names);
        if values.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for value in values {
            out.push_str(&text[copied..value.at.start]);
            copied = value.at.end;
            match value.form {
                // It stays JSON.
                Form::Bare(level) => {
                    let quote = format!("{}\"", "\\".repeat(level));
                    out.extend([&quote, MASK, &quote]);
                }
                Form::Quoted(_) | Form::Pair | Form::Field => out.push_str(MASK),
            }
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }

    fn of_fields(&self, headers: &[(String, String)], found: &mut Vec<String>) {
        for (name, value) in headers {
            if self.names.is_secret(name) {
                found.extend(self.names.secrets_of(name, value));
            }
        }
    }

    /// Secrets behind names in a text.
    fn of_text(&self, text: &str, found: &mut Vec<String>) {
        let values = scan::values(text, &self.names).into_iter();
        // `name: value` may be prose.
        let values = values.filter(|value| value.form != Form::Field);
        for value in values.take(OF_A_TEXT) {
            let written = &text[value.at.clone()];
            let read = match value.form {
                Form::Quoted(level) => unquoted(written, level),
                Form::Pair => percent::decode(written, Plus::Space),
                Form::Bare(_) | Form::Field => written.to_owned(),
            };
            if read != written {
                found.extend(self.names.secrets_of(&value.name, written));
            }
            found.extend(self.names.secrets_of(&value.name, &read));
        }
    }
}

/// What a text in JSON stands for whose quotation marks have so many backslashes: 1 in JSON in JSON,
/// 3 in that.
fn unquoted(text: &str, level: usize) -> String {
    let mut text = text.to_owned();
    let mut level = level;
    loop {
        match serde_json::from_str(&format!("\"{text}\"")) {
            Ok(read) => text = read,
            Err(_) => return text,
        }
        if level == 0 {
            return text;
        }
        level /= 2;
    }
}

#[cfg(test)]
mod tests;
