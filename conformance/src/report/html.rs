use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Cited, Comparison, Coverage, Format};
use crate::runner::FOUND;
use crate::verdict::{Outcome, Verdict};

pub(super) const FORMAT: Format = Format {
    file: "report.html",
    write: html,
};

/// The page around the data: style and script are in it, so that it opens from a disk, without a
/// network.
const PAGE: &str = include_str!("page.html");
/// The colours of the pages, by day and by night: the catalogue's page has the same.
pub(crate) const COLOURS: &str = include_str!("colours.css");
/// How much of a transcript's line the page shows, in characters. The JSON Lines have more.
const SHOWN: usize = 240;

/// One page for people: cases by targets, with filters; each verdict opens what was sent, what
/// came, what was expected and the sources.
fn html(comparison: &Comparison) -> String {
    let requirements: BTreeMap<&str, &Cited> = comparison
        .rows
        .iter()
        .flat_map(|row| &row.requirements)
        .map(|cited| (&*cited.id, cited))
        .collect();
    let rows: Vec<Value> = comparison
        .rows
        .iter()
        .map(|row| {
            let ids: Vec<&str> = row.requirements.iter().map(|cited| &*cited.id).collect();
            let outcomes: Vec<Value> = row
                .outcomes
                .iter()
                .map(|found| found.as_ref().map_or(Value::Null, outcome))
                .collect();
            json!({"case": row.case, "why": row.why, "requirements": ids, "outcomes": outcomes})
        })
        .collect();
    let targets = comparison.targets.iter().enumerate();
    let coverage: Vec<Value> = targets
        .map(|(index, _)| coverage(comparison, index))
        .collect();
    let data = json!({
        "targets": comparison.targets, "coverage": coverage,
        "requirements": requirements, "rows": rows,
    });
    // `<` would let a text end the element that holds the data.
    PAGE.replace("{{COLOURS}}", COLOURS)
        .replace("{{DATA}}", &data.to_string().replace('<', "\\u003c"))
}

/// How much of the cases a target was held to, and why not to more.
fn coverage(comparison: &Comparison, index: usize) -> Value {
    let coverage = Coverage::of(comparison, index);
    json!({"words": coverage.to_string(), "not_run": coverage.not_run})
}

fn outcome(outcome: &Outcome) -> Value {
    // A target's own reasons explain what went wrong; of a pass they are only weight.
    let is_shown = |line: &&String| outcome.verdict != Verdict::Pass || !line.starts_with('·');
    let transcript: Vec<String> = outcome
        .transcript
        .iter()
        .filter(is_shown)
        .map(|line| shortened(line))
        .collect();
    let stopped = outcome.stopped.as_ref();
    json!({
        "stopped": stopped,
        "cause": outcome.cause(),
        "command": outcome.command,
        "verdict": outcome.verdict,
        "detail": outcome.detail,
        "millis": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
        "retries": outcome.retries,
        "transcript": transcript,
    })
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) if !line.starts_with(FOUND) => format!("{}…", &line[..end]),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};

    #[test]
    fn no_text_can_leave_the_data() {
        let page = html(&comparison());
        let (_, data) = page.split_once(r#"id="data">"#).unwrap();
        let (data, rest) = data.split_once("</script>").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["rows"][1]["case"], "route/<&>\"'");
        assert_eq!(
            data["rows"][1]["outcomes"][1]["detail"],
            "step 1: expected `a`, found `</script>`"
        );
        assert_eq!(rest.matches("</script>").count(), 1);
        assert!(
            !PAGE.contains("src=") && !PAGE.contains("url("),
            "the page loads nothing"
        );
    }

    #[test]
    fn every_verdict_is_in_its_place() {
        let page = html(&comparison());
        let (_, data) = page.split_once(r#"id="data">"#).unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        let mut found = Vec::new();
        for (index, target) in data["targets"].as_array().unwrap().iter().enumerate() {
            for row in data["rows"].as_array().unwrap() {
                let verdict = &row["outcomes"][index]["verdict"];
                let texts = [&row["case"], target, verdict];
                found.push(texts.map(|text| text.as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(found, outcomes());
    }
}
