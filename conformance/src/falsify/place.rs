//! Where a template finds what is not the gateway's own.

use std::fmt;

/// Where a template finds a value that is not the gateway's own, outside the message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `$context.authorizer.{name}`; `claims.{name}` for a claim.
    Authorizer(String),
    /// A parameter of `$input.params()`.
    Parameter {
        /// Where the request has it.
        group: Group,
        /// Its name.
        name: String,
    },
    /// `$stageVariables.{name}`.
    StageVariable(String),
    /// `$context.identity.userAgent`.
    UserAgent,
}

/// The groups of `$input.params()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Path parameters.
    Path,
    /// Query string parameters.
    Querystring,
    /// Headers.
    Header,
}

impl Place {
    /// A parameter of the query string.
    pub(super) fn query(name: &str) -> Self {
        Self::Parameter {
            group: Group::Querystring,
            name: name.to_owned(),
        }
    }

    /// The text as far as this place can hold it: headers have no control characters, and the
    /// characters of stage variables are limited (`CreateStage` in the API reference).
    pub(super) fn fitting(&self, text: &str) -> String {
        let stage = |char: char| char.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(char);
        match self {
            Self::StageVariable(_) => text.chars().filter(|char| stage(*char)).collect(),
            Self::UserAgent
            | Self::Parameter {
                group: Group::Header,
                ..
            } => text.chars().filter(|char| !char.is_control()).collect(),
            Self::Authorizer(_) | Self::Parameter { .. } => text.to_owned(),
        }
    }
}

impl Group {
    /// The group of this name in `$input.params()`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "path" => Some(Self::Path),
            "querystring" => Some(Self::Querystring),
            "header" => Some(Self::Header),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorizer(name) => write!(f, "$context.authorizer.{name}"),
            Self::Parameter { group, name } => {
                let group = match group {
                    Group::Path => "path",
                    Group::Querystring => "querystring",
                    Group::Header => "header",
                };
                write!(f, "$input.params().{group}.get('{name}')")
            }
            Self::StageVariable(name) => write!(f, "$stageVariables.{name}"),
            Self::UserAgent => f.write_str("$context.identity.userAgent"),
        }
    }
}
