//! What a template leaves open.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::variables::Variables;

/// What a template leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// Values of parameters by name, instead of their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Values for functions' variables, instead of those of the template.
    pub variables: Variables,
    /// The stacks of the app that the template belongs to, its own among them; none if it is not of
    /// a CDK app.
    pub stacks: Vec<StackTemplate>,
    /// The logical id of the API to serve, where there are several.
    pub api: Option<String>,
    /// The name of the stage to serve, where there are several.
    pub stage: Option<String>,
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            partition: "aws".to_owned(),
            stack_name: "gatespec".to_owned(),
            parameters: BTreeMap::new(),
            variables: Variables::default(),
            stacks: Vec::new(),
            api: None,
            stage: None,
        }
    }
}
