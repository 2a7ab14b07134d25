//! What the probe reported, and whether it is what a case says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::difference::Difference;
use crate::case::{Event, JSON, VALUE};
use crate::pattern::Bindings;

/// The reports of one case that no step has looked at, by kind.
#[derive(Debug, Default)]
pub(super) struct Reports {
    waiting: BTreeMap<String, VecDeque<Report>>,
    /// Kinds that the case looks at: none of these may be left.
    looked_at: BTreeSet<String>,
}

/// A report of the probe (see [`crate::probe`]).
#[derive(Debug)]
pub(super) struct Report {
    event: Value,
    /// The statuses of what the probe was told to post.
    posted: Vec<u16>,
}

/// The kinds of events, as a case names them.
pub(crate) const KINDS: [&str; 6] = [
    "authorizer",
    "CONNECT",
    "MESSAGE",
    "DISCONNECT",
    "payload",
    "HTTP",
];

impl Reports {
    /// Whether a text is a report.
    pub(super) fn is_report(text: &str) -> bool {
        Self::default().add(text).is_ok()
    }

    /// Takes in a message to the observer.
    ///
    /// # Errors
    /// It is not a report.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let no_report = || format!("the observer got `{text}`, which is not a report of the probe");
        let mut report: Value = serde_json::from_str(text).map_err(|_| no_report())?;
        let kind = report["kind"].as_str().ok_or_else(no_report)?.to_owned();
        let posted = report["posted"].as_array();
        let posted = posted
            .into_iter()
            .flatten()
            .filter_map(|status| status.as_u64()?.try_into().ok())
            .collect();
        let event = match report.get_mut("event") {
            Some(event) => event.take(),
            // Too long to be reported: what is known about it.
            None => report,
        };
        let report = Report { event, posted };
        self.waiting.entry(kind).or_default().push_back(report);
        Ok(())
    }

    /// The next report of a kind.
    pub(super) fn next(&mut self, kind: &str) -> Option<Report> {
        self.watch(kind);
        self.waiting.get_mut(kind)?.pop_front()
    }

    /// From now on no report of this kind may be left.
    pub(super) fn watch(&mut self, kind: &str) {
        self.looked_at.insert(kind.to_owned());
    }

    /// Whether the case has looked at anything at all.
    pub(super) fn are_looked_at(&self) -> bool {
        !self.looked_at.is_empty()
    }

    /// Reports that the case does not account for.
    pub(super) fn surplus(&self) -> Vec<String> {
        let surplus = self
            .waiting
            .iter()
            .filter(|(kind, _)| self.looked_at.contains(*kind));
        surplus
            .flat_map(|(kind, reports)| {
                reports
                    .iter()
                    .map(move |report| format!("{kind} {}", report.event))
            })
            .collect()
    }
}

/// Compares a report, and binds the names in the patterns.
///
/// # Errors
/// Where it differs.
pub(super) fn check(
    expected: &Event,
    report: &Report,
    bindings: &mut Bindings,
) -> Result<(), Difference> {
    let Report { event, posted } = report;
    for (pointer, names) in &expected.members {
        members(event, pointer, names)?;
    }
    let surplus = |pointer: &String| Some((pointer.clone(), event.pointer(pointer)?));
    if let Some((pointer, found)) = expected.lacks.iter().find_map(surplus) {
        let problem = format!("there is a `{pointer}`: {found}");
        let expected = format!("no `{pointer}`");
        return Err(Difference::new(problem, expected, found.to_string()));
    }
    let mut least = 0;
    for pointer in &expected.ascending {
        let number = event.pointer(pointer).and_then(Value::as_u64);
        let number = number.ok_or_else(|| {
            let expected = format!("a number at `{pointer}`");
            Difference::new(
                format!("there is no number at `{pointer}`"),
                expected,
                "none",
            )
        })?;
        if number < least {
            let problem = format!("`{pointer}`: {number} is less than {least}");
            let expected = format!("`{pointer}` at least {least}");
            return Err(Difference::new(problem, expected, number.to_string()));
        }
        least = number;
    }
    for (pointer, wanted) in &expected.has {
        let expected = || format!("`{pointer}` {wanted}");
        let found = event.pointer(pointer).ok_or_else(|| {
            Difference::new(format!("there is no `{pointer}`"), expected(), "none")
        })?;
        value(wanted, found, bindings).map_err(|problem| {
            let problem = format!("`{pointer}`: {problem}");
            Difference::new(problem, expected(), found.to_string())
        })?;
    }
    if *posted != expected.posted {
        let (expected, came) = (format!("{:?}", expected.posted), format!("{posted:?}"));
        let problem = format!("the probe's posts should be answered {expected}, and were {came}");
        return Err(Difference::new(problem, expected, came));
    }
    Ok(())
}

