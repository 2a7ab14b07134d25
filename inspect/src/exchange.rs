//! One request of a gateway's, from its arrival to what its client got: what the inspect page shows,
//! what cases and events are made of.
//!
//! As JSON, names are in camelCase, times are milliseconds since 1970, and what is absent is `null`.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use spec::template::Variables;

/// A request: a handshake, a message, the end of a connection, or a call of `@connections`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// From 1, in the order in which they began.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
    /// `connectionId`; of a call of `@connections`, the one that it names.
    pub connection_id: String,
    /// `requestId`; of a call of `@connections`, empty until it is answered.
    pub request_id: String,
    /// When it arrived.
    pub began: u64,
    /// When its client had its answer, or nothing more was to come.
    pub ended: Option<u64>,
    /// What arrived.
    pub request: Request,
    /// What was decided, and why.
    pub decisions: Vec<Decision>,
    /// The chosen route.
    pub route: Option<Route>,
    /// What a model said of the message.
    pub model: Option<Model>,
    /// What was called, in this order.
    pub calls: Vec<Call>,
    /// What the gateway sent for it.
    pub sent: Vec<Sent>,
    /// Its line in the stage's access log.
    pub access_log: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Whether some text was longer than is kept ([`TEXT_BYTES`]), or something was left out.
    pub is_cut: bool,
}

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A handshake, `$connect`.
    Connect,
    /// A client's message.
    Message,
    /// The end of a connection, `$disconnect`.
    Disconnect,
    /// A call of the `@connections` API.
    Management,
}

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// A request for an upgrade.
    Handshake {
        /// The path, as sent.
        path: String,
        /// What stands behind `?`, as sent.
        query: Option<String>,
        /// The header fields.
        headers: Vec<(String, String)>,
        /// The client's address.
        source_ip: String,
    },
    /// A text message.
    Frame {
        /// The text, exactly.
        text: String,
    },
    /// The end of a connection.
    Close {
        /// The code; 1005 and 1006 stand for a frame without one, and for none.
        code: u16,
        /// The reason.
        reason: String,
        /// Who closed.
        by: Closer,
    },
    /// A call of the `@connections` API.
    Management {
        /// The method.
        method: String,
        /// Path and query string, as sent.
        path: String,
        /// The header fields.
        headers: Vec<(String, String)>,
        /// The body; what is no text in it is replaced.
        body: String,
    },
}

/// Who closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closer {
    /// The client, or its socket was lost.
    Client,
    /// The gateway: a limit, a violation, the idle time, a shutdown.
    Gateway,
    /// A backend, by `DELETE`.
    Backend,
}

/// Something that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// When.
    pub at: u64,
    /// What and why, in words.
    pub text: String,
}

/// A route, and why it was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Its key; `None` if there was no route for the message.
    pub key: Option<String>,
    /// Why.
    pub why: String,
}

/// What a model said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Its name, or the key that no model has.
    pub name: String,
    /// `fits`, or what is wrong.
    pub verdict: String,
}

/// A call of a function, of a backend or of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// What for.
    pub role: Role,
    /// What was called.
    pub target: Target,
    /// The template that made the payload, as it was rendered.
    pub template: Option<Template>,
    /// The template that made the client's answer.
    pub response_template: Option<Template>,
    /// What was sent: the event, or a request's body.
    pub payload: Option<String>,
    /// What came back: a result, an error, a body.
    pub answer: Option<String>,
    /// The HTTP status of what came back, of a backend or a service.
    pub status: Option<u16>,
    /// How it ended; `None` as long as it has not.
    pub outcome: Option<Outcome>,
    /// When it was made.
    pub began: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// The function's part.
    pub function: Option<Function>,
    /// What the function wrote.
    pub log: Vec<String>,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The authorizer.
    Authorizer,
    /// The route's integration.
    Integration,
}

/// What was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Of which kind it is.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// A function's name, a backend's method and address, a service's name and action; empty for a
    /// mock.
    pub name: String,
}

/// Of which kind the target of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A Lambda function.
    Function,
    /// An HTTP backend.
    Http,
    /// An AWS service.
    Service,
    /// A mock: nothing is called.
    Mock,
}

/// A template, what went in, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Template {
    /// Its key among the templates.
    pub key: String,
    /// Its text.
    pub source: String,
    /// What it rendered; `None` if it failed.
    pub rendered: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What went in.
    pub values: Values,
}

/// What a template sees.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Values {
    /// `$context`.
    #[serde(serialize_with = "as_json")]
    pub context: Arc<Variables>,
    /// `$stageVariables`.
    #[serde(serialize_with = "as_json")]
    pub stage_variables: Arc<Variables>,
    /// `$input.body`.
    pub body: String,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// With a result.
    Returned,
    /// With an error, or with nothing that can be used.
    Failed,
    /// Not in time.
    TimedOut,
    /// It could not be made at all.
    NotInvocable,
}

/// A function's part of a call: what its process did, and the figures of its `REPORT`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Lambda's request id.
    pub request_id: String,
    /// When a process took the event.
    pub started: Option<u64>,
    /// How long that process took to start, if this was its first event.
    pub init_millis: Option<f64>,
    /// How long the function took.
    pub duration_millis: Option<f64>,
    /// The most memory that the process has had, in MB.
    pub memory_mb: Option<u64>,
}

/// Something that the gateway sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// When.
    pub at: u64,
    /// The `connectionId`, or `caller` for the answer to a handshake or a call of `@connections`.
    pub to: String,
    /// What.
    pub what: Message,
}

/// What the gateway sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Message {
    /// A text message.
    Text {
        /// The text.
        text: String,
    },
    /// A close frame.
    Close {
        /// Its code.
        code: u16,
        /// Its reason.
        reason: String,
    },
    /// A response: 101 for a connection that was opened.
    Response {
        /// Its status.
        status: u16,
        /// Its header fields.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
    },
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It has not.
    Open,
    /// The client or the backend got what it asked for.
    Answered,
    /// It was refused by a rule: 4xx, an error frame before anything was called.
    Refused,
    /// Something failed behind the gateway: 5xx, an error frame after a call.
    Error,
    /// Nothing was to be answered.
    Silent,
    /// The gateway was not followed when it ended.
    Unknown,
}

/// The most bytes of one text that are kept: a whole message, which has at most 128 KiB.
pub const TEXT_BYTES: usize = 128 * 1024;

fn as_json<S: Serializer>(variables: &Arc<Variables>, serializer: S) -> Result<S::Ok, S::Error> {
    variables.to_json().serialize(serializer)
}
