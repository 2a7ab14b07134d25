//! What the kit can do with a target, whatever it is: connect clients, send, receive, call
//! `@connections`, look into the table.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::sign::Sign;

/// A target at work on one case. Clients are named by the case.
#[expect(
    async_fn_in_trait,
    reason = "the kit's runner is generic and needs no Send bound"
)]
pub trait Session {
    /// Asks for an upgrade.
    ///
    /// # Errors
    /// What kept the kit from getting any answer.
    async fn connect(&mut self, client: &str, request: &Upgrade) -> Result<Answer, SessionError>;

    /// Sends a message.
    ///
    /// # Errors
    /// A connection that is gone.
    async fn send(&mut self, client: &str, message: &Outgoing) -> Result<(), SessionError>;

    /// Waits for what comes next.
    ///
    /// # Errors
    /// [`SessionError::Silence`] when nothing came within the target's patience.
    async fn receive(&mut self, client: &str) -> Result<Incoming, SessionError>;

    /// Closes a client's connection, and gives the messages that were still on the way. What the
    /// target does wrong then is told by [`faults`](Self::faults).
    ///
    /// # Errors
    /// The case names a client that is not connected.
    async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<Vec<String>, SessionError>;

    /// Calls the `@connections` API.
    ///
    /// # Errors
    /// What kept the kit from getting any answer.
    async fn manage(
        &mut self,
        method: &str,
        to: &Callback,
        body: &str,
        sign: Option<&Sign>,
    ) -> Result<Answer, SessionError>;

    /// Whether the pattern's table holds the connection.
    ///
    /// # Errors
    /// What kept the kit from looking.
    async fn has_row(&mut self, id: &str) -> Result<bool, SessionError>;

    /// The lines of the stage's access log, from the beginning.
    ///
    /// # Errors
    /// A target whose access log cannot be read.
    async fn access_log(&mut self) -> Result<Vec<String>, SessionError>;

    /// Lets time pass.
    ///
    /// # Errors
    /// A target whose clock cannot be moved.
    async fn wait(&mut self, time: Duration) -> Result<(), SessionError>;

    /// Waits until no function is at work any more, and nothing that a client sent waits for one. A
    /// target that does not know waits for `time`.
    ///
    /// # Errors
    /// A target that is gone, or whose functions do not end.
    async fn quiet(&mut self, time: Duration) -> Result<(), SessionError>;

    /// Lets the target get on with what it is doing, before something is looked for once more.
    async fn settle(&mut self);

    /// The host that clients use, with its port where the address names one, as in the field
    /// `Host`.
    fn host(&self) -> String;

    /// The path that `/@connections/…` stands behind: `/` and the stage on AWS.
    fn base(&self) -> String;

    /// The names of the clients that are connected.
    fn connected(&self) -> Vec<String>;

    /// What the target has done wrong to connections that end, since the last call, in words:
    /// messages after the close frame (LIFECYCLE-28), closes that it did not carry through
    /// (LIFECYCLE-22).
    fn faults(&mut self) -> Vec<String>;

    /// What the target itself tells of its decisions since the last call, for the transcript.
    fn reasons(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// A request for an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// Another host than the target's own, of which `target` is the whole path.
    pub host: Option<String>,
    /// Behind the stage's path: a query string, or more of a path.
    pub target: String,
    /// Header fields besides those of every upgrade.
    pub headers: Vec<(String, String)>,
    /// How it is signed, if it is.
    pub sign: Option<Sign>,
}

/// Where a call of the `@connections` API goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// To a connection of the stage, by its id, which is percent-encoded on the way.
    Connection(String),
    /// To this path behind the host, as it is.
    Path(String),
    /// To another host than the target's own, by its name, and a path.
    Host(String, String),
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A text message in frames of at most `frame` bytes.
    Text {
        /// The text.
        text: String,
        /// The frames' size; `None` for one frame.
        frame: Option<usize>,
    },
    /// A binary message.
    Binary(Vec<u8>),
    /// One text frame with these bytes.
    Raw(Vec<u8>),
    /// A ping with this payload.
    Ping(String),
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message, which API Gateway never sends.
    Binary(Vec<u8>),
    /// A ping, which API Gateway never sends.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// The end: the close frame's code (1005 if it has none, 1006 if there is no frame) and reason.
    Closed(u16, String),
}

/// Why a step could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Nothing came: the target's doing.
    #[error("nothing came within {0:?}")]
    Silence(Duration),
    /// What came is not what HTTP or the WebSocket protocol allow: the target's doing.
    #[error("{0}")]
    Violation(String),
    /// The case names a client that is not connected.
    #[error("client `{0}` is not connected")]
    NotConnected(String),
    /// The target cannot be asked for this.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The kit's own failure, such as a target that cannot be reached.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

/// In words: ``the text `…` ``, `a close with 1006`.
impl fmt::Display for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text `{text}`"),
            Self::Binary(bytes) => write!(f, "the binary message {bytes:?}"),
            Self::Ping(bytes) => write!(f, "the ping {bytes:?}"),
            Self::Pong(bytes) => write!(f, "the pong {bytes:?}"),
            Self::Closed(code, reason) if reason.is_empty() => write!(f, "a close with {code}"),
            Self::Closed(code, reason) => write!(f, "a close with {code}: `{reason}`"),
        }
    }
}

impl SessionError {
    /// A failure of the kit's own.
    pub(crate) fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

impl Answer {
    /// The first value of the header field `name`, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
