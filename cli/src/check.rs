//! `gatespec check`.

mod alone;
mod arguments;
mod aws;
mod endpoint;
mod expectations;
mod files;
mod pattern;
mod progress;
mod results;
mod selection;
mod url;

use std::io::IsTerminal;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use conformance::fixture::Fixture;
use conformance::generate::Chance;
use conformance::report::Comparison;
use conformance::target::{Gateways, Specification};
use conformance::{Case, Report, report, runner::Options};

use crate::given::{Stack, StackArgs};
use crate::interpreters::InterpreterArgs;
use crate::{Caused, Failure, print, runtime, serve};
use aws::AwsArgs;
use endpoint::EndpointArgs;
use expectations::ExpectationArgs;
pub(crate) use files::{reports_help, write_reports};
use progress::progress;
use results::{Detail, FEW};
use selection::SelectionArgs;
use stack::Assembly;

/// Run the cases of the specification against targets, and print the verdicts.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    interpreters: InterpreterArgs,
    /// The targets, comma separated [default: spec,local; endpoint or aws when one is named].
    #[arg(long, value_enum, value_delimiter = ',')]
    target: Vec<Target>,
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/gatespec",
        help = reports_help("the reports")
    )]
    report: PathBuf,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Take the stacks that cases run on (their `fixture`) from this folder's *.yaml files instead
    /// of the kit's own.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    #[command(flatten)]
    running: RunningArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    expectations: ExpectationArgs,
    /// Write what the target answered into a file, with the date: ids and times are numbered by
    /// first appearance.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// List the cases, with what they cite, instead of running them.
    #[arg(long, conflicts_with_all = ["explain", "expect", "bless", "record", "transcripts"])]
    list: bool,
    /// Say of each case why it exists, what it cites and where that was read, instead of running
    /// it.
    #[arg(long, conflicts_with_all = ["expect", "bless", "record", "transcripts"])]
    explain: bool,
    /// How reports say that a case is run alone, with `--case ID` behind it: for scripts that start
    /// the target, such as those of conformance/targets [default: these arguments].
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    started_by: Option<String>,
    /// Show all cases with their verdicts on a terminal, too, and of those that did not pass what
    /// was sent and received. Reports, files and pipes always get that.
    #[arg(long, short)]
    verbose: bool,
    /// Show what was sent and received in every case, not only in those that did not pass.
    #[arg(long)]
    transcripts: bool,
}

const AFTER_HELP: &str = "Targets: `spec` is the specification itself, in process, where time is virtual and the kit plays the functions. `local` is
`gatespec serve` as a process, with the stack's real functions, reached through its sockets. `endpoint` is whatever is
behind `--ws`: an emulator, or a deployed stack. `aws` is the deployed stack that `--stack` names.

The kit's own cases are about the stack of gatespec's template.yaml, and stacks of their own; `--cases` runs yours on yours.

Exit codes: 0 all as expected; 1 unexpected verdicts, or nothing was judged because all is unsupported; 2 something in the
arguments, the cases or the stack's template must be changed; 3 could not run.";

