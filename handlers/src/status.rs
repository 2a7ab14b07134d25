//! A result with a status, as API Gateway expects from an `AWS_PROXY` integration.

use serde::Serialize;

/// A result with only a status, `{"statusCode": 200}`. For `$connect` it decides the handshake: 2xx
/// opens the connection, any other status refuses it with that status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The HTTP status.
    pub status_code: u16,
}

impl Status {
    /// 200: done.
    pub const OK: Self = Self { status_code: 200 };
    /// 410: the connection is gone.
    pub const GONE: Self = Self { status_code: 410 };
    /// 500: failed; the cause is only logged.
    pub const INTERNAL_SERVER_ERROR: Self = Self { status_code: 500 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_form_has_a_number_and_nothing_else() {
        assert_eq!(
            serde_json::to_string(&Status::OK).unwrap(),
            r#"{"statusCode":200}"#
        );
    }
}
