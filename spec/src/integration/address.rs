//! What an `IntegrationUri` names: a function, an HTTP address.

use super::InvalidIntegration;
use crate::api;

/// The function's ARN in a Lambda address.
///
/// Realises: INTEGRATION-64
pub(super) fn function(uri: &str) -> Result<String, InvalidIntegration> {
    api::function_arn(uri)
        .map(str::to_owned)
        .ok_or_else(|| InvalidIntegration::Uri(uri.to_owned()))
}

/// Checks an HTTP address: a scheme that a gateway speaks, a host, and nothing that a request line
/// cannot hold.
pub(super) fn http(url: &str) -> Result<String, InvalidIntegration> {
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_visible = url.bytes().all(|byte| byte.is_ascii_graphic());
    match host {
        Some(host) if !host.is_empty() && !host.contains('@') && is_visible => {
            // A fragment is never sent.
            Ok(url.split('#').next().unwrap_or_default().to_owned())
        }
        _ => Err(InvalidIntegration::Address(url.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://localhost:8080", true)]
    #[case("https://example.com/a/{b}?c=d", true)]
    #[case("ftp://example.com", false)]
    #[case("example.com", false)]
    #[case("http://", false)]
    #[case("http:///path", false)]
    #[case("http://user:secret@example.com", false)]
    #[case("http://example.com/a b", false)]
    #[case("http://example.com/é", false)]
    fn addresses_are_http(#[case] url: &str, #[case] valid: bool) {
        assert_eq!(http(url).is_ok(), valid);
    }
}
