use super::{Comparison, Coverage, Row};
use crate::verdict::Verdict;

/// Which cases a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    All,
    /// Those that a target was judged on and did not pass.
    Findings,
}

/// Cases by targets, as text; a line under it counts each target's verdicts.
pub fn table(comparison: &Comparison, shown: Shown) -> String {
    let is_finding = |row: &&Row| {
        let mut outcomes = row.outcomes.iter().flatten();
        shown == Shown::All || outcomes.any(|outcome| outcome.verdict.is_finding())
    };
    let rows: Vec<&Row> = comparison.rows.iter().filter(is_finding).collect();
    if rows.is_empty() {
        return counts(comparison);
    }
    let longest = rows.iter().map(|row| row.case.len()).max();
    let case_width = longest.unwrap_or(0).max("case".len());
    let width = |target: &str| target.len().max(Verdict::Informational.to_string().len());
    let line = |first: &str, cells: Vec<String>| {
        let mut line = format!("{first:case_width$}");
        for (cell, target) in cells.iter().zip(&comparison.targets) {
            line.push_str(&format!("  {cell:width$}", width = width(target)));
        }
        format!("{}\n", line.trim_end())
    };
    let mut text = line("case", comparison.targets.clone());
    for row in rows {
        let cells = row.outcomes.iter().map(|outcome| {
            outcome
                .as_ref()
                .map_or_else(String::new, |outcome| outcome.verdict.to_string())
        });
        text.push_str(&line(&row.case, cells.collect()));
    }
    format!("{text}\n{}", counts(comparison))
}

/// How many cases of each target have which verdict, and why cases were not run.
fn counts(comparison: &Comparison) -> String {
    let mut text = String::new();
    for index in 0..comparison.targets.len() {
        text.push_str(&format!("{}\n", summary(comparison, index)));
        for (why, cases) in Coverage::of(comparison, index).not_run {
            text.push_str(&format!("  not run: {}: {why}\n", counted(cases)));
        }
    }
    text
}

/// `mine: 40 pass, 10 unsupported; 40 of 50 cases run (80.0 %), 100.0 % of those judged passed`.
pub(super) fn summary(comparison: &Comparison, index: usize) -> String {
    const ALL: [Verdict; 5] = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Informational,
        Verdict::Unsupported,
        Verdict::Error,
    ];
    let report = comparison.report(index);
    let counts: Vec<String> = ALL
        .iter()
        .map(|verdict| (report.count(*verdict), verdict))
        .filter(|(count, _)| *count > 0)
        .map(|(count, verdict)| format!("{count} {verdict}"))
        .collect();
    let coverage = Coverage::of(comparison, index);
    let score = match report.score() {
        Some(score) => format!(", {score:.1} % of those judged passed"),
        None => String::new(),
    };
    let retries: u32 = report.outcomes.iter().map(|outcome| outcome.retries).sum();
    let retries = match retries {
        0 => String::new(),
        1 => "; 1 retry".to_owned(),
        more => format!("; {more} retries"),
    };
    let counts = counts.join(", ");
    format!("{}: {counts}; {coverage}{score}{retries}", report.target)
}

/// `1 case`, `2 cases`.
pub(super) fn counted(cases: usize) -> String {
    match cases {
        1 => "1 case".to_owned(),
        more => format!("{more} cases"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};

    #[test]
    fn coverage_stands_beside_the_score() {
        let text = table(&comparison(), Shown::All);
        let expected = "local: 1 pass, 1 fail, 1 unsupported, 1 error; \
                        3 of 4 cases run (75.0 %), 1 of 1 requirements, \
                        50.0 % of those judged passed\n  \
                        not run: 1 case: step 1: expected `a`, found `</script>`\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn the_findings_alone_stand_above_the_counts() {
        let all = comparison();
        let text = table(&all, Shown::Findings);
        let (found, counts) = text.split_once("\n\n").unwrap();
        let found: Vec<&str> = found.lines().skip(1).collect();
        assert_eq!(found.len(), 3, "{text}");
        assert!(!text.contains("route/the-expression-chooses"));
        assert!(table(&all, Shown::All).ends_with(counts));
        let nothing = Comparison {
            rows: Vec::new(),
            ..all
        };
        let text = table(&nothing, Shown::Findings);
        assert!(text.starts_with("spec: "), "{text}");
    }

    #[test]
    fn every_verdict_is_in_its_place() {
        let text = table(&comparison(), Shown::All);
        let (table, _) = text.split_once("\n\n").unwrap();
        let mut rows = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let head = rows.next().unwrap();
        let rows: Vec<_> = rows.collect();
        let mut found = Vec::new();
        for (index, target) in head.iter().enumerate().skip(1) {
            for row in &rows {
                found.push([row[0], target, row[index]].map(str::to_owned));
            }
        }
        assert_eq!(found, outcomes());
    }
}
