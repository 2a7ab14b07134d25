//! Why a request has no caller, in AWS's words.

use std::fmt;

/// Why a request has no caller. The answer to each is 403.
///
/// Realises: AUTHORIZER-55, MANAGEMENT-34, MANAGEMENT-36
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// There is no signature.
    ///
    /// Realises: AUTHORIZER-63
    Missing,
    /// There is something that is no signature, in AWS's words.
    ///
    /// Realises: AUTHORIZER-64
    Incomplete(String),
    /// The signature cannot hold, whoever made it, in AWS's words.
    ///
    /// Realises: AUTHORIZER-67 to AUTHORIZER-70
    Invalid(String),
    /// The access key is unknown, or its session token is not there or is another one.
    ///
    /// Realises: AUTHORIZER-65
    UnknownCaller,
    /// Another request was signed, or with another secret.
    ///
    /// Realises: AUTHORIZER-66
    Mismatch {
        /// The canonical form of the request that came.
        canonical_request: String,
        /// What its signature is made of.
        string_to_sign: String,
    },
}

impl Rejection {
    /// What `x-amzn-errortype` says.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Invalid(_) | Self::Mismatch { .. } => "InvalidSignatureException",
            Self::UnknownCaller => "UnrecognizedClientException",
        }
    }

    /// The body's `message`.
    pub fn message(&self) -> String {
        match self {
            Self::Missing => "Missing Authentication Token".to_owned(),
            Self::Incomplete(message) | Self::Invalid(message) => message.clone(),
            Self::UnknownCaller => {
                "The security token included in the request is invalid.".to_owned()
            }
            // MANAGEMENT-35, to the byte as it was published.
            Self::Mismatch {
                canonical_request,
                string_to_sign,
            } => format!(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details.\n\n\
                 The Canonical String for this request should have been\n\
                 '{canonical_request}'\n\n\
                 The String-to-Sign should have been\n\
                 '{string_to_sign}'\n"
            ),
        }
    }
}

/// For logs: on one line, and without what was signed, in which a session token may stand.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the request is not signed"),
            Self::Incomplete(message) | Self::Invalid(message) => {
                // A request must not write lines of its own into a log.
                f.write_str(&message.trim_end().replace(char::is_control, " "))
            }
            Self::UnknownCaller => {
                f.write_str("the access key is unknown, or its session token is another one")
            }
            Self::Mismatch { .. } => f.write_str(
                "the signature is that of another request, or by another secret; the answer shows \
                 what should have been signed",
            ),
        }
    }
}
