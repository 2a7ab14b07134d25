//! `gatespec check`.

mod targets;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use conformance::fixture::Fixture;
use conformance::{Case, Expectations, Outcome, Report, Verdict, case, report};

use crate::{Failure, StackArgs, print, runtime, serve};

/// Run the cases of the specification against targets, and print the verdicts.
///
/// The target `spec` is the specification itself, in process, where time is virtual and the kit plays the functions. The target
/// `local` is `gatespec serve` as a process, with the stack's real functions, reached through its sockets.
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// The targets, comma separated.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Target::Spec, Target::Local])]
    target: Vec<Target>,
    /// Where report.jsonl and report.md go.
    #[arg(long, value_name = "DIR", default_value = "target/gatespec")]
    report: PathBuf,
    /// Run the cases of this file, or of this folder's *.toml files, instead of the kit's own.
    #[arg(long, value_name = "PATH")]
    cases: Option<PathBuf>,
    /// Take the stacks that cases run on (their `fixture`) from this folder's *.yaml files instead of the kit's own.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Run only the cases whose id begins so.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    case: String,
    /// Show what was sent and received in every case, not only in those that are no pass.
    #[arg(long)]
    transcripts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Spec,
    Local,
}

/// Runs the cases, prints the table, writes the reports.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("error: {error}"));
    let cases: Vec<Case> = args
        .cases
        .as_deref()
        .map_or_else(case::built_in, case::of_path)
        .map_err(|error| usage(&error))?
        .into_iter()
        .filter(|case| case.id.starts_with(&args.case))
        .collect();
    if cases.is_empty() {
        return Err(Failure::Usage(format!(
            "error: no case begins with `{}`",
            args.case
        )));
    }
    let fixtures = match &args.fixtures {
        Some(folder) => Fixture::of_folder(folder).map_err(|error| usage(&error))?,
        None => Fixture::built_in(),
    };
    for case in &cases {
        if let Some(name) = &case.fixture
            && !fixtures.iter().any(|fixture| fixture.name == *name)
        {
            return Err(usage(&format!(
                "the case `{}` runs on the fixture `{name}`, which does not exist",
                case.id
            )));
        }
    }
    let stack = serve::read_stack(&args.stack)?;
    if args.target.contains(&Target::Local) && !args.stack.no_build {
        serve::build(&stack)?;
    }
    let reports = runtime()?.block_on(async {
        let mut reports = Vec::new();
        for target in &args.target {
            reports.push(match target {
                Target::Spec => targets::spec(&cases, &stack, &fixtures).await?,
                Target::Local => {
                    targets::local(&cases, &args.stack, &fixtures, &args.report).await?
                }
            });
        }
        Ok(reports)
    })?;
    print(report::table(&reports).trim_end());
    let shown = |outcome: &&Outcome| {
        args.transcripts || !matches!(outcome.verdict, Verdict::Pass | Verdict::Unsupported)
    };
    for report in &reports {
        for outcome in report.outcomes.iter().filter(shown) {
            let Outcome {
                case,
                verdict,
                detail,
                transcript,
                ..
            } = outcome;
            let lines = transcript.join("\n    ");
            print(&format!(
                "\n{case} on {}: {verdict} {detail}\n    {lines}",
                report.target
            ));
        }
    }
    write_reports(&args.report, &reports, &cases)?;
    surprises(&reports, &args.case)
}

fn write_reports(folder: &Path, reports: &[Report], cases: &[Case]) -> Result<(), Failure> {
    let jsonl: String = reports
        .iter()
        .map(|each| report::jsonl(each, cases))
        .collect();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text);
    std::fs::create_dir_all(folder)
        .and_then(|()| write("report.jsonl", jsonl))
        .and_then(|()| write("report.md", report::markdown(reports, cases)))
        .map_err(|error| could_not_write(folder, &error))?;
    print(&format!(
        "reports: {0}/report.md, {0}/report.jsonl",
        folder.display()
    ));
    Ok(())
}

/// An error that lists what was not as expected. With a selection of cases, entries for the others are not missed.
fn surprises(reports: &[Report], prefix: &str) -> Result<(), Failure> {
    let mut unexpected = Vec::new();
    for report in reports {
        let expectations = Expectations::of_target(&report.target)
            .map_err(|error| Failure::CouldNotRun(format!("error: {error}")))?
            .selected(prefix);
        let surprises = expectations.surprises(report);
        unexpected.extend(
            surprises
                .iter()
                .map(|surprise| format!("  {}: {surprise}", report.target)),
        );
    }
    if unexpected.is_empty() {
        print("all as expected");
        return Ok(());
    }
    Err(Failure::Unexpected(format!(
        "not as expected:\n{}",
        unexpected.join("\n")
    )))
}

fn could_not_write(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::CouldNotRun(format!(
        "error: can not write to `{}`: {error}",
        folder.display()
    ))
}
