//! What goes into the machine and what comes out of it. The shell turns sockets, processes and
//! clocks into [`Input`]s and acts on the [`Output`]s; the kit does the same without any of them.

use std::fmt;
use std::sync::Arc;

use crate::compile::CompiledApi;
use crate::connection::CloseInfo;
use crate::handshake::{HandshakeRequest, Refusal};
use crate::http::{Headers, HttpResponse};
use crate::limits::Violation;
use crate::management::Misdirected;
use crate::model::Mismatch;
use crate::policy::Evaluation;
use crate::route::RouteChoice;
use crate::throttle::Throttled;

pub use crate::call::{
    CallId, FunctionOutcome, HttpCall, HttpOutcome, Invocation, InvocationType, Outcome,
    ServiceCall, ServiceRequest,
};
pub use crate::explanation::{Rendering, RequestKind, Role, Side, Target};

/// A client's socket, numbered by the shell; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// One request to the `@connections` API, numbered by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagementId(pub u64);

/// What happens to the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A client asks for an upgrade.
    Handshake {
        /// Its socket.
        peer: PeerId,
        /// What it asks.
        request: HandshakeRequest,
    },
    /// A client sent a text message, its frames joined.
    Message {
        /// Its socket.
        peer: PeerId,
        /// The text, exactly.
        text: String,
    },
    /// A client did what ends its connection.
    Violation {
        /// Its socket.
        peer: PeerId,
        /// What it did.
        violation: Violation,
    },
    /// A client's socket is closed, or is lost.
    PeerClosed {
        /// Its socket.
        peer: PeerId,
        /// What its close frame said: a code or none (1005). `None` when there was no close frame.
        close: Option<ClientClose>,
    },
    /// So much waits to be written to a client that its send buffer is full, or there is room in it
    /// again.
    SendBuffer {
        /// Its socket.
        peer: PeerId,
        /// Whether it is full.
        full: bool,
    },
    /// A call has ended: of a function, of an HTTP backend or of a service.
    CallFinished {
        /// Which call.
        id: CallId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A backend calls the `@connections` API.
    Management {
        /// Which request.
        id: ManagementId,
        /// What it asks.
        request: ManagementRequest,
    },
    /// The API is deployed anew: what begins from now on goes by these rules. What was begun before
    /// ends by the rules it began with, and open connections stay.
    ///
    /// Nothing happens unless the deployment [can follow](CompiledApi::can_follow) the one that is
    /// served.
    Deploy(Arc<CompiledApi>),
    /// The gateway goes down: every connection is closed, and no handshake succeeds any more.
    Shutdown,
}

/// A client's close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientClose {
    /// The code, if the frame had one.
    pub code: Option<u16>,
    /// The reason.
    pub reason: String,
}

/// A request to the `@connections` API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementRequest {
    /// The method.
    pub method: String,
    /// The path, as sent (with its percent escapes), and the query string.
    pub path: String,
    /// The header fields.
    pub headers: Headers,
    /// The caller's address, without the port.
    pub source_ip: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What the gateway wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Upgrade the connection (101), with these header fields besides RFC 6455's.
    Accept {
        /// Whose.
        peer: PeerId,
        /// Added fields: `Sec-WebSocket-Protocol`, when the integration chose one.
        headers: Headers,
    },
    /// Answer the request for an upgrade with this response, and close.
    Reject {
        /// Whose.
        peer: PeerId,
        /// The response.
        response: HttpResponse,
    },
    /// Call a function.
    Invoke(Invocation),
    /// Make a request to an HTTP backend; no redirection is to be followed.
    HttpRequest(HttpCall),
    /// Call an AWS service.
    CallService(ServiceCall),
    /// Send a text message.
    Send {
        /// To whom.
        peer: PeerId,
        /// The text.
        text: String,
    },
    /// Send a close frame and close.
    Close {
        /// Whose.
        peer: PeerId,
        /// The frame's code and reason.
        close: CloseInfo,
    },
    /// Answer a request to the `@connections` API.
    ManagementReply {
        /// Which.
        id: ManagementId,
        /// The response.
        response: HttpResponse,
    },
    /// A request is over: its line in the stage's access log, without a line break.
    AccessLog(String),
    /// Nothing to do: why the gateway did what it did, for logs and transcripts.
    Decision(Decision),
    /// Nothing to do: what only those who watch want to know. Only while [`Gateway::explain`] asks
    /// for it.
    ///
    /// [`Gateway::explain`]: crate::Gateway::explain
    Explanation(Explanation),
}

