//! What is known beside the requirements and the cases: pages that tests hold true.

use std::collections::BTreeMap;

use super::{Found, Known};
use crate::verdict::{Expectations, Verdict};

/// A target's verdicts.
pub(super) struct Run {
    pub(super) target: Known,
    /// By case.
    pub(super) found: BTreeMap<String, Found>,
}

/// What a requirement's entry in a page of `snapshots/` says.
#[derive(Clone, Copy, Default)]
pub(super) struct Citation {
    code: &'static str,
    cases: &'static str,
}

macro_rules! pages {
    ($($area:literal),* $(,)?) => {
        [$(include_str!(concat!("../../../snapshots/", $area, "/requirements.snap"))),*]
    };
}

/// Which code and which cases cite a requirement: `snapshots/snapshots.rs` writes these pages.
const PAGES: [&str; 9] = pages![
    "handshake",
    "route",
    "authorizer",
    "event",
    "template",
    "integration",
    "management",
    "lifecycle",
    "limits",
];

macro_rules! verdicts {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../../../snapshots/verdicts/", $name, ".snap")),
            include_str!(concat!("../../expectations/", $name, ".toml")),
        )),*]
    };
}

/// The known targets: name, verdicts (made from the committed reports by the same test) and reasons.
const VERDICTS: [(&str, &str, &str); 4] =
    verdicts!["spec", "local", "serverless-offline", "ministack"];
/// The table of the committed reports: what ran, and when.
const REPORTS: &str = include_str!("../../reports/README.md");

pub(super) fn runs() -> Vec<Run> {
    let runs = VERDICTS.iter().map(|(name, verdicts, expectations)| {
        // A test sees to it that the kit's own files can be read.
        let expected = Expectations::parse(expectations).unwrap_or_default();
        let found = body(verdicts).lines().filter_map(|line| {
            let mut parts = line.splitn(3, ' ');
            let (verdict, case) = (verdict(parts.next()?)?, parts.next()?);
            let known = expected.reason(case);
            // A reason is known for what was expected to differ.
            let known = known.filter(|_| matches!(verdict, Verdict::Fail | Verdict::Error));
            let note = known.or(parts.next()).unwrap_or_default().to_owned();
            Some((case.to_owned(), Found { verdict, note }))
        });
        Run {
            target: target(name),
            found: found.collect(),
        }
    });
    runs.collect()
}

/// By requirement.
pub(super) fn citations() -> BTreeMap<&'static str, Citation> {
    let mut citations = BTreeMap::new();
    for page in PAGES {
        let mut id = "";
        for line in body(page).lines() {
            let citation: &mut Citation = citations.entry(id).or_default();
            if let Some(code) = line.strip_prefix("  code   ") {
                citation.code = code;
            } else if let Some(cases) = line.strip_prefix("  cases  ") {
                citation.cases = cases;
            } else {
                id = line.split_once(' ').map_or(line, |(id, _)| id);
            }
        }
    }
    citations
}

impl Citation {
    pub(super) fn code(self) -> Vec<&'static str> {
        match self.code.starts_with("none") || self.code.is_empty() {
            true => Vec::new(),
            false => self.code.split(", ").collect(),
        }
    }

    pub(super) fn no_code(self) -> Option<&'static str> {
        self.code.strip_prefix("none: ")
    }

    pub(super) fn no_case(self) -> Option<&'static str> {
        self.cases.strip_prefix("none: ")
    }
}

fn target(name: &str) -> Known {
    let version = env!("CARGO_PKG_VERSION");
    let (title, about) = match name {
        "spec" => (
            "spec".to_owned(),
            format!("gatespec {version}, the specification in process, time virtual"),
        ),
        "local" => (
            "local".to_owned(),
            format!("gatespec {version}, `gatespec serve` over real sockets"),
        ),
        _ => ran(name).unwrap_or((name.to_owned(), String::new())),
    };
    Known {
        name: name.to_owned(),
        title,
        about,
    }
}

/// A row of the reports' table: `| [ministack-1.5.33](…) | MiniStack 1.5.33 on … | 2026-11-23 |`.
fn ran(name: &str) -> Option<(String, String)> {
    let row = REPORTS
        .lines()
        .find(|line| line.starts_with(&format!("| [{name}-")))?;
    let mut cells = row.split(" | ").skip(1);
    let (on, day) = (cells.next()?, cells.next()?.trim_end_matches(" |"));
    let end = [on.find(", "), on.find(" on ")].into_iter().flatten().min();
    Some((
        on[..end.unwrap_or(on.len())].to_owned(),
        format!("{on}, {day}"),
    ))
}

fn verdict(word: &str) -> Option<Verdict> {
    let all = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Informational,
        Verdict::Unsupported,
        Verdict::Error,
    ];
    all.into_iter().find(|verdict| verdict.to_string() == word)
}

/// A snapshot without its head.
fn body(snapshot: &'static str) -> &'static str {
    snapshot.splitn(3, "---\n").nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_reports_names_the_target() {
        let (title, about) = ran("ministack").unwrap();
        assert!(
            title.starts_with("MiniStack ") && !title.contains(" on "),
            "{title}"
        );
        assert!(
            about.starts_with(&title) && about.contains(", 20"),
            "{about}"
        );
        assert_eq!(ran("nobody"), None);
    }
}
