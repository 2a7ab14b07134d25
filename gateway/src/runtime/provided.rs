//! `provided.al2023` and its predecessors: the function brings its own runtime, an executable. So it
//! does with `go1.x`, whose executable is named by `Handler`.

use std::path::{Path, PathBuf};

use stack::Function;

use super::{Missing, Preparing, Program, Runtime, Tools};

/// Runs `bootstrap` in the function's folder, or what `Handler` names there (`go1.x`), or the executable that its build made.
pub(super) struct Provided;

/// The runtime of Go's executables, which speak the Runtime API where `AWS_LAMBDA_RUNTIME_API` is
/// set.
///
/// Source: <https://github.com/aws/aws-lambda-go>, `lambda/entry.go`
const GO: &str = "go1.x";

impl Runtime for Provided {
    fn identifiers(&self) -> &'static [&'static str] {
        &["provided", "provided.al2", "provided.al2023", GO]
    }

    // With a `bootstrap`, `sam build` made the folder, or somebody wrote the script by hand.
    fn needs_build(&self, function: &Function) -> bool {
        function.runtime != GO && !bootstrap(function).is_file()
    }

    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        executable: Option<&'a Path>,
        _: &'a Tools,
    ) -> Preparing<'a> {
        Box::pin(async move {
            let executable = match executable {
                Some(executable) => executable.to_owned(),
                None => bootstrap(function),
            };
            if !executable.is_file() {
                return Err(Missing::Bootstrap {
                    folder: function.code.directory.clone(),
                    name: name(function).to_owned(),
                });
            }
            Ok(program(executable))
        })
    }
}

fn program(executable: PathBuf) -> Program {
    // The process starts in another folder.
    let executable = std::path::absolute(&executable).unwrap_or(executable);
    let root = executable.parent().unwrap_or(Path::new("/")).to_owned();
    Program {
        argv: vec![executable.clone().into()],
        cwd: root.clone(),
        task_root: root,
        env: Vec::new(),
        code: vec![executable],
        is_preloaded: false,
    }
}

fn bootstrap(function: &Function) -> PathBuf {
    function.code.directory.join(name(function))
}

fn name(function: &Function) -> &str {
    match &*function.runtime {
        GO => &function.handler,
        _ => "bootstrap",
    }
}
