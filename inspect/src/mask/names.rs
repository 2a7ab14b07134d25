//! Under which names secrets stand, and what of a value is secret.

use std::collections::HashSet;

use spec::Api;
use spec::percent::{self, Plus};

use super::MASK;

/// Names, in lower case: of header fields, of query parameters, of members in JSON and in forms.
#[derive(Debug)]
pub(super) struct Names {
    all: HashSet<String>,
    /// What is no secret under whatever name: the API's route keys.
    words: HashSet<String>,
}

/// What is secret for every gateway.
const ALWAYS: [&str; 21] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "cookies",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    // Browsers set no other header: tokens go there.
    "sec-websocket-protocol",
    "password",
    "secret",
    "token",
    "access_token",
    "id_token",
    "refresh_token",
    "client_secret",
    // As events and authorizers call an API key.
    "apikey",
    "usageidentifierkey",
    // Of signed requests.
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-s3session-token",
];

/// Words of events and messages, which are no secrets under whatever name.
const WORDS: [&str; 14] = [
    "action",
    "connect",
    "connected",
    "connectionId",
    "connectedAt",
    "default",
    "disconnect",
    "headers",
    "integration",
    "message",
    "messages",
    "production",
    "requestContext",
    "statusCode",
];

/// The schemes of `Authorization`: what stands behind them is the secret.
const SCHEMES: [&str; 6] = ["apikey", "basic", "bearer", "jwt", "negotiate", "token"];

/// A cookie's value of fewer bytes, or without a digit, is a setting rather than a secret. Browsers
/// send the cookies of all that runs on `localhost`.
const COOKIE: usize = 12;
/// The same for a subprotocol: `graphql-transport-ws` is none.
const SUBPROTOCOL: usize = 24;

impl Default for Names {
    fn default() -> Self {
        Self {
            all: ALWAYS.map(str::to_owned).into(),
            words: WORDS.map(str::to_owned).into(),
        }
    }
}

impl Names {
    /// Adds the names that an API's authorizers take for an identity; whether there were new ones.
    pub(super) fn add(&mut self, api: &Api) -> bool {
        let before = self.all.len();
        let sources = api.authorizers.values();
        for source in sources.flat_map(|one| &one.identity_source) {
            let source = source.trim_start_matches("route.request.");
            let name = source
                .strip_prefix("header.")
                .or_else(|| source.strip_prefix("querystring."));
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                self.all.insert(name.to_lowercase());
            }
        }
        let routes = api.routes.keys().map(ToString::to_string);
        self.words.extend(routes);
        self.all.len() != before
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.all.contains(&name.to_lowercase())
    }

    /// The values of the secret parameters of a query string, decoded, with their names.
    pub(super) fn secret_parameters(&self, query: &str) -> Vec<(String, String)> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let decoded = pairs.map(|(name, value)| (decoded(name), decoded(value)));
        decoded.filter(|(name, _)| self.is_secret(name)).collect()
    }

    /// A query string whose secret parameters are masked.
    pub(super) fn without_parameters(&self, query: &str) -> String {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if self.is_secret(&decoded(name)) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// What is secret of the value that stands under a name: all of it, or what stands behind a
    /// scheme (`Bearer`, `Basic`) and the password in that, or the values of cookies.
    pub(super) fn secrets_of(&self, name: &str, value: &str) -> Vec<String> {
        let value = value.trim();
        let mut secrets = match name.to_lowercase().as_str() {
            "cookie" | "cookies" | "set-cookie" => of_cookies(value),
            "sec-websocket-protocol" => {
                let parts = value.split(',').map(str::trim);
                let long = parts.filter(|part| part.len() >= SUBPROTOCOL);
                long.map(str::to_owned).collect()
            }
            // Each is signed anew: it comes up nowhere else.
            _ if value.starts_with("AWS4-") => Vec::new(),
            _ => of_authorization(value),
        };
        secrets.retain(|secret| !self.words.contains(secret));
        secrets
    }
}

/// Whether a word is a scheme of `Authorization`.
pub(super) fn is_scheme(word: &str) -> bool {
    SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn of_authorization(value: &str) -> Vec<String> {
    let Some((scheme, rest)) = value.split_once(' ').filter(|(word, _)| is_scheme(word)) else {
        return vec![value.to_owned()];
    };
    let rest = rest.trim();
    let mut secrets = vec![rest.to_owned()];
    let basic = scheme.eq_ignore_ascii_case("basic");
    if let Some(bytes) = basic.then(|| spec::base64::decode(rest)).flatten()
        && let Ok(text) = String::from_utf8(bytes)
    {
        secrets.extend(text.split_once(':').map(|(_, word)| word.to_owned()));
        secrets.push(text);
    }
    secrets
}

/// `name=value`, with attributes that are none.
fn of_cookies(value: &str) -> Vec<String> {
    const ATTRIBUTES: [&str; 6] = [
        "path", "domain", "expires", "max-age", "samesite", "priority",
    ];
    let pairs = value
        .split([';', ','])
        .filter_map(|pair| pair.split_once('='));
    let values = pairs.filter_map(|(name, value)| {
        let name = name.trim().to_lowercase();
        let value = value.trim().trim_matches('"');
        let is_secret = value.len() >= COOKIE && value.contains(|c: char| c.is_ascii_digit());
        (is_secret && !ATTRIBUTES.contains(&&*name)).then(|| value.to_owned())
    });
    values.collect()
}

fn decoded(text: &str) -> String {
    percent::decode(text, Plus::Space)
}
