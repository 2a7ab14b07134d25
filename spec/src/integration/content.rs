//! Content handling: payloads from base64 to bytes and back.

use super::{Failure, Request};
use crate::api::ContentHandling;
use crate::base64;

/// A request's payload on its way to the backend, behind its mapping template: base64 to bytes for
/// `CONVERT_TO_BINARY`, otherwise as it is; a message is text already, which `CONVERT_TO_TEXT`
/// leaves.
///
/// Realises: INTEGRATION-84, INTEGRATION-67, INTEGRATION-69, INTEGRATION-85
pub(super) fn outgoing(
    handling: Option<ContentHandling>,
    payload: String,
) -> Result<Vec<u8>, Failure> {
    match handling {
        Some(ContentHandling::ConvertToBinary) => {
            base64::decode(&payload).ok_or(Failure::NotBase64("request"))
        }
        Some(ContentHandling::ConvertToText) | None => Ok(payload.into_bytes()),
    }
}

/// A response's payload on its way to its mapping template and the client: bytes to base64 for
/// `CONVERT_TO_TEXT`, unless they are text; base64 to what it stands for with `CONVERT_TO_BINARY`.
/// What is no text in the end cannot be sent.
///
/// Realises: INTEGRATION-68, INTEGRATION-85, INTEGRATION-67, INTEGRATION-86
pub(super) fn answer(
    request: Request<'_>,
    handling: Option<ContentHandling>,
    payload: &[u8],
) -> Result<String, Failure> {
    match incoming(handling, payload) {
        // Nothing has to fit into a message here.
        Err(_) if !request.two_way => Ok(String::from_utf8_lossy(payload).into_owned()),
        other => other,
    }
}

fn incoming(handling: Option<ContentHandling>, payload: &[u8]) -> Result<String, Failure> {
    let text = str::from_utf8(payload);
    match (handling, text) {
        (Some(ContentHandling::ConvertToText), Err(_)) => Ok(base64::encode(payload)),
        (Some(ContentHandling::ConvertToBinary), Ok(text)) => {
            let bytes = base64::decode(text).ok_or(Failure::NotBase64("response"))?;
            String::from_utf8(bytes).map_err(|_| Failure::NotText)
        }
        (_, Ok(text)) => Ok(text.to_owned()),
        (_, Err(_)) => Err(Failure::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const BINARY: Option<ContentHandling> = Some(ContentHandling::ConvertToBinary);
    const TEXT: Option<ContentHandling> = Some(ContentHandling::ConvertToText);

    #[rstest]
    #[case(BINARY, "/wA=", Ok(vec![255, 0]))]
    #[case(BINARY, "{}", Err(Failure::NotBase64("request")))]
    #[case(TEXT, "/wA=", Ok(b"/wA=".to_vec()))]
    #[case(None, "/wA=", Ok(b"/wA=".to_vec()))]
    fn requests_are_decoded(
        #[case] handling: Option<ContentHandling>,
        #[case] payload: &str,
        #[case] expected: Result<Vec<u8>, Failure>,
    ) {
        assert_eq!(outgoing(handling, payload.to_owned()), expected);
    }

    #[rstest]
    #[case(TEXT, &[255, 0], Ok("/wA="))]
    #[case(TEXT, b"{}", Ok("{}"))]
    #[case(BINARY, b"e30=", Ok("{}"))]
    #[case(BINARY, b"/wA=", Err(Failure::NotText))]
    #[case(BINARY, b"{}", Err(Failure::NotBase64("response")))]
    #[case(None, b"{}", Ok("{}"))]
    #[case(None, &[255, 0], Err(Failure::NotText))]
    fn responses_become_text(
        #[case] handling: Option<ContentHandling>,
        #[case] payload: &[u8],
        #[case] expected: Result<&str, Failure>,
    ) {
        assert_eq!(incoming(handling, payload), expected.map(ToOwned::to_owned));
    }

    proptest! {
        // A function that gets what a client's base64 stands for and answers with it gives the
        // client its base64 back.
        #[test]
        fn there_and_back(bytes in proptest::collection::vec(128_u8.., 1..40)) {
            let sent = base64::encode(&bytes);
            let received = outgoing(BINARY, sent.clone()).unwrap();
            prop_assert_eq!(&received, &bytes);
            if String::from_utf8(received.clone()).is_err() {
                prop_assert_eq!(incoming(TEXT, &received), Ok(sent));
            }
        }
    }
}
