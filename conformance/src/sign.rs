//! Requests of a case that are signed (Signature Version 4).
//!
//! The signatures are made by the specification's own signer, which is held to AWS's signers
//! (`tests/signatures.rs`, `.ci/signed.py`).

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use spec::http::Headers;
use spec::policy::PolicyDocument;
use spec::signature::{Caller, Request, SERVICE, Signer};
use spec::{Api, Timestamp};

/// How a step signs its request. What it does not say is as it should be.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sign {
    /// Where the signature goes.
    #[serde(rename = "in")]
    pub place: Place,
    /// Who signs: a key of the kit's, or one that nobody has.
    #[serde(default = "anybody")]
    pub key: String,
    /// Another secret than the key's.
    pub secret: Option<String>,
    /// Another session token than the key's.
    pub token: Option<String>,
    /// Another service than the one.
    pub service: Option<String>,
    /// Another region than the target's.
    pub region: Option<String>,
    /// How many seconds after the time of the request the signature says that it was made.
    #[serde(default)]
    pub late: i64,
    /// For how many seconds a signature in the query string holds.
    pub expires: Option<u64>,
}

/// An account's access key, to sign what a target wants signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
    /// The target's region.
    pub region: String,
}

/// A variable that the environment must have for requests to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment has no `{0}` to sign with")]
pub struct MissingVariable(&'static str);

/// Where a signature goes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The field `Authorization`.
    Header,
    /// The query string.
    Query,
}

/// Those who may sign, in AWS's shared credentials format.
#[derive(Default)]
pub(crate) struct CredentialsFiles {
    /// A profile for each.
    pub(crate) ini: String,
    /// The policies beside it that the profiles name: file name and text.
    pub(crate) policies: Vec<(String, String)>,
}

/// A request that is about to be sent.
pub struct Unsigned<'a> {
    /// The method.
    pub method: &'a str,
    /// The host, as in the field `Host`.
    pub host: &'a str,
    /// Path and query string.
    pub target: &'a str,
    /// The body.
    pub body: &'a str,
}

/// Who may do everything: the functions' own key on the local gateway.
const ANYBODY: &str = "ASIALOCALLOCALLOCALL";
/// Those who may not: key, name, policy.
const RESTRICTED: [(&str, &str, &str); 2] = [
    (
        "AKIAKITCONNECTSONLY0",
        "connects-only",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/$connect"},{"Effect":"Deny","Action":"execute-api:*","Resource":"arn:aws:execute-api:*:*:*/*/whoami"},{"Effect":"Deny","Action":"execute-api:ManageConnections","Resource":"*"}]}"#,
    ),
    (
        "AKIAKITMESSAGESONLY0",
        "messages-only",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/whoami"}]}"#,
    ),
];
/// The secret of those.
const SECRET: &str = "kit";

/// All whose signatures a fixture's gateway is to know.
pub(crate) fn callers(api: &Api) -> Vec<Caller> {
    let mut callers = vec![Caller::functions(api)];
    callers.extend(RESTRICTED.map(|(key, name, policy)| {
        Caller {
            access_key_id: key.to_owned(),
            secret_access_key: SECRET.to_owned(),
            session_token: None,
            account_id: api.account_id.clone(),
            user_id: name.to_owned(),
            arn: format!("arn:{}:iam::{}:user/{name}", api.partition, api.account_id),
            policy: serde_json::from_str(policy)
                .ok()
                .and_then(|policy| PolicyDocument::from_json(&policy).ok()),
        }
    }));
    callers
}

/// The same as files, for `gatespec serve --credentials`.
pub(crate) fn credentials() -> CredentialsFiles {
    let mut files = CredentialsFiles::default();
    for (key, name, policy) in RESTRICTED {
        files.ini.push_str(&format!(
            "[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {SECRET}\narn = arn:aws:iam::000000000000:user/{name}\nuser_id = {name}\npolicy = {name}.json\n\n"
        ));
        files
            .policies
            .push((format!("{name}.json"), policy.to_owned()));
    }
    files
}

impl Credentials {
    /// Those of the environment, as the SDKs read them. The region is `AWS_REGION` or
    /// `AWS_DEFAULT_REGION`, else us-east-1.
    ///
    /// # Errors
    /// A variable that is missing.
    pub fn of_environment() -> Result<Self, MissingVariable> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name| variable(name).ok_or(MissingVariable(name));
        Ok(Self {
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: variable("AWS_SESSION_TOKEN"),
            region: variable("AWS_REGION")
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .unwrap_or_else(|| "us-east-1".to_owned()),
        })
    }

    /// The fields that sign a request.
    pub(crate) fn sign(&self, request: &Unsigned<'_>, now: Timestamp) -> Vec<(String, String)> {
        let mut caller = Caller::functions(&Api::new("", ""));
        caller.access_key_id.clone_from(&self.access_key_id);
        caller.secret_access_key.clone_from(&self.secret_access_key);
        caller.session_token.clone_from(&self.session_token);
        let signer = Signer {
            caller: &caller,
            region: &self.region,
            service: SERVICE,
            at: now,
        };
        let headers = Headers::from_iter([("Host", request.host)]);
        let added = signer.in_headers(&Request {
            method: request.method,
            target: request.target,
            headers: &headers,
            body: request.body.as_bytes(),
        });
        let fields = added.iter();
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

impl Sign {
    /// The path and query string to send, and the fields to add.
    pub fn apply(&self, request: &Unsigned<'_>, now: Timestamp) -> (String, Vec<(String, String)>) {
        let mut caller = Caller::functions(&Api::new("", ""));
        caller.access_key_id.clone_from(&self.key);
        if self.key != ANYBODY {
            caller.secret_access_key = SECRET.to_owned();
            caller.session_token = None;
        }
        if let Some(secret) = &self.secret {
            caller.secret_access_key.clone_from(secret);
        }
        if let Some(token) = &self.token {
            caller.session_token = Some(token.clone());
        }
        let late = Duration::from_secs(self.late.unsigned_abs());
        let signer = Signer {
            caller: &caller,
            region: self.region.as_deref().unwrap_or("us-east-1"),
            service: self.service.as_deref().unwrap_or(SERVICE),
            at: if self.late < 0 {
                now - late
            } else {
                now + late
            },
        };
        let headers = Headers::from_iter([("Host", request.host)]);
        let request = Request {
            method: request.method,
            target: request.target,
            headers: &headers,
            body: request.body.as_bytes(),
        };
        match self.place {
            Place::Query => {
                let expires = self.expires.map(Duration::from_secs);
                (signer.in_query(&request, expires), Vec::new())
            }
            Place::Header => {
                let added = signer.in_headers(&request);
                let fields = added.iter();
                let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
                (request.target.to_owned(), fields.collect())
            }
        }
    }
}

/// The time of this machine.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn anybody() -> String {
    ANYBODY.to_owned()
}
