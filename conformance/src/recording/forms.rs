//! What a recording does not tell, by its form or by the field that it is in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::pattern::Kind;

/// What stands for something that is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: &'static str,
    /// What it is counted by; without it, all of the name are alike.
    pub(super) value: Option<String>,
    /// How much of the text it is.
    pub(super) length: usize,
    /// What is told all the same, behind it.
    pub(super) kept: &'static str,
}

/// How values that are not told are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Each value has a number.
    Each,
    /// All of a name are alike.
    Alike,
}

/// What is known by its form: name, form, whether its values are numbered.
const FORMS: [(&str, Kind, Count); 6] = [
    ("uuid", Kind::Uuid, Count::Each),
    ("trace", Kind::Trace, Count::Each),
    ("date", Kind::HttpDate, Count::Alike),
    ("clf", Kind::Clf, Count::Alike),
    ("iso", Kind::Iso, Count::Alike),
    ("millis", Kind::Millis, Count::Alike),
];
/// What is known by the field that it is in: the field, the name, whether its values are numbered.
pub(super) const FIELDS: [(&str, &str, Count); 13] = [
    ("Sec-WebSocket-Accept", "accept", Count::Each),
    ("Sec-WebSocket-Key", "key", Count::Each),
    ("integrationLatency", "latency", Count::Alike),
    ("responseLatency", "latency", Count::Alike),
    ("apiId", "api", Count::Each),
    ("x-amzn-apigateway-api-id", "api", Count::Each),
    ("principalOrgId", "organization", Count::Each),
    ("X-Amz-Security-Token", "token", Count::Alike),
    ("X-Amz-Signature", "signature", Count::Alike),
    ("Signature", "signature", Count::Alike),
    ("X-Amz-Policy", "policy", Count::Alike),
    ("CloudFront-Policy", "policy", Count::Alike),
    ("Policy", "policy", Count::Alike),
];
/// How the `=` of an id may be written.
const EQUALS: [&str; 7] = ["=", "%3D", "%3d", "%253D", "%253d", "\\u003d", "\\\\u003d"];
/// What is before a name in an ARN, with its slash as it is or in a URL.
const NAMED: [&str; 4] = ["user", "federated-user", "assumed-role", "role"];
/// What AWS's unique ids begin with: of users, roles, groups and instance profiles.
const UNIQUE: [&str; 4] = ["AIDA", "AROA", "AGPA", "AIPA"];

impl Found {
    fn alike(name: &'static str, length: usize) -> Self {
        Self {
            name,
            value: None,
            length,
            kept: "",
        }
    }

    pub(super) fn counted(name: &'static str, value: &str, length: usize) -> Self {
        Self {
            value: Some(value.to_owned()),
            ..Self::alike(name, length)
        }
    }

    fn of(name: &'static str, value: &str, count: Count) -> Self {
        match count {
            Count::Each => Self::counted(name, value, value.len()),
            Count::Alike => Self::alike(name, value.len()),
        }
    }
}

/// An IP address.
pub(super) fn address(text: &str, before: char) -> Option<Found> {
    if matches!(before, '.' | ':' | '-' | '_') {
        return None;
    }
    let four = text[..span(text, |c| c.is_ascii_digit() || c == '.')].trim_end_matches('.');
    if let Ok(address) = four.parse::<Ipv4Addr>() {
        let ends = !text[four.len()..].starts_with(is_of_a_word);
        return ends.then(|| Found::counted("ip", &IpAddr::V4(address).to_string(), four.len()));
    }
    let six = &text[..span(text, |c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))];
    let ends = !text[six.len()..].starts_with(is_of_a_word);
    let address = six.parse::<Ipv6Addr>().ok().filter(|_| ends)?;
    (six.len() > 2).then(|| Found::counted("ip", &address.to_string(), six.len()))
}

/// What is between an address and its port, which is digits.
pub(super) fn port(text: &str) -> Option<&'static str> {
    let sign = ["]:", ":", "%3A"]
        .into_iter()
        .find(|sign| text.starts_with(sign))?;
    let digits = span(&text[sign.len()..], |c| c.is_ascii_digit());
    (1..=5).contains(&digits).then_some(sign)
}

