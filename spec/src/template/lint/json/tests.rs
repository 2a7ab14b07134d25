use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use rstest::rstest;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

fn piece(holds: Holds) -> Piece {
    Piece {
        holds,
        wraps: Vec::new(),
    }
}

fn cured() -> Piece {
    Piece {
        holds: Holds::Foreign(String::new()),
        wraps: vec![Wrap::Cured],
    }
}

fn is_json(text: &str) -> bool {
    let mut position = Position::start();
    position.feed(text).is_ok() && position.is_end()
}

/// A JSON text, with and without blanks.
fn json() -> impl Strategy<Value = String> {
    let text = "[a\"\\\\/\n\u{1}é😀]{0,3}";
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i16>().prop_map(Json::from),
        (-1e9..1e9).prop_map(Json::from),
        text.prop_map(Json::from),
    ];
    let json = leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((text, inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    });
    (json, any::<bool>()).prop_map(|(json, pretty)| {
        if pretty {
            format!("{json:#}")
        } else {
            json.to_string()
        }
    })
}

/// A position between two characters.
fn boundary(text: &str, at: Index) -> usize {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    ends.get(at.index(ends.len() + 1))
        .map_or(text.len(), |at| *at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Up to two characters of a JSON text are removed, or a piece of JSON is put in.
    #[test]
    fn the_positions_accept_what_serde_accepts(
        mut text in json(),
        edits in proptest::collection::vec(
            (
                any::<Index>(),
                "([\\[\\]{},:\" \n\t]|true|null|-?[0-9]{1,2}|\\\\[\"u/nx]|\"b\":|[.eE+'é])?",
            ),
            0..3,
        ),
    ) {
        for (at, piece) in edits {
            let at = boundary(&text, at);
            match text[at..].chars().next() {
                Some(_) if piece.is_empty() => drop(text.remove(at)),
                _ => text.insert_str(at, &piece),
            }
        }
        prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok());
    }

    /// Where a value of a kind may be inserted, every value of the kind gives JSON; and a part
    /// of a string may be inserted wherever that holds.
    #[test]
    fn what_may_be_inserted_gives_json(text in json(), at: Index) {
        let (before, behind) = text.split_at(boundary(&text, at));
        for (inserted, values) in [
            (cured(), &["", "a", "é\\n", "\\u00e9"][..]),
            (piece(Holds::Number), &["1", "1705751700453"]),
            (piece(Holds::Json(String::new())), &["null", "{\"a\":[1]}", "\"x\"", "-1.5e3"]),
        ] {
            let mut position = Position::start();
            prop_assert!(position.feed(before).is_ok());
            position.insert(&inserted, &(0..0));
            let accepted = position.found.is_empty()
                && position.feed(behind).is_ok()
                && position.is_end();
            let gives_json = values.iter().all(|value| {
                serde_json::from_str::<IgnoredAny>(&format!("{before}{value}{behind}")).is_ok()
            });
            prop_assert!(gives_json || !accepted, "{before}|{behind} {inserted:?}");
            if inserted == cured() {
                prop_assert_eq!(accepted, gives_json, "{}|{}", before, behind);
            }
        }
    }
}

#[rstest]
#[case(cured(), r#"{"a": ""#, r#""}"#)]
#[case(cured(), r#"{""#, r#"": 1}"#)]
#[case(piece(Holds::Number), r#"{"a": "#, "}")]
#[case(piece(Holds::Number), "[", ",1]")]
#[case(piece(Holds::Scalar), r#"{"a": "#, "}")]
#[case(piece(Holds::Scalar), r#"{"a": "x"#, r#"0"}"#)]
#[case(piece(Holds::Json(String::new())), r#"{"a": "#, "}")]
#[case(piece(Holds::Json(String::new())), "[1,", "]")]
#[case(piece(Holds::Json(String::new())), "", "")]
fn values_may_be_inserted(#[case] inserted: Piece, #[case] before: &str, #[case] behind: &str) {
    let mut position = Position::start();
    assert_eq!(position.feed(before), Ok(()));
    position.insert(&inserted, &(0..0));
    assert_eq!(position.found, []);
    assert_eq!(position.feed(behind), Ok(()));
    assert!(position.is_end());
}

// It may be `0` or `true`, which no digit may follow.
#[test]
fn nothing_is_added_to_a_scalar() {
    let mut position = Position::start();
    position.insert(&piece(Holds::Scalar), &(0..0));
    assert!(position.feed("0").is_err());
}

#[test]
fn examples() {
    for good in [
        r#"{"a":[1,-2.5e3,{"b":null}],"c":"\u00e9\n"}"#,
        "[]",
        " true ",
        r#""""#,
    ] {
        assert!(is_json(good), "{good}");
    }
    for bad in [
        "", "{,}", "[1,]", r#"{"a"}"#, r#""\'""#, "01", "]", "{]", "1 2", "\"\n\"",
    ] {
        assert!(!is_json(bad), "{bad}");
    }
}
