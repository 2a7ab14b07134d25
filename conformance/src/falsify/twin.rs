//! Whether a value gets out of its location: the output must be built as that for harmless texts in
//! place of those that were sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Place;
use super::document::document;
use super::input::Input;
use super::reads::Reads;
use super::shape::{Directs, Shape};

/// Harmless texts, two of different lengths: where they show, any text may stand.
pub(super) const TEXTS: [&str; 2] = ["harmless", "tame"];
/// For templates that print texts where only a number can stand.
pub(super) const NUMBERS: [&str; 2] = ["7", "421"];

/// How an output differs from what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// Something appears that is not there otherwise.
    Added(String),
    /// Something that is always there becomes something else.
    Changed(String),
    /// A string that holds JSON for harmless values does not.
    Inside(String),
}

/// The same input with `text` for every text that may break something.
pub(super) fn twin(reads: &Reads, input: &Input, text: &str) -> Input {
    let mut other = input.clone();
    if let Ok(sent) = document(&input.body) {
        let tame = tamed(&sent, Some(&reads.body), reads, text);
        if tame != sent {
            other.body = tame.to_string();
        }
    } else if reads.body.directs < Directs::Anything && !input.body.is_empty() {
        other.body = text.to_owned();
    }
    other.values = BTreeMap::new();
    for (place, value) in &input.values {
        let (place, value) = match reads.places.get(place) {
            Some(shape) => (place.clone(), tamed_text(value, Some(shape), reads, text)),
            // Only its name counts.
            None => (Place::query(text), text.to_owned()),
        };
        other.values.insert(place, value);
    }
    other
}

