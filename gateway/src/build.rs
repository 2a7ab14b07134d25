//! From the template's build metadata to programs.

mod cargo;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cargo::Binary;
use serde_json::Value;

use crate::error::{BuildError, Error};
use crate::runtime::{self, Missing, Package, Program, Runtime, Tools};
use stack::{Assembly, Function};

/// How the functions' executables are obtained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// Whether cargo is called, or only what is already there is used.
    pub skip: bool,
    /// Whether the release profile is used.
    pub release: bool,
    /// Whether cargo's output is only shown when it fails.
    pub quiet: bool,
    /// cargo's `--target-dir`; without it, cargo's own choice.
    pub target_dir: Option<PathBuf>,
}

/// The functions' programs, by logical id.
#[derive(Default)]
pub(crate) struct Programs {
    pub(crate) ready: HashMap<String, Program>,
    /// Why there is none for a function that the API does not call.
    pub(crate) missing: HashMap<String, String>,
}

/// A function whose code has to be built.
struct ToBuild<'s> {
    function: &'s Function,
    package: Package,
    runtime: &'static dyn Runtime,
}

/// The one build method of SAM that is known here.
const CARGO_LAMBDA: &str = "rust-cargolambda";

/// Finds or builds the programs of all functions that the API calls, and finds those of the others
/// as far as they are there.
pub(crate) async fn programs(
    stack: &Assembly,
    build: &Build,
    tools: &Tools,
) -> Result<Programs, Error> {
    let mut programs = Programs::default();
    let mut to_build: Vec<(PathBuf, Vec<ToBuild<'_>>)> = Vec::new();
    for function in stack.functions() {
        let id = &function.logical_id;
        if !function.is_called {
            match uncalled(stack, function, build, tools).await {
                Ok(program) => programs.ready.insert(id.clone(), program).map(drop),
                Err(reason) => programs.missing.insert(id.clone(), reason).map(drop),
            };
            continue;
        }
        let runtime = runtime::find(function, tools);
        let runtime = runtime.map_err(|missing| unavailable(stack, function, &missing))?;
        let package = Package::open(function, tools).await;
        let package = package.map_err(|missing| unavailable(stack, function, &missing))?;
        let one = ToBuild {
            function,
            package,
            runtime,
        };
        if !runtime.needs_build(function, &one.package) {
            programs
                .ready
                .insert(id.clone(), one.prepare(stack, None, tools).await?);
            continue;
        }
        let manifest = manifest(stack, function)?;
        match to_build.iter_mut().find(|(other, _)| *other == manifest) {
            Some((_, functions)) => functions.push(one),
            None => to_build.push((manifest, vec![one])),
        }
    }
    for (manifest, functions) in to_build {
        let built = match build.skip {
            true => None,
            false => Some(build_all(stack, &manifest, &functions, build).await?),
        };
        for one in functions {
            let executable = match &built {
                None => find(stack, one.function, &manifest, build)?,
                Some(built) => choose(stack, one.function, built)?,
            };
            let program = one.prepare(stack, Some(&executable), tools).await?;
            programs
                .ready
                .insert(one.function.logical_id.clone(), program);
        }
    }
    tools.warn_of_others();
    Ok(programs)
}

/// The program of a function that only Lambda's Invoke API can call: nothing is built for it, and
/// what it lacks keeps nothing from being served.
async fn uncalled(
    stack: &Assembly,
    function: &Function,
    build: &Build,
    tools: &Tools,
) -> Result<Program, String> {
    if let Some(reason) = &function.code.unsupported {
        return Err(reason.clone());
    }
    let words = |missing: Missing| format!("{missing}; {}", missing.help());
    let runtime = runtime::find(function, tools).map_err(words)?;
    let package = Package::open(function, tools).await.map_err(words)?;
    let executable = match runtime.needs_build(function, &package) {
        false => None,
        true => {
            let manifest = manifest(stack, function);
            let found = manifest.and_then(|manifest| find(stack, function, &manifest, build));
            Some(found.map_err(|_| "it is not built, since no route calls it".to_owned())?)
        }
    };
    let executable = executable.as_deref();
    let program = runtime::prepare(runtime, function, &package, executable, tools).await;
    program.map_err(words)
}

impl ToBuild<'_> {
    async fn prepare(
        &self,
        stack: &Assembly,
        executable: Option<&Path>,
        tools: &Tools,
    ) -> Result<Program, Error> {
        let Self {
            function,
            package,
            runtime,
        } = self;
        let program = runtime::prepare(*runtime, function, package, executable, tools).await;
        program.map_err(|missing| unavailable(stack, function, &missing))
    }
}

fn unavailable(stack: &Assembly, function: &Function, missing: &Missing) -> Error {
    let message = format!(
        "the function `{}` cannot be run: {missing}",
        function.logical_id
    );
    stack
        .code_error(function, message, Some(missing.help()))
        .into()
}

/// A function's executable among those that cargo built.
fn choose(stack: &Assembly, function: &Function, built: &[Binary]) -> Result<PathBuf, Error> {
    let found = match &function.code.binary {
        Some(name) => built.iter().find(|binary| binary.name == *name),
        // Without a name there is nothing to choose by.
        None => built.first().filter(|_| built.len() == 1),
    };
    match found {
        Some(binary) => Ok(binary.path.clone()),
        None => Err(unnamed(stack, function, built).into()),
    }
}

