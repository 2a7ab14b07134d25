//! URIs as `java.net.URI` takes them apart: RFC 2396, with letters beyond ASCII. What `$schema`,
//! `$ref`, `id` and the format `uri` are held to.

use std::borrow::Cow;

/// The parts of a URI, still encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri<'a> {
    scheme: Option<&'a str>,
    /// What stands behind the scheme of a URI such as `urn:a:b`.
    opaque: bool,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

const UNRESERVED: &str = "_-!.~*'()";
const PATH: &str = ":@&=+$,;/";
const URIC: &str = ";/?:@&=+$,[]";
const USER_INFO: &str = ";:&=+$,";
const NAME: &str = "$,;:@&=+";

impl<'a> Uri<'a> {
    /// Takes a text apart; `None` when it is no URI.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        if !fragment.is_none_or(|fragment| made_of(fragment, URIC)) {
            return None;
        }
        let (scheme, rest) = match rest.find([':', '/', '?']) {
            Some(end) if rest[end..].starts_with(':') => (Some(&rest[..end]), &rest[end + 1..]),
            _ => (None, rest),
        };
        let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if let Some(scheme) = scheme
            && !(scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(of_scheme))
        {
            return None;
        }
        let mut uri = Self {
            scheme,
            opaque: scheme.is_some() && !rest.starts_with('/'),
            authority: None,
            path: rest,
            query: None,
            fragment,
        };
        if uri.opaque {
            return (!rest.is_empty() && made_of(rest, URIC)).then_some(uri);
        }
        uri.hierarchy(rest)?;
        Some(uri)
    }

    fn hierarchy(&mut self, rest: &'a str) -> Option<()> {
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        self.query = query;
        self.path = rest;
        if let Some(behind) = rest.strip_prefix("//") {
            let end = behind.find('/').unwrap_or(behind.len());
            let (authority, path) = behind.split_at(end);
            if authority.is_empty() && path.is_empty() && query.is_none() && self.fragment.is_none()
            {
                return None;
            }
            if !authority.is_empty() {
                self.authority = Some(authority);
            }
            self.path = path;
        }
        let valid = self.authority.is_none_or(is_authority)
            && made_of(self.path, PATH)
            && query.is_none_or(|query| made_of(query, URIC));
        valid.then_some(())
    }

    /// Whether its path is as short as it can be said.
    pub(super) fn is_normal(&self) -> bool {
        self.opaque || normalized(self.path) == self.path
    }

    /// The text behind `#`, decoded.
    pub(super) fn fragment(&self) -> Cow<'a, str> {
        self.fragment.map_or(Cow::Borrowed(""), decode)
    }

    /// The text without `#` and what follows it, normalized.
    pub(super) fn locator(&self) -> String {
        let mut text = String::new();
        if let Some(scheme) = self.scheme {
            text.push_str(&scheme.to_ascii_lowercase());
            text.push(':');
        }
        if self.opaque {
            text.push_str(self.path);
            return text;
        }
        if let Some(authority) = self.authority {
            text.push_str("//");
            text.push_str(&match self.scheme {
                Some(_) => authority.to_ascii_lowercase(),
                None => authority.to_owned(),
            });
        }
        text.push_str(&normalized(self.path));
        if let Some(query) = self.query {
            text.push('?');
            text.push_str(query);
        }
        text
    }

    /// The locator of what `reference` means inside of this document.
    pub(super) fn resolve(&self, reference: &Uri<'_>) -> String {
        let only_fragment = reference.scheme.is_none()
            && reference.authority.is_none()
            && reference.path.is_empty()
            && reference.query.is_none();
        if only_fragment && reference.fragment.is_some() {
            return self.locator();
        }
        if reference.scheme.is_some() || self.opaque {
            return reference.locator();
        }
        let path = if reference.authority.is_some() || reference.path.starts_with('/') {
            reference.path.to_owned()
        } else {
            let folder = self.path.rfind('/').map_or("", |end| &self.path[..=end]);
            [folder, reference.path].concat()
        };
        let resolved = Uri {
            scheme: self.scheme,
            opaque: false,
            authority: reference.authority.or(self.authority),
            path: &path,
            query: reference.query,
            fragment: None,
        };
        resolved.locator()
    }
}

/// Whether a text is made of letters, digits, `others`, escapes and visible characters beyond
/// ASCII.
fn made_of(text: &str, others: &str) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let taken = match c {
            '%' => {
                let digits = rest.as_str().as_bytes().get(..2);
                let escape = digits.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
                if escape {
                    rest.next();
                    rest.next();
                }
                escape
            }
            c if c.is_ascii() => {
                c.is_ascii_alphanumeric() || UNRESERVED.contains(c) || others.contains(c)
            }
            c => !is_invisible(c),
        };
        if !taken {
            return false;
        }
    }
    true
}

