//! `gatespec check`.

use std::collections::HashMap;
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::{Args, ValueEnum};
use conformance::case::Feature;
use conformance::target::functions::Function;
use conformance::target::local::{self, LocalGateway};
use conformance::target::spec::{self as spec_target, SpecSession};
use conformance::target::wire::WireSession;
use conformance::{Case, Expectations, Outcome, Report, Verdict, case, fixture, report, runner};
use gateway::stack::{Settings, Stack};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failure, StackArgs, eprint, print, runtime, serve};

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
    let cases: Vec<Case> = case::built_in()
        .map_err(|error| Failure::CouldNotRun(format!("error: {error}")))?
        .into_iter()
        .filter(|case| case.id.starts_with(&args.case))
        .collect();
    if cases.is_empty() {
        return Err(Failure::Usage(format!(
            "error: no case begins with `{}`",
            args.case
        )));
    }
    let stack = serve::read_stack(&args.stack)?;
    if args.target.contains(&Target::Local) && !args.stack.no_build {
        serve::build(&stack)?;
    }
    let reports = runtime()?.block_on(async {
        let mut reports = Vec::new();
        for target in &args.target {
            reports.push(match target {
                Target::Spec => check_spec(&cases, &stack).await?,
                Target::Local => check_local(&cases, &args.stack, &args.report).await?,
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

/// The specification, in process; every case gets a fresh gateway.
async fn check_spec(cases: &[Case], stack: &Stack) -> Result<Report, Failure> {
    let functions: HashMap<String, Function> = stack
        .functions
        .iter()
        .filter_map(|function| {
            let played = Function::of_binary(function.code.binary.as_deref()?)?;
            Some((function.arn.clone(), played))
        })
        .collect();
    let progress = progress("spec", cases.len());
    let mut outcomes = Vec::new();
    for case in cases {
        let api = match &case.fixture {
            Some(name) => {
                let text = fixture::template(name).unwrap_or_default();
                Stack::parse(name, text, Path::new(""), &Settings::default())
                    .map_err(|error| Failure::Usage(error.to_string()))?
                    .api
            }
            None => stack.api.clone(),
        };
        let mut session = SpecSession::new(api, functions.clone())
            .map_err(|error| Failure::Usage(format!("error: {error}")))?;
        outcomes.push(runner::run(case, &mut session, &spec_target::FEATURES).await);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(Report {
        target: "spec".to_owned(),
        outcomes,
    })
}

/// The local gateway, as a process; every case gets fresh connections, a case with a fixture or with a clock a process of its own.
async fn check_local(cases: &[Case], stack: &StackArgs, folder: &Path) -> Result<Report, Failure> {
    let could_not = |error: String| Failure::CouldNotRun(format!("error: {error}"));
    let log = log_file(folder)?;
    let mut serve_args = vec![stack.template.display().to_string()];
    for (name, value) in &stack.parameters {
        serve_args.extend(["--parameter".to_owned(), format!("{name}={value}")]);
    }
    let gateway = start_local(&serve_args, folder, &log).await?;
    let progress = progress("local", cases.len());
    let mut outcomes = Vec::new();
    for case in cases {
        let has_clock = case.features.contains(&Feature::Clock);
        let own = if case.fixture.is_some() || has_clock {
            let mut arguments = match &case.fixture {
                Some(name) => vec![write_fixture(name, folder)?],
                None => serve_args.clone(),
            };
            if has_clock {
                arguments.extend(local::CLOCK.map(str::to_owned));
            }
            Some(start_local(&arguments, folder, &log).await?)
        } else {
            None
        };
        let judged = own.as_ref().unwrap_or(&gateway);
        let endpoint = judged.endpoint.clone();
        let mut session = WireSession::with_clock(endpoint, judged.clock.clone());
        outcomes.push(runner::run(case, &mut session, &local::FEATURES).await);
        if let Some(own) = own {
            own.stop().await.map_err(could_not)?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    gateway.stop().await.map_err(could_not)?;
    Ok(Report {
        target: "local".to_owned(),
        outcomes,
    })
}

/// Starts `gatespec serve` with `arguments`.
async fn start_local(
    arguments: &[String],
    folder: &Path,
    log: &File,
) -> Result<LocalGateway, Failure> {
    let could_not = |error: String| Failure::CouldNotRun(format!("error: {error}"));
    let program = std::env::current_exe().map_err(|error| could_not(error.to_string()))?;
    let log = log
        .try_clone()
        .map_err(|error| could_not(error.to_string()))?;
    LocalGateway::start(&program, arguments, Stdio::from(log))
        .await
        .map_err(|error| {
            let log = folder.join(LOG);
            let words = std::fs::read_to_string(&log).unwrap_or_default();
            could_not(format!("{error} (log: {})\n{words}", log.display()))
        })
}

/// Puts a fixture's template where the gateway can read it: the path.
fn write_fixture(name: &str, folder: &Path) -> Result<String, Failure> {
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, fixture::template(name).unwrap_or_default())
        .map_err(|error| could_not_write(folder, &error))?;
    Ok(path.display().to_string())
}

/// Where the local gateway's own words go.
const LOG: &str = "local.log";

fn log_file(folder: &Path) -> Result<File, Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| File::create(folder.join(LOG)))
        .map_err(|error| could_not_write(folder, &error))
}

fn could_not_write(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::CouldNotRun(format!(
        "error: can not write to `{}`: {error}",
        folder.display()
    ))
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

/// A bar on a terminal, one line elsewhere.
fn progress(target: &str, cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprint(&format!("{target}: {cases} cases"));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(cases as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_prefix(target.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
