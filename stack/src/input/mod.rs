//! What was given: a file or a folder, and the template in it that can be served. A file per
//! dialect knows where its tool leaves templates.
//!
//! In a folder the first of these is served:
//!
//! 1. `template.yaml`, `template.yml` or `template.json`; `.aws-sam/build/template.yaml` in its
//!    place if that is not older;
//! 2. `cdk.out`, or the folder that `cdk.json` names as `output`;
//! 3. `.serverless/cloudformation-template-update-stack.json`.
//!
//! A file without `Resources` is no template: it does not hide the ones after it.

pub(crate) mod cdk;
pub(crate) mod error;
mod plain;
mod sam;
pub(crate) mod serverless;
mod unmade;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use error::InputError;

/// A template to serve, and what is known of where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The template.
    pub template: PathBuf,
    /// The template that a person wrote, where `template` was made from another one.
    pub written: Option<PathBuf>,
    /// Whose output it is.
    pub dialect: Dialect,
    /// The served stack of a CDK app, if `template` is one of its stacks.
    pub stack: Option<StackTemplate>,
    /// All stacks of a CDK app, those of its stages too, in the order of its manifests; the served
    /// one is among them. None of another dialect.
    pub stacks: Vec<StackTemplate>,
    /// What a person should know, a sentence each: that a build is due, or what else was found.
    pub remarks: Vec<String>,
}

/// Who made a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// A person, in CloudFormation's own language.
    Plain,
    /// A person, for SAM to transform.
    Sam,
    /// `sam build`.
    SamBuild,
    /// `cdk synth`, or a CDK app by itself.
    Cdk,
    /// `serverless package`.
    Serverless,
}

/// A stack of a CDK app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackTemplate {
    /// `AWS::StackName`: what `Fn::GetStackOutput` calls it.
    pub name: String,
    /// Its name in the app, with that of its stage: `Prod/Chat`, as `cdk list` prints it.
    pub id: String,
    /// Its template.
    pub template: PathBuf,
    /// The `cdk.Stage` that it belongs to, if any: the name of its assembly.
    pub parent: Option<String>,
    /// The region that it is for; `None` if it is for any.
    pub region: Option<String>,
    /// The account that it is for; `None` if it is for any.
    pub account: Option<String>,
}

/// The folder in which every dialect looks first.
const HERE: &str = ".";

impl Input {
    /// Finds what can be served at `path`, a file or a folder. `stack` names one of several stacks:
    /// by its id, its name or its logical id in the app.
    ///
    /// A path at which nothing is known counts as a template, which reading it will judge.
    ///
    /// # Errors
    /// Nothing there can be served, or it is not clear what.
    pub fn find(path: &Path, stack: Option<&str>) -> Result<Self, InputError> {
        let found = match path.is_dir() {
            true => in_folder(path, stack)?,
            false => at_file(path, stack)?,
        };
        match stack {
            Some(name) if found.stacks.is_empty() => Err(InputError::NotAnApp {
                name: name.to_owned(),
                template: found.template,
            }),
            _ => Ok(found),
        }
    }

    fn new(template: PathBuf, dialect: Dialect) -> Self {
        Self {
            template,
            written: None,
            dialect,
            stack: None,
            stacks: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

fn in_folder(folder: &Path, stack: Option<&str>) -> Result<Input, InputError> {
    if let Some(app) = cdk::open(folder)? {
        return app.choose(stack);
    }
    if let Some(found) = serverless::packaged(folder) {
        return Ok(found);
    }
    let output = cdk::output(folder);
    let app = cdk::open(&output)?;
    let package = serverless::packaged(&join(folder, serverless::FOLDER));
    // The name of a stack is asked for: a template has none.
    let template = match (stack, &app) {
        (Some(_), Some(_)) => None,
        _ => plain::template(folder).map(sam::built),
    };
    let mut others = Vec::new();
    let mut found = match (template, app, package) {
        (Some(found), app, package) => {
            others.extend(app.map(|_| output));
            others.extend(package.map(|package| package.template));
            found
        }
        (None, Some(app), package) => {
            others.extend(package.map(|package| package.template));
            app.choose(stack)?
        }
        (None, None, Some(package)) => package,
        (None, None, None) => return unmade::explain(folder),
    };
    for other in others {
        let other = other.display();
        found.remarks.push(format!(
            "`{other}` is there, too: it is served where it is named"
        ));
    }
    found.remarks.extend(unmade::is_due(folder, &found));
    Ok(found)
}

fn at_file(file: &Path, stack: Option<&str>) -> Result<Input, InputError> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new(HERE),
    };
    if unmade::is_source(file) {
        // What it makes may be there already.
        return in_folder(folder, stack);
    }
    if let Some(app) = cdk::around(folder)? {
        return match file.file_name() {
            Some(name) if name == cdk::MANIFEST => app.choose(stack),
            _ => Ok(app.template(file)),
        };
    }
    if let Some(mut found) = serverless::packaged(folder) {
        found.template = file.to_owned();
        return Ok(found);
    }
    Ok(sam::named(file))
}

/// The path of a file in a folder, without a leading `./`.
fn join(folder: &Path, name: &str) -> PathBuf {
    match folder == Path::new(HERE) || folder == Path::new("") {
        true => PathBuf::from(name),
        false => folder.join(name),
    }
}

/// When a file was written, if it is there.
fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = self.template.display();
        match (self.dialect, &self.stack, &self.written) {
            (Dialect::Plain, ..) => write!(f, "{template}, a template of CloudFormation"),
            (Dialect::Sam, ..) => write!(f, "{template}, a template of SAM"),
            (Dialect::SamBuild, _, Some(written)) => {
                write!(f, "{template}, built by SAM from {}", written.display())
            }
            (Dialect::SamBuild, ..) => write!(f, "{template}, built by SAM"),
            (Dialect::Cdk, Some(stack), _) => {
                write!(f, "{template}, the stack `{}` of a CDK app", stack.id)
            }
            (Dialect::Cdk, None, _) => write!(f, "{template}, of a CDK app"),
            (Dialect::Serverless, ..) => write!(f, "{template}, packaged by serverless"),
        }
    }
}
