//! Reports, all made from one [`Comparison`]: a table for the terminal, JSON Lines for machines, JUnit for CI systems, Markdown and a
//! page of HTML for people.

mod comparison;
mod explanation;
mod html;
mod junit;
mod markdown;
mod table;

pub use comparison::{Cited, Comparison, Row};
pub use explanation::explanation;
pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use table::table;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::verdict::{Outcome, Report, Verdict};

    /// Two targets, one verdict of each kind.
    pub(super) fn comparison() -> Comparison {
        let verdicts = [
            ("route/the-expression-chooses", Verdict::Pass, Verdict::Pass),
            ("route/<&>\"'", Verdict::Pass, Verdict::Fail),
            ("limits/a", Verdict::Informational, Verdict::Unsupported),
            ("limits/b", Verdict::Pass, Verdict::Error),
        ];
        let outcome = |case: &str, verdict: Verdict| Outcome {
            case: case.to_owned(),
            verdict,
            detail: if verdict == Verdict::Pass {
                String::new()
            } else {
                "step 1: expected `a`, found `</script>`".to_owned()
            },
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

    #[test]
    fn every_form_shows_every_case_and_target() {
        let comparison = comparison();
        for text in [
            table(&comparison),
            markdown(&comparison),
            html(&comparison),
            junit(&comparison),
        ] {
            for needle in ["spec", "local", "limits/b"] {
                assert!(text.contains(needle), "{needle} in {text}");
            }
        }
    }
}
