use spec::requirement;

use crate::case::Case;

/// Why a case exists, where it runs, and the requirements that it checks, each with its statement and its sources.
pub fn explanation(case: &Case) -> String {
    let mut text = format!("{}\n  {}\n", case.id, case.why);
    if let Some(fixture) = &case.fixture {
        text.push_str(&format!("  runs on: conformance/fixtures/{fixture}.yaml"));
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
            "runs on: conformance/fixtures/undeployed.yaml",
            "HANDSHAKE-21 (observed)",
            "source: https://",
        ] {
            assert!(text.contains(needle), "{needle} in {text}");
        }
    }
}
