//! What functions and backends answer on the way to the event that is asked for.

use clap::Args;
use serde_json::{Map, Value, json};
use spec::http::{Headers, HttpAnswer};
use spec::io::{FunctionOutcome, HttpOutcome, Outcome};

use crate::{Caused, Failure, text_or_file};

/// What the authorizer says, where the API has one.
#[derive(Args, Clone)]
pub(crate) struct AuthorizerArgs {
    /// The authorizer's `principalId` [default: user].
    #[arg(long, value_name = "ID")]
    principal: Option<String>,
    /// The authorizer's `context`: a JSON object of strings, numbers and booleans.
    #[arg(long, value_name = "JSON|@FILE")]
    authorizer_context: Option<String>,
}

/// What is answered.
pub(super) struct Answers {
    /// By the authorizer.
    pub(super) authorizer: Outcome,
}

impl AuthorizerArgs {
    /// Whether it is to say something of its own.
    pub(super) fn is_given(&self) -> bool {
        self.principal.is_some() || self.authorizer_context.is_some()
    }

    pub(super) fn answers(&self, api_key: Option<&str>) -> Result<Answers, Failure> {
        let context = match &self.authorizer_context {
            Some(text) => object(&text_or_file(text)?)?,
            None => Map::new(),
        };
        let statement = json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"});
        let mut answer = json!({
            "principalId": self.principal.as_deref().unwrap_or("user"),
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": context,
        });
        if let Some(key) = api_key {
            answer["usageIdentifierKey"] = key.into();
        }
        Ok(Answers {
            authorizer: FunctionOutcome::Returned(answer.to_string()).into(),
        })
    }
}

impl Answers {
    /// By a function behind a route.
    pub(super) fn function() -> Outcome {
        FunctionOutcome::Returned(r#"{"statusCode":200}"#.to_owned()).into()
    }

    /// By a backend.
    pub(super) fn backend() -> HttpOutcome {
        HttpOutcome::Answered(HttpAnswer {
            status: 200,
            headers: Headers::from_iter([("Content-Type", "application/json")]),
            body: b"{}".to_vec(),
        })
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let what = "`--authorizer-context` must be a JSON object";
        Failure::usage(Caused::new(what, error))
    })
}
