//! No schema and no message costs more than the bound: work is linear in what is looked at, and
//! what would be more gets a clear verdict.
//!
//! Realises: ROUTE-57

use rstest::rstest;

use super::super::library::Verdict;
use super::super::{library, schema::Schemas, validate};
use super::*;

/// A schema that refers to itself twice for every level of a list.
const TWICE: &str = r##"{"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"}},{"type":"null"}]}"##;

fn nested(levels: usize, inner: &str) -> String {
    format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels))
}

/// How many steps a verdict took.
fn steps(schema: &str, message: &str) -> u64 {
    let root = node::parse(schema).unwrap();
    let (schemas, faults) = Schemas::compile(&root, &[]);
    assert_eq!(faults, []);
    let value = node::parse(message).unwrap();
    validate::steps_of(&schemas, &value)
}

fn said(schema: &str, message: &str) -> String {
    judged(schema, message)
        .unwrap_err()
        .validation_error_string()
}

#[test]
fn a_schema_that_refers_to_itself_takes_as_many_steps_as_there_are_levels() {
    for (levels, fits) in [(10, true), (60, true), (60, false)] {
        let inner = if fits { "null" } else { "1" };
        assert_eq!(judged(TWICE, &nested(levels, inner)).is_ok(), fits);
    }
    let one = steps(TWICE, &nested(20, "1"));
    let two = steps(TWICE, &nested(40, "1"));
    let three = steps(TWICE, &nested(60, "1"));
    assert_eq!(three - two, two - one);
}

// Members that two keywords lead to, into the same report.
#[test]
fn what_was_said_once_is_not_looked_at_again() {
    let schema = r##"{"properties":{"a":{"$ref":"#"}},"patternProperties":{"a":{"$ref":"#"}}}"##;
    let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let (one, two, three) = (
        steps(schema, &deep(20)),
        steps(schema, &deep(40)),
        steps(schema, &deep(60)),
    );
    assert_eq!(three - two, two - one);
}

#[test]
fn depth_has_a_bound() {
    let schema = r##"{"items":{"$ref":"#"}}"##;
    assert_eq!(judged(schema, &nested(299, "")), Ok(()));
    assert_eq!(
        said(schema, &nested(399, "")),
        "[the model nests more than 300 schemas for this message]"
    );
}

#[test]
fn a_schema_that_leads_to_itself_has_no_verdict() {
    assert_eq!(
        said(r##"{"anyOf":[{"$ref":"#"}]}"##, "1"),
        "[the model leads to itself for the same value]"
    );
}

#[rstest]
#[case(r#"{"pattern":"^(a+)+$"}"#, format!("\"{}b\"", "a".repeat(60)))]
#[case(r#"{"pattern":"(a|a|b)*c"}"#, format!("\"{}\"", "a".repeat(60)))]
#[case(r#"{"pattern":"(.*)(.*)(.*)(.*)x"}"#, format!("\"{}\"", "a".repeat(2000)))]
#[case(r#"{"items":{"multipleOf":3}}"#, format!("[{}1]", format!("{}1,", "9".repeat(9000)).repeat(12)))]
#[case(r#"{"items":{"enum":["ENUM"]}}"#, format!("[{}0]", "0,".repeat(60_000)))]
#[case(r#"{"type":"object","patternProperties":{"^(x+x+)+y":{}}}"#, format!("{{\"{}\":1}}", "x".repeat(40)))]
fn more_than_the_bound_is_said(#[case] schema: &str, #[case] message: String) {
    let schema = schema.replace("ENUM", &"e".repeat(30_000));
    assert_eq!(
        said(&schema, &message),
        "[the model takes more than 2000000 steps for this message]"
    );
}

// Large, but plain.
#[rstest]
#[case(r#"{"uniqueItems":true,"not":{"enum":[1]}}"#, nested(399, "1,2"))]
#[case(r#"{"pattern":"^[\\w ]*$"}"#, format!("\"{}\"", "a b ".repeat(30_000)))]
#[case(r#"{"uniqueItems":true,"items":{"type":"integer","minimum":0}}"#, format!("[{}]", (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")))]
#[case(r#"{"multipleOf":0.01}"#, "1e999999999".to_owned())]
#[case(r#"{"multipleOf":0.01}"#, "9".repeat(400))]
#[case(r#"{"minimum":1}"#, "1E400".to_owned())]
#[case(r#"{"maximum":1e999999999}"#, "1e999999998".to_owned())]
fn large_messages_are_judged(#[case] schema: &str, #[case] message: String) {
    assert_eq!(judged(schema, &message), Ok(()));
}

// Schemas of the greatest length, made to be slow to read.
#[test]
fn schemas_are_read_in_reasonable_time() {
    let references = (0..700)
        .map(|n| format!(r##""p{n}":{{"$ref":"#/properties/p{}"}}"##, (n + 1) % 701))
        .collect::<Vec<_>>()
        .join(",");
    let long = format!(r##"{{"properties":{{{references},"p700":{{}}}}}}"##);
    assert!(long.len() < MODEL_CHARACTERS);
    assert_eq!(judged(&long, r#"{"p0":1}"#), Ok(()));
    let deep = format!(
        "{}{}",
        r#"{"not":"#.repeat(399),
        "{}".to_owned() + &"}".repeat(399)
    );
    assert!(compile(&with_models(&[("M", &deep)])).1.is_empty());
    assert_eq!(
        library::judge(&deep, "1").unwrap().verdict,
        Verdict::Bounded
    );
}

proptest! {
    // Whatever refers to whatever: the steps are bounded, and a deeper message needs in proportion.
    #[test]
    fn generated_pairs_stay_within_the_bound(number: u64) {
        let (schema, instance) = crate::strategy::pair_of(number);
        prop_assert!(library::judge(&schema, &instance).is_some());
    }

    #[test]
    fn generated_patterns_end(number: u64) {
        let (pattern, input) = crate::strategy::pattern_of(number);
        let (pattern, input) = (velocity::Text::from(pattern), velocity::Text::from(input.repeat(50)));
        let _ = library::is_found(&pattern, &input);
    }
}
