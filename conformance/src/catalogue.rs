//! The catalogue: every requirement with its sources, the code that realises it, the cases that
//! cover it, and what the known targets make of these cases.
//!
//! All of it is committed text that tests hold true: the pages of `spec/requirements/`, the kit's
//! cases, and the pages of `snapshots/`, which list the citing code and the targets' verdicts.

mod known;
mod page;
mod prose;
mod standing;

use spec::requirement::{self, Requirement};

use crate::case::{self, InvalidCases};
use crate::report::Comparison;
use crate::verdict::Verdict;

pub use standing::Standing;

/// Every requirement, and the targets whose verdicts are known.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// In the order of the columns.
    pub targets: Vec<Known>,
    /// In the order of the pages.
    pub entries: Vec<Entry>,
}

/// A target whose verdicts are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// As reports call it, such as `ministack`.
    pub name: String,
    /// As people call it, with its version.
    pub title: String,
    /// What ran, and when.
    pub about: String,
}

/// A requirement with all that stands on it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The statement, its basis and its sources.
    pub requirement: Requirement,
    /// The files that realise it, from the repository's root.
    pub code: Vec<&'static str>,
    /// Why no code cites it, if there is a reason.
    pub no_code: Option<&'static str>,
    /// The cases that cover it.
    pub cases: Vec<Covering>,
    /// Why no case covers it, if there is a reason.
    pub no_case: Option<&'static str>,
}

/// A case with the verdicts of the known targets.
#[derive(Clone, Debug)]
pub struct Covering {
    /// The case's id.
    pub id: String,
    /// Why the case exists.
    pub why: String,
    /// By target; `None` where it was not run.
    pub found: Vec<Option<Found>>,
}

/// What a case says of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, when it is not a pass: the known reason, or what the report says.
    pub note: String,
}

impl Catalogue {
    /// The catalogue as this version of the kit knows it.
    ///
    /// # Errors
    /// A case file of the kit's that cannot be read; its tests see to it that there is none.
    pub fn built_in() -> Result<Self, InvalidCases> {
        let cases = case::built_in()?;
        let runs = known::runs();
        let citations = known::citations();
        let entries = requirement::registry().iter().map(|requirement| {
            let is_cited =
                |case: &&case::Case| case.requirements.iter().any(|id| id == requirement.id);
            let covering = cases.iter().filter(is_cited).map(|case| Covering {
                id: case.id.clone(),
                why: case.why.clone(),
                found: runs
                    .iter()
                    .map(|run| run.found.get(&case.id).cloned())
                    .collect(),
            });
            let citation = citations.get(requirement.id).copied().unwrap_or_default();
            Entry {
                requirement: *requirement,
                code: citation.code(),
                no_code: citation.no_code(),
                cases: covering.collect(),
                no_case: requirement.unobservable.or(citation.no_case()),
            }
        });
        Ok(Self {
            entries: entries.collect(),
            targets: runs.into_iter().map(|run| run.target).collect(),
        })
    }

    /// Adds the targets of a report as columns. A target that is known already is shown as the
    /// report has it.
    pub fn add(&mut self, report: &Comparison) {
        for (index, name) in report.targets.iter().enumerate() {
            let column = match self.targets.iter().position(|known| known.name == *name) {
                Some(column) => column,
                None => {
                    self.targets.push(Known {
                        name: name.clone(),
                        title: name.clone(),
                        about: String::new(),
                    });
                    self.targets.len() - 1
                }
            };
            self.targets[column].about = "the report that was given".to_owned();
            for case in self.entries.iter_mut().flat_map(|entry| &mut entry.cases) {
                let row = report.rows.iter().find(|row| row.case == case.id);
                let outcome = row.and_then(|row| row.outcomes[index].as_ref());
                case.found.resize(case.found.len().max(column + 1), None);
                case.found[column] = outcome.map(|outcome| Found {
                    verdict: outcome.verdict,
                    note: outcome.detail.lines().next().unwrap_or_default().to_owned(),
                });
            }
        }
    }

