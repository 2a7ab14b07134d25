//! What the library answered, kept.

use serde_json::Value;
use velocity::Text;

use super::library::{Verdict, hash_set, judge};

fn texts(row: &Value, level: &str) -> Vec<Text<'static>> {
    let messages = row["messages"].as_array().expect("a list").iter();
    messages
        .filter(|message| message["level"] == level)
        .map(|message| Text::from(message["text"].as_str().expect("a text").to_owned()))
        .collect()
}

#[test]
fn recorded_verdicts_and_messages_are_the_librarys() {
    let mut wrong = Vec::new();
    let rows: Vec<Value> = include_str!("../../tests/data/models.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a recorded row"))
        .collect();
    assert!(rows.len() >= 361, "{} rows", rows.len());
    for row in &rows {
        let (schema, instance) = (row["schema"].as_str(), row["instance"].as_str());
        let (schema, instance) = (schema.expect("a text"), instance.expect("a text"));
        let answer = judge(schema, instance).expect("both are JSON");
        let expected = match row["verdict"].as_str() {
            Some("pass") => Verdict::Pass,
            Some("fail") => Verdict::Fail(texts(row, "error")),
            _ => Verdict::Refused,
        };
        let mut warnings = texts(row, "warning");
        warnings.sort();
        let warned = expected == Verdict::Refused || answer.warnings == warnings;
        if answer.verdict != expected || !warned {
            wrong.push(format!("{row}\n  ours: {answer:?}"));
        }
    }
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} of {}:\n{}",
        rows.len(),
        wrong.join("\n")
    );
}

// What Java printed of a `HashSet`: in the order of buckets, also when the set grew.
#[test]
fn recorded_sets_are_javas() {
    for line in include_str!("../../tests/data/sets.jsonl").lines() {
        let row: Value = serde_json::from_str(line).expect("a recorded row");
        let texts = row["texts"].as_array().expect("a list").iter();
        let texts = texts.map(|text| Text::from(text.as_str().expect("a text").to_owned()));
        let printed = hash_set(texts.collect());
        assert_eq!(&*printed.to_str(), row["set"].as_str().expect("a text"));
    }
}
