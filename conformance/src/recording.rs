//! What a target answered, case by case, so that it can be kept, compared and sent: what differs
//! from run to run, and what names the account, stands as `<id 1>` there.

mod clean;
mod forms;

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::verdict::{Report, Verdict, shortened};

/// What was seen of a target in one run.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The target's name.
    pub target: String,
    /// The day of the run, `2026-11-23`, in UTC.
    pub validated: String,
    /// The version of the kit.
    pub kit: String,
    /// The cases, in the order in which they were run; those that are unsupported, or that the kit
    /// could not carry out, are left out.
    #[serde(default, rename = "case")]
    pub cases: Vec<Recorded>,
}

/// What was seen in one case.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The case's id.
    pub id: String,
    /// What the kit made of it.
    pub verdict: Verdict,
    /// What was sent (`>`) and what came (`<`).
    pub transcript: Vec<String>,
}

/// How much of a line is kept.
const KEPT: usize = 4000;

impl Recording {
    /// What a report says of a target, on the day `validated`.
    pub fn of(report: &Report, validated: &str) -> Self {
        let cases = report
            .outcomes
            .iter()
            .filter(|outcome| !matches!(outcome.verdict, Verdict::Unsupported | Verdict::Error));
        Self {
            target: report.target.clone(),
            validated: validated.to_owned(),
            kit: env!("CARGO_PKG_VERSION").to_owned(),
            cases: cases
                .map(|outcome| Recorded {
                    id: outcome.case.clone(),
                    verdict: outcome.verdict,
                    transcript: told(&outcome.transcript, &outcome.host)
                        .iter()
                        .map(|line| shortened(line, KEPT))
                        .collect(),
                })
                .collect(),
        }
    }

    /// As a file.
    pub fn to_toml(&self) -> String {
        let text_of = |text: &str| toml::Value::from(text).to_string();
        let mut text = format!(
            "# What the target answered, as `gatespec check --record` wrote it. `<id 1>` is the first connection, request or message id of a case;\n# accounts, APIs, addresses, keys and names are written so too. Look through it before you send it.\ntarget = {}\nvalidated = {}\nkit = {}\n",
            text_of(&self.target),
            text_of(&self.validated),
            text_of(&self.kit)
        );
        for case in &self.cases {
            let (id, verdict) = (text_of(&case.id), case.verdict);
            let _ = write!(
                text,
                "\n[[case]]\nid = {id}\nverdict = \"{verdict}\"\ntranscript = [\n"
            );
            for line in &case.transcript {
                let _ = writeln!(text, "  {},", text_of(line));
            }
            text.push_str("]\n");
        }
        text
    }
}

/// The lines of a transcript but for the target's own reasons.
fn told(transcript: &[String], host: &str) -> Vec<String> {
    let lines = transcript.iter().filter(|line| !line.starts_with('·'));
    clean::cleaned(lines, host)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::verdict::Outcome;

    fn report(transcript: &[&str], verdict: Verdict) -> Report {
        Report {
            target: "aws".to_owned(),
            outcomes: vec![Outcome {
                case: "route/a".to_owned(),
                verdict,
                detail: String::new(),
                stopped: None,
                known: None,
                command: None,
                transcript: transcript.iter().map(ToString::to_string).collect(),
                retries: 0,
                host: "localhost:3001".to_owned(),
                took: Duration::ZERO,
            }],
        }
    }

    #[test]
    fn what_differs_from_run_to_run_is_numbered() {
        let lines = [
            "< alice: 101 [(\"x-amzn-RequestId\", \"03c09e84-9949-48d9-9d50-8ddb489d6142\"), (\"Date\", \"Mon, 23 Nov 2026 18:07:30 GMT\"), (\"Host\", \"localhost:3001\")] ",
            r#"< alice: Text("{\"message\": \"Forbidden\", \"connectionId\":\"XDmENcnwIE0CFEQ=\", \"requestId\":\"XDmGEE2RoE0FRdQ=\"}")"#,
            "· the target's own words",
            "> backend: GET Connection(\"XDmENcnwIE0CFEQ=\") 1705751700453 and 12345678901234",
            r#"< backend: 200 "connectedAt": "2020-11-15T12:23:14.726Z", "20/Jan/2024:11:55:00 +0000""#,
        ];
        let recording = Recording::of(&report(&lines, Verdict::Pass), "2026-11-23");
        assert_eq!(
            recording.cases[0].transcript,
            [
                "< alice: 101 [(\"x-amzn-RequestId\", \"<uuid 1>\"), (\"Date\", \"<date>\"), (\"Host\", \"<host>\")] ",
                r#"< alice: Text("{\"message\": \"Forbidden\", \"connectionId\":\"<id 1>\", \"requestId\":\"<id 2>\"}")"#,
                "> backend: GET Connection(\"<id 1>\") <millis> and 12345678901234",
                r#"< backend: 200 "connectedAt": "<iso>", "<clf>""#,
            ]
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let lines = ["> a: \"'\\\n\u{0}😀", "< b"];
        let recording = Recording::of(&report(&lines, Verdict::Fail), "2026-11-23");
        assert_eq!(
            toml::from_str::<Recording>(&recording.to_toml()),
            Ok(recording)
        );
        let nothing = Recording::of(&report(&lines, Verdict::Error), "2026-11-23");
        assert_eq!(nothing.cases, []);
    }
}
