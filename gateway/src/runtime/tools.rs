//! What functions' processes are started with: interpreters, and a folder for runtimes' own files.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use spec::ids::IdSource;
use stack::Function;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::Missing;
use super::asked::Asked;
use super::others::Others;
use super::package::Packages;
use super::version::{self, Version};
use crate::ids::Random;

/// The programs that run functions which are not executables; `None` is the first on `PATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpreters {
    /// Node, for `nodejs*.x`.
    pub node: Option<PathBuf>,
    /// Python, for `python3.*`; without it, virtual environments are looked for too.
    pub python: Option<PathBuf>,
    /// Commands that are clients of Lambda's Runtime API, for a shell, by what they run: a
    /// `Runtime`, or a function's name in the template. They start in the folder of its code.
    pub commands: BTreeMap<String, String>,
}

/// What functions' processes are started with. Dropped with the gateway.
pub(crate) struct Tools {
    interpreters: Interpreters,
    node: OnceCell<Result<Node, Missing>>,
    folder: Mutex<Option<Folder>>,
    pub(super) packages: Packages,
    pub(super) pythons: Asked,
    pub(super) others: Others,
}

/// A Node that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    pub(crate) version: Version,
}

/// A folder that is removed when this is dropped.
struct Folder(PathBuf);

/// How long an interpreter may take to say its version.
const VERSION: Duration = Duration::from_secs(20);

impl Tools {
    pub(crate) fn new(interpreters: Interpreters) -> Self {
        Self {
            interpreters,
            node: OnceCell::new(),
            folder: Mutex::default(),
            packages: Packages::default(),
            pythons: Asked::default(),
            others: Others::default(),
        }
    }

    /// The Node of this machine; looked for once.
    ///
    /// # Errors
    /// There is none, or it is too old.
    pub(crate) async fn node(&self) -> Result<Node, Missing> {
        let find = || async {
            let program = self.interpreters.node.clone();
            let program = program.unwrap_or_else(|| "node".into());
            let said = said_version(&program).await;
            version::accept_node(&program, said).map(|version| Node { program, version })
        };
        self.node.get_or_init(find).await.clone()
    }

    /// The Python that was named.
    pub(crate) fn python(&self) -> Option<&Path> {
        self.interpreters.python.as_deref()
    }

    /// The command that was given for a function, and the name that it was given for: its own, or
    /// its runtime's.
    pub(crate) fn command(&self, function: &Function) -> Option<(&str, &str)> {
        let names = names_of(function);
        let command = |name: &str| self.interpreters.commands.get_key_value(name);
        let (name, command) = names.into_iter().find_map(command)?;
        Some((name, command))
    }

    /// The names that a command was given for, though none of these functions has it.
    pub(crate) fn unused<'t>(&'t self, functions: &[Function]) -> impl Iterator<Item = &'t str> {
        let is_used = |name: &&String| {
            let mut functions = functions.iter();
            functions.any(|function| names_of(function).contains(&&***name))
        };
        let names = self.interpreters.commands.keys();
        let unused: Vec<&str> = names
            .filter(|name| !is_used(name))
            .map(|name| &**name)
            .collect();
        unused.into_iter()
    }

    /// Warns of functions that run on another version than the template's, unless that was said.
    pub(crate) fn warn_of_others(&self) {
        for warning in self.others.warnings() {
            tracing::warn!("{warning}");
        }
    }

    /// The folder of files that go with the gateway; made at its first use.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn folder(&self) -> io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Folder(path)) = &*folder {
            return Ok(path.clone());
        }
        let path = private_folder()?;
        *folder = Some(Folder(path.clone()));
        Ok(path)
    }

    /// A folder with these files of a runtime, by name; written at its first use.
    ///
    /// # Errors
    /// They cannot be written.
    pub(crate) fn files(&self, runtime: &str, files: &[(&str, &str)]) -> io::Result<PathBuf> {
        let own = self.folder()?.join(runtime);
        if !own.is_dir() {
            DirBuilder::new().mode(0o700).create(&own)?;
            for (name, text) in files {
                File::create_new(own.join(name))?.write_all(text.as_bytes())?;
            }
        }
        Ok(own)
    }
}

/// What a command may be given for.
fn names_of(function: &Function) -> [&str; 3] {
    let Function {
        logical_id,
        runtime,
        ..
    } = function;
    [logical_id, function.id_in_its_stack(), runtime]
}

/// A folder with a name that nobody can guess, and that nobody else may enter.
fn private_folder() -> io::Result<PathBuf> {
    let name = format!("gatespec-{:016x}", Random::new().next_u64());
    let path = std::env::temp_dir().join(name);
    DirBuilder::new().mode(0o700).create(&path)?;
    // Lambda's code sees no symbolic links either.
    std::fs::canonicalize(&path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is among the temporary files: whoever cleans up there finds it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What `PROGRAM --version` says.
async fn said_version(program: &Path) -> io::Result<String> {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(VERSION, command.output()).await;
    let output = output.map_err(|_| io::Error::other("it does not say its version"))??;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_runtime_go_with_the_gateway() {
        let tools = Tools::new(Interpreters::default());
        let folder = tools.files("x", &[("a.js", "1")]).unwrap();
        assert_eq!(tools.files("x", &[("a.js", "1")]).unwrap(), folder);
        assert_eq!(std::fs::read_to_string(folder.join("a.js")).unwrap(), "1");
        drop(tools);
        assert!(!folder.exists());
    }
}
