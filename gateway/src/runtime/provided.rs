//! `provided.al2023` and its predecessors: the function brings its own runtime, an executable.

use std::path::{Path, PathBuf};

use stack::Function;

use super::{Missing, Preparing, Program, Runtime, Tools};

/// Runs `bootstrap` in the function's folder, or the executable that its build made.
pub(super) struct Provided;

impl Runtime for Provided {
    fn identifiers(&self) -> &'static [&'static str] {
        &["provided", "provided.al2", "provided.al2023"]
    }

    // With a `bootstrap`, `sam build` made the folder, or somebody wrote the script by hand.
    fn needs_build(&self, function: &Function) -> bool {
        !bootstrap(function).is_file()
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
                None if self.needs_build(function) => {
                    return Err(Missing::Bootstrap {
                        folder: function.code.directory.clone(),
                    });
                }
                None => bootstrap(function),
            };
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
    }
}

fn bootstrap(function: &Function) -> PathBuf {
    function.code.directory.join("bootstrap")
}
