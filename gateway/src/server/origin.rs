//! Who may ask: a web page must not reach the gateway.
//!
//! A browser lets any page send requests to this machine. It says where a request comes from in
//! `Origin`, or at least in `Sec-Fetch-Site` (an image has no origin), and what the page called this
//! machine in `Host`. A page that only sends is refused by the first two; one that has made its own
//! name point here (DNS rebinding), and could read what it gets, by its `Host`. Handshakes may come
//! from any page, as on AWS: only their `Host` is checked.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::http1::Head;

/// The names by which this machine may be called.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Arc<Names>);

#[derive(Debug)]
struct Names {
    /// In lower case: the API's own name, custom domains, what `--allow-host` names.
    names: Vec<String>,
    /// The address listened on.
    address: IpAddr,
}

/// Whether a request may come from a web page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// As on AWS, from any page.
    Allowed,
    /// Only programs ask here.
    Refused,
}

/// Why a request is refused with 403. The text is the response's body, and a line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Host(String),
    /// A header that only browsers send.
    Page {
        header: &'static str,
        value: String,
    },
}

impl Hosts {
    /// The loopback names, `address`, and `names` without their ports.
    pub(crate) fn new(address: IpAddr, names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase());
        Self(Arc::new(Names {
            names: names.collect(),
            address: address.to_canonical(),
        }))
    }

    /// The loopback names only.
    pub(crate) fn loopback() -> Self {
        Self::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), [])
    }

    /// Why a request is refused, if it is. `known` is a `Host` that was let in before.
    pub(crate) fn refusal(
        &self,
        head: &Head,
        pages: Pages,
        known: Option<&str>,
    ) -> Option<Refusal> {
        // Every browser sends one; what does not is a program.
        if let Some(host) = head.headers.get("Host")
            && known != Some(host)
            && !self.contains(host)
        {
            return Some(Refusal::Host(host.to_owned()));
        }
        if pages == Pages::Allowed {
            return None;
        }
        // `none`: somebody typed the address.
        let site = head.headers.get("Sec-Fetch-Site");
        let site = site.filter(|site| *site != "none");
        let site = site.map(|site| ("Sec-Fetch-Site", site));
        let origin = head.headers.get("Origin").map(|origin| ("Origin", origin));
        let (header, value) = origin.or(site)?;
        Some(Refusal::Page {
            header,
            value: value.to_owned(),
        })
    }

    pub(super) fn contains(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let Names { names, address } = &*self.0;
        if let Ok(ip) = name.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            // An address is never a page's own name for this machine. If all of the machine's
            // addresses are listened on, each may be meant.
            return ip.is_loopback() || ip == *address || address.is_unspecified();
        }
        name == "localhost"
            || name.ends_with(".localhost")
            || names.iter().any(|one| is_of(name, one))
    }
}

/// Whether an address is of this machine only.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a name is another, whose `*.` stands for one label.
fn is_of(name: &str, other: &str) -> bool {
    match other.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == other,
    }
}

/// The name or the address of a `Host` header.
fn without_port(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => {
                let name = without_port(host);
                write!(
                    f,
                    "the request's `Host` header is `{host}`, which is no name of this gateway; if \
                     it is to be reached by this name, start it with `--allow-host {name}`"
                )
            }
            Self::Page { header, value } => write!(
                f,
                "the request comes from a web page (`{header}: {value}`), and web pages may only \
                 open WebSocket connections here"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::name("localhost")]
    #[case::port("localhost:3001")]
    #[case::case("LocalHost.:80")]
    #[case::below("api.localhost")]
    #[case::v4("127.0.0.1:1")]
    #[case::any_v4("127.9.9.9")]
    #[case::v6("[::1]:3001")]
    #[case::mapped("[::ffff:127.0.0.1]")]
    #[case::own_address("192.168.1.7:3001")]
    #[case::api("abc.execute-api.eu-west-1.amazonaws.com")]
    #[case::container("host.docker.internal:3001")]
    fn names_of_this_machine_are_let_in(#[case] host: &str) {
        assert!(hosts("192.168.1.7").contains(host));
    }

    #[rstest]
    #[case::page("evil.example")]
    #[case::rebound("evil.example:3001")]
    #[case::looks_local("localhost.evil.example")]
    #[case::looks_like_an_address("127.0.0.1.evil.example")]
    #[case::suffix("evillocalhost")]
    #[case::other_address("192.168.1.8")]
    #[case::other_api("other.execute-api.eu-west-1.amazonaws.com")]
    #[case::number("2130706433")]
    #[case::several("evil.example, localhost")]
    #[case::user("localhost@evil.example")]
    #[case::empty("")]
    fn other_names_are_not(#[case] host: &str) {
        assert!(!hosts("192.168.1.7").contains(host));
    }

    #[test]
    fn all_addresses_are_meant_where_all_are_listened_on() {
        let hosts = hosts("0.0.0.0");
        assert!(hosts.contains("192.168.1.8:3001") && hosts.contains("[fe80::1]"));
        assert!(!hosts.contains("evil.example"));
    }

    fn hosts(address: &str) -> Hosts {
        let names = [
            "abc.execute-api.eu-west-1.amazonaws.com",
            "Host.docker.internal",
        ];
        Hosts::new(address.parse().unwrap(), names.map(str::to_owned))
    }
}
