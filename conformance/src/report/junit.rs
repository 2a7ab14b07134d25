use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use super::{Comparison, Format};
use crate::verdict::Verdict;

pub(super) const FORMAT: Format = Format {
    file: "junit.xml",
    write: junit,
};

/// JUnit's XML, as CI systems read it: a suite for each target, a test case for each case. What is
/// unsupported is skipped, what is informational passes.
fn junit(comparison: &Comparison) -> String {
    let mut xml = Xml::new("gatespec");
    for (index, target) in comparison.targets.iter().enumerate() {
        let mut suite = TestSuite::new(target.as_str());
        for row in &comparison.rows {
            let Some(outcome) = &row.outcomes[index] else {
                continue;
            };
            let no_success = |kind| {
                let mut status = TestCaseStatus::non_success(kind);
                status.set_message(outcome.detail.as_str());
                status
            };
            let status = match outcome.verdict {
                Verdict::Pass | Verdict::Informational => TestCaseStatus::success(),
                Verdict::Fail => no_success(NonSuccessKind::Failure),
                Verdict::Error => no_success(NonSuccessKind::Error),
                Verdict::Unsupported => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(outcome.detail.as_str());
                    status
                }
            };
            let mut case = TestCase::new(row.case.as_str(), status);
            case.set_classname(format!("{target}.{}", row.area()));
            case.set_time(outcome.took);
            if !outcome.verdict.is_fine() {
                case.set_system_out(outcome.transcript.join("\n"));
            }
            suite.add_test_case(case);
        }
        xml.add_test_suite(suite);
    }
    // Text that XML cannot hold is dropped by the writer; there is nothing else that can fail in
    // memory.
    let text = xml.to_string().unwrap_or_default();
    // The crate counts the skipped for all suites together, too: the first such attribute, for in
    // texts quotes are escaped. The schema that Jenkins checks has it for each suite only, and a
    // report with it is refused (`.ci/junit.py`).
    text.replacen(&format!(r#" skipped="{}""#, xml.skipped), "", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{comparison, outcomes};

    #[test]
    fn only_suites_count_the_skipped() {
        let text = junit(&comparison());
        assert!(
            text.contains(r#"<testsuites name="gatespec" tests="8" failures="1" errors="1">"#),
            "{text}"
        );
        assert!(
            text.contains(r#"<testsuite name="local" tests="4" skipped="1""#),
            "{text}"
        );
    }

    #[test]
    fn every_verdict_is_in_its_place() {
        let text = junit(&comparison());
        let mut found = Vec::new();
        for suite in text.split("<testsuite name=\"").skip(1) {
            let (target, suite) = suite.split_once('"').unwrap();
            for case in suite.split("<testcase name=\"").skip(1) {
                let (case, rest) = case.split_once('"').unwrap();
                let (own, inside) = rest.split_once('>').unwrap();
                assert!(own.contains(&format!("classname=\"{target}.")), "{own}");
                let kinds = [
                    ("<failure", "fail"),
                    ("<error", "error"),
                    ("<skipped", "unsupported"),
                ];
                let kind = kinds
                    .iter()
                    .find(|(element, _)| inside.trim_start().starts_with(element));
                found.push((
                    case.to_owned(),
                    target.to_owned(),
                    kind.map(|(_, verdict)| *verdict),
                ));
            }
        }
        let expected = outcomes().into_iter().map(|[case, target, verdict]| {
            let case = case.replace('&', "&amp;").replace('<', "&lt;");
            let case = case
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&apos;");
            let verdict = ["fail", "error", "unsupported"]
                .into_iter()
                .find(|other| *other == verdict);
            (case, target, verdict)
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}
