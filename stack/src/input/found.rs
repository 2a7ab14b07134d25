//! What was found: a template, and what is known of where it comes from.

use std::fmt;
use std::path::PathBuf;

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

impl Input {
    pub(super) fn new(template: PathBuf, dialect: Dialect) -> Self {
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
