//! Event patterns: the language of `FilterCriteria`, in which one says which events a function gets.
//!
//! A pattern is a map like the event. Its leaves are lists of rules, of which one must match; all of
//! a map's members must. What a list in an event has, one of its items must match.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>;
//! empty lists and maps, which are refused, and numbers: <https://github.com/aws/event-ruler>.

use serde_json::{Map, Value as Json};

/// A pattern of a `FilterCriteria`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPattern(Members);

/// A map of a pattern.
#[derive(Clone, Debug, Default, PartialEq)]
struct Members {
    fields: Vec<(String, Part)>,
    /// `$or`: one of them, if there are any.
    or: Vec<Members>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Map(Members),
    Rules(Vec<Rule>),
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Equals(Json),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    /// None of these rules.
    AnythingBut(Vec<Rule>),
    /// All of these.
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

const NO_MEMBERS: &str = "it must be a map with members";
const EMPTY: &str = "an empty list matches nothing: it must have a value or a rule, or be left out";

impl EventPattern {
    /// Reads a pattern, a JSON text.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        match json {
            Json::Object(map) => Members::read(&map).map(Self),
            _ => Err(NO_MEMBERS.to_owned()),
        }
    }

    /// Whether an event is one of those that are meant.
    pub fn matches(&self, event: &Json) -> bool {
        self.0.match_map(event)
    }
}

impl Members {
    fn read(map: &Map<String, Json>) -> Result<Self, String> {
        if map.is_empty() {
            return Err(NO_MEMBERS.to_owned());
        }
        let mut members = Self::default();
        for (name, value) in map {
            let at = |problem: String| format!("`{name}`: {problem}");
            match value {
                Json::Array(items) if items.is_empty() => return Err(at(EMPTY.to_owned())),
                Json::Array(items) if name == "$or" => {
                    for item in items {
                        let map = item.as_object();
                        let map = map.ok_or_else(|| at("its items must be maps".to_owned()))?;
                        members.or.push(Self::read(map).map_err(at)?);
                    }
                }
                Json::Array(items) => {
                    let rules: Result<Vec<Rule>, String> = items.iter().map(Rule::read).collect();
                    let rules = rules.map_err(at)?;
                    members.fields.push((name.clone(), Part::Rules(rules)));
                }
                Json::Object(map) => {
                    let map = Self::read(map).map_err(at)?;
                    members.fields.push((name.clone(), Part::Map(map)));
                }
                _ => {
                    return Err(at(
                        "it must be a list of values or rules, or a map".to_owned()
                    ));
                }
            }
        }
        Ok(members)
    }

    fn match_map(&self, event: &Json) -> bool {
        if let Json::Array(items) = event {
            return items.iter().any(|item| self.match_map(item));
        }
        let all = self.fields.iter().all(|(name, part)| {
            let value = event.get(name);
            match part {
                Part::Map(members) => members.match_map(value.unwrap_or(&Json::Null)),
                Part::Rules(rules) => rules.iter().any(|rule| rule.match_leaf(value)),
            }
        });
        all && (self.or.is_empty() || self.or.iter().any(|one| one.match_map(event)))
    }
}

