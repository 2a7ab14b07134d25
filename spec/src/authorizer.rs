#![doc = include_str!("../requirements/authorizer.md")]

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::api::Api;
use crate::call::{FunctionOutcome, Outcome};
use crate::connection::Principal;
use crate::handshake::{HandshakeRequest, Refusal};
use crate::json::{self, NotJson};
use crate::limits;
use crate::policy::{Context, Decision, Evaluation, INVOKE, PolicyDocument, PolicyError};

/// Where an identity is looked for before the authorizer is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// `route.request.header.{name}`, the name compared whatever its case.
    ///
    /// Realises: AUTHORIZER-44
    Header(String),
    /// `route.request.querystring.{name}`.
    Querystring(String),
    /// `stageVariables.{name}`.
    StageVariable(String),
    /// `context.{path}`.
    Context(String),
}

/// An identity source that API Gateway does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid identity source `{0}`: it must be `route.request.header.NAME`, \
     `route.request.querystring.NAME`, `stageVariables.NAME` or `context.NAME`"
)]
pub struct InvalidIdentitySource(pub String);

/// What an authorizer's answer means for the handshake.
#[derive(Clone, Debug, PartialEq)]
pub enum Authorization {
    /// The policy allows the route.
    Allowed(Principal, Evaluation),
    /// The policy does not.
    Denied(String, Evaluation),
    /// There is no policy: the refusal, and its cause in words.
    Refused(Refusal, String),
}

impl FromStr for IdentitySource {
    type Err = InvalidIdentitySource;

    /// Reads an identity source by the grammar that AWS's own error message gives.
    ///
    /// Realises: AUTHORIZER-46, AUTHORIZER-47
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = |rest: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            (!rest.is_empty() && rest.chars().all(allowed)).then(|| rest.to_owned())
        };
        type Form = (&'static str, fn(String) -> IdentitySource);
        let forms: [Form; 4] = [
            ("route.request.header.", Self::Header),
            ("route.request.querystring.", Self::Querystring),
            ("stageVariables.", Self::StageVariable),
            ("context.", Self::Context),
        ];
        forms
            .iter()
            .find_map(|(prefix, form)| Some(form(name(text.strip_prefix(prefix)?)?)))
            .ok_or_else(|| InvalidIdentitySource(text.to_owned()))
    }
}

impl fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "route.request.header.{name}"),
            Self::Querystring(name) => write!(f, "route.request.querystring.{name}"),
            Self::StageVariable(name) => write!(f, "stageVariables.{name}"),
            Self::Context(name) => write!(f, "context.{name}"),
        }
    }
}

impl IdentitySource {
    /// Whether the request carries a value here that is not empty. `context` is the CONNECT event's
    /// `requestContext`.
    ///
    /// Realises: AUTHORIZER-2, AUTHORIZER-45
    pub(crate) fn is_present(
        &self,
        api: &Api,
        request: &HandshakeRequest,
        context: &Map<String, Value>,
    ) -> bool {
        match self {
            Self::Header(name) => request
                .headers
                .get(name)
                .is_some_and(|value| !value.is_empty()),
            Self::Querystring(name) => request
                .query()
                .iter()
                .any(|(key, values)| key == name && values.iter().any(|value| !value.is_empty())),
            Self::StageVariable(name) => is_filled(api.stage.stage_variables.get(name)),
            Self::Context(path) => {
                let mut names = path.split('.');
                let first = names.next().and_then(|name| context.get(name));
                is_filled(names.fold(first, |value, name| value?.get(name)))
            }
        }
    }
}

/// What a successful authorizer says.
struct Answer {
    principal_id: String,
    context: Map<String, Value>,
    policy: PolicyDocument,
    usage_identifier_key: Option<String>,
}

