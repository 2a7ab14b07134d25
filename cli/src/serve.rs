//! `gatespec serve`.

mod again;
mod announce;
mod client;
mod dry_run;
mod ends;
mod functions;
mod input;
mod inspect;
mod port;
mod record;
mod values;
mod watch;

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use again::Again;
use clap::{Args, ValueEnum};
use ends::Ends;
use gateway::{
    AccessLog, Build, Error, InvocationLines, Log, Notice, Options, Subscription, TimeSource,
};
use spec::Timestamp;
use spec::throttle::Limit;
use stack::{Assembly, Dialect};
use tokio::time::timeout;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use watch::Watch;

pub(crate) use functions::FunctionArgs;

use crate::given::{AppArgs, Stack, StackArgs, remark};
use crate::interpreters::InterpreterArgs;
use crate::{Caused, Failure, eprint, print, runtime};

/// Serve a stack's WebSocket API, its functions and its tables on this machine, until Ctrl-C.
///
/// Functions in Rust are built with cargo as the template's metadata says, those of nodejs*.x and
/// python3.* run on this machine's Node and Python, others by --runtime; all run as processes behind
/// a Lambda Runtime API. A DynamoDB engine holds the tables, in memory or in the file of --data,
/// unless AWS_ENDPOINT_URL_DYNAMODB names another.
///
/// Clients connect to ws://127.0.0.1:3001/STAGE, by wss:// with the certificate of `gatespec ca`.
/// Code that runs on AWS reaches @connections, DynamoDB and Lambda here as it is. Calls of other
/// services are answered with 501 unless --endpoint says where they are; what routes send to SQS, SNS
/// and their like is kept for GET /@outbox. A function that cannot run on this machine is a warning,
/// and what calls it gets `Internal server error`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 ended by a signal; 2 something in the arguments, the template or the \
                  code must be changed; 3 could not run, such as a port in use.\n\n\
                  Examples:\n  gatespec serve --port 0 --verbose\n  \
                  gatespec serve --watch\n  \
                  gatespec serve --stack Prod/Chat cdk.out"
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    app: AppArgs,
    /// The address to listen on. Another than loopback lets other machines in.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Let in requests whose `Host` header names this; may be repeated. Loopback names, the API's
    /// own name and the address of --host are always let in. Others are refused, because a web page
    /// can make any name point here. Containers reach this machine as host.docker.internal.
    #[arg(long, value_name = "NAME", value_parser = values::host_name)]
    allow_host: Vec<String>,
    /// The port; 0 lets the system choose.
    #[arg(long, default_value_t = 3001)]
    port: u16,
    #[command(flatten)]
    functions: FunctionArgs,
    /// Where a VPC link leads, by its logical id or its id, such as `MyLink=http://127.0.0.1:8080`;
    /// may be repeated. The address takes the place of scheme and host of an integration's.
    #[arg(long, value_name = "NAME=URL", value_parser = values::vpc_link)]
    vpc_link: Vec<(String, String)>,
    /// The most processes of one function. There are as many as keep the processors busy, and more
    /// for a function that sleeps or waits for others.
    #[arg(long, value_name = "N", default_value_t = gateway::MAX_PROCESSES, value_parser = processes)]
    max_processes: usize,
    /// The file in which the DynamoDB engine keeps tables and rows over a restart, made if it is
    /// missing; otherwise they are in memory, and end with the gateway.
    #[arg(long, value_name = "FILE", conflicts_with = "clock")]
    data: Option<PathBuf>,
    /// The port of the DynamoDB engine; 0 lets the system choose.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    dynamodb_port: u16,
    /// Serve what is saved: the template and all that it is read with, functions' code and layers,
    /// what `sam build` and its like make, the sources of functions that cargo builds. Connections
    /// stay; what is wrong is shown, and what was served before is served on.
    #[arg(long)]
    watch: bool,
    /// Log every decision about a connection or a message, with its reason, and the START and END of
    /// each invocation besides its REPORT.
    #[arg(long, short)]
    verbose: bool,
    /// Where the access log goes if the stage has `AccessLogSettings`: appended to a file, or `-`
    /// for standard output [default: standard error].
    #[arg(long, value_name = "FILE|-")]
    access_log: Option<PathBuf>,
    /// Requests a second that the account may make, half as many at once, or `off` [default: 10000,
    /// as on AWS].
    #[arg(long, value_name = "RATE|off", value_parser = values::account_rate)]
    account_rate: Option<Limit>,
    /// New connections a second that the account may open, as many at once, or `off` [default: 500,
    /// as on AWS].
    #[arg(long, value_name = "RATE|off", value_parser = values::connection_rate)]
    connection_rate: Option<Limit>,
    /// Who may sign: a file like AWS's shared credentials file. A profile may have `arn`,
    /// `user_id`, and `policy`, a JSON file beside it. The functions' own credentials are accepted
    /// too.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Refuse calls to the @connections API and to Lambda's that are not signed, as AWS does.
    #[arg(long)]
    require_signatures: bool,
    #[command(flatten)]
    inspect: inspect::InspectArgs,
    #[command(flatten)]
    record: record::RecordArgs,
    /// What to print once it serves: lines for people, or one line of JSON for programs (the
    /// gateway then also ends when its standard input is closed).
    #[arg(long, value_enum, default_value_t = Ready::Text, value_name = "FORM")]
    ready: Ready,
    /// Print what would be served, and start nothing: routes with their integrations and
    /// authorizers, functions with their code, tables, addresses, warnings.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    dry_run: Option<dry_run::Format>,
    /// For tests: a clock frozen at this moment, in milliseconds since 1970, instead of the
    /// system's. A line `advance SECONDS` on standard input (decimals are milliseconds) moves it;
    /// once everything due by then has happened and is on its way, a line `now MILLIS` on standard
    /// output answers. Functions' timeouts follow this clock, but their processes see the system's
    /// time and sign with it, so it cannot be combined with signatures.
    #[arg(long, value_name = "MILLIS", conflicts_with_all = ["credentials", "require_signatures"])]
    clock: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ready {
    Text,
    Json,
}

