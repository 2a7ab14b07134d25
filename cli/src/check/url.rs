//! The URLs among the arguments: what could never be connected to is refused when it is read, not
//! once for every case.

use std::net::Ipv6Addr;

/// Where clients connect to.
///
/// # Errors
/// Another scheme, or no host.
pub(super) fn ws(text: &str) -> Result<String, String> {
    check(text, ["ws", "wss"])
}

/// Where an `@connections` API is. Paths are put behind it.
///
/// # Errors
/// Another scheme, no host, or a query string.
pub(super) fn http(text: &str) -> Result<String, String> {
    if text.contains('?') {
        return Err(format!(
            "`{text}` has a query string: it must end with the stage"
        ));
    }
    check(text, ["http", "https"])
}

fn check(text: &str, schemes: [&str; 2]) -> Result<String, String> {
    let [plain, tls] = schemes;
    let rest = text
        .split_once("://")
        .filter(|(scheme, _)| schemes.contains(scheme))
        .map(|(_, rest)| rest)
        .ok_or_else(|| format!("`{text}` must begin with {plain}:// or {tls}://"))?;
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic() || *c == '#') {
        return Err(format!(
            "`{text}` has {odd:?}, which cannot be in this URL: encode it"
        ));
    }
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    if authority.contains('@') {
        return Err(format!("`{text}` has a user before the host: leave it out"));
    }
    // A port stands behind the last colon, unless that is inside an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if let Some(port) = port
        && port.parse::<u16>().is_err()
    {
        return Err(format!(
            "`{text}` has no port `{port}`: ports are 0 to 65535"
        ));
    }
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inside {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '[', ']']),
    };
    if is_host {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` has no host, or an IPv6 address without its brackets"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_connected_to_is_taken_as_it_is() {
        for url in [
            "ws://127.0.0.1:3001/stage",
            "wss://a.example/stage?x=/y:z@",
            "ws://[::1]:1/x",
            "wss://[::1]",
            "ws://localhost",
        ] {
            assert_eq!(ws(url), Ok(url.to_owned()));
        }
        for url in ["http://127.0.0.1:1/x/test", "https://a.example/stage"] {
            assert_eq!(http(url), Ok(url.to_owned()));
        }
    }

    #[test]
    fn what_cannot_is_refused_with_the_reason() {
        for (url, reason) in [
            ("http://a/stage", "must begin with ws:// or wss://"),
            ("127.0.0.1:1", "must begin with ws:// or wss://"),
            ("", "must begin with ws:// or wss://"),
            ("ws://", "has no host"),
            ("ws:///stage", "has no host"),
            ("ws://:1/stage", "has no host"),
            ("ws://::1/stage", "has no host"),
            ("ws://[::1/stage", "has no host"),
            ("ws://[x]/stage", "has no host"),
            ("ws://a:b/stage", "no port `b`"),
            ("ws://a:/stage", "no port ``"),
            ("ws://a:65536/stage", "no port `65536`"),
            ("ws://me:secret@a/stage", "a user before the host"),
            ("ws://a b/stage", "' '"),
            ("ws://a/stage#x", "'#'"),
            ("ws://ä/stage", "'ä'"),
        ] {
            let problem = ws(url).unwrap_err();
            assert!(problem.contains(reason), "{url}: {problem}");
        }
        let problem = http("wss://a/stage").unwrap_err();
        assert!(
            problem.contains("must begin with http:// or https://"),
            "{problem}"
        );
        let problem = http("https://a/stage?x").unwrap_err();
        assert!(problem.contains("a query string"), "{problem}");
    }
}
