//! `gatespec man`: the manual pages, made from what `--help` says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::{Caused, Cli, Failure, print};

/// Print a manual page, or write all of them.
#[derive(Args)]
#[command(after_help = "Examples:\n  gatespec man serve | man -l -\n  \
                  gatespec man --dir ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The command whose page is printed [default: gatespec itself].
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Option<String>,
    /// Write the pages of all commands into this folder, made if it is missing: gatespec.1,
    /// gatespec-serve.1 and so on.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints a page, or writes all of them.
pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    match &args.dir {
        None => print(&page(args.command.as_deref())?),
        Some(dir) => write(dir).map_err(|error| {
            let what = format!("cannot write the pages into `{}`", dir.display());
            Failure::could_not_run(Caused::new(what, error))
        })?,
    }
    Ok(())
}

/// The page of a command, or of gatespec itself.
fn page(name: Option<&str>) -> Result<String, Failure> {
    let all = command();
    let described = match name {
        None => &all,
        Some(name) => shown(&all)
            .find(|command| command.get_name() == name)
            .ok_or_else(|| unknown(name, &all))?,
    };
    let mut text = Vec::new();
    let rendered = man(described).render(&mut text);
    rendered.map_err(Failure::could_not_run)?;
    let text = String::from_utf8(text).map_err(Failure::could_not_run)?;
    Ok(text.trim_end().to_owned())
}

fn write(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let all = command();
    man(&all).generate_to(dir)?;
    for command in shown(&all) {
        man(command).generate_to(dir)?;
    }
    Ok(())
}

fn man(command: &Command) -> Man {
    Man::new(command.clone())
        .source(concat!("gatespec ", env!("CARGO_PKG_VERSION")))
        .manual("gatespec")
}

/// All of gatespec. `help` has no page: it prints what the pages say.
fn command() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// The commands that are for people.
fn shown(all: &Command) -> impl Iterator<Item = &Command> {
    let all = all.get_subcommands();
    all.filter(|command| !command.is_hide_set())
}

fn unknown(name: &str, all: &Command) -> Failure {
    let names: Vec<&str> = shown(all).map(Command::get_name).collect();
    let names = names.join(", ");
    Failure::usage(format!("`{name}` is not a command: there are {names}"))
}
