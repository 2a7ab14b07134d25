use spec::requirement;

use super::table::summary;
use crate::case::Case;
use crate::verdict::{Report, Verdict};

/// A page: the matrix of cases by targets, then everything that is no pass with its transcript.
pub fn markdown(reports: &[Report], cases: &[Case]) -> String {
    let mut text = String::from("# Conformance report\n\n");
    for report in reports {
        text.push_str(&format!("- {}\n", summary(report)));
    }
    text.push_str("\n| case | requirements |");
    for report in reports {
        text.push_str(&format!(" {} |", report.target));
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" --- |".repeat(reports.len()));
    text.push('\n');
    for case in cases {
        text.push_str(&format!(
            "| {} | {} |",
            case.id,
            case.requirements.join(", ")
        ));
        for report in reports {
            let verdict = report
                .outcomes
                .iter()
                .find(|outcome| outcome.case == case.id)
                .map_or_else(
                    || "not run".to_owned(),
                    |outcome| outcome.verdict.to_string(),
                );
            text.push_str(&format!(" {verdict} |"));
        }
        text.push('\n');
    }
    for report in reports {
        for outcome in &report.outcomes {
            if matches!(outcome.verdict, Verdict::Pass | Verdict::Unsupported) {
                continue;
            }
            text.push_str(&format!(
                "\n## {} on {}: {}\n\n{}\n\n",
                outcome.case, report.target, outcome.verdict, outcome.detail
            ));
            for id in cases
                .iter()
                .filter(|case| case.id == outcome.case)
                .flat_map(|case| &case.requirements)
            {
                if let Some(requirement) = requirement::find(id) {
                    text.push_str(&format!(
                        "- {id} ({}): {}\n",
                        requirement.basis, requirement.title
                    ));
                }
            }
            text.push_str(&format!(
                "\n```text\n{}\n```\n",
                outcome.transcript.join("\n")
            ));
        }
    }
    text
}
