//! Access logs: a line for every request of a client, in the stage's own format
//! (`AccessLogSettings`). The requirements stand on the pages of templates and of limits.
//!
//! Realises: TEMPLATE-79 to TEMPLATE-81, TEMPLATE-88 to TEMPLATE-92, LIMITS-36, LIMITS-37,
//! LIMITS-44

mod entry;

use crate::limits::ACCESS_LOG_BYTES;

pub use entry::{Call, Entry};

/// The format of a line, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The name behind `$context.`.
    Variable(String),
}

/// A format that API Gateway does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFormat {
    /// Longer than may be.
    ///
    /// Realises: LIMITS-36
    #[error(
        "the access log's `Format` has {0} bytes, more than the {limit} that it may have",
        limit = ACCESS_LOG_BYTES
    )]
    TooLong(usize),
    /// More than one line.
    ///
    /// Realises: LIMITS-44
    #[error(
        "the access log's `Format` must be a single line: write it in YAML as `>-` or between \
         quotes"
    )]
    SeveralLines,
    /// Without what tells one line from another.
    ///
    /// Realises: LIMITS-37
    #[error(
        "the access log's `Format` must have `$context.requestId` or `$context.extendedRequestId` \
         in it"
    )]
    NoRequestId,
}

/// What the documentation of WebSocket APIs lists; of `authorizer` every other member, too.
///
/// Realises: TEMPLATE-80
const VARIABLES: [&str; 52] = [
    "apiId",
    "authenticate.error",
    "authenticate.latency",
    "authenticate.status",
    "authorize.error",
    "authorize.latency",
    "authorize.status",
    "authorizer.error",
    "authorizer.integrationLatency",
    "authorizer.integrationStatus",
    "authorizer.latency",
    "authorizer.principalId",
    "authorizer.requestId",
    "authorizer.status",
    "connectedAt",
    "connectionId",
    "domainName",
    "error.message",
    "error.messageString",
    "error.responseType",
    "error.validationErrorString",
    "eventType",
    "extendedRequestId",
    "identity.accountId",
    "identity.apiKey",
    "identity.apiKeyId",
    "identity.caller",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.status",
    "integrationLatency",
    "messageId",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
    "status",
    "waf.error",
    "waf.latency",
    "waf.status",
];

impl Format {
    /// Reads a format: text with variables, `$context.name` or `${context.name}`, which is no
    /// mapping template.
    ///
    /// # Errors
    /// What API Gateway does not take.
    ///
    /// Realises: TEMPLATE-88
    pub fn parse(text: &str) -> Result<Self, InvalidFormat> {
        if text.len() > ACCESS_LOG_BYTES {
            return Err(InvalidFormat::TooLong(text.len()));
        }
        // The one at the end is what a YAML block adds; nobody means it.
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.contains(['\n', '\r']) {
            return Err(InvalidFormat::SeveralLines);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        let mut plain = String::new();
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            match variable(rest) {
                Some((name, length)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Variable(name.to_owned()));
                    rest = &rest[length..];
                }
                None => {
                    plain.push('$');
                    rest = &rest[1..];
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        let format = Self(parts);
        let is_id = |name: &str| ["requestId", "extendedRequestId"].contains(&name);
        if !format.variables().any(is_id) {
            return Err(InvalidFormat::NoRequestId);
        }
        Ok(format)
    }

    /// The names behind `$context.`, in their order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(&**name),
            Part::Text(_) => None,
        })
    }

    /// The line for a request: a variable without a value prints `-`, also one that there is not.
    ///
    /// Realises: TEMPLATE-79, TEMPLATE-89
    pub fn line(&self, entry: &Entry) -> String {
        let mut line = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Variable(name) => match entry.value(name) {
                    Some(value) if !value.is_empty() => {
                        // One line a request, whatever an authorizer or an error says.
                        line.push_str(&value.replace(['\n', '\r'], " "));
                    }
                    _ => line.push('-'),
                },
            }
        }
        line
    }
}

/// Whether WebSocket APIs have a variable of this name, without `$context.`.
pub fn is_known(name: &str) -> bool {
    let of_authorizer = |name: &str| name.strip_prefix("authorizer.").is_some();
    VARIABLES.contains(&name) || of_authorizer(name)
}

