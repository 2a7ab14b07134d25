//! What a template declares, as one immutable value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use spec::CompiledApi;
use spec::usage_plan::ApiKey;

use super::diagnostics::Diagnostics;
use super::source::{Error, Source, Warning};
use super::{Function, Permission, Settings, Table, usage_plan};

/// All that a template declares of a WebSocket API: the API with its stage, its functions and
/// tables. Immutable; a clone shares what it holds.
#[derive(Clone, Debug)]
pub struct Assembly(Arc<Parts>);

/// What an assembly holds.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) api: Arc<CompiledApi>,
    pub(crate) functions: Vec<Function>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) tables: Vec<Table>,
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) source: Source,
}

impl Assembly {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Reads the template at `path`. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// All that makes the API unservable, sorted by location.
    pub fn read(path: &Path, settings: &Settings) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Error::of_file(&name, format!("the template cannot be read: {error}"))
        })?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::of_file(&name, "the template is not UTF-8"))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut parts = super::assemble(&name, &text, directory, settings)?;
        parts.inputs.insert(0, path.to_owned());
        Ok(Self::new(parts))
    }

    /// Reads a template's text. `name` is what messages call the file; `directory` is where its
    /// relative paths start.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(
        name: &str,
        text: &str,
        directory: &Path,
        settings: &Settings,
    ) -> Result<Self, Diagnostics> {
        Ok(Self::new(super::assemble(name, text, directory, settings)?))
    }

    /// The API with the stage that is served, as the specification has accepted it.
    pub fn api(&self) -> &Arc<CompiledApi> {
        &self.0.api
    }

    /// The functions, in the order of the template.
    pub fn functions(&self) -> &[Function] {
        &self.0.functions
    }

    /// The permissions of API Gateway to call them.
    pub fn permissions(&self) -> &[Permission] {
        &self.0.permissions
    }

    /// The tables, in the order of the template.
    pub fn tables(&self) -> &[Table] {
        &self.0.tables
    }

    /// `Outputs`: the values by name.
    pub fn outputs(&self) -> &IndexMap<String, String> {
        &self.0.outputs
    }

    /// What is not done as AWS would do it, sorted by location.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// The files and folders that the API depends on: the template, where it was read from a file,
    /// and the code of each function that the API calls. Relative paths are as the template's own.
    pub fn inputs(&self) -> &[PathBuf] {
        &self.0.inputs
    }

    /// The API keys that open `$connect`: enabled, and in a usage plan of the stage.
    pub fn usable_api_keys(&self) -> impl Iterator<Item = &ApiKey> {
        usage_plan::usable(self.api())
    }

    /// An error at the location of a function's code.
    pub fn code_error(&self, function: &Function, message: String, help: Option<String>) -> Error {
        let span = function.place.clone();
        self.0.source.error_with_help(span, message, help)
    }
}
