#![doc = include_str!("../requirements/integration.md")]

mod result;

use std::time::Duration;

use indexmap::IndexMap;
use serde::de::IgnoredAny;
use serde_json::Value;
use velocity::ParseError;

use crate::api::{self, IntegrationType, PassthroughBehavior};
use crate::authorizer::error_message;
use crate::http::Headers;
use crate::io::InvocationOutcome;
use crate::route;
use crate::selection::{SelectionExpression, SelectionExpressionError};
use crate::template::{Document, MappingTemplate, Params, Scope, Variables};

pub use result::{Answer, Failure, error_frame};
use result::{proxy_answer, status_code};

/// An integration, checked and ready to be called.
#[derive(Debug)]
pub struct Integration {
    kind: Kind,
    request_templates: IndexMap<String, MappingTemplate>,
    template_selection: Option<SelectionExpression>,
    passthrough: PassthroughBehavior,
    timeout: Duration,
    responses: Vec<Response>,
}

/// What an integration is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Call the function with this event (JSON text).
    Invoke {
        /// The function.
        function_arn: String,
        /// The event.
        payload: String,
    },
    /// Nothing to wait for: a mock answered with this status.
    Answered(Answer),
}

/// What a request carries into an integration.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The proxy event.
    pub event: &'a Value,
    /// What `$context` holds.
    pub context: &'a Variables,
    /// What `$stageVariables` holds.
    pub stage_variables: &'a Variables,
    /// The message; empty at `$connect` and `$disconnect`.
    pub body: &'a str,
    /// What `$input.params()` holds.
    pub params: &'a Params,
}

/// A part of an integration that can not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidIntegration {
    /// A mapping template with a syntax error.
    #[error("mapping template `{key}`: {error}")]
    Template {
        /// `RequestTemplates` or `ResponseTemplates`.
        property: &'static str,
        /// Its key.
        key: String,
        /// The error, with line and column inside the template.
        error: Box<ParseError>,
    },
    /// A selection expression with a syntax error.
    #[error(transparent)]
    Selection(#[from] SelectionExpressionError),
    /// No function in the URI.
    #[error(
        "`IntegrationUri` `{0}` names no Lambda function (arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations)"
    )]
    Uri(String),
    /// A key that is neither `$default` nor a pattern between slashes.
    #[error(
        "integration response key `{key}` must be `$default` or a pattern between slashes: {problem}"
    )]
    ResponseKey {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A time-out out of range.
    #[error("`TimeoutInMillis` {0} must be from 50 to 29000")]
    Timeout(u64),
}

#[derive(Debug)]
enum Kind {
    Lambda { function_arn: String, proxy: bool },
    Mock,
}

#[derive(Debug)]
struct Response {
    /// `None` is `$default`.
    pattern: Option<velocity::Regex>,
    templates: IndexMap<String, MappingTemplate>,
    template_selection: Option<SelectionExpression>,
}

