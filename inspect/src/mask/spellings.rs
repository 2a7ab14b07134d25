//! The ways in which a secret is written.

use std::collections::BTreeSet;

use spec::template::escape_java_script;
use spec::{base64, percent};

/// How deep JSON is looked for in JSON: a message in an event, in a result, in a log, in an error.
const DEPTH: usize = 4;
/// How much longer than a secret a spelling may be, or how long in any case: nested escapes double at
/// each depth.
const GROWTH: usize = 4;
const ALWAYS: usize = 2048;

/// The ways in which a secret is written: as it is, in addresses, in a script, in base64, and each
/// of them in JSON, in JSON in JSON and so on.
pub(super) fn spellings(secret: &str) -> BTreeSet<String> {
    let encoded = percent::encode(secret.as_bytes());
    let base64 = base64::encode(secret.as_bytes());
    let bare = base64.trim_end_matches('=');
    let mut newest = BTreeSet::from([
        secret.to_owned(),
        escape_java_script(secret).into_owned(),
        encoded.replace("%20", "+"),
        lower(&encoded),
        encoded,
        ascii_json(secret),
        json(secret).replace('/', "\\/"),
        careful_json(secret, |code| format!("\\u{code:04X}")),
        careful_json(secret, |code| format!("\\u{code:04x}")),
        bare.replace('+', "-").replace('/', "_"),
        bare.replace('/', "\\/"),
        bare.to_owned(),
        percent::encode(bare.as_bytes()),
        lower(&percent::encode(bare.as_bytes())),
        base64,
    ]);
    let longest = (GROWTH * secret.len()).max(ALWAYS);
    let mut all = newest.clone();
    for _ in 0..DEPTH {
        let nested = newest.iter().map(|text| json(text));
        newest = nested
            .filter(|text| text.len() <= longest && !all.contains(text))
            .collect();
        all.extend(newest.iter().cloned());
    }
    all
}

/// As it stands between quotation marks in JSON.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.strip_prefix('"');
    inner
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text)
        .to_owned()
}

/// The same in ASCII, as Python writes it.
fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    for c in json(text).chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// The same without what HTML or addresses might take for theirs, as .NET and Go write it.
fn careful_json(text: &str, escaped: impl Fn(u32) -> String) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '+' | '<' | '>' | '&' | '\'' | '"' | '`' => out.push_str(&escaped(u32::from(c))),
            c => out.push_str(&json(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

/// Percent escapes with small letters.
fn lower(encoded: &str) -> String {
    let mut escape = 0;
    let small = encoded.chars().map(|c| {
        escape = if c == '%' {
            2
        } else if escape > 0 {
            escape - 1
        } else {
            return c;
        };
        c.to_ascii_lowercase()
    });
    small.collect()
}
