//! What is known of targets, and what is made of their verdicts.

use std::path::{Path, PathBuf};

use clap::Args;
use conformance::{Expectations, Report, Verdict};

use super::Target;
use super::files::could_not_write;
use super::selection::Author;
use crate::{Caused, Failure, print, text_or_file};

/// What is known.
#[derive(Args)]
pub(super) struct ExpectationArgs {
    /// Hold the target to the verdicts that this file knows, each with its reason, instead of the
    /// kit's own.
    #[arg(long, value_name = "FILE", conflicts_with = "bless")]
    expect: Option<PathBuf>,
    /// Write the verdicts that are not fine into a file of known ones, the reasons left to fill in;
    /// those that it has are kept.
    #[arg(long, value_name = "FILE")]
    pub(super) bless: Option<PathBuf>,
}

/// What a target said in all cases, and what is known of those.
pub(super) struct Run {
    pub(super) target: Target,
    pub(super) report: Report,
    pub(super) known: Expectations,
}

impl ExpectationArgs {
    /// What is known of each target.
    pub(super) fn read(
        &self,
        targets: &[Target],
        author: Author,
    ) -> Result<Vec<Expectations>, Failure> {
        // What is blessed again keeps the reasons that it has.
        let blessed = self.bless.as_deref().filter(|path| path.is_file());
        if let Some(path) = self.expect.as_deref().or(blessed) {
            let known = of_file(path)?;
            return Ok(vec![known; targets.len()]);
        }
        targets
            .iter()
            .map(|target| match the_kits(*target, author) {
                Some(name) => Expectations::of_target(name).map_err(Failure::could_not_run),
                None => Ok(Expectations::default()),
            })
            .collect()
    }

    /// Writes what is to be known from now on, or says whether all is as expected.
    pub(super) fn judge(&self, runs: &[Run]) -> Result<(), Failure> {
        if let (Some(path), [run]) = (&self.bless, runs) {
            std::fs::write(path, run.known.blessed(&run.report))
                .map_err(|error| could_not_write(path, error))?;
            let target = &run.report.target;
            print(&format!("{}: known verdicts of {target}", path.display()));
        }
        let mut problems: Vec<String> = Vec::new();
        if self.bless.is_none() {
            problems.extend(runs.iter().flat_map(|run| {
                let surprises = run.known.surprises(&run.report).into_iter();
                surprises.map(|surprise| format!("  {}: {surprise}", run.report.target))
            }));
        }
        if !problems.is_empty() {
            problems.insert(0, "not as expected:".to_owned());
        }
        let idle: Vec<(&Run, String)> = runs
            .iter()
            .filter_map(|run| Some((run, run.is_idle()?)))
            .collect();
        for (run, message) in &idle {
            // What cannot be seen on one of the kit's own targets is seen on the other; of a
            // deployed one nothing else is known.
            if run.target.is_deployed() || idle.len() == runs.len() {
                problems.push(message.clone());
            } else {
                print(message);
            }
        }
        if !problems.is_empty() {
            return Err(Failure::Unexpected(problems.join("\n")));
        }
        if self.bless.is_none() {
            print("all as expected");
        }
        Ok(())
    }
}

impl Run {
    /// That nothing was judged, where that is so and was not expected.
    fn is_idle(&self) -> Option<String> {
        let Report { target, outcomes } = &self.report;
        let is_unsupported = |verdict| verdict == Verdict::Unsupported;
        if !outcomes
            .iter()
            .all(|outcome| is_unsupported(outcome.verdict))
        {
            return None;
        }
        let first = outcomes
            .iter()
            .find(|outcome| !self.known.is_known(&outcome.case))?;
        let count = match outcomes.len() {
            1 => "its only case is".to_owned(),
            count => format!("all its {count} cases are"),
        };
        Some(format!(
            "nothing was judged on `{target}`: {count} unsupported (`{}`: {})",
            first.case, first.detail
        ))
    }
}

/// Which of the kit's own lists holds for a target. They know the kit's own cases, on the stacks
/// that the kit knows.
fn the_kits(target: Target, author: Author) -> Option<&'static str> {
    (target != Target::Endpoint && author == Author::Kit).then(|| target.name())
}

fn of_file(path: &Path) -> Result<Expectations, Failure> {
    Expectations::parse(&text_or_file(&format!("@{}", path.display()))?)
        .map_err(|error| Failure::usage(Caused::new(format!("`{}`", path.display()), error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kits_lists_hold_for_its_own_cases_by_the_kind_of_target() {
        for (target, own, users) in [
            (Target::Spec, Some("spec"), None),
            (Target::Local, Some("local"), None),
            (Target::Aws, Some("aws"), None),
            (Target::Endpoint, None, None),
        ] {
            assert_eq!(the_kits(target, Author::Kit), own);
            assert_eq!(the_kits(target, Author::User), users);
        }
    }
}
