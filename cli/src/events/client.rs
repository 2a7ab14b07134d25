//! What the client sends: the handshake, a message, a close frame.

use clap::Args;
use spec::api::{AuthorizationType, KEY_FROM_HEADER};
use spec::handshake::HandshakeRequest;
use spec::http::Headers;
use spec::io::ClientClose;
use spec::route::RouteKey;
use spec::selection::SelectionExpression;
use spec::signature::{Caller, presign};
use spec::{Api, Timestamp, domain};

use crate::{Failure, text_or_file};

/// What the client sends.
#[derive(Args, Clone)]
pub(crate) struct ClientArgs {
    /// The message [default: one that selects the route].
    #[arg(long, value_name = "TEXT|@FILE")]
    message: Option<String>,
    /// A header of the handshake; may be repeated. It takes the place of one that clients send
    /// anyway; without a value, as in `Sec-WebSocket-Extensions:`, that is left out.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// The query string of the handshake, such as `room=a&token=b`.
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// The client's address.
    #[arg(long, value_name = "ADDRESS", default_value = "192.0.2.1")]
    source_ip: String,
    /// `domainName`: the host that the client names [default: the API's own].
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// The code of the client's close frame, for `$disconnect`: 1001 is a closed tab.
    #[arg(long, value_name = "CODE", default_value_t = 1001)]
    close_code: u16,
    /// The reason in the client's close frame.
    #[arg(long, value_name = "TEXT", default_value = "")]
    close_reason: String,
}

/// What every client sends, as browsers spell it.
const FIELDS: [(&str, &str); 5] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    (
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    ),
];

impl ClientArgs {
    /// Whether there is a message.
    pub(super) fn has_message(&self) -> bool {
        self.message.is_some()
    }

    /// The message that is given, or one that selects the route.
    pub(super) fn message(&self, api: &Api, key: Option<&RouteKey>) -> Result<String, Failure> {
        if let Some(message) = &self.message {
            return text_or_file(message);
        }
        let key = match key {
            None | Some(RouteKey::Default) => return Ok("{}".to_owned()),
            Some(key) => key.as_str(),
        };
        let expression = &api.route_selection_expression;
        let parsed = SelectionExpression::parse(expression).ok();
        let message = parsed.and_then(|parsed| parsed.smallest_message(key));
        message.ok_or_else(|| {
            Failure::usage(format!(
                "the message that `{expression}` makes `{key}` of is not known: give one, with \
                 `--message`"
            ))
        })
    }

    /// The close frame.
    pub(super) fn close(&self) -> ClientClose {
        ClientClose {
            code: Some(self.close_code),
            reason: self.close_reason.clone(),
        }
    }