/// Java's `isSpaceChar` or `isISOControl` beyond ASCII.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}'
        | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// A registry's name, or a server whose address is between brackets.
fn is_authority(text: &str) -> bool {
    if made_of(text, NAME) {
        return true;
    }
    let (user, server) = text.rsplit_once('@').unwrap_or(("", text));
    let Some((address, port)) = server
        .strip_prefix('[')
        .and_then(|server| server.split_once(']'))
    else {
        return false;
    };
    let port = port
        .strip_prefix(':')
        .unwrap_or(if port.is_empty() { "0" } else { "x" });
    let (address, scope) = match address.split_once('%') {
        Some((address, scope)) => (address, Some(scope)),
        None => (address, None),
    };
    let of_scope = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
    made_of(user, USER_INFO)
        && (port.is_empty() || (is_digits(port) && port.parse::<i32>().is_ok()))
        && scope.is_none_or(|scope| !scope.is_empty() && scope.bytes().all(of_scope))
        && is_ipv6(address)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Groups of up to four hexadecimal digits, the last two as an IPv4 address if need be, with at
/// most one gap that stands for zeros.
fn is_ipv6(text: &str) -> bool {
    let groups = |text: &str| -> Option<usize> {
        let (mut count, mut parts) = (0, text.split(':').peekable());
        if text.is_empty() {
            return Some(0);
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() && part.contains('.') {
                let octets: Vec<_> = part.split('.').collect();
                let octet = |text: &&str| {
                    !text.is_empty()
                        && is_digits(text)
                        && text.parse::<u32>().is_ok_and(|n| n < 256)
                };
                return (octets.len() == 4 && octets.iter().all(octet)).then_some(count + 2);
            }
            let hexadecimal = part.bytes().all(|byte| byte.is_ascii_hexdigit());
            if part.is_empty() || part.len() > 4 || !hexadecimal {
                return None;
            }
            count += 1;
        }
        Some(count)
    };
    match text.split_once("::") {
        Some((before, behind)) => {
            let before = (!before.contains('.')).then(|| groups(before)).flatten();
            before.zip(groups(behind)).is_some_and(|(a, b)| a + b < 8)
        }
        None => groups(text) == Some(8),
    }
}

/// A path without `.`, `..` and double slashes, as far as they can go.
fn normalized(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut ends_with_slash = path.ends_with('/');
    for (at, part) in parts.iter().enumerate() {
        let last = at + 1 == parts.len();
        match *part {
            "." => ends_with_slash |= last,
            ".." if segments.last().is_some_and(|segment| *segment != "..") => {
                segments.pop();
                ends_with_slash |= last;
            }
            part => segments.push(part),
        }
    }
    if !absolute
        && segments.first().is_some_and(|first| first.contains(':'))
        && path.starts_with('.')
    {
        segments.insert(0, ".");
    }
    let joined = segments.join("/");
    let start = if absolute { "/" } else { "" };
    let end = if ends_with_slash && !joined.is_empty() {
        "/"
    } else {
        ""
    };
    [start, &joined, end].concat()
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", true)]
    #[case("http:", false)]
    #[case("http://", false)]
    #[case("http:///x", true)]
    #[case("http://[::1]:80/", true)]
    #[case("http://[::1%lo]/", true)]
    #[case("http://[::1/", false)]
    #[case("http://a_b:c/", true)]
    #[case("http://a/%4", false)]
    #[case("#a#b", false)]
    #[case("urn:x:y", true)]
    #[case("é", true)]
    #[case("a\u{a0}", false)]
    #[case("1:b", false)]
    fn is_a_uri(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(Uri::parse(text).is_some(), valid);
    }

    #[rstest]
    #[case("a/../b", false)]
    #[case("a//b", false)]
    #[case("../a", true)]
    #[case("./a:b", true)]
    #[case("a/.", false)]
    #[case("/a/b/", true)]
    #[case("urn:a//b", true)]
    fn is_normal(#[case] text: &str, #[case] normal: bool) {
        assert_eq!(Uri::parse(text).unwrap().is_normal(), normal);
    }

    #[rstest]
    #[case("", "#/a", "")]
    #[case("", "", "")]
    #[case("http://x/a/b", "c", "http://x/a/c")]
    #[case("http://x/a/b", "/c#d", "http://x/c")]
    #[case("foo", "#/definitions/a", "foo")]
    fn resolves(#[case] base: &str, #[case] reference: &str, #[case] locator: &str) {
        let base = Uri::parse(base).unwrap();
        assert_eq!(base.resolve(&Uri::parse(reference).unwrap()), locator);
    }
}
