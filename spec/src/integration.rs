#![doc = include_str!("../requirements/integration.md")]

mod address;
mod content;
mod http;
mod invalid;
mod mapping;
mod parameter;
mod response;
mod result;
mod service;

use std::sync::Arc;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::api::{self, ContentHandling, IntegrationType, PassthroughBehavior};
use crate::authorizer::error_message;
use crate::call::{FunctionOutcome, HttpOutcome, Outcome, ServiceRequest};
use crate::explanation::{Renderings, Target};
use crate::http::{Headers, HttpAnswer, HttpRequest};
use crate::template::{Params, Variables};

use self::http::Backend;
use self::mapping::Templates;
use self::parameter::Parameter;
use self::response::{Reply, Responses};
pub use invalid::{InvalidIntegration, InvalidParameter, InvalidResponseKey};
pub(crate) use parameter::missing;
pub use result::{Answer, Failure};
use result::{proxy_answer, status_code};
use service::Service;

/// An integration, checked and ready to be called.
#[derive(Debug)]
pub struct Integration {
    kind: Kind,
    templates: Templates,
    passthrough: PassthroughBehavior,
    content_handling: Option<ContentHandling>,
    parameters: Vec<Parameter>,
    timeout: Duration,
    responses: Responses,
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
        /// Whether nobody waits for the result.
        asynchronous: bool,
    },
    /// Make this request.
    Request(HttpRequest),
    /// Make this request to a service.
    Service(ServiceRequest),
    /// Nothing to wait for: a mock answered with this status.
    Answered(Answer),
}

/// What a request carries into an integration.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The proxy event.
    pub event: &'a Value,
    /// What `$context` holds.
    pub context: &'a Arc<Variables>,
    /// What `$stageVariables` holds.
    pub stage_variables: &'a Arc<Variables>,
    /// The message; empty at `$connect` and `$disconnect`.
    pub body: &'a str,
    /// What `$input.params()` holds.
    pub params: &'a Params,
    /// Whether the client gets the answer's body as a message.
    pub two_way: bool,
    /// Takes the templates that are rendered, if somebody wants them.
    pub renderings: Option<&'a Renderings>,
}

#[derive(Debug)]
enum Kind {
    Lambda {
        function_arn: String,
        proxy: bool,
        asynchronous: bool,
    },
    Service(Service),
    Http(Backend),
    Mock,
    /// Nothing that can be called here, and why.
    Unavailable(String),
}

impl Integration {
    /// Checks an integration as declared, for a stage with these variables.
    ///
    /// # Errors
    /// All of it that cannot be used.
    pub fn new(
        declared: &api::Integration,
        stage_variables: &Map<String, Value>,
    ) -> Result<Self, Vec<InvalidIntegration>> {
        let mut problems = Vec::new();
        let mut parameters = Vec::new();
        for (target, source) in &declared.request_parameters {
            match Parameter::parse(target, source) {
                Ok(parameter) => parameters.push(parameter),
                Err(problem) => problems.push(problem),
            }
        }
        let kind = Kind::new(declared, stage_variables, &parameters);
        if !crate::limits::INTEGRATION_TIMEOUT_MILLIS.contains(&declared.timeout_in_millis) {
            problems.push(InvalidIntegration::Timeout(declared.timeout_in_millis));
        }
        let templates = Templates::new(
            "RequestTemplates",
            &declared.request_templates,
            declared.template_selection_expression.as_deref(),
            &mut problems,
        );
        let responses = Responses::new(&declared.integration_responses, &mut problems);
        match kind {
            Ok(kind) if problems.is_empty() => Ok(Self {
                kind,
                templates,
                passthrough: declared.passthrough_behavior,
                content_handling: declared.content_handling_strategy,
                parameters,
                timeout: Duration::from_millis(declared.timeout_in_millis),
                responses,
            }),
            Ok(_) => Err(problems),
            Err(problem) => {
                problems.push(problem);
                Err(problems)
            }
        }
    }

    /// The first parameter of the handshake that a mapping uses and that `route`, a `$connect`,
    /// does not declare.
    ///
    /// Realises: INTEGRATION-61
    pub(crate) fn undeclared(&self, route: &api::Route) -> Option<String> {
        self.parameters
            .iter()
            .map(Parameter::declarations)
            .find(|names| {
                let is_declared = |name| route.request_parameters.contains_key(name);
                !names.is_empty() && !names.iter().any(is_declared)
            })
            .and_then(|names| names.into_iter().next())
    }