/// All outputs behind this one belong to its request, until the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// `requestId`.
    pub request_id: String,
    /// What there is to know.
    pub about: About,
}

/// What there is to know of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// It has just begun.
    Began {
        /// Whose it is.
        peer: PeerId,
        /// `connectionId`.
        connection_id: String,
        /// What it is.
        kind: RequestKind,
    },
    /// It goes on, for one of its calls has ended, or its client has left.
    Resumed,
    /// Its message was judged by a model.
    Validated {
        /// The model's name, or the key that no model has.
        model: String,
        /// What the model has against it.
        mismatch: Option<Mismatch>,
    },
    /// Something is about to be called for it. If nothing of it follows, such as
    /// [`Output::Invoke`], then it answered or failed at once.
    Calls {
        /// What for.
        role: Role,
        /// What is called.
        target: Target,
    },
    /// A mapping template was rendered for it.
    Rendered(Box<Rendering>),
}

/// A decision with its reasons: every verdict carries them.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The connection that it is about.
    pub connection_id: String,
    /// The request that it is about.
    pub request_id: String,
    /// What was decided.
    pub reason: Reason,
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A handshake was refused, with more words than the client gets.
    Refused {
        /// What the client gets.
        refusal: Refusal,
        /// The cause.
        cause: String,
    },
    /// The authorizer's policy was evaluated.
    Authorized {
        /// `principalId`.
        principal_id: String,
        /// What its policy says.
        evaluation: Evaluation,
    },
    /// The handshake is signed, and its caller may connect.
    Signed {
        /// The caller's ARN.
        arn: String,
        /// What the caller's policy says; `None` for a caller without one.
        evaluation: Option<Evaluation>,
    },
    /// A call of the `@connections` API has no signature that holds, or its caller has no
    /// permission.
    CallRefused {
        /// The cause.
        cause: String,
        /// Whether it was refused indeed, or would be by AWS.
        indeed: bool,
    },
    /// A call of the `@connections` API went to another path, and where it should have gone: of
    /// the first call of each kind only.
    Misdirected(Misdirected),
    /// The API key was taken; its id.
    ApiKey(String),
    /// The connection is open.
    Connected,
    /// A route was chosen for a message, or none.
    Routed(RouteChoice),
    /// A message came too fast; the client gets an error frame.
    Throttled(Throttled),
    /// A message does not fit the model of its route; the client gets an error frame.
    InvalidRequestBody(Mismatch),
    /// An integration failed; the client gets an error frame.
    IntegrationFailed(String),
    /// The client did what ends its connection.
    Violation(Violation),
    /// The connection ended.
    Disconnected(CloseInfo),
}

impl Reason {
    /// Whether somebody did not get what they wanted, which is worth a warning.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::CallRefused { .. }
                | Self::Misdirected(_)
                | Self::IntegrationFailed(_)
                | Self::Routed(RouteChoice {
                    route_key: None,
                    ..
                })
                | Self::Throttled(_)
                | Self::InvalidRequestBody(_)
                | Self::Violation(_)
        )
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.connection_id, self.request_id)?;
        match &self.reason {
            Reason::Refused { refusal, cause } => {
                let status = refusal.response("", "").status;
                write!(f, "connection refused with {status}: {refusal} ({cause})")
            }
            Reason::Authorized {
                principal_id,
                evaluation,
            } => write!(f, "authorizer: principal `{principal_id}`, {evaluation}"),
            Reason::Signed { arn, evaluation } => {
                write!(f, "signed by `{arn}`")?;
                match evaluation {
                    Some(evaluation) => write!(f, ", {evaluation}"),
                    None => Ok(()),
                }
            }
            Reason::CallRefused { cause, indeed } => {
                let what = if *indeed {
                    "refused"
                } else {
                    "served, though AWS would refuse it"
                };
                write!(f, "call of `@connections` {what}: {cause}")
            }
            Reason::Misdirected(misdirected) => misdirected.fmt(f),
            Reason::ApiKey(id) => write!(f, "API key `{id}` accepted"),
            Reason::Connected => f.write_str("connected"),
            Reason::Routed(choice) => choice.fmt(f),
            Reason::Throttled(throttled) => throttled.fmt(f),
            Reason::InvalidRequestBody(mismatch) => mismatch.fmt(f),
            Reason::IntegrationFailed(cause) => write!(f, "integration failed: {cause}"),
            Reason::Violation(violation) => violation.fmt(f),
            Reason::Disconnected(close) => {
                write!(f, "disconnected: {} `{}`", close.code, close.reason)
            }
        }
    }
}
