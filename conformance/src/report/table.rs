use crate::verdict::{Report, Verdict};

/// Cases by targets, as text; a line under it counts each target's verdicts.
pub fn table(reports: &[Report]) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let name_width = first
        .outcomes
        .iter()
        .map(|outcome| outcome.case.len())
        .max()
        .unwrap_or(0);
    let width = |report: &Report| {
        report
            .target
            .len()
            .max(Verdict::Informational.to_string().len())
    };
    let mut text = format!("{:name_width$}", "case");
    for report in reports {
        text.push_str(&format!(
            "  {:width$}",
            report.target,
            width = width(report)
        ));
    }
    text.push('\n');
    for (index, outcome) in first.outcomes.iter().enumerate() {
        text.push_str(&format!("{:name_width$}", outcome.case));
        for report in reports {
            let verdict = report
                .outcomes
                .get(index)
                .map_or_else(String::new, |o| o.verdict.to_string());
            text.push_str(&format!("  {verdict:width$}", width = width(report)));
        }
        let end = text.trim_end().len();
        text.truncate(end);
        text.push('\n');
    }
    text.push('\n');
    for report in reports {
        text.push_str(&summary(report));
        text.push('\n');
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
    format!("{}: {}{score}", report.target, counts.join(", "))
}
