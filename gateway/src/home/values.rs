//! Values of environment variables that name the API by its own host.

use super::Lead;

/// A host in a text.
struct Host<'t> {
    /// In lower case, without the root's dot.
    name: String,
    /// A port behind it.
    port: Option<&'t str>,
    /// Where the host and its port are.
    span: std::ops::Range<usize>,
}

/// A text with the addresses that these names lead to in their place, where they have no port, the
/// one of `https://`, or the address's own.
pub(super) fn led(value: &str, leads: &[Lead]) -> String {
    let mut led = String::with_capacity(value.len());
    let mut copied = 0;
    for host in hosts(value) {
        let Some(Lead { address, .. }) = leads.iter().find(|lead| lead.name == host.name) else {
            continue;
        };
        let is_own = |port: &str| port == "443" || port == address.port().to_string();
        if host.port.is_none_or(is_own) {
            led.push_str(&value[copied..host.span.start]);
            led.push_str(&address.to_string());
            copied = host.span.end;
        }
    }
    led.push_str(&value[copied..]);
    led
}

/// The hosts of other APIs that a text names.
pub(super) fn other_apis(value: &str, leads: &[Lead]) -> Vec<String> {
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    let all = hosts(value).into_iter().map(|host| host.name);
    let apis = all.filter(|name| {
        name.contains(".execute-api.") && ends.iter().any(|end| name.ends_with(end))
    });
    apis.filter(|name| leads.iter().all(|lead| lead.name != *name))
        .collect()
}

/// Everything that could be a host.
fn hosts(value: &str) -> Vec<Host<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let mut hosts = Vec::new();
    let mut at = 0;
    while let Some(begin) = value[at..].find(is_part) {
        let start = at + begin;
        let rest = &value[start..];
        let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let behind = &rest[name.len()..];
        let port = behind.strip_prefix(':').map(|digits| {
            let end = digits.find(|c: char| !c.is_ascii_digit());
            &digits[..end.unwrap_or(digits.len())]
        });
        let port = port.filter(|port| !port.is_empty());
        at = start + name.len() + port.map_or(0, |port| port.len() + 1);
        hosts.push(Host {
            name: name.trim_end_matches('.').to_ascii_lowercase(),
            port,
            span: start..at,
        });
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const API: &str = "abc.execute-api.eu-west-1.amazonaws.com";

    fn leads() -> Vec<Lead> {
        let names = [API.to_owned(), format!("{API}.cn"), "a.example".to_owned()];
        let gateway = Lead::all(names, "127.0.0.1:3001".parse().unwrap());
        let names = ["dynamodb.eu-west-1.amazonaws.com".to_owned()];
        let database = Lead::all(names, "127.0.0.1:3002".parse().unwrap());
        gateway.chain(database).collect()
    }

    #[rstest]
    #[case::url("https://API/prod", "https://GATEWAY/prod")]
    #[case::scheme_of_clients("wss://API/prod/", "wss://GATEWAY/prod/")]
    #[case::no_scheme("API/prod", "GATEWAY/prod")]
    #[case::host("API", "GATEWAY")]
    #[case::case("https://Abc.Execute-API.eu-west-1.amazonaws.com", "https://GATEWAY")]
    #[case::root("https://API./prod", "https://GATEWAY/prod")]
    #[case::longer_name("https://API.cn/prod", "https://GATEWAY/prod")]
    #[case::named("https://a.example/prod", "https://GATEWAY/prod")]
    #[case::port("https://API:443/prod", "https://GATEWAY/prod")]
    #[case::own_port("https://API:3001/prod", "https://GATEWAY/prod")]
    #[case::several(
        "{\"a\":\"https://API/é\",\"b\":\"API\"}",
        "{\"a\":\"https://GATEWAY/é\",\"b\":\"GATEWAY\"}"
    )]
    #[case::database("https://dynamodb.eu-west-1.amazonaws.com", "https://127.0.0.1:3002")]
    #[case::another_port("https://API:8443/prod", "https://API:8443/prod")]
    #[case::below("https://x.API/prod", "https://x.API/prod")]
    #[case::longer("https://xAPI", "https://xAPI")]
    #[case::beneath("https://API.evil.example", "https://API.evil.example")]
    #[case::id("abc", "abc")]
    #[case::empty("", "")]
    #[case::others("日本:::..:https://example.com:", "日本:::..:https://example.com:")]
    fn the_apis_host_in_a_value_becomes_the_gateway(#[case] value: &str, #[case] expected: &str) {
        let expected = expected
            .replace("GATEWAY", "127.0.0.1:3001")
            .replace("API", API);
        let value = value
            .replace("Execute-API", "Execute-api")
            .replace("API", API);
        assert_eq!(led(&value, &leads()), expected);
    }

    #[test]
    fn other_apis_are_found() {
        let value = format!(
            "https://{API}/prod, https://Xyz.execute-api.us-east-1.amazonaws.com:443/, \
             b.execute-api.cn-north-1.amazonaws.com.cn. sqs.us-east-1.amazonaws.com \
             c.execute-api.us-east-1.api.aws x.execute-api.evil.example"
        );
        let expected = [
            "xyz.execute-api.us-east-1.amazonaws.com",
            "b.execute-api.cn-north-1.amazonaws.com.cn",
            "c.execute-api.us-east-1.api.aws",
        ];
        assert_eq!(other_apis(&value, &leads()), expected);
    }
}
