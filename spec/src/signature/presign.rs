//! An address that is signed: what `gatespec serve` gives to clients that can not sign themselves.

use std::time::Duration;

use super::canonical::{self, ALGORITHM, Canonical, TERMINATOR, encoded};
use super::claim::{Claim, Place, SIGNATURE, Scope};
use super::{Caller, Request, SERVICE, SKEW};
use crate::http::Headers;
use crate::time::Timestamp;

/// The path and query string `target` of a GET request to `host`, signed by `caller` at `at` in the query string (AUTHORIZER-54). Without `expires`
/// the signature does not say how long it holds.
pub fn presign(
    caller: &Caller,
    region: &str,
    host: &str,
    target: &str,
    at: Timestamp,
    expires: Option<Duration>,
) -> String {
    let date = at.iso_8601_basic();
    let scope = Scope {
        date: date.get(..8).unwrap_or_default().to_owned(),
        region: region.to_owned(),
        service: SERVICE.to_owned(),
        terminator: TERMINATOR.to_owned(),
    };
    let credential = format!("{}/{scope}", caller.access_key_id);
    let seconds = expires.map(|expires| expires.as_secs().to_string());
    let parameters = [
        ("X-Amz-Algorithm", Some(ALGORITHM)),
        ("X-Amz-Credential", Some(&*credential)),
        ("X-Amz-Date", Some(&*date)),
        ("X-Amz-Expires", seconds.as_deref()),
        ("X-Amz-Security-Token", caller.session_token.as_deref()),
        ("X-Amz-SignedHeaders", Some("host")),
    ];
    let mut target = target.to_owned();
    let mut push = |name: &str, value: &str| {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        target.push_str(&encoded(value));
    };
    for (name, value) in parameters {
        if let Some(value) = value {
            push(name, value);
        }
    }
    let claim = Claim {
        place: Place::Query {
            expires: expires.unwrap_or(SKEW),
        },
        access_key_id: caller.access_key_id.clone(),
        scope,
        signed_headers: vec!["host".to_owned()],
        signature: String::new(),
        token: caller.session_token.clone(),
        at,
    };
    let request = Request {
        method: "GET",
        target: &target,
        headers: &Headers::from_iter([("Host", host)]),
        body: b"",
    };
    let canonical = Canonical::new(&request, &claim);
    let signature = canonical::signature(
        &caller.secret_access_key,
        &claim.scope,
        &canonical.string_to_sign,
    );
    format!("{target}&{SIGNATURE}={signature}")
}