/// Why an answer means nothing.
#[derive(Debug, thiserror::Error)]
enum InvalidAnswer {
    #[error("{0} bytes are more than {limit}", limit = limits::AUTHORIZER_RESULT_BYTES)]
    TooLarge(usize),
    #[error(transparent)]
    NotJson(#[from] NotJson),
    #[error("`{0}` must be a string")]
    NotText(&'static str),
    #[error("`policyDocument` is missing")]
    NoPolicy,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("`context` must be an object")]
    NoContext,
    #[error("`context.{0}` must be a string, a number or a boolean")]
    Context(String),
}

/// Reads an authorizer's answer and evaluates its policy for `resource`, the `$connect` route's
/// ARN, with what conditions can know of the request. `latency` is what the call took, in
/// milliseconds.
///
/// Realises: AUTHORIZER-29 to AUTHORIZER-31
pub fn interpret(
    outcome: &Outcome,
    resource: &str,
    request: &Context,
    latency: u64,
) -> Authorization {
    let failed = |cause| Authorization::Refused(Refusal::AuthorizerFailed, cause);
    let text = match outcome {
        Outcome::Function(FunctionOutcome::Returned(text)) => text,
        Outcome::Function(FunctionOutcome::Failed(error)) => {
            let message = error_message(error);
            // Exactly this text, and no other (AUTHORIZER-5, AUTHORIZER-11).
            return if message == "Unauthorized" {
                Authorization::Refused(
                    Refusal::Unauthorized,
                    "the authorizer said `Unauthorized`".to_owned(),
                )
            } else {
                failed(format!("the authorizer failed: {message}"))
            };
        }
        Outcome::Function(FunctionOutcome::NotInvocable(cause)) => {
            return failed(format!("the authorizer cannot be called: {cause}"));
        }
        Outcome::TimedOut => return failed("the authorizer timed out".to_owned()),
        other @ (Outcome::Http(_) | Outcome::Service(_)) => {
            let called = other.called();
            return failed(format!("the authorizer's call ended as that of {called}"));
        }
    };
    match read(text) {
        Ok(answer) => {
            let evaluation = answer.policy.evaluate(INVOKE, resource, request);
            if evaluation.decision == Decision::Allow {
                let principal = Principal {
                    principal_id: answer.principal_id,
                    context: answer.context,
                    integration_latency: latency,
                    usage_identifier_key: answer.usage_identifier_key,
                };
                Authorization::Allowed(principal, evaluation)
            } else {
                Authorization::Denied(answer.principal_id, evaluation)
            }
        }
        Err(problem) => failed(format!("invalid authorizer result: {problem}")),
    }
}

/// `errorMessage` out of the JSON that Lambda reports for a failed function, or the whole text.
pub(crate) fn error_message(error: &str) -> String {
    json::value(error)
        .ok()
        .and_then(|value| Some(value.get("errorMessage")?.as_str()?.to_owned()))
        .unwrap_or_else(|| error.to_owned())
}

fn read(text: &str) -> Result<Answer, InvalidAnswer> {
    // LIMITS-23
    if text.len() > limits::AUTHORIZER_RESULT_BYTES {
        return Err(InvalidAnswer::TooLarge(text.len()));
    }
    let result = json::value(text)?;
    let principal_id = result
        .get("principalId")
        .and_then(Value::as_str)
        .ok_or(InvalidAnswer::NotText("principalId"))?;
    let policy = result
        .get("policyDocument")
        .ok_or(InvalidAnswer::NoPolicy)?;
    let policy = PolicyDocument::from_json(policy)?;
    let mut context = Map::new();
    match result.get("context") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (name, value) in map {
                match value {
                    Value::Object(_) | Value::Array(_) => {
                        return Err(InvalidAnswer::Context(name.clone()));
                    }
                    Value::Null => {} // as good as absent (AUTHORIZER-58)
                    scalar => {
                        context.insert(name.clone(), scalar.clone());
                    }
                }
            }
        }
        Some(_) => return Err(InvalidAnswer::NoContext),
    }
    let usage_identifier_key = match result.get("usageIdentifierKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key.clone()),
        Some(_) => return Err(InvalidAnswer::NotText("usageIdentifierKey")),
    };
    Ok(Answer {
        principal_id: principal_id.to_owned(),
        context,
        policy,
        usage_identifier_key,
    })
}

fn is_filled(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests;
