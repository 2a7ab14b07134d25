#![doc = include_str!("../requirements/authorizer.md")]

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::api::Api;
use crate::connection::Principal;
use crate::handshake::{HandshakeRequest, Refusal};
use crate::io::{FunctionOutcome, Outcome};
use crate::limits;
use crate::policy::{Context, Decision, Evaluation, INVOKE, PolicyDocument, PolicyError};

/// Where an identity is looked for before the authorizer is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// `route.request.header.{name}`, the name compared whatever its case (AUTHORIZER-44).
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
    "invalid identity source `{0}`: it must be `route.request.header.NAME`, `route.request.querystring.NAME`, `stageVariables.NAME` or `context.NAME`"
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

    /// Reads an identity source by the grammar that AWS's own error message gives (AUTHORIZER-46, AUTHORIZER-47).
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
    /// Whether the request carries a value here that is not empty (AUTHORIZER-2, AUTHORIZER-45). `context` is the CONNECT event's `requestContext`.
    pub fn is_present(
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
    NotJson(#[from] serde_json::Error),
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

/// Reads an authorizer's answer (AUTHORIZER-29 to AUTHORIZER-31) and evaluates its policy for `resource`, the `$connect` route's ARN, with what
/// conditions can know of the request. `latency` is what the call took, in milliseconds.
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
            return failed(format!("the authorizer can not be called: {cause}"));
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
    serde_json::from_str::<Value>(error)
        .ok()
        .and_then(|value| Some(value.get("errorMessage")?.as_str()?.to_owned()))
        .unwrap_or_else(|| error.to_owned())
}

fn read(text: &str) -> Result<Answer, InvalidAnswer> {
    // LIMITS-23
    if text.len() > limits::AUTHORIZER_RESULT_BYTES {
        return Err(InvalidAnswer::TooLarge(text.len()));
    }
    let result: Value = serde_json::from_str(text)?;
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/$connect";

    fn returned(result: &Value) -> Authorization {
        let outcome = FunctionOutcome::Returned(result.to_string()).into();
        interpret(&outcome, ARN, &Context::default(), 3)
    }

    fn policy(effect: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Action": INVOKE, "Effect": effect, "Resource": ARN}]})
    }

    #[test]
    fn an_allow_brings_the_principal_and_its_context() {
        let result = json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"token": "hello", "n": 1, "b": true, "none": null}});
        let Authorization::Allowed(principal, evaluation) = returned(&result) else {
            panic!("not allowed")
        };
        assert_eq!(evaluation.determining, [0]);
        assert_eq!(
            Value::Object(principal.for_connect_event()),
            json!({"token": "hello", "n": 1, "b": true, "principalId": "me", "integrationLatency": 3})
        );
        assert_eq!(
            Value::Object(principal.for_template()),
            json!({"token": "hello", "n": "1", "b": "true", "principalId": "me"})
        );
    }

    #[rstest]
    #[case::no_policy(json!({"statusCode": 401}))]
    #[case::no_principal(json!({"policyDocument": policy("Allow")}))]
    #[case::object_in_context(json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"o": {}}}))]
    #[case::array_in_context(json!({"principalId": "me", "policyDocument": policy("Allow"), "context": {"a": []}}))]
    #[case::null(json!(null))]
    #[case::key_of_the_wrong_kind(json!({"principalId": "me", "policyDocument": policy("Allow"), "usageIdentifierKey": 1}))]
    #[case::unknown_condition(json!({"principalId": "me", "policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"my:key": "x"}}}}}))]
    #[case::too_large(json!({"principalId": "x".repeat(9000), "policyDocument": policy("Allow")}))]
    fn what_is_no_result_is_a_500(#[case] result: Value) {
        assert!(matches!(
            returned(&result),
            Authorization::Refused(Refusal::AuthorizerFailed, _)
        ));
    }

    #[test]
    fn a_deny_is_a_403_and_unauthorized_a_401() {
        let denied = json!({"principalId": "me", "policyDocument": policy("Deny")});
        assert!(matches!(returned(&denied), Authorization::Denied(..)));
        let error = |text: &str| {
            let outcome = FunctionOutcome::Failed(text.to_owned()).into();
            interpret(&outcome, ARN, &Context::default(), 0)
        };
        assert!(matches!(
            error(r#"{"errorMessage":"Unauthorized","errorType":"Unauthorized"}"#),
            Authorization::Refused(Refusal::Unauthorized, _)
        ));
        assert!(matches!(
            error(r#"{"errorMessage":"unauthorized"}"#),
            Authorization::Refused(Refusal::AuthorizerFailed, _)
        ));
    }

    #[rstest]
    #[case("route.request.header.token", true)]
    #[case("route.request.querystring.a_b-c.d", true)]
    #[case("stageVariables.x", true)]
    #[case("context.identity.sourceIp", true)]
    #[case("$request.header.token", false)] // the HTTP API's spelling, refused by AWS
    #[case("route.request.header.", false)]
    #[case("route.request.body.x", false)]
    fn identity_sources_have_a_grammar(#[case] text: &str, #[case] valid: bool) {
        let parsed = text.parse::<IdentitySource>();
        assert_eq!(parsed.is_ok(), valid);
        if let Ok(source) = parsed {
            assert_eq!(source.to_string(), text);
        }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            ".{0,5}".prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ]
    }

    /// A member that makes an answer none.
    fn fault() -> impl Strategy<Value = (&'static str, Value)> {
        let odd = |member| {
            let values = match member {
                "principalId" => vec![json!(null), json!(1), json!({})],
                "policyDocument" => vec![
                    json!(null),
                    json!([]),
                    json!({"Statement": [{"Effect": "Maybe"}]}),
                ],
                "context" => vec![json!("x"), json!([]), json!({"a": {}}), json!({"a": []})],
                _ => vec![json!(1), json!({}), json!(true)],
            };
            prop::sample::select(values).prop_map(move |value| (member, value))
        };
        prop_oneof![
            odd("principalId"),
            odd("policyDocument"),
            odd("context"),
            odd("usageIdentifierKey"),
        ]
    }

    proptest! {
        // An answer brings its principal and its context, or a denial. With one fault in it, it is none.
        #[test]
        fn an_answer_is_read_and_a_fault_is_found(
            principal_id in ".{0,8}",
            context in prop::collection::btree_map("[a-z]{1,3}", scalar(), 0..4),
            key in prop::option::of("[a-z]{1,4}"),
            allows: bool,
            fault in prop::option::of(fault()),
        ) {
            let context: Map<String, Value> = context.into_iter().collect();
            let effect = if allows { "Allow" } else { "Deny" };
            let mut result = json!({"principalId": principal_id, "context": context, "policyDocument": policy(effect)});
            if let Some(key) = &key {
                result["usageIdentifierKey"] = key.as_str().into();
            }
            if let Some((member, value)) = &fault {
                result[*member] = value.clone();
            }
            match returned(&result) {
                Authorization::Refused(refusal, _) => {
                    prop_assert_eq!(refusal, Refusal::AuthorizerFailed);
                    prop_assert!(fault.is_some(), "{}", result);
                }
                Authorization::Denied(principal, _) => {
                    prop_assert!(!allows && fault.is_none(), "{}", result);
                    prop_assert_eq!(principal, principal_id);
                }
                Authorization::Allowed(principal, _) => {
                    prop_assert!(allows && fault.is_none(), "{}", result);
                    prop_assert_eq!(&principal.principal_id, &principal_id);
                    prop_assert_eq!(principal.usage_identifier_key, key);
                    for (name, value) in &context {
                        let shown = principal.context.get(name);
                        prop_assert_eq!(shown, Some(value).filter(|value| !value.is_null()));
                    }
                }
            }
        }

        // LIMITS-22, LIMITS-23
        #[test]
        fn an_answer_has_8_kib_at_most(over in 0..3_usize, character in "[aé€]") {
            let padded = |padding: &str| json!({"principalId": padding, "policyDocument": policy("Allow")}).to_string();
            let room = limits::AUTHORIZER_RESULT_BYTES - padded("").len();
            let (times, rest) = (room / character.len(), room % character.len());
            let text = padded(&(character.repeat(times) + &"a".repeat(rest + over)));
            let outcome = FunctionOutcome::Returned(text).into();
            let verdict = interpret(&outcome, ARN, &Context::default(), 0);
            prop_assert_eq!(matches!(verdict, Authorization::Allowed(..)), over == 0);
        }

        // Only this message means 401, and nothing near it.
        #[test]
        fn unauthorized_is_said_in_one_way(
            message in "(un|Un|UN)?[aA]uthorized[.!]?|Unauthorized",
            wrapped: bool,
        ) {
            let error = if wrapped { json!({"errorMessage": message}).to_string() } else { message.clone() };
            let outcome = FunctionOutcome::Failed(error).into();
            let Authorization::Refused(refusal, _) = interpret(&outcome, ARN, &Context::default(), 0) else {
                return Err(TestCaseError::fail("not refused"));
            };
            let expected = if message == "Unauthorized" { Refusal::Unauthorized } else { Refusal::AuthorizerFailed };
            prop_assert_eq!(refusal, expected);
        }
    }
}