    /// The catalogue as one page of HTML that loads nothing: the reference for people.
    pub fn to_html(&self) -> String {
        page::html(self)
    }

    /// Every case once, in the order of the requirements.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Covering> {
        let mut seen = std::collections::BTreeSet::new();
        let all = self.entries.iter().flat_map(|entry| &entry.cases);
        all.filter(move |case| seen.insert(&case.id))
    }
}

impl Entry {
    /// Whether its text, its sources or its cases have all of these words, in any letter case.
    pub fn has_words(&self, words: &[String]) -> bool {
        let Requirement {
            id,
            title,
            statement,
            ..
        } = self.requirement;
        let mut text = format!("{id} {title} {statement} {}", self.requirement.basis);
        for source in self.requirement.sources() {
            text.push(' ');
            text.push_str(source);
        }
        for case in &self.cases {
            text.push_str(&format!(" {} {}", case.id, case.why));
        }
        // A statement is wrapped: two words of a term may stand on two lines.
        let text = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        words.iter().all(|word| text.contains(&word.to_lowercase()))
    }

    /// How a target does on its cases.
    pub fn standing(&self, target: usize) -> Standing {
        Standing::of(
            self.cases
                .iter()
                .map(|case| case.found.get(target)?.as_ref()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_there_with_its_code_cases_and_verdicts() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.entries.len(), requirement::registry().len());
        let names: Vec<&str> = catalogue.targets.iter().map(|known| &*known.name).collect();
        assert_eq!(names, ["spec", "local", "serverless-offline", "ministack"]);
        let entry = catalogue
            .entries
            .iter()
            .find(|entry| entry.requirement.id == "ROUTE-3")
            .unwrap();
        assert!(
            entry.code.contains(&"spec/src/route.rs"),
            "{:?}",
            entry.code
        );
        let case = entry
            .cases
            .iter()
            .find(|case| case.id == "route/an-unknown-action-is-forbidden")
            .unwrap();
        let verdicts: Vec<_> = case
            .found
            .iter()
            .map(|found| found.as_ref().unwrap())
            .collect();
        assert_eq!(
            (verdicts[0].verdict, verdicts[1].verdict),
            (Verdict::Pass, Verdict::Pass)
        );
        assert_eq!(
            verdicts[2].note,
            "a message that no route takes is dropped: no Forbidden frame"
        );
    }

    #[test]
    fn words_are_found_across_lines_and_letter_case() {
        let catalogue = Catalogue::built_in().unwrap();
        let found = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let ids = catalogue
                .entries
                .iter()
                .filter(|entry| entry.has_words(&words));
            ids.map(|entry| entry.requirement.id).collect::<Vec<_>>()
        };
        assert!(found(&["route selection EXPRESSION"]).contains(&"ROUTE-1"));
        assert!(found(&["an-unknown-action", "forbidden"]).contains(&"ROUTE-3"));
        assert!(found(&["forbidden", "no requirement says this"]).is_empty());
    }

    #[test]
    fn a_report_adds_a_column_or_takes_the_place_of_a_known_one() {
        let mut catalogue = Catalogue::built_in().unwrap();
        let line = |target: &str| {
            format!(
                r#"{{"target":"{target}","case":"route/an-unknown-action-is-forbidden","why":"","verdict":"error","detail":"first\nsecond","requirements":[],"millis":1,"transcript":[]}}"#
            )
        };
        let report = Comparison::parse(&format!("{}\n{}", line("mine"), line("local"))).unwrap();
        catalogue.add(&report);
        assert_eq!(catalogue.targets.len(), 5);
        let case = catalogue
            .cases()
            .find(|case| case.id == "route/an-unknown-action-is-forbidden")
            .unwrap();
        let error = Some(Found {
            verdict: Verdict::Error,
            note: "first".to_owned(),
        });
        assert_eq!((&case.found[1], &case.found[4]), (&error, &error));
        let other = catalogue
            .cases()
            .find(|case| case.id == "route/the-action-names-the-route")
            .unwrap();
        assert_eq!((&other.found[1], &other.found[4]), (&None, &None));
    }
}
