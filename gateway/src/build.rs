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
    /// Why there is none.
    pub(crate) missing: HashMap<String, NotRun>,
}

/// Why a function cannot be run here.
#[derive(Debug)]
pub(crate) struct NotRun {
    /// In one line, with what to do.
    pub(crate) reason: String,
    /// The same, with the function's name.
    warning: String,
    /// As a page with its location.
    pub(crate) error: stack::Error,
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
/// as far as they are there. What a function lacks keeps nothing else from being served.
///
/// # Errors
/// cargo cannot build what it is to build.
pub(crate) async fn programs(
    stack: &Assembly,
    build: &Build,
    tools: &Tools,
) -> Result<Programs, Error> {
    let mut programs = Programs::default();
    let mut to_build: Vec<(PathBuf, Vec<ToBuild<'_>>)> = Vec::new();
    for function in stack.functions() {
        let found = match ToBuild::open(stack, function, tools).await {
            Err(why) => Err(why),
            Ok(one) if !one.runtime.needs_build(function, &one.package) => {
                one.prepare(stack, None, tools).await
            }
            Ok(one) => match manifest(stack, function) {
                Err(error) => Err(NotRun::from(error)),
                Ok(manifest) if !function.is_called => {
                    let executable = find(stack, function, &manifest, build);
                    let executable = executable.map_err(|error| NotRun {
                        reason: "it is not built, since no route calls it".to_owned(),
                        ..error.into()
                    });
                    match executable {
                        Ok(executable) => one.prepare(stack, Some(&executable), tools).await,
                        Err(why) => Err(why),
                    }
                }
                Ok(manifest) => {
                    match to_build.iter_mut().find(|(other, _)| *other == manifest) {
                        Some((_, functions)) => functions.push(one),
                        None => to_build.push((manifest, vec![one])),
                    }
                    continue;
                }
            },
        };
        programs.note(function, found);
    }
    for (manifest, functions) in to_build {
        let built = match build.skip {
            true => None,
            false => Some(build_all(stack, &manifest, &functions, build).await?),
        };
        for one in functions {
            let executable = match &built {
                None => find(stack, one.function, &manifest, build),
                Some(built) => choose(stack, one.function, built),
            };
            let found = match executable {
                Ok(executable) => one.prepare(stack, Some(&executable), tools).await,
                Err(error) => Err(error.into()),
            };
            programs.note(one.function, found);
        }
    }
    tools.warn_of_others();
    Ok(programs)
}

impl Programs {
    fn note(&mut self, function: &Function, found: Result<Program, NotRun>) {
        let id = function.logical_id.clone();
        match found {
            Ok(program) => drop(self.ready.insert(id, program)),
            Err(why) => drop(self.missing.insert(id, why)),
        }
    }

    /// Those functions that are called and cannot be run, in the template's order.
    pub(crate) fn not_run<'s>(
        &'s self,
        stack: &'s Assembly,
    ) -> impl Iterator<Item = (&'s Function, &'s NotRun)> {
        let called = stack.functions().iter().filter(|one| one.is_called);
        called.filter_map(|one| Some((one, self.missing.get(&one.logical_id)?)))
    }

    /// Refuses a stack of which nothing that is called can be run.
    ///
    /// # Errors
    /// The first of them.
    pub(crate) fn check(&self, stack: &Assembly) -> Result<(), Error> {
        let mut called = stack.functions().iter().filter(|one| one.is_called);
        let runs = called.any(|one| self.ready.contains_key(&one.logical_id));
        match self.not_run(stack).next() {
            Some((_, why)) if !runs => Err(why.error.clone().into()),
            _ => Ok(()),
        }
    }

    /// Warns of what cannot be run: whatever calls it fails.
    pub(crate) fn warn(&self, stack: &Assembly) {
        for (function, why) in self.not_run(stack) {
            let message = format!("{}. What calls it fails", why.warning);
            tracing::warn!("{}", stack.code_warning(function, message));
        }
    }
}

impl From<stack::Error> for NotRun {
    fn from(error: stack::Error) -> Self {
        Self {
            reason: error.message().to_owned(),
            warning: error.message().to_owned(),
            error,
        }
    }
}

impl<'s> ToBuild<'s> {
    /// Looks at a function's code.
    async fn open(stack: &Assembly, function: &'s Function, tools: &Tools) -> Result<Self, NotRun> {
        if let Some(reason) = &function.code.unsupported {
            return Err(not_run(stack, function, reason.clone(), None));
        }
        let unavailable = |missing: Missing| unavailable(stack, function, &missing);
        let runtime = runtime::find(function, tools).map_err(unavailable)?;
        let package = Package::open(function, tools).await.map_err(unavailable)?;
        Ok(Self {
            function,
            package,
            runtime,
        })
    }

    async fn prepare(
        &self,
        stack: &Assembly,
        executable: Option<&Path>,
        tools: &Tools,
    ) -> Result<Program, NotRun> {
        let Self {
            function,
            package,
            runtime,
        } = self;
        let program = runtime::prepare(*runtime, function, package, executable, tools).await;
        program.map_err(|missing| unavailable(stack, function, &missing))
    }
}

fn unavailable(stack: &Assembly, function: &Function, missing: &Missing) -> NotRun {
    not_run(stack, function, missing.to_string(), Some(missing.help()))
}

fn not_run(stack: &Assembly, function: &Function, why: String, help: Option<String>) -> NotRun {
    let id = &function.logical_id;
    let message = format!("the function `{id}` cannot be run: {why}");
    let reason = match &help {
        Some(help) => format!("{why}; {help}"),
        None => why,
    };
    NotRun {
        warning: format!("the function `{id}` cannot be run: {reason}"),
        reason,
        error: stack.code_error(function, message, help),
    }
}

/// A function's executable among those that cargo built.
fn choose(
    stack: &Assembly,
    function: &Function,
    built: &[Binary],
) -> Result<PathBuf, stack::Error> {
    let found = match &function.code.binary {
        Some(name) => built.iter().find(|binary| binary.name == *name),
        // Without a name there is nothing to choose by.
        None => built.first().filter(|_| built.len() == 1),
    };
    match found {
        Some(binary) => Ok(binary.path.clone()),
        None => Err(unnamed(stack, function, built)),
    }
}

/// The manifest that a function is built from.
fn manifest(stack: &Assembly, function: &Function) -> Result<PathBuf, stack::Error> {
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
        return Err(stack.code_error(function, message, Some(help)));
    }
    let manifest = directory.join("Cargo.toml");
    if manifest.is_file() {
        return Ok(std::path::absolute(&manifest).unwrap_or(manifest));
    }
    let message = format!(
        "the function `{id}` cannot be built: there is no `{}`",
        manifest.display()
    );
    Err(stack.code_error(function, message, None))
}

/// An executable that was built before.
fn find(
    stack: &Assembly,
    function: &Function,
    manifest: &Path,
    build: &Build,
) -> Result<PathBuf, stack::Error> {
    let profile = if build.release { "release" } else { "debug" };
    let Some(name) = &function.code.binary else {
        let message = format!(
            "which executable the function `{}` is cannot be told without building",
            function.logical_id
        );
        let help = "give it `Metadata: BuildProperties: Binary`".to_owned();
        return Err(stack.code_error(function, message, Some(help)));
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
        return Err(stack.code_error(function, message, Some(help.to_owned())));
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
    Err(stack.code_error(function, message, Some(help)))
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
