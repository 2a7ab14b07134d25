//! Which stack is meant: the arguments that all commands share that take one.

mod overrides;
mod samconfig;

use std::path::{Path, PathBuf};

use clap::Args;
use overrides::{Overrides, Parameters};
use samconfig::{Config, ConfigArgs};
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
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = overrides::key_value)]
    parameters: Vec<(String, String)>,
    /// Give template parameters values as `sam deploy` takes them: Key=Value or
    /// ParameterKey=Key,ParameterValue=Value, several at once.
    #[arg(long, value_name = "Key=Value", num_args = 1.., value_parser = overrides::of_argument)]
    parameter_overrides: Vec<Overrides>,
    #[command(flatten)]
    config: ConfigArgs,
    /// The logical id of the WebSocket API, where a template has several.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub(crate) api: Option<String>,
    /// The name of the stage, where the API has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
    /// Take the functions' binaries as they are instead of building them.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// What the gateway is to do wrong.
    #[cfg(feature = "mutations")]
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) mutation: Option<gateway::Mutation>,
}

/// The stack that is meant.
pub(crate) struct Stack {
    /// Its template.
    pub(crate) input: Input,
    /// The values of parameters that the project's configuration has.
    configured: Parameters,
    /// Where that is.
    config: Option<PathBuf>,
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
    pub(crate) fn find(&self, app: Option<&AppArgs>) -> Result<Stack, Failure> {
        let config = self.config.read(project(&self.path))?;
        Ok(Stack {
            input: find(&self.path, app, &config)?,
            configured: config.parameters,
            config: config.file,
        })
    }

    /// Where the configuration of the project is, or would be.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.config.place(project(&self.path))
    }

    /// Whether parameters are given.
    pub(crate) fn has_parameters(&self) -> bool {
        self.all_parameters().next().is_some()
    }

    /// What the arguments, the configuration and the app say of the template.
    pub(crate) fn settle(&self, stack: &Stack, settings: &mut Settings) {
        settings.take(&stack.input);
        settings.configured.extend(stack.configured.iter().cloned());
        settings.parameters.extend(self.all_parameters().cloned());
        settings.api.clone_from(&self.api);
        settings.stage.clone_from(&self.stage);
    }

    fn all_parameters(&self) -> impl Iterator<Item = &(String, String)> {
        let overrides = self.parameter_overrides.iter().flat_map(|some| &some.0);
        overrides.chain(&self.parameters)
    }

    /// As `gatespec serve` takes them, without the path; for the template of `stack`, or for the
    /// same path.
    pub(crate) fn to_arguments(&self, stack: Option<&Stack>) -> Vec<String> {
        let config = stack.and_then(|stack| stack.config.as_deref());
        let mut arguments = self.config.to_arguments(config);
        for (name, value) in self.all_parameters() {
            arguments.extend(["--parameter".to_owned(), format!("{name}={value}")]);
        }
        for (option, value) in [("--api", &self.api), ("--stage", &self.stage)] {
            let value = value.iter();
            arguments.extend(value.flat_map(|value| [option.to_owned(), value.clone()]));
        }
        arguments
    }
}

/// The template at a path. In a folder, the configuration may say which.
fn find(path: &Path, app: Option<&AppArgs>, config: &Config) -> Result<Input, Failure> {
    let template = config.template.as_ref().filter(|_| path.is_dir());
    if let Some(template) = template {
        return Ok(Input::built_by_sam(path, template));
    }
    let stack = app.and_then(|app| app.stack.as_deref());
    Input::find(path, stack).map_err(|error| failure(error, app.is_some()))
}

/// The file that a person wrote, for commands that look at it without serving it: a mapping
/// template, or the template that is found.
pub(crate) fn written(path: &Path, app: &AppArgs) -> Result<PathBuf, Failure> {
    let config = match path.is_dir() {
        true => ConfigArgs::default().read(project(path))?,
        false => Config::default(),
    };
    let found = find(path, Some(app), &config)?;
    if matches!(found.dialect, Dialect::Cdk | Dialect::Serverless) {
        remark(&found);
    }
    Ok(found.written.unwrap_or(found.template))
}

/// The folder of the project that a path belongs to.
fn project(path: &Path) -> &Path {
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(Path::new("")),
    };
    match folder.ends_with(".aws-sam/build") {
        true => folder.ancestors().nth(2).unwrap_or(folder),
        false => folder,
    }
}

/// Says on standard error what a person should know.
pub(crate) fn remark(found: &Input) {
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
