//! Which arguments go together: one that nothing would look at is refused, not left aside.

use super::{CheckArgs, Target, aws, endpoint};
use crate::Failure;

/// Refuses arguments that contradict each other or the targets, before anything is read.
pub(super) fn check(args: &CheckArgs, targets: &[Target]) -> Result<(), Failure> {
    let problem = nobodys(args, targets)
        .or_else(|| same_names(args, targets))
        .or_else(|| several(args, targets));
    if let Some(problem) = problem {
        return Err(Failure::usage(problem));
    }
    if targets.contains(&Target::Endpoint) {
        endpoint::check(&args.endpoint)?;
    }
    if targets.contains(&Target::Aws) {
        aws::check(&args.aws)?;
    }
    Ok(())
}

/// What is wrong with an argument that says something of a target that is not checked.
fn nobodys(args: &CheckArgs, targets: &[Target]) -> Option<String> {
    use Target::{Aws, Endpoint, Local, Spec};
    let there = &args.endpoint;
    let interpreters = &args.interpreters;
    let uses: [(&str, bool, &[Target]); 15] = [
        ("--parameter", args.stack.has_parameters(), &[Spec, Local]),
        ("--api", args.stack.api.is_some(), &[Spec, Local]),
        ("--stage", args.stack.stage.is_some(), &[Spec, Local]),
        ("--node", interpreters.node.is_some(), &[Local]),
        ("--python", interpreters.python.is_some(), &[Local]),
        ("--runtime", interpreters.has_commands(), &[Local]),
        ("--no-build", args.stack.no_build, &[Spec, Local]),
        ("--stack", args.aws.deployed.is_some(), &[Aws]),
        ("--ws", there.ws.is_some(), &[Endpoint]),
        ("--fixture", !there.fixture.is_empty(), &[Endpoint]),
        // AWS's calls are always signed.
        ("--sign", there.sign, &[Endpoint]),
        ("--name", there.name.is_some(), &[Endpoint, Aws]),
        ("--features", there.features.is_some(), &[Endpoint, Aws]),
        ("--patience", there.patience.is_some(), &[Endpoint, Aws]),
        ("--management", there.management.is_some(), &[Endpoint]),
    ];
    let (argument, _, its) = uses
        .into_iter()
        .find(|(_, is_given, its)| *is_given && !its.iter().any(|one| targets.contains(one)))?;
    Some(format!(
        "`{argument}` is for the target {}, and what is checked is {}: leave it out, or change \
         `--target`",
        names(its, " or "),
        names(targets, " and ")
    ))
}

/// What is wrong with targets that a report could not tell apart.
fn same_names(args: &CheckArgs, targets: &[Target]) -> Option<String> {
    let name = |target: &Target| match &args.endpoint.name {
        Some(name) if target.is_deployed() => name.clone(),
        _ => target.name().to_owned(),
    };
    for (index, target) in targets.iter().enumerate() {
        let before = &targets[..index];
        if before.contains(target) {
            return Some(format!(
                "the target `{}` is there twice in `--target`",
                target.name()
            ));
        }
        if before.iter().any(|other| name(other) == name(target)) {
            return Some(format!(
                "two targets are called `{}`: give another `--name`",
                name(target)
            ));
        }
    }
    None
}

/// What is wrong with one file for several targets.
fn several(args: &CheckArgs, targets: &[Target]) -> Option<String> {
    let problem = match targets {
        [_] => return None,
        _ if args.expectations.bless.is_some() => "`--bless` writes what is known of one target",
        _ if args.record.is_some() => "`--record` writes what one target answered",
        _ => return None,
    };
    Some(format!("{problem}: give one `--target`"))
}

fn names(targets: &[Target], between: &str) -> String {
    let names: Vec<String> = targets
        .iter()
        .map(|target| format!("`{}`", target.name()))
        .collect();
    names.join(between)
}
