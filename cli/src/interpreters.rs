//! What runs functions that are not executables, as `serve` and `check` are told.

use std::path::PathBuf;

use clap::Args;
use gateway::Interpreters;

/// What runs functions that are not executables.
#[derive(Args)]
pub(crate) struct InterpreterArgs {
    /// The Node that runs functions of nodejs*.x, 20 or newer [default: the first on PATH].
    #[arg(long, value_name = "PATH")]
    pub(crate) node: Option<PathBuf>,
    /// The Python that runs functions of python3.*, 3.8 or newer [default: a virtual environment
    /// `.venv` beside the code or above it, the active one, the template's version on PATH, python3].
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// The command that runs the functions of a runtime, or one function: any client of Lambda's
    /// Runtime API, started by a shell in the folder of the code; may be repeated. It finds the
    /// handler in `$_HANDLER`, and the folder in `$LAMBDA_TASK_ROOT`.
    #[arg(long, value_name = "NAME=COMMAND", value_parser = command_of_runtime)]
    pub(crate) runtime: Vec<(String, String)>,
}

impl InterpreterArgs {
    /// As the gateway takes them.
    pub(crate) fn interpreters(&self) -> Interpreters {
        Interpreters {
            node: self.node.clone(),
            python: self.python.clone(),
            commands: self.runtime.iter().cloned().collect(),
        }
    }

    /// As `gatespec serve` takes them: options and their values.
    pub(crate) fn to_arguments(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let node = self.node.iter().map(|node| ("--node", path(node)));
        let python = self.python.iter().map(|python| ("--python", path(python)));
        let runtime = self.runtime.iter();
        let runtime = runtime.map(|(name, command)| ("--runtime", format!("{name}={command}")));
        node.chain(python).chain(runtime).collect()
    }
}

/// `java21=java -cp …`
fn command_of_runtime(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let parts = parts.map(|(name, command)| (name.trim(), command.trim()));
    match parts {
        Some((name, command)) if !name.is_empty() && !command.is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        _ => Err(
            "it must be a runtime or a function of the template and a command, such as \
             `java21='java -jar client.jar \"$_HANDLER\"'`"
                .to_owned(),
        ),
    }
}
