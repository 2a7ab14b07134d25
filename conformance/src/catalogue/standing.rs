use std::fmt;

use super::Found;
use crate::verdict::Verdict;

/// How a target does on the cases of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no case, or none was run.
    NotRun,
    /// This many of so many cases have this verdict, which decides: an error before a failure, a
    /// failure before a difference from what is assumed, that before a pass.
    Of {
        /// What decides.
        verdict: Verdict,
        /// The cases with this verdict.
        count: usize,
        /// All cases of the requirement.
        all: usize,
    },
}

/// What decides, first things first.
const ORDER: [Verdict; 5] = [
    Verdict::Error,
    Verdict::Fail,
    Verdict::Informational,
    Verdict::Pass,
    Verdict::Unsupported,
];

impl Standing {
    pub(super) fn of<'a>(found: impl Iterator<Item = Option<&'a Found>>) -> Self {
        let found: Vec<Option<Verdict>> = found.map(|one| one.map(|one| one.verdict)).collect();
        let count = |verdict| found.iter().filter(|one| **one == Some(verdict)).count();
        let decides = ORDER.into_iter().find(|&verdict| count(verdict) > 0);
        decides.map_or(Self::NotRun, |verdict| Self::Of {
            verdict,
            count: count(verdict),
            all: found.len(),
        })
    }

    /// The verdict that decides.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::NotRun => None,
            Self::Of { verdict, .. } => Some(verdict),
        }
    }
}

/// `pass`, `2 of 3 fail`, `not run`.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotRun => f.write_str("not run"),
            Self::Of {
                verdict,
                count,
                all,
            } if count == all => f.pad(&verdict.to_string()),
            Self::Of {
                verdict,
                count,
                all,
            } => f.pad(&format!("{count} of {all} {verdict}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_decides_and_is_counted() {
        let said = |verdicts: &[Option<Verdict>]| {
            let found: Vec<_> = verdicts
                .iter()
                .map(|verdict| {
                    verdict.map(|verdict| Found {
                        verdict,
                        note: String::new(),
                    })
                })
                .collect();
            Standing::of(found.iter().map(Option::as_ref)).to_string()
        };
        let (pass, fail) = (Some(Verdict::Pass), Some(Verdict::Fail));
        assert_eq!(said(&[]), "not run");
        assert_eq!(said(&[None]), "not run");
        assert_eq!(said(&[pass, pass]), "pass");
        assert_eq!(
            said(&[pass, fail, Some(Verdict::Unsupported)]),
            "1 of 3 fail"
        );
        assert_eq!(said(&[pass, None]), "1 of 2 pass");
        assert_eq!(said(&[Some(Verdict::Unsupported), pass]), "1 of 2 pass");
        assert_eq!(said(&[fail, Some(Verdict::Error)]), "1 of 2 error");
    }
}
