//! What is to be rendered, as JSON: the template, and what it sees.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};
use spec::template::{Output, Params, UnknownPart, Variables, example_context};
use velocity::{Frozen, FrozenMap, Options, Text};

/// A template, and what it sees.
#[derive(Clone, Debug)]
pub struct Request {
    /// The mapping template.
    pub template: String,
    /// The message: `$input`.
    pub body: Text<'static>,
    /// `$context`.
    pub context: Variables,
    /// `$stageVariables`.
    pub stage_variables: Variables,
    /// `$input.params()`.
    pub params: Params,
    /// Further references at the top level.
    pub variables: Variables,
    /// What the output has to be; `None` if only the template's text shows it.
    pub output: Option<Output>,
    /// How templates are rendered: as API Gateway does, unless the request names another profile.
    pub options: Options,
}

/// Why a request is invalid.
#[derive(Debug)]
pub enum RequestError {
    /// It is JSON, but no object.
    NotAnObject,
    /// It has a member that requests of its kind lack.
    UnknownMember {
        /// That member.
        name: String,
        /// Those that they have.
        known: &'static [&'static str],
    },
    /// A member is not what it has to be.
    NotOfType {
        /// The member.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The profile is none of those that there are.
    UnknownProfile(String),
    /// There is no template.
    NoTemplate,
    /// The parameters have a part that requests lack.
    Params(UnknownPart),
}

impl Request {
    /// A template that sees an empty message and [`example_context`].
    pub fn new(template: impl Into<String>) -> Self {
        Self {
            template: template.into(),
            body: Text::borrowed(""),
            context: example_context().into(),
            stage_variables: Variables::default(),
            params: Params::default(),
            variables: Variables::default(),
            output: None,
            options: spec::template::options(),
        }
    }

    /// Reads an object with some of these members, of which `null` is as good as none: `template`,
    /// `body`, `context`, `stageVariables`, `params`, `variables`, `contentType`, `profile`.
    ///
    /// # Errors
    /// If it is no such object, or has a member that is not `known`.
    pub fn read(request: &Frozen, known: &'static [&'static str]) -> Result<Self, RequestError> {
        let Frozen::Map(fields) = request else {
            return Err(RequestError::NotAnObject);
        };
        let mut names = fields.iter().map(|(name, _)| name);
        if let Some(unknown) = names.find(|name| !known.contains(name)) {
            let name = unknown.to_owned();
            return Err(RequestError::UnknownMember { name, known });
        }
        let template = text(fields, "template")?.ok_or(RequestError::NoTemplate)?;
        let mut request = Self::new(template.to_str().into_owned());
        if let Some(body) = text(fields, "body")? {
            request.body = body;
        }
        if let Some(context) = map(fields, "context")? {
            request.context = context.into();
        }
        request.stage_variables = map(fields, "stageVariables")?.unwrap_or_default().into();
        request.variables = map(fields, "variables")?.unwrap_or_default().into();
        let params = map(fields, "params")?.unwrap_or_default();
        request.params = Params::read(&object(&params)).map_err(RequestError::Params)?;
        let content_type = text(fields, "contentType")?;
        request.output = content_type.and_then(|text| Output::of_media_type(&text.to_str()));
        match text(fields, "profile")?
            .as_ref()
            .map(Text::to_str)
            .as_deref()
        {
            None | Some("api-gateway") => {}
            Some("velocity") => request.options = Options::default(),
            Some(other) => return Err(RequestError::UnknownProfile(other.to_owned())),
        }
        Ok(request)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("a request must be an object"),
            Self::UnknownMember { name, known } => write!(
                f,
                "unknown member `{name}` in a request (known: {})",
                known.join(", ")
            ),
            Self::NotOfType { name, expected } => write!(f, "`{name}` must be {expected}"),
            Self::UnknownProfile(name) => {
                write!(f, "unknown profile `{name}` (known: api-gateway, velocity)")
            }
            Self::NoTemplate => f.write_str("`template` is missing"),
            Self::Params(unknown) => unknown.fmt(f),
        }
    }
}

impl Error for RequestError {}

/// A value as it is sent back: a lone surrogate is `?`.
pub fn plain(value: &Frozen) -> Value {
    match value {
        Frozen::Null => Value::Null,
        Frozen::Bool(value) => Value::Bool(*value),
        Frozen::Number(_) => match value.thaw().to_text() {
            Ok(text) => text.to_str().parse().map_or(Value::Null, Value::Number),
            Err(_) => Value::Null,
        },
        Frozen::Text(text) => text.as_str().into(),
        Frozen::Units(text) => text.to_str().into(),
        Frozen::List(items) => items.iter().map(plain).collect(),
        Frozen::Map(map) => Value::Object(object(map)),
    }
}

fn object(map: &FrozenMap) -> Map<String, Value> {
    let entries = map
        .iter()
        .map(|(name, value)| (name.to_owned(), plain(value)));
    entries.collect()
}

fn text(fields: &FrozenMap, name: &'static str) -> Result<Option<Text<'static>>, RequestError> {
    match fields.get(name) {
        None | Some(Frozen::Null) => Ok(None),
        Some(Frozen::Text(text)) => Ok(Some(Text::from(text.clone()))),
        Some(Frozen::Units(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RequestError::NotOfType {
            name,
            expected: "a string",
        }),
    }
}

fn map(fields: &FrozenMap, name: &'static str) -> Result<Option<FrozenMap>, RequestError> {
    match fields.get(name) {
        None | Some(Frozen::Null) => Ok(None),
        Some(Frozen::Map(map)) => Ok(Some(map.clone())),
        Some(_) => Err(RequestError::NotOfType {
            name,
            expected: "an object",
        }),
    }
}
