//! `gatespec check`.

mod aws;
mod endpoint;
mod targets;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use conformance::fixture::Fixture;
use conformance::generate::Chance;
use conformance::recording::Recording;
use conformance::report::Comparison;
use conformance::runner::Options;
use conformance::{Case, Expectations, Feature, Outcome, Report, Verdict, case, report, sign};

use crate::{Failure, StackArgs, print, runtime, serve, text_or_file};
use aws::AwsArgs;
use endpoint::EndpointArgs;

/// Run the cases of the specification against targets, and print the verdicts.
///
/// The target `spec` is the specification itself, in process, where time is virtual and the kit plays the functions. The target
/// `local` is `gatespec serve` as a process, with the stack's real functions, reached through its sockets. The target `endpoint` is
/// whatever is behind `--ws`: an emulator, or a deployed stack. The target `aws` is the deployed stack that `--stack` names.
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// The targets, comma separated [default: spec,local; endpoint or aws when one is named].
    #[arg(long, value_enum, value_delimiter = ',')]
    target: Vec<Target>,
    /// Where the reports go: report.html, report.md, report.jsonl, junit.xml.
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
    /// Run only the cases that need this of a target.
    #[arg(long, value_name = "FEATURE", value_parser = endpoint::feature)]
    feature: Option<Feature>,
    #[command(flatten)]
    running: RunningArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Hold the target to the verdicts that this file knows, each with its reason, instead of the kit's own.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Write the verdicts that are not fine into a file of known ones, the reasons left to fill in; those that it has are kept.
    #[arg(long, value_name = "FILE")]
    bless: Option<PathBuf>,
    /// Write what the target answered into a file, with the date: ids and times are numbered by first appearance.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// List the cases, with what they cite, instead of running them.
    #[arg(long)]
    list: bool,
    /// Say of each case why it exists, what it cites and where that was read, instead of running it.
    #[arg(long)]
    explain: bool,
    /// Run only the cases that cite this requirement.
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// Show what was sent and received in every case, not only in those that are no pass.
    #[arg(long)]
    transcripts: bool,
}

/// How long `2026-11-23` is.
const DAY: usize = 10;

/// How the cases are run.
#[derive(Args)]
struct RunningArgs {
    /// Run every case so many times, with other generated values each time, until it does not pass.
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    repeat: u32,
    /// Run cases with generated values so many times.
    #[arg(long, value_name = "TIMES", default_value_t = Chance::default().runs)]
    values: u32,
    /// What generated values follow from.
    #[arg(long, default_value_t = Chance::default().seed)]
    seed: u64,
    /// Run so many cases side by side [default: 4; 1 on the target `endpoint`].
    #[arg(long, value_name = "CASES")]
    jobs: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Spec,
    Local,
    Endpoint,
    Aws,
}

/// Runs the cases, prints the table, writes the reports.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("error: {error}"));
    let all: Vec<Case> = args
        .cases
        .as_deref()
        .map_or_else(case::built_in, case::of_path)
        .map_err(|error| usage(&error))?;
    let cases: Vec<Case> = all
        .iter()
        .filter(|case| case.id.starts_with(&args.case))
        .filter(|case| {
            let cites = |id| case.requirements.contains(id);
            args.requirement.as_ref().is_none_or(cites)
        })
        .filter(|case| {
            let needs = |feature| case.features.contains(&feature);
            args.feature.is_none_or(needs)
        })
        .cloned()
        .collect();
    if cases.is_empty() {
        let cites = args
            .requirement
            .iter()
            .map(|id| format!(" and cites `{id}`"));
        let needs = args.feature.iter();
        let needs = needs.map(|feature| format!(" and needs `{feature}`"));
        return Err(Failure::Usage(format!(
            "error: no case begins with `{}`{}",
            args.case,
            cites.chain(needs).collect::<String>()
        )));
    }
    if args.list || args.explain {
        for case in &cases {
            print(&if args.explain {
                report::explanation(case)
            } else {
                format!("{}  {}", case.id, case.requirements.join(" "))
            });
        }
        return Ok(());
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
    let targets = args.targets();
    if args.bless.is_some() && (targets.len() > 1 || cases.len() < all.len()) {
        let message = "`--bless` writes what is known of one target on all cases: give one `--target`, and no selection";
        return Err(usage(&message));
    }
    if args.record.is_some() && targets.len() > 1 {
        return Err(usage(
            &"`--record` writes what one target answered: give one `--target`",
        ));
    }
    endpoint::check_names(&args.endpoint, &all)?;
    if targets.contains(&Target::Aws) {
        aws::check(&args.aws)?;
    }
    let is_deployed = |target: &Target| matches!(target, Target::Endpoint | Target::Aws);
    let stack = (!targets.iter().all(is_deployed))
        .then(|| serve::read_stack(&args.stack))
        .transpose()?;
    if let Some(stack) = &stack
        && targets.contains(&Target::Local)
        && !args.stack.no_build
    {
        serve::build(stack)?;
    }
    let reports = runtime()?.block_on(async {
        let mut reports = Vec::new();
        for target in &targets {
            let options = args.running.options(*target);
            reports.push(match (target, &stack) {
                (Target::Spec, Some(stack)) => {
                    targets::spec(&cases, stack, &fixtures, options).await?
                }
                (Target::Local, _) => {
                    targets::local(&cases, &args.stack, &fixtures, &args.report, options).await?
                }
                (Target::Aws, _) => aws::run(&cases, &args.aws, &args.endpoint, options).await?,
                _ => endpoint::run(&cases, &args.endpoint, options).await?,
            });
        }
        Ok(reports)
    })?;
    let comparison = Comparison::of(&reports, &cases);
    print(report::table(&comparison).trim_end());
    for row in &comparison.rows {
        for (target, outcome) in comparison.targets.iter().zip(&row.outcomes) {
            let Some(outcome) = outcome else {
                continue;
            };
            if args.transcripts || !matches!(outcome.verdict, Verdict::Pass | Verdict::Unsupported)
            {
                let lines = outcome.transcript.join("\n    ");
                let Outcome {
                    case,
                    verdict,
                    detail,
                    ..
                } = outcome;
                print(&format!(
                    "\n{case} on {target}: {verdict} {detail}\n    {lines}"
                ));
            }
        }
    }
    write_reports(&args.report, &comparison)?;
    if let (Some(path), [report]) = (&args.record, &*reports) {
        let now = sign::now().iso_8601();
        let recording = Recording::of(report, &now[..DAY]);
        std::fs::write(path, recording.to_toml()).map_err(|error| could_not_write(path, &error))?;
        let count = recording.cases.len();
        print(&format!(
            "{}: what {} answered in {count} cases",
            path.display(),
            report.target
        ));
    }
    let is_left_out = |id: &str| {
        let is = |case: &Case| case.id == id;
        all.iter().any(is) && !cases.iter().any(is)
    };
    surprises(&reports, args, is_left_out)
}

