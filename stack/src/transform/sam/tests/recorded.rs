//! Templates with the translator's answers, so that the transform is held to them without Python:
//! `stack/tests/sam/cases.jsonl`, written by `oracle`. A new case has a template, parameters, and
//! why it is there; the answer is added.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::difference;

pub(super) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sam/cases.jsonl")
}

pub(super) fn cases() -> Vec<Json> {
    let text = std::fs::read_to_string(path()).expect("there are cases");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a case is JSON"))
        .collect()
}

#[test]
fn recorded_templates_become_what_the_translator_made_of_them() {
    let cases = cases();
    assert!(!cases.is_empty());
    for case in cases {
        let found = difference(&case["template"], &case["parameters"], &case["theirs"]);
        if let Some(found) = found {
            panic!("{}\n{}\n{found}", case["why"], case["template"]);
        }
    }
}
