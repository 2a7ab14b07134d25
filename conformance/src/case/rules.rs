//! What every case must keep to, so that a mistake in a case is its own and never a target's.

use std::collections::BTreeSet;

use super::clients::Clients;
use super::{Case, CaseProblem, Event, Feature, Step, Violation};
use crate::pattern::{self, Part};
use crate::runner::{AS_JSON, BASE, HOST, KINDS, OBSERVER};

/// Checks a case, but for what depends on the other cases.
///
/// # Errors
/// The rule that it violates.
pub(super) fn check(case: &Case) -> Result<(), CaseProblem> {
    for requirement in &case.requirements {
        if spec::requirement::find(requirement).is_none() {
            return Err(CaseProblem::UnknownRequirement(requirement.clone()));
        }
    }
    if case.steps.is_empty() {
        return Err(CaseProblem::NoSteps);
    }
    check_names(case)?;
    let names = case.generate.keys().chain(case.given.keys());
    let given: Vec<String> = names
        .flat_map(|name| [name.clone(), format!("{name}{AS_JSON}")])
        .collect();
    let mut so_far = SoFar {
        features: &case.features,
        bound: given
            .iter()
            .map(String::as_str)
            .chain([HOST, BASE])
            .collect(),
        clients: Clients::default(),
        flood: Flood::None,
    };
    for (index, step) in case.steps.iter().enumerate() {
        so_far.follow(step).map_err(|violation| CaseProblem::Step {
            step: index + 1,
            violation,
        })?;
    }
    Ok(())
}

/// What the steps before have done.
struct SoFar<'a> {
    features: &'a [Feature],
    /// The names that have values.
    bound: BTreeSet<&'a str>,
    clients: Clients<'a>,
    flood: Flood,
}

/// Whether there is a flood to drain.
#[derive(PartialEq, Eq)]
enum Flood {
    None,
    Posted,
}

impl<'a> SoFar<'a> {
    fn follow(&mut self, step: &'a Step) -> Result<(), Violation> {
        self.check_kind(step)?;
        self.bind(step)?;
        self.clients.follow(step)
    }

    /// The rules of one kind of step.
    fn check_kind(&mut self, step: &Step) -> Result<(), Violation> {
        match step {
            Step::Event(Event { kind, .. }) | Step::Unseen { kind }
                if !KINDS.contains(&&**kind) =>
            {
                Err(Violation::UnknownEvent(kind.clone()))
            }
            Step::Manage(call) if call.most > 1 => {
                if call.method != "POST" || call.sign.is_some() || call.meanwhile.is_some() {
                    return Err(Violation::OtherFlood);
                }
                self.flood = Flood::Posted;
                Ok(())
            }
            Step::Wait { .. } if !self.features.contains(&Feature::Clock) => {
                Err(Violation::NoClock)
            }
            Step::AccessLog { .. } if !self.features.contains(&Feature::AccessLog) => {
                Err(Violation::NoAccessLog)
            }
            Step::Drain { .. } if self.flood == Flood::None => Err(Violation::NoFlood),
            _ => Ok(()),
        }
    }

    /// The names that a step needs, and those that it binds.
    fn bind(&mut self, step: &'a Step) -> Result<(), Violation> {
        for text in step.sent() {
            for part in pattern::parse(text).map_err(Violation::Pattern)? {
                if let Part::Hole { name, .. } = part
                    && !self.bound.contains(name)
                {
                    return Err(Violation::Unbound(name.to_owned()));
                }
            }
        }
        for text in step.seen() {
            let parts = pattern::parse(text).map_err(Violation::Pattern)?;
            if parts
                .windows(2)
                .any(|pair| matches!(pair, [Part::Hole { .. }, Part::Hole { .. }]))
            {
                return Err(Violation::HolesTouch(text.to_owned()));
            }
            self.bound
                .extend(parts.iter().filter_map(|part| match part {
                    Part::Hole { name, .. } => Some(name),
                    Part::Text(_) => None,
                }));
        }
        if let Step::Observe(_) = step {
            self.bound.insert(OBSERVER);
        }
        Ok(())
    }
}

/// The names that a case gives values to.
fn check_names(case: &Case) -> Result<(), CaseProblem> {
    for name in case.generate.keys().chain(case.given.keys()) {
        if [HOST, BASE, OBSERVER, "*"].contains(&&**name) || name.contains(['.', ':', '!', '~']) {
            return Err(CaseProblem::OwnName(name.clone()));
        }
        if case.generate.contains_key(name) && case.given.contains_key(name) {
            return Err(CaseProblem::GivenAndGenerated(name.clone()));
        }
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
    #[case::a_log_that_not_every_target_has(
        r#"{ do = "access-log", of = "a", line = "a" }"#,
        "needs the feature `access-log`"
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
        let found = parse("x.toml", None, &text)
            .unwrap_err()
            .problem
            .to_string();
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
        let found = parse("x.toml", None, &text)
            .unwrap_err()
            .problem
            .to_string();
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