/// How long the end of the process may wait for a log that nobody reads, and for tasks.
const LAST: Duration = Duration::from_secs(2);

/// Serves until a signal comes, then closes every connection and leaves nothing behind.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let found = args.stack.find(Some(&args.app))?;
    if let Some(format) = args.dry_run {
        return plan(args, &found, format);
    }
    let log = Log::stderr().map_err(|error| could_not_run("cannot start the log", error))?;
    log.line(&format!("serving {}", found.input));
    for remark in &found.input.remarks {
        log.line(&format!("warning: {remark}"));
    }
    let outbox = match args.verbose {
        true => LevelFilter::INFO,
        false => LevelFilter::WARN,
    };
    trace_to(&log, outbox);
    let runtime = runtime()?;
    let served = runtime.block_on(serve(args, &found, &log));
    runtime.shutdown_timeout(LAST);
    log.flush(LAST);
    served
}

/// Prints what would be served.
fn plan(args: &ServeArgs, found: &Stack, format: dry_run::Format) -> Result<(), Failure> {
    remark(&found.input);
    let options = serve_options(args, found);
    let stack = Assembly::read(&options.template, &options.settings)
        .map_err(|diagnostics| Failure::Page(diagnostics.to_string()))?;
    print(&dry_run::print(args, &found.input, &stack, format));
    Ok(())
}

/// Sends warnings and panics to the log, and what comes into the outbox.
pub(crate) fn trace_to(log: &Log, outbox: LevelFilter) {
    let events = log.clone();
    // The engine's server warns of every 4xx without saying more; the gateway says what was refused.
    let levels = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("gateway::outbox", outbox)
        .with_target("dynoxide::server", LevelFilter::ERROR)
        // A folder that is gone from the disk is not watched any more: nobody can change that.
        .with_target("notify", LevelFilter::ERROR);
    tracing_subscriber::fmt()
        .with_writer(move || events.writer())
        .with_ansi(log.is_coloured())
        .without_time()
        .with_target(false)
        .finish()
        .with(levels)
        .init();
    let panics = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        // Nothing more can be done about a log that does not take it.
        let _ = writeln!(panics.writer(), "{panic}");
    }));
}

