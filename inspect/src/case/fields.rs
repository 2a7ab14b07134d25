//! Handshakes: what of a request is played back.

use std::collections::{BTreeMap, BTreeSet};

use spec::Api;
use spec::handshake::HandshakeRequest;

use super::path_of;

/// What must be known of an API to write down what its clients did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The path that clients connect to: `/` and the stage.
    base: String,
    /// The custom domains, in lower case; `*.` stands for one label.
    domains: Vec<String>,
    /// The header fields that `$connect` looks at, in small letters.
    headers: BTreeSet<String>,
    /// The parameters of the query string that it looks at.
    parameters: BTreeSet<String>,
}

/// A handshake as a step has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    /// A custom domain, of which `target` is the whole path.
    pub(super) host: Option<String>,
    /// Behind the stage's path, or the domain.
    pub(super) target: String,
    /// Header fields with their values, by name in small letters.
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// Where a signature was: `header` or `query`.
    pub(super) sign: Option<&'static str>,
    /// What lets its owner in, in words.
    pub(super) secrets: BTreeSet<String>,
}

/// Header fields that every client has, or that its way here adds: no function should care.
const COMMON: [&str; 22] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "dnt",
    "forwarded",
    "host",
    "pragma",
    "priority",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "te",
    "upgrade",
    "user-agent",
    "via",
    "x-amzn-trace-id",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
];
/// Beginnings of others.
const COMMON_BEGINNINGS: [&str; 2] = ["sec-fetch-", "sec-ch-"];
/// Header fields of a signature.
const SIGNATURE: [&str; 4] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];
/// How a signature's field begins.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Names, or parts of them, of what lets its owner in.
const SECRETS: [&str; 8] = [
    "authorization",
    "cookie",
    "api-key",
    "apikey",
    "token",
    "secret",
    "passw",
    "session",
];

impl Rules {
    /// Those of an API.
    pub fn of(api: &Api) -> Self {
        let connect = api.routes.get("$connect");
        let authorizer = connect.and_then(|route| route.authorizer_id.as_ref());
        let authorizer = authorizer.and_then(|id| api.authorizers.get(id));
        let sources = authorizer.into_iter().flat_map(|one| &one.identity_source);
        let parameters = connect
            .into_iter()
            .flat_map(|one| one.request_parameters.keys());
        let names = |kind: &str| {
            let all = sources.clone().chain(parameters.clone());
            let of_kind = all.filter_map(|text| {
                let (_, name) = text.split_once(&format!("route.request.{kind}."))?;
                Some(name.to_owned())
            });
            of_kind.collect::<BTreeSet<_>>()
        };
        let headers = names("header").into_iter();
        Self {
            base: format!("/{}", api.stage.stage_name),
            domains: api
                .api_mappings
                .iter()
                .map(|one| one.domain_name.clone())
                .collect(),
            headers: headers.map(|name| name.to_ascii_lowercase()).collect(),
            parameters: names("querystring"),
        }
    }

    /// What of a handshake is played back.
    ///
    /// # Errors
    /// Why it cannot be a step.
    pub(super) fn fields(&self, request: &HandshakeRequest) -> Result<Fields, String> {
        let host = request.host();
        let name = host
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut fields = Fields::default();
        if self.is_domain(&name) {
            fields.host = Some(name);
            fields.target.clone_from(&request.target);
        } else {
            let target = request.target.strip_prefix(&self.base);
            let target = target.filter(|rest| rest.is_empty() || rest.starts_with(['?', '/']));
            let target = target.ok_or_else(|| {
                let path = path_of(&request.target);
                format!(
                    "`{path}` is not below `{}`, where every case connects",
                    self.base
                )
            })?;
            target.clone_into(&mut fields.target);
        }
        self.unsign(&mut fields);
        let signed = request.headers.get("Authorization");
        if signed.is_some_and(|value| value.starts_with(ALGORITHM)) {
            fields.sign = Some("header");
        }
        for (name, value) in request.headers.iter() {
            let name = name.to_ascii_lowercase();
            let is_signature = fields.sign.is_some() && SIGNATURE.contains(&&*name);
            let is_common = COMMON.contains(&&*name)
                || COMMON_BEGINNINGS
                    .iter()
                    .any(|begin| name.starts_with(begin));
            if is_signature || (is_common && !self.headers.contains(&name)) {
                continue;
            }
            if self.headers.contains(&name) || is_secret(&name) {
                fields.secrets.insert(format!("the header field `{name}`"));
            }
            fields
                .headers
                .entry(name)
                .or_default()
                .push(value.to_owned());
        }
        for (name, _) in request.query() {
            let is_signature = name.to_ascii_lowercase().starts_with("x-amz-");
            if (self.parameters.contains(&name) || is_secret(&name)) && !is_signature {
                fields
                    .secrets
                    .insert(format!("the query string's `{name}`"));
            }
        }
        Ok(fields)
    }

    fn is_domain(&self, host: &str) -> bool {
        self.domains
            .iter()
            .any(|domain| match domain.strip_prefix("*.") {
                Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
                None => domain == host,
            })
    }