/// Writes every form of report into a folder.
pub(crate) fn write_reports(folder: &Path, comparison: &Comparison) -> Result<(), Failure> {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text);
    std::fs::create_dir_all(folder)
        .and_then(|()| write("report.jsonl", comparison.jsonl()))
        .and_then(|()| write("report.md", report::markdown(comparison)))
        .and_then(|()| write("report.html", report::html(comparison)))
        .and_then(|()| write("junit.xml", report::junit(comparison)))
        .map_err(|error| could_not_write(folder, &error))?;
    print(&format!(
        "reports: {}/{{report.html,report.md,report.jsonl,junit.xml}}",
        folder.display()
    ));
    Ok(())
}

/// An error that lists what was not as expected. Entries for cases that are left out are not missed.
fn surprises(
    reports: &[Report],
    args: &CheckArgs,
    is_left_out: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let mut unexpected = Vec::new();
    for report in reports {
        let expectations = match &args.expect {
            Some(path) => Expectations::parse(&text_or_file(&format!("@{}", path.display()))?)
                .map_err(|error| Failure::Usage(format!("error: `{}`: {error}", path.display())))?,
            // What is blessed again keeps the reasons that it has.
            None if args.bless.as_deref().is_some_and(Path::is_file) => {
                let path = args.bless.as_deref().unwrap_or(Path::new(""));
                Expectations::parse(&text_or_file(&format!("@{}", path.display()))?).map_err(
                    |error| Failure::Usage(format!("error: `{}`: {error}", path.display())),
                )?
            }
            None => Expectations::of_target(&report.target)
                .map_err(|error| Failure::CouldNotRun(format!("error: {error}")))?,
        };
        if let Some(path) = &args.bless {
            std::fs::write(path, expectations.blessed(report))
                .map_err(|error| could_not_write(path, &error))?;
            print(&format!(
                "{}: known verdicts of {}",
                path.display(),
                report.target
            ));
            continue;
        }
        let expectations = expectations.without(&is_left_out);
        let surprises = expectations.surprises(report);
        unexpected.extend(
            surprises
                .iter()
                .map(|surprise| format!("  {}: {surprise}", report.target)),
        );
    }
    if unexpected.is_empty() {
        if args.bless.is_none() {
            print("all as expected");
        }
        return Ok(());
    }
    Err(Failure::Unexpected(format!(
        "not as expected:\n{}",
        unexpected.join("\n")
    )))
}

impl RunningArgs {
    fn options(&self, target: Target) -> Options {
        // An emulator that can do one thing at a time is held to its behaviour, not to its speed.
        let usual = if target == Target::Endpoint { 1 } else { 4 };
        Options {
            chance: Chance {
                seed: self.seed,
                runs: self.values,
            },
            repeat: self.repeat,
            jobs: self.jobs.map_or(usual, NonZeroUsize::get),
        }
    }
}

impl CheckArgs {
    /// Where the cases run: as asked, or on the endpoint or the stack that is named, or on the kit's own targets.
    fn targets(&self) -> Vec<Target> {
        match &*self.target {
            [] if self.aws.deployed.is_some() => vec![Target::Aws],
            [] if endpoint::is_named(&self.endpoint) => vec![Target::Endpoint],
            [] => vec![Target::Spec, Target::Local],
            targets => targets.to_vec(),
        }
    }
}

fn could_not_write(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::CouldNotRun(format!(
        "error: can not write to `{}`: {error}",
        folder.display()
    ))
}
