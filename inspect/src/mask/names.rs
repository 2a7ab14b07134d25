//! Under which names secrets stand, and what of a value is secret.

use std::collections::BTreeSet;

use serde_json::Value;
use spec::Api;
use spec::percent::{self, Plus};

use super::MASK;

/// Names, in lower case: of header fields, of query parameters, of members in JSON.
#[derive(Debug)]
pub(super) struct Names {
    all: BTreeSet<String>,
    /// Those that hold no other one.
    stems: Vec<String>,
}

/// What is secret for every gateway.
const ALWAYS: [&str; 11] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    // As events and authorizers call an API key.
    "apikey",
    "usageidentifierkey",
    // Of signed requests.
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-s3session-token",
];

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            all: BTreeSet::new(),
            stems: Vec::new(),
        };
        ALWAYS.iter().for_each(|name| names.insert(name));
        names
    }
}

impl Names {
    /// Adds the names that an API's authorizers take for an identity.
    pub(super) fn add(&mut self, api: &Api) {
        let sources = api.authorizers.values();
        for source in sources.flat_map(|one| &one.identity_source) {
            let source = source.trim_start_matches("route.request.");
            let name = source
                .strip_prefix("header.")
                .or_else(|| source.strip_prefix("querystring."));
            if let Some(name) = name {
                self.insert(&name.to_lowercase());
            }
        }
    }

    fn insert(&mut self, name: &str) {
        if name.is_empty() || !self.all.insert(name.to_owned()) {
            return;
        }
        let others = self.all.iter();
        let is_stem = |name: &&String| {
            let mut others = others.clone();
            !others.any(|other| other != *name && name.contains(other))
        };
        self.stems = self.all.iter().filter(is_stem).cloned().collect();
    }

    pub(super) fn is_secret_field(&self, name: &str) -> bool {
        self.all.contains(&name.to_lowercase())
    }

    /// The values of the secret parameters of a query string, as they stand there and decoded.
    pub(super) fn secret_parameters(&self, query: &str) -> Vec<(String, String)> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let secret = pairs.filter(|(name, _)| self.is_secret_field(&decoded(name)));
        secret
            .map(|(_, value)| (value.to_owned(), decoded(value)))
            .collect()
    }

    /// A query string whose secret parameters are masked.
    pub(super) fn without_parameters(&self, query: &str) -> String {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if self.is_secret_field(&decoded(name)) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Whether one of the names may stand in a text: most have none, and need not be parsed.
    pub(super) fn are_perhaps_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.stems.iter().any(|stem| text.contains(stem))
    }

    /// The values under secret names in a JSON value: texts, and lists of them.
    pub(super) fn find(&self, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if self.is_secret_field(name) {
                        texts(value, found);
                    } else {
                        self.find(value, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.find(item, found)),
            // A message in an event, an event in a message.
            Value::String(text) if text.starts_with(['{', '[']) && self.are_perhaps_in(text) => {
                if let Ok(value) = serde_json::from_str(text) {
                    self.find(&value, found);
                }
            }
            _ => {}
        }
    }
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

fn decoded(text: &str) -> String {
    percent::decode(text, Plus::Space)
}

/// What is secret of a value: all of it, what stands behind a scheme (`Bearer`, `Basic`), the
/// password in that, the values of cookies.
pub(super) fn secrets_of(value: &str) -> Vec<String> {
    let value = value.trim();
    let mut secrets = vec![value.to_owned()];
    if let Some((scheme, rest)) = value.split_once(' ') {
        let is_scheme = scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_scheme && !scheme.starts_with("AWS4-") {
            secrets.push(rest.trim().to_owned());
        }
        let basic = scheme.eq_ignore_ascii_case("basic");
        if let Some(bytes) = basic.then(|| spec::base64::decode(rest.trim())).flatten()
            && let Ok(text) = String::from_utf8(bytes)
        {
            secrets.extend(text.split_once(':').map(|(_, word)| word.to_owned()));
            secrets.push(text);
        }
    }
    // Cookies and signatures: `name=value`, with attributes that are none.
    const ATTRIBUTES: [&str; 7] = [
        "path",
        "domain",
        "expires",
        "max-age",
        "samesite",
        "priority",
        "signedheaders",
    ];
    let pairs = value
        .split([';', ','])
        .filter_map(|pair| pair.split_once('='));
    for (name, value) in pairs {
        let name = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
        if !ATTRIBUTES.contains(&&*name) {
            secrets.push(value.trim().trim_matches('"').to_owned());
        }
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}
