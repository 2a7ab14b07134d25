//! Error frames: what the client of a message is told when no answer can be given.

/// An error frame, by its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFrame {
    /// No route takes the message.
    Forbidden,
    /// The message came too fast.
    TooManyRequests,
    /// The message does not fit the model of its route.
    InvalidRequestBody,
    /// The function cannot be called.
    NotInvocable,
    /// The integration failed.
    IntegrationFailed,
    /// The integration took too long.
    IntegrationTimedOut,
}

impl ErrorFrame {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Forbidden,
        Self::TooManyRequests,
        Self::InvalidRequestBody,
        Self::NotInvocable,
        Self::IntegrationFailed,
        Self::IntegrationTimedOut,
    ];

    /// The frame's `message`, which is also the access log's `$context.error.message`.
    ///
    /// Realises: INTEGRATION-7, INTEGRATION-8, INTEGRATION-9, ROUTE-3, ROUTE-35, LIMITS-28
    pub const fn message(self) -> &'static str {
        match self {
            Self::Forbidden => "Forbidden",
            Self::TooManyRequests => "Too Many Requests",
            Self::InvalidRequestBody => "Invalid request body",
            Self::NotInvocable | Self::IntegrationFailed => "Internal server error",
            Self::IntegrationTimedOut => "Endpoint request timed out",
        }
    }

    /// The access log's `$context.status`: the client is not told.
    pub const fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::TooManyRequests => 429,
            Self::InvalidRequestBody => 400,
            Self::NotInvocable | Self::IntegrationFailed => 500,
            Self::IntegrationTimedOut => 504,
        }
    }

    /// The access log's `$context.error.responseType`: a type of gateway response.
    ///
    /// Realises: TEMPLATE-91
    pub const fn response_type(self) -> &'static str {
        match self {
            Self::Forbidden => "DEFAULT_4XX",
            Self::TooManyRequests => "THROTTLED",
            Self::InvalidRequestBody => "BAD_REQUEST_BODY",
            Self::NotInvocable => "API_CONFIGURATION_ERROR",
            Self::IntegrationFailed => "INTEGRATION_FAILURE",
            Self::IntegrationTimedOut => "INTEGRATION_TIMEOUT",
        }
    }

    /// The frame's text, with spaces exactly where AWS has them: one behind `"message":` and behind
    /// each comma.
    ///
    /// Realises: INTEGRATION-10, INTEGRATION-12
    pub fn text(self, connection_id: &str, request_id: &str) -> String {
        let message = self.message();
        format!(
            r#"{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observed_frame_comes_out_to_the_byte() {
        assert_eq!(
            ErrorFrame::IntegrationFailed.text("Qyi07eCbtjMCJKw=", "Qyi3UG41tjMFlUg="),
            r#"{"message": "Internal server error", "connectionId":"Qyi07eCbtjMCJKw=", "requestId":"Qyi3UG41tjMFlUg="}"#
        );
    }
}
