//! The names that a mapping template finds, each listed once: `$context`, `$input`, and what a
//! linter knows of their values. (`$util`'s functions are the table in `util.rs`.)
//!
//! Realises: TEMPLATE-9 to TEMPLATE-25, TEMPLATE-36, TEMPLATE-38

use serde_json::{Map, Value as Json, json};

/// A variable of `$context`, or of a group in it.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
}

/// What a variable holds, as far as that is known without rendering.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// An id or a name chosen by the gateway: safe in a JSON string, and without single quotes.
    Own,
    /// Digits: a time set by the gateway.
    Number,
    /// Chosen or checked by the gateway, but nobody promises its characters.
    Unvouched,
    /// Whatever a client likes.
    Foreign,
    /// Members that nobody lists, each foreign: what an authorizer returned.
    Open,
    /// These members.
    Group(&'static [Variable]),
}

/// A member of `$input`. Matches on it are exhaustive, so a new one cannot be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputMember {
    /// `$input.body`.
    Body,
    /// `$input.getBody()`: Velocity's other way to write `$input.body`.
    GetBody,
    /// `$input.json('$.x')`.
    Json,
    /// `$input.params()` and `$input.params('name')`.
    Params,
    /// `$input.path('$.x')`.
    Path,
}

/// What stands at the top level.
pub(super) const ROOTS: [&str; 6] = [
    "input",
    "util",
    "context",
    "stageVariables",
    "foreach",
    "velocityCount",
];

/// The members of `$context` in templates of WebSocket APIs.
pub(super) static CONTEXT: [Variable; 19] = [
    Variable::new("apiId", Holds::Own),
    Variable::new("authorizer", Holds::Open),
    Variable::new("connectedAt", Holds::Number),
    Variable::new("connectionId", Holds::Own),
    Variable::new("disconnectReason", Holds::Foreign),
    Variable::new("disconnectStatusCode", Holds::Own),
    Variable::new("domainName", Holds::Unvouched),
    Variable::new("error", Holds::Group(&ERROR)),
    Variable::new("eventType", Holds::Own),
    Variable::new("extendedRequestId", Holds::Own),
    Variable::new("identity", Holds::Group(&IDENTITY)),
    Variable::new("messageDirection", Holds::Own),
    Variable::new("messageId", Holds::Own),
    Variable::new("requestId", Holds::Own),
    Variable::new("requestTime", Holds::Own),
    Variable::new("requestTimeEpoch", Holds::Number),
    Variable::new("routeKey", Holds::Own),
    Variable::new("stage", Holds::Own),
    Variable::new("status", Holds::Own),
];

static IDENTITY: [Variable; 13] = [
    Variable::new("accountId", Holds::Unvouched),
    Variable::new("apiKey", Holds::Unvouched),
    Variable::new("apiKeyId", Holds::Unvouched),
    Variable::new("caller", Holds::Unvouched),
    Variable::new("cognitoAuthenticationProvider", Holds::Unvouched),
    Variable::new("cognitoAuthenticationType", Holds::Unvouched),
    Variable::new("cognitoIdentityId", Holds::Unvouched),
    Variable::new("cognitoIdentityPoolId", Holds::Unvouched),
    Variable::new("principalOrgId", Holds::Unvouched),
    Variable::new("sourceIp", Holds::Own),
    Variable::new("user", Holds::Unvouched),
    Variable::new("userAgent", Holds::Foreign),
    Variable::new("userArn", Holds::Unvouched),
];

static ERROR: [Variable; 2] = [
    Variable::new("messageString", Holds::Foreign),
    Variable::new("validationErrorString", Holds::Foreign),
];

/// Members of `$context` that only REST APIs have.
pub(super) const REST: [&str; 10] = [
    "httpMethod",
    "path",
    "resourcePath",
    "resourceId",
    "protocol",
    "requestOverride",
    "responseOverride",
    "method",
    "wafResponseCode",
    "webaclArn",
];

/// The `$context` of a message on the route `sendmessage`, after an event that was seen on AWS.
pub fn example_context() -> Map<String, Json> {
    let context = json!({
        "routeKey": "sendmessage",
        "authorizer": {"principalId": "me", "token": "hello"},
        "messageId": "R1knPc2ntjMCFIA=",
        "eventType": "MESSAGE",
        "extendedRequestId": "R1knPH17NjMFftw=",
        "requestTime": "20/Jan/2024:11:55:00 +0000",
        "messageDirection": "IN",
        "stage": "stage",
        "connectedAt": 1_705_751_697_419_u64,
        "requestTimeEpoch": 1_705_751_700_453_u64,
        "identity": {"userAgent": "Mozilla/5.0", "sourceIp": "192.0.2.1"},
        "requestId": "R1knPH17NjMFftw=",
        "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "connectionId": "R1kmxc2VNjMCFIA=",
        "apiId": "abcdef1234",
    });
    match context {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

impl Variable {
    const fn new(name: &'static str, holds: Holds) -> Self {
        Variable { name, holds }
    }

    /// The variable of this name in a group.
    pub(super) fn find(group: &'static [Variable], name: &str) -> Option<&'static Variable> {
        group.iter().find(|variable| variable.name == name)
    }

    /// The members of a group of `$context`: of `identity` and `error`.
    pub(super) fn members(name: &str) -> Option<&'static [Variable]> {
        match Self::find(&CONTEXT, name)?.holds {
            Holds::Group(members) => Some(members),
            _ => None,
        }
    }
}

impl InputMember {
    /// All of them, by name.
    pub(super) const ALL: [(&'static str, InputMember); 5] = [
        ("body", InputMember::Body),
        ("getBody", InputMember::GetBody),
        ("json", InputMember::Json),
        ("params", InputMember::Params),
        ("path", InputMember::Path),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, member)| *member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example is what a message's `$context` really is, so every name of it is listed.
    #[test]
    fn the_example_holds_known_names_only() {
        for (name, value) in example_context() {
            assert!(Variable::find(&CONTEXT, &name).is_some(), "{name}");
            if let Some(members) = Variable::members(&name) {
                for member in value.as_object().expect("a group").keys() {
                    assert!(Variable::find(members, member).is_some(), "{name}.{member}");
                }
            }
        }
    }
}
