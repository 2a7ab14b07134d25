//! What is shown of an exchange in one line, without its secrets.

use crate::exchange::{Exchange, Request};
use crate::mask::Masks;

/// The texts of an exchange's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What was asked for, and no more of it than fits.
    pub(crate) text: String,
    /// The route's key.
    pub(crate) route: Option<String>,
    /// What was called.
    pub(crate) targets: Vec<String>,
}

/// How many characters fit.
const CHARACTERS: usize = 200;
/// How many bytes are looked at: a secret that begins on the line must end here, however long it is
/// and however it is spelled.
const SEEN: usize = 48 * 1024;

impl Line {
    pub(crate) fn new(exchange: &Exchange, masks: &Masks) -> Self {
        let text = match &exchange.request {
            Request::Frame { text } => masks.text(beginning(text)).into_owned(),
            Request::Handshake { path, query, .. } => match query {
                Some(query) => masks.address(&format!("{path}?{query}")),
                None => masks.address(path),
            },
            Request::Close { code, reason, .. } => format!("{code} {}", masks.text(reason)),
            Request::Management { method, path, .. } => {
                format!("{method} {}", masks.address(path))
            }
        };
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().take(CHARACTERS).map(clean).collect();
        let route = exchange.route.as_ref().and_then(|route| route.key.as_ref());
        let targets = exchange.calls.iter().map(|call| &call.target.name);
        let targets = targets.filter(|name| !name.is_empty());
        Self {
            text: text.trim_end().to_owned(),
            route: route.map(|key| masks.text(key).into_owned()),
            targets: targets.map(|name| masks.text(name).into_owned()).collect(),
        }
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(SEEN)]
}