/// How the cases are run.
#[derive(Args)]
struct RunningArgs {
    /// Run every case this many times, with other generated values each time, until it does not
    /// pass.
    #[arg(long, value_name = "TIMES", default_value_t = NonZeroU32::MIN)]
    repeat: NonZeroU32,
    /// Run cases with generated values this many times.
    #[arg(long, value_name = "TIMES", default_value_t = usual_values())]
    values: NonZeroU32,
    /// What generated values follow from.
    #[arg(long, default_value_t = Chance::default().seed)]
    seed: u64,
    /// Run this many cases side by side [default: 4; 1 on the target `endpoint`].
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

/// What the targets need besides the cases.
struct Prepared {
    fixtures: Vec<Fixture>,
    /// Where the stack of the kit's own targets is.
    found: Option<Stack>,
    /// It.
    stack: Option<Assembly>,
    endpoint: Option<conformance::Target>,
}

/// Runs the cases, prints the table, writes the reports: one step after another.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let targets = args.targets();
    arguments::check(args, &targets)?;
    let selected = args.selection.read()?;
    let cases = &*selected.cases;
    if args.list || args.explain {
        print_cases(args, cases);
        return Ok(());
    }
    if args.expectations.bless.is_some() && selected.is_part() {
        return Err(Failure::usage(
            "`--bless` writes what is known of a target on all cases: leave the selection out",
        ));
    }
    let fixtures = args.fixtures(cases)?;
    endpoint::check_names(&args.endpoint, &selected.all)?;
    let endpoint = targets
        .contains(&Target::Endpoint)
        .then(|| endpoint::target(&args.endpoint, args.running.options(Target::Endpoint)))
        .transpose()?;
    let known = args.expectations.read(&targets, args.selection.author())?;
    let found = (!targets.iter().all(|target| target.is_deployed()))
        .then(|| args.stack.find(None))
        .transpose()?;
    let read = |found| serve::read_stack(&args.stack, found);
    let stack = found.as_ref().map(read).transpose()?;
    if let Some(stack) = &stack {
        pattern::check(stack, cases, args.selection.author())?;
    }
    // A run may take minutes, and on AWS money: what could not be kept is said before.
    files::try_reports(&args.report)?;
    for file in args.record.iter().chain(&args.expectations.bless) {
        files::try_file(file)?;
    }
    if let Some(stack) = &stack
        && targets.contains(&Target::Local)
        && !args.stack.no_build
    {
        serve::build(stack, &args.interpreters)?;
    }
    let prepared = Prepared {
        fixtures,
        found,
        stack,
        endpoint,
    };
    let mut reports = runtime()?.block_on(async {
        tokio::select! {
            reports = reports(args, &targets, cases, &prepared) => reports,
            _ = tokio::signal::ctrl_c() => Err(Failure::could_not_run("interrupted: no report is written")),
        }
    })?;
    for ((report, target), known) in reports.iter_mut().zip(&targets).zip(&known) {
        report.explain(known);
        alone::tell(args, *target, cases, report);
    }
    let comparison = Comparison::of(&reports, cases);
    results::show(&comparison, args.detail(cases.len()));
    write_reports(&args.report, &comparison)?;
    if let (Some(path), [report]) = (&args.record, &*reports) {
        files::record(path, report)?;
    }
    let runs = targets.into_iter().zip(reports).zip(known);
    let runs: Vec<_> = runs
        .map(|((target, report), known)| expectations::Run {
            target,
            report,
            known: known.without(|id| selected.is_left_out(id)),
        })
        .collect();
    args.expectations.judge(&runs)
}

/// The report of each target.
async fn reports(
    args: &CheckArgs,
    targets: &[Target],
    cases: &[Case],
    prepared: &Prepared,
) -> Result<Vec<Report>, Failure> {
    let fixtures = &prepared.fixtures;
    let mut reports = Vec::new();
    for target in targets {
        let options = args.running.options(*target);
        reports.push(match (target, &prepared.stack, &prepared.endpoint) {
            (Target::Spec, Some(stack), _) => {
                let specification = Specification {
                    stack,
                    fixtures,
                    options,
                };
                let progress = progress("spec", cases.len());
                let report = specification.check(cases, || progress.inc(1)).await?;
                progress.finish_and_clear();
                report
            }
            (Target::Endpoint, _, Some(endpoint)) => endpoint::run(endpoint, cases).await,
            (Target::Aws, ..) => aws::run(cases, &args.aws, &args.endpoint, options).await?,
            _ => {
                let found = prepared.found.as_ref();
                let template = found.map_or(&*args.stack.path, |found| &found.input.template);
                let of_stack = args.stack.to_arguments(found);
                local(args, (template, &of_stack), cases, fixtures, options).await?
            }
        });
    }
    Ok(reports)
}

