//! Those whose signatures the gateway knows: AWS's IAM, as far as a machine of one's own needs it.

use std::fmt;

use crate::api::Api;
use crate::policy::{Context, Decision, Evaluation, PolicyDocument};

/// Who may sign, and what the `@connections` API makes of signatures.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// All that can sign.
    pub callers: Vec<Caller>,
    /// What becomes of calls to `@connections` that none of them signed.
    pub management: Signatures,
}

/// What becomes of calls to the `@connections` API whose signature does not hold. AWS refuses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// They are served, and nobody looks.
    #[default]
    Ignored,
    /// They are served, and a decision says of the first of each kind that AWS would refuse it.
    Noted,
    /// They are refused.
    ///
    /// Realises: MANAGEMENT-34, MANAGEMENT-36
    Required,
}

/// An access key with all that there is behind it.
#[derive(Clone, PartialEq)]
pub struct Caller {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, of temporary credentials: requests must carry it.
    pub session_token: Option<String>,
    /// The account of the user or role.
    pub account_id: String,
    /// The unique id of the user (`AIDA…`), or of the role with the name of its session
    /// (`AROA…:name`).
    pub user_id: String,
    /// The user's or the session's ARN.
    pub arn: String,
    /// What it may do. Without one it may do everything.
    pub policy: Option<PolicyDocument>,
}

/// What events and templates say of a connection's caller.
///
/// Realises: EVENT-47, TEMPLATE-24
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// `identity.accountId`.
    pub account_id: String,
    /// `identity.caller` and `identity.user`: both are the unique id.
    pub user_id: String,
    /// `identity.userArn`.
    pub user_arn: String,
    /// `identity.accessKey`.
    pub access_key: String,
}

/// The action of calling `@connections`.
///
/// Realises: MANAGEMENT-38
pub(crate) const MANAGE_CONNECTIONS: &str = "execute-api:ManageConnections";

impl Access {
    /// Only the functions can sign, and nobody looks at calls to `@connections`.
    pub fn new(api: &Api) -> Self {
        Self {
            callers: vec![Caller::functions(api)],
            management: Signatures::default(),
        }
    }
}

impl Caller {
    /// The session of a role that local functions call AWS with. These are no secrets: every local
    /// gateway has the same.
    pub fn functions(api: &Api) -> Self {
        let Api {
            partition,
            account_id,
            ..
        } = api;
        Self {
            access_key_id: "ASIALOCALLOCALLOCALL".to_owned(),
            secret_access_key: "local".to_owned(),
            session_token: Some("local".to_owned()),
            account_id: account_id.clone(),
            user_id: "AROALOCALLOCALLOCALL:local".to_owned(),
            arn: format!("arn:{partition}:sts::{account_id}:assumed-role/local/local"),
            policy: None,
        }
    }

    /// What the caller's policy says of `action` on `resource` in a request with `context`; `None`
    /// when it has no policy, and may do everything.
    ///
    /// # Errors
    /// The message of AWS's refusal, in which `shown` stands for the resource.
    pub fn authorize(
        &self,
        action: &str,
        resource: &str,
        shown: &str,
        mut context: Context,
    ) -> Result<Option<Evaluation>, String> {
        let Some(policy) = &self.policy else {
            return Ok(None);
        };
        context.put("aws:PrincipalAccount", &*self.account_id);
        context.put("aws:PrincipalArn", &*self.arn);
        context.put("aws:userid", &*self.user_id);
        match self.arn.rsplit_once(":user/") {
            Some((_, path)) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                context.put("aws:username", name);
                context.put("aws:PrincipalType", "User");
            }
            None if self.arn.contains(":assumed-role/") => {
                context.put("aws:PrincipalType", "AssumedRole");
            }
            None => {}
        }
        let evaluation = policy.evaluate(action, resource, &context);
        let why = match evaluation.decision {
            Decision::Allow => return Ok(Some(evaluation)),
            Decision::ExplicitDeny => " with an explicit deny in an identity-based policy",
            Decision::ImplicitDeny => "",
        };
        Err(format!(
            "User: {} is not authorized to perform: {action} on resource: {shown}{why}",
            self.arn
        ))
    }

    /// What of it is shown to functions and templates.
    pub fn identity(&self) -> CallerIdentity {
        CallerIdentity {
            account_id: self.account_id.clone(),
            user_id: self.user_id.clone(),
            user_arn: self.arn.clone(),
            access_key: self.access_key_id.clone(),
        }
    }
}

