use spec::requirement;

use crate::case::Case;

/// Why a case exists, the fixture that it runs on, the requirements that it checks, each with its
/// statement and its sources, and what happens in it: the steps as they stand in its file, and the
/// values that are generated or given.
pub fn explanation(case: &Case) -> String {
    let mut text = format!("{}\n  {}\n", case.id, case.why);
    if let Some(fixture) = &case.fixture {
        text.push_str(&format!("  runs on: {fixture}"));
        for (name, value) in &case.parameters {
            text.push_str(&format!(" {name}={value}"));
        }
        text.push('\n');
    }
    if !case.features.is_empty() {
        let features: Vec<String> = case.features.iter().map(ToString::to_string).collect();
        text.push_str(&format!("  needs: {}\n", features.join(", ")));
    }
    for requirement in case
        .requirements
        .iter()
        .filter_map(|id| requirement::find(id))
    {
        text.push_str(&format!(
            "\n  {} ({}): {}\n",
            requirement.id, requirement.basis, requirement.title
        ));
        for line in requirement.statement.lines() {
            text.push_str(&format!("    {line}\n"));
        }
        for source in requirement.sources() {
            text.push_str(&format!("    source: {source}\n"));
        }
    }
    text.push('\n');
    for line in case.course().lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_explained_with_its_sources() {
        let cases = crate::case::built_in().unwrap();
        let case = cases
            .iter()
            .find(|case| case.id == "handshake/a-stage-without-a-deployment-is-403");
        let text = explanation(case.unwrap());
        for needle in [
            "runs on: undeployed\n",
            "HANDSHAKE-21 (observed)",
            "source: https://",
            "\n  steps = [\n    { ",
            "status = 403",
        ] {
            assert!(text.contains(needle), "{needle} in {text}");
        }
        for case in &cases {
            let text = explanation(case);
            let steps = text
                .lines()
                .filter(|line| line.starts_with("    { ") || line.starts_with("    {do"));
            assert_eq!(steps.count(), case.steps.len(), "{text}");
            assert_eq!(text.contains("\n  generate = "), !case.generate.is_empty());
        }
    }
}
