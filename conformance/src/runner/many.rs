//! Many cases, and cases many times.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::case::Case;
use crate::generate::Chance;
use crate::verdict::{Outcome, Verdict};

/// How cases are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How values are drawn where a case wants some.
    pub chance: Chance,
    /// How often every case is run, until it does not pass; at least once.
    pub repeat: u32,
    /// How many cases are run side by side; at least one.
    pub jobs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chance: Chance::default(),
            repeat: 1,
            jobs: 1,
        }
    }
}

impl Options {
    /// Runs a case as often as wanted, each time with other generated values: the first outcome
    /// other than a pass, or the last one.
    ///
    /// # Errors
    /// The first of `run`.
    pub async fn repeated<E>(
        &self,
        mut run: impl AsyncFnMut(Chance) -> Result<Outcome, E>,
    ) -> Result<Outcome, E> {
        let mut chance = self.chance;
        let mut number = 1;
        let (mut retries, mut took) = (0, std::time::Duration::ZERO);
        loop {
            let mut outcome = run(chance).await?;
            outcome.retries += retries;
            outcome.took += took;
            if outcome.verdict != Verdict::Pass || number >= self.repeat {
                if number > 1 && !outcome.detail.is_empty() {
                    let of = format!(" (repetition {number} of {})", self.repeat);
                    outcome.detail.push_str(&of);
                }
                return Ok(outcome);
            }
            (retries, took) = (outcome.retries, outcome.took);
            chance.seed = chance.seed.wrapping_add(1);
            number += 1;
        }
    }

    /// Runs cases side by side: the outcomes in the order of the cases.
    ///
    /// # Errors
    /// The first of `run`.
    pub async fn all<'a, E, F: Future<Output = Result<Outcome, E>>>(
        &self,
        cases: &'a [Case],
        run: impl Fn(&'a Case) -> F,
    ) -> Result<Vec<Outcome>, E> {
        let outcomes = stream::iter(cases).map(run).buffered(self.jobs.max(1));
        outcomes.try_collect().await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::time::Duration;

    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome {
            case: "a/b".to_owned(),
            verdict,
            detail: "d".to_owned(),
            stopped: None,
            known: None,
            command: None,
            transcript: Vec::new(),
            retries: 1,
            host: String::new(),
            took: Duration::from_secs(2),
        }
    }

    #[tokio::test]
    async fn what_passes_is_repeated_with_other_values() {
        let options = Options {
            repeat: 3,
            ..Options::default()
        };
        let mut seeds = Vec::new();
        let all = options.repeated(async |chance| {
            seeds.push(chance.seed);
            Ok::<_, Infallible>(outcome(Verdict::Pass))
        });
        let all = all.await.unwrap();
        assert_eq!((all.retries, all.took), (3, Duration::from_secs(6)));
        assert_eq!(seeds, [0, 1, 2]);
        let mut runs = 0;
        let failed = options.repeated(async |_| {
            runs += 1;
            let verdict = if runs == 2 {
                Verdict::Fail
            } else {
                Verdict::Pass
            };
            Ok::<_, Infallible>(outcome(verdict))
        });
        let failed = failed.await.unwrap();
        assert_eq!(failed.verdict, Verdict::Fail);
        assert_eq!(failed.detail, "d (repetition 2 of 3)");
        assert_eq!(runs, 2);
    }

    // Every case waits until as many as may run side by side do: with fewer this would never end,
    // with more the count would show it.
    #[tokio::test]
    async fn as_many_run_side_by_side_as_wanted() {
        let cases = crate::case::built_in().unwrap();
        let options = Options {
            jobs: 3,
            ..Options::default()
        };
        let (now, most) = (Cell::new(0), Cell::new(0));
        let outcomes = options.all(&cases[..9], async |case| {
            now.set(now.get() + 1);
            most.set(now.get().max(most.get()));
            while most.get() < 3 {
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
            now.set(now.get() - 1);
            let case = case.id.clone();
            Ok::<_, Infallible>(Outcome {
                case,
                ..outcome(Verdict::Pass)
            })
        });
        let outcomes = outcomes.await.unwrap();
        assert_eq!(most.get(), 3);
        let ids = |case: &Case| case.id.clone();
        let ran: Vec<String> = outcomes.into_iter().map(|outcome| outcome.case).collect();
        assert_eq!(ran, cases[..9].iter().map(ids).collect::<Vec<_>>());
    }
}