/// The variable at the start of a text, without `$context.`, and how many bytes it takes. A name is
/// one as in mapping templates, but ends with a letter, a digit or an underscore: what follows, as
/// in `$context.stage.` or `$context.status-`, is text.
fn variable(text: &str) -> Option<(&str, usize)> {
    let bare = text.strip_prefix("$context.");
    let braced = text.strip_prefix("${context.");
    let inside = bare.or(braced)?;
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = inside.find(|c| !in_name(c)).unwrap_or(inside.len());
    let name = inside[..end].trim_end_matches(['.', '-']);
    let before = text.len() - inside.len();
    if name.is_empty() {
        return None;
    }
    match braced {
        None => Some((name, before + name.len())),
        Some(_) if inside[name.len()..].starts_with('}') => Some((name, before + name.len() + 1)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn entry() -> Entry {
        let mut entry = Entry::new();
        let Value::Object(context) = json!({
            "requestId": "L0SM9cOFvHcFvKw=", "stage": "prod", "requestTimeEpoch": 1_621_610_406_000_u64,
            "identity": {"sourceIp": "192.0.2.1"}, "authorizer": {"my-key": "a\nb", "n": "1"}, "empty": "",
        }) else {
            unreachable!()
        };
        entry.context(context);
        entry.status(400);
        entry
    }

    // Nothing but variables means anything: no directive, no escape, no method, no other root.
    #[rstest]
    #[case("$context.requestId", "L0SM9cOFvHcFvKw=")]
    #[case("${context.requestId}x", "L0SM9cOFvHcFvKw=x")]
    #[case("$context.requestId$context.stage", "L0SM9cOFvHcFvKw=prod")]
    #[case("$context.requestId.", "L0SM9cOFvHcFvKw=.")]
    #[case("$context.requestId-$context.stage", "L0SM9cOFvHcFvKw=-prod")]
    #[case(
        "[$context.requestTimeEpoch] $context.requestId",
        "[1621610406000] L0SM9cOFvHcFvKw="
    )]
    #[case(
        "$context.requestId \"$context.identity.sourceIp\"",
        "L0SM9cOFvHcFvKw= \"192.0.2.1\""
    )]
    #[case(
        "$context.requestId $context.authorizer.my-key $context.authorizer.n",
        "L0SM9cOFvHcFvKw= a b 1"
    )]
    #[case(
        "$context.requestId $context.empty $context.identity $context.identity.sourceIp.x \
         $context.none",
        "L0SM9cOFvHcFvKw= - - - -"
    )]
    #[case(
        "$context.requestId $context.status $context.httpMethod $context.responseLatency",
        "L0SM9cOFvHcFvKw= 400 - -"
    )]
    #[case(
        "#if($context.requestId) $input.body $5 $ ${context.stage $$context.stage #end ##",
        "#if(L0SM9cOFvHcFvKw=) $input.body $5 $ ${context.stage $prod #end ##"
    )]
    #[case(
        "{ \"id\":\"$context.requestId\" }\n",
        "{ \"id\":\"L0SM9cOFvHcFvKw=\" }"
    )]
    fn a_format_is_filled_in(#[case] format: &str, #[case] line: &str) {
        assert_eq!(Format::parse(format).unwrap().line(&entry()), line);
    }

    #[rstest]
    #[case("", InvalidFormat::NoRequestId)]
    #[case(
        "$context.stage requestId $context.requestIdx $requestId",
        InvalidFormat::NoRequestId
    )]
    #[case("$context.requestId\n$context.stage", InvalidFormat::SeveralLines)]
    #[case("$context.requestId\n\n", InvalidFormat::SeveralLines)]
    fn what_is_no_format_is_refused(#[case] format: &str, #[case] problem: InvalidFormat) {
        assert_eq!(Format::parse(format), Err(problem));
    }

    #[test]
    fn a_format_may_have_3_kb() {
        let format = |bytes: usize| format!("{:bytes$}", "$context.extendedRequestId");
        assert!(Format::parse(&format(3 * 1024)).is_ok());
        assert_eq!(
            Format::parse(&format(3 * 1024 + 1)),
            Err(InvalidFormat::TooLong(3073))
        );
    }

    #[test]
    fn the_list_is_the_documented_one() {
        assert!(VARIABLES.is_sorted());
        assert!(is_known("authorizer.anything") && is_known("status") && is_known("waf.error"));
        assert!(!is_known("httpMethod") && !is_known("authorizer") && !is_known("identity"));
    }

    proptest! {
        // A line is the format with its variables replaced: what stands between them stands there
        // as it was.
        #[test]
        fn text_stays(before in "[^$\n\r]{0,20}", behind in "[^$\n\rA-Za-z0-9_.-][^$\n\r]{0,20}") {
            let format = format!("{before}$context.requestId{behind}");
            prop_assert_eq!(
                Format::parse(&format).unwrap().line(&entry()),
                format!("{before}L0SM9cOFvHcFvKw={behind}")
            );
        }

        #[test]
        fn no_format_panics_and_no_line_breaks(text in "([$#{}.\\-a-c\n]|\\PC|\\$context\\.|requestId|authorizer){0,40}") {
            if let Ok(format) = Format::parse(&format!("$context.requestId{text}")) {
                prop_assert!(!format.line(&entry()).contains(['\n', '\r']));
            }
        }
    }
}
