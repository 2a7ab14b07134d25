//! `gatespec completions`: scripts with which a shell completes the command.

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use crate::{Cli, Failure, print};

/// Print the script with which a shell completes commands and options.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

const AFTER_HELP: &str = "Where each shell looks for it:
  gatespec completions bash > ~/.local/share/bash-completion/completions/gatespec
  gatespec completions zsh > _gatespec           (in a folder of $fpath)
  gatespec completions fish > ~/.config/fish/completions/gatespec.fish
  gatespec completions powershell >> $PROFILE
  gatespec completions elvish >> ~/.config/elvish/rc.elv";

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "gatespec", &mut script);
    let script = String::from_utf8(script).map_err(Failure::could_not_run)?;
    print(script.trim_end());
    Ok(())
}

/// The command without what is hidden, which the scripts would offer.
fn command() -> Command {
    let all = Cli::command();
    let shown = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    Command::new("gatespec")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().cloned())
        .subcommands(shown.cloned())
}
