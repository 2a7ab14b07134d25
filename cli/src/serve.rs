//! `gatespec serve`.

use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gateway::stack::Stack;
use gateway::{Build, Error, Gateway, Options, Running, TimeSource};
use serde_json::json;
use spec::Timestamp;
use spec::api::AuthorizationType;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Failure, StackArgs, eprint, print, runtime};

/// Serve a stack's WebSocket API, its functions and its tables on this machine, until Ctrl-C.
///
/// The functions are built with cargo as the template's metadata says and run as processes behind a Lambda Runtime API. A DynamoDB
/// engine in memory holds the tables, unless AWS_ENDPOINT_URL_DYNAMODB names another.
#[derive(Args)]
#[command(after_help = "Example:\n  gatespec serve --port 0 --verbose my/template.yaml")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// The address to listen on. Another than loopback lets other machines in.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port; 0 lets the system choose.
    #[arg(long, default_value_t = 3001)]
    port: u16,
    /// Say of every connection and message what was decided and why.
    #[arg(long, short)]
    verbose: bool,
    /// What to print when ready: lines for people, or one line of JSON for programs (the gateway then also ends when its standard
    /// input is closed).
    #[arg(long, value_enum, default_value_t = Ready::Text, value_name = "FORM")]
    ready: Ready,
    /// For tests: a clock that stands still at this moment, in milliseconds since 1970, instead of the system's. A line `advance SECONDS`
    /// on standard input (decimals are milliseconds) moves it; once all that is due by then has happened and is on its way, a line
    /// `now MILLIS` on standard output answers. Functions' time-outs follow it, but their processes see the system's time.
    #[arg(long, value_name = "MILLIS")]
    clock: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ready {
    Text,
    Json,
}

/// Serves until a signal comes, then closes every connection and leaves nothing behind.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut options = options(&args.stack);
    options.host = args.host;
    options.port = args.port;
    if let Some(millis) = args.clock {
        options.clock = TimeSource::Standing(Timestamp::from_millis(millis));
    }
    if args.verbose {
        options.decisions = Some(Arc::new(|decision| eprint(decision)));
    }
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(tracing_subscriber::EnvFilter::new("warn"))
        .without_time()
        .with_target(false)
        .init();
    runtime()?.block_on(async {
        // Before anything is started: a signal that comes early must end it in an orderly way too.
        let mut ends = Ends::new()?;
        let running = tokio::select! {
            started = Gateway::start(options) => started.map_err(|error| failure(&error))?,
            () = ends.signal() => return Ok(()),
        };
        announce(&running, args)?;
        tokio::select! {
            () = ends.signal() => {}
            () = obey(&running), if args.ready == Ready::Json || args.clock.is_some() => {}
        }
        running.shutdown().await;
        Ok(())
    })
}

/// The stack of a template, read for `check`.
pub(crate) fn read_stack(args: &StackArgs) -> Result<Stack, Failure> {
    let stack = Stack::read(&args.template, &options(args).settings)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    for warning in &stack.warnings {
        eprint(&format!("warning: {warning}"));
    }
    Ok(stack)
}

/// Builds the functions, so that the gateway can be started without.
pub(crate) fn build(stack: &Stack) -> Result<(), Failure> {
    eprint(&"building the functions");
    runtime()?
        .block_on(Gateway::build(stack, &Build::default()))
        .map_err(|error| failure(&error))
}

fn options(args: &StackArgs) -> Options {
    let mut options = Options::new(&args.template);
    options
        .settings
        .parameters
        .extend(args.parameters.iter().cloned());
    options.build.skip = args.no_build;
    options
}

/// What the user must change, and what only the environment can.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Template(_) | Error::Build { .. } => Failure::Usage(error.to_string()),
        _ => Failure::CouldNotRun(format!("error: {error}")),
    }
}

/// Says where it is.
fn announce(running: &Running, args: &ServeArgs) -> Result<(), Failure> {
    match args.ready {
        Ready::Text => {
            let url = running.ws_url();
            print(&format!(
                "\n{url}\nwscat {}-c {url}\n",
                header_options(running.stack())
            ));
            print(&format!(
                "@connections: {}\nDynamoDB: {}",
                running.management_url(),
                running.dynamodb_url()
            ));
        }
        Ready::Json => {
            let tables: Vec<&str> = running
                .stack()
                .tables
                .iter()
                .map(|table| &*table.name)
                .collect();
            let line = json!({
                "ws": running.ws_url(),
                "management": running.management_url(),
                "dynamodb": running.dynamodb_url(),
                "tables": tables,
            });
            print(&line.to_string());
        }
    }
    std::io::stdout()
        .flush()
        .map_err(|error| Failure::CouldNotRun(format!("error: standard output: {error}")))
}

/// `--header NAME:VALUE ` for each header that the authorizer wants to see. The value is the one in the stack's outputs, where they hold a
/// wscat line; nobody else knows it.
fn header_options(stack: &Stack) -> String {
    let wscat = stack
        .outputs
        .values()
        .find(|value| value.starts_with("wscat "));
    let known = |name: &str| {
        let words = wscat?.split_whitespace();
        words
            .filter_map(|word| word.split_once(':'))
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let connect = stack.api.routes.get("$connect");
    connect
        .filter(|route| route.authorization_type == AuthorizationType::Custom)
        .and_then(|route| stack.api.authorizers.get(route.authorizer_id.as_ref()?))
        .into_iter()
        .flat_map(|authorizer| &authorizer.identity_source)
        .filter_map(|source| source.strip_prefix("route.request.header."))
        .map(|name| format!("--header {name}:{} ", known(name).unwrap_or("VALUE")))
        .collect()
}

/// What ends the gateway from outside.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::CouldNotRun(format!("error: signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Does what the lines of standard input say, and returns when nobody holds its other end any more.
async fn obey(running: &Running) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match advance(&line) {
            Ok(time) => match running.advance(time).await {
                Some(now) => format!("now {}", now.as_millis()),
                None => {
                    "error: the clock is the system's; `--clock MILLIS` gives one that can be moved"
                        .to_owned()
                }
            },
            Err(error) => format!("error: {error}"),
        };
        print(&answer);
    }
}

/// The time of a line `advance SECONDS`.
fn advance(line: &str) -> Result<Duration, String> {
    let seconds = line
        .trim()
        .strip_prefix("advance ")
        .ok_or_else(|| format!("`{line}` is no command; there is `advance SECONDS`"))?;
    let time = seconds.parse().ok().map(Duration::try_from_secs_f64);
    time.and_then(Result::ok)
        .ok_or_else(|| format!("`{seconds}` is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_the_clock_by_seconds() {
        assert_eq!(advance("advance 600"), Ok(Duration::from_secs(600)));
        assert_eq!(advance("advance 0.029"), Ok(Duration::from_millis(29)));
        assert_eq!(advance("advance 8.001"), Ok(Duration::from_millis(8001)));
        for wrong in [
            "",
            "advance",
            "advance -1",
            "advance x",
            "advance NaN",
            "set 1",
        ] {
            assert!(advance(wrong).unwrap_err().contains('`'), "{wrong}");
        }
    }
}
