//! The other side: requests that are signed. For what `gatespec serve` gives to clients that cannot
//! sign themselves, and for the kit.

use std::time::Duration;

use super::canonical::{self, Canonical, TERMINATOR};
use super::claim::{ALGORITHM, Claim, Place, SIGNATURE, Scope};
use super::{Caller, Request, SERVICE, SKEW};
use crate::http::Headers;
use crate::percent;
use crate::time::Timestamp;

/// Who signs, for what, when.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Whose key.
    pub caller: &'a Caller,
    /// The region.
    pub region: &'a str,
    /// The service: [`SERVICE`], if it is to be taken.
    pub service: &'a str,
    /// The time of the signature.
    pub at: Timestamp,
}

/// The path and query string `target` of a GET request to `host`, signed by `caller` at `at` in the
/// query string. Without `expires` the signature does not say how long it holds.
///
/// Realises: AUTHORIZER-54
pub fn presign(
    caller: &Caller,
    region: &str,
    host: &str,
    target: &str,
    at: Timestamp,
    expires: Option<Duration>,
) -> String {
    let signer = Signer {
        caller,
        region,
        service: SERVICE,
        at,
    };
    let headers = Headers::from_iter([("Host", host)]);
    let request = Request {
        method: "GET",
        target,
        headers: &headers,
        body: b"",
    };
    signer.in_query(&request, expires)
}

impl Signer<'_> {
    /// The request's path and query string with a signature in it. The request must have the field
    /// `Host`.
    pub fn in_query(&self, request: &Request<'_>, expires: Option<Duration>) -> String {
        let date = self.at.iso_8601_basic();
        let credential = self.credential();
        let seconds = expires.map(|expires| expires.as_secs().to_string());
        let parameters = [
            ("X-Amz-Algorithm", Some(ALGORITHM)),
            ("X-Amz-Credential", Some(&*credential)),
            ("X-Amz-Date", Some(&*date)),
            ("X-Amz-Expires", seconds.as_deref()),
            ("X-Amz-Security-Token", self.caller.session_token.as_deref()),
            ("X-Amz-SignedHeaders", Some("host")),
        ];
        let mut target = request.target.to_owned();
        let mut push = |name: &str, value: &str| {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(name);
            target.push('=');
            target.push_str(&percent::encode(value.as_bytes()));
        };
        for (name, value) in parameters {
            if let Some(value) = value {
                push(name, value);
            }
        }
        let place = Place::Query {
            expires: expires.unwrap_or(SKEW),
        };
        let request = Request {
            target: &target,
            ..*request
        };
        let signature = self.sign(&request, place, &["host"]);
        format!("{target}&{SIGNATURE}={signature}")
    }

    /// The fields that sign a request, to be added to its own. It must have the field `Host`.
    pub fn in_headers(&self, request: &Request<'_>) -> Headers {
        let mut added = Headers::from_iter([("X-Amz-Date", self.at.iso_8601_basic())]);
        let mut names = vec!["host", "x-amz-date"];
        if let Some(token) = &self.caller.session_token {
            added.push("X-Amz-Security-Token", token);
            names.push("x-amz-security-token");
        }
        let headers: Headers = request.headers.iter().chain(added.iter()).collect();
        let signed = Request {
            headers: &headers,
            ..*request
        };
        let signature = self.sign(&signed, Place::Header, &names);
        let authorization = format!(
            "{ALGORITHM} Credential={}, SignedHeaders={}, Signature={signature}",
            self.credential(),
            names.join(";")
        );
        added.push("Authorization", authorization);
        added
    }

    fn sign(&self, request: &Request<'_>, place: Place, names: &[&str]) -> String {
        let claim = Claim {
            place,
            access_key_id: self.caller.access_key_id.clone(),
            scope: self.scope(),
            signed_headers: names.iter().map(|name| (*name).to_owned()).collect(),
            signature: String::new(),
            token: self.caller.session_token.clone(),
            at: self.at,
        };
        let string_to_sign = Canonical::new(request, &claim).string_to_sign;
        canonical::signature(
            &self.caller.secret_access_key,
            &claim.scope,
            &string_to_sign,
        )
    }

    fn credential(&self) -> String {
        format!("{}/{}", self.caller.access_key_id, self.scope())
    }

    fn scope(&self) -> Scope {
        let date = self.at.iso_8601_basic();
        Scope {
            date: date.get(..8).unwrap_or_default().to_owned(),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
            terminator: TERMINATOR.to_owned(),
        }
    }
}
