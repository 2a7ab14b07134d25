//! What every case must keep to, so that a mistake in a case is its own and never a target's.

use std::collections::BTreeSet;

use super::clients::Clients;
use super::{Case, Feature, Step};
use crate::pattern::{self, Part};
use crate::runner::{AS_JSON, BASE, HOST, KINDS, OBSERVER};

/// Checks a case, but for what depends on the other cases.
///
/// # Errors
/// The rule that it breaks, in words that go behind "case `…` ".
pub(super) fn check(case: &Case) -> Result<(), String> {
    for requirement in &case.requirements {
        if spec::requirement::find(requirement).is_none() {
            return Err(format!("cites `{requirement}`, which does not exist"));
        }
    }
    if case.steps.is_empty() {
        return Err("has no steps, so that every target would pass it".to_owned());
    }
    for name in case.generate.keys().chain(case.given.keys()) {
        if [HOST, BASE, OBSERVER, "*"].contains(&&**name) || name.contains(['.', ':', '!', '~']) {
            return Err(format!(
                "gives a value to `{name}`, which is no name of its own"
            ));
        }
        if case.generate.contains_key(name) && case.given.contains_key(name) {
            return Err(format!("both gives `{name}` a value and generates it"));
        }
    }
    let given: Vec<String> = case
        .generate
        .keys()
        .chain(case.given.keys())
        .flat_map(|name| [name.clone(), format!("{name}{AS_JSON}")])
        .collect();
    let mut bound: BTreeSet<&str> = given.iter().map(String::as_str).collect();
    bound.extend([HOST, BASE]);
    let mut clients = Clients::default();
    let mut flooded = false;
    for (index, step) in case.steps.iter().enumerate() {
        let at = |problem: String| format!("breaks a rule in step {}: {problem}", index + 1);
        if let Step::Event { kind, .. } | Step::Unseen { kind } = step
            && !KINDS.contains(&&**kind)
        {
            return Err(at(format!(
                "events of the kind `{kind}` do not exist: there are {KINDS:?}"
            )));
        }
        match step {
            Step::Manage {
                method,
                sign,
                most,
                meanwhile,
                ..
            } if *most > 1 => {
                if method != "POST" || sign.is_some() || meanwhile.is_some() {
                    return Err(at(
                        "`most` is for unsigned POSTs, without `meanwhile`".to_owned()
                    ));
                }
                flooded = true;
            }
            Step::Wait { .. } if !case.features.contains(&Feature::Clock) => {
                return Err(at("who lets time pass needs the feature `clock`".to_owned()));
            }
            Step::Drain { .. } if !flooded => {
                return Err(at("nothing was posted with `most` before".to_owned()));
            }
            _ => {}
        }
        for text in step.sent() {
            for part in pattern::parse(text).map_err(at)? {
                if let Part::Hole { name, .. } = part
                    && !bound.contains(name)
                {
                    return Err(at(format!("nothing is bound to `${{{name}}}` yet")));
                }
            }
        }
        for text in step.seen() {
            let parts = pattern::parse(text).map_err(at)?;
            if parts
                .windows(2)
                .any(|pair| matches!(pair, [Part::Hole { .. }, Part::Hole { .. }]))
            {
                return Err(at(format!(
                    "two holes must have text between them in `{text}`"
                )));
            }
            bound.extend(parts.iter().filter_map(|part| match part {
                Part::Hole { name, .. } => Some(name),
                Part::Text(_) => None,
            }));
        }
        if let Step::Observe { .. } = step {
            bound.insert(OBSERVER);
        }
        clients.follow(step).map_err(at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::case::parse;

    #[rstest]
    #[case::unknown_kind(
        r#"{ do = "unseen", kind = "Connect" }"#,
        "step 3: events of the kind `Connect`"
    )]
    #[case::no_end_of_a_hole(r#"{ do = "receive", client = "a", text = "${b" }"#, "step 3: `${`")]
    #[case::no_kind_of_hole(
        r#"{ do = "receive", client = "a", text = "${b:idd}" }"#,
        "`idd` is no kind"
    )]
    #[case::holes_side_by_side(
        r#"{ do = "receive", client = "a", text = "${b}${c}" }"#,
        "text between them in `${b}${c}`"
    )]
    #[case::nothing_bound(
        r#"{ do = "send", client = "a", text = "${host}" }, { do = "manage", method = "GET", id = "${a}", status = 200 }"#,
        "step 4: nothing is bound to `${a}` yet"
    )]
    #[case::a_header_is_filled_too(
        r#"{ do = "connect", client = "b", headers = { b = ["${c}"] } }"#,
        "nothing is bound to `${c}`"
    )]
    #[case::in_an_event(
        r#"{ do = "event", kind = "MESSAGE", has = { "/body" = "json:${b" } }"#,
        "`${` without `}`"
    )]
    #[case::a_signed_flood(
        r#"{ do = "manage", method = "POST", id = "a", status = 429, most = 2, sign = { in = "header" } }"#,
        "unsigned POSTs"
    )]
    #[case::equal_to_what(
        r#"{ do = "event", kind = "MESSAGE", has = { "/body" = "value:${b}" } }"#,
        "nothing is bound to `${b}`"
    )]
    #[case::nothing_to_drain(r#"{ do = "drain", client = "a" }"#, "nothing was posted with `most`")]
    #[case::a_client_that_is_not_there(
        r#"{ do = "send", client = "b", text = "" }"#,
        "step 3: the client `b` is not connected"
    )]
    #[case::a_client_that_has_left(
        r#"{ do = "closed", client = "a" }, { do = "receive", client = "a", text = "" }"#,
        "step 4: the client `a` is not connected"
    )]
    #[case::a_client_that_is_there(
        r#"{ do = "connect", client = "a" }"#,
        "the client `a` is connected already"
    )]
    #[case::the_kits_own_client(
        r#"{ do = "connect", client = "observer" }"#,
        "the kit's own client"
    )]
    #[case::two_observers(r#"{ do = "observe" }"#, "an observer already")]
    #[case::time(r#"{ do = "wait", seconds = 1 }"#, "needs the feature `clock`")]
    fn a_mistake_is_the_cases_own(#[case] steps: &str, #[case] problem: &str) {
        let before = r#"{ do = "observe" }, { do = "connect", client = "a" }"#;
        let text = format!("[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = [{before}, {steps}]\n");
        let found = parse("x.toml", None, &text).unwrap_err().problem;
        assert!(found.contains(problem), "{found}");
    }

    #[rstest]
    #[case::no_steps("steps = []", "has no steps")]
    #[case::nobody_sees(
        r#"steps = [{ do = "event", kind = "MESSAGE" }]"#,
        "`observe` comes first"
    )]
    #[case::a_name_of_the_kit(
        r#"given = { host = "" }
        steps = [{ do = "observe" }]"#,
        "gives a value to `host`"
    )]
    #[case::twice(
        r#"given = { a = "" }
        generate = { a = "text" }
        steps = [{ do = "observe" }]"#,
        "both gives `a` a value and generates it"
    )]
    fn a_case_says_something(#[case] rest: &str, #[case] problem: &str) {
        let text = format!("[[case]]\nid = \"a/b\"\nwhy = \"w\"\n{rest}\n");
        let found = parse("x.toml", None, &text).unwrap_err().problem;
        assert!(found.contains(problem), "{found}");
    }

    #[test]
    fn what_is_given_is_bound() {
        let text = r#"
            [[case]]
            id = "a/b"
            why = "w"
            generate = { c = "text" }
            given = { d = "e" }
            steps = [
              { do = "connect", client = "a" },
              { do = "send", client = "a", text = "${c}${c.json}${d}${d.json}" },
            ]
        "#;
        assert_eq!(parse("x.toml", None, text).unwrap().len(), 1);
    }

    #[test]
    fn what_is_seen_binds() {
        let text = r#"
            [[case]]
            id = "a/b"
            why = "w"
            steps = [
              { do = "observe" },
              { do = "connect", client = "a", target = "?observer=${observer}" },
              { do = "receive", client = "a", text = "${b:id} ${c}" },
              { do = "manage", method = "GET", id = "${b}", status = 200, response = "${d}" },
              { do = "send", client = "a", text = "${b}${c}${d}" },
            ]
        "#;
        assert_eq!(parse("x.toml", None, text).unwrap().len(), 1);
    }
}
