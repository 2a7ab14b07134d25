//! Integration responses: which one an answer chooses, and what it makes of it.

use indexmap::IndexMap;

use super::content;
use super::mapping::{Templates, render};
use super::{Answer, Failure, InvalidIntegration, InvalidResponseKey, Request};
use crate::api::{self, ContentHandling};
use crate::explanation::Side;
use crate::http::Headers;
use crate::route;

/// The integration responses of a non-proxy integration.
#[derive(Debug)]
pub(super) struct Responses(Vec<Response>);

#[derive(Debug)]
struct Response {
    /// `None` is `$default`.
    pattern: Option<velocity::Regex>,
    templates: Templates,
    content_handling: Option<ContentHandling>,
}

/// What came of a call.
pub(super) struct Reply<'a> {
    /// What keys are compared with: a status, or the message of an error, empty when there is none.
    ///
    /// Realises: INTEGRATION-33, INTEGRATION-34
    pub(super) selector: &'a str,
    /// Whether it may do without an integration response.
    pub(super) is_success: bool,
    pub(super) status: u16,
    pub(super) headers: &'a Headers,
    pub(super) body: &'a [u8],
}

impl Responses {
    /// Checks integration responses as declared, and adds what cannot be used to `problems`.
    pub(super) fn new(
        declared: &IndexMap<String, api::IntegrationResponse>,
        problems: &mut Vec<InvalidIntegration>,
    ) -> Self {
        let mut responses = Vec::new();
        for (key, response) in declared {
            let templates = Templates::new(
                "ResponseTemplates",
                &response.response_templates,
                response.template_selection_expression.as_deref(),
                problems,
            );
            match pattern(key) {
                Ok(pattern) => responses.push(Response {
                    pattern,
                    templates,
                    content_handling: response.content_handling_strategy,
                }),
                Err(problem) => problems.push(problem),
            }
        }
        Self(responses)
    }

    /// The integration response that the reply chooses, applied to its body. An error that none
    /// takes is a failure; a success without any integration response is an answer that nobody
    /// asked for.
    ///
    /// Realises: INTEGRATION-31, INTEGRATION-32, INTEGRATION-35 to INTEGRATION-38, INTEGRATION-41,
    /// INTEGRATION-92
    pub(super) fn answer(
        &self,
        request: Request<'_>,
        reply: &Reply<'_>,
    ) -> Result<Answer, Failure> {
        let takes = |response: &&Response| {
            let pattern = response.pattern.as_ref();
            pattern.is_some_and(|pattern| pattern.matches(reply.selector))
        };
        let catches_rest = |response: &&Response| response.pattern.is_none();
        let mut responses = self.0.iter();
        let chosen = responses
            .find(takes)
            .or_else(|| self.0.iter().find(catches_rest));
        let body = match chosen {
            Some(response) => {
                let text = content::answer(request, response.content_handling, reply.body)?;
                match response
                    .templates
                    .select(request, |name| reply.variable(name))
                {
                    Some(template) => render(Side::Response, template, request, &text)?,
                    None => text,
                }
            }
            None if reply.is_success => content::answer(request, None, reply.body)?,
            None if reply.status == 200 => {
                return Err(Failure::FunctionError(reply.selector.to_owned()));
            }
            None => return Err(reply.without_response()),
        };
        Ok(Answer {
            status: reply.status,
            headers: Headers::new(),
            body,
        })
    }
}

/// The pattern of an integration response's key; `None` for `$default`.
fn pattern(key: &str) -> Result<Option<velocity::Regex>, InvalidIntegration> {
    let invalid = |problem: InvalidResponseKey| InvalidIntegration::ResponseKey {
        key: key.to_owned(),
        problem,
    };
    if key == route::DEFAULT {
        return Ok(None);
    }
    let inner = key
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        .ok_or_else(|| invalid(InvalidResponseKey::NoSlashes))?;
    velocity::Regex::new(inner)
        .map(Some)
        .map_err(|error| invalid(error.into()))
}

impl Reply<'_> {
    /// The failure of an answer that is an error and that nothing takes: its status, and how its
    /// body begins.
    fn without_response(&self) -> Failure {
        let text = String::from_utf8_lossy(self.body);
        let shown: String = text.chars().take(300).collect();
        Failure::NoResponse(format!("{} {shown}", self.status).trim_end().to_owned())
    }

    /// A variable of a template selection expression, in both spellings.
    ///
    /// Realises: INTEGRATION-37, INTEGRATION-33
    fn variable(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("integration.").unwrap_or(name);
        match name.strip_prefix("response.")? {
            "statuscode" => Some(self.status.to_string()),
            place => {
                let header = self.headers.get(place.strip_prefix("header.")?);
                header.map(str::to_owned)
            }
        }
    }
}
