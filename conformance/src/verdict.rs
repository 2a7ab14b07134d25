//! Verdicts: what is said of a target, case by case, and what was expected to be said.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spec::requirement::{self, Basis};

use crate::case::Case;

/// What a case says of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All was seen as the requirements say.
    Pass,
    /// Something was seen that the requirements rule out.
    Fail,
    /// Something differs from what is assumed only: no failure, but worth knowing.
    Informational,
    /// The target has not what the case needs.
    Unsupported,
    /// The kit could not carry the case out.
    Error,
}

/// A case carried out on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The case's id.
    pub case: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why, when it is not a pass.
    pub detail: String,
    /// What was sent (`>`) and received (`<`), and what the target or the kit said of it (`·`).
    pub transcript: Vec<String>,
    /// How often something that may take a moment was looked for once more.
    pub retries: u32,
    /// The host that clients used; nothing where that is not known.
    pub host: String,
    /// How long it took.
    pub took: Duration,
}

/// All outcomes on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The target's name.
    pub target: String,
    /// In the order of the cases.
    pub outcomes: Vec<Outcome>,
}

/// Verdicts that are known, each with its reason. An entry that does not come true is an error, so that the list can not rot.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Expectation>,
}

impl Verdict {
    /// The verdict on a case that saw something else than it says: assumptions never fail a target. A case that cites nothing is
    /// somebody's own, and means what it says.
    pub fn on_difference(case: &Case) -> Self {
        let assumed = |id: &String| {
            requirement::find(id).is_some_and(|requirement| requirement.basis == Basis::Assumed)
        };
        if !case.requirements.is_empty() && case.requirements.iter().all(assumed) {
            Self::Informational
        } else {
            Self::Fail
        }
    }

    /// Whether a run with this verdict is in order when nothing else was expected.
    pub fn is_fine(self) -> bool {
        matches!(self, Self::Pass | Self::Informational | Self::Unsupported)
    }
}

impl Outcome {
    /// Of a case that was not carried out.
    pub fn without_a_run(case: &Case, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            case: case.id.clone(),
            verdict,
            detail: detail.into(),
            transcript: Vec::new(),
            retries: 0,
            host: String::new(),
            took: Duration::ZERO,
        }
    }
}

impl Report {
    /// How many cases have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.verdict == verdict)
            .count()
    }

    /// Pass of pass and fail, in percent; `None` when there is neither.
    pub fn score(&self) -> Option<f64> {
        let (pass, fail) = (self.count(Verdict::Pass), self.count(Verdict::Fail));
        (pass + fail > 0).then(|| 100.0 * pass as f64 / (pass + fail) as f64)
    }
}

impl Expectations {
    /// What is known of one of the kit's own targets; nothing of others.
    ///
    /// # Errors
    /// A file of the kit's that can not be read; a test sees to it that there is none.
    pub fn of_target(name: &str) -> Result<Self, String> {
        match name {
            "spec" => Self::parse(include_str!("../expectations/spec.toml")),
            "local" => Self::parse(include_str!("../expectations/local.toml")),
            "aws" => Self::parse(include_str!("../expectations/aws.toml")),
            _ => Ok(Self::default()),
        }
    }

    /// Reads an expectation file.
    ///
    /// # Errors
    /// What can not be read, or an entry without a reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let File { expect } = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut entries = BTreeMap::new();
        for entry in expect {
            if entry.reason.trim().is_empty() {
                return Err(format!(
                    "`{}` is expected to {} without a reason",
                    entry.case, entry.verdict
                ));
            }
            if let Some(twice) = entries.insert(entry.case.clone(), entry) {
                return Err(format!("`{}` is there twice", twice.case));
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

    /// The file that would make a report as expected: what is known keeps its reason, what is new has none, and is refused until it is
    /// given one. What came to pass is gone.
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

    /// What is not as expected in a report: unexpected verdicts, and entries for cases that were not run.
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

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Informational => "informational",
            Self::Unsupported => "unsupported",
            Self::Error => "error",
        })
    }
}

/// At most `most` characters of a text, and how long it is where that is less.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: &[(&str, Verdict)]) -> Report {
        let outcome = |&(case, verdict): &(&str, Verdict)| Outcome {
            case: case.to_owned(),
            verdict,
            detail: "detail".to_owned(),
            transcript: Vec::new(),
            retries: 0,
            host: String::new(),
            took: Duration::ZERO,
        };
        Report {
            target: "t".to_owned(),
            outcomes: verdicts.iter().map(outcome).collect(),
        }
    }

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
        let problem = Expectations::parse(&text).unwrap_err();
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
        assert!(Expectations::of_target("spec").is_ok());
        assert!(Expectations::of_target("local").is_ok());
    }

    #[test]
    fn a_reason_is_needed() {
        let text = "[[expect]]\ncase = \"a/b\"\nverdict = \"fail\"\nreason = \" \"";
        assert!(
            Expectations::parse(text)
                .unwrap_err()
                .contains("without a reason")
        );
    }

    #[test]
    fn the_score_is_over_what_the_target_has() {
        let verdicts = [
            ("a", Verdict::Pass),
            ("b", Verdict::Fail),
            ("c", Verdict::Unsupported),
            ("d", Verdict::Informational),
        ];
        assert_eq!(report(&verdicts).score(), Some(50.0));
        assert_eq!(report(&[("c", Verdict::Unsupported)]).score(), None);
    }
}
