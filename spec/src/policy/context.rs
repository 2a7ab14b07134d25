//! What a policy's conditions can know of a request: the condition context keys, their kinds and
//! their values.
//!
//! Realises: AUTHORIZER-60

use std::collections::BTreeMap;

use crate::handshake::HandshakeRequest;
use crate::http::Headers;
use crate::time::Timestamp;

/// The values of a request's condition context keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// By key in lower case: keys are compared whatever their case.
    values: BTreeMap<String, Vec<String>>,
}

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Date,
    /// Seconds since 1970, a number and a date.
    EpochTime,
    Number,
    Bool,
    Address,
    Arn,
}

/// The keys that API Gateway's policies may name. Those of a signature are absent without one;
/// those of a virtual private cloud always are: a WebSocket API has none.
const KEYS: &[(&str, Kind)] = &[
    ("aws:currenttime", Kind::Date),
    ("aws:epochtime", Kind::EpochTime),
    ("aws:multifactorauthage", Kind::Number),
    ("aws:multifactorauthpresent", Kind::Bool),
    ("aws:principalaccount", Kind::Text),
    ("aws:principalarn", Kind::Arn),
    ("aws:principalorgid", Kind::Text),
    ("aws:principalorgpaths", Kind::Text),
    ("aws:principaltype", Kind::Text),
    ("aws:referer", Kind::Text),
    ("aws:securetransport", Kind::Bool),
    ("aws:sourceip", Kind::Address),
    ("aws:sourcevpc", Kind::Text),
    ("aws:sourcevpce", Kind::Text),
    ("aws:tokenissuetime", Kind::Date),
    ("aws:useragent", Kind::Text),
    ("aws:userid", Kind::Text),
    ("aws:username", Kind::Text),
    ("aws:vpcsourceip", Kind::Address),
];

impl Context {
    /// The keys of a request for an upgrade that came in at `at`. Clients of API Gateway come over
    /// TLS, whatever the local gateway speaks.
    pub fn of_handshake(request: &HandshakeRequest, at: Timestamp) -> Self {
        Self::of_request(&request.headers, &request.source_ip, at)
    }

    /// The keys of any request, of an upgrade or of `@connections`.
    pub fn of_request(headers: &Headers, source_ip: &str, at: Timestamp) -> Self {
        let mut context = Self::default();
        let seconds = at.as_millis() / 1000;
        let current = Timestamp::from_millis(seconds * 1000).iso_8601();
        context.put("aws:CurrentTime", current.replace(".000Z", "Z"));
        context.put("aws:EpochTime", seconds.to_string());
        context.put("aws:SecureTransport", "true");
        context.put("aws:SourceIp", source_ip);
        for (key, field) in [("aws:UserAgent", "User-Agent"), ("aws:Referer", "Referer")] {
            if let Some(value) = headers.get(field) {
                context.put(key, value);
            }
        }
        context
    }

    /// Sets a key to one value.
    pub fn put(&mut self, key: &str, value: impl Into<String>) {
        self.values
            .insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    /// The values of a key; `None` when the request has none.
    pub(super) fn get(&self, key: &str) -> Option<&[String]> {
        let values = self.values.get(&key.to_ascii_lowercase());
        values.map(Vec::as_slice).filter(|all| !all.is_empty())
    }
}

/// The kind of a key, if it is one that API Gateway's policies may name.
pub(super) fn kind(key: &str) -> Option<Kind> {
    let key = key.to_ascii_lowercase();
    if key.starts_with("aws:principaltag/") {
        return Some(Kind::Text);
    }
    let found = KEYS.iter().find(|(name, _)| *name == key);
    found.map(|(_, kind)| *kind)
}
