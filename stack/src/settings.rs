//! What a template leaves open.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::input::{Input, StackTemplate};
use crate::variables::Variables;

/// The values that are given by name. One that cannot be evaluated is its error.
pub(crate) type Given = BTreeMap<String, Result<String, Error>>;

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
    /// Values of parameters that a project's configuration has, instead of their defaults. Those of
    /// other templates are among them: a name that the template does not have is none of its
    /// business.
    pub configured: BTreeMap<String, String>,
    /// Values for functions' variables, instead of those of the template.
    pub variables: Variables,
    /// Where VPC links lead, by their id or the logical id of their resource: `http://` or
    /// `https://` addresses, which take the place of scheme and host of an `IntegrationUri`.
    pub vpc_links: BTreeMap<String, String>,
    /// The stacks of the app that the template belongs to, its own among them; none if it is not of
    /// a CDK app.
    pub stacks: Vec<StackTemplate>,
    /// The logical id of the API to serve, where there are several.
    pub api: Option<String>,
    /// The name of the stage to serve, where there are several.
    pub stage: Option<String>,
}

impl Settings {
    /// The values of parameters that are given, wherever: one that is given here counts more than
    /// one that the configuration has.
    pub(crate) fn given(&self) -> Given {
        let given = self.configured.iter().chain(&self.parameters);
        let given = given.map(|(name, value)| (name.clone(), Ok(value.clone())));
        given.collect()
    }

    /// What the app says of the stack that was found: its name, its environment, its siblings.
    pub fn take(&mut self, input: &Input) {
        self.stacks.clone_from(&input.stacks);
        let Some(stack) = &input.stack else {
            return;
        };
        self.stack_name.clone_from(&stack.name);
        if let Some(region) = &stack.region {
            self.region.clone_from(region);
        }
        if let Some(account) = &stack.account {
            self.account_id.clone_from(account);
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            partition: "aws".to_owned(),
            stack_name: "gatespec".to_owned(),
            parameters: BTreeMap::new(),
            configured: BTreeMap::new(),
            variables: Variables::default(),
            vpc_links: BTreeMap::new(),
            stacks: Vec::new(),
            api: None,
            stage: None,
        }
    }
}
