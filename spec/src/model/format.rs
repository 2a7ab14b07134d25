//! Formats: which ones the validator asserts, and what it says. All others only warn.
//!
//! Realises: ROUTE-50

mod address;
mod date;
mod email;

use std::borrow::Cow;

use velocity::Text;

use super::message::{Out, text};
use super::pattern::Pattern;
use super::types::Dialect;
use super::uri::Uri;
use crate::json::node::Value;

/// A format that is asserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Base64,
    /// Draft 3 only.
    Date,
    DateTime,
    Email,
    /// Hexadecimal digits, so many.
    Hex(usize),
    Hostname,
    Ipv4,
    Ipv6,
    JsonPointer,
    Mac,
    Regex,
    /// Draft 3 only.
    Time,
    Uri,
    Uuid,
}

impl Format {
    /// The format of a name, if the draft knows it and asserts it.
    pub(super) fn named(name: &str, dialect: Dialect) -> Option<Self> {
        Some(match (name, dialect) {
            ("base64", _) => Self::Base64,
            ("date-time", _) => Self::DateTime,
            ("email", _) => Self::Email,
            ("ipv6", _) => Self::Ipv6,
            ("json-pointer", _) => Self::JsonPointer,
            ("mac", _) => Self::Mac,
            ("md5", _) => Self::Hex(32),
            ("regex", _) => Self::Regex,
            ("sha1", _) => Self::Hex(40),
            ("sha256", _) => Self::Hex(64),
            ("sha512", _) => Self::Hex(128),
            ("uri", _) => Self::Uri,
            ("uuid", _) => Self::Uuid,
            ("hostname", Dialect::Draft4) | ("host-name", Dialect::Draft3) => Self::Hostname,
            ("ipv4", Dialect::Draft4) | ("ip-address", Dialect::Draft3) => Self::Ipv4,
            ("date", Dialect::Draft3) => Self::Date,
            ("time", Dialect::Draft3) => Self::Time,
            _ => return None,
        })
    }

    /// Whether the draft knows the name without asserting anything of texts that we could check.
    pub(super) fn is_silent(name: &str, dialect: Dialect) -> bool {
        // `phone` is libphonenumber's business: not asserted here.
        dialect == Dialect::Draft3 && matches!(name, "phone" | "utc-millisec")
    }

    /// What is wrong with a value; nothing with what is no text.
    pub(super) fn check(self, value: &Value<'_>) -> Option<Text<'static>> {
        let Value::String(given) = value else {
            return None;
        };
        // Half a pair of surrogates is a letter beyond ASCII that no format asks for.
        let lossy = match given.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(String::from_utf16_lossy(&given.units())),
        };
        let valid = match self {
            Self::Base64 => return base64(given),
            Self::Hex(length) => return hexadecimal(given, length),
            Self::Date => date::is_date(&lossy),
            Self::DateTime => date::is_date_time(&lossy),
            Self::Email => email::is_email(&lossy),
            Self::Hostname => address::is_hostname(&lossy),
            Self::Ipv4 => address::ip_bytes(&lossy) == Some(4),
            Self::Ipv6 => address::ip_bytes(&lossy) == Some(16),
            Self::JsonPointer => is_json_pointer(&lossy),
            Self::Mac => is_mac(&lossy),
            Self::Regex => Pattern::parse(given).is_ok(),
            Self::Time => date::is_time(&lossy),
            Self::Uri => Uri::parse(&lossy).is_some(),
            Self::Uuid => is_uuid(&lossy),
        };
        (!valid).then(|| self.problem(given))
    }

    fn problem(self, given: &Text<'_>) -> Text<'static> {
        let kind = match self {
            Self::Email => "email address",
            Self::Hostname => "hostname",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Uri => "URI",
            Self::Regex => "ECMA 262 regular expression",
            Self::JsonPointer => "JSON Pointer",
            Self::Mac => "MAC address",
            Self::Uuid => "UUID",
            _ => "",
        };
        let dates = match self {
            Self::Date => "yyyy-MM-dd",
            Self::Time => "HH:mm:ss",
            _ => "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]",
        };
        let mut out = Out::new();
        match self {
            Self::Email | Self::Hostname | Self::Ipv4 | Self::Ipv6 | Self::Uri | Self::Regex => {
                out.str("string \"")
                    .text(given)
                    .str("\" is not a valid ")
                    .str(kind);
            }
            Self::Date | Self::Time | Self::DateTime => {
                let against = "\" is invalid against requested date format(s) ";
                out.str("string \"").text(given).str(against).str(dates);
            }
            _ => {
                out.str("input string \"")
                    .text(given)
                    .str("\" is not a valid ")
                    .str(kind);
            }
        }
        out.done()
    }
}

/// Base64 is held to its length and its letters; what stands before the padding is not looked at.
fn base64(given: &Text<'_>) -> Option<Text<'static>> {
    let units = given.units();
    if !units.len().is_multiple_of(4) {
        let length = units.len();
        return Some(text(format!(
            "input has illegal length (must be a multiple of 4, found {length})"
        )));
    }
    let stripped = given.to_str();
    // `==?$` of Java, whose end is also before a last line break.
    let line = ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
        .iter()
        .find_map(|end| stripped.strip_suffix(end).map(|body| (body, *end)));
    let (body, end) = line.unwrap_or((&stripped, ""));
    let bare = body.strip_suffix("==").or_else(|| body.strip_suffix('='));
    let checked = match bare {
        Some(bare) => [bare, end].concat(),
        None => stripped.clone().into_owned(),
    };
    let in_alphabet = |unit: u16| {
        u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
    };
    let index = checked.encode_utf16().position(|unit| !in_alphabet(unit))?;
    // The library takes the character of the whole text.
    illegal(&units, index, " at index ", " (not in Base64 alphabet)")
}

fn hexadecimal(given: &Text<'_>, length: usize) -> Option<Text<'static>> {
    let units = given.units();
    if units.len() != length {
        let found = units.len();
        return Some(text(format!(
            "input string has incorrect length ({found}, expected {length})"
        )));
    }
    let is_digit = |unit: u16| u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_hexdigit());
    let index = units.iter().position(|&unit| !is_digit(unit))?;
    illegal(&units, index, " in input at index ", "")
}

fn illegal(units: &[u16], index: usize, between: &str, end: &str) -> Option<Text<'static>> {
    let mut out = Out::new();
    out.str("illegal character \"");
    out.text(&Text::from_units(units.get(index..=index)?));
    out.str("\"").str(between).str(&index.to_string()).str(end);
    Some(out.done())
}

fn is_json_pointer(text: &str) -> bool {
    let escaped = |token: &str| {
        let mut parts = token.split('~');
        parts.next();
        parts.all(|behind| behind.starts_with(['0', '1']))
    };
    text.is_empty() || text.starts_with('/') && text.split('/').all(escaped)
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    let pair = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    parts.len() == 6 && parts.iter().all(pair)
}

/// `UUID.fromString`: five groups of hexadecimal digits, each a `long`.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let part = |part: &&str| {
        let digits = part.strip_prefix('+').unwrap_or(part);
        !digits.starts_with('+') && i64::from_str_radix(digits, 16).is_ok()
    };
    text.encode_utf16().count() <= 36 && parts.len() == 5 && parts.iter().all(part)
}
