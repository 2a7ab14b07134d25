//! AWS's own signer, the one of its SDK for Rust, against the specification: what the one signs the
//! other takes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;
use spec::Timestamp;
use spec::api::Api;
use spec::http::Headers;
use spec::signature::{Caller, Destination, Rejection, Request, verify};

const NOW: u64 = 1_605_442_994;
const HOST: &str = "127.0.0.1:3001";

/// A request that is to be signed.
#[derive(Clone, Debug)]
struct Unsigned {
    method: &'static str,
    target: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    token: Option<String>,
    in_query: bool,
}

impl Unsigned {
    fn caller(&self) -> Caller {
        Caller {
            session_token: self.token.clone(),
            ..Caller::functions(&Api::new("$request.body.action", "stage"))
        }
    }

    /// The target and the fields, signed by AWS's signer.
    fn signed(&self) -> (String, Headers) {
        let caller = self.caller();
        let identity = Credentials::new(
            &caller.access_key_id,
            &caller.secret_access_key,
            caller.session_token.clone(),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        if self.in_query {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("execute-api")
            .time(UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let request = SignableRequest::new(
            self.method,
            format!("http://{HOST}{}", self.target),
            self.fields.iter().map(|(name, value)| (&**name, &**value)),
            SignableBody::Bytes(&self.body),
        )
        .unwrap();
        let (signed_fields, parameters) =
            sign(request, &params).unwrap().into_parts().0.into_parts();
        let mut headers: Headers = self.fields.iter().cloned().collect();
        headers.push("Host", HOST);
        for field in &signed_fields {
            headers.push(field.name(), field.value());
        }
        let mut target = self.target.clone();
        for (name, value) in &parameters {
            target.push(if target.contains('?') { '&' } else { '?' });
            let escaped: String = value
                .bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                    _ => format!("%{byte:02x}"),
                })
                .collect();
            target.push_str(&format!("{name}={escaped}"));
        }
        (target, headers)
    }
}

fn verified(
    method: &str,
    (target, headers): &(String, Headers),
    body: &[u8],
    caller: Caller,
) -> Result<(), Rejection> {
    let request = Request {
        method,
        target,
        headers,
        body,
    };
    let now = Timestamp::from_millis(NOW * 1000);
    verify(&request, &[caller], Destination::api("us-east-1"), now).map(drop)
}

fn unsigned() -> impl Strategy<Value = Unsigned> {
    let query = proptest::collection::vec(
        ("[a-zA-Z]{1,6}", "([a-z0-9_.~-]|%20|%2[F9]|%C3%A9|\\+){0,8}"),
        0..4,
    );
    let field = ("X-[A-Z][a-z]{1,6}", "[!-~]{1,8}( {1,3}[!-~]{1,4})?");
    (
        prop_oneof![Just("GET"), Just("POST"), Just("DELETE")],
        // As SDKs send paths of `@connections`, and as others do.
        "/stage(/(@|%40)connections/[a-zA-Z0-9_-]{4,8}(=|%3D|%3d))?",
        query,
        proptest::collection::vec(field, 0..4),
        proptest::collection::vec(any::<u8>(), 0..50),
        proptest::option::of("[a-zA-Z0-9/+=]{1,20}"),
        any::<bool>(),
    )
        .prop_map(|(method, path, query, fields, body, token, in_query)| {
            let pairs: Vec<String> = query
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let question = if pairs.is_empty() { "" } else { "?" };
            Unsigned {
                method,
                target: format!("{path}{question}{}", pairs.join("&")),
                fields,
                body,
                token,
                in_query,
            }
        })
}

proptest! {
    #[test]
    fn what_aws_signs_is_taken(unsigned in unsigned()) {
        let signed = unsigned.signed();
        let taken = verified(unsigned.method, &signed, &unsigned.body, unsigned.caller());
        prop_assert_eq!(taken, Ok(()), "{:?}", signed);
    }

    #[test]
    fn what_aws_signs_for_another_is_not(unsigned in unsigned(), secret in "[a-z]{1,8}") {
        let signed = unsigned.signed();
        let mut other = unsigned.caller();
        prop_assume!(secret != other.secret_access_key);
        other.secret_access_key = secret;
        let taken = verified(unsigned.method, &signed, &unsigned.body, other);
        prop_assert!(matches!(taken, Err(Rejection::Mismatch { .. })), "{:?}", taken);
        let mut longer = unsigned.body.clone();
        longer.push(b'x');
        let taken = verified(unsigned.method, &signed, &longer, unsigned.caller());
        prop_assert!(matches!(taken, Err(Rejection::Mismatch { .. })), "{:?}", taken);
    }
}
