//! `--runtime NAME='COMMAND …'`: a command that is a client of Lambda's Runtime API, for all
//! functions of a runtime, or for one function.

use std::env::split_paths;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use stack::Function;

use super::{Missing, Package, Preparing, Program, Runtime, Tools, unbuilt};

/// Runs the command that was given for a function or its runtime, by the system's shell: it may use
/// `$_HANDLER` and `$LAMBDA_TASK_ROOT`.
pub(super) struct Custom;

/// What makes of a command more than a program and its arguments, for a shell.
const SHELL: [char; 9] = [';', '&', '|', '<', '>', '(', ')', '`', '\n'];

impl Runtime for Custom {
    // Those that the user names.
    fn identifiers(&self) -> &'static [&'static str] {
        &[]
    }

    fn needs_build(&self, _: &Function, _: &Package) -> bool {
        false
    }

    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        package: &'a Package,
        _: Option<&'a Path>,
        tools: &'a Tools,
    ) -> Preparing<'a> {
        Box::pin(async move {
            let Some((name, command)) = tools.command(function) else {
                return Err(Missing::of_runtime(function));
            };
            let root = package.root.clone();
            if !root.is_dir() {
                return Err(unbuilt::no_folder(function));
            }
            let program = program_of(command);
            if program.is_some_and(|program| !is_there(program, &root)) {
                return Err(Missing::Command {
                    name: name.to_owned(),
                    program: program.unwrap_or_default().to_owned(),
                    folder: root,
                });
            }
            let script = match program {
                // The process that is measured and killed is the program's own.
                Some(_) => format!("exec {command}"),
                None => command.to_owned(),
            };
            Ok(Program {
                argv: vec!["/bin/sh".into(), "-c".into(), script.into()],
                cwd: root.clone(),
                task_root: root,
                env: execution_env(function),
                code: package.sources.clone(),
                is_preloaded: false,
            })
        })
    }
}

/// As on Lambda, the runtimes that it brings itself have one.
fn execution_env(function: &Function) -> Vec<(OsString, OsString)> {
    let runtime = &function.runtime;
    if runtime.is_empty() || runtime.starts_with("provided") {
        return Vec::new();
    }
    let value = format!("AWS_Lambda_{runtime}");
    vec![("AWS_EXECUTION_ENV".into(), value.into())]
}

/// The program that a command starts; `None` if only a shell can tell.
fn program_of(command: &str) -> Option<&str> {
    let first = command.split_ascii_whitespace().next()?;
    let is_plain = |c: char| c.is_alphanumeric() || "/._+-".contains(c);
    (!command.contains(SHELL) && first.chars().all(is_plain)).then_some(first)
}

/// Whether a program can be started from a folder.
fn is_there(program: &str, folder: &Path) -> bool {
    let is_executable = |path: PathBuf| {
        let metadata = std::fs::metadata(path);
        metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return is_executable(folder.join(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    split_paths(&path).any(|place| is_executable(folder.join(place).join(program)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::alone("java", Some("java"))]
    #[case::arguments("  ./run.sh \"$_HANDLER\" 'a;b' ", None)]
    #[case::variables("./run.sh \"$_HANDLER\"", Some("./run.sh"))]
    #[case::two("cd x && ./run.sh", None)]
    #[case::variable("$JAVA_HOME/bin/java", None)]
    #[case::assignment("A=1 java", None)]
    #[case::quoted("'my java' x", None)]
    #[case::nothing(" ", None)]
    fn the_program_of_a_command_is_known_where_no_shell_is_needed(
        #[case] command: &str,
        #[case] program: Option<&str>,
    ) {
        assert_eq!(program_of(command), program);
    }
}
