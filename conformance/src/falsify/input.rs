//! What is tried, and what can come of it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use spec::strategy;
use spec::template::Params;

use super::Place;

/// What can be wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It cannot be rendered.
    RenderError,
    /// What it renders to is not JSON, so the function is not called.
    NotJson,
    /// The message is handed over, but not as it was sent.
    Altered,
    /// A value gets out of its place and changes another.
    Forged,
}

/// What a client, an authorizer or a caller has a hand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The message.
    pub body: String,
    /// Values by where a template finds them: `$context.authorizer.token`, `$input.params('name')`.
    pub values: BTreeMap<Place, String>,
}

impl Input {
    /// `$context` and `$input.params()` with these values in their places.
    pub(super) fn surroundings(&self) -> (Map<String, Value>, Params) {
        let mut context = strategy::message_context("me", "hello");
        let mut params = Params::default();
        for (place, value) in &self.values {
            match place {
                Place::Authorizer(name) => {
                    if let Some(Value::Object(authorizer)) = context.get_mut("authorizer") {
                        authorizer.insert(name.clone(), value.as_str().into());
                    }
                }
                Place::UserAgent => {
                    if let Some(Value::Object(identity)) = context.get_mut("identity") {
                        identity.insert("userAgent".to_owned(), value.as_str().into());
                    }
                }
                Place::Parameter(name) => {
                    params.header.insert(name.clone(), value.clone());
                }
            }
        }
        (context, params)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RenderError => "it cannot be rendered",
            Self::NotJson => "it is not JSON",
            Self::Altered => "the message is altered",
            Self::Forged => "a value is forged",
        })
    }
}

/// A text from which nothing more can be cut while `holds`: runs are cut first, halved each time,
/// then single characters.
pub(super) fn shortest(text: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut run = chars.len();
    while run > 0 {
        let mut cut = false;
        let mut at = 0;
        while at < chars.len() {
            let end = (at + run).min(chars.len());
            let without: String = chars[..at].iter().chain(&chars[end..]).collect();
            if holds(&without) {
                chars.drain(at..end);
                cut = true;
            } else {
                at = end;
            }
        }
        if !cut || run > 1 {
            run /= 2;
        }
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_cut() {
        assert_eq!(
            shortest("some 'quoted' text", |text| text.contains('\'')),
            "'"
        );
        assert_eq!(
            shortest("xxaxxbxx", |text| text.contains('a') && text.contains('b')),
            "ab"
        );
        assert_eq!(shortest("日本", |_| true), "");
    }
}
