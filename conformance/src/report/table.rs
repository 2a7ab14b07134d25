use super::Comparison;
use crate::verdict::{Report, Verdict};

/// Cases by targets, as text; a line under it counts each target's verdicts.
pub fn table(comparison: &Comparison) -> String {
    let longest = comparison.rows.iter().map(|row| row.case.len()).max();
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
    for row in &comparison.rows {
        let cells = row.outcomes.iter().map(|outcome| {
            outcome
                .as_ref()
                .map_or_else(String::new, |outcome| outcome.verdict.to_string())
        });
        text.push_str(&line(&row.case, cells.collect()));
    }
    text.push('\n');
    for index in 0..comparison.targets.len() {
        text.push_str(&format!("{}\n", summary(&comparison.report(index))));
    }
    text
}

/// `local: 40 pass, 2 unsupported; 100 % of what it has`.
pub(super) fn summary(report: &Report) -> String {
    const ALL: [Verdict; 5] = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Informational,
        Verdict::Unsupported,
        Verdict::Error,
    ];
    let counts: Vec<String> = ALL
        .iter()
        .map(|verdict| (report.count(*verdict), verdict))
        .filter(|(count, _)| *count > 0)
        .map(|(count, verdict)| format!("{count} {verdict}"))
        .collect();
    let score = match report.score() {
        Some(score) => format!("; {score:.1} % of what it has"),
        None => String::new(),
    };
    let retries: u32 = report.outcomes.iter().map(|outcome| outcome.retries).sum();
    let retries = match retries {
        0 => String::new(),
        1 => "; 1 retry".to_owned(),
        more => format!("; {more} retries"),
    };
    format!("{}: {}{score}{retries}", report.target, counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};

    #[test]
    fn every_verdict_is_in_its_place() {
        let text = table(&comparison());
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
