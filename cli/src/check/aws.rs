//! The target `aws`: a deployed stack, by its name.

use clap::Args;
use conformance::runner::Options;
use conformance::{Case, Report};

use super::endpoint::EndpointArgs;
use crate::Failure;

/// Which stack.
#[derive(Args)]
pub(crate) struct AwsArgs {
    /// The deployed stack that the target `aws` is: its address is read from its outputs, and where
    /// fixtures are from theirs (docs/aws.md). Needs a build with `--features live`.
    #[arg(long = "stack", value_name = "NAME", conflicts_with_all = ["ws", "fixture"])]
    pub(super) deployed: Option<String>,
}

/// Refuses what cannot be run, before anything is: no stack, or a program that cannot find one.
pub(super) fn check(args: &AwsArgs) -> Result<(), Failure> {
    let problem = match &args.deployed {
        None => "the target `aws` needs `--stack NAME`, the name of a deployed stack".to_owned(),
        Some(_) if cfg!(feature = "live") => return Ok(()),
        Some(stack) => format!(
            "this program was built without AWS's SDK, which finds the stack `{stack}`: build it \
             with the feature `live`, as in `cargo run --features live -- check --stack {stack}`"
        ),
    };
    Err(Failure::usage(problem))
}

/// The target, case after case.
#[cfg(feature = "live")]
pub(super) async fn run(
    cases: &[Case],
    args: &AwsArgs,
    endpoint: &EndpointArgs,
    options: Options,
) -> Result<Report, Failure> {
    let account = conformance::target::aws::Account::of_environment().await;
    let stack = args.deployed.as_deref().unwrap_or_default();
    let found = account.target(stack).await;
    let mut target = found.map_err(Failure::could_not_run)?;
    endpoint.change(&mut target);
    target.options = options;
    Ok(super::endpoint::run(&target, cases).await)
}

/// Nothing: [`check`] has refused it.
#[cfg(not(feature = "live"))]
pub(super) async fn run(
    _: &[Case],
    args: &AwsArgs,
    _: &EndpointArgs,
    _: Options,
) -> Result<Report, Failure> {
    check(args)?;
    Err(Failure::usage("this program was built without AWS's SDK"))
}
