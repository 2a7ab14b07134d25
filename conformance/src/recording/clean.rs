//! What a recording does not tell: what differs from run to run, and what is the business of
//! whoever recorded it. Where it matters whether two are the same they are numbered, by first
//! appearance; times are not, as they may fall into one second or into two.

use std::collections::{BTreeMap, BTreeSet};

use super::forms::{
    FIELDS, Found, account_or_key, address, form, in_field, is_of_a_word, name_in_arn, port, span,
};

/// The names of a case.
#[derive(Default)]
struct Names {
    /// The API's ids, however they are written elsewhere.
    apis: BTreeSet<String>,
    /// What is told instead of a value, by its name.
    known: BTreeMap<(&'static str, String), usize>,
}

/// The shortest id of an API that is taken for one.
const SHORTEST_API: usize = 8;

/// The lines of a case without what they must not tell; `host` is the target's.
pub(super) fn cleaned<'a>(lines: impl Iterator<Item = &'a String>, host: &str) -> Vec<String> {
    let mut names = Names::default();
    let encoded = host.replace(':', "%3A");
    if let Some((label, _)) = host.split_once(".execute-api.") {
        names.apis.insert(label.to_owned());
    }
    let lines: Vec<&String> = lines.collect();
    for line in &lines {
        names.apis.extend(apis(line));
    }
    lines
        .into_iter()
        .map(|line| match host {
            "" => names.clean(line),
            _ => names.clean(&line.replace(host, "<host>").replace(&encoded, "<host>")),
        })
        .collect()
}

impl Names {
    fn clean(&mut self, line: &str) -> String {
        let mut text = String::new();
        let mut rest = line;
        let mut before = ' ';
        while let Some(next) = rest.chars().next() {
            if let Some((length, found)) = self.found(rest, before) {
                text.push_str(&rest[..length]);
                text.push_str(&self.name(&found));
                text.push_str(found.kept);
                (rest, before) = (&rest[length + found.length..], '>');
                if let Some(sign) = port(rest).filter(|_| found.name == "ip") {
                    text.push_str(&format!("{sign}<port>"));
                    let behind = &rest[sign.len()..];
                    rest = &behind[span(behind, |c| c.is_ascii_digit())..];
                }
            } else {
                let length = separator(rest);
                let (told, behind) = rest.split_at(length.unwrap_or(next.len_utf8()));
                text.push_str(told);
                // The letter of `\n` is of no word.
                before = if length.is_some() && next == '\\' {
                    ' '
                } else {
                    next
                };
                rest = behind;
            }
        }
        text
    }

    /// What the text begins with that is not told, behind this many bytes of what is.
    fn found(&self, text: &str, before: char) -> Option<(usize, Found)> {
        if before.is_ascii_alphanumeric() {
            return None;
        }
        let found = address(text, before)
            .or_else(|| account_or_key(text))
            .or_else(|| self.api(text));
        if let Some(found) = found {
            return Some((0, found));
        }
        if is_of_a_word(before) {
            return None;
        }
        form(text)
            .map(|found| (0, found))
            .or_else(|| in_field(text))
            .or_else(|| name_in_arn(text, before))
    }

