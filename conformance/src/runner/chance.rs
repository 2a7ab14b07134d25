//! Cases with generated values: many runs, and the smallest values that a failure needs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};

use super::once;
use crate::case::{Case, Feature};
use crate::generate::{self, Chance};
use crate::session::Session;
use crate::verdict::{Outcome, Verdict};

/// How long smaller values are looked for: each try that fails by silence takes as long as the
/// target's patience.
const SHRINKING: Duration = Duration::from_secs(60);

/// The line of a transcript before a case that was found.
pub(crate) const FOUND: &str = "· as a case of its own:";

/// As [`run`](super::run); a case with generated values is run as often as `chance` says, until it
/// does not pass. Then the smallest values are looked for that give the same verdict, and the case
/// that has them stands at the end of the transcript.
pub(crate) async fn run_with<S: Session>(
    case: &Case,
    session: &mut S,
    features: &[Feature],
    chance: Chance,
) -> Outcome {
    if case.generate.is_empty() {
        return once(case, &BTreeMap::new(), session, features).await;
    }
    let started = Instant::now();
    let values = generate::values(&case.generate);
    let mut runner = chance.runner();
    let mut retries = 0;
    let mut last = None;
    for number in 1..=chance.runs.max(1) {
        let mut tree = match values.new_tree(&mut runner) {
            Ok(tree) => tree,
            Err(reason) => {
                last = Some(not_generated(case, &reason.to_string()));
                break;
            }
        };
        // So that it does not open connections faster than it may.
        session.settle().await;
        let mut outcome = once(case, &tree.current(), session, features).await;
        if matches!(outcome.verdict, Verdict::Fail | Verdict::Informational) {
            outcome = smallest(case, &mut tree, outcome, session, features).await;
        }
        retries += outcome.retries;
        match outcome.verdict {
            Verdict::Pass => last = Some(outcome),
            // That does not depend on the values.
            Verdict::Unsupported => return outcome,
            Verdict::Error | Verdict::Fail | Verdict::Informational => {
                outcome.detail = format!("{} ({})", outcome.detail, which(number, chance));
                last = Some(outcome);
                break;
            }
        }
    }
    let outcome = last.unwrap_or_else(|| not_generated(case, "there was no run"));
    Outcome {
        retries,
        took: started.elapsed(),
        ..outcome
    }
}

/// The same failure with the smallest values that were found in time. The case that has them stands
/// at the end of its transcript; its retries are those of all tries.
async fn smallest<S: Session>(
    case: &Case,
    tree: &mut impl ValueTree<Value = BTreeMap<String, String>>,
    failure: Outcome,
    session: &mut S,
    features: &[Feature],
) -> Outcome {
    let mut retries = failure.retries;
    let (mut outcome, mut given) = (failure, tree.current());
    let mut is_smaller = tree.simplify();
    let end = Instant::now() + SHRINKING;
    while is_smaller && Instant::now() < end {
        session.settle().await;
        let smaller = once(case, &tree.current(), session, features).await;
        retries += smaller.retries;
        is_smaller = if smaller.verdict == outcome.verdict {
            (outcome, given) = (smaller, tree.current());
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    let found = case.with_given(&given);
    outcome.transcript.push(format!("{FOUND}\n{found}"));
    Outcome { retries, ..outcome }
}

/// Which run it was, so that it can be repeated.
fn which(number: u32, Chance { seed, runs }: Chance) -> String {
    format!("with generated values, run {number} of {runs}, seed {seed}")
}

fn not_generated(case: &Case, why: &str) -> Outcome {
    let detail = format!("no values could be generated: {why}");
    Outcome::without_a_run(case, Verdict::Error, detail)
}