    /// The request for an upgrade at `now`, and what was added to it so that `$connect` is reached.
    pub(super) fn handshake(
        &self,
        api: &Api,
        api_key: Option<&str>,
        now: Timestamp,
    ) -> (HandshakeRequest, Vec<String>) {
        let host = self
            .header
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = host
            .map(|(_, value)| value.clone())
            .or_else(|| self.domain.clone());
        let host = host.unwrap_or_else(|| default_domain(api));
        let mut headers = Headers::new();
        let is_given = |name: &str| {
            let mut given = self.header.iter();
            given.any(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        if !is_given("host") {
            headers.push("Host", host.as_str());
        }
        for (name, value) in FIELDS.iter().filter(|(name, _)| !is_given(name)) {
            headers.push(*name, *value);
        }
        let is_usual = |name: &str| {
            FIELDS
                .iter()
                .any(|(usual, _)| usual.eq_ignore_ascii_case(name))
        };
        for (name, value) in &self.header {
            if !value.is_empty() || !is_usual(name) {
                headers.push(name.as_str(), value.as_str());
            }
        }
        let query = self.query.clone().unwrap_or_default();
        let mut wants = Wants {
            headers,
            query,
            added: Vec::new(),
        };
        wants.fill(api, api_key);
        let Wants {
            headers,
            query,
            mut added,
        } = wants;
        let mut target = domain::base(api, &host);
        if !query.is_empty() {
            target = format!("{target}?{query}");
        }
        let connect = api.routes.get("$connect");
        let is_signed =
            target.contains("X-Amz-Signature=") || headers.get("Authorization").is_some();
        if connect.is_some_and(|route| route.authorization_type == AuthorizationType::AwsIam)
            && !is_signed
        {
            target = presign(
                &Caller::functions(api),
                &api.region,
                &host,
                &target,
                now,
                None,
            );
            added.push("`$connect` wants a signature: signed as the functions' role".to_owned());
        }
        let request = HandshakeRequest {
            method: "GET".to_owned(),
            target,
            headers,
            source_ip: self.source_ip.clone(),
        };
        (request, added)
    }
}

/// A request, and what it must have besides.
struct Wants {
    headers: Headers,
    query: String,
    added: Vec<String>,
}

impl Wants {
    /// Adds what the authorizer and `$connect` want to see, unless it is there.
    fn fill(&mut self, api: &Api, api_key: Option<&str>) {
        let Some(connect) = api.routes.get("$connect") else {
            return;
        };
        let custom = connect.authorization_type == AuthorizationType::Custom;
        let authorizer = connect.authorizer_id.as_ref().filter(|_| custom);
        let authorizer = authorizer.and_then(|id| api.authorizers.get(id));
        let sources = authorizer.into_iter().flat_map(|one| &one.identity_source);
        let required = connect.request_parameters.iter();
        let required = required
            .filter(|(_, required)| **required)
            .map(|(name, _)| name);
        for source in sources.chain(required) {
            if let Some(name) = source.strip_prefix("route.request.header.") {
                self.header(name, "VALUE");
            } else if let Some(name) = source.strip_prefix("route.request.querystring.") {
                self.parameter(name, "VALUE");
            }
        }
        if connect.api_key_required
            && api.api_key_selection_expression == KEY_FROM_HEADER
            && let Some(key) = api_key
        {
            self.header("x-api-key", key);
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        if self.headers.get(name).is_none_or(str::is_empty) {
            self.headers.set(name, value);
            let added = format!("`$connect` wants a header: added `--header '{name}: {value}'`");
            self.added.push(added);
        }
    }

    fn parameter(&mut self, name: &str, value: &str) {
        let mut pairs = self.query.split('&');
        if !pairs.any(|pair| pair.split('=').next() == Some(name)) {
            let before = std::mem::take(&mut self.query);
            let pairs = [before, format!("{name}={value}")];
            let pairs: Vec<String> = pairs.into_iter().filter(|pair| !pair.is_empty()).collect();
            self.query = pairs.join("&");
            let added = format!("`$connect` wants a parameter: added `--query '{name}={value}'`");
            self.added.push(added);
        }
    }
}

/// The API's own domain, or a custom one if that is disabled.
fn default_domain(api: &Api) -> String {
    let mapped = api
        .api_mappings
        .first()
        .filter(|_| api.disable_execute_api_endpoint);
    match mapped {
        Some(mapping) => mapping.domain_name.replacen('*', "www", 1),
        None => format!("{}.execute-api.{}.amazonaws.com", api.api_id, api.region),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let split = text
        .split_once(':')
        .map(|(name, value)| (name.trim(), value.trim()));
    match split {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be a name and a value, such as `token: hello`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("token: hello", Some(("token", "hello")))]
    #[case("Origin:http://localhost:3000", Some(("Origin", "http://localhost:3000")))]
    #[case("empty:", Some(("empty", "")))]
    #[case(": x", None)]
    #[case("token", None)]
    fn headers_are_read(#[case] text: &str, #[case] read: Option<(&str, &str)>) {
        let found = header(text).ok();
        let found = found.as_ref().map(|(name, value)| (&**name, &**value));
        assert_eq!(found, read);
    }
}
