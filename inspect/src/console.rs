//! The template console: a mapping template and a message in; what it renders to, whether that is
//! what its receiver takes, and what the linter finds, out.
//!
//! ```
//! let request = r#"{"template": "{\"said\": \"$input.path('$.a')\"}", "body": "{\"a\": \"b\"}"}"#;
//! let answer = inspect::console::answer(request);
//! assert_eq!(answer.output.as_deref(), Some(r#"{"said": "b"}"#));
//! assert_eq!(answer.findings[0].rule, "unescaped-value");
//! ```
//!
//! Pure, and bounded for any template: it has [`MAX_BYTES`] at most, and renders within the limits
//! of [`spec::template::options`] (steps, depth, output, memory). The linter renders it some twenty
//! times more, within the same limits, and stops at the second that a limit ends. A template that
//! reaches a limit with the given message is not linted.

mod request;
mod span;

use serde::Serialize;
use spec::template::lint::{self, MAX_BYTES};
use spec::template::{MappingTemplate, Output, Scope, frozen};
use velocity::{RenderErrorKind, TemplateError};

pub use self::request::{Request, RequestError, plain};
pub use self::span::At;
use self::span::Places;

/// The members of a request that [`answer`] reads.
const MEMBERS: &[&str] = &[
    "template",
    "body",
    "context",
    "stageVariables",
    "params",
    "contentType",
];

/// How many findings, and how many doubts, an answer has at most: nobody reads more.
pub const FINDINGS: usize = 200;

/// What a template makes of a message, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The rendered text.
    pub output: Option<String>,
    /// Why there is none.
    pub error: Option<Problem>,
    /// What the output has to be; `None` if the request is invalid.
    pub kind: Option<Kind>,
    /// Whether the output is JSON, whatever its kind.
    pub json: Option<JsonCheck>,
    /// Whether the linter guarantees that the output is of its kind for every message.
    pub guaranteed: bool,
    /// What the linter finds, in the order of the template: the first [`FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more it finds.
    pub more_findings: usize,
    /// Why the linter does not guarantee it.
    pub doubts: Vec<String>,
}

/// Why nothing was rendered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// What could not be done.
    pub stage: Stage,
    /// What is wrong.
    pub message: String,
    /// Whether a limit of the renderer ended it.
    pub limit: bool,
    /// Where in the template.
    pub at: Option<At>,
}

/// What is done with a request, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The request is read.
    Request,
    /// The template is parsed.
    Parse,
    /// The template is rendered.
    Render,
}

/// What an output has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// XML.
    Xml,
    /// Any text.
    Text,
}

/// Whether a text is JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JsonCheck {
    /// Whether it is.
    pub valid: bool,
    /// What keeps it from being JSON.
    pub problem: Option<String>,
    /// The line of that in the output, from 1.
    pub line: Option<usize>,
    /// Its column in characters, from 1.
    pub column: Option<usize>,
}

/// A finding of the linter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The name of the rule that the template violates.
    pub rule: &'static str,
    /// What is wrong here.
    pub message: String,
    /// What happens then.
    pub why: String,
    /// What to write instead.
    pub cure: String,
    /// Where.
    pub at: At,
}

/// The answer to a request as JSON text. One that is invalid is answered with an error.
pub fn answer(request: &str) -> Answer {
    let invalid = |message: String| Answer {
        error: Some(Problem::without_location(Stage::Request, message)),
        ..Answer::default()
    };
    match frozen(request) {
        Err(error) => invalid(error.to_string()),
        Ok(request) => match Request::read(&request, MEMBERS) {
            Err(error) => invalid(error.to_string()),
            Ok(request) => request.judge(),
        },
    }
}

impl Request {
    /// Renders the template.
    ///
    /// # Errors
    /// If it cannot be parsed, or not be rendered with these values.
    pub fn render(&self) -> Result<String, Problem> {
        let template = MappingTemplate::with_options(&self.template, &self.options)
            .map_err(|error| Problem::of(Stage::Parse, &error, false, &self.template))?;
        let rendered = template.render(&self.scope());
        rendered.map_err(|error| {
            let limit = error.kind() == RenderErrorKind::Bound;
            Problem::of(Stage::Render, &error, limit, &self.template)
        })
    }

    /// What the template sees.
    pub fn scope(&self) -> Scope<'_> {
        Scope::new("", &self.context)
            .body(self.body.clone())
            .stage_variables(&self.stage_variables)
            .params(&self.params)
            .variables(&self.variables)
    }

    /// Renders the template, checks what it renders to, and lints it.
    pub fn judge(&self) -> Answer {
        let kind = self.output.or_else(|| Output::of_text(&self.template));
        let kind = kind.unwrap_or(Output::Json);
        let mut answer = Answer {
            kind: Some(kind.into()),
            ..Answer::default()
        };
        let bytes = self.template.len();
        if bytes > MAX_BYTES {
            let message = format!("the template has {bytes} bytes, of {MAX_BYTES} allowed");
            answer.error = Some(Problem::without_location(Stage::Parse, message));
            return answer;
        }
        match self.render() {
            Ok(output) => {
                answer.json = Some(JsonCheck::of(&output));
                answer.output = Some(output);
            }
            Err(problem) if problem.limit => {
                answer.error = Some(problem);
                answer.doubts = vec!["rendering reaches a limit: not linted".to_owned()];
                return answer;
            }
            Err(problem) => answer.error = Some(problem),
        }
        let report = lint::lint_as(&self.template, kind);
        answer.guaranteed = report.doubts.is_empty();
        let doubts = report.doubts.into_iter().take(FINDINGS);
        answer.doubts = doubts.map(|doubt| doubt.reason).collect();
        answer.more_findings = report.findings.len().saturating_sub(FINDINGS);
        let findings = report.findings.into_iter().take(FINDINGS);
        let places = Places::of(&self.template);
        answer.findings = findings.map(|found| Finding::of(found, &places)).collect();
        answer
    }
}

impl Problem {
    fn of<K: Copy>(stage: Stage, error: &TemplateError<K>, limit: bool, template: &str) -> Self {
        Self {
            stage,
            message: error.message().to_owned(),
            limit,
            at: Some(Places::of(template).locate(error.span())),
        }
    }

    fn without_location(stage: Stage, message: String) -> Self {
        Self {
            stage,
            message,
            limit: false,
            at: None,
        }
    }
}

impl Finding {
    fn of(found: lint::Finding, places: &Places) -> Self {
        Self {
            rule: found.rule.id(),
            message: found.message,
            why: found.why,
            cure: found.cure,
            at: places.locate(found.span),
        }
    }
}

impl JsonCheck {
    fn of(output: &str) -> Self {
        let fault = frozen(output).err();
        Self {
            valid: fault.is_none(),
            problem: fault.as_ref().map(|fault| fault.problem.to_owned()),
            line: fault.as_ref().map(|fault| fault.line),
            column: fault.as_ref().map(|fault| fault.column),
        }
    }
}

impl From<Output> for Kind {
    fn from(output: Output) -> Self {
        match output {
            Output::Json => Self::Json,
            Output::Form => Self::Form,
            Output::Xml => Self::Xml,
            Output::Text => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests;
