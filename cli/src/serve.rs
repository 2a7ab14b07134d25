//! `gatespec serve`.

use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gateway::{AccessLog, Build, Control, Error, Notice, Options, Subscription, TimeSource};
use serde_json::{Map, Value, json};
use spec::Timestamp;
use spec::api::AuthorizationType;
use spec::throttle::Limit;
use spec::usage_plan::{self, ApiKey};
use stack::Assembly;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;

use crate::{Caused, Failure, StackArgs, eprint, print, runtime};

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
    /// Where the lines of the access log go when the stage has `AccessLogSettings`: to the end of a file, `-` for standard output. They
    /// go to standard error without this.
    #[arg(long, value_name = "FILE|-")]
    access_log: Option<PathBuf>,
    /// Requests a second that the account may make, half as many at once, or `off` [default: 10000, as on AWS].
    #[arg(long, value_name = "RATE|off", value_parser = account_rate)]
    account_rate: Option<Limit>,
    /// New connections a second that the account may open, as many at once, or `off` [default: 500, as on AWS].
    #[arg(long, value_name = "RATE|off", value_parser = connection_rate)]
    connection_rate: Option<Limit>,
    /// Who may sign: a file in the form of AWS's shared credentials file. A profile may have `arn`, `user_id`, and `policy`, a JSON file
    /// beside it. The functions' own credentials hold too.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Refuse calls to the @connections API that are not signed, as AWS does.
    #[arg(long)]
    require_signatures: bool,
    /// What to print when ready: lines for people, or one line of JSON for programs (the gateway then also ends when its standard
    /// input is closed).
    #[arg(long, value_enum, default_value_t = Ready::Text, value_name = "FORM")]
    ready: Ready,
    /// For tests: a clock that stands still at this moment, in milliseconds since 1970, instead of the system's. A line `advance SECONDS`
    /// on standard input (decimals are milliseconds) moves it; once all that is due by then has happened and is on its way, a line
    /// `now MILLIS` on standard output answers. Functions' time-outs follow it, but their processes see the system's time, and sign with it: so
    /// not together with signatures.
    #[arg(long, value_name = "MILLIS", conflicts_with_all = ["credentials", "require_signatures"])]
    clock: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ready {
    Text,
    Json,
}

/// How long the address holds that is shown for a `$connect` with `AWS_IAM`.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves until a signal comes, then closes every connection and leaves nothing behind.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut options = options(&args.stack);
    options.host = args.host;
    options.port = args.port;
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
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(LevelFilter::WARN)
        .without_time()
        .with_target(false)
        .init();
    runtime()?.block_on(async {
        // Before anything is started: a signal that comes early must end it in an orderly way too.
        let mut ends = Ends::new()?;
        let running = tokio::select! {
            started = gateway::start(options) => started.map_err(|error| failure(&error))?,
            () = ends.signal() => return Ok(()),
        };
        if args.verbose {
            tokio::spawn(show(running.subscribe()));
        }
        announce(&running, args)?;
        let logs = running.assembly().api().stage.access_log_settings.is_some();
        if args.access_log.is_some() && !logs {
            eprint(&"warning: the stage has no `AccessLogSettings`: there is no access log");
        }
        let stdin = async {
            obey(&running).await;
            if args.ready == Ready::Text {
                // A person's gateway does not end with its input: there may be none.
                std::future::pending::<()>().await;
            }
        };
        let mut fault = None;
        tokio::select! {
            () = ends.signal() => {}
            found = running.fault() => fault = Some(found),
            () = stdin, if args.ready == Ready::Json || args.clock.is_some() => {}
        }
        running.shutdown().await;
        match fault {
            Some(fault) => Err(Failure::could_not_run(fault.to_string())),
            None => Ok(()),
        }
    })
}

fn account_rate(text: &str) -> Result<Limit, String> {
    // So are AWS's own: 10,000 a second, 5,000 at once (LIMITS-30).
    limit(text, |rate| rate / 2.0)
}

fn connection_rate(text: &str) -> Result<Limit, String> {
    limit(text, |rate| rate)
}

/// A rate, or none. Where something may pass at all, one may pass at once.
fn limit(text: &str, burst: impl Fn(f64) -> f64) -> Result<Limit, String> {
    if text == "off" {
        return Ok(Limit::NONE);
    }
    let rate = text.parse().ok().filter(|rate| (0.0..=1e9).contains(rate));
    let rate: f64 = rate.ok_or("it must be a number from 0 to 1e9, or `off`")?;
    let least = if rate > 0.0 { 1.0 } else { 0.0 };
    Ok(Limit {
        rate,
        burst: burst(rate).ceil().max(least) as u32,
    })
}

