//! Tracks the position in a JSON text, given text, and values of which only the kind is known.

/// A position in a JSON text that is valid so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    at: At,
    /// The open containers, from the outside in: true for an object.
    open: Vec<bool>,
}

/// The text is not JSON from this byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    /// A value must follow.
    Value,
    /// Behind `[`: a value or `]`.
    FirstItem,
    /// Behind `{`: a key or `}`.
    FirstKey,
    /// Behind a comma in an object.
    Key,
    /// Behind a key.
    Colon,
    /// Behind a value.
    After,
    /// In a number or a word: the text so far.
    Scalar(String),
    /// In a string.
    Text { role: Role, escape: Escape },
}

/// The role of a string in its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Started,
    Digits(u8),
}

/// What may be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// Text that is valid inside a string.
    StringPart,
    /// A whole number without a sign.
    Number,
    /// A JSON text.
    Json,
}

impl Position {
    pub(super) fn start() -> Self {
        Position {
            at: At::Value,
            open: Vec::new(),
        }
    }

    /// Whether the text may end here.
    pub(super) fn is_end(&self) -> bool {
        let value_ends = match &self.at {
            At::After => true,
            At::Scalar(text) => is_scalar(text),
            _ => false,
        };
        value_ends && self.open.is_empty()
    }

    /// Moves past a text.
    pub(super) fn feed(&mut self, text: &str) -> Result<(), Broken> {
        for (at, char) in text.char_indices() {
            self.step(char).ok_or(Broken(at))?;
        }
        Ok(())
    }

    /// Moves past a value; `None` if not every value of its kind is valid here.
    pub(super) fn insert(&mut self, inserted: Inserted) -> Option<()> {
        match (&self.at, inserted) {
            (
                At::Text {
                    escape: Escape::None,
                    ..
                },
                Inserted::StringPart | Inserted::Number,
            ) => Some(()),
            (At::Value | At::FirstItem, Inserted::Number) => {
                self.at = At::Scalar("1".to_owned());
                Some(())
            }
            (At::Value | At::FirstItem, Inserted::Json) => {
                self.at = At::After;
                Some(())
            }
            _ => None,
        }
    }

    fn step(&mut self, char: char) -> Option<()> {
        if let At::Scalar(text) = &mut self.at {
            if char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.') {
                text.push(char);
                return Some(());
            }
            if !is_scalar(text) {
                return None;
            }
            self.at = At::After;
        }
        let blank = matches!(char, ' ' | '\t' | '\n' | '\r');
        self.at = match (&self.at, char) {
            (At::Text { role, escape }, _) => Self::in_text(*role, *escape, char)?,
            (_, _) if blank => return Some(()),
            (At::FirstItem, ']') | (At::FirstKey, '}') => self.close(char)?,
            (At::Value | At::FirstItem, '{') => {
                self.open.push(true);
                At::FirstKey
            }
            (At::Value | At::FirstItem, '[') => {
                self.open.push(false);
                At::FirstItem
            }
            (At::Value | At::FirstItem, '"') => At::text(Role::Value),
            (At::Value | At::FirstItem, 't' | 'f' | 'n' | '-' | '0'..='9') => {
                At::Scalar(char.to_string())
            }
            (At::FirstKey | At::Key, '"') => At::text(Role::Key),
            (At::Colon, ':') => At::Value,
            (At::After, ']' | '}') => self.close(char)?,
            (At::After, ',') => {
                if *self.open.last()? {
                    At::Key
                } else {
                    At::Value
                }
            }
            _ => return None,
        };
        Some(())
    }

    fn in_text(role: Role, escape: Escape, char: char) -> Option<At> {
        let escape = match (escape, char) {
            (Escape::None, '"') => {
                return Some(match role {
                    Role::Key => At::Colon,
                    Role::Value => At::After,
                });
            }
            (Escape::None, '\\') => Escape::Started,
            (Escape::None, '\0'..='\u{1f}') => return None,
            (Escape::None, _) => Escape::None,
            (Escape::Started, 'u') => Escape::Digits(4),
            (Escape::Started, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Escape::None,
            (Escape::Digits(left), _) if char.is_ascii_hexdigit() => match left {
                1 => Escape::None,
                _ => Escape::Digits(left - 1),
            },
            _ => return None,
        };
        Some(At::Text { role, escape })
    }

    fn close(&mut self, char: char) -> Option<At> {
        (self.open.pop()? == (char == '}')).then_some(At::After)
    }
}

impl At {
    fn text(role: Role) -> Self {
        At::Text {
            role,
            escape: Escape::None,
        }
    }
}

fn is_scalar(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether the output is inside a string, for texts of which no more is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Outside,
    Inside,
    /// Behind a backslash in a string.
    Escaped,
    Unknown,
}

impl Quotes {
    pub(super) fn feed(&mut self, text: &str) {
        for char in text.chars() {
            *self = match (*self, char) {
                (Quotes::Outside, '"') => Quotes::Inside,
                (Quotes::Inside, '"') => Quotes::Outside,
                (Quotes::Inside, '\\') => Quotes::Escaped,
                (Quotes::Escaped, _) => Quotes::Inside,
                (same, _) => same,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use rstest::rstest;
    use serde::de::IgnoredAny;
    use serde_json::Value as Json;

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
                (Inserted::StringPart, &["", "a", "é\\n", "\\u00e9"][..]),
                (Inserted::Number, &["1", "1705751700453"]),
                (Inserted::Json, &["null", "{\"a\":[1]}", "\"x\"", "-1.5e3"]),
            ] {
                let mut position = Position::start();
                prop_assert!(position.feed(before).is_ok());
                let accepted = position.insert(inserted).is_some()
                    && position.feed(behind).is_ok()
                    && position.is_end();
                let gives_json = values.iter().all(|value| {
                    serde_json::from_str::<IgnoredAny>(&format!("{before}{value}{behind}")).is_ok()
                });
                prop_assert!(gives_json || !accepted, "{before}|{behind} {inserted:?}");
                if inserted == Inserted::StringPart {
                    prop_assert_eq!(accepted, gives_json, "{}|{}", before, behind);
                }
            }
        }
    }

    #[rstest]
    #[case(Inserted::StringPart, r#"{"a": ""#, r#""}"#)]
    #[case(Inserted::StringPart, r#"{""#, r#"": 1}"#)]
    #[case(Inserted::Number, r#"{"a": "#, "}")]
    #[case(Inserted::Number, "[", ",1]")]
    #[case(Inserted::Json, r#"{"a": "#, "}")]
    #[case(Inserted::Json, "[1,", "]")]
    #[case(Inserted::Json, "", "")]
    fn values_may_be_inserted(
        #[case] inserted: Inserted,
        #[case] before: &str,
        #[case] behind: &str,
    ) {
        let mut position = Position::start();
        assert_eq!(position.feed(before), Ok(()));
        assert_eq!(position.insert(inserted), Some(()));
        assert_eq!(position.feed(behind), Ok(()));
        assert!(position.is_end());
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
}