    /// How long the gateway waits for a result.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What it calls.
    pub(crate) fn target(&self) -> Target {
        match &self.kind {
            Kind::Lambda { function_arn, .. } => Target::Function(function_arn.clone()),
            Kind::Service(service) => Target::Service(service.name().to_owned()),
            Kind::Http(backend) => Target::Http(backend.url.clone()),
            Kind::Mock => Target::Mock,
            Kind::Unavailable(reason) => Target::Unavailable(reason.clone()),
        }
    }

    /// What to do for a request that is traced under `trace_id`.
    ///
    /// # Errors
    /// What makes the request fail before anything is called.
    pub fn call(&self, request: Request<'_>, trace_id: &str) -> Result<Call, Failure> {
        match &self.kind {
            Kind::Lambda {
                function_arn,
                proxy,
                asynchronous,
            } => Ok(Call::Invoke {
                function_arn: function_arn.clone(),
                payload: if *proxy {
                    request.event.to_string() // INTEGRATION-1
                } else {
                    self.json_payload(request)?
                },
                asynchronous: *asynchronous,
            }),
            Kind::Service(service) => {
                let body = self.payload(request)?;
                service
                    .request(request, trace_id, &self.parameters, body)
                    .map(Call::Service)
            }
            Kind::Http(backend) => {
                // INTEGRATION-22: a proxy gets the message.
                let body = if backend.proxy {
                    content::outgoing(self.content_handling, request.body.to_owned())?
                } else {
                    self.payload(request)?
                };
                backend
                    .request(request, trace_id, &self.parameters, body)
                    .map(Call::Request)
            }
            Kind::Mock => self.mocked(request).map(Call::Answered),
            Kind::Unavailable(reason) => Err(Failure::Unavailable(reason.clone())),
        }
    }

    /// What a mock answers: nothing is called.
    ///
    /// Realises: INTEGRATION-42, INTEGRATION-103
    fn mocked(&self, request: Request<'_>) -> Result<Answer, Failure> {
        let rendered = self.templates.request(request, self.passthrough)?;
        let rendered = serde_json::from_str::<Value>(&rendered).ok();
        let status = rendered.and_then(|value| status_code(value.get("statusCode")?));
        let status = match status {
            Some(status) => status,
            None if self.templates.are_none() => 200,
            None => {
                let problem = "the template of a mock must render JSON with a `statusCode`";
                return Err(Failure::MalformedResult(problem.to_owned()));
            }
        };
        let reply = Reply {
            selector: &status.to_string(),
            is_success: true,
            status,
            headers: &Headers::new(),
            body: b"",
        };
        self.responses.answer(request, &reply)
    }

    /// What the outcome of a call means, as far as it is the outcome of what this integration
    /// calls.
    ///
    /// # Errors
    /// What the client is not told in more words than "Internal server error".
    pub fn answer(&self, request: Request<'_>, outcome: &Outcome) -> Result<Answer, Failure> {
        match (&self.kind, outcome) {
            (_, Outcome::TimedOut) => Err(Failure::TimedOut),
            (Kind::Lambda { proxy: true, .. }, Outcome::Function(outcome)) => {
                proxy_function_answer(outcome)
            }
            (Kind::Lambda { .. }, Outcome::Function(outcome)) => {
                self.function_answer(request, outcome)
            }
            (Kind::Http(backend), Outcome::Http(outcome)) => {
                let answer = final_answer(outcome)?;
                if backend.proxy {
                    return Ok(Answer {
                        status: answer.status,
                        headers: answer.headers.clone(),
                        body: content::answer(request, None, &answer.body)?,
                    });
                }
                self.http_answer(request, answer)
            }
            (Kind::Service(_), Outcome::Service(outcome)) => {
                self.http_answer(request, final_answer(outcome)?)
            }
            (_, other) => Err(Failure::NotCalled(other.called())),
        }
    }

    /// What the result of a function means that gets no proxy event.
    fn function_answer(
        &self,
        request: Request<'_>,
        outcome: &FunctionOutcome,
    ) -> Result<Answer, Failure> {
        // The error of a function is a result like any other, matched by its `errorMessage`
        // (INTEGRATION-34, INTEGRATION-39).
        let respond = |error: &str, body: &str| {
            let reply = Reply {
                selector: error,
                is_success: error.is_empty(),
                status: 200,
                headers: &Headers::new(),
                body: body.as_bytes(),
            };
            self.responses.answer(request, &reply)
        };
        match outcome {
            FunctionOutcome::NotInvocable(cause) => Err(Failure::NotInvocable(cause.clone())),
            FunctionOutcome::Failed(error) => respond(&error_message(error), error),
            FunctionOutcome::Returned(result) => respond("", result),
        }
    }

