//! Cuts an input down while it still shows the flaw, until nothing more can be cut.

use serde_json::Value;

use super::Place;
use super::input::Input;
use super::place::Group;

/// The smallest input that can be reached: each step removes or shortens something.
pub(super) fn smallest(mut input: Input, shows: impl Fn(&Input) -> bool) -> Input {
    loop {
        let before = input.clone();
        values(&mut input, &shows);
        body(&mut input, &shows);
        if input == before {
            return input;
        }
    }
}

fn values(input: &mut Input, shows: &impl Fn(&Input) -> bool) {
    let places: Vec<_> = input.values.keys().cloned().collect();
    for place in places {
        let Some(text) = input.values.remove(&place) else {
            continue;
        };
        if shows(input) {
            continue;
        }
        let with = |text: &str| {
            let mut other = input.clone();
            other.values.insert(place.clone(), text.to_owned());
            other
        };
        *input = with(&shortest(&text, |text| shows(&with(text))));
        name(input, &place, shows);
    }
}

/// A name of the query string may be what shows the flaw.
fn name(input: &mut Input, place: &Place, shows: &impl Fn(&Input) -> bool) {
    let Place::Parameter {
        group: Group::Querystring,
        name,
    } = place
    else {
        return;
    };
    let mut rest = input.clone();
    let text = rest.values.remove(place).unwrap_or_default();
    let with = |name: &str| {
        let mut other = rest.clone();
        let place = Place::query(name);
        let is_new = other.values.insert(place, text.clone()).is_none();
        (is_new, other)
    };
    let shorter = shortest(name, |name| {
        let (is_new, other) = with(name);
        is_new && shows(&other)
    });
    *input = with(&shorter).1;
}

fn body(input: &mut Input, shows: &impl Fn(&Input) -> bool) {
    let with = |text: &str| Input {
        body: text.to_owned(),
        values: input.values.clone(),
    };
    let holds = |text: &str| shows(&with(text));
    let mut text = input.body.clone();
    // What does not matter is an empty object.
    if text != "{}" && holds("{}") {
        text = "{}".to_owned();
    }
    if text != "{}" {
        if let Ok(document) = serde_json::from_str::<Value>(&text) {
            let compact = document.to_string();
            if compact.len() <= text.len() && holds(&compact) {
                text = smaller_document(document, &holds).to_string();
            }
        }
        text = shortest(&text, holds);
    }
    *input = with(&text);
}

/// The first candidate that holds, again and again.
fn smaller_document(mut document: Value, holds: &impl Fn(&str) -> bool) -> Value {
    'again: loop {
        let bytes = document.to_string().len();
        for candidate in candidates(&document) {
            let text = candidate.to_string();
            if text.len() < bytes && holds(&text) {
                document = candidate;
                continue 'again;
            }
        }
        return document;
    }
}

/// Values like this one, with something gone or replaced.
fn candidates(value: &Value) -> Vec<Value> {
    let mut found = vec![Value::Null, 0.into(), "".into()];
    match value {
        Value::String(text) => {
            let chars: Vec<char> = text.chars().collect();
            found.push(chars[..chars.len() / 2].iter().collect::<String>().into());
            found.push(chars[chars.len() / 2..].iter().collect::<String>().into());
            for at in 0..chars.len().min(64) {
                let rest = chars[..at].iter().chain(&chars[at + 1..]);
                found.push(rest.collect::<String>().into());
            }
            if let Ok(held @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                let smaller = candidates(&held).into_iter();
                found.extend(smaller.map(|held| Value::from(held.to_string())));
            }
        }
        Value::Array(items) => {
            found.extend(items.iter().cloned());
            for (index, item) in items.iter().enumerate() {
                let mut rest = items.clone();
                rest.remove(index);
                found.push(rest.into());
                for smaller in candidates(item) {
                    let mut changed = items.clone();
                    changed[index] = smaller;
                    found.push(changed.into());
                }
            }
        }
        Value::Object(members) => {
            found.extend(members.values().cloned());
            for (name, member) in members {
                let mut rest = members.clone();
                rest.shift_remove(name);
                found.push(rest.clone().into());
                for end in [0, 1] {
                    let shorter: String = name.chars().take(end).collect();
                    if shorter.len() < name.len() && !members.contains_key(&shorter) {
                        let mut renamed = rest.clone();
                        renamed.insert(shorter, member.clone());
                        found.push(renamed.into());
                    }
                }
                for smaller in candidates(member) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), smaller);
                    found.push(changed.into());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    found
}

/// A text from which nothing more can be cut while `holds`: runs are cut first, halved each time,
/// then single characters.
fn shortest(text: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut run = chars.len();
    while run > 0 {
        let mut cut = false;
        let mut at = 0;
        while at < chars.len() {
            let end = (at + run).min(chars.len());
            let without: String = chars[..at].iter().chain(&chars[end..]).collect();
            if holds(&without) {
                chars.drain(at..end);
                cut = true;
            } else {
                at = end;
            }
        }
        if !cut || run > 1 {
            run /= 2;
        }
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("some 'quoted' text", &["'"], "'")]
    #[case("xxaxxbxx", &["a", "b"], "ab")]
    #[case("日本", &[], "")]
    fn what_is_not_needed_is_cut(
        #[case] text: &str,
        #[case] needed: &[&str],
        #[case] expected: &str,
    ) {
        let holds = |text: &str| needed.iter().all(|needed| text.contains(needed));
        assert_eq!(shortest(text, holds), expected);
    }

    #[test]
    fn documents_stay_documents_where_it_matters() {
        let input = Input::of(r#"{"z": [1, 2], "a": [{"b": "x\"y", "c": null}], "k": "\u0001"}"#);
        let shows = |input: &Input| {
            let document: Option<Value> = serde_json::from_str(&input.body).ok();
            let text = document.and_then(|document| Some(document.pointer("/a/0/b")?.to_string()));
            text.is_some_and(|text| text.contains("\\\""))
        };
        assert_eq!(smallest(input, shows).body, r#"{"a":[{"b":"\""}]}"#);
        assert_eq!(smallest(Input::of(r#"{"z": 1}"#), |_| true).body, "{}");
    }
}