fn tamed(value: &Value, shape: Option<&Shape>, reads: &Reads, text: &str) -> Value {
    // What is computed from the whole is computed from its parts.
    if shape.is_some_and(|shape| shape.directs == Directs::Anything) {
        return value.clone();
    }
    match value {
        Value::String(sent) => tamed_text(sent, shape, reads, text).into(),
        Value::Array(items) => {
            let shape = shape.and_then(|shape| shape.each.as_deref());
            let items = items.iter();
            items.map(|item| tamed(item, shape, reads, text)).collect()
        }
        Value::Object(members) => {
            let members = members.iter().enumerate().map(|(index, (name, member))| {
                let below = shape.and_then(|shape| shape.below(name));
                let is_read = shape.is_some_and(|shape| shape.members.contains_key(name));
                let name = if is_read || is_word(name) || reads.literals.contains(name) {
                    name.clone()
                } else {
                    format!("{text}{index}")
                };
                (name, tamed(member, below, reads, text))
            });
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

fn tamed_text(sent: &str, shape: Option<&Shape>, reads: &Reads, text: &str) -> String {
    if let Some(inner) = shape.and_then(|shape| shape.parsed.as_deref()) {
        return match document(sent) {
            Ok(held) => tamed(&held, Some(inner), reads, text).to_string(),
            Err(_) => sent.to_owned(),
        };
    }
    let keeps = match shape.map(|shape| shape.directs).unwrap_or_default() {
        Directs::Nothing => false,
        Directs::Equality => is_word(sent) || reads.literals.iter().any(|literal| literal == sent),
        Directs::Anything => true,
    };
    if keeps { sent } else { text }.to_owned()
}

/// Whether the text cannot break anything.
fn is_word(text: &str) -> bool {
    let inside = |char: char| char.is_alphanumeric() || "-_. ".contains(char);
    text.chars().all(inside)
}

/// Where an output has strings that hold JSON, the way [`differences`] spells locations.
pub(super) fn documents(output: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, at: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                walk(member, &format!("{at}/{}", escaped(name)), found);
            }),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
                walk(item, &format!("{at}/{index}"), found);
            }),
            Value::String(text) => {
                if let Some(held) = held(text) {
                    found.insert(at.to_owned());
                    walk(&held, &format!("{at}/(JSON)"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(output, "", &mut found);
    found
}

/// The object or array that a text holds.
fn held(text: &str) -> Option<Value> {
    let value = document(text).ok();
    value.filter(|value| value.is_object() || value.is_array())
}

/// Where the output differs from what the two harmless ones have in common. `free` is for numbers:
/// what stands in their place may be of any kind. `documents` are the strings that have to hold
/// JSON.
pub(super) fn differences(
    [one, other]: [&Value; 2],
    output: &Value,
    free: bool,
    documents: &BTreeSet<String>,
) -> Vec<Difference> {
    let mut compare = Compare {
        free,
        documents,
        found: Vec::new(),
    };
    compare.values(one, other, output, "");
    compare.found
}

struct Compare<'d> {
    free: bool,
    documents: &'d BTreeSet<String>,
    found: Vec<Difference>,
}

impl Compare<'_> {
    fn values(&mut self, one: &Value, other: &Value, output: &Value, at: &str) {
        match (one, other, output) {
            (Value::Object(one), Value::Object(other), Value::Object(members)) => {
                // Values may be names, too: as many as with harmless values.
                let varies =
                    |name: &&String| !one.contains_key(*name) || !other.contains_key(*name);
                let named = one.keys().filter(varies).count();
                let named = named.max(other.keys().filter(varies).count());
                let mut unknown = 0;
                for (name, member) in members {
                    let at = format!("{at}/{}", escaped(name));
                    match (one.get(name), other.get(name)) {
                        (Some(one), Some(other)) => self.values(one, other, member, &at),
                        (None, None) => {
                            unknown += 1;
                            if unknown > named {
                                self.found.push(Difference::Added(format!(
                                    "a member appears at `{at}`: {member}"
                                )));
                            }
                        }
                        // The template has it for some values only.
                        _ => {}
                    }
                }
                for name in one.keys().filter(|name| other.contains_key(*name)) {
                    if !members.contains_key(name) {
                        let at = format!("{at}/{}", escaped(name));
                        let text = format!("the member at `{at}` is gone");
                        self.found.push(Difference::Changed(text));
                    }
                }
            }
            (Value::Array(one), Value::Array(other), Value::Array(items))
                if one.len() == other.len() =>
            {
                if items.len() != one.len() {
                    let text = format!(
                        "the list at `{at}` has {} items instead of {}",
                        items.len(),
                        one.len()
                    );
                    self.found.push(Difference::Added(text));
                    return;
                }
                for (index, ((one, other), item)) in one.iter().zip(other).zip(items).enumerate() {
                    self.values(one, other, item, &format!("{at}/{index}"));
                }
            }
            (one, other, output) if one != other => self.varying(one, other, output, at),
            (one, _, output) if one != output => {
                let text = format!("what stands at `{at}` becomes {output} instead of {one}");
                self.found.push(Difference::Changed(text));
            }
            _ => {}
        }
    }

    /// A location where values show.
    fn varying(&mut self, one: &Value, other: &Value, output: &Value, at: &str) {
        let (Value::String(one), Value::String(other)) = (one, other) else {
            // A number, or something that is there for some values only.
            return;
        };
        let Value::String(output) = output else {
            if !self.free {
                let text = format!("the string at `{at}` becomes {output}");
                self.found.push(Difference::Changed(text));
            }
            return;
        };
        if !self.documents.contains(at) {
            return;
        }
        if let (Some(one), Some(other)) = (held(one), held(other)) {
            match document(output) {
                Ok(output) => self.values(&one, &other, &output, &format!("{at}/(JSON)")),
                Err(error) => self.found.push(Difference::Inside(format!(
                    "the JSON in the string at `{at}` is not JSON: {error}"
                ))),
            }
        }
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(json!({"a": "x", "b": 1}), None)]
    #[case(json!({"a": "x", "b": 2}), Some("what stands at `/b` becomes 2 instead of 1"))]
    #[case(json!({"a": "x", "b": 1, "c": 3}), Some("a member appears at `/c`: 3"))]
    #[case(json!({"a": "x"}), Some("the member at `/b` is gone"))]
    #[case(json!({"a": 1, "b": 1}), Some("the string at `/a` becomes 1"))]
    fn what_differs(#[case] output: Value, #[case] expected: Option<&str>) {
        let (one, other) = (json!({"a": "one", "b": 1}), json!({"a": "other", "b": 1}));
        let found = differences([&one, &other], &output, false, &BTreeSet::new());
        let found: Vec<String> = found
            .into_iter()
            .map(|found| match found {
                Difference::Added(text) | Difference::Changed(text) | Difference::Inside(text) => {
                    text
                }
            })
            .collect();
        assert_eq!(found, Vec::from_iter(expected.map(str::to_owned)));
    }

    #[test]
    fn json_in_a_string_is_looked_into() {
        let of = |text: &str| json!({"input": format!(r#"{{"a":"{text}"}}"#)});
        let found = |text| {
            differences(
                [&of("one"), &of("other")],
                &of(text),
                false,
                &documents(&of("a")),
            )
        };
        assert_eq!(found("x"), []);
        assert!(matches!(found("\"")[..], [Difference::Inside(_)]));
        assert!(matches!(found("x\",\"b\":\"1")[..], [Difference::Added(_)]));
    }
}