/// An ARN of the API as a refusal shows it: of the account only the last four digits.
///
/// Realises: AUTHORIZER-71
pub(crate) fn masked(api: &Api, arn: &str) -> String {
    let shown = api.account_id.len().saturating_sub(4);
    let Some(last) = api.account_id.get(shown..) else {
        return arn.to_owned();
    };
    arn.replacen(
        &format!(":{}:", api.account_id),
        &format!(":********{last}:"),
        1,
    )
}

/// Without the secret and the token: what is printed is kept.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("access_key_id", &self.access_key_id)
            .field("arn", &self.arn)
            .field("user_id", &self.user_id)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_printed_holds_no_secret() {
        let mut caller = Caller::functions(&Api::new("$request.body.action", "stage"));
        caller.secret_access_key = "s3cret".to_owned();
        caller.session_token = Some("t0ken".to_owned());
        let printed = format!("{caller:?}");
        assert!(!printed.contains("s3cret") && !printed.contains("t0ken"));
        assert!(printed.contains("ASIALOCAL"));
    }

    // The form of published refusals: the account masked, the literal path of the operation.
    #[test]
    fn a_refusal_says_who_what_and_where() {
        let mut api = Api::new("$request.body.action", "prod");
        api.account_id = "123456781234".to_owned();
        let mut caller = Caller::functions(&api);
        let resource = api.connections_arn("POST", "abc=");
        let shown = masked(&api, &api.connections_arn("POST", "{connectionId}"));
        assert_eq!(
            caller.authorize(MANAGE_CONNECTIONS, &resource, &shown, Context::default()),
            Ok(None)
        );
        let statement = |effect| json!({"Statement": {"Effect": effect, "Action": "execute-api:*", "Resource": "*/prod/POST/*"}});
        caller.policy = Some(PolicyDocument::from_json(&statement("Deny")).unwrap());
        assert_eq!(
            caller
                .authorize(MANAGE_CONNECTIONS, &resource, &shown, Context::default())
                .unwrap_err(),
            "User: arn:aws:sts::123456781234:assumed-role/local/local is not authorized to \
             perform: execute-api:ManageConnections on resource: \
             arn:aws:execute-api:us-east-1:********1234:local00000/prod/POST/@connections/{connectionId} \
             with an explicit deny in an identity-based policy"
        );
        caller.policy = Some(PolicyDocument::from_json(&statement("Allow")).unwrap());
        let evaluation =
            caller.authorize(MANAGE_CONNECTIONS, &resource, &shown, Context::default());
        assert_eq!(evaluation.unwrap().unwrap().determining, [0]);
        let mine = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:userid": "AROALOCALLOCALLOCALL:local"}}}});
        caller.policy = Some(PolicyDocument::from_json(&mine).unwrap());
        let evaluation =
            caller.authorize(MANAGE_CONNECTIONS, &resource, &shown, Context::default());
        assert_eq!(evaluation.unwrap().unwrap().determining, [0]);
        caller.policy = Some(PolicyDocument::from_json(&statement("Allow")).unwrap());
        let other = api.connections_arn("GET", "abc=");
        let refused = caller.authorize(MANAGE_CONNECTIONS, &other, "x", Context::default());
        assert!(refused.unwrap_err().ends_with("on resource: x"));
    }
}
