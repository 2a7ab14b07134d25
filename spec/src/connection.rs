//! What the gateway remembers of one client's connection.

use serde_json::{Map, Value};

use crate::signature::CallerIdentity;
use crate::time::Timestamp;

pub use crate::close::CloseInfo;

/// The facts of one connection: fixed at the handshake, but for the last activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// `connectionId`, assigned before the authorizer runs.
    ///
    /// Realises: AUTHORIZER-27, EVENT-11
    pub connection_id: String,
    /// `connectedAt`, the same in every event of the connection.
    ///
    /// Realises: EVENT-22
    pub connected_at: Timestamp,
    /// When data last went in either direction (idle timeout, `lastActiveAt`).
    pub last_active_at: Timestamp,
    /// `domainName`: the host that the client used.
    pub domain_name: String,
    /// `identity.sourceIp`: the peer's address.
    pub source_ip: String,
    /// `identity.userAgent`, when the client sent one.
    pub user_agent: Option<String>,
    /// What the authorizer said, when there was one.
    pub principal: Option<Principal>,
    /// Who signed the handshake, when it had to be signed.
    pub caller: Option<CallerIdentity>,
    /// The API key that opened the connection, when one was required: shown in every event and
    /// template of the connection.
    ///
    /// Realises: EVENT-53
    pub api_key: Option<UsedKey>,
}

/// An API key that opened a connection: `identity.apiKeyId` and `identity.apiKey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    /// The key's id.
    pub id: String,
    /// Its value.
    pub value: String,
}

/// Who connected, by the authorizer's word: shown in every later event of the connection.
///
/// Realises: AUTHORIZER-41
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// `principalId`.
    pub principal_id: String,
    /// The `context` map: strings, numbers and booleans.
    pub context: Map<String, Value>,
    /// How long the authorizer took, in milliseconds: `integrationLatency`, seen on CONNECT events
    /// only.
    pub integration_latency: u64,
    /// `usageIdentifierKey`: the API key that the authorizer says the client has.
    ///
    /// Realises: HANDSHAKE-32
    pub usage_identifier_key: Option<String>,
}

impl Principal {
    /// `requestContext.authorizer` of a proxy event: the context's values as they are, and
    /// `principalId`; one flat object.
    ///
    /// Realises: AUTHORIZER-40, AUTHORIZER-43
    pub fn for_event(&self) -> Map<String, Value> {
        let mut map = self.context.clone();
        map.insert("principalId".to_owned(), self.principal_id.as_str().into());
        map
    }

    /// The same for the proxy event of `$connect`, which has the latency, too.
    ///
    /// Realises: AUTHORIZER-42
    pub fn for_connect_event(&self) -> Map<String, Value> {
        let mut map = self.for_event();
        let latency = self.integration_latency.into();
        map.insert("integrationLatency".to_owned(), latency);
        map
    }

    /// `$context.authorizer` of a mapping template, where every value is a string.
    pub(crate) fn for_template(&self) -> Map<String, Value> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut map: Map<_, _> = self
            .context
            .iter()
            .map(|(name, value)| (name.clone(), text(value).into()))
            .collect();
        map.insert("principalId".to_owned(), self.principal_id.as_str().into());
        map
    }
}
