use serde::{Deserialize, Serialize};
use spec::requirement;

use crate::case::Case;
use crate::runner::FOUND;
use crate::verdict::{Outcome, Report, shortened};

/// How much of a detail is shown: texts that are compared may be long.
const DETAIL: usize = 2000;
/// How much of a line of a transcript is shown.
const SHOWN: usize = 400;

/// Cases by targets: what every form of report shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The targets, in the order in which they were run or given.
    pub targets: Vec<String>,
    /// The cases, in the order of the first run that has them.
    pub rows: Vec<Row>,
}

/// A case with what it says of each target.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The case's id.
    pub case: String,
    /// Why the case exists.
    pub why: String,
    /// What it checks.
    pub requirements: Vec<Cited>,
    /// By target; `None` where it was not run.
    pub outcomes: Vec<Option<Outcome>>,
}

/// A requirement as a report cites it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// Such as `HANDSHAKE-3`.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// `documented`, `observed` or `assumed`.
    pub basis: String,
    /// The addresses it was read at.
    pub sources: Vec<String>,
}

impl Comparison {
    /// The runs of `cases` on some targets.
    pub fn of(reports: &[Report], cases: &[Case]) -> Self {
        let mut comparison = Self::default();
        for report in reports {
            for outcome in &report.outcomes {
                let case = cases.iter().find(|case| case.id == outcome.case);
                let cited = || {
                    case.iter()
                        .flat_map(|case| &case.requirements)
                        .map(|id| Cited::of(id))
                };
                let why = || case.map(|case| case.why.clone()).unwrap_or_default();
                let mut outcome = outcome.clone();
                outcome.detail = shortened(&outcome.detail, DETAIL);
                if let Some(stopped) = &mut outcome.stopped {
                    stopped.expected = shortened(&stopped.expected, DETAIL);
                    for step in &mut stopped.steps {
                        *step = shortened(step, SHOWN);
                    }
                }
                for line in &mut outcome.transcript {
                    if !line.starts_with(FOUND) {
                        *line = shortened(line, SHOWN);
                    }
                }
                comparison.add(&report.target, outcome, why, || cited().collect());
            }
        }
        comparison
    }

    /// What is said of one target.
    pub fn report(&self, index: usize) -> Report {
        Report {
            target: self.targets[index].clone(),
            outcomes: self
                .rows
                .iter()
                .filter_map(|row| row.outcomes[index].clone())
                .collect(),
        }
    }

    pub(super) fn add(
        &mut self,
        target: &str,
        outcome: Outcome,
        why: impl FnOnce() -> String,
        requirements: impl FnOnce() -> Vec<Cited>,
    ) {
        let column = self
            .targets
            .iter()
            .position(|known| known == target)
            .unwrap_or_else(|| {
                self.targets.push(target.to_owned());
                for row in &mut self.rows {
                    row.outcomes.push(None);
                }
                self.targets.len() - 1
            });
        let place = self
            .rows
            .iter()
            .position(|row| row.case == outcome.case)
            .unwrap_or_else(|| {
                self.rows.push(Row {
                    case: outcome.case.clone(),
                    why: why(),
                    requirements: requirements(),
                    outcomes: vec![None; self.targets.len()],
                });
                self.rows.len() - 1
            });
        self.rows[place].outcomes[column] = Some(outcome);
    }
}

impl Row {
    /// The part of the case's id before the `/`.
    pub fn area(&self) -> &str {
        self.case.split_once('/').map_or("", |(area, _)| area)
    }
}

impl Cited {
    fn of(id: &str) -> Self {
        let known = requirement::find(id);
        Self {
            id: id.to_owned(),
            title: known
                .map(|known| known.title.to_owned())
                .unwrap_or_default(),
            basis: known
                .map(|known| known.basis.to_string())
                .unwrap_or_default(),
            sources: known
                .iter()
                .flat_map(requirement::Requirement::sources)
                .map(str::to_owned)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::jsonl::jsonl;
    use crate::report::tests::comparison;

    #[test]
    fn runs_are_put_side_by_side() {
        let both = comparison();
        let (spec, local): (String, String) = jsonl(&both)
            .lines()
            .map(|line| format!("{line}\n"))
            .partition(|line| line.contains(r#""target":"spec""#));
        assert_eq!(Comparison::parse(&(spec.clone() + &local)).unwrap(), both);
        let swapped = Comparison::parse(&(local + &spec)).unwrap();
        assert_eq!(swapped.targets, ["local", "spec"]);
        assert_eq!(swapped.report(1), both.report(0));
    }
}
