//! The runtimes that can be run here: from a function and its code to the program that speaks
//! Lambda's Runtime API.
//!
//! A runtime is one file with a type that implements [`Runtime`], and one line in [`RUNTIMES`].

mod asked;
mod code;
mod custom;
mod nodejs;
mod others;
mod package;
mod provided;
mod python;
mod tools;
mod unbuilt;
mod version;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use stack::Function;

pub(crate) use code::State;
pub(crate) use package::Package;
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
    /// Whether its interpreter loads what leads its connections to the gateway. The variables of
    /// other programs name the gateway's address instead of the API's host.
    pub(crate) is_preloaded: bool,
}

/// A program that is being prepared.
pub(crate) type Preparing<'a> = Pin<Box<dyn Future<Output = Result<Program, Missing>> + Send + 'a>>;

/// A Lambda runtime.
pub(crate) trait Runtime: Sync {
    /// The values of `Runtime` that name it.
    fn identifiers(&self) -> &'static [&'static str];

    /// Whether the function's code has to be built, which makes an executable.
    fn needs_build(&self, function: &Function, package: &Package) -> bool;

    /// The program that runs a function; `executable` is what its build made, if it was built.
    ///
    /// # Errors
    /// What is missing on this machine.
    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        package: &'a Package,
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
    #[error("the runtime `{identifier}` is not one that runs here by itself")]
    Runtime {
        /// `Runtime`, as the template says it.
        identifier: String,
    },
    /// It is a container image.
    #[error("it is a container image, which is not run here by itself")]
    Image {
        /// The function's name in the template.
        function: String,
    },
    /// What `--runtime` names is not there.
    #[error("`{program}`, which `--runtime {name}` names, is not there")]
    Command {
        /// What `--runtime` gave a command for.
        name: String,
        /// The command's program.
        program: String,
        /// The folder that it starts in.
        folder: PathBuf,
    },
    /// The folder has not been built.
    #[error("`{}` holds no `{name}`", folder.display())]
    Bootstrap {
        /// The function's `CodeUri`.
        folder: PathBuf,
        /// The executable.
        name: String,
    },
    /// There is no code.
    #[error("there is no folder `{}`", folder.display())]
    Folder {
        /// The function's `CodeUri`.
        folder: PathBuf,
    },
    /// There is no zip.
    #[error("there is no file `{}`", file.display())]
    File {
        /// The function's `CodeUri`.
        file: PathBuf,
    },
    /// There is no layer.
    #[error("there is no `{}`, the content of its layer `{layer}`", content.display())]
    Layer {
        /// The layer's name in the template.
        layer: String,
        /// The layer's `ContentUri`.
        content: PathBuf,
    },
    /// A zip is not one.
    #[error("`{}` cannot be unpacked: {problem}", file.display())]
    Archive {
        /// The zip.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
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

/// The runtime of a function: the command that was given for it, or what the template names.
///
/// # Errors
/// There is neither.
pub(crate) fn find(function: &Function, tools: &Tools) -> Result<&'static dyn Runtime, Missing> {
    if tools.command(function).is_some() {
        return Ok(&custom::Custom);
    }
    let found = named(&function.runtime).filter(|_| !function.code.is_image);
    found.ok_or_else(|| Missing::of_runtime(function))
}

/// The program of a function, with the paths that layers add to every runtime's.
///
/// # Errors
/// What is missing on this machine.
pub(crate) async fn prepare(
    runtime: &dyn Runtime,
    function: &Function,
    package: &Package,
    executable: Option<&Path>,
    tools: &Tools,
) -> Result<Program, Missing> {
    let mut program = runtime
        .prepare(function, package, executable, tools)
        .await?;
    let paths = package.search_paths(&program.task_root);
    program.env.splice(0..0, paths);
    Ok(program)
}

fn named(identifier: &str) -> Option<&'static dyn Runtime> {
    let named = |runtime: &&&dyn Runtime| runtime.identifiers().contains(&identifier);
    RUNTIMES.iter().find(named).copied()
}

