//! How functions are built and run, as `serve` and `invoke` are told.

use clap::Args;
use gateway::Options;

use super::values::{self, EnvVars};
use crate::interpreters::InterpreterArgs;

/// How functions are built and run.
#[derive(Args)]
pub(crate) struct FunctionArgs {
    /// Use the release profile of functions that cargo builds, whether they are built or taken as
    /// they are.
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    pub(crate) interpreters: InterpreterArgs,
    /// Values for variables that functions declare, in place of the template's: a JSON file in the
    /// form of SAM's, `{"MyFunction": {"NAME": "value"}, "Parameters": {"NAME": "for all"}}`.
    #[arg(long, value_name = "FILE", value_parser = EnvVars::read)]
    pub(super) env_vars: Option<EnvVars>,
    /// Where functions find a service that the gateway does not have, such as
    /// `sqs=http://127.0.0.1:4566`; may be repeated. So do `AWS_ENDPOINT_URL_*` of the environment.
    #[arg(long, value_name = "SERVICE=URL", value_parser = values::endpoint)]
    endpoint: Vec<(String, String)>,
}

impl FunctionArgs {
    /// As the gateway takes them.
    pub(crate) fn settle(&self, options: &mut Options) {
        options.build.release = self.release;
        if let Some(EnvVars { variables, .. }) = &self.env_vars {
            options.settings.variables.clone_from(variables);
        }
        options.interpreters = self.interpreters.interpreters();
        for (service, url) in &self.endpoint {
            for variable in gateway::endpoint_variables(service) {
                match &*variable {
                    "DYNAMODB" => options.dynamodb_url = Some(url.clone()),
                    _ => drop(options.endpoints.insert(variable, url.clone())),
                }
            }
        }
    }
}
