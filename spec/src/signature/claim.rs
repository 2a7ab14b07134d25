//! What a request says of its signature: read, and not believed yet.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{LONGEST_EXPIRES, Rejection, Request, SKEW};
use crate::base64;
use crate::percent::{Plus, decode};
use crate::time::Timestamp;

/// What a request says of its signature.
pub(super) struct Claim {
    pub(super) place: Place,
    pub(super) access_key_id: String,
    pub(super) scope: Scope,
    /// In the order in which they are named.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: String,
    pub(super) token: Option<String>,
    pub(super) at: Timestamp,
}

/// Where the signature is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In `Authorization`.
    Header,
    /// In the query string, and how long it is valid.
    Query { expires: Duration },
}

/// What a key is derived for.
pub(super) struct Scope {
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) terminator: String,
}

/// The one way of signing.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The parameter of the query string that is not signed.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// What says that a query string is signed.
const IN_QUERY: [&str; 3] = ["X-Amz-Algorithm", "X-Amz-Credential", SIGNATURE];

impl Claim {
    /// Reads the field `Authorization`, or else the query string.
    ///
    /// Realises: AUTHORIZER-54
    pub(super) fn read(request: &Request<'_>) -> Result<Self, Rejection> {
        if let Some(authorization) = request.headers.get("Authorization") {
            return Self::of_header(request, authorization);
        }
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let parameters: Vec<(String, String)> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name, Plus::Space), decode(value, Plus::Space)))
            .collect();
        let get = |name: &str| {
            let found = parameters.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.as_str())
        };
        match IN_QUERY.iter().any(|name| get(name).is_some()) {
            true => Self::of_query(get),
            false => Err(Rejection::Missing),
        }
    }

    fn of_header(request: &Request<'_>, authorization: &str) -> Result<Self, Rejection> {
        let (algorithm, rest) = authorization
            .trim()
            .split_once(' ')
            .unwrap_or((authorization, ""));
        let mut parameters = Vec::new();
        for part in rest.split([',', ' ']).filter(|part| !part.is_empty()) {
            let Some(pair) = part.split_once('=') else {
                return Err(Rejection::Incomplete(format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed \
                     with SHA-256 and encoded with Base64): '{}'.",
                    hashed(authorization)
                )));
            };
            parameters.push(pair);
        }
        let get = |name: &str| {
            let found = parameters.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| *value)
        };
        let date = ["X-Amz-Date", "Date"]
            .iter()
            .find_map(|name| request.headers.get(name));
        let parts = (
            get("Credential"),
            get("SignedHeaders"),
            get("Signature"),
            date,
        );
        let (Some(credential), Some(signed_headers), Some(signature), Some(date)) = parts else {
            let mut problem = String::new();
            for name in ["Credential", "Signature", "SignedHeaders"] {
                if get(name).is_none() {
                    problem.push_str(&format!(
                        "Authorization header requires '{name}' parameter. "
                    ));
                }
            }
            if date.is_none() {
                problem.push_str(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                     header. ",
                );
            }
            problem.push_str(&format!(
                "(Hashed with SHA-256 and encoded with Base64) Authorization={}",
                hashed(authorization)
            ));
            return Err(Rejection::Incomplete(problem));
        };
        let token = request.headers.get("X-Amz-Security-Token");
        let texts = Texts {
            algorithm,
            credential,
            signed_headers,
            signature,
            date,
            token,
        };
        texts.read(Place::Header)
    }

    fn of_query<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Rejection> {
        const NEEDED: [&str; 5] = [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            SIGNATURE,
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
        ];
        let [
            Some(algorithm),
            Some(credential),
            Some(signature),
            Some(signed_headers),
            Some(date),
        ] = NEEDED.map(&get)
        else {
            let missing: String = NEEDED
                .iter()
                .filter(|name| get(name).is_none())
                .map(|name| format!("AWS query-string parameters must include '{name}'. "))
                .collect();
            let problem = format!("{missing}Re-examine the query-string parameters.");
            return Err(Rejection::Incomplete(problem));
        };
        // Those who sign for a browser leave the validity out (AUTHORIZER-70).
        let expires = match get("X-Amz-Expires") {
            None => SKEW,
            Some(text) => text
                .parse()
                .ok()
                .map(Duration::from_secs)
                .filter(|expires| !expires.is_zero() && *expires <= LONGEST_EXPIRES)
                .ok_or_else(|| {
                    Rejection::Incomplete(format!(
                        "X-Amz-Expires must be a number of seconds from 1 to {}, not '{text}'.",
                        LONGEST_EXPIRES.as_secs()
                    ))
                })?,
        };
        let texts = Texts {
            algorithm,
            credential,
            signed_headers,
            signature,
            date,
            token: get("X-Amz-Security-Token"),
        };
        texts.read(Place::Query { expires })
    }
}

/// The parts of a claim, wherever they stood.
struct Texts<'a> {
    algorithm: &'a str,
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
    date: &'a str,
    token: Option<&'a str>,
}

impl Texts<'_> {
    fn read(&self, place: Place) -> Result<Claim, Rejection> {
        if self.algorithm != ALGORITHM {
            let problem = format!("Unsupported AWS 'algorithm': '{}'.", self.algorithm);
            return Err(Rejection::Incomplete(problem));
        }
        let at = Timestamp::from_iso_8601_basic(self.date).ok_or_else(|| {
            Rejection::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See \
                 http://en.wikipedia.org/wiki/ISO_8601",
                self.date
            ))
        })?;
        let parts: Vec<&str> = self.credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts[..] else {
            return Err(Rejection::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{}'",
                self.credential
            )));
        };
        Ok(Claim {
            place,
            access_key_id: access_key_id.to_owned(),
            scope: Scope {
                date: date.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
                terminator: terminator.to_owned(),
            },
            signed_headers: self
                .signed_headers
                .split(';')
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: self.signature.to_owned(),
            token: self.token.map(str::to_owned),
            at,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            region,
            service,
            terminator,
        } = self;
        write!(f, "{date}/{region}/{service}/{terminator}")
    }
}

/// AWS shows what it was sent in a form that gives nothing away.
fn hashed(text: &str) -> String {
    base64::encode(&Sha256::digest(text.as_bytes()))
}