impl Missing {
    /// A function has no runtime here.
    fn of_runtime(function: &Function) -> Self {
        match &*function.runtime {
            _ if function.code.is_image => Self::Image {
                function: function.logical_id.clone(),
            },
            "" => Self::Unnamed,
            identifier => Self::Runtime {
                identifier: identifier.to_owned(),
            },
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Unnamed => {
                let known: Vec<&str> = RUNTIMES
                    .iter()
                    .flat_map(|runtime| runtime.identifiers())
                    .copied()
                    .collect();
                format!("`Runtime` can be `{}`", known.join("`, `"))
            }
            Self::Runtime { identifier } => command_for(identifier, example(identifier)),
            Self::Image { function } => command_for(function, example("")),
            Self::Command { folder, .. } => format!(
                "it must be on `PATH`, or named from the function's folder `{}`",
                folder.display()
            ),
            Self::Bootstrap { .. } => "build the function first".to_owned(),
            Self::Folder { .. } | Self::File { .. } => {
                "paths of code are taken from the template's folder".to_owned()
            }
            Self::Layer { layer, .. } => {
                format!("correct the path of `{layer}`, which is taken from the template's folder")
            }
            Self::Archive { .. } => "make the zip anew: Lambda takes files that are stored or \
                                     deflated, with paths inside its folder"
                .to_owned(),
            Self::Interpreter { help, .. } => help.clone(),
            Self::NotBuilt { command, .. } => format!("run {command}"),
            Self::Files(_) => "the system's folder for temporary files must be writable".to_owned(),
        }
    }
}

/// How to say what runs the functions of a runtime, or one function.
fn command_for(name: &str, command: &str) -> String {
    format!("name a client of Lambda's Runtime API that runs it: `--runtime {name}='{command}'`")
}

/// The Runtime API clients that AWS publishes for languages that have none here, as their own
/// documentation starts them.
///
/// Sources: <https://github.com/aws/aws-lambda-java-libs>,
/// <https://github.com/aws/aws-lambda-dotnet>,
/// <https://github.com/aws/aws-lambda-ruby-runtime-interface-client>
fn example(runtime: &str) -> &'static str {
    match runtime.trim_end_matches(|c: char| !c.is_ascii_alphabetic()) {
        "java" => {
            "java -cp \"$LAMBDA_TASK_ROOT:$LAMBDA_TASK_ROOT/lib/*\" \
             com.amazonaws.services.lambda.runtime.api.client.AWSLambda \"$_HANDLER\""
        }
        "dotnet" => "dotnet \"$LAMBDA_TASK_ROOT/$_HANDLER.dll\"",
        "ruby" => "aws_lambda_ric \"$_HANDLER\"",
        _ => "COMMAND \"$_HANDLER\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::collections::HashSet;

    #[test]
    fn every_identifier_names_one_runtime() {
        let mut seen = HashSet::new();
        for identifier in RUNTIMES.iter().flat_map(|runtime| runtime.identifiers()) {
            assert!(seen.insert(identifier), "{identifier}");
            let found = named(identifier).map(Runtime::identifiers);
            assert!(found.is_some_and(|all| all.contains(identifier)));
        }
    }

    #[rstest]
    #[case("java21", "--runtime java21='java -cp ")]
    #[case("java8.al2", "--runtime java8.al2='")]
    #[case("dotnet8", "--runtime dotnet8='dotnet ")]
    #[case("ruby3.4", "--runtime ruby3.4='aws_lambda_ric \"$_HANDLER\"'")]
    #[case("cobol", "--runtime cobol='COMMAND \"$_HANDLER\"'")]
    fn an_unknown_runtime_is_named_with_the_option_that_runs_it(
        #[case] identifier: &str,
        #[case] option: &str,
    ) {
        let missing = Missing::Runtime {
            identifier: identifier.to_owned(),
        };
        assert_eq!(
            missing.to_string(),
            format!("the runtime `{identifier}` is not one that runs here by itself")
        );
        assert!(missing.help().contains(option), "{}", missing.help());
    }
}
