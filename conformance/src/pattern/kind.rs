//! The forms that a hole can want of its text.

use std::net::IpAddr;

/// A hole's demand on the text that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    /// A connection, request or message id.
    Id,
    /// An id whose twelfth character is that of connections and messages.
    IdC,
    /// An id whose twelfth character is that of requests.
    IdF,
    /// An IP address, without a port.
    Ip,
    /// A UUID.
    Uuid,
    /// Common log format time.
    Clf,
    /// ISO 8601 with milliseconds.
    Iso,
    /// Digits.
    Number,
    /// A time as HTTP's header field `Date` has it.
    HttpDate,
    /// Milliseconds since 1970, of this century.
    Millis,
    /// What `X-Amzn-Trace-Id` has behind `Root=`.
    Trace,
    /// A `Sec-WebSocket-Key`.
    Key,
    /// A `Sec-WebSocket-Accept`.
    Accept,
}

/// The digits of ids.
pub(super) const BASE64_URL: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Kind {
    /// The kind that a case calls so.
    ///
    /// # Errors
    /// A name of none.
    pub(crate) fn of_name(name: &str) -> Result<Self, String> {
        Ok(match name {
            "any" => Self::Any,
            "id" => Self::Id,
            "id-c" => Self::IdC,
            "id-f" => Self::IdF,
            "ip" => Self::Ip,
            "uuid" => Self::Uuid,
            "clf" => Self::Clf,
            "iso" => Self::Iso,
            "number" => Self::Number,
            other => {
                return Err(format!(
                    "`{other}` is no kind of hole (any, id, id-c, id-f, ip, uuid, clf, iso, number)"
                ));
            }
        })
    }

    /// How long a text of this kind is, where that is known.
    pub(crate) fn length(self) -> Option<usize> {
        match self {
            Self::Any | Self::Ip | Self::Number => None,
            Self::Id | Self::IdC | Self::IdF => Some(16),
            Self::Uuid => Some(36),
            Self::Clf => Some(26),
            Self::Iso => Some(24),
            Self::HttpDate => Some(29),
            Self::Millis => Some(13),
            Self::Trace => Some(35),
            Self::Key => Some(24),
            Self::Accept => Some(28),
        }
    }

    /// Whether a text is of this kind.
    pub(crate) fn accepts(self, text: &str) -> bool {
        let shape = |form: &str| {
            text.len() == form.len()
                && text.bytes().zip(form.bytes()).all(|(c, f)| match f {
                    b'0' => c.is_ascii_digit(),
                    b'a' => c.is_ascii_alphabetic(),
                    b'x' => c.is_ascii_hexdigit() && !c.is_ascii_uppercase(),
                    _ => c == f,
                })
        };
        match self {
            Self::Any => true,
            Self::Id => {
                text.len() == 16
                    && text.ends_with('=')
                    && text[..15]
                        .bytes()
                        .all(|c| BASE64_URL.as_bytes().contains(&c))
            }
            Self::IdC => Self::Id.accepts(text) && text.as_bytes()[11] == b'C',
            Self::IdF => Self::Id.accepts(text) && text.as_bytes()[11] == b'F',
            Self::Ip => text.parse::<IpAddr>().is_ok(),
            Self::Uuid => shape("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
            Self::Clf => shape("00/aaa/0000:00:00:00 +0000"),
            Self::Iso => shape("0000-00-00T00:00:00.000Z"),
            Self::Number => !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit()),
            Self::HttpDate => shape("aaa, 00 aaa 0000 00:00:00 GMT"),
            Self::Millis => shape("0000000000000") && matches!(text.as_bytes()[0], b'1'..=b'4'),
            Self::Trace => shape("x-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx"),
            Self::Key => text
                .strip_suffix("==")
                .is_some_and(|rest| is_base64(rest, 22)),
            Self::Accept => text
                .strip_suffix('=')
                .is_some_and(|rest| is_base64(rest, 27)),
        }
    }
}

fn is_base64(text: &str, length: usize) -> bool {
    let digits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    text.len() == length && text.bytes().all(digits)
}
