//! The runtimes that can be run here: from a function and its code to the program that speaks
//! Lambda's Runtime API.
//!
//! A runtime is one file with a type that implements [`Runtime`], and one line in [`RUNTIMES`].

mod code;
mod nodejs;
mod provided;
mod python;
mod tools;
mod version;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use stack::Function;

pub(crate) use code::State;
pub use tools::Interpreters;
pub(crate) use tools::Tools;

/// How a function's process is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) argv: Vec<OsString>,
    /// The folder that it starts in.
    pub(crate) cwd: PathBuf,
    /// `LAMBDA_TASK_ROOT`: the folder of the function's code.
    pub(crate) task_root: PathBuf,
    /// The environment variables of this runtime, besides those of every function.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// The files and folders of the code: a change of them makes it another program.
    pub(crate) code: Vec<PathBuf>,
}

/// A program that is being prepared.
pub(crate) type Preparing<'a> = Pin<Box<dyn Future<Output = Result<Program, Missing>> + Send + 'a>>;

/// A Lambda runtime.
pub(crate) trait Runtime: Sync {
    /// The values of `Runtime` that name it.
    fn identifiers(&self) -> &'static [&'static str];

    /// Whether the function's code has to be built, which makes an executable.
    fn needs_build(&self, function: &Function) -> bool;

    /// The program that runs a function; `executable` is what its build made, if it was built.
    ///
    /// # Errors
    /// What is missing on this machine.
    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        executable: Option<&'a Path>,
        tools: &'a Tools,
    ) -> Preparing<'a>;
}

/// What a function cannot be run without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// The template names none.
    #[error("it has no `Runtime`")]
    Unnamed,
    /// There is no such runtime here.
    #[error("the runtime `{identifier}` cannot be run here")]
    Runtime {
        /// `Runtime`, as the template says it.
        identifier: String,
    },
    /// The folder has not been built.
    #[error("`{}` holds no `bootstrap`", folder.display())]
    Bootstrap {
        /// The function's `CodeUri`.
        folder: PathBuf,
    },
    /// There is no code.
    #[error("there is no folder `{}`", folder.display())]
    Folder {
        /// The function's `CodeUri`.
        folder: PathBuf,
    },
    /// The interpreter cannot be run.
    #[error("`{}` cannot be run: {problem}", program.display())]
    Interpreter {
        /// What was to be run.
        program: PathBuf,
        /// Why it cannot.
        problem: String,
        /// What to do.
        help: String,
    },
    /// The code must be built, or its packages installed, before it runs.
    #[error("{problem}")]
    NotBuilt {
        /// What is missing, and where.
        problem: String,
        /// The command that makes it.
        command: String,
    },
    /// The runtime's own files have nowhere to be.
    #[error("the runtime's files cannot be written: {0}")]
    Files(String),
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Self {
        Self::Files(error.to_string())
    }
}

/// All runtimes.
static RUNTIMES: &[&dyn Runtime] = &[&provided::Provided, &nodejs::Nodejs, &python::Python];

/// The runtime that a template names.
///
/// # Errors
/// There is none of that name.
pub(crate) fn find(identifier: &str) -> Result<&'static dyn Runtime, Missing> {
    let named = |runtime: &&&dyn Runtime| runtime.identifiers().contains(&identifier);
    let found = RUNTIMES.iter().find(named).copied();
    found.ok_or_else(|| match identifier {
        "" => Missing::Unnamed,
        _ => Missing::Runtime {
            identifier: identifier.to_owned(),
        },
    })
}

impl Missing {
    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Unnamed | Self::Runtime { .. } => {
                let known: Vec<&str> = RUNTIMES
                    .iter()
                    .flat_map(|runtime| runtime.identifiers())
                    .copied()
                    .collect();
                format!("`Runtime` can be `{}`", known.join("`, `"))
            }
            Self::Bootstrap { .. } => "build the function first".to_owned(),
            Self::Folder { .. } => "`CodeUri` is taken from the template's folder".to_owned(),
            Self::Interpreter { help, .. } => help.clone(),
            Self::NotBuilt { command, .. } => format!("run {command}"),
            Self::Files(_) => "the system's folder for temporary files must be writable".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_identifier_names_one_runtime() {
        let mut seen = HashSet::new();
        for identifier in RUNTIMES.iter().flat_map(|runtime| runtime.identifiers()) {
            assert!(seen.insert(identifier), "{identifier}");
            let found = find(identifier).map(Runtime::identifiers);
            assert!(found.is_ok_and(|all| all.contains(identifier)));
        }
    }

    #[test]
    fn an_unknown_runtime_is_named_with_those_that_there_are() {
        let missing = find("cobol").err().unwrap();
        assert_eq!(
            missing.to_string(),
            "the runtime `cobol` cannot be run here"
        );
        assert!(missing.help().contains("`provided.al2023`"));
    }
}
