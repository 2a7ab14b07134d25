//! What `gatespec check` shows of the verdicts: all of them, or what did not pass and how many did.

use conformance::Outcome;
use conformance::report::{self, Comparison, Shown};

use crate::print;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The cases that did not pass, each with what was expected and came, and the counts.
    Findings,
    /// All cases, and what was sent and received in those that did not pass.
    All,
    /// All cases, and what was sent and received in each.
    Transcripts,
}

/// So many cases fit on a screen.
pub(super) const FEW: usize = 12;

/// Prints the verdicts.
pub(super) fn show(comparison: &Comparison, detail: Detail) {
    let shown = match detail {
        Detail::Findings => Shown::Findings,
        Detail::All | Detail::Transcripts => Shown::All,
    };
    print(report::table(comparison, shown).trim_end());
    for row in &comparison.rows {
        for (target, outcome) in comparison.targets.iter().zip(&row.outcomes) {
            let is_shown =
                |outcome: &&Outcome| detail == Detail::Transcripts || outcome.verdict.is_finding();
            if let Some(outcome) = outcome.as_ref().filter(is_shown) {
                print(&page(target, outcome, detail));
            }
        }
    }
}

/// A case with its verdict: what was expected and came, how to run it alone, what happened.
fn page(target: &str, outcome: &Outcome, detail: Detail) -> String {
    let Outcome {
        case,
        verdict,
        detail: why,
        ..
    } = outcome;
    let mut text = format!("\n{case} on {target}: {verdict} {why}\n");
    if let Some(stopped) = &outcome.stopped {
        text.push_str(&format!("  expected: {}\n", stopped.expected));
        text.push_str(&format!("  came:     {}\n", stopped.came));
    }
    if let Some(command) = &outcome.command {
        text.push_str(&format!("  alone:    {command}\n"));
    }
    if detail != Detail::Findings {
        text.push_str(&format!("    {}", outcome.transcript.join("\n    ")));
    }
    text.trim_end().to_owned()
}
