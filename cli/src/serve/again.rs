//! What is served, read again: one way for `apply` on standard input and for `--watch`.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gateway::Options;
use stack::{Assembly, Diagnostics, Input, Variables};

use super::values::EnvVars;
use super::{ServeArgs, serve_options};
use crate::Failure;
use crate::given::Stack;

/// What the arguments name, at any time.
pub(super) struct Again<'a> {
    args: &'a ServeArgs,
    /// The folder in which it was started, which relative paths begin at.
    folder: Option<PathBuf>,
    /// What the file of `--env-vars` said last.
    variables: RefCell<Variables>,
    /// The file was gone, and a person was told.
    are_kept: Cell<bool>,
}

/// What was read.
pub(super) struct Read {
    pub(super) assembly: Result<Assembly, Unread>,
    /// Files and folders that it was read from, or in vain.
    pub(super) inputs: Vec<PathBuf>,
}

/// Why something cannot be served.
pub(super) enum Unread {
    Template(Diagnostics),
    /// What is wrong with the values that are given for it.
    Values(String),
}

impl<'a> Again<'a> {
    pub(super) fn new(args: &'a ServeArgs) -> Self {
        let given = args.functions.env_vars.as_ref();
        let variables = given.map(|given| given.variables.clone());
        Self {
            args,
            folder: std::env::current_dir().ok(),
            variables: RefCell::new(variables.unwrap_or_default()),
            are_kept: Cell::new(false),
        }
    }

    /// Which template is meant now.
    pub(super) fn find(&self) -> Result<Stack, Failure> {
        self.enter();
        self.args.stack.find(Some(&self.args.app))
    }

    /// What the template of a stack says now, with the values that are given for it now.
    pub(super) fn read(&self, found: &Stack) -> Read {
        let mut options = serve_options(self.args, found);
        let mut inputs = self.deciding(found, &options);
        if let Some(EnvVars { file, .. }) = &self.args.functions.env_vars {
            match self.variables_of(file) {
                Ok(variables) => options.settings.variables = variables,
                Err(problem) => {
                    let assembly = Err(Unread::Values(problem));
                    return Read { assembly, inputs };
                }
            }
        }
        let read = Assembly::read(&options.template, &options.settings);
        inputs.extend_from_slice(match &read {
            Ok(assembly) => assembly.inputs(),
            Err(diagnostics) => diagnostics.inputs(),
        });
        let assembly = read.map_err(Unread::Template);
        Read { assembly, inputs }
    }

    /// The values of `--env-vars`. Those of a file that is gone are kept: programs give one that
    /// they delete once the gateway has read it.
    fn variables_of(&self, file: &Path) -> Result<Variables, String> {
        let name = file.display().to_string();
        let is_gone =
            std::fs::metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if is_gone {
            if !self.are_kept.replace(true) {
                tracing::warn!("`{name}` is gone: what was read of it is served on");
            }
            return Ok(self.variables.borrow().clone());
        }
        self.are_kept.set(false);
        let read = EnvVars::read(&name).map_err(|problem| format!("`{name}`: {problem}"))?;
        self.variables.borrow_mut().clone_from(&read.variables);
        Ok(read.variables)
    }

    /// The files that say which template is served, and with which values.
    fn deciding(&self, found: &Stack, options: &Options) -> Vec<PathBuf> {
        let args = &self.args.stack;
        let mut files = Input::deciding(&args.path);
        files.extend(found.input.written.clone());
        files.push(args.configuration());
        let given = self.args.functions.env_vars.as_ref();
        files.extend(given.map(|given| given.file.clone()));
        files.extend(options.credentials.clone());
        files
    }

    /// Goes back to the folder in which it was started, if that was deleted and made anew: the
    /// process is in the old one, in which nothing is found any more.
    fn enter(&self) {
        let identity = |folder: &Path| {
            let metadata = std::fs::metadata(folder).ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        if let Some(folder) = &self.folder
            && let Some(there) = identity(folder)
            && identity(Path::new(".")) != Some(there)
        {
            // It may be gone again: then there is nothing to read, which is said.
            let _ = std::env::set_current_dir(folder);
        }
    }
}
