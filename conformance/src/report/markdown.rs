use super::table::{counted, summary};
use super::{Comparison, Coverage, Format, Row};
use crate::verdict::{Outcome, Verdict};

pub(super) const FORMAT: Format = Format {
    file: "report.md",
    write: markdown,
};

/// What did not pass, first things first, and how that is headed.
const SECTIONS: [(Verdict, &str); 3] = [
    (Verdict::Fail, "Failures"),
    (Verdict::Error, "Errors"),
    (Verdict::Informational, "Differences from what is assumed"),
];
/// How much of a cause a heading has, in characters.
const HEADING: usize = 200;

/// A page: what did not pass, failures first, by cause; what was not run, and why; then the matrix
/// of cases by targets.
fn markdown(comparison: &Comparison) -> String {
    let mut text = String::from("# Conformance report\n\n");
    for index in 0..comparison.targets.len() {
        text.push_str(&format!("- {}\n", summary(comparison, index)));
    }
    for (verdict, heading) in SECTIONS {
        for index in 0..comparison.targets.len() {
            text.push_str(&section(comparison, index, verdict, heading));
        }
    }
    for index in 0..comparison.targets.len() {
        text.push_str(&not_run(comparison, index));
    }
    text.push_str(&matrix(comparison));
    text
}

/// The cases with a verdict, by cause, the most frequent one first.
fn section(comparison: &Comparison, index: usize, verdict: Verdict, heading: &str) -> String {
    let mut causes: Vec<(String, Vec<(&Row, &Outcome)>)> = Vec::new();
    let mut count = 0;
    for row in &comparison.rows {
        let Some(outcome) = row.outcomes[index].as_ref() else {
            continue;
        };
        if outcome.verdict != verdict {
            continue;
        }
        count += 1;
        let cause = outcome.cause();
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, cases)) => cases.push((row, outcome)),
            None => causes.push((cause, vec![(row, outcome)])),
        }
    }
    if count == 0 {
        return String::new();
    }
    causes.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    let target = &comparison.targets[index];
    let mut text = format!("\n## {heading} on {target}: {count}\n");
    for (cause, cases) in causes {
        let cause = one_line(&cause, HEADING);
        text.push_str(&format!("\n### {}: {cause}\n", counted(cases.len())));
        for (row, outcome) in cases {
            text.push_str(&explained(row, outcome));
        }
    }
    text
}

/// A case that did not pass: why it exists, where it stopped, how to run it alone, what happened.
fn explained(row: &Row, outcome: &Outcome) -> String {
    let mut text = format!("\n#### {}\n\n{}\n\n", row.case, row.why);
    match &outcome.stopped {
        Some(stopped) => {
            let (last, before) = match stopped.steps.split_last() {
                Some((last, before)) => (&**last, before),
                None => ("", [].as_slice()),
            };
            for (index, step) in before.iter().enumerate() {
                text.push_str(&format!("{}. {}\n", index + 1, line(step)));
            }
            text.push_str(&format!(
                "{}. **{}**\n\n- expected: {}\n- came: {}\n- where they part: {}\n",
                stopped.step,
                line(last),
                line(&stopped.expected),
                line(&stopped.came),
                line(&outcome.detail),
            ));
        }
        None => text.push_str(&format!("- {}\n", line(&outcome.detail))),
    }
    if let Some(command) = &outcome.command {
        text.push_str(&format!("- this case alone: `{command}`\n"));
    }
    for cited in &row.requirements {
        text.push_str(&format!(
            "- {} ({}): {}\n",
            cited.id, cited.basis, cited.title
        ));
    }
    if outcome.transcript.is_empty() {
        return text;
    }
    // A transcript may hold a fence of its own: the page's is longer.
    let transcript = outcome.transcript.join("\n");
    let longest = transcript.split(|c| c != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    text.push_str(&format!("\n{fence}text\n{transcript}\n{fence}\n"));
    text
}

/// What was not run, by what it would need.
fn not_run(comparison: &Comparison, index: usize) -> String {
    let reasons = Coverage::of(comparison, index).not_run;
    if reasons.is_empty() {
        return String::new();
    }
    let count: usize = reasons.iter().map(|(_, cases)| cases).sum();
    let mut text = format!("\n## Not run on {}: {count}\n\n", comparison.targets[index]);
    for (why, cases) in reasons {
        text.push_str(&format!("- {}: {}\n", counted(cases), line(&why)));
    }
    text
}

fn matrix(comparison: &Comparison) -> String {
    let head: String = comparison
        .targets
        .iter()
        .map(|target| format!(" {target} |"))
        .collect();
    let rule = " --- |".repeat(comparison.targets.len());
    let mut text =
        format!("\n## All cases\n\n| case | requirements |{head}\n| --- | --- |{rule}\n");
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
    text
}

/// A text within a line.
fn line(text: &str) -> String {
    text.split(['\n', '\r']).collect::<Vec<_>>().join(" ")
}

fn one_line(text: &str, most: usize) -> String {
    let text = line(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
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
        let (spec, local) = text.split_once("on local").unwrap();
        assert!(
            local.contains("## limits/b\n") || local.contains("#### limits/b\n"),
            "{text}"
        );
        assert!(!spec.contains("#### limits/b"), "{text}");
    }

    // The reader's questions in their order: what is wrong, of how many cases, at which step, what
    // was expected, what came, and how to see it.
    #[test]
    fn a_failure_is_explained() {
        let text = markdown(&comparison());
        let parts = [
            "## Failures on local: 1\n",
            "### 1 case: expected the text `a`, got `</script>`\n",
            "1. alice connects: 101\n2. **alice receives `a`**\n",
            "- expected: the text `a`\n- came: `</script>`\n",
            "- this case alone: `gatespec check --case 'route/<&>\"''`\n",
            "## Errors on local: 1\n",
            "## Differences from what is assumed on spec: 1\n",
            "## Not run on local: 1\n",
            "## All cases\n",
        ];
        let places: Vec<Option<usize>> = parts.iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some), "{places:?} in {text}");
        assert!(places.is_sorted(), "{places:?} in {text}");
    }

    #[test]
    fn cases_with_the_same_cause_stand_together() {
        let mut comparison = comparison();
        comparison.rows[0].outcomes[1] = comparison.rows[1].outcomes[1].clone();
        let text = markdown(&comparison);
        assert!(text.contains("## Failures on local: 2\n"), "{text}");
        assert!(
            text.contains("### 2 cases: expected the text `a`"),
            "{text}"
        );
    }
}
