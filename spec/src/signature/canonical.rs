//! The canonical form of a request, and its signature.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::Request;
use super::claim::{ALGORITHM, Claim, SIGNATURE, Scope};
use crate::http::Headers;
use crate::percent;

/// What is signed.
pub(super) struct Canonical {
    /// Method, path, query string, fields, names of the fields and hash of the body, a line each.
    pub(super) request: String,
    /// The hash of that, with time and scope.
    pub(super) string_to_sign: String,
}

/// How a scope ends.
pub(super) const TERMINATOR: &str = "aws4_request";

impl Canonical {
    /// The form of the request that came, as `claim` says that it was signed. The body counts as it
    /// is, whatever `X-Amz-Content-Sha256` says.
    pub(super) fn new(request: &Request<'_>, claim: &Claim) -> Self {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((request.target, ""));
        let mut text = format!(
            "{}\n{}\n{}\n",
            request.method,
            self::path(path),
            self::query(query)
        );
        for name in &claim.signed_headers {
            let _ = writeln!(text, "{name}:{}", value(request.headers, name));
        }
        let names = claim.signed_headers.join(";");
        let _ = write!(text, "\n{names}\n{}", hex(&Sha256::digest(request.body)));
        let string_to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            claim.at.iso_8601_basic(),
            claim.scope,
            hex(&Sha256::digest(text.as_bytes()))
        );
        Self {
            request: text,
            string_to_sign,
        }
    }
}

/// The signature of a string, with the key that is derived of the secret for a scope: 64
/// hexadecimal digits.
pub(super) fn signature(secret: &str, scope: &Scope, string_to_sign: &str) -> String {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [&scope.date, &scope.region, &scope.service, TERMINATOR] {
        key = mac(&key, part.as_bytes());
    }
    hex(&mac(&key, string_to_sign.as_bytes()))
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        // Keys may have any length. No key at all gives no signature that could be met.
        Err(_) => Vec::new(),
    }
}

/// The path as it was sent, without empty and dot segments, and encoded: also its percent signs, so
/// that what was encoded is so twice.
///
/// Realises: MANAGEMENT-33
fn path(sent: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in sent.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut path = String::from("/");
    for (position, segment) in segments.iter().enumerate() {
        if position > 0 {
            path.push('/');
        }
        path.push_str(&percent::encode(segment.as_bytes()));
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| sent.ends_with(end));
    if is_folder && !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// The parameters but the signature, decoded and encoded in one way, in order.
fn query(sent: &str) -> String {
    let mut parameters: Vec<(String, String)> = sent
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded_again(name), encoded_again(value))
        })
        .filter(|(name, _)| name != SIGNATURE)
        .collect();
    parameters.sort_unstable();
    let pairs: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// All values of a field, without what space is around and between their words.
fn value(headers: &Headers, name: &str) -> String {
    let values: Vec<String> = headers
        .iter()
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| {
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            words.join(" ")
        })
        .collect();
    values.join(",")
}

/// Byte by byte: text that is no UTF-8 must not become the same as other text that is none.
fn encoded_again(text: &str) -> String {
    percent::encode(&percent::decode_bytes(text, percent::Plus::Space))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // What botocore, the SDKs for Go and Rust and awscurl sign, and what AWS answered that it
    // expects (awscurl issue 61, Paw issue 23).
    #[rstest]
    #[case(
        "/test/@connections/atntqfjloAMCECg=",
        "/test/%40connections/atntqfjloAMCECg%3D"
    )]
    #[case(
        "/dev/%40connections/asnFYeJtCGYCEZQ%3D",
        "/dev/%2540connections/asnFYeJtCGYCEZQ%253D"
    )]
    #[case(
        "/production/@connections/QtN1PebGFiACG9g%3D",
        "/production/%40connections/QtN1PebGFiACG9g%253D"
    )]
    #[case("", "/")]
    #[case("/", "/")]
    #[case("/stage/", "/stage/")]
    #[case("//a/./b/../c//", "/a/c/")]
    #[case("/a/..", "/")]
    #[case("/~a_b-c.d", "/~a_b-c.d")]
    fn paths_are_encoded_once_more(#[case] sent: &str, #[case] expected: &str) {
        assert_eq!(path(sent), expected);
    }

    #[rstest]
    #[case("", "")]
    #[case("b=2&a=1", "a=1&b=2")]
    #[case("a=2&a=1&a", "a=&a=1&a=2")]
    #[case("a=x%20y&b=x+y&c=x/y", "a=x%20y&b=x%20y&c=x%2Fy")]
    #[case("a=%ff&b=%fe", "a=%FF&b=%FE")]
    #[case("a=%zz&&X-Amz-Signature=abc", "a=%25zz")]
    fn parameters_are_encoded_in_one_way(#[case] sent: &str, #[case] expected: &str) {
        assert_eq!(query(sent), expected);
    }

    #[test]
    fn values_are_joined_and_trimmed() {
        let headers = Headers::from_iter([("My", "  a   b "), ("other", "x"), ("mY", "c")]);
        assert_eq!(value(&headers, "my"), "a b,c");
        assert_eq!(value(&headers, "none"), "");
    }

    // AWS's own example of a derived key, from its page on the parts of a signature.
    #[test]
    fn the_published_key_is_derived() {
        let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        for part in ["20150830", "us-east-1", "iam", TERMINATOR] {
            key = mac(&key, part.as_bytes());
        }
        assert_eq!(
            hex(&key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }
}
