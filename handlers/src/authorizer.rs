//! The `REQUEST` authorizer of `$connect`: a client with the accepted token may connect.

use std::fmt;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq};
use tracing::info;

use crate::environment::{Environment, EnvironmentError};
use crate::{FromEnvironment, Function, event};

/// The header that carries the token; also the authorizer's identity source in the template.
const HEADER: &str = "token";

/// The function `authorizer`. It contains a secret, so it has no `Debug`.
pub struct Authorizer {
    accepted_token: String,
}

/// The result of a refused request. API Gateway answers the handshake with 401 when an authorizer's
/// error message is exactly `Unauthorized`, and with 500 on any other error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unauthorized")]
pub struct Unauthorized;

/// The result that admits a client: who it is, what it may call, and what later templates may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// `$context.authorizer.principalId`.
    pub principal_id: &'static str,
    /// The IAM policy that API Gateway evaluates against the method ARN.
    pub policy_document: PolicyDocument,
    /// `$context.authorizer.…` in templates.
    pub context: AuthorizationContext,
}

/// An IAM policy of one statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    /// The version of the policy language.
    pub version: &'static str,
    /// The statements.
    pub statement: [Statement; 1],
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// `execute-api:Invoke`.
    pub action: &'static str,
    /// `Allow`.
    pub effect: &'static str,
    /// The method ARN of the request, and no other.
    pub resource: String,
}

/// What the authorizer adds to the connection's context. It contains a secret, so its `Debug` hides
/// it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AuthorizationContext {
    /// The token of the client, which is the accepted one.
    pub token: String,
}

impl Authorizer {
    /// An authorizer that accepts one token.
    #[must_use]
    pub fn new(accepted_token: impl Into<String>) -> Self {
        Self {
            accepted_token: accepted_token.into(),
        }
    }

    /// Decides on a request: it is allowed if it has a header `token`, in any case, and every
    /// header of that name (a client can send several spellings) is the accepted token.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`] for anything else, including an event of another form.
    pub fn authorize(&self, event: &Value) -> Result<Authorization, Unauthorized> {
        if !self.accepts(event::headers(event, HEADER)) {
            return Err(Unauthorized);
        }
        let method_arn = event::method_arn(event).map_err(|error| {
            info!(%error, "refused");
            Unauthorized
        })?;
        info!("allowed");
        Ok(Authorization {
            principal_id: "me",
            policy_document: PolicyDocument {
                version: "2012-10-17",
                statement: [Statement {
                    action: "execute-api:Invoke",
                    effect: "Allow",
                    resource: method_arn.to_owned(),
                }],
            },
            context: AuthorizationContext {
                token: self.accepted_token.clone(),
            },
        })
    }

    /// Compares in constant time: the duration reveals only whether a token has the length of the
    /// accepted one, not where it differs.
    fn accepts<'e>(&self, values: impl Iterator<Item = Option<&'e str>>) -> bool {
        let mut count = 0_usize;
        let mut equal = Choice::from(1);
        for value in values {
            count += 1;
            equal &= value.map_or(Choice::from(0), |value| {
                value.as_bytes().ct_eq(self.accepted_token.as_bytes())
            });
        }
        match (count, bool::from(equal)) {
            (0, _) => info!("refused: no header `{HEADER}`"),
            (_, false) => info!("refused: the header `{HEADER}` is not the accepted token"),
            _ => return true,
        }
        false
    }
}

impl FromEnvironment for Authorizer {
    fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self::new(environment.required("ACCEPTED_TOKEN")?))
    }
}

impl Function for Authorizer {
    type Output = Authorization;
    type Error = Unauthorized;

    async fn call(&self, event: &Value) -> Result<Authorization, Unauthorized> {
        self.authorize(event)
    }
}