/// Compares the members of an object, by name and order.
fn members(event: &Value, pointer: &str, names: &[String]) -> Result<(), Difference> {
    let (free, wanted): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| name.starts_with('?'));
    let expected = format!("members at `{pointer}` {wanted:?}");
    let object = event.pointer(pointer).and_then(Value::as_object);
    let object = object.ok_or_else(|| {
        let problem = format!("there is no object at `{pointer}`");
        Difference::new(problem, expected.clone(), "none")
    })?;
    let is_free = |name: &&String| free.iter().any(|free| free[1..] == **name);
    let found: Vec<&String> = object.keys().filter(|name| !is_free(name)).collect();
    if found == wanted {
        return Ok(());
    }
    let problem = format!("members at `{pointer}`: expected {wanted:?}, found {found:?}");
    Err(Difference::new(problem, expected, format!("{found:?}")))
}

fn value(expected: &toml::Value, found: &Value, bindings: &mut Bindings) -> Result<(), String> {
    let json = match expected
        .as_str()
        .map(|text| (text, text.strip_prefix(VALUE)))
    {
        None => serde_json::to_value(expected).unwrap_or_default(),
        Some((_, Some(json))) => {
            let json = bindings.fill(json)?;
            serde_json::from_str(&json).map_err(|error| format!("`{json}` is not JSON: {error}"))?
        }
        Some((pattern, None)) => {
            return match (pattern.strip_prefix(JSON), found) {
                (Some(pattern), _) => bindings.matches(pattern, &found.to_string()),
                (None, Value::String(text)) => bindings.matches(pattern, text),
                (None, _) => Err(format!("expected the text `{pattern}`, found {found}")),
            };
        }
    };
    if json == *found {
        Ok(())
    } else {
        Err(format!("expected {json}, found {found}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::text(r#"has = { "/a" = "x${n}" }"#, None)]
    #[case::equal_values(r#"has = { "/b" = false, "/c/d" = 1, "/c" = { d = 1 } }"#, None)]
    #[case::json_value(
        r#"has = { "" = 'value:{"c":{"d":1},"e":2,"b":false,"a":"x1"}' }"#,
        None
    )]
    #[case::another_json_value(
        r#"has = { "/c" = 'value:{"d":2}' }"#,
        Some("expected {\"d\":2}, found {\"d\":1}")
    )]
    #[case::json_text(r#"has = { "/c" = 'json:{"d":${*:number}}' }"#, None)]
    #[case::members(r#"members = { "" = ["a", "b", "c", "e"], "/c" = ["d"] }"#, None)]
    #[case::members_but_one(r#"members = { "" = ["?b", "a", "c", "e", "?z"] }"#, None)]
    #[case::a_member_too_many(
        r#"members = { "" = ["?b", "a", "e"] }"#,
        Some("expected [\"a\", \"e\"], found [\"a\", \"c\", \"e\"]")
    )]
    #[case::another_text(r#"has = { "/a" = "y" }"#, Some("`/a`: expected `y`, found `x1`"))]
    #[case::a_number_is_no_text(
        r#"has = { "/c/d" = "1" }"#,
        Some("`/c/d`: expected the text `1`, found 1")
    )]
    #[case::ascending(r#"ascending = ["/c/d", "/c/d", "/e"]"#, None)]
    #[case::descending(r#"ascending = ["/e", "/c/d"]"#, Some("`/c/d`: 1 is less than 2"))]
    #[case::a_text_does_not_ascend(r#"ascending = ["/a"]"#, Some("there is no number at `/a`"))]
    #[case::absent(r#"has = { "/z" = "" }"#, Some("there is no `/z`"))]
    #[case::present(r#"lacks = ["/b"]"#, Some("there is a `/b`: false"))]
    #[case::another_order(
        r#"members = { "" = ["b", "a", "c", "e"] }"#,
        Some("expected [\"b\", \"a\", \"c\", \"e\"], found [\"a\", \"b\", \"c\", \"e\"]")
    )]
    fn an_event_is_compared(#[case] expected: &str, #[case] problem: Option<&str>) {
        let expected = format!("kind = \"MESSAGE\"\nposted = [410]\n{expected}");
        let expected: Event = toml::from_str(&expected).unwrap();
        let event = serde_json::json!({"a": "x1", "b": false, "c": {"d": 1}, "e": 2});
        let report = Report {
            event,
            posted: vec![410],
        };
        let result = check(&expected, &report, &mut Bindings::default());
        match problem {
            None => assert_eq!(result, Ok(())),
            Some(problem) => {
                let found = result.unwrap_err().problem;
                assert!(found.contains(problem), "{found}");
            }
        }
    }

    #[test]
    fn only_what_the_case_looks_at_may_not_be_left() {
        let mut reports = Reports::default();
        reports
            .add(r#"{"kind":"CONNECT","event":{"n":1}}"#)
            .unwrap();
        reports
            .add(r#"{"kind":"MESSAGE","event":{"n":2},"posted":[410]}"#)
            .unwrap();
        assert!(reports.surplus().is_empty());
        assert_eq!(reports.next("MESSAGE").unwrap().posted, [410]);
        assert!(reports.next("MESSAGE").is_none());
        reports.watch("CONNECT");
        assert_eq!(reports.surplus(), [r#"CONNECT {"n":1}"#]);
        assert!(reports.add("hello").is_err());
    }
}
