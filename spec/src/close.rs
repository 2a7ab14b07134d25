//! How a connection ends, in one word for events and for the socket.

/// How a connection ended: `disconnectStatusCode` and `disconnectReason`, or what a close frame
/// carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseInfo {
    /// The close code of RFC 6455, section 7.4.
    pub code: u16,
    /// The reason text, which may be empty.
    pub reason: String,
}

impl CloseInfo {
    /// A close with this code and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}
