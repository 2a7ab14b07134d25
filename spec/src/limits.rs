#![doc = include_str!("../requirements/limits.md")]

use std::fmt;
use std::time::Duration;

use crate::close::CloseInfo;

/// The most bytes that a message may have, in either direction.
/// Its frames are joined before it is counted.
///
/// Realises: LIMITS-1, LIMITS-16, LIMITS-6
pub const MESSAGE_BYTES: usize = 128 * 1024;
/// The most bytes that one frame may carry.
///
/// Realises: LIMITS-3
pub const FRAME_BYTES: usize = 32 * 1024;
/// The most characters that the URL of a handshake may have, query string included.
///
/// Realises: LIMITS-18
pub(crate) const URL_CHARACTERS: usize = 4096;
/// The most bytes that an authorizer's result may have.
///
/// Realises: LIMITS-22
pub(crate) const AUTHORIZER_RESULT_BYTES: usize = 8 * 1024;
/// The most characters that the schema of a model may have.
///
/// Realises: LIMITS-38
pub(crate) const MODEL_CHARACTERS: usize = 32 * 1024;
/// The most bytes that a mapping template may have.
///
/// Realises: LIMITS-32
pub(crate) const TEMPLATE_BYTES: usize = 300 * 1024;
/// The most bytes that the format of an access log may have.
///
/// Realises: LIMITS-36
pub(crate) const ACCESS_LOG_BYTES: usize = 3 * 1024;
/// How long a connection may be silent in both directions.
///
/// Realises: LIFECYCLE-1
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long a connection may last.
///
/// Realises: LIFECYCLE-3
pub const CONNECTION_DURATION: Duration = Duration::from_secs(2 * 60 * 60);
/// The least and the most that `TimeoutInMillis` may be.
///
/// Realises: LIMITS-20, LIMITS-21
pub(crate) const INTEGRATION_TIMEOUT_MILLIS: std::ops::RangeInclusive<u64> = 50..=29_000;

/// A text message whose bytes came in frames of at most `frame` bytes, judged as they come in: each
/// frame by its length, then what has come so far, at last whether it is text.
///
/// # Errors
/// What the client did that ends its connection.
///
/// Realises: LIMITS-3, LIMITS-6
pub fn text_message(bytes: &[u8], frame: usize) -> Result<String, Violation> {
    if bytes.len().min(frame) > FRAME_BYTES {
        Err(Violation::FrameTooLarge)
    } else if bytes.len() > MESSAGE_BYTES {
        Err(Violation::MessageTooLarge)
    } else {
        String::from_utf8(bytes.to_vec()).map_err(|_| Violation::InvalidUtf8)
    }
}

/// What a client did that ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A frame above [`FRAME_BYTES`].
    ///
    /// Realises: LIMITS-4
    FrameTooLarge,
    /// A message above [`MESSAGE_BYTES`], its frames joined.
    ///
    /// Realises: LIMITS-2
    MessageTooLarge,
    /// A binary message.
    ///
    /// Realises: LIMITS-8
    Binary,
    /// A text message that is not UTF-8.
    ///
    /// Realises: LIMITS-10
    InvalidUtf8,
    /// Another violation of RFC 6455.
    ///
    /// Realises: LIMITS-11
    Protocol,
}

impl Violation {
    /// The close frame that answers it. The codes 1009 and 1003 are documented, 1007 and 1002 are
    /// RFC 6455's; no reason text was ever published, so it is empty.
    ///
    /// Realises: LIMITS-12, LIMITS-13
    pub fn close(self) -> CloseInfo {
        let code = match self {
            Self::FrameTooLarge | Self::MessageTooLarge => 1009,
            Self::Binary => 1003,
            Self::InvalidUtf8 => 1007,
            Self::Protocol => 1002,
        };
        CloseInfo::new(code, "")
    }
}

impl fmt::Display for Violation {
    /// What the client did, the close code that answers it, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.close().code;
        match self {
            Self::FrameTooLarge => write!(
                f,
                "closed with {code}: a frame of more than {FRAME_BYTES} bytes; larger messages \
                 are sent in several frames"
            ),
            Self::MessageTooLarge => write!(
                f,
                "closed with {code}: a message of more than {MESSAGE_BYTES} bytes, which API \
                 Gateway takes from nobody"
            ),
            Self::Binary => write!(
                f,
                "closed with {code}: a binary message; API Gateway takes text alone, so binary \
                 data is sent as base64"
            ),
            Self::InvalidUtf8 => write!(f, "closed with {code}: a text that is not UTF-8"),
            Self::Protocol => write!(f, "closed with {code}: frames that break RFC 6455"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // The last byte that is taken, and the first that is not.
    #[rstest]
    #[case::a_frame(FRAME_BYTES, FRAME_BYTES, None)]
    #[case::a_frame_too_large(FRAME_BYTES + 1, FRAME_BYTES + 1, Some(Violation::FrameTooLarge))]
    #[case::a_message(MESSAGE_BYTES, FRAME_BYTES, None)]
    #[case::a_message_too_large(MESSAGE_BYTES + 1, FRAME_BYTES, Some(Violation::MessageTooLarge))]
    #[case::both(MESSAGE_BYTES + 1, MESSAGE_BYTES + 1, Some(Violation::FrameTooLarge))]
    #[case::a_short_message_in_large_frames(1, usize::MAX, None)]
    fn messages_have_a_size(
        #[case] bytes: usize,
        #[case] frame: usize,
        #[case] violation: Option<Violation>,
    ) {
        let judged = text_message(&vec![b'a'; bytes], frame);
        assert_eq!(judged.as_ref().err().copied(), violation);
        assert!(judged.is_ok_and(|text| text.len() == bytes) == violation.is_none());
    }

    #[test]
    fn what_is_no_text_is_no_message() {
        assert_eq!(text_message(b"\xff", 1), Err(Violation::InvalidUtf8));
        // A character may be cut by frames.
        assert_eq!(text_message("ä".as_bytes(), 1), Ok("ä".to_owned()));
    }
}