async fn serve(args: &ServeArgs, found: &Stack, log: &Log) -> Result<(), Failure> {
    // Before anything is started: an early signal must end it in an orderly way too.
    let mut ends = Ends::new()?;
    let options = serve_options(args, found);
    let again = Again::new(args);
    let recording = args.record.open(log)?;
    let watch = args.watch.then(|| Watch::begin(args, &again, found, log));
    let running = tokio::select! {
        started = gateway::start(options.clone()) => {
            started.map_err(|error| port::explained(error, &options))?
        }
        () = ends.signal() => return Ok(()),
    };
    let shown = args
        .verbose
        .then(|| tokio::spawn(show(running.subscribe(), log.clone())));
    let recording = recording.map(|folder| folder.record(&running, &found.input.template, log));
    let inspected = args.inspect.open(&running, &found.input.template)?;
    let page = inspected.as_ref().map(|page| &*page.url);
    announce::announce(&running, &options, args.ready, page)?;
    let logs = running.assembly().api().stage.access_log_settings.is_some();
    if args.access_log.is_some() && !logs {
        log.line(&"warning: the stage has no `AccessLogSettings`: there is no access log");
    }
    let input = input::obey(args, &again, &running, log);
    let watched = async {
        match watch {
            Some(watch) => watch.serve(&running).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        () = ends.signal() => Ok(()),
        () = watched => Ok(()),
        fault = running.fault() => Err(Failure::could_not_run(fault)),
        ended = input => ended,
    };
    tokio::select! {
        () = running.shutdown() => {}
        () = ends.again() => log.line(&"ended at once, since it was asked twice"),
    }
    drop(inspected);
    drop(running);
    if let Some(recording) = recording {
        recording.finish(LAST).await;
    }
    if let Some(shown) = shown {
        // Its decisions end with the gateway; were they not to, the process ends all the same.
        let _ = timeout(LAST, shown).await;
    }
    ended
}

/// Logs what is decided until the gateway is gone, but for failures: the log has their warnings.
async fn show(mut decisions: Subscription, log: Log) {
    while let Some(notice) = decisions.next().await {
        match notice {
            Notice::Decision(decision) if decision.reason.is_failure() => {}
            Notice::Decision(decision) => log.line(&decision),
            Notice::Missed(count) => log.line(&format!("{count} decisions are not shown")),
        }
    }
}

fn serve_options(args: &ServeArgs, found: &Stack) -> Options {
    let mut options = options(&args.stack, found);
    args.functions.settle(&mut options);
    let links = args.vpc_link.iter().cloned();
    options.settings.vpc_links.extend(links);
    options.host = args.host;
    options.port = args.port;
    if args.verbose {
        options.invocation_lines = InvocationLines::All;
    }
    options.max_processes = args.max_processes;
    options.data.clone_from(&args.data);
    options.dynamodb_port = args.dynamodb_port;
    options.allowed_hosts.clone_from(&args.allow_host);
    options.access_log = match &args.access_log {
        None => AccessLog::Stderr,
        Some(path) if path.as_os_str() == "-" => AccessLog::Stdout,
        Some(path) => AccessLog::File(path.clone()),
    };
    options.account_limit = args.account_rate.unwrap_or(options.account_limit);
    options.connection_limit = args.connection_rate.unwrap_or(options.connection_limit);
    options.credentials.clone_from(&args.credentials);
    options.require_signatures = args.require_signatures;
    if let Some(millis) = args.clock {
        options.clock = TimeSource::Standing(Timestamp::from_millis(millis));
    }
    options
}

fn processes(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it must be a number of processes, at least 1".to_owned())
}

/// The stack of a template, read for `check`.
pub(crate) fn read_stack(args: &StackArgs, found: &Stack) -> Result<Assembly, Failure> {
    let input = &found.input;
    remark(input);
    if !matches!(input.dialect, Dialect::Plain | Dialect::Sam) {
        eprint(&format!("checking {input}"));
    }
    let stack = assembly(args, found)?;
    for warning in stack.warnings() {
        eprint(&format!("warning: {warning}"));
    }
    Ok(stack)
}

/// What a template declares; its warnings are not told.
pub(crate) fn assembly(args: &StackArgs, found: &Stack) -> Result<Assembly, Failure> {
    Assembly::read(&found.input.template, &options(args, found).settings)
        .map_err(|diagnostics| Failure::Page(diagnostics.to_string()))
}

/// Builds the functions, so that the gateway can be started without.
pub(crate) fn build(stack: &Assembly, interpreters: &InterpreterArgs) -> Result<(), Failure> {
    eprint(&"building the functions");
    let interpreters = interpreters.interpreters();
    runtime()?
        .block_on(gateway::build(stack, &Build::default(), interpreters))
        .map_err(failure)
}

pub(crate) fn options(args: &StackArgs, found: &Stack) -> Options {
    let mut options = Options::new(&found.input.template);
    args.settle(found, &mut options.settings);
    options.build.skip = args.no_build;
    #[cfg(feature = "mutations")]
    {
        options.mutation = args.mutation;
    }
    options
}

/// What the user must change, and what only the environment can.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::Template(_) | Error::Code(_) => Failure::Page(error.to_string()),
        Error::Build { .. } | Error::Credentials { .. } => Failure::usage(error),
        _ => Failure::could_not_run(error),
    }
}

fn could_not_run(what: &'static str, error: std::io::Error) -> Failure {
    Failure::could_not_run(Caused::new(what, error))
}