impl Integration {
    /// Checks an integration as declared.
    ///
    /// # Errors
    /// The first part of it that can not be used.
    pub fn new(declared: &api::Integration) -> Result<Self, InvalidIntegration> {
        let uri = declared.integration_uri.as_deref().unwrap_or_default();
        let lambda = |proxy| {
            api::function_arn(uri)
                .map(|arn| Kind::Lambda {
                    function_arn: arn.to_owned(),
                    proxy,
                })
                .ok_or_else(|| InvalidIntegration::Uri(uri.to_owned()))
        };
        let kind = match declared.integration_type {
            IntegrationType::Aws => lambda(false)?,
            IntegrationType::AwsProxy => lambda(true)?,
            IntegrationType::Mock => Kind::Mock,
        };
        if !crate::limits::INTEGRATION_TIMEOUT_MILLIS.contains(&declared.timeout_in_millis) {
            return Err(InvalidIntegration::Timeout(declared.timeout_in_millis));
        }
        let responses = declared
            .integration_responses
            .iter()
            .map(|(key, response)| Response::new(key, response))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            kind,
            request_templates: templates("RequestTemplates", &declared.request_templates)?,
            template_selection: selection(declared.template_selection_expression.as_deref())?,
            passthrough: declared.passthrough_behavior,
            timeout: Duration::from_millis(declared.timeout_in_millis),
            responses,
        })
    }

    /// How long the gateway waits for a result.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What to do for a request.
    ///
    /// # Errors
    /// What makes the request fail before anything is called.
    pub fn call(&self, request: Request<'_>) -> Result<Call, Failure> {
        match &self.kind {
            Kind::Lambda {
                function_arn,
                proxy: true,
            } => Ok(Call::Invoke {
                function_arn: function_arn.clone(),
                payload: request.event.to_string(),
            }),
            Kind::Lambda {
                function_arn,
                proxy: false,
            } => {
                let payload = self.map_request(request)?;
                // What Lambda does with a payload that is not JSON is known (it refuses), what the client sees is assumed
                // (INTEGRATION-20).
                serde_json::from_str::<IgnoredAny>(&payload)
                    .map_err(|error| Failure::InvalidPayload(error.to_string()))?;
                Ok(Call::Invoke {
                    function_arn: function_arn.clone(),
                    payload,
                })
            }
            Kind::Mock => {
                let rendered = self.map_request(request)?;
                let status = serde_json::from_str::<Value>(&rendered)
                    .ok()
                    .and_then(|value| status_code(value.get("statusCode")?))
                    .ok_or_else(|| {
                        Failure::MalformedResult(
                            "the template of a mock must render JSON with a `statusCode`"
                                .to_owned(),
                        )
                    })?;
                self.respond(request, &status.to_string(), "", status)
                    .map(Call::Answered)
            }
        }
    }

    /// What a function's result means.
    ///
    /// # Errors
    /// What the client is not told in more words than "Internal server error".
    pub fn answer(
        &self,
        request: Request<'_>,
        outcome: &InvocationOutcome,
    ) -> Result<Answer, Failure> {
        let proxy = matches!(self.kind, Kind::Lambda { proxy: true, .. });
        match outcome {
            InvocationOutcome::NotInvocable(cause) => Err(Failure::NotInvocable(cause.clone())),
            InvocationOutcome::Failed(error) if proxy => {
                Err(Failure::FunctionError(error_message(error)))
            }
            InvocationOutcome::Returned(result) if proxy => {
                proxy_answer(result).map_err(|problem| Failure::MalformedResult(problem.to_owned()))
            }
            // `AWS`: the error of a function is a result like any other, matched by its `errorMessage` (INTEGRATION-34,
            // INTEGRATION-39).
            InvocationOutcome::Failed(error) => {
                self.respond(request, &error_message(error), error, 200)
            }
            InvocationOutcome::Returned(result) => self.respond(request, "", result, 200),
        }
    }

    /// The request template's output (INTEGRATION-19), or the body where it passes through (INTEGRATION-27 to INTEGRATION-29).
    fn map_request(&self, request: Request<'_>) -> Result<String, Failure> {
        let key = template_key(self.template_selection.as_ref(), request.body);
        match find_template(&self.request_templates, key.as_deref()) {
            Some(template) => render(template, request, request.body),
            None => match self.passthrough {
                PassthroughBehavior::WhenNoMatch => Ok(request.body.to_owned()),
                PassthroughBehavior::WhenNoTemplates if self.request_templates.is_empty() => {
                    Ok(request.body.to_owned())
                }
                _ => Err(Failure::NoTemplate),
            },
        }
    }

    /// The integration response that `selector` chooses (INTEGRATION-31, INTEGRATION-32), applied to `result` (INTEGRATION-35,
    /// INTEGRATION-36). An error that none takes is a failure (INTEGRATION-41); a success without any integration response is an
    /// answer that nobody asked for.
    fn respond(
        &self,
        request: Request<'_>,
        selector: &str,
        result: &str,
        status: u16,
    ) -> Result<Answer, Failure> {
        let chosen = self
            .responses
            .iter()
            .find(|response| {
                response
                    .pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.matches(selector))
            })
            .or_else(|| {
                self.responses
                    .iter()
                    .find(|response| response.pattern.is_none())
            });
        let body = match chosen {
            Some(response) => {
                let key = template_key(response.template_selection.as_ref(), request.body);
                match find_template(&response.templates, key.as_deref()) {
                    Some(template) => render(template, request, result)?,
                    None => result.to_owned(),
                }
            }
            None if selector.is_empty() || matches!(self.kind, Kind::Mock) => result.to_owned(),
            None => return Err(Failure::FunctionError(selector.to_owned())),
        };
        Ok(Answer {
            status,
            headers: Headers::new(),
            body,
        })
    }
}

impl Response {
    fn new(key: &str, declared: &api::IntegrationResponse) -> Result<Self, InvalidIntegration> {
        let invalid = |problem: String| InvalidIntegration::ResponseKey {
            key: key.to_owned(),
            problem,
        };
        let pattern = if key == route::DEFAULT {
            None
        } else {
            let inner = key
                .strip_prefix('/')
                .and_then(|rest| rest.strip_suffix('/'))
                .ok_or_else(|| invalid("there are no slashes around it".to_owned()))?;
            Some(velocity::Regex::new(inner).map_err(|error| invalid(error.to_string()))?)
        };
        Ok(Self {
            pattern,
            templates: templates("ResponseTemplates", &declared.response_templates)?,
            template_selection: selection(declared.template_selection_expression.as_deref())?,
        })
    }
}

/// The template under `key` (INTEGRATION-24), else under `$default` (INTEGRATION-25); without a selection expression the one for
/// `application/json` comes first (INTEGRATION-23).
fn find_template<'a>(
    templates: &'a IndexMap<String, MappingTemplate>,
    key: Option<&str>,
) -> Option<&'a MappingTemplate> {
    templates
        .get(key.unwrap_or("application/json"))
        .or_else(|| templates.get(route::DEFAULT))
}

fn template_key(expression: Option<&SelectionExpression>, body: &str) -> Option<String> {
    let expression = expression?;
    let document = Document::parse(body).ok();
    Some(expression.evaluate(|name| route::body_variable(document.as_ref()?, name)))
}

fn render(template: &MappingTemplate, request: Request<'_>, body: &str) -> Result<String, Failure> {
    let scope = Scope::new(body, request.context)
        .stage_variables(request.stage_variables)
        .params(request.params);
    template
        .render(&scope)
        .map_err(|error| Failure::Template(error.to_string()))
}

fn templates(
    property: &'static str,
    sources: &IndexMap<String, String>,
) -> Result<IndexMap<String, MappingTemplate>, InvalidIntegration> {
    sources
        .iter()
        .map(|(key, source)| {
            MappingTemplate::parse(source)
                .map(|template| (key.clone(), template))
                .map_err(|error| InvalidIntegration::Template {
                    property,
                    key: key.clone(),
                    error: Box::new(error),
                })
        })
        .collect()
}

fn selection(
    expression: Option<&str>,
) -> Result<Option<SelectionExpression>, SelectionExpressionError> {
    expression.map(SelectionExpression::parse).transpose()
}