    fn api(&self, text: &str) -> Option<Found> {
        let length = span(text, |c| c.is_ascii_alphanumeric() || c == '-');
        let known = |api: &&String| {
            text.strip_prefix(api.as_str())
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        match self.apis.iter().find(known) {
            Some(api) => Some(Found::counted("api", api, api.len())),
            None if length > 0 && text[length..].starts_with(".execute-api.") => {
                Some(Found::counted("api", &text[..length], length))
            }
            None => None,
        }
    }

    fn name(&mut self, found: &Found) -> String {
        let Some(value) = &found.value else {
            return format!("<{}>", found.name);
        };
        let many = self.known.keys().filter(|(name, _)| *name == found.name);
        let next = many.count() + 1;
        let entry = self.known.entry((found.name, value.clone()));
        format!("<{} {}>", found.name, entry.or_insert(next))
    }
}

/// The ids of APIs in a line: in fields, and in ARNs, whose region and account are before it.
fn apis(line: &str) -> Vec<String> {
    let line = line.replace("%3A", ":").replace("%2F", "/");
    let mut found = Vec::new();
    for rest in line.split("execute-api:").skip(1) {
        found.extend(rest.split(':').nth(2));
    }
    for rest in line.split("AmazonAPIGateway_").skip(1) {
        found.push(rest);
    }
    let lower = line.to_ascii_lowercase();
    let fields = FIELDS.iter().filter(|(_, name, _)| *name == "api");
    for (at, _) in fields.flat_map(|(field, ..)| {
        lower
            .match_indices(&field.to_ascii_lowercase())
            .collect::<Vec<_>>()
    }) {
        found.extend(in_field(&line[at..]).map(|(length, _)| &line[at + length..]));
    }
    found
        .into_iter()
        .map(|rest| &rest[..span(rest, |c| c.is_ascii_lowercase() || c.is_ascii_digit())])
        .filter(|api| api.len() >= SHORTEST_API)
        .map(str::to_owned)
        .collect()
}

/// How long an escape is that separates words: `\n`, `%2F`, `%253A`.
fn separator(text: &str) -> Option<usize> {
    let slashes = span(text, |c| c == '\\');
    if slashes > 0 {
        let behind = text[slashes..].starts_with(['n', 'r', 't']);
        return Some(slashes + usize::from(behind));
    }
    let mut behind = text.strip_prefix('%')?;
    while let Some(more) = behind.strip_prefix("25") {
        behind = more;
    }
    let is_code = behind.len() >= 2 && behind.bytes().take(2).all(|c| c.is_ascii_hexdigit());
    is_code.then(|| text.len() - behind.len() + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spec::strategy;

    use super::*;

    const HOST: &str = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";

    fn of(lines: &[&str]) -> Vec<String> {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        cleaned(lines.iter(), HOST)
    }

    // As AWS's own samples have them (facts B1, C5), signed (HANDSHAKE's signatures), with values
    // of nobody's.
    #[test]
    fn what_is_the_accounts_own_is_not_told() {
        let lines = [
            r#"> alice: connect [("Authorization", "AWS4-HMAC-SHA256 Credential=ASIAQWERTYUIOPASDFGH/20261123/eu-central-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=6d049772dae2ac5c0be12888b11340e14f9c9f95c4042c6058c975de237a6bbb"), ("X-Amz-Security-Token", "IQoJb3JpZ2luX2Vj/Secret+Token==")]"#,
            r#"> bob: connect /test?X-Amz-Credential=ASIAQWERTYUIOPASDFGH%2F20261123%2Feu-central-1&X-Amz-Date=20261123T194413Z&X-Amz-Security-Token=IQoJb3JpZ2luX2Vj%2FSecret%2BToken%3D%3D&X-Amz-SignedHeaders=host&X-Amz-Signature=shortsignature&Policy=eyJTdGF0ZW1lbnQi"#,
            r#"< observer: {"methodArn":"arn:aws:execute-api:eu-central-1:210987654321:a1b2c3d4e5/test/$connect","headers":{"Host":"a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com","X-Forwarded-For":"203.0.113.77, 2001:db8::7:77","User-Agent":"AmazonAPIGateway_a1b2c3d4e5"},"identity":{"accessKey":"ASIAQWERTYUIOPASDFGH","accountId":"210987654321","caller":"AROAZXCVBNMLKJHGFDSAQ:crown.prince","principalOrgId":"o-secretorg1","sourceIp":"203.0.113.77","user":"AROAZXCVBNMLKJHGFDSAQ:crown.prince","userArn":"arn:aws:sts::210987654321:assumed-role/Palace/crown.prince"},"apiId":"a1b2c3d4e5"}"#,
            r#"< observer: "{\"accountId\":\"210987654321\",\"apiId\":\"f9e8d7c6b5\",\"sourceIp\":\"2001:db8::7:77\"}" f9e8d7c6b5.execute-api.eu-central-1.amazonaws.com [2001:db8::7:77]:50123 203.0.113.77:50123"#,
            r#"< alice: 403 {"message":"User: arn:aws:iam::210987654321:user/palace/queenie is not authorized\n210987654321 AIDAZXCVBNMLKJHGFDSAQ arn%3Aaws%3Aiam%3A%3A210987654321%3Auser%2Fqueenie"}"#,
        ];
        let told = of(&lines);
        let all = told.join("\n");
        for secret in [
            "210987654321",
            "a1b2c3d4e5",
            "f9e8d7c6b5",
            "203.0.113.77",
            "2001:db8",
            "ASIA",
            "AROA",
            "AIDA",
            "crown.prince",
            "queenie",
            "Palace",
            "palace",
            "o-secretorg1",
            "6d049772",
            "shortsignature",
            "IQoJ",
            "Secret",
            "eyJT",
            "50123",
            "20261123",
        ] {
            assert!(lines.concat().contains(secret), "{secret}");
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        assert_eq!(
            told[2],
            r#"< observer: {"methodArn":"arn:aws:execute-api:eu-central-1:<account 1>:<api 1>/test/$connect","headers":{"Host":"<host>","X-Forwarded-For":"<ip 1>, <ip 2>","User-Agent":"AmazonAPIGateway_<api 1>"},"identity":{"accessKey":"<access key 1>","accountId":"<account 1>","caller":"<caller 1>","principalOrgId":"<organization 1>","sourceIp":"<ip 1>","user":"<caller 1>","userArn":"arn:aws:sts::<account 1>:assumed-role/<name 1>"},"apiId":"<api 1>"}"#
        );
    }

    proptest! {
        // Whatever is around it, and whatever else a client sends: it is not told, and nothing
        // breaks.
        #[test]
        fn an_account_is_not_told_wherever_it_stands(before in strategy::body(), behind in strategy::body()) {
            let secret = "210987654321";
            for line in [
                format!("> {before}\"{secret}\"{behind}"),
                format!("> {before}\"arn:aws:iam::{secret}:user/x\"{behind}"),
            ] {
                let told = of(&[&line]).concat();
                prop_assert!(!told.contains(secret), "{}", told);
            }
        }
    }

    #[test]
    fn what_a_gateway_answered_is_told() {
        let lines = [
            r#"< alice: Text("{\"message\": \"18:07:30 a::x 1.2.3 12345678901234 Policy of user/bob, signature you provided\"}")"#,
            r#"> alice: connect [("Sec-WebSocket-Key", "short"), ("x-own", "dGhlIHNhbXBsZSBub25jZQ==")] host;x-amz-security-token\n\nhost"#,
            r#"{"requestId":null,"apiId":null,"members":["X-Amz-Signature","Policy"]}"#,
        ];
        assert_eq!(of(&lines), lines);
    }

    #[test]
    fn ids_stay_ids_wherever_they_stand() {
        let lines = [
            "GET /test/@connections/XDmENcnwIE0CFEQ= XDmENcnwIE0CFEQ%3D",
            r"'GET\n/test/%40connections/XDmENcnwIE0CFEQ%253D\n\nx-amz-date:20261123T194413Z",
            r#"[("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")] "integrationLatency":38,"#,
        ];
        assert_eq!(
            of(&lines),
            [
                "GET /test/@connections/<id 1> <id 1>%3D",
                r"'GET\n/test/%40connections/<id 1>%253D\n\nx-amz-date:<time>",
                r#"[("Sec-WebSocket-Accept", "<accept 1>"), ("sec-websocket-key", "<key 1>")] "integrationLatency":<latency>,"#,
            ]
        );
    }
}