/// An account, an access key, a unique id with the session's name behind it, or a hash, of which a
/// signature is one.
pub(super) fn account_or_key(text: &str) -> Option<Found> {
    let word = &text[..span(text, |c| c.is_ascii_alphanumeric())];
    let is_of = |is: fn(u8) -> bool| word.bytes().all(is);
    let upper = is_of(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    match word.len() {
        12 if is_of(|c| c.is_ascii_digit()) => Some(Found::counted("account", word, 12)),
        20 if upper && (word.starts_with("AKIA") || word.starts_with("ASIA")) => {
            Some(Found::counted("access key", word, 20))
        }
        64 if is_of(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) => Some(Found::alike("hash", 64)),
        16.. if upper && UNIQUE.iter().any(|start| word.starts_with(start)) => {
            let behind = &text[word.len()..];
            let sign = [":", "%3A", "%253A"]
                .into_iter()
                .find(|sign| behind.starts_with(sign));
            let session = sign.map_or(0, |sign| sign.len() + value(&behind[sign.len()..]).len());
            let length = word.len() + session;
            Some(Found::counted("caller", &text[..length], length))
        }
        _ => None,
    }
}

/// What is known by its form.
pub(super) fn form(text: &str) -> Option<Found> {
    let begins = |length: usize| {
        let ends = !text.get(length..)?.starts_with(is_of_a_word);
        ends.then(|| &text[..length])
    };
    let id = text.get(..15).and_then(|digits| {
        let id = format!("{digits}=");
        let sign = EQUALS
            .into_iter()
            .find(|sign| text[15..].starts_with(sign))?;
        let length = 15 + sign.len();
        (Kind::Id.accepts(&id) && begins(length).is_some()).then(|| Found {
            kept: sign.strip_prefix('=').unwrap_or(sign),
            ..Found::counted("id", &id, length)
        })
    });
    let all = FORMS.into_iter().find_map(|(name, kind, count)| {
        let value = begins(kind.length()?).filter(|value| kind.accepts(value))?;
        Some(Found::of(name, value, count))
    });
    let stamp = || {
        let is_stamp = |text: &&str| {
            text.bytes().enumerate().all(|(at, c)| match at {
                8 => c == b'T',
                15 => c == b'Z',
                _ => c.is_ascii_digit(),
            })
        };
        begins(16)
            .filter(is_stamp)
            .map(|_| Found::alike("time", 16))
    };
    // The day in what a signature is for: `20261123/eu-central-1/execute-api/aws4_request`.
    let day = || {
        let behind = text.get(8..)?;
        let is_day = text.starts_with("20") && text.bytes().take(8).all(|c| c.is_ascii_digit());
        let ends = ["/", "%2F", "%252F"].iter().any(|s| behind.starts_with(s));
        (is_day && ends).then(|| Found::alike("day", 8))
    };
    all.or(id).or_else(stamp).or_else(day)
}

/// The value of a field whose name the text begins with.
pub(super) fn in_field(text: &str) -> Option<(usize, Found)> {
    let (field, name, count) = FIELDS.into_iter().find(|(field, ..)| {
        text.get(..field.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(field))
    })?;
    let behind = &text[field.len()..];
    let mut sign = span(behind, |c| "\\\":= ,[(".contains(c));
    if behind.starts_with("%3D") {
        sign = 3;
    }
    let signs = &behind[..sign];
    // Names in a list are no name and value.
    if !(signs.contains([':', '=', '%']) || signs.contains(", ")) {
        return None;
    }
    let value = value(&behind[sign..]);
    let fits = match name {
        "accept" => Kind::Accept.accepts(value),
        "key" => Kind::Key.accepts(value),
        "latency" => Kind::Number.accepts(value),
        _ => !value.is_empty() && value != "null" && !value.starts_with(['<', '{', '$']),
    };
    fits.then(|| (field.len() + sign, Found::of(name, value, count)))
}

/// The name of a user or role, in an ARN.
pub(super) fn name_in_arn(text: &str, before: char) -> Option<(usize, Found)> {
    // In a URL the colon may be an escape.
    let start = NAMED
        .into_iter()
        .filter(|_| matches!(before, ':' | '%'))
        .find_map(|name| {
            let behind = text.strip_prefix(name)?;
            let slash = ["/", "%2F", "%252F"]
                .into_iter()
                .find(|slash| behind.starts_with(slash))?;
            Some(name.len() + slash.len())
        })?;
    let name = value(&text[start..]);
    (!name.is_empty()).then(|| (start, Found::counted("name", name, name.len())))
}

/// Where a value ends.
fn value(text: &str) -> &str {
    &text[..span(text, |c| !c.is_whitespace() && !"\"\\'&,;)]}".contains(c))]
}

pub(super) fn span(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

pub(super) fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
