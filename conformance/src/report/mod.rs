//! Reports, all made from one [`Comparison`]: a table for the terminal, JSON Lines for machines,
//! JUnit for CI systems, Markdown and a page of HTML for people.

mod comparison;
mod coverage;
mod explanation;
mod html;
mod jsonl;
mod junit;
mod markdown;
mod table;

pub use comparison::{Cited, Comparison, Row};
pub use coverage::Coverage;
pub use explanation::explanation;
pub(crate) use html::COLOURS;
pub use jsonl::{InvalidReport, SCHEMA};
pub use table::{Shown, table};

/// A form of report that is a file.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The file's name.
    pub file: &'static str,
    /// Its text.
    pub write: fn(&Comparison) -> String,
}

/// All forms of report that are files. A new one is a file of this folder with a `FORMAT`, and a
/// line here.
pub const FORMATS: &[Format] = &[html::FORMAT, markdown::FORMAT, jsonl::FORMAT, junit::FORMAT];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::verdict::{Outcome, Report, Stopped, Verdict};

    /// Two targets, one verdict of each kind.
    pub(super) fn comparison() -> Comparison {
        let verdicts = [
            ("route/the-expression-chooses", Verdict::Pass, Verdict::Pass),
            ("route/<&>\"'", Verdict::Pass, Verdict::Fail),
            ("limits/a", Verdict::Informational, Verdict::Unsupported),
            ("limits/b", Verdict::Pass, Verdict::Error),
        ];
        let stopped = Stopped {
            step: 2,
            steps: vec![
                "alice connects: 101".to_owned(),
                "alice receives `a`".to_owned(),
            ],
            expected: "the text `a`".to_owned(),
            came: "`</script>`".to_owned(),
        };
        let is_stopped = |verdict| verdict == Verdict::Fail || verdict == Verdict::Informational;
        let outcome = |case: &str, verdict: Verdict| Outcome {
            case: case.to_owned(),
            verdict,
            detail: if verdict == Verdict::Pass {
                String::new()
            } else {
                "step 1: expected `a`, found `</script>`".to_owned()
            },
            stopped: Some(stopped.clone()).filter(|_| is_stopped(verdict)),
            known: None,
            command: Some(format!("gatespec check --case '{case}'"))
                .filter(|_| is_stopped(verdict)),
            transcript: vec![
                "> alice: {\"a\":1}".to_owned(),
                "< alice: \u{1}😀".to_owned(),
            ],
            retries: 0,
            host: String::new(),
            took: Duration::from_millis(7),
        };
        let spec = verdicts
            .iter()
            .map(|(case, spec, _)| outcome(case, *spec))
            .collect();
        let local = verdicts
            .iter()
            .map(|(case, _, local)| outcome(case, *local))
            .collect();
        let report = |target: &str, outcomes| Report {
            target: target.to_owned(),
            outcomes,
        };
        let cases = crate::case::parse("x", None, "[[case]]\nid = \"route/the-expression-chooses\"\nwhy = \"it does\"\nrequirements = [\"ROUTE-1\"]\nsteps = [{ do = \"observe\" }]\n").unwrap();
        Comparison::of(&[report("spec", spec), report("local", local)], &cases)
    }

    /// What every form must show: case, target, verdict, target by target.
    pub(super) fn outcomes() -> Vec<[String; 3]> {
        let comparison = comparison();
        let mut outcomes = Vec::new();
        for (index, target) in comparison.targets.iter().enumerate() {
            for row in &comparison.rows {
                let verdict = row.outcomes[index].as_ref().unwrap().verdict;
                outcomes.push([row.case.clone(), target.clone(), verdict.to_string()]);
            }
        }
        outcomes
    }

    // Each form's own test says where every verdict is; this one holds for forms to come.
    #[test]
    fn every_form_tells_targets_and_cases_apart() {
        let right = comparison();
        let mut columns = right.clone();
        for row in &mut columns.rows {
            row.outcomes.reverse();
        }
        let mut rows = right.clone();
        let (first, others) = rows.rows.split_first_mut().unwrap();
        std::mem::swap(&mut first.outcomes, &mut others[0].outcomes);
        for format in FORMATS {
            let text = (format.write)(&right);
            assert_ne!(text, (format.write)(&columns), "{}", format.file);
            assert_ne!(text, (format.write)(&rows), "{}", format.file);
        }
    }

    #[test]
    fn every_form_has_a_file_of_its_own() {
        let files: std::collections::BTreeSet<_> = FORMATS.iter().map(|form| form.file).collect();
        assert_eq!(files.len(), FORMATS.len());
    }
}
