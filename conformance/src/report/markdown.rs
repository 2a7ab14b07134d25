use super::table::summary;
use super::{Comparison, Format};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format = Format {
    file: "report.md",
    write: markdown,
};

/// A page: the matrix of cases by targets, then everything that did not pass with its transcript.
fn markdown(comparison: &Comparison) -> String {
    let mut text = String::from("# Conformance report\n\n");
    for index in 0..comparison.targets.len() {
        text.push_str(&format!("- {}\n", summary(&comparison.report(index))));
    }
    let head: String = comparison
        .targets
        .iter()
        .map(|target| format!(" {target} |"))
        .collect();
    let line = " --- |".repeat(comparison.targets.len());
    text.push_str(&format!(
        "\n| case | requirements |{head}\n| --- | --- |{line}\n"
    ));
    for row in &comparison.rows {
        let ids: Vec<&str> = row.requirements.iter().map(|cited| &*cited.id).collect();
        text.push_str(&format!("| {} | {} |", row.case, ids.join(", ")));
        for outcome in &row.outcomes {
            let verdict = outcome.as_ref().map_or_else(
                || "not run".to_owned(),
                |outcome| outcome.verdict.to_string(),
            );
            text.push_str(&format!(" {verdict} |"));
        }
        text.push('\n');
    }
    for (index, target) in comparison.targets.iter().enumerate() {
        for row in &comparison.rows {
            let Some(outcome) = &row.outcomes[index] else {
                continue;
            };
            if matches!(outcome.verdict, Verdict::Pass | Verdict::Unsupported) {
                continue;
            }
            let (verdict, detail) = (outcome.verdict, &outcome.detail);
            text.push_str(&format!(
                "\n## {} on {target}: {verdict}\n\n{}\n\n{detail}\n\n",
                row.case, row.why
            ));
            for cited in &row.requirements {
                text.push_str(&format!(
                    "- {} ({}): {}\n",
                    cited.id, cited.basis, cited.title
                ));
            }
            // A transcript may hold a fence of its own: the page's is longer.
            let transcript = outcome.transcript.join("\n");
            let longest = transcript.split(|c| c != '`').map(str::len).max();
            let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
            text.push_str(&format!("\n{fence}text\n{transcript}\n{fence}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};

    #[test]
    fn every_verdict_is_in_its_place() {
        let text = markdown(&comparison());
        let mut rows = text.lines().filter_map(|line| {
            let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
            Some(line.split(" | ").collect::<Vec<_>>())
        });
        let head = rows.next().unwrap();
        let rows: Vec<_> = rows.skip(1).collect();
        let mut found = Vec::new();
        for (index, target) in head.iter().enumerate().skip(2) {
            for row in &rows {
                found.push([row[0], target, row[index]].map(str::to_owned));
            }
        }
        assert_eq!(found, outcomes());
    }

    #[test]
    fn what_is_no_pass_is_told_with_its_target() {
        let text = markdown(&comparison());
        assert!(text.contains("## limits/b on local: error"), "{text}");
        assert!(!text.contains("## limits/b on spec"), "{text}");
    }
}
