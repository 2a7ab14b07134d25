//! Signature Version 4, from the side that checks it: who signed a request, or why nobody did.
//!
//! A request carries its signature in the field `Authorization`, or in its query string. Either
//! names an access key, the day, region and service that the key was derived for, the fields that
//! were signed, and the signature of the request's canonical form. To check one is to make the same
//! form of what arrived, sign it with the key's secret, and compare in constant time.
//!
//! The canonical form is made here, since AWS shows it to a client that signed another one. That it
//! is the form which AWS's own signers make is what the kit's tests hold it to.
//!
//! Realises: AUTHORIZER-54, MANAGEMENT-32, MANAGEMENT-35

mod caller;
mod canonical;
mod claim;
mod rejection;
mod sign;

use std::time::Duration;

use subtle::ConstantTimeEq;

use crate::http::Headers;
use crate::time::Timestamp;

pub(crate) use caller::MANAGE_CONNECTIONS;
pub(crate) use caller::masked;
pub use caller::{Access, Caller, CallerIdentity, Signatures};
pub use rejection::Rejection;
pub use sign::{Signer, presign};

use canonical::Canonical;
use claim::{Claim, Place};

/// A request, as far as signatures concern it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query string, as sent.
    pub target: &'a str,
    /// The header fields.
    pub headers: &'a Headers,
    /// The whole body.
    pub body: &'a [u8],
}

/// What requests are to be signed for.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The region.
    pub region: &'a str,
    /// The service, as signatures spell it.
    pub service: &'a str,
}

/// The service that requests to an API are signed for.
pub const SERVICE: &str = "execute-api";

impl<'a> Destination<'a> {
    /// An API in `region`.
    pub fn api(region: &'a str) -> Self {
        let service = SERVICE;
        Self { region, service }
    }
}

/// How far a signature's time may be from the gateway's.
///
/// Realises: AUTHORIZER-69
pub(crate) const SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest validity of a signature in a query string: seven days.
///
/// Realises: AUTHORIZER-70
pub(crate) const LONGEST_EXPIRES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Whose signature `request` carries: one of `callers`, for `destination`, at `now`.
///
/// # Errors
/// What is wrong with the signature, in the order in which it is looked at: its form, its time, its
/// scope, its access key and token, and at last the signature itself.
pub fn verify<'c>(
    request: &Request<'_>,
    callers: &'c [Caller],
    destination: Destination<'_>,
    now: Timestamp,
) -> Result<&'c Caller, Rejection> {
    let claim = Claim::read(request)?;
    check_time(&claim, now)?;
    check_scope(&claim, destination)?;
    if !claim.signed_headers.iter().any(|name| name == "host") {
        let problem = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(Rejection::Invalid(problem.to_owned()));
    }
    let caller = callers
        .iter()
        .find(|caller| caller.access_key_id == claim.access_key_id)
        .filter(|caller| same_token(caller.session_token.as_deref(), claim.token.as_deref()))
        .ok_or(Rejection::UnknownCaller)?;
    let canonical = Canonical::new(request, &claim);
    let signature = canonical::signature(
        &caller.secret_access_key,
        &claim.scope,
        &canonical.string_to_sign,
    );
    match bool::from(signature.as_bytes().ct_eq(claim.signature.as_bytes())) {
        true => Ok(caller),
        false => Err(Rejection::Mismatch {
            canonical_request: canonical.request,
            string_to_sign: canonical.string_to_sign,
        }),
    }
}

fn same_token(own: Option<&str>, sent: Option<&str>) -> bool {
    match (own, sent) {
        (Some(own), Some(sent)) => own.as_bytes().ct_eq(sent.as_bytes()).into(),
        (None, None) => true,
        _ => false,
    }
}

/// A signature in a field holds for five minutes, one in a query string for as long as it says.
///
/// Realises: AUTHORIZER-69, AUTHORIZER-70
fn check_time(claim: &Claim, now: Timestamp) -> Result<(), Rejection> {
    let signed = claim.at.iso_8601_basic();
    // The clock shows seconds: what it shows must agree with what is decided.
    let now = Timestamp::from_millis(now.as_millis() / 1000 * 1000);
    let shown = now.iso_8601_basic();
    if claim.at > now + SKEW {
        let latest = (now + SKEW).iso_8601_basic();
        return Err(Rejection::Invalid(format!(
            "Signature not yet current: {signed} is still later than {latest} ({shown} + 5 min.)"
        )));
    }
    match claim.place {
        Place::Header if claim.at + SKEW < now => {
            let earliest = (now - SKEW).iso_8601_basic();
            Err(Rejection::Invalid(format!(
                "Signature expired: {signed} is now earlier than {earliest} ({shown} - 5 min.)"
            )))
        }
        Place::Query { expires } if claim.at + expires < now => {
            let until = (claim.at + expires).iso_8601_basic();
            Err(Rejection::Invalid(format!(
                "Signature expired: {until} is now earlier than {shown}"
            )))
        }
        Place::Header | Place::Query { .. } => Ok(()),
    }
}

/// The day, region and service that the key was derived for. All that is wrong is said at once.
///
/// Realises: AUTHORIZER-68
fn check_scope(claim: &Claim, destination: Destination<'_>) -> Result<(), Rejection> {
    let Destination { region, service } = destination;
    let scope = &claim.scope;
    let mut problems = String::new();
    let mut say = |problem: &str| problems.push_str(problem);
    if scope.region != region {
        say(&format!(
            "Credential should be scoped to a valid region, not '{}'. ",
            scope.region
        ));
    }
    if scope.service != service {
        say(&format!(
            "Credential should be scoped to correct service: '{service}'. "
        ));
    }
    if scope.terminator != canonical::TERMINATOR {
        say(&format!(
            "Credential should be scoped with a valid terminator: '{}', not '{}'. ",
            canonical::TERMINATOR,
            scope.terminator
        ));
    }
    let at = claim.at.iso_8601_basic();
    let day = at.split('T').next().unwrap_or_default();
    if scope.date != day {
        say(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{}' != '{day}', from '{at}'. ",
            scope.date
        ));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Rejection::Invalid(problems)),
    }
}

#[cfg(test)]
mod tests;
