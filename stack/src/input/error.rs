//! Why nothing can be served of what was given.

use std::path::PathBuf;

use super::found::StackTemplate;

/// Why nothing can be served of what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A folder without anything that is known.
    #[error(
        "there is nothing to serve in `{}`: no `template.yaml`, `template.yml` or `template.json`, \
         no `cdk.out`, no `.serverless`; {}",
        folder.display(),
        elsewhere(near)
    )]
    Nothing {
        /// The folder.
        folder: PathBuf,
        /// The nearest templates, or their sources, below it; else the nearest one above.
        near: Vec<PathBuf>,
    },
    /// Something that a tool makes templates from, and has not yet.
    #[error(
        "`{}` is the source of {what}, which makes the template: run `{command}` in `{}`, then \
         serve `{}`",
        source_file.display(), folder.display(), made.display()
    )]
    NotMade {
        /// The source.
        source_file: PathBuf,
        /// Whose source: `a CDK app`.
        what: &'static str,
        /// The command that makes the template.
        command: &'static str,
        /// Where to run it.
        folder: PathBuf,
        /// What it makes.
        made: PathBuf,
    },
    /// Terraform's configuration.
    #[error(
        "`{}` is Terraform's, which makes no template of CloudFormation: its API can be served from \
         a template that says the same",
        file.display()
    )]
    Terraform {
        /// One of its files.
        file: PathBuf,
    },
    /// A manifest of the CDK that cannot be read.
    #[error("`{}` cannot be read as the manifest of a CDK app: {problem}", manifest.display())]
    Manifest {
        /// The manifest.
        manifest: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A stack is named, but there is only a template.
    #[error(
        "`--stack {name}` names a stack of a CDK app, but `{}` is none", template.display()
    )]
    NotAnApp {
        /// The name that was asked for.
        name: String,
        /// What there is.
        template: PathBuf,
    },
    /// There is no stack of this name.
    #[error("the app has no stack `{name}`: its stacks are {}", list(stacks))]
    NoSuchStack {
        /// The name that was asked for.
        name: String,
        /// The stacks that there are.
        stacks: Vec<StackTemplate>,
    },
    /// Several stacks could be meant.
    #[error("the app has several stacks that could be meant: {}", list(stacks))]
    SeveralStacks {
        /// Those that could be meant.
        stacks: Vec<StackTemplate>,
    },
    /// No stack has an API.
    #[error(
        "no stack of the app has a WebSocket API: its stacks are {}",
        list(stacks)
    )]
    NoApi {
        /// The stacks that there are.
        stacks: Vec<StackTemplate>,
    },
}

/// What to do about an empty folder.
fn elsewhere(near: &[PathBuf]) -> String {
    match near {
        [] => "name a template, or the folder of one".to_owned(),
        _ => {
            let near: Vec<_> = near.iter().map(|path| path.display().to_string()).collect();
            format!(
                "name another folder or file: there is `{}`",
                near.join("`, `")
            )
        }
    }
}

fn list(stacks: &[StackTemplate]) -> String {
    let named = |stack: &StackTemplate| format!("`{}` ({})", stack.id, stack.template.display());
    match stacks {
        [] => "none".to_owned(),
        _ => stacks.iter().map(named).collect::<Vec<_>>().join(", "),
    }
}
