//! Text with holes, the one language of a case's expectations:
//! `{"message": "Forbidden", "connectionId":"${alice:id}"}`.
//!
//! `${name}` matches any text up to what follows it, and must match the same text wherever the name
//! stands again, also in later steps; `${name:kind}` also checks the form; `${*}` and `${*:kind}`
//! bind nothing; `${name:kind!other}` must not be what `other` stands for, and `${name:kind~other}`
//! must agree with it: two ids in their last three bytes, milliseconds with a time in common log
//! format in the second. Everything else stands for itself, to the byte.

mod kind;
mod order;

use std::collections::BTreeMap;

use spec::time::Timestamp;

use kind::BASE64_URL;
pub(crate) use kind::Kind;

/// What names stand for: filled by matching, read when a later text is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<String, String>);

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// What stands for something.
    Hole {
        name: &'a str,
        kind: Kind,
        relation: Option<Relation<'a>>,
    },
}

/// What a hole must be to another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation<'a> {
    /// Something else.
    Unlike(&'a str),
    /// In agreement.
    Agrees(&'a str),
}

impl Bindings {
    /// What `name` stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Lets `name` stand for `value`.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts what the names stand for in their holes.
    ///
    /// # Errors
    /// Names a hole that nothing was bound to, or that cannot be read.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        parse(text)?
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text),
                Part::Hole { name, .. } => self
                    .get(name)
                    .ok_or_else(|| format!("nothing is bound to `${{{name}}}` yet")),
            })
            .collect()
    }

    /// Matches `text` against `pattern`, binding its names; nothing is bound when it does not
    /// match.
    ///
    /// # Errors
    /// Says where the two part.
    pub fn matches(&mut self, pattern: &str, text: &str) -> Result<(), String> {
        let parts = parse(pattern)?;
        let mut bound = self.clone();
        let mut rest = text;
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text(expected) => {
                    rest = rest.strip_prefix(expected).ok_or_else(|| {
                        format!("expected `{expected}`, found `{}`", beginning(rest))
                    })?;
                }
                Part::Hole {
                    name,
                    kind,
                    relation,
                } => {
                    // What the name stands for may hold the text that comes behind it.
                    let known = bound.get(name).filter(|_| *name != "*");
                    let end = match parts.get(index + 1) {
                        _ if known.is_some_and(|known| rest.starts_with(known)) => {
                            known.map_or(0, str::len)
                        }
                        None => rest.len(),
                        Some(Part::Text(next)) => rest.find(next).ok_or_else(|| {
                            format!("no `{next}` after `${{{name}}}` in `{}`", beginning(rest))
                        })?,
                        Some(Part::Hole { .. }) => {
                            return Err("two holes must have text between them".to_owned());
                        }
                    };
                    let (value, behind) = rest.split_at(end);
                    if !kind.accepts(value) {
                        return Err(format!("`{value}` does not have the form {kind:?}"));
                    }
                    if let Some(relation) = relation {
                        relation.check(&bound, value)?;
                    }
                    match bound.get(name) {
                        Some(before) if before != value => {
                            return Err(format!("`${{{name}}}` was `{before}`, now `{value}`"));
                        }
                        _ if *name == "*" => {}
                        _ => bound.set(name, value),
                    }
                    rest = behind;
                }
            }
        }
        if !rest.is_empty() {
            return Err(format!("unexpected `{}` at the end", beginning(rest)));
        }
        *self = bound;
        Ok(())
    }
}

impl Relation<'_> {
    fn check(self, bound: &Bindings, value: &str) -> Result<(), String> {
        match self {
            Self::Unlike(other) if bound.get(other) == Some(value) => Err(format!(
                "`{value}` is what `${{{other}}}` was, and must not be"
            )),
            Self::Unlike(_) => Ok(()),
            Self::Agrees(other) => match bound.get(other) {
                None => Err(format!("nothing is bound to `${{{other}}}` yet")),
                Some(before) if agree(value, before) => Ok(()),
                Some(before) => Err(format!(
                    "`{value}` does not agree with `${{{other}}}`, which is `{before}`"
                )),
            },
        }
    }
}

