//! What functions and backends say, the same over sockets and without.

use serde_json::json;

use super::{Known, Purpose, To};
use crate::traffic::{Operation, Outcome};

/// An id that nobody ever had.
pub(crate) const NOBODY: &str = "R1kmxc2VNjMCFIA=";

/// What the function of a call answers.
pub(crate) fn reply(call: usize) -> String {
    format!("reply {call}")
}

/// What a request posts.
pub(crate) fn post(request: usize) -> String {
    format!("post {request}")
}

/// What the function of a call ends with: a result or an error.
pub(crate) fn said(call: usize, purpose: &Purpose, outcome: Outcome) -> Result<String, String> {
    let error =
        |message: &str| Err(json!({"errorMessage": message, "errorType": "Error"}).to_string());
    let is_good = matches!(outcome, Outcome::Good);
    match (outcome, purpose) {
        (Outcome::Failed | Outcome::NotInvocable, _) => error("it failed"),
        (Outcome::Unauthorized, _) => error("Unauthorized"),
        (Outcome::Malformed, _) => Ok("[]".to_owned()),
        (Outcome::Good | Outcome::Bad, Purpose::Authorizer) => {
            let effect = if is_good { "Allow" } else { "Deny" };
            let statement =
                json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            Ok(json!({"principalId": "me", "policyDocument": document}).to_string())
        }
        (Outcome::Good | Outcome::Bad, _) => {
            let status = if is_good { 200 } else { 418 };
            Ok(json!({"statusCode": status, "body": reply(call)}).to_string())
        }
    }
}

impl Operation {
    /// The method and the body of a request.
    pub(crate) fn words(self, request: usize) -> (&'static str, String) {
        match self {
            Self::Get => ("GET", String::new()),
            Self::Post => ("POST", post(request)),
            Self::Delete => ("DELETE", String::new()),
        }
    }
}

impl To {
    /// The stage in the path.
    pub(crate) fn stage(self) -> &'static str {
        if matches!(self, Self::OtherStage) {
            "other"
        } else {
            "stage"
        }
    }

    /// The id in the path, unless the client's is not known.
    pub(crate) fn id(self, known: &Known) -> Option<&str> {
        match self {
            Self::Client(client) => known.connection_id(client),
            Self::Nobody | Self::OtherStage => Some(NOBODY),
            Self::Malformed => Some("nobody"),
        }
    }
}