/// The manifest that a function is built from.
fn manifest(stack: &Assembly, function: &Function) -> Result<PathBuf, Error> {
    let directory = &function.code.directory;
    let id = &function.logical_id;
    if function.code.build_method.as_deref() != Some(CARGO_LAMBDA) {
        let message = match &function.code.build_method {
            Some(other) => {
                format!("the function `{id}` has the build method `{other}`, which is unknown here")
            }
            None => format!(
                "the function `{id}` has no build method, and `{}` holds no `bootstrap`",
                directory.display()
            ),
        };
        let help = format!(
            "give it `Metadata: BuildMethod: {CARGO_LAMBDA}`, or run `sam build` and serve \
             `.aws-sam/build/template.yaml`"
        );
        return Err(stack.code_error(function, message, Some(help)).into());
    }
    let manifest = directory.join("Cargo.toml");
    if manifest.is_file() {
        return Ok(std::path::absolute(&manifest).unwrap_or(manifest));
    }
    let message = format!(
        "the function `{id}` cannot be built: there is no `{}`",
        manifest.display()
    );
    Err(stack.code_error(function, message, None).into())
}

/// An executable that was built before.
fn find(
    stack: &Assembly,
    function: &Function,
    manifest: &Path,
    build: &Build,
) -> Result<PathBuf, Error> {
    let profile = if build.release { "release" } else { "debug" };
    let Some(name) = &function.code.binary else {
        let message = format!(
            "which executable the function `{}` is cannot be told without building",
            function.logical_id
        );
        let help = "give it `Metadata: BuildProperties: Binary`".to_owned();
        return Err(stack.code_error(function, message, Some(help)).into());
    };
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let given = build
        .target_dir
        .clone()
        .or_else(|| std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from));
    let targets: Vec<PathBuf> = match given {
        Some(target) => vec![target],
        // A member's target folder is its workspace's: beside the manifest or above it.
        None => manifest
            .ancestors()
            .skip(1)
            .map(|folder| folder.join("target"))
            .collect(),
    };
    let candidates: Vec<PathBuf> = targets
        .iter()
        .map(|target| target.join(profile).join(&file))
        .collect();
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(std::path::absolute(found).unwrap_or_else(|_| found.clone()));
    }
    let other = if build.release { "debug" } else { "release" };
    let is_there = |target: &PathBuf| target.join(other).join(&file).is_file();
    if targets.iter().any(is_there) {
        let message = format!(
            "the executable `{name}` of the function `{}` was built for {other} only",
            function.logical_id
        );
        let help = match build.release {
            true => "leave out `--release`, or build it with `cargo build --release`",
            false => "use it with `--release`, or build it with `cargo build`",
        };
        return Err(stack
            .code_error(function, message, Some(help.to_owned()))
            .into());
    }
    let looked: Vec<String> = candidates
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    let message = format!(
        "the executable `{name}` of the function `{}` is not there",
        function.logical_id
    );
    let help = format!(
        "build it first, or let it be built; looked for {}",
        looked.join(", ")
    );
    Err(stack.code_error(function, message, Some(help)).into())
}

/// Calls cargo once for all functions of a manifest. Gives the executables as cargo reports them.
async fn build_all(
    stack: &Assembly,
    manifest: &Path,
    functions: &[ToBuild<'_>],
    build: &Build,
) -> Result<Vec<Binary>, Error> {
    let failed = |error| Error::Build {
        manifest: manifest.to_owned(),
        error,
    };
    let called = functions.iter().map(|one| one.function);
    let child = cargo::command(manifest, called, build)
        .spawn()
        .map_err(|error| failed(BuildError::NotStarted(error)))?;
    let output = child
        .wait_with_output()
        .await
        .map_err(|error| failed(BuildError::Lost(error)))?;
    if !output.status.success() {
        let names = cargo::binaries(manifest).await;
        let is_missing = |one: &&ToBuild<'_>| {
            let wanted = one.function.code.binary.as_ref();
            !names.is_empty()
                && wanted.is_some_and(|wanted| names.iter().all(|binary| binary.name != *wanted))
        };
        if let Some(one) = functions.iter().find(is_missing) {
            return Err(unnamed(stack, one.function, &names).into());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = match said.trim() {
            "" => String::new(),
            said => format!("\n{said}"),
        };
        return Err(failed(BuildError::Failed {
            status: output.status,
            said,
        }));
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(messages
        .filter_map(|message| cargo::artifact(&message))
        .collect())
}

fn unnamed(stack: &Assembly, function: &Function, names: &[Binary]) -> stack::Error {
    let message = match &function.code.binary {
        Some(name) => format!(
            "the package of the function `{}` has no executable `{name}`",
            function.logical_id
        ),
        None => format!(
            "the package of the function `{}` has not just one executable",
            function.logical_id
        ),
    };
    let names: Vec<&str> = names.iter().map(|binary| &*binary.name).collect();
    let help = format!(
        "`Metadata: BuildProperties: Binary` can be `{}`",
        names.join("`, `")
    );
    stack.code_error(function, message, Some(help).filter(|_| !names.is_empty()))
}