/// Whether two ids end in the same three bytes, or a time in milliseconds is in the second that the
/// other names.
fn agree(text: &str, other: &str) -> bool {
    if let Ok(millis) = text.parse() {
        return Timestamp::from_millis(millis).common_log_format() == other;
    }
    // Bytes 8 to 10 are the last two bits of the eleventh digit, and the four digits behind it.
    let end = |id: &str| {
        let digit = BASE64_URL.find(char::from(*id.as_bytes().get(10)?))?;
        Some((digit % 4, id.get(11..)?.to_owned()))
    };
    Kind::Id.accepts(text) && Kind::Id.accepts(other) && end(text) == end(other)
}

/// Takes a pattern to pieces.
///
/// # Errors
/// A hole that cannot be read.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once("${") {
        let (hole, after) = behind
            .split_once('}')
            .ok_or_else(|| format!("`${{` without `}}` in `{pattern}`"))?;
        let (hole, relation) = match (hole.split_once('!'), hole.split_once('~')) {
            (Some((hole, other)), _) => (hole, Some(Relation::Unlike(other))),
            (_, Some((hole, other))) => (hole, Some(Relation::Agrees(other))),
            _ => (hole, None),
        };
        let (name, kind) = hole.split_once(':').unwrap_or((hole, "any"));
        let kind = Kind::of_name(kind)?;
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(Part::Hole {
            name,
            kind,
            relation,
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn beginning(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const FRAME: &str = r#"{"message": "Forbidden", "connectionId":"XDmENcnwIE0CFEQ=", "requestId":"XDmGEE2RoE0FRdQ="}"#;

    #[test]
    fn holes_bind_and_hold() {
        let pattern =
            r#"{"message": "Forbidden", "connectionId":"${alice:id}", "requestId":"${*:id}"}"#;
        let mut bindings = Bindings::default();
        bindings.matches(pattern, FRAME).unwrap();
        assert_eq!(bindings.get("alice"), Some("XDmENcnwIE0CFEQ="));
        assert_eq!(bindings.get("*"), None);
        assert_eq!(
            bindings.fill("/@connections/${alice}").unwrap(),
            "/@connections/XDmENcnwIE0CFEQ="
        );
        let other = FRAME.replace("XDmENcnwIE0CFEQ=", "YDmENcnwIE0CFEQ=");
        assert!(
            bindings
                .matches(pattern, &other)
                .unwrap_err()
                .contains("was `XDmENcnwIE0CFEQ=")
        );
    }

    #[test]
    fn what_a_name_stands_for_may_hold_what_comes_behind_it() {
        let mut bindings = Bindings::default();
        bindings.set("a", "x}y");
        bindings.matches("{${a}}", "{x}y}").unwrap();
        assert!(bindings.matches("{${a}}", "{x}z}").is_err());
        assert!(bindings.matches("${a}", "x}yz").is_err());
    }

    #[test]
    fn a_hole_can_demand_another_text() {
        let mut bindings = Bindings::default();
        bindings.matches("${first}", "a").unwrap();
        assert!(bindings.clone().matches("${second!first}", "b").is_ok());
        assert!(
            bindings
                .matches("${second!first}", "a")
                .unwrap_err()
                .contains("must not be")
        );
    }

    // Two bits of the ids' eleventh digit belong to the bytes that count, four do not.
    #[rstest]
    #[case(
        "${*:number~other}",
        "20/Jan/2024:11:55:00 +0000",
        "1705751700453",
        true
    )]
    #[case(
        "${*:number~other}",
        "20/Jan/2024:11:55:00 +0000",
        "1705751701000",
        false
    )]
    #[case("${*:id~other}", "L0SM9cOFvHcCIhw=", "L0SM-dmPvHcCIhw=", true)]
    #[case("${*:id~other}", "L0SM9cOFvHcCIhw=", "L0SM-dmPvHgCIhw=", true)]
    #[case("${*:id~other}", "L0SM9cOFvHcCIhw=", "L0SM-dmPvHcCIhA=", false)]
    #[case("${*:id~other}", "L0SM9cOFvHcCIhw=", "L0SM-dmPvHdCIhw=", false)]
    #[case("${*~unknown}", "", "", false)]
    fn a_hole_can_demand_agreement(
        #[case] pattern: &str,
        #[case] other: &str,
        #[case] text: &str,
        #[case] fits: bool,
    ) {
        let mut bindings = Bindings::default();
        bindings.set("other", other);
        assert_eq!(bindings.matches(pattern, text).is_ok(), fits);
    }

    #[rstest]
    #[case("${*:id}", "short=", false)]
    #[case("${*:uuid}", "03c09e84-9949-48d9-9d50-8ddb489d6142", true)]
    #[case("${*:clf}", "20/Jan/2024:11:55:00 +0000", true)]
    #[case("${*:iso}", "2020-11-15T12:23:14.726Z", true)]
    #[case("${*:number}", "12a", false)]
    #[case("${*:id-c}", "XDmENcnwIE0CFEQ=", true)]
    #[case("${*:id-c}", "XDmGEE2RoE0FRdQ=", false)]
    #[case("${*:id-f}", "XDmGEE2RoE0FRdQ=", true)]
    #[case("${*:id-f}", "short=", false)]
    #[case("${*:ip}", "203.0.113.7", true)]
    #[case("${*:ip}", "2001:db8::1", true)]
    #[case("${*:ip}", "203.0.113.7:443", false)]
    #[case("a${*}b", "ab", true)]
    #[case("a", "ab", false)]
    #[case("${*", "x", false)]
    #[case("${*}${*}", "x", false)]
    fn kinds_have_forms(#[case] pattern: &str, #[case] text: &str, #[case] fits: bool) {
        assert_eq!(Bindings::default().matches(pattern, text).is_ok(), fits);
    }

    /// A text, and another that is nearly the same.
    fn two_texts() -> impl Strategy<Value = (String, String)> {
        let text = "[^$]{1,20}";
        (text, any::<prop::sample::Index>(), "[^$]", 0..4_u8).prop_map(|(text, at, new, edit)| {
            let (at, _) = text
                .char_indices()
                .nth(at.index(text.chars().count()))
                .unwrap();
            let (before, from) = text.split_at(at);
            let behind = &from[from.chars().next().map_or(0, char::len_utf8)..];
            let other = match edit {
                0 => format!("{before}{new}{behind}"),
                1 => format!("{before}{new}{from}"),
                2 => format!("{before}{behind}"),
                _ => format!("{text}{new}"),
            };
            (text, other)
        })
    }

    proptest! {
        #[test]
        fn a_text_without_holes_matches_itself_only((text, other) in two_texts()) {
            let mut bindings = Bindings::default();
            prop_assert!(bindings.matches(&text, &text).is_ok());
            prop_assert_eq!(bindings.matches(&text, &other).is_ok(), text == other);
        }

        #[test]
        fn what_is_filled_in_matches_and_nothing_else(
            value in "([^\"]|\\$\\{[a-z]?)*",
            name in "[a-z]{1,5}",
        ) {
            let pattern = format!("\"${{{name}}}\"");
            let mut bindings = Bindings::default();
            bindings.set(&name, &*value);
            let text = bindings.fill(&pattern).unwrap();
            prop_assert_eq!(&text, &format!("\"{value}\""));
            prop_assert!(bindings.matches(&pattern, &text).is_ok());
            let other = format!("\"{value}x\"");
            prop_assert!(bindings.matches(&pattern, &other).is_err());
        }
    }
}