impl From<Unauthorized> for Diagnostic {
    fn from(error: Unauthorized) -> Self {
        Self {
            error_type: "Unauthorized".to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl fmt::Debug for AuthorizationContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationContext { token: … }")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::testing::{logged, mutated_event};

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/stage/$connect";

    fn request(headers: &Value) -> Value {
        json!({
            "type": "REQUEST",
            "methodArn": ARN,
            "headers": headers,
            "requestContext": {"routeKey": "$connect"},
        })
    }

    #[rstest]
    #[case::as_documented("token")]
    #[case::capital("Token")]
    #[case::shouted("TOKEN")]
    fn the_accepted_token_gives_a_policy_for_exactly_the_method_arn(#[case] name: &str) {
        let authorization = Authorizer::new("hello")
            .authorize(&request(&json!({"Host": "x", name: "hello"})))
            .unwrap();
        assert_eq!(
            serde_json::to_value(authorization).unwrap(),
            json!({
                "principalId": "me",
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN},
                    ],
                },
                "context": {"token": "hello"},
            })
        );
    }

    #[rstest]
    #[case::none(json!({}))]
    #[case::other(json!({"token": "goodbye"}))]
    #[case::case_of_the_value(json!({"token": "Hello"}))]
    #[case::prefix(json!({"token": "hell"}))]
    #[case::longer(json!({"token": "hello "}))]
    #[case::empty(json!({"token": ""}))]
    #[case::other_header(json!({"x-token": "hello"}))]
    #[case::no_text(json!({"token": ["hello"]}))]
    #[case::null(json!({"token": null}))]
    #[case::two_spellings_that_differ(json!({"token": "hello", "Token": "goodbye"}))]
    #[case::no_object(json!("token"))]
    fn anything_else_is_unauthorized(#[case] headers: Value) {
        assert_eq!(
            Authorizer::new("hello").authorize(&request(&headers)),
            Err(Unauthorized)
        );
    }

    #[test]
    fn without_a_method_arn_there_is_nothing_to_allow() {
        assert_eq!(
            Authorizer::new("hello").authorize(&json!({"headers": {"token": "hello"}})),
            Err(Unauthorized)
        );
    }

    #[test]
    fn the_error_is_the_word_that_api_gateway_turns_into_401() {
        let diagnostic = Diagnostic::from(Unauthorized);
        assert_eq!(diagnostic.error_message, "Unauthorized");
        assert_eq!(diagnostic.error_type, "Unauthorized");
    }

    #[test]
    fn an_empty_accepted_token_does_not_start() {
        let environment = Environment::from_iter([("ACCEPTED_TOKEN", "")]);
        let error = Authorizer::from_environment(&environment).err().unwrap();
        assert_eq!(error.name, "ACCEPTED_TOKEN");
    }

    #[test]
    fn debug_hides_the_token() {
        let authorization = Authorizer::new("s3cret")
            .authorize(&request(&json!({"token": "s3cret"})))
            .unwrap();
        assert!(!format!("{authorization:?}").contains("s3cret"));
    }

    #[rstest]
    #[case::accepted("s3cret")]
    #[case::refused("0ther")]
    fn no_token_is_logged_at_any_level(#[case] shown: &str) {
        let (_, log) =
            logged(|| Authorizer::new("s3cret").authorize(&request(&json!({"token": shown}))));
        assert!(!log.is_empty());
        assert!(!log.contains("s3cret") && !log.contains("0ther"), "{log}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// A request is allowed, for its own ARN, if and only if it has one and shows the token.
        #[test]
        fn the_decision_follows_from_the_event(
            event in mutated_event(
                request(&json!({"Host": "x", "token": "hello"})),
                &["", "/headers", "/headers/token", "/headers/Host", "/methodArn"],
            ),
        ) {
            let decision = Authorizer::new("hello").authorize(&event);
            let arn = event["methodArn"].as_str().unwrap_or("");
            let headers = event["headers"].as_object().cloned().unwrap_or_default();
            let shown: Vec<_> = headers
                .iter()
                .filter(|(name, _)| name.to_lowercase() == "token")
                .map(|(_, value)| value)
                .collect();
            let is_shown = !shown.is_empty() && shown.iter().all(|value| **value == "hello");
            let allowed = decision.ok().map(|decision| decision.policy_document.statement);
            let resource = allowed.map(|[statement]| statement.resource);
            prop_assert_eq!(resource.as_deref(), (is_shown && !arn.is_empty()).then_some(arn));
        }

        /// A request is allowed if and only if it has a header `token` and all headers of that name
        /// have the accepted value.
        #[test]
        fn the_decision_follows_from_the_headers_named_token(
            accepted in "[a-c]{1,2}",
            headers in proptest::collection::hash_map(
                "[tT][oO][kK][eE][nN]|[a-z]{5}", "[a-c]{0,2}", 0..4,
            ),
        ) {
            let mut named = headers
                .iter()
                .filter(|(name, _)| name.to_lowercase() == "token")
                .map(|(_, value)| value)
                .peekable();
            let allowed = named.peek().is_some() && named.all(|value| *value == accepted);
            let decision = Authorizer::new(accepted).authorize(&request(&json!(headers)));
            prop_assert_eq!(decision.is_ok(), allowed);
        }
    }
}
