//! What was expected of a target: files of known verdicts.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{Outcome, Report, Verdict};

/// Verdicts that are known, each with its reason. An entry that does not come true is an error, so
/// that the list stays true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations(BTreeMap<String, Expectation>);

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Expectation {
    case: String,
    verdict: Verdicts,
    reason: String,
}

/// One verdict, or several where it is chance which of them comes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum Verdicts {
    One(Verdict),
    Several(Vec<Verdict>),
}

/// Why an expectation file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpectations {
    /// It is no TOML of expectations.
    #[error(transparent)]
    Unreadable(#[from] toml::de::Error),
    /// Every entry says why.
    #[error("`{case}` is expected to {verdict} without a reason")]
    NoReason {
        /// The case's id.
        case: String,
        /// What is expected of it.
        verdict: String,
    },
    /// A case has two entries.
    #[error("`{0}` is there twice")]
    Twice(String),
}

/// The kit's own files, by the kind of target.
const FILES: [(&str, &str); 3] = [
    ("spec", include_str!("../../expectations/spec.toml")),
    ("local", include_str!("../../expectations/local.toml")),
    ("aws", include_str!("../../expectations/aws.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Expectation>,
}

impl Expectations {
    /// What is known of the kit's own cases on one of its own targets (`spec`, `local`, `aws`), by
    /// the kind of target, whatever it is called in reports; nothing of others.
    ///
    /// # Errors
    /// A file of the kit's that cannot be read; a test sees to it that there is none.
    pub fn of_target(kind: &str) -> Result<Self, InvalidExpectations> {
        match FILES.iter().find(|(name, _)| *name == kind) {
            Some((_, text)) => Self::parse(text),
            None => Ok(Self::default()),
        }
    }

    /// Reads an expectation file.
    ///
    /// # Errors
    /// What cannot be read, or an entry without a reason.
    pub fn parse(text: &str) -> Result<Self, InvalidExpectations> {
        let File { expect } = toml::from_str(text)?;
        let mut entries = BTreeMap::new();
        for entry in expect {
            if entry.reason.trim().is_empty() {
                let verdict = entry.verdict.to_string();
                return Err(InvalidExpectations::NoReason {
                    case: entry.case,
                    verdict,
                });
            }
            if let Some(twice) = entries.insert(entry.case.clone(), entry) {
                return Err(InvalidExpectations::Twice(twice.case));
            }
        }
        Ok(Self(entries))
    }

    /// Without what is said of cases that exist, but are not run.
    #[must_use]
    pub fn without(mut self, is_left_out: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|case, _| !is_left_out(case));
        self
    }

    /// Whether something is said of a case.
    pub fn is_known(&self, case: &str) -> bool {
        self.0.contains_key(case)
    }

    /// The reason for what is said of a case.
    pub fn reason(&self, case: &str) -> Option<&str> {
        self.0.get(case).map(|known| &*known.reason)
    }

    /// The reason for a verdict, where it is the known one and is not fine.
    pub(super) fn explanation(&self, outcome: &Outcome) -> Option<&str> {
        let known = self.0.get(&outcome.case)?;
        let is_meant = known.verdict.has(outcome.verdict) && !outcome.verdict.is_fine();
        is_meant.then_some(&*known.reason)
    }

    /// The file that would make a report as expected: what is known keeps its reason, what is new
    /// has none, and is refused until it is given one. What came to pass is gone.
    pub fn blessed(&self, report: &Report) -> String {
        let mut text = format!(
            "# Known verdicts on the target `{}`, each with its reason.\n",
            report.target
        );
        for outcome in &report.outcomes {
            let known = self.0.get(&outcome.case);
            let known = known.filter(|known| known.verdict.has(outcome.verdict));
            if known.is_none() && outcome.verdict.is_fine() {
                continue;
            }
            let verdict = Verdicts::One(outcome.verdict);
            let verdict = known.map_or(&verdict, |known| &known.verdict).in_file();
            // Another verdict than the known one has another reason, too.
            let reason = known.map_or("", |known| &*known.reason);
            let text_of = |text: &str| toml::Value::from(text).to_string();
            text.push_str(&format!(
                "\n[[expect]]\ncase = {}\nverdict = {verdict}\nreason = {}\n# {}\n",
                text_of(&outcome.case),
                text_of(reason),
                outcome.detail.replace(char::is_control, " "),
            ));
        }
        text
    }

    /// What is not as expected in a report: unexpected verdicts, and entries for cases that were
    /// not run.
    pub fn surprises(&self, report: &Report) -> Vec<String> {
        let mut surprises = Vec::new();
        for outcome in &report.outcomes {
            let (case, verdict) = (&outcome.case, outcome.verdict);
            match self.0.get(case) {
                Some(expected) if !expected.verdict.has(verdict) => surprises.push(format!(
                    "{case}: {verdict}, expected {} ({})",
                    expected.verdict, expected.reason
                )),
                None if !verdict.is_fine() => {
                    surprises.push(format!("{case}: {verdict}: {}", outcome.detail));
                }
                _ => {}
            }
        }
        let ran = |case: &String| report.outcomes.iter().any(|outcome| outcome.case == *case);
        for case in self.0.keys().filter(|case| !ran(case)) {
            surprises.push(format!(
                "{case}: expected, but there is no such case in this run"
            ));
        }
        surprises
    }
}

impl Verdicts {
    fn all(&self) -> &[Verdict] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }

    fn has(&self, verdict: Verdict) -> bool {
        self.all().contains(&verdict)
    }

    /// As it stands in a file.
    fn in_file(&self) -> String {
        let texts: Vec<String> = self.all().iter().map(|v| format!("\"{v}\"")).collect();
        match self {
            Self::One(_) => texts.concat(),
            Self::Several(_) => format!("[{}]", texts.join(", ")),
        }
    }
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.all().iter().map(Verdict::to_string).collect();
        f.write_str(&texts.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn failures_unexpected_passes_and_dead_entries_are_surprises() {
        let text = r#"
            [[expect]]
            case = "a/known"
            verdict = "fail"
            reason = "known"
            [[expect]]
            case = "a/better"
            verdict = "fail"
            reason = "was broken"
            [[expect]]
            case = "a/dead"
            verdict = "fail"
            reason = "renamed"
        "#;
        let expectations = Expectations::parse(text).unwrap();
        let report = report(&[
            ("a/known", Verdict::Fail),
            ("a/better", Verdict::Pass),
            ("a/new", Verdict::Fail),
            ("a/assumed", Verdict::Informational),
        ]);
        assert_eq!(
            expectations.surprises(&report),
            [
                "a/better: pass, expected fail (was broken)",
                "a/new: fail: detail",
                "a/dead: expected, but there is no such case in this run",
            ]
        );
    }

    // A reason for another verdict than the one that came would mislead.
    #[test]
    fn a_report_tells_the_reason_of_what_is_as_expected() {
        let known =
            "[[expect]]\ncase = \"a/known\"\nverdict = [\"pass\", \"fail\"]\nreason = \"so\"\n";
        let known = Expectations::parse(known).unwrap();
        for (verdict, reason) in [
            (Verdict::Fail, Some("so")),
            (Verdict::Pass, None),
            (Verdict::Error, None),
        ] {
            let mut report = report(&[("a/known", verdict), ("a/new", Verdict::Fail)]);
            report.explain(&known);
            let reasons = report
                .outcomes
                .iter()
                .map(|outcome| outcome.known.as_deref());
            assert_eq!(reasons.collect::<Vec<_>>(), [reason, None]);
        }
    }

    #[test]
    fn a_blessed_file_makes_the_report_as_expected_once_it_has_reasons() {
        let report = report(&[
            ("a/known", Verdict::Fail),
            ("a/new", Verdict::Error),
            ("a/fine", Verdict::Pass),
            ("a/better", Verdict::Pass),
        ]);
        let known = Expectations::parse(
            "[[expect]]\ncase = \"a/known\"\nverdict = \"fail\"\nreason = \"so\"\n[[expect]]\ncase = \"a/better\"\nverdict = \"fail\"\nreason = \"was\"",
        );
        let text = known.unwrap().blessed(&report);
        let problem = Expectations::parse(&text).unwrap_err().to_string();
        assert!(
            problem.contains("`a/new` is expected to error without a reason"),
            "{problem}"
        );
        let filled = text.replace("reason = \"\"", "reason = \"x\"");
        assert!(
            Expectations::parse(&filled)
                .unwrap()
                .surprises(&report)
                .is_empty(),
            "{filled}"
        );
        assert!(text.contains("reason = \"so\"") && !text.contains("better"));
    }

    // What is chance is as expected either way, and stays in the file either way.
    #[test]
    fn an_entry_may_have_several_verdicts() {
        let text = "[[expect]]\ncase = \"a/b\"\nverdict = [\"pass\", \"fail\"]\nreason = \"it reads the clock twice\"\n";
        let known = Expectations::parse(text).unwrap();
        for verdict in [Verdict::Pass, Verdict::Fail] {
            let report = report(&[("a/b", verdict)]);
            assert_eq!(known.surprises(&report), Vec::<String>::new());
            assert_eq!(
                Expectations::parse(&known.blessed(&report)).as_ref(),
                Ok(&known)
            );
        }
        let surprises = known.surprises(&report(&[("a/b", Verdict::Error)]));
        let expected = "a/b: error, expected pass or fail (it reads the clock twice)";
        assert_eq!(surprises, [expected]);
    }

    #[test]
    fn the_kits_own_files_can_be_read() {
        let known = crate::case::built_in().unwrap();
        for (kind, _) in FILES {
            let expectations = Expectations::of_target(kind).unwrap();
            let is_case = |id: &String| known.iter().any(|case| case.id == *id);
            let dead: Vec<&String> = expectations.0.keys().filter(|id| !is_case(id)).collect();
            assert_eq!(dead, Vec::<&String>::new(), "{kind} knows no such case");
        }
        assert_eq!(Expectations::of_target("mine"), Ok(Expectations::default()));
    }

    #[test]
    fn a_reason_is_needed() {
        let text = "[[expect]]\ncase = \"a/b\"\nverdict = \"fail\"\nreason = \" \"";
        assert!(
            Expectations::parse(text)
                .unwrap_err()
                .to_string()
                .contains("without a reason")
        );
    }
}
