use serde_json::json;
use spec::requirement;

use crate::case::Case;
use crate::verdict::Report;

/// One JSON object a line for each outcome: `target`, `case`, `verdict`, `detail`, `requirements` (with their bases), `millis` and
/// `transcript`.
pub fn jsonl(report: &Report, cases: &[Case]) -> String {
    let mut text = String::new();
    for outcome in &report.outcomes {
        let requirements: Vec<_> = cases
            .iter()
            .filter(|case| case.id == outcome.case)
            .flat_map(|case| &case.requirements)
            .filter_map(|id| requirement::find(id))
            .map(
                |requirement| json!({"id": requirement.id, "basis": requirement.basis.to_string()}),
            )
            .collect();
        let line = json!({
            "target": report.target,
            "case": outcome.case,
            "verdict": outcome.verdict,
            "detail": outcome.detail,
            "requirements": requirements,
            "millis": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
            "transcript": outcome.transcript,
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}
