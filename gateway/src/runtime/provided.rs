//! `provided.al2023` and its predecessors: the function brings its own runtime, an executable. So it
//! does with `go1.x`, whose executable is named by `Handler`.

use std::path::{Path, PathBuf};

use stack::Function;

use super::{Missing, Package, Preparing, Program, Runtime, Tools};

/// Runs `bootstrap` in the function's folder or in a layer, or what `Handler` names in the folder
/// (`go1.x`), or the executable that its build made.
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
    fn needs_build(&self, function: &Function, package: &Package) -> bool {
        function.runtime != GO && bootstrap(function, package).is_none()
    }

    fn prepare<'a>(
        &'a self,
        function: &'a Function,
        package: &'a Package,
        executable: Option<&'a Path>,
        _: &'a Tools,
    ) -> Preparing<'a> {
        Box::pin(async move {
            if let Some(executable) = executable {
                // The process starts in another folder.
                let executable = std::path::absolute(executable)?;
                let root = executable.parent().unwrap_or(Path::new("/")).to_owned();
                return Ok(program(&executable, root, vec![executable.clone()]));
            }
            match bootstrap(function, package) {
                Some(bootstrap) => {
                    let sources = [bootstrap.clone()].into_iter();
                    let sources = sources.chain(package.sources.iter().cloned()).collect();
                    Ok(program(&bootstrap, package.root.clone(), sources))
                }
                None => Err(Missing::Bootstrap {
                    folder: function.code.directory.clone(),
                    name: name(function).to_owned(),
                }),
            }
        })
    }
}

fn program(executable: &Path, root: PathBuf, code: Vec<PathBuf>) -> Program {
    Program {
        argv: vec![executable.into()],
        cwd: root.clone(),
        task_root: root,
        env: Vec::new(),
        code,
        is_preloaded: false,
    }
}

/// The executable that is there without a build. On Lambda, too, the function's own comes first.
fn bootstrap(function: &Function, package: &Package) -> Option<PathBuf> {
    let of_layers = package.opt.as_ref().filter(|_| function.runtime != GO);
    let folders = [&package.root].into_iter().chain(of_layers);
    let mut found = folders.map(|folder| folder.join(name(function)));
    found.find(|bootstrap| bootstrap.is_file())
}

fn name(function: &Function) -> &str {
    match &*function.runtime {
        GO => &function.handler,
        _ => "bootstrap",
    }
}
