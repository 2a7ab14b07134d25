//! What is measured, with which input: shared by the criterion benches and `measure`, which
//! `compare` runs.
//!
//! Every engine renders the same template with the same context and body, and its output is
//! compared first.

mod models;
mod subjects;

use serde_json::{Map, Value, json};

pub use models::{Judge, judges};
pub use subjects::{Out, Subject, Writes, escapers, renderers};

/// A template to render: in Velocity, and the same in Jinja.
pub struct Case {
    /// `cured`: the one that template.yaml deploys. `original`: the pattern's own.
    pub name: &'static str,
    pub velocity: String,
    pub jinja: String,
}

/// A message.
pub struct Body {
    /// `ascii` or `cjk`.
    pub script: &'static str,
    /// Its size in bytes of UTF-8.
    pub size: usize,
    pub text: String,
}

/// The mapping template of template.yaml and the pattern's original.
pub fn cases() -> Vec<Case> {
    let cured = deployed(include_str!("../../template.yaml"));
    let original =
        include_str!("../../conformance/fixtures/original-mapping-template.vtl").to_owned();
    [("cured", cured), ("original", original)]
        .map(|(name, velocity)| Case {
            name,
            jinja: to_jinja(&velocity),
            velocity,
        })
        .into()
}

/// The text block under `application/json: |`, without its indentation.
fn deployed(stack: &str) -> String {
    let mut lines = stack
        .lines()
        .skip_while(|line| line.trim() != "application/json: |")
        .skip(1)
        .peekable();
    let indent = lines
        .peek()
        .map_or(0, |line| line.len() - line.trim_start().len());
    lines
        .take_while(|line| line.trim().is_empty() || line.len() - line.trim_start().len() >= indent)
        .map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n")
        .collect()
}

/// `$a.b` becomes `{{ a.b }}`, and calls become filters: we define `escapeJavaScript`, Jinja has
/// `replace`.
fn to_jinja(velocity: &str) -> String {
    const CALL: &str = "$util.escapeJavaScript(";
    const CURE: &str = r#".replaceAll("\\'","'")"#;
    let path = |text: &str| {
        text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
            .unwrap_or(text.len())
    };
    let mut out = String::new();
    let mut rest = velocity;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = rest.starts_with(CALL);
        rest = if escaped {
            &rest[CALL.len() + 1..]
        } else {
            &rest[1..]
        };
        let end = path(rest);
        out.push_str("{{ ");
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        if escaped {
            out.push_str("|escapeJavaScript");
            rest = &rest[1..];
        }
        if let Some(behind) = rest.strip_prefix(CURE) {
            out.push_str(r#"|replace("\\'", "'")"#);
            rest = behind;
        }
        out.push_str(" }}");
    }
    out + rest
}

/// The `$context` of a message.
pub fn context() -> Map<String, Value> {
    let context = json!({
        "routeKey": "sendmessage",
        "messageId": "L0SNXd-PPHcCIhw=",
        "authorizer": {
            "principalId": "user|a94a8fe5",
            "token": "it's a secret",
            "integrationLatency": 12,
        },
        "eventType": "MESSAGE",
        "extendedRequestId": "L0SNXGA5PHcFbgA=",
        "requestTime": "23/Nov/2026:10:31:23 +0000",
        "messageDirection": "IN",
        "stage": "stage",
        "connectedAt": 1_795_429_883_000_u64,
        "requestTimeEpoch": 1_795_429_884_123_u64,
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "probe/1.0"},
        "requestId": "L0SNXGA5PHcFbgA=",
        "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
        "connectionId": "L0SM9cOFvHcCIhw=",
        "apiId": "a1b2c3d4e5",
        "isBase64Encoded": "false",
    });
    match context {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Bodies of 60 bytes, 1 KB, 32 KB and 128 KB (the largest frame), of English and of Chinese and
/// Japanese with emoji.
pub fn bodies() -> Vec<Body> {
    // Chat: occasional apostrophes and quotation marks, a line break at the end of a paragraph.
    const ENGLISH: &str = "hey queen, it's me. I read what you wrote yesterday, and I'd say \
        \\\"yes\\\" to most of it; the rest can wait until we meet again on Friday at the usual place (half \
        past eight, second floor).\\nBring the others along.\\n";
    const CHINESE_AND_JAPANESE: &str = "你好，女王😀。昨天你写的我都看了，大部分我同意👍。\
        ありがとう、また金曜日に会いましょう🎉。";
    let mut bodies = Vec::new();
    for (script, phrase) in [("ascii", ENGLISH), ("cjk", CHINESE_AND_JAPANESE)] {
        for size in [60, 1 << 10, 32 << 10, 128 << 10] {
            let mut text = r#"{"action":"sendmessage","message":""#.to_owned();
            for character in phrase.chars().cycle() {
                if text.len() + character.len_utf8() + 2 > size {
                    break;
                }
                text.push(character);
            }
            while text.len() + 2 < size {
                text.push('.');
            }
            // A backslash without the character that it escapes.
            if text.ends_with('\\') {
                text.pop();
                text.push('.');
            }
            text.push_str("\"}");
            bodies.push(Body { script, size, text });
        }
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_renders_the_same_json() {
        let context = context();
        for case in cases() {
            for body in bodies() {
                assert_eq!(body.text.len(), body.size);
                serde_json::from_str::<Value>(&body.text).expect("a JSON body");
                let mut texts = Vec::new();
                for mut subject in renderers(&case, &context, &body) {
                    if subject.writes == Writes::Rendered {
                        let mut out = Out::default();
                        (subject.run)(&mut out);
                        let text = String::from_utf8(out.as_bytes().to_vec()).expect("UTF-8");
                        texts.push((subject.name, text));
                    }
                }
                assert!(texts.len() > 2);
                for (name, text) in &texts {
                    assert_eq!(*text, texts[0].1, "{name} on {}", case.name);
                }
                if case.name == "cured" {
                    let event: Value = serde_json::from_str(&texts[0].1).expect("JSON");
                    assert_eq!(event["body"], *body.text);
                }
            }
        }
    }
}
