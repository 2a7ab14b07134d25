//! `gatespec`: API Gateway WebSocket APIs on your machine.
//!
//! # Features
//!
//! - `live` (off by default): `check --stack`, with AWS's SDK, which takes long to build.
//! - `mutations` (off by default, for tests only): `--mutation NAME` makes the gateway wrong on
//!   purpose.

mod ca;
mod check;
mod completions;
mod events;
mod failure;
mod falsify;
mod given;
mod interpreters;
mod invoke;
mod jsonl;
mod lint;
mod man;
mod render;
mod report;
mod serve;
mod spec;
mod watching;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Parser, Subcommand};
use failure::{Caused, Failure};

/// API Gateway WebSocket APIs on your machine: run a stack, hold it to the specification, render
/// its mapping templates.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

// A variant's own comment would hide the longer help that its arguments carry.
#[derive(Subcommand)]
enum Command {
    /// Run the cases of the specification against targets, and print the verdicts (what `gatespec`
    /// does without a command).
    Check(Box<check::CheckArgs>),
    Serve(Box<serve::ServeArgs>),
    Render(render::RenderArgs),
    Lint(lint::LintArgs),
    Events(Box<events::EventsArgs>),
    Invoke(Box<invoke::InvokeArgs>),
    Falsify(falsify::FalsifyArgs),
    /// Put the reports of several runs side by side.
    Report(report::ReportArgs),
    Spec(spec::SpecArgs),
    Ca(ca::CaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    /// Be the function of the conformance kit's fixtures: what their `bootstrap` runs.
    #[command(hide = true)]
    Probe,
}

const AFTER_HELP: &str = "Exit codes: 0 all as expected; 1 unexpected verdicts, findings, a template that cannot be
rendered, a function that failed or is not called; 2 something in the arguments or the stack's
template must be changed; 3 could not run.

Try:
  gatespec                                   run every case on the stack of this folder
  gatespec serve                             talk to it: wscat --header token:hello -c ws://127.0.0.1:3001/stage
  gatespec render --template '$input.json(\"$.a\")' --body '{\"a\": 1}'";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => match Cli::try_parse_from(["gatespec", "check"]).map(|cli| cli.command) {
            Ok(Some(Command::Check(args))) => check::run(&args),
            _ => Err(Failure::could_not_run("the default command cannot be read")),
        },
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Lint(args)) => lint::run(&args),
        Some(Command::Events(args)) => events::run(&args),
        Some(Command::Invoke(args)) => invoke::run(&args),
        Some(Command::Falsify(args)) => falsify::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Spec(args)) => spec::run(&args),
        Some(Command::Ca(args)) => ca::run(&args),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man(args)) => man::run(&args),
        Some(Command::Probe) => runtime().and_then(|runtime| {
            let ended = runtime.block_on(conformance::probe::function::run());
            ended.map_err(Failure::could_not_run)
        }),
    };
    let result = result.and_then(|()| match UNPRINTED.get() {
        None => Ok(()),
        Some(error) => Err(Failure::could_not_run(format!(
            "cannot write to standard output: {error}"
        ))),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint(&failure);
            failure.exit_code()
        }
    }
}

/// Why standard output is not whole, if it is not.
static UNPRINTED: OnceLock<io::Error> = OnceLock::new();

/// One message on standard error.
#[expect(clippy::print_stderr, reason = "this is the program's voice")]
fn eprint(message: &dyn fmt::Display) {
    eprintln!("{message}");
}

/// Text on standard output; a reader that has gone away (`| head`) is no error. A full disk is one
/// at the end: see [`UNPRINTED`].
fn print(text: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = UNPRINTED.set(error);
    }
}

/// A value given as it is, or as `@file`, or as `@-` for standard input.
fn text_or_file(argument: &str) -> Result<String, Failure> {
    let read = match argument.strip_prefix('@') {
        None => return Ok(argument.to_owned()),
        Some("-") => io::read_to_string(io::stdin()),
        Some(path) => std::fs::read_to_string(path),
    };
    read.map_err(|error| Failure::unreadable(&argument[1..], error))
}

/// The runtime that everything asynchronous runs on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new()
        .map_err(|error| Failure::could_not_run(Caused::new("cannot start", error)))
}