impl Rule {
    fn read(rule: &Json) -> Result<Self, String> {
        let map = match rule {
            Json::Object(map) => map,
            Json::Array(_) => return Err("a list in a list is no rule".to_owned()),
            value => return Ok(Self::Equals(value.clone())),
        };
        let mut members = map.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err("a rule has one member, such as `prefix`".to_owned());
        };
        let text = || {
            let text = value.as_str().map(str::to_owned);
            text.ok_or_else(|| format!("`{name}` must be a text"))
        };
        match &**name {
            "prefix" => Ok(Self::Prefix(text()?)),
            "suffix" => Ok(Self::Suffix(text()?)),
            "equals-ignore-case" => Ok(Self::EqualsIgnoreCase(text()?)),
            "exists" => {
                let exists = value.as_bool();
                let exists = exists.ok_or("`exists` must be true or false")?;
                Ok(Self::Exists(exists))
            }
            "anything-but" => {
                let rules = match value {
                    Json::Array(items) if items.is_empty() => {
                        return Err(format!("`{name}`: {EMPTY}"));
                    }
                    Json::Array(items) => items.iter().map(Self::read).collect(),
                    one => Self::read(one).map(|rule| vec![rule]),
                };
                Ok(Self::AnythingBut(rules?))
            }
            "numeric" => numeric(value).map(Self::Numeric),
            _ => Err(format!(
                "`{name}` is no rule: there are `prefix`, `suffix`, `equals-ignore-case`, `exists`, \
                 `anything-but` and `numeric`"
            )),
        }
    }

    fn match_leaf(&self, value: Option<&Json>) -> bool {
        // Of a map, only the members exist.
        let value = value.filter(|value| !value.is_object());
        let Some(value) = value else {
            return *self == Self::Exists(false);
        };
        match value {
            Json::Array(items) if !matches!(self, Self::Exists(_)) => {
                items.iter().any(|item| self.match_value(item))
            }
            value => self.match_value(value),
        }
    }

    fn match_value(&self, value: &Json) -> bool {
        match self {
            Self::Equals(expected) if value.is_f64() == expected.is_f64() => value == expected,
            // `26.0` is 26. What is no number has none here.
            Self::Equals(expected) => value.as_f64() == expected.as_f64(),
            Self::Exists(exists) => *exists,
            Self::AnythingBut(rules) => !rules.iter().any(|rule| rule.match_value(value)),
            Self::Numeric(range) => value
                .as_f64()
                .is_some_and(|number| range.iter().all(|(is, bound)| is.holds(number, *bound))),
            Self::Prefix(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
            Self::Suffix(end) => value.as_str().is_some_and(|text| text.ends_with(end)),
            Self::EqualsIgnoreCase(expected) => value
                .as_str()
                .is_some_and(|text| text.to_lowercase() == expected.to_lowercase()),
        }
    }
}

