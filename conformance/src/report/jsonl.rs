//! JSON Lines, for machines. `conformance/report.schema.json` is the schema of a line,
//! `docs/stability.md` the promise about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cited, Comparison, Format};
use crate::verdict::{Outcome, Stopped, Verdict};

pub(super) const FORMAT: Format = Format {
    file: "report.jsonl",
    write: jsonl,
};

/// An outcome.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default = "first")]
    schema: u32,
    target: String,
    case: String,
    why: String,
    verdict: Verdict,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<Stopped>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    requirements: Vec<Cited>,
    millis: u64,
    #[serde(default)]
    retries: u32,
    transcript: Vec<String>,
}

/// Text that is not a report in JSON Lines.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReport {
    /// A line that is no outcome.
    #[error("line {line} is not an outcome of a report")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why not.
        #[source]
        error: serde_json::Error,
    },
    /// A line that a later version wrote, in a format that this one does not know.
    #[error(
        "line {line} has the schema {schema}, and this version reads up to {SCHEMA}: update it"
    )]
    Later {
        /// Which, from 1.
        line: usize,
        /// The version of its format.
        schema: u32,
    },
}

/// The version of a line's format: one more when a field goes, or means something else.
pub const SCHEMA: u32 = 1;

/// One JSON object a line for each outcome, target by target.
pub(super) fn jsonl(comparison: &Comparison) -> String {
    let mut text = String::new();
    for (index, target) in comparison.targets.iter().enumerate() {
        for row in &comparison.rows {
            let Some(outcome) = &row.outcomes[index] else {
                continue;
            };
            let line = Line {
                schema: SCHEMA,
                target: target.clone(),
                case: row.case.clone(),
                why: row.why.clone(),
                verdict: outcome.verdict,
                detail: outcome.detail.clone(),
                stopped: outcome.stopped.clone(),
                known: outcome.known.clone(),
                command: outcome.command.clone(),
                requirements: row.requirements.clone(),
                millis: u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
                retries: outcome.retries,
                transcript: outcome.transcript.clone(),
            };
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
            text.push('\n');
        }
    }
    text
}

impl Comparison {
    /// Reads runs from JSON Lines, as `report.jsonl` has them; several files may simply follow one
    /// another. A target's later outcome of a case takes the place of an earlier one.
    ///
    /// # Errors
    /// The first line that is not a line of a report.
    pub fn parse(text: &str) -> Result<Self, InvalidReport> {
        let mut comparison = Self::default();
        let lines = text.lines().enumerate();
        for (index, text) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let line = index + 1;
            let Line {
                schema,
                target,
                case,
                why,
                verdict,
                detail,
                stopped,
                known,
                command,
                requirements,
                millis,
                retries,
                transcript,
            } = serde_json::from_str(text).map_err(|error| InvalidReport::Line { line, error })?;
            if schema > SCHEMA {
                return Err(InvalidReport::Later { line, schema });
            }
            let took = Duration::from_millis(millis);
            let outcome = Outcome {
                case,
                verdict,
                detail,
                stopped,
                known,
                command,
                transcript,
                retries,
                host: String::new(),
                took,
            };
            comparison.add(&target, outcome, || why, || requirements);
        }
        Ok(comparison)
    }
}

/// The version of lines that do not say: those of before 0.2.0.
fn first() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};
    use crate::with_causes;

    #[test]
    fn what_is_written_is_read_again() {
        let comparison = comparison();
        assert_eq!(Comparison::parse(&jsonl(&comparison)).unwrap(), comparison);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let problem = with_causes(&Comparison::parse("\n{}\n").unwrap_err());
        let expected = "line 2 is not an outcome of a report: missing field `target`";
        assert!(problem.starts_with(expected), "{problem}");
    }

    #[test]
    fn every_line_fits_the_published_schema() {
        let schema = serde_json::from_str(include_str!("../../report.schema.json")).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for line in jsonl(&comparison()).lines() {
            let line = serde_json::from_str(line).unwrap();
            assert!(schema.validate(&line).is_ok(), "{line}");
        }
        assert!(!schema.is_valid(&serde_json::json!({"target": "t"})));
    }

    #[test]
    fn every_verdict_is_in_its_place() {
        let text = jsonl(&comparison());
        let lines = text.lines().map(|line| {
            let line: Line = serde_json::from_str(line).unwrap();
            [line.case, line.target, line.verdict.to_string()]
        });
        assert_eq!(lines.collect::<Vec<_>>(), outcomes());
    }
}
