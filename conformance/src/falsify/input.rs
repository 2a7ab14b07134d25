//! What is tried, and what can come of it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};
use spec::strategy;
use spec::template::{Output, Params, Variables};

use super::Place;
use super::place::Group;

/// What can be wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It cannot be rendered.
    RenderError,
    /// What it renders to is not in the language of its receiver.
    Malformed(Language),
    /// JSON that it writes into a string is not JSON any more.
    MalformedInside,
    /// The message is passed on, but not as it was sent.
    Altered,
    /// A value gets out of its location and changes another.
    Forged,
}

/// The languages in which an output can be malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// JSON.
    Json,
    /// Form encoding.
    Form,
    /// XML.
    Xml,
}

/// What a client, an authorizer or a caller controls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Input {
    /// The message.
    pub body: String,
    /// Values by where a template finds them. What is not here is missing.
    pub values: BTreeMap<Place, String>,
}

/// What a template sees beside the message.
pub(super) struct Surroundings {
    pub(super) context: Variables,
    pub(super) stage_variables: Variables,
    pub(super) params: Params,
}

impl Language {
    pub(super) fn of(output: Output) -> Option<Self> {
        match output {
            Output::Json => Some(Self::Json),
            Output::Form => Some(Self::Form),
            Output::Xml => Some(Self::Xml),
            Output::Text => None,
        }
    }
}

impl Input {
    pub(super) fn of(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            values: BTreeMap::new(),
        }
    }
}

impl Surroundings {
    pub(super) fn of(input: &Input) -> Self {
        let mut context = strategy::message_context("me", "hello");
        let mut authorizer = Map::new();
        authorizer.insert("principalId".to_owned(), "me".into());
        let mut stage_variables = Map::new();
        let mut params = Params::default();
        for (place, value) in &input.values {
            match place {
                Place::Authorizer(name) => match name.strip_prefix("claims.") {
                    Some(claim) => {
                        let claims = authorizer.entry("claims").or_insert_with(|| json!({}));
                        claims[claim] = value.as_str().into();
                    }
                    None => {
                        authorizer.insert(name.clone(), value.as_str().into());
                    }
                },
                Place::UserAgent => {
                    if let Some(Value::Object(identity)) = context.get_mut("identity") {
                        identity.insert("userAgent".to_owned(), value.as_str().into());
                    }
                }
                Place::StageVariable(name) => {
                    stage_variables.insert(name.clone(), value.as_str().into());
                }
                Place::Parameter { group, name } => {
                    let group = match group {
                        Group::Path => &mut params.path,
                        Group::Querystring => &mut params.querystring,
                        Group::Header => &mut params.header,
                    };
                    group.insert(name.clone(), value.clone());
                }
            }
        }
        context.insert("authorizer".to_owned(), authorizer.into());
        Self {
            context: context.into(),
            stage_variables: stage_variables.into(),
            params,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RenderError => f.write_str("it cannot be rendered"),
            Self::Malformed(language) => write!(f, "it is not {language}"),
            Self::MalformedInside => f.write_str("the JSON in one of its strings is not JSON"),
            Self::Altered => f.write_str("the message is altered"),
            Self::Forged => f.write_str("a value is forged"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Form => "form encoding",
            Self::Xml => "XML",
        })
    }
}
