use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Comparison;
use crate::verdict::Verdict;

/// How much of what the cases check was seen on a target. A score says nothing without it: one case
/// that passes is 100 %.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The cases that were run.
    pub run: usize,
    /// The cases of the report.
    pub cases: usize,
    /// The requirements that the cases which were run cite.
    pub seen: usize,
    /// The requirements that all cases cite.
    pub requirements: usize,
    /// Why cases were not run, and how many for each reason, the most first.
    pub not_run: Vec<(String, usize)>,
}

impl Coverage {
    /// Of the target with this index. What is unsupported was not run.
    pub fn of(comparison: &Comparison, index: usize) -> Self {
        let (mut run, mut cases) = (0, 0);
        let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &comparison.rows {
            let ids = row.requirements.iter().map(|cited| &*cited.id);
            all.extend(ids.clone());
            let Some(outcome) = &row.outcomes[index] else {
                continue;
            };
            cases += 1;
            if outcome.verdict == Verdict::Unsupported {
                *reasons.entry(&outcome.detail).or_default() += 1;
            } else {
                run += 1;
                seen.extend(ids);
            }
        }
        let mut not_run: Vec<(String, usize)> = reasons
            .into_iter()
            .map(|(why, cases)| (why.to_owned(), cases))
            .collect();
        not_run.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
        Self {
            run,
            cases,
            seen: seen.len(),
            requirements: all.len(),
            not_run,
        }
    }
}

/// `191 of 371 cases run (51.5 %), 270 of 430 requirements`.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.run as f64 / self.cases.max(1) as f64;
        write!(f, "{} of {} cases run ({share:.1} %)", self.run, self.cases)?;
        match self.requirements {
            0 => Ok(()),
            all => write!(f, ", {} of {all} requirements", self.seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::comparison;

    #[test]
    fn what_is_unsupported_was_not_run() {
        let mut comparison = comparison();
        comparison.rows[2].requirements = comparison.rows[0].requirements.clone();
        comparison.rows[2].requirements[0].id = "LIMITS-1".to_owned();
        let coverage = Coverage::of(&comparison, 1);
        assert_eq!(
            coverage.to_string(),
            "3 of 4 cases run (75.0 %), 1 of 2 requirements"
        );
        let why = "step 1: expected `a`, found `</script>`".to_owned();
        assert_eq!(coverage.not_run, [(why, 1)]);
        let all = Coverage::of(&comparison, 0);
        assert_eq!((all.run, all.seen, all.not_run), (4, 2, Vec::new()));
    }
}
