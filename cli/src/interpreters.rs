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
    /// A file of such commands, one `NAME=COMMAND` a line, for all who serve the stack; `#` begins a
    /// comment. --runtime goes before it.
    #[arg(long, value_name = "FILE", value_parser = commands_of_runtimes)]
    pub(crate) runtimes: Option<Commands>,
}

/// Commands by the names of runtimes or functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commands(Vec<(String, String)>);

impl InterpreterArgs {
    /// As the gateway takes them.
    pub(crate) fn interpreters(&self) -> Interpreters {
        Interpreters {
            node: self.node.clone(),
            python: self.python.clone(),
            commands: self.commands().cloned().collect(),
        }
    }

    /// The commands of the file, then those of options, which count.
    fn commands(&self) -> impl Iterator<Item = &(String, String)> {
        let file = self.runtimes.iter().flat_map(|commands| &commands.0);
        file.chain(&self.runtime)
    }

    /// As `gatespec serve` takes them: options and their values.
    pub(crate) fn to_arguments(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let node = self.node.iter().map(|node| ("--node", path(node)));
        let python = self.python.iter().map(|python| ("--python", path(python)));
        let runtime = self
            .commands()
            .map(|(name, command)| ("--runtime", format!("{name}={command}")));
        node.chain(python).chain(runtime).collect()
    }

    /// Whether commands are given.
    pub(crate) fn has_commands(&self) -> bool {
        self.commands().next().is_some()
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

/// Reads a file of commands.
fn commands_of_runtimes(path: &str) -> Result<Commands, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    commands(&text).map(Commands)
}

fn commands(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            command_of_runtime(line).map_err(|error| format!("line {}: {error}", index + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_command_a_line() {
        let text =
            "# of this stack\n\njava21 = java -cp \"lib/*\" Client \"$_HANDLER\"\nEcho=./e=1\n";
        let command = |name: &str, command: &str| (name.to_owned(), command.to_owned());
        let expected = vec![
            command("java21", r#"java -cp "lib/*" Client "$_HANDLER""#),
            command("Echo", "./e=1"),
        ];
        assert_eq!(commands(text), Ok(expected));
        let error = commands("\nEcho=./e\njava21\n").expect_err("no command");
        assert!(error.starts_with("line 3: it must be a runtime"), "{error}");
    }

    #[test]
    fn an_option_goes_before_the_file() {
        let arguments = InterpreterArgs {
            node: None,
            python: None,
            runtime: vec![("Echo".to_owned(), "./own".to_owned())],
            runtimes: Some(Commands(vec![("Echo".to_owned(), "./all".to_owned())])),
        };
        let commands = arguments.interpreters().commands;
        assert_eq!(commands.get("Echo").map(String::as_str), Some("./own"));
    }
}
