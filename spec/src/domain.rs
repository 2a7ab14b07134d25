//! Custom domains: the address by which a request names the stage, which on a custom domain is the
//! key of a mapping.

use std::borrow::Cow;

use crate::api::{Api, ApiMapping};
use crate::percent::{Plus, decode};

/// Why an address leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// Its path is neither the stage's nor a mapping's.
    Path,
    /// It is that of the default endpoint, which the API has disabled.
    DisabledEndpoint,
}

/// What a host is to an API.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    /// The default endpoint: its paths begin with the stage.
    Default,
    /// A custom domain: its paths begin with the keys of its mappings.
    Custom,
    /// None that there is on AWS, such as `localhost`: it stands for all of them.
    Local,
}

/// The path and query string of a request as they are on the default endpoint: `/{stage}` in place
/// of the key of a custom domain's mapping. Of several keys that fit, the longest counts.
///
/// # Errors
/// The address does not lead to the stage.
///
/// Realises: HANDSHAKE-45, HANDSHAKE-47, HANDSHAKE-57, HANDSHAKE-58, HANDSHAKE-64,
/// MANAGEMENT-41
pub fn staged<'t>(api: &Api, host: &str, target: &'t str) -> Result<Cow<'t, str>, Astray> {
    // Without custom domains and with its default endpoint, every host is the API's.
    if api.api_mappings.is_empty() && !api.disable_execute_api_endpoint {
        return Ok(target.into());
    }
    let host = name(host);
    let kind = Host::new(api, &host);
    if kind != Host::Default {
        let mappings = api.api_mappings.iter();
        let of_host = mappings.filter(|one| kind == Host::Local || one.is_of(&host));
        let behind = of_host.filter_map(|one| behind(target, &one.api_mapping_key));
        if let Some(rest) = behind.min_by_key(|rest| rest.len()) {
            // The empty key takes every path, and on a local host the others are meant, too.
            if kind == Host::Custom || rest.len() < target.len() || is_bare(target) {
                return Ok(format!("/{}{rest}", api.stage.stage_name).into());
            }
        }
    }
    match (kind, api.disable_execute_api_endpoint) {
        (Host::Custom, _) => Err(Astray::Path),
        (_, true) => Err(match behind_stage(api, target) {
            Some(_) => Astray::DisabledEndpoint,
            None => Astray::Path,
        }),
        (_, false) => Ok(target.into()),
    }
}

/// The path that stands for the stage on a host: `/{stage}`, or the key of a mapping, which may be
/// nothing.
pub fn base(api: &Api, host: &str) -> String {
    let host = name(host);
    let kind = Host::new(api, &host);
    let mut mappings = api.api_mappings.iter();
    let mapping = match kind {
        Host::Custom => mappings.find(|one| one.is_of(&host)),
        Host::Local if api.disable_execute_api_endpoint => mappings.next(),
        Host::Default | Host::Local => None,
    };
    match mapping {
        Some(mapping) => mapping.path(),
        None => format!("/{}", api.stage.stage_name),
    }
}

/// Whether a host is a custom domain of the API.
pub(crate) fn is_custom(api: &Api, host: &str) -> bool {
    Host::new(api, &name(host)) == Host::Custom
}

impl ApiMapping {
    /// The path that leads to the stage; nothing if its key is empty.
    pub fn path(&self) -> String {
        match &*self.api_mapping_key {
            "" => String::new(),
            key => format!("/{key}"),
        }
    }

    /// Whether a host, in lower case and without its port, is the domain.
    ///
    /// Realises: HANDSHAKE-59
    pub fn is_of(&self, host: &str) -> bool {
        match self.domain_name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => host == self.domain_name,
        }
    }
}

impl Host {
    fn new(api: &Api, host: &str) -> Self {
        if api.api_mappings.iter().any(|one| one.is_of(host)) {
            return Self::Custom;
        }
        match host.contains(".execute-api.") {
            true => Self::Default,
            false => Self::Local,
        }
    }
}

/// The name in a `Host` header, in lower case, without a port and the root's dot.
fn name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// What stands behind a key at the beginning of a path: nothing, or more of it.
fn behind<'t>(target: &'t str, key: &str) -> Option<&'t str> {
    let mut rest = target;
    for segment in key.split('/').filter(|segment| !segment.is_empty()) {
        let below = rest.strip_prefix('/')?;
        let end = below.find(['/', '?']).unwrap_or(below.len());
        if decode(&below[..end], Plus::Literal) != segment {
            return None;
        }
        rest = &below[end..];
    }
    Some(rest)
}

