//! Which stack is meant: the arguments that all commands share that take one.

use std::path::{Path, PathBuf};

use clap::Args;
use stack::{Dialect, Input, InputError, Settings};

use crate::{Failure, eprint};

/// Which stack.
#[derive(Args, Clone)]
pub(crate) struct StackArgs {
    /// A template of SAM or CloudFormation, or a folder. In a folder, the first of these is taken:
    /// template.yaml, .yml or .json (what `sam build` made of it, unless that is older), cdk.out,
    /// .serverless.
    #[arg(default_value = HERE, value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Give a template parameter a value; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,
    /// The logical id of the WebSocket API, where a template has several.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub(crate) api: Option<String>,
    /// Take the functions' binaries as they are instead of building them.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// What the gateway is to do wrong.
    #[cfg(feature = "mutations")]
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) mutation: Option<gateway::Mutation>,
}

/// Which stack of several.
#[derive(Args, Clone)]
pub(crate) struct AppArgs {
    /// The stack of a CDK app, where several have a WebSocket API: its id as `cdk list` prints it,
    /// or its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
}

/// The folder that is looked into unless another is given.
pub(crate) const HERE: &str = ".";

impl StackArgs {
    /// The template that is meant, and what is known of it.
    pub(crate) fn find(&self, app: Option<&AppArgs>) -> Result<Input, Failure> {
        find(&self.path, app)
    }

    /// What the arguments and the app say of the template.
    pub(crate) fn settle(&self, input: &Input, settings: &mut Settings) {
        settings.take(input);
        settings.parameters.extend(self.parameters.iter().cloned());
        settings.api.clone_from(&self.api);
    }

    /// As `gatespec serve` takes them, without the path.
    pub(crate) fn to_arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (name, value) in &self.parameters {
            arguments.extend(["--parameter".to_owned(), format!("{name}={value}")]);
        }
        if let Some(api) = &self.api {
            arguments.extend(["--api".to_owned(), api.clone()]);
        }
        arguments
    }
}

/// The template at a path, with a word about it on standard error.
pub(crate) fn find(path: &Path, app: Option<&AppArgs>) -> Result<Input, Failure> {
    let stack = app.and_then(|app| app.stack.as_deref());
    let found = Input::find(path, stack).map_err(|error| failure(error, app.is_some()))?;
    remark(&found);
    Ok(found)
}

/// The file that a person wrote, for commands that look at it without serving it: a mapping
/// template, or the template that is found.
pub(crate) fn written(path: &Path, app: &AppArgs) -> Result<PathBuf, Failure> {
    let found = Input::find(path, app.stack.as_deref()).map_err(|error| failure(error, true))?;
    if matches!(found.dialect, Dialect::Cdk | Dialect::Serverless) {
        remark(&found);
    }
    Ok(found.written.unwrap_or(found.template))
}

fn remark(found: &Input) {
    for remark in &found.remarks {
        eprint(&format!("warning: {remark}"));
    }
}

/// Why nothing is found, and how to say what is meant.
fn failure(error: InputError, takes_stack: bool) -> Failure {
    let first = match &error {
        InputError::SeveralStacks { stacks } => stacks.first(),
        _ => None,
    };
    match first {
        Some(first) if takes_stack => Failure::usage(format!(
            "{error}; say which one, as in `--stack {}`, or name its template",
            first.id
        )),
        Some(_) => Failure::usage(format!("{error}; name the template of one")),
        None => Failure::usage(error),
    }
}

/// `NAME=VALUE`.
fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` must be NAME=VALUE"))
}
