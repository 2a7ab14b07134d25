//! The event that a function got, to be pasted into a unit test.

use serde_json::value::RawValue;

use crate::exchange::{Exchange, Role, TargetKind};

/// The event of a call of an exchange (by its place among them), or of the call of its integration,
/// or of the last one, as JSON with a line for each member. `None` if no function was called, or if
/// the payload was too long to be kept.
pub fn from_exchange(exchange: &Exchange, call: Option<usize>) -> Option<String> {
    let mut functions = exchange
        .calls
        .iter()
        .filter(|call| call.target.kind == TargetKind::Function);
    let call = match call {
        Some(index) => exchange.calls.get(index)?,
        None => {
            let integration = functions
                .clone()
                .find(|call| call.role == Role::Integration);
            integration.or(functions.next_back())?
        }
    };
    pretty(call.payload.as_deref()?)
}

/// JSON with a line for each member and each element; nothing but spaces changes, so that numbers of
/// any length stay what they are. `None` for what is no JSON.
fn pretty(text: &str) -> Option<String> {
    let _: &RawValue = serde_json::from_str(text).ok()?;
    let mut lines = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut is_string = false;
    let mut is_escaped = false;
    let mut all = text.chars().peekable();
    while let Some(c) = all.next() {
        if is_string {
            lines.push(c);
            is_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                is_string = true;
                lines.push(c);
            }
            '{' | '[' => {
                lines.push(c);
                while all.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = all.next_if(|next| matches!(next, '}' | ']')) {
                    lines.push(end);
                } else {
                    depth += 1;
                    new_line(&mut lines, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut lines, depth);
                lines.push(c);
            }
            ',' => {
                lines.push(c);
                new_line(&mut lines, depth);
            }
            ':' => lines.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => lines.push(c),
        }
    }
    lines.push('\n');
    Some(lines)
}

fn new_line(lines: &mut String, depth: usize) {
    lines.push('\n');
    lines.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        r#"{"a":{"b":[1,{}],"c":"x, {y}\\\" : z"},"d":[ ]}"#,
        "{\n  \"a\": {\n    \"b\": [\n      1,\n      {}\n    ],\n    \"c\": \"x, {y}\\\\\\\" : z\"\n  },\n  \"d\": []\n}\n"
    )]
    #[case(" 12345678901234567890123 ", "12345678901234567890123\n")]
    #[case("\" \"", "\" \"\n")]
    fn json_gets_lines(#[case] text: &str, #[case] lines: &str) {
        assert_eq!(pretty(text).as_deref(), Some(lines));
    }

    #[test]
    fn what_is_no_json_is_none() {
        assert_eq!(pretty("{\"a\":"), None);
        assert_eq!(pretty(""), None);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            "[ -~\\\\\"]{0,8}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-z\" ]{0,4}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_stays_the_same_json(value in json()) {
            let lines = pretty(&value.to_string()).expect("it is JSON");
            // serde_json's own lines are the same, so that a test's file does not change its form.
            let own = serde_json::to_string_pretty(&value).expect("it can be written");
            prop_assert_eq!(lines, own + "\n");
        }
    }
}
