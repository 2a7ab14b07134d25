//! The little of HTTP that the specification speaks: header lists that keep case and order, and
//! responses.

use serde_json::{Map, Value};

/// Header fields in the order and spelling in which they came (EVENT: names keep the client's
/// case).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// A request to an HTTP backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The whole address: `http://` or `https://`, host, path and query string.
    pub url: String,
    /// The header fields, without those that address and framing add (`Host`, `Content-Length`).
    pub headers: Headers,
    /// The body, empty when there is none.
    pub body: Vec<u8>,
}

/// What an HTTP backend answered. A redirection is an answer like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

/// A response to an HTTP request: a refused handshake, or an answer of the `@connections` API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The header fields, without those that framing adds (`content-length` is the shell's, except
    /// where it is said here).
    pub headers: Headers,
    /// The body, empty when there is none.
    pub body: String,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of the field `name`, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Makes `value` the only value of the field `name`, whatever its case before; the spelling is
    /// now this one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0
            .retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self.push(name, value);
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether one of the comma separated elements of the field `name` is `token`, whatever its
    /// case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| value.split(','))
            .any(|element| element.trim().eq_ignore_ascii_case(token))
    }

    /// The fields grouped by name: the spelling of the first occurrence, all values in order.
    pub fn grouped(&self) -> Vec<(&str, Vec<&str>)> {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in self.iter() {
            match groups
                .iter_mut()
                .find(|(seen, _)| seen.eq_ignore_ascii_case(name))
            {
                Some((_, values)) => values.push(value),
                None => groups.push((name, vec![value])),
            }
        }
        groups
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl HttpResponse {
    /// A response without headers and body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: String::new(),
        }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets a compact JSON body `{"message":…}`.
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        let mut body = Map::new();
        body.insert("message".to_owned(), Value::from(text));
        self.body = Value::Object(body).to_string();
        self
    }
}