    /// Takes the signature out of the query string: the kit signs anew.
    fn unsign(&self, fields: &mut Fields) {
        let Some((path, query)) = fields.target.split_once('?') else {
            return;
        };
        let is_signature = |pair: &&str| pair.to_ascii_lowercase().starts_with("x-amz-");
        if !query
            .split('&')
            .any(|pair| pair.to_ascii_lowercase().starts_with("x-amz-signature="))
        {
            return;
        }
        let rest: Vec<&str> = query
            .split('&')
            .filter(|pair| !is_signature(pair))
            .collect();
        let query = match rest.is_empty() {
            true => String::new(),
            false => format!("?{}", rest.join("&")),
        };
        fields.target = format!("{path}{query}");
        fields.sign = Some("query");
    }
}

/// Whether a name is that of something that lets its owner in.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use spec::api::ApiMapping;
    use spec::http::Headers;

    use super::*;

    fn rules() -> Rules {
        Rules {
            base: "/prod".to_owned(),
            domains: vec!["chat.example.com".to_owned(), "*.example.org".to_owned()],
            headers: BTreeSet::from(["user-agent".to_owned()]),
            parameters: BTreeSet::from(["who".to_owned()]),
        }
    }

    fn request(target: &str, fields: &[(&str, &str)]) -> HandshakeRequest {
        HandshakeRequest {
            target: target.to_owned(),
            headers: Headers::from_iter(fields.iter().copied()),
            ..HandshakeRequest::default()
        }
    }

    #[test]
    fn what_every_client_has_is_left_out_unless_it_is_looked_at() {
        let request = request(
            "/prod?who=alice&x=1",
            &[
                ("Host", "localhost:3001"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Protocol", "chat"),
                ("User-Agent", "wscat"),
                ("Sec-Fetch-Mode", "websocket"),
                ("X-Room", "a"),
                ("x-room", "b"),
            ],
        );
        let fields = rules().fields(&request).expect("it is below the stage");
        assert_eq!((fields.host, &*fields.target), (None, "?who=alice&x=1"));
        let names: Vec<&String> = fields.headers.keys().collect();
        assert_eq!(names, ["sec-websocket-protocol", "user-agent", "x-room"]);
        assert_eq!(fields.headers["x-room"], ["a", "b"]);
        let secrets = ["the header field `user-agent`", "the query string's `who`"];
        assert_eq!(Vec::from_iter(fields.secrets), secrets);
    }

    #[rstest]
    #[case("/prod", &[("Authorization", "AWS4-HMAC-SHA256 Credential=x"), ("X-Amz-Date", "d")], "", Some("header"))]
    #[case("/prod?a=b&X-Amz-Date=d&X-Amz-Signature=s&c=d", &[], "?a=b&c=d", Some("query"))]
    #[case("/prod?X-Amz-Signature=s", &[], "", Some("query"))]
    #[case("/prod/?X-Amz-Date=s", &[], "/?X-Amz-Date=s", None)]
    fn a_signature_is_made_anew(
        #[case] target: &str,
        #[case] headers: &[(&str, &str)],
        #[case] left: &str,
        #[case] sign: Option<&str>,
    ) {
        let fields = rules()
            .fields(&request(target, headers))
            .expect("below the stage");
        assert_eq!((&*fields.target, fields.sign), (left, sign));
        assert!(fields.headers.is_empty(), "{:?}", fields.headers);
    }

    #[rstest]
    #[case("localhost", "/prodigy", None)]
    #[case("localhost", "/", None)]
    #[case("chat.example.com", "/a?b", Some("chat.example.com"))]
    #[case("EU.example.org:3001", "/a?b", Some("eu.example.org"))]
    #[case("example.org", "/a?b", None)]
    fn a_custom_domain_has_its_own_path(
        #[case] host: &str,
        #[case] target: &str,
        #[case] domain: Option<&str>,
    ) {
        let fields = rules().fields(&request(target, &[("host", host)]));
        assert_eq!(
            fields.ok().and_then(|fields| fields.host).as_deref(),
            domain
        );
    }

    #[test]
    fn an_api_says_what_its_authorizer_looks_at() {
        let mut api = Api::new("$request.body.action", "prod");
        api.api_mappings = vec![ApiMapping {
            domain_name: "chat.example.com".to_owned(),
            api_mapping_key: String::new(),
        }];
        let source = [
            "route.request.header.Token",
            "$request.querystring.who",
            "route.request.querystring.q",
        ];
        api.authorizers.insert(
            "a".to_owned(),
            spec::api::Authorizer {
                name: "a".to_owned(),
                authorizer_uri: String::new(),
                identity_source: source.map(str::to_owned).to_vec(),
                call_permission: spec::api::CallPermission::Granted,
            },
        );
        let connect = spec::api::Route {
            authorizer_id: Some("a".to_owned()),
            ..spec::api::Route::default()
        };
        api.routes.insert(spec::route::RouteKey::Connect, connect);
        let rules = Rules::of(&api);
        assert_eq!(rules.base, "/prod");
        assert_eq!(rules.domains, ["chat.example.com"]);
        assert_eq!(Vec::from_iter(rules.headers), ["token"]);
        assert_eq!(Vec::from_iter(rules.parameters), ["q"]);
    }
}