    /// What the answer of an HTTP backend that is no proxy, or of a service, means: its status
    /// chooses the integration response.
    ///
    /// Realises: INTEGRATION-33, INTEGRATION-52
    fn http_answer(&self, request: Request<'_>, answer: &HttpAnswer) -> Result<Answer, Failure> {
        let reply = Reply {
            selector: &answer.status.to_string(),
            is_success: (200..300).contains(&answer.status),
            status: answer.status,
            headers: &answer.headers,
            body: &answer.body,
        };
        self.responses.answer(request, &reply)
    }

    /// What is sent to a backend that is no proxy.
    fn payload(&self, request: Request<'_>) -> Result<Vec<u8>, Failure> {
        let text = self.templates.request(request, self.passthrough)?;
        content::outgoing(self.content_handling, text)
    }

    /// What is sent to a function. What Lambda does with a payload that is not JSON is known (it
    /// refuses), what the client sees is assumed.
    ///
    /// Realises: INTEGRATION-20
    fn json_payload(&self, request: Request<'_>) -> Result<String, Failure> {
        let invalid = |error: &dyn std::fmt::Display| Failure::InvalidPayload(error.to_string());
        let payload = String::from_utf8(self.payload(request)?).map_err(|error| invalid(&error))?;
        serde_json::from_str::<IgnoredAny>(&payload).map_err(|error| invalid(&error))?;
        Ok(payload)
    }
}

impl Kind {
    fn new(
        declared: &api::Integration,
        stage_variables: &Map<String, Value>,
        parameters: &[Parameter],
    ) -> Result<Self, InvalidIntegration> {
        if let Some(reason) = &declared.unavailable {
            return Ok(Self::Unavailable(reason.clone()));
        }
        let uri = declared.integration_uri.as_deref().unwrap_or_default();
        let uri = api::with_stage_variables(uri, stage_variables);
        Ok(match declared.integration_type {
            IntegrationType::Aws => match address::function(&uri) {
                Ok(function_arn) => Self::Lambda {
                    function_arn,
                    proxy: false,
                    asynchronous: parameters.iter().any(Parameter::is_asynchronous),
                },
                Err(_) => Self::Service(Service::new(&uri, declared)?),
            },
            IntegrationType::AwsProxy => Self::Lambda {
                function_arn: address::function(&uri)?,
                proxy: true,
                asynchronous: false,
            },
            kind @ (IntegrationType::Http | IntegrationType::HttpProxy) => {
                let method = declared.integration_method.as_deref().unwrap_or_default();
                if !invalid::METHODS.contains(&method) {
                    return Err(InvalidIntegration::Method(method.to_owned()));
                }
                Self::Http(Backend {
                    method: method.to_owned(),
                    url: address::http(&uri)?,
                    proxy: kind == IntegrationType::HttpProxy,
                    headers: Headers::new(),
                })
            }
            IntegrationType::Mock => Self::Mock,
        })
    }
}

/// What the result of a function means that gets the proxy event.
fn proxy_function_answer(outcome: &FunctionOutcome) -> Result<Answer, Failure> {
    match outcome {
        FunctionOutcome::NotInvocable(cause) => Err(Failure::NotInvocable(cause.clone())),
        FunctionOutcome::Failed(error) => Err(Failure::FunctionError(error_message(error))),
        FunctionOutcome::Returned(result) => {
            proxy_answer(result).map_err(|problem| Failure::malformed(problem, result))
        }
    }
}

/// The answer of a backend or a service, whose status decides at `$connect`.
///
/// Realises: HANDSHAKE-12, INTEGRATION-93
fn final_answer(outcome: &HttpOutcome) -> Result<&HttpAnswer, Failure> {
    match outcome {
        HttpOutcome::Failed(cause) => Err(Failure::Unreachable(cause.clone())),
        HttpOutcome::Answered(answer) if !(200..=599).contains(&answer.status) => {
            let problem = format!("the status {} is no final one", answer.status);
            Err(Failure::MalformedResult(problem))
        }
        HttpOutcome::Answered(answer) => Ok(answer),
    }
}
