//! Looking into JSON values: where a text stands, and where two values differ.

use serde_json::Value;

pub(super) fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Where the string `text` stands, as JSON pointers.
pub(super) fn pointers(value: &Value, text: &str) -> Vec<String> {
    fn walk(value: &Value, text: &str, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(here) if here == text => found.push(at.to_owned()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, text, &format!("{at}/{index}"), found);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    walk(member, text, &format!("{at}/{}", escaped(key)), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, text, "", &mut found);
    found
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

pub(super) fn collect_keys(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                keys.push(key.clone());
                collect_keys(member, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

/// Where two values differ, in words; and whether it is a value that was there before that became
/// another.
pub(super) fn compare(
    expected: &Value,
    value: &Value,
    at: &str,
    differences: &mut Vec<(bool, String)>,
) {
    match (expected, value) {
        (Value::Object(expected), Value::Object(members)) => {
            for (key, member) in members {
                let at = format!("{at}/{}", escaped(key));
                match expected.get(key) {
                    Some(expected) => compare(expected, member, &at, differences),
                    None => {
                        differences.push((false, format!("a member appears at `{at}`: {member}")));
                    }
                }
            }
            for key in expected.keys().filter(|key| !members.contains_key(*key)) {
                differences.push((
                    true,
                    format!("the member at `{at}/{}` is gone", escaped(key)),
                ));
            }
        }
        (expected, value) if expected != value => {
            differences.push((
                true,
                format!("what stands at `{at}` becomes {value} instead of {expected}"),
            ));
        }
        _ => {}
    }
}