/// `[">", 0, "<=", 5]`.
fn numeric(value: &Json) -> Result<Vec<(Comparison, f64)>, String> {
    let wrong = || "`numeric` must be comparisons and numbers, such as `[\">\", 0]`".to_owned();
    let items = value.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(wrong)?;
    let pairs = items.chunks(2).map(|pair| {
        let comparison = match pair.first()?.as_str()? {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::More,
            ">=" => Comparison::AtLeast,
            _ => return None,
        };
        Some((comparison, pair.get(1)?.as_f64()?))
    });
    pairs.collect::<Option<Vec<_>>>().ok_or_else(wrong)
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::AtMost => number <= bound,
            Self::More => number > bound,
            Self::AtLeast => number >= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Json {
        json!({
            "eventName": "MODIFY",
            "dynamodb": {
                "Keys": {"id": {"S": "Room#1"}},
                "NewImage": {"count": {"N": "5"}, "gone": {"NULL": true}, "tags": {"SS": ["a", "b"]},
                    "empty": {"S": ""}},
                "SizeBytes": 26,
            },
        })
    }

    fn matches(pattern: &Json) -> bool {
        let pattern = EventPattern::parse(&pattern.to_string()).expect("a pattern");
        pattern.matches(&event())
    }

    fn key(rule: &Json) -> Json {
        json!({"dynamodb": {"Keys": {"id": {"S": [rule]}}}})
    }

    #[test]
    fn one_rule_of_a_list_and_all_members_of_a_map_must_match() {
        assert!(matches(&json!({"eventName": ["INSERT", "MODIFY"]})));
        assert!(!matches(&json!({"eventName": ["INSERT", "REMOVE"]})));
        let both = |size| json!({"eventName": ["MODIFY"], "dynamodb": {"SizeBytes": [size]}});
        assert!(matches(&both(26)));
        assert!(!matches(&both(27)));
        // Numbers are compared by their values.
        let size = |text: &str| {
            let text = format!(r#"{{"dynamodb": {{"SizeBytes": [{text}]}}}}"#);
            EventPattern::parse(&text)
                .expect("a pattern")
                .matches(&event())
        };
        assert!(size("26.0") && size("2.6e1") && size(r#"{"anything-but": 26.5}"#));
        assert!(!size("26.5") && !size(r#"{"anything-but": [26.0]}"#) && !size(r#""26""#));
        let or =
            |size| json!({"$or": [{"eventName": ["INSERT"]}, {"dynamodb": {"SizeBytes": [size]}}]});
        assert!(matches(&or(26)));
        assert!(!matches(&or(27)));
        assert!(matches(
            &json!({"dynamodb": {"NewImage": {"tags": {"SS": ["b"]}}}})
        ));
        assert!(!matches(
            &json!({"dynamodb": {"NewImage": {"tags": {"SS": ["c"]}}}})
        ));
    }

    #[test]
    fn each_rule_matches_what_it_says() {
        for (rule, expected) in [
            (json!("Room#1"), true),
            (json!("room#1"), false),
            (json!({"equals-ignore-case": "room#1"}), true),
            (json!({"prefix": "Room#"}), true),
            (json!({"prefix": "#"}), false),
            (json!({"suffix": "#1"}), true),
            (json!({"suffix": "Room"}), false),
            (json!({"anything-but": ["Room#1", "x"]}), false),
            (json!({"anything-but": "x"}), true),
            (json!({"anything-but": {"prefix": "Room"}}), false),
            (json!({"exists": true}), true),
            (json!({"exists": false}), false),
            (json!(null), false),
        ] {
            assert_eq!(matches(&key(&rule)), expected, "{rule}");
        }
        let size = |rule| json!({"dynamodb": {"SizeBytes": [{"numeric": rule}]}});
        assert!(matches(&size(json!([">", 0, "<=", 26]))));
        assert!(!matches(&size(json!([">", 26]))));
        assert!(matches(&size(json!(["=", 26]))));
        assert!(!matches(&size(json!(["<", 26]))));
        assert!(matches(&size(json!([">=", 26]))));
        // DynamoDB's numbers are texts.
        let count = json!({"dynamodb": {"NewImage": {"count": {"N": [{"numeric": ["=", 5]}]}}}});
        assert!(!matches(&count));
        assert!(matches(
            &json!({"dynamodb": {"NewImage": {"empty": {"S": [""]}}}})
        ));
    }

    #[test]
    fn only_leaves_exist() {
        let new = |name: &str, exists: bool| json!({"dynamodb": {"NewImage": {name: {"S": [{"exists": exists}]}}}});
        assert!(matches(&new("empty", true)));
        assert!(matches(&new("nobody", false)));
        assert!(!matches(&new("nobody", true)));
        let map = |exists: bool| json!({"dynamodb": {"NewImage": [{"exists": exists}]}});
        assert!(!matches(&map(true)));
        assert!(matches(&map(false)));
        // What is missing is not "anything but".
        assert!(!matches(&json!({"nobody": [{"anything-but": "x"}]})));
    }

    #[test]
    fn what_is_no_pattern_is_an_error_with_its_place() {
        for (text, problem) in [
            (
                "{",
                "no JSON: EOF while parsing an object at line 1 column 1",
            ),
            ("[]", "it must be a map with members"),
            ("{}", "it must be a map with members"),
            (
                r#"{"a": {"b": "c"}}"#,
                "`a`: `b`: it must be a list of values or rules, or a map",
            ),
            (
                r#"{"a": [{"like": "c"}]}"#,
                "`a`: `like` is no rule: there are `prefix`",
            ),
            (r#"{"a": [{"prefix": 1}]}"#, "`a`: `prefix` must be a text"),
            (
                r#"{"a": [{"numeric": [">"]}]}"#,
                "`a`: `numeric` must be comparisons",
            ),
            (
                r#"{"a": [{"numeric": []}]}"#,
                "`a`: `numeric` must be comparisons",
            ),
            (r#"{"a": [{}]}"#, "`a`: a rule has one member"),
            (
                r#"{"a": {"b": []}}"#,
                "`a`: `b`: an empty list matches nothing",
            ),
            (r#"{"a": {"b": {}}}"#, "`a`: `b`: it must be a map with"),
            (r#"{"$or": [{}]}"#, "`$or`: it must be a map with members"),
            (r#"{"$or": []}"#, "`$or`: an empty list matches nothing"),
            (
                r#"{"a": [{"anything-but": []}]}"#,
                "`a`: `anything-but`: an empty list matches nothing",
            ),
            (r#"{"$or": [1]}"#, "`$or`: its items must be maps"),
        ] {
            let error = EventPattern::parse(text).expect_err("it is no pattern");
            assert!(error.starts_with(problem), "{text}: {error}");
        }
    }
}