/// Whether a path begins with nothing that could be a stage.
fn is_bare(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    path.is_empty() || path.starts_with("@connections/")
}

fn behind_stage<'t>(api: &Api, target: &'t str) -> Option<&'t str> {
    behind(target, &api.stage.stage_name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn api(mappings: &[(&str, &str)]) -> Api {
        let mut api = Api::new("$request.body.action", "prod");
        let mapping = |(domain, key): &(&str, &str)| ApiMapping {
            domain_name: (*domain).to_owned(),
            api_mapping_key: (*key).to_owned(),
        };
        api.api_mappings = mappings.iter().map(mapping).collect();
        api
    }

    const ALL: [(&str, &str); 5] = [
        ("a.example", "live"),
        ("a.example", "live/two"),
        ("b.example", ""),
        ("*.c.example", "live"),
        ("d.example", "prod"),
    ];

    #[rstest]
    #[case::key("a.example", "/live", Ok("/prod"))]
    #[case::port("A.example.:3001", "/live", Ok("/prod"))]
    #[case::query("a.example", "/live?a=/b", Ok("/prod?a=/b"))]
    #[case::slash("a.example", "/live/", Ok("/prod/"))]
    #[case::below("a.example", "/live/@connections/x", Ok("/prod/@connections/x"))]
    #[case::encoded("a.example", "/l%69ve", Ok("/prod"))]
    #[case::longest("a.example", "/live/two/@connections/x", Ok("/prod/@connections/x"))]
    #[case::longer("a.example", "/lively", Err(Astray::Path))]
    #[case::case("a.example", "/Live", Err(Astray::Path))]
    #[case::no_key("a.example", "/", Err(Astray::Path))]
    #[case::stage("a.example", "/prod", Err(Astray::Path))]
    #[case::empty_key("b.example", "/", Ok("/prod/"))]
    #[case::nothing("b.example", "?a=b", Ok("/prod?a=b"))]
    // MANAGEMENT-41: no method is found for `prod/@connections/x`.
    #[case::stage_on_a_domain("b.example", "/prod/@connections/x", Ok("/prod/prod/@connections/x"))]
    #[case::one_label("x.c.example", "/live", Ok("/prod"))]
    #[case::two_labels_are_local("x.y.c.example", "/other", Ok("/other"))]
    #[case::same_name("d.example", "/prod/@connections/x", Ok("/prod/@connections/x"))]
    #[case::default("x.execute-api.us-east-1.amazonaws.com", "/prod", Ok("/prod"))]
    #[case::key_on_default("x.execute-api.us-east-1.amazonaws.com", "/live", Ok("/live"))]
    #[case::local("localhost:3001", "/prod", Ok("/prod"))]
    #[case::key_on_local("localhost:3001", "/live/two", Ok("/prod"))]
    #[case::bare_on_local("localhost", "/?a=b", Ok("/prod/?a=b"))]
    #[case::call_on_local("localhost", "/@connections/x", Ok("/prod/@connections/x"))]
    fn the_key_of_a_mapping_stands_for_the_stage(
        #[case] host: &str,
        #[case] target: &str,
        #[case] expected: Result<&str, Astray>,
    ) {
        let found = staged(&api(&ALL), host, target);
        assert_eq!(found.as_deref().map_err(|astray| *astray), expected);
    }

    #[rstest]
    #[case::default(
        "x.execute-api.us-east-1.amazonaws.com",
        "/prod",
        Err(Astray::DisabledEndpoint)
    )]
    #[case::below("localhost", "/prod/@connections/x", Err(Astray::DisabledEndpoint))]
    #[case::other("localhost", "/other", Err(Astray::Path))]
    #[case::key_on_local("localhost", "/live", Ok("/prod"))]
    #[case::domain("a.example", "/live", Ok("/prod"))]
    fn a_disabled_endpoint_leaves_the_custom_domains(
        #[case] host: &str,
        #[case] target: &str,
        #[case] expected: Result<&str, Astray>,
    ) {
        let mut api = api(&ALL[..1]);
        api.disable_execute_api_endpoint = true;
        let found = staged(&api, host, target);
        assert_eq!(found.as_deref().map_err(|astray| *astray), expected);
    }

    #[test]
    fn the_base_is_the_stage_or_a_key() {
        let mut api = api(&ALL);
        let bases = [
            "localhost",
            "x.execute-api.example",
            "a.example:1",
            "b.example",
        ];
        let of = |api: &Api| bases.map(|host| base(api, host));
        assert_eq!(of(&api), ["/prod", "/prod", "/live", ""]);
        api.disable_execute_api_endpoint = true;
        assert_eq!(base(&api, "localhost"), "/live");
    }
}
