//! The reader beside serde_json's, and where it takes more.

use super::*;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case(r#" {"a": [1, -0, 1.5e3, true, null, "\u00e9\/"]} "#,
    json!({"a": [1, 0, 1500.0, true, null, "é/"]}))]
#[case(r#"{"a":1,"b":2,"a":3}"#, json!({"a": 3, "b": 2}))]
#[case(r#"["\ud83d\ude00", "\ud83d", "a\ude00\ud83db"]"#, json!(["😀", "?", "a??b"]))]
#[case("[1E400, -1e-400]", json!(["1E400", -0.0]))]
fn what_is_read(#[case] text: &str, #[case] expected: Json) {
    assert_eq!(value(text), Ok(expected));
}

#[rstest]
#[case("", 1, "the text ends where a value is expected")]
#[case("hi", 1, "a value is expected")]
#[case("{'a':1}", 2, "a name between double quotes is expected")]
#[case("{a:1}", 2, "a name between double quotes is expected")]
#[case("[1,]", 4, "a value is expected")]
#[case("{} {}", 4, "text after the end of the value")]
#[case("01", 2, "a number begins with a zero")]
#[case("[1.]", 4, "a number is not complete")]
#[case("-", 2, "a number is not complete")]
#[case("1e", 3, "a number is not complete")]
#[case(".5", 1, "a value is expected")]
#[case("+1", 1, "a value is expected")]
#[case("\"a", 3, "a string has no end")]
#[case("\"\\ud8\"", 2, "`\\u` needs four hexadecimal digits")]
#[case("\"\\x\"", 2, "an escape that JSON does not know")]
#[case("\"\t\"", 2, "a control character must be escaped")]
fn what_is_no_json(#[case] text: &str, #[case] column: usize, #[case] problem: &'static str) {
    let error = NotJson {
        line: 1,
        column,
        problem,
    };
    assert_eq!(value(text), Err(error));
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth: usize| "[".repeat(depth) + "1" + &"]".repeat(depth);
    assert!(value(&nested(MAX_DEPTH)).is_ok());
    let error = value(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.problem, "more nesting than a reader takes");
    assert!(value(&"{\"a\":".repeat(100_000)).is_err());
}

proptest! {
    /// What serde_json reads is read the same, and nothing else but lone surrogates and numbers
    /// beyond a double.
    #[test]
    fn reads_as_serde_json_does(text in
        r#"([\[\]{},:"\\ ]|[-+.eE0-9]|true|false|null|\\u00e9|"a":|[a-z\n\t\u{7f}é]){0,12}"#,
    ) {
        match serde_json::from_str::<Json>(&text) {
            Ok(theirs) => {
                let ours = value(&text);
                prop_assert_eq!(ours.map(|it| it.to_string().replace("-0.0", "0")),
                    Ok(theirs.to_string().replace("-0.0", "0")));
            }
            Err(error) if error.to_string().contains("number out of range") => {}
            Err(_) => prop_assert!(value(&text).is_err(), "{}", text),
        }
    }
}
