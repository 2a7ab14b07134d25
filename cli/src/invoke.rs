//! `gatespec invoke`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use gateway::{Control, InvocationLines, InvokeError, Log};
use serde_json::Value;
use serde_json::value::RawValue;
use spec::io::FunctionOutcome;
use stack::Assembly;
use tracing::level_filters::LevelFilter;
use velocity::suggest::nearest;

use crate::given::{AppArgs, StackArgs};
use crate::serve::{self, FunctionArgs};
use crate::{Caused, Failure, print, runtime};

/// Run one function of the stack once, with an event.
///
/// The function runs as under `gatespec serve`: the same program, variables and tables, which are
/// empty unless --data has their rows. Its log goes to standard error, its result to standard output.
/// No client is connected: what it posts to a connection is answered with 410.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct InvokeArgs {
    /// The function: its logical id (with the path of a nested stack, or without), its name or ARN.
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    app: AppArgs,
    /// The event: JSON, the path of a file, or `-` for standard input.
    #[arg(long, short, value_name = "FILE|-|JSON")]
    event: Option<String>,
    #[command(flatten)]
    functions: FunctionArgs,
    /// The file in which the DynamoDB engine keeps tables and rows, as `serve` has it; otherwise the
    /// tables are in memory, and empty.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

const AFTER_HELP: &str =
    "Exit codes: 0 the function returned; 1 it failed or timed out (standard output has the error's
JSON); 2 the arguments or the template must be changed; 3 it could not be run.

Examples:
  gatespec events message --message @message.json | gatespec invoke MyFunction --event -
  gatespec invoke MyFunction --event tests/connect.json
  gatespec invoke Worker --event '{\"job\": 1}' --env-vars env.json my/template.yaml";

/// How long the end of the process may wait for a log that nobody reads, and for tasks.
const LAST: Duration = Duration::from_secs(2);

/// Runs the function, and prints what it returned.
pub(crate) fn run(args: &InvokeArgs) -> Result<(), Failure> {
    let found = args.stack.find(Some(&args.app))?;
    let stack = serve::assembly(&args.stack, &found)?;
    if !stack
        .functions()
        .iter()
        .any(|one| is_meant(&args.function, one))
    {
        return Err(Failure::usage(unknown(&args.function, &stack)));
    }
    let event = event(args)?;
    let log = Log::stderr()
        .map_err(|error| Failure::could_not_run(Caused::new("cannot start the log", error)))?;
    serve::trace_to(&log, LevelFilter::WARN);
    let mut options = serve::options(&args.stack, &found);
    args.functions.settle(&mut options);
    options.port = 0;
    options.data.clone_from(&args.data);
    options.invocation_lines = InvocationLines::All;
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let work = async {
            let running = gateway::start(options).await.map_err(serve::failure)?;
            let ended = invoke(&running, &args.function, event).await;
            running.shutdown().await;
            ended
        };
        tokio::select! {
            ended = work => ended,
            _ = tokio::signal::ctrl_c() => Err(Failure::could_not_run("interrupted")),
        }
    });
    runtime.shutdown_timeout(LAST);
    log.flush(LAST);
    match ended? {
        FunctionOutcome::Returned(text) => {
            print(&text);
            Ok(())
        }
        FunctionOutcome::Failed(error) | FunctionOutcome::NotInvocable(error) => {
            print(&error);
            Err(Failure::Unexpected(in_words(&error)))
        }
    }
}

async fn invoke(
    running: &Control,
    function: &str,
    event: String,
) -> Result<FunctionOutcome, Failure> {
    match running.invoke(function, event).await {
        Ok(invoked) => Ok(invoked.outcome),
        Err(InvokeError::Unknown(name)) => Err(Failure::usage(unknown(&name, &running.assembly()))),
        Err(error @ InvokeError::NotRun { .. }) => Err(Failure::usage(error)),
        Err(error) => Err(Failure::could_not_run(error)),
    }
}

/// The event, which must be JSON.
fn event(args: &InvokeArgs) -> Result<String, Failure> {
    let function = &args.function;
    let Some(given) = &args.event else {
        return Err(Failure::usage(format!(
            "`--event` is missing: a file, `-`, or JSON. `gatespec events ROUTE | gatespec invoke \
             {function} --event -` gives what the function gets for a route"
        )));
    };
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).map(drop);
    let (what, text) = match &**given {
        "-" => ("standard input", std::io::read_to_string(std::io::stdin())),
        text if is_json(text).is_ok() => return Ok(text.to_owned()),
        path if looks_like_json(path) => ("`--event`", Ok(path.to_owned())),
        path => {
            let path = path.strip_prefix('@').unwrap_or(path);
            (path, std::fs::read_to_string(Path::new(path)))
        }
    };
    let text = text.map_err(|error| Failure::unreadable(what, error))?;
    is_json(&text).map_err(|error| {
        Failure::usage(Caused::new(
            format!("the event in {what} is not JSON"),
            error,
        ))
    })?;
    Ok(text)
}

/// Whether a text that is neither JSON nor a path was meant as JSON.
fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"'])
}

/// Whether a function is named, with or without a qualifier: the gateway knows which there are.
fn is_meant(named: &str, function: &stack::Function) -> bool {
    let ids = [&*function.logical_id, function.id_in_its_stack()];
    let by_id = ids.into_iter().any(|id| {
        let rest = named.strip_prefix(id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    by_id || function.is_named(named)
}

fn unknown(named: &str, stack: &Assembly) -> String {
    let functions = stack.functions();
    let ids: Vec<&str> = functions.iter().map(|one| &*one.logical_id).collect();
    if ids.is_empty() {
        return format!("there is no function `{named}`: the template has none");
    }
    let in_their_stacks = functions.iter().map(stack::Function::id_in_its_stack);
    let meant = match nearest(named, ids.iter().copied().chain(in_their_stacks)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    let ids = ids.join(", ");
    format!("there is no function `{named}`{meant} (there are {ids})")
}

/// The error in words: what it is, and its message.
fn in_words(error: &str) -> String {
    let value: Value = serde_json::from_str(error).unwrap_or_default();
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    match (member("errorType"), member("errorMessage")) {
        (Some(kind), Some(message)) => format!("error: the function failed: {kind}: {message}"),
        (None, Some(message)) => format!("error: the function failed: {message}"),
        _ => format!("error: the function failed: {error}"),
    }
}