/// The stack of a template, read for `check`.
pub(crate) fn read_stack(args: &StackArgs) -> Result<Assembly, Failure> {
    let stack = Assembly::read(&args.template, &options(args).settings)
        .map_err(|diagnostics| Failure::Page(diagnostics.to_string()))?;
    for warning in stack.warnings() {
        eprint(&format!("warning: {warning}"));
    }
    Ok(stack)
}

/// Builds the functions, so that the gateway can be started without.
pub(crate) fn build(stack: &Assembly) -> Result<(), Failure> {
    eprint(&"building the functions");
    runtime()?
        .block_on(gateway::build(stack, &Build::default()))
        .map_err(|error| failure(&error))
}

fn options(args: &StackArgs) -> Options {
    let mut options = Options::new(&args.template);
    options
        .settings
        .parameters
        .extend(args.parameters.iter().cloned());
    options.build.skip = args.no_build;
    #[cfg(feature = "mutations")]
    {
        options.mutation = args.mutation;
    }
    options
}

/// What the user must change, and what only the environment can.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Template(_) | Error::Code(_) => Failure::Page(error.to_string()),
        Error::Build { .. } | Error::Credentials { .. } => Failure::usage(error.to_string()),
        _ => Failure::could_not_run(error.to_string()),
    }
}

/// Says where it is.
fn announce(running: &Control, args: &ServeArgs) -> Result<(), Failure> {
    let assembly = running.assembly();
    match args.ready {
        Ready::Text => {
            let url = running.ws_url();
            match running.signed_ws_url(SIGNED_FOR) {
                None => print(&format!(
                    "\n{url}\nwscat {}{}-c {url}\n",
                    header_options(&assembly),
                    key_option(&assembly)
                )),
                // Quoted, for its ampersands; it holds for a day.
                Some(signed) => print(&format!(
                    "\n{url}\nwscat {}-c '{signed}'\n",
                    key_option(&assembly)
                )),
            }
            for key in required_keys(&assembly) {
                print(&format!("API key `{}`: {}", key.name, key.value));
            }
            print(&format!(
                "@connections: {}\nDynamoDB: {}",
                running.management_url(),
                running.dynamodb_url()
            ));
        }
        Ready::Json => {
            let tables: Vec<&str> = assembly.tables().iter().map(|table| &*table.name).collect();
            let api_keys: Map<String, Value> = required_keys(&assembly)
                .map(|key| (key.name.clone(), key.value.as_str().into()))
                .collect();
            let line = json!({
                "ws": running.ws_url(),
                "management": running.management_url(),
                "dynamodb": running.dynamodb_url(),
                "tables": tables,
                "api_keys": api_keys,
            });
            print(&line.to_string());
        }
    }
    std::io::stdout()
        .flush()
        .map_err(|error| Failure::could_not_run(Caused::new("standard output", error)))
}

/// The API keys that open `$connect`, where it requires one.
fn required_keys(stack: &Assembly) -> impl Iterator<Item = &ApiKey> {
    let connect = stack.api().routes.get("$connect");
    let required = connect.is_some_and(|route| route.api_key_required);
    stack.usable_api_keys().filter(move |_| required)
}

/// `--header x-api-key:VALUE ` with the first key that opens `$connect`, where it is to be sent as a header.
fn key_option(stack: &Assembly) -> String {
    let in_header = stack.api().api_key_selection_expression == usage_plan::HEADER;
    let key = required_keys(stack).next().filter(|_| in_header);
    key.map_or_else(String::new, |key| {
        format!("--header x-api-key:{} ", key.value)
    })
}

/// `--header NAME:VALUE ` for each header that the authorizer wants to see. The value is the one in the stack's outputs, where they hold a
/// wscat line; nobody else knows it.
fn header_options(stack: &Assembly) -> String {
    let wscat = stack
        .outputs()
        .values()
        .find(|value| value.starts_with("wscat "));
    let known = |name: &str| {
        let words = wscat?.split_whitespace();
        words
            .filter_map(|word| word.split_once(':'))
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let connect = stack.api().routes.get("$connect");
    connect
        .filter(|route| route.authorization_type == AuthorizationType::Custom)
        .and_then(|route| stack.api().authorizers.get(route.authorizer_id.as_ref()?))
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
            signal(kind).map_err(|error| Failure::could_not_run(Caused::new("signals", error)))
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

/// Prints every decision with its reasons, until the gateway is gone.
async fn show(mut decisions: Subscription) {
    while let Some(notice) = decisions.next().await {
        match notice {
            Notice::Decision(decision) => eprint(&decision),
            Notice::Missed(count) => eprint(&format!("{count} decisions are not shown")),
        }
    }
}

/// Does what the lines of standard input say, and returns when nobody holds its other end any more.
async fn obey(running: &Control) {
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
