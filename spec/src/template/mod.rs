//! Mapping templates: Velocity with `$input`, `$util`, `$context` and `$stageVariables`, as API
//! Gateway renders them.
//!
//! ```
//! use spec::template::{MappingTemplate, Scope, Variables};
//!
//! let source = r#"{"id": "$context.connectionId", "text": $input.json('$.message')}"#;
//! let template = MappingTemplate::parse(source)?;
//! let context = serde_json::json!({"connectionId": "L0SM9cOFvHcCIhw="});
//! let context = Variables::from(context.as_object().ok_or("an object")?);
//! let scope = Scope::new(r#"{"message": "hey queen"}"#, &context);
//! assert_eq!(template.render(&scope)?, r#"{"id": "L0SM9cOFvHcCIhw=", "text": "hey queen"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod context;
mod document;
mod escape;
mod input;
mod json;
pub mod json_path;
pub mod lint;
mod output;
mod params;
mod util;
mod vocabulary;

use std::sync::LazyLock;

use velocity::{Context, Frozen, Missing, Options, ParseError, RenderError, Template, Text, Value};

pub use self::context::Variables;
pub use self::document::Document;
pub use self::escape::escape_java_script;
pub use self::json::frozen;
pub use self::json_path::JsonPath;
pub use self::output::Output;
pub use self::params::{Params, UnknownPart};
pub use self::vocabulary::example_context;

/// How much work one rendering may do. Other clients wait for it: this is some tenths of a second.
const STEPS: u64 = 1_000_000;
/// More than any integration takes.
const OUTPUT_BYTES: usize = 16 << 20;
const MEMORY_BYTES: usize = 64 << 20;

/// A parsed mapping template.
#[derive(Clone, Debug)]
pub struct MappingTemplate(Template);

/// The profile `api-gateway`: Velocity 1.7 with the settings that reproduce what API Gateway was
/// seen to render: null and undefined references are the empty string, templates cannot define
/// macros, `#evaluate` does not exist, and a `#foreach` stops after 1,000 iterations (documented
/// for REST APIs; assumed for WebSocket APIs). Its bounds are gatespec's own: AWS's are not
/// published.
///
/// Realises: TEMPLATE-5
pub fn options() -> Options {
    Options {
        missing: Missing::EmptyString,
        inline_macros: false,
        evaluate: false,
        foreach_rounds: Some(1000),
        steps: STEPS,
        output_bytes: OUTPUT_BYTES,
        memory_bytes: MEMORY_BYTES,
        ..Options::default()
    }
}

static OPTIONS: LazyLock<Options> = LazyLock::new(options);

impl MappingTemplate {
    /// Parses a mapping template.
    ///
    /// # Errors
    /// If it is not a template: the error has the location.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        Template::parse(source, &OPTIONS).map(MappingTemplate)
    }

    /// Parses a template with other settings than API Gateway's, such as stock Velocity's.
    ///
    /// # Errors
    /// As [`MappingTemplate::parse`].
    pub fn with_options(source: &str, options: &Options) -> Result<Self, ParseError> {
        Template::parse(source, options).map(MappingTemplate)
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        self.0.source()
    }

    /// Its parts, for tools that read it without rendering.
    pub fn parts(&self) -> Vec<velocity::syntax::Part<'_>> {
        self.0.parts()
    }

    /// Every reference in it.
    pub fn references(&self) -> Vec<velocity::syntax::ReferencePart<'_>> {
        self.0.references()
    }

    /// Renders for one message.
    ///
    /// # Errors
    /// If a method throws (such as an index out of range) or a limit is reached.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, RenderError> {
        let mut out = String::new();
        self.render_into(scope, &mut out)?;
        Ok(out)
    }

    /// Renders for one message and appends to `out`. On an error, `out` is unchanged.
    ///
    /// # Errors
    /// Like [`MappingTemplate::render`].
    pub fn render_into(&self, scope: &Scope<'_>, out: &mut String) -> Result<(), RenderError> {
        self.0.render_into(&mut scope.context(), out)
    }
}

/// What a template sees when it renders one message.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// The text of the message: `$input.body`, and the document of `$input.json` and `$input.path`.
    pub body: Text<'a>,
    /// The members of `$context`.
    pub context: &'a Variables,
    /// The members of `$stageVariables`.
    pub stage_variables: &'a Variables,
    /// The parameters in `$input.params()`.
    pub params: &'a Params,
    /// Further references at the top level.
    pub variables: &'a Variables,
}

static NO_VARIABLES: LazyLock<Variables> = LazyLock::new(Variables::default);
static NO_PARAMS: LazyLock<Params> = LazyLock::new(Params::default);

impl<'a> Scope<'a> {
    /// A message and its `$context`; no stage variables, no parameters.
    pub fn new(body: &'a str, context: &'a Variables) -> Self {
        Scope {
            body: Text::borrowed(body),
            context,
            stage_variables: &NO_VARIABLES,
            params: &NO_PARAMS,
            variables: &NO_VARIABLES,
        }
    }

    /// The same with this message, whose text may hold lone surrogates.
    #[must_use]
    pub fn body(self, body: Text<'a>) -> Self {
        Scope { body, ..self }
    }

    /// The same with these stage variables.
    #[must_use]
    pub fn stage_variables(self, stage_variables: &'a Variables) -> Self {
        Scope {
            stage_variables,
            ..self
        }
    }

    /// The same with these parameters.
    #[must_use]
    pub fn params(self, params: &'a Params) -> Self {
        Scope { params, ..self }
    }

    /// The same with these references at the top level.
    #[must_use]
    pub fn variables(self, variables: &'a Variables) -> Self {
        Scope { variables, ..self }
    }

    /// The references of a template.
    ///
    /// Realises: TEMPLATE-98
    fn context(&self) -> Context<'a> {
        let mut context = Context::with_capacity(8);
        context.insert(
            "input",
            Value::Object(input::Input::new(self.body.clone(), self.params)),
        );
        context.insert("util", Value::Object(util::Util::new()));
        context.insert_frozen_mute("context", self.context.map());
        context.insert_frozen("stageVariables", self.stage_variables.map());
        for (name, value) in self.variables.map().iter() {
            match value {
                Frozen::Map(map) => context.insert_frozen(name, map),
                other => context.insert(name, other.thaw()),
            }
        }
        context
    }
}