/// The local gateway: this program as `gatespec serve`.
async fn local(
    args: &CheckArgs,
    (template, of_stack): (&Path, &[String]),
    cases: &[Case],
    fixtures: &[Fixture],
    options: Options,
) -> Result<Report, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::could_not_run(Caused::new("this program's own path", error)))?;
    let mut arguments = mutation(&args.stack);
    for (option, value) in args.interpreters.to_arguments() {
        arguments.extend([option.to_owned(), value]);
    }
    let gateways = Gateways {
        program: &program,
        template,
        of_stack,
        fixtures,
        arguments: &arguments,
        folder: &args.report,
        options,
    };
    let progress = progress("local", cases.len());
    let report = gateways.check(cases, || progress.inc(1)).await?;
    progress.finish_and_clear();
    Ok(report)
}

/// The arguments that make a gateway wrong on purpose.
#[cfg(feature = "mutations")]
fn mutation(stack: &StackArgs) -> Vec<String> {
    let of = |mutation: gateway::Mutation| ["--mutation".to_owned(), mutation.to_string()];
    stack.mutation.map(of).into_iter().flatten().collect()
}

/// Nothing: gateways are as they should be.
#[cfg(not(feature = "mutations"))]
fn mutation(_: &StackArgs) -> Vec<String> {
    Vec::new()
}

/// The cases, with what they cite or with everything about them.
fn print_cases(args: &CheckArgs, cases: &[Case]) {
    for case in cases {
        print(&if args.explain {
            report::explanation(case)
        } else {
            format!("{}  {}", case.id, case.requirements.join(" "))
        });
    }
}

impl RunningArgs {
    fn options(&self, target: Target) -> Options {
        // An emulator that can do one thing at a time is held to its behaviour, not to its speed.
        let usual = if target == Target::Endpoint { 1 } else { 4 };
        Options {
            chance: Chance {
                seed: self.seed,
                runs: self.values.get(),
            },
            repeat: self.repeat.get(),
            jobs: self.jobs.map_or(usual, NonZeroUsize::get),
        }
    }
}

impl CheckArgs {
    /// Where the cases run: as asked, or on the endpoint or the stack that is named, or on the
    /// kit's own targets.
    fn targets(&self) -> Vec<Target> {
        match &*self.target {
            [] if self.aws.deployed.is_some() => vec![Target::Aws],
            [] if endpoint::is_named(&self.endpoint) => vec![Target::Endpoint],
            [] => vec![Target::Spec, Target::Local],
            targets => targets.to_vec(),
        }
    }

    /// How much is shown of so many cases.
    fn detail(&self, cases: usize) -> Detail {
        match std::io::stdout().is_terminal() && cases > FEW {
            _ if self.transcripts => Detail::Transcripts,
            true if !self.verbose => Detail::Findings,
            _ => Detail::All,
        }
    }

    /// The stacks that cases run on, all of those that are needed among them.
    fn fixtures(&self, cases: &[Case]) -> Result<Vec<Fixture>, Failure> {
        let fixtures = match &self.fixtures {
            Some(folder) => Fixture::of_folder(folder).map_err(Failure::usage)?,
            None => Fixture::built_in(),
        };
        for case in cases {
            if let Some(name) = &case.fixture
                && !fixtures.iter().any(|fixture| fixture.name == *name)
            {
                return Err(Failure::usage(format!(
                    "the case `{}` runs on the fixture `{name}`, which does not exist",
                    case.id
                )));
            }
        }
        Ok(fixtures)
    }
}

impl Target {
    /// As `--target` names it, and as it is called in reports unless it is given a name.
    fn name(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Local => "local",
            Self::Endpoint => "endpoint",
            Self::Aws => "aws",
        }
    }

    /// Whether it is somewhere else, and this program neither reads its stack nor builds its
    /// functions.
    fn is_deployed(self) -> bool {
        matches!(self, Self::Endpoint | Self::Aws)
    }
}

fn usual_values() -> NonZeroU32 {
    NonZeroU32::new(Chance::default().runs).unwrap_or(NonZeroU32::MIN)
}
