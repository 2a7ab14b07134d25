//! The target `endpoint`: whatever is behind URLs, an emulator or a deployed stack.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, value_parser};
use conformance::case::Feature;
use conformance::runner::Options;
use conformance::sign::Credentials;
use conformance::target::endpoint::{Place, Target, deployed_as};
use conformance::{Case, Report};

use super::progress::progress;
use super::url;
use crate::Failure;

/// Nobody waits longer for an answer: a day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Where the target is, and what it has.
#[derive(Args)]
pub(crate) struct EndpointArgs {
    /// Where clients connect to on the target `endpoint`: the stack that is checked.
    #[arg(long, value_name = "WS_URL", value_parser = url::ws)]
    pub(super) ws: Option<String>,
    /// Where its `@connections` API is, with the stage.
    #[arg(long, value_name = "HTTP_URL", requires = "ws", value_parser = url::http)]
    pub(super) management: Option<String>,
    /// The target's name in the reports [default: endpoint, or aws].
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(super) name: Option<String>,
    /// A fixture that is deployed there; `NAME?PARAMETER=VALUE&…` for one with parameters. May be
    /// repeated. Cases on others are unsupported.
    #[arg(long, value_name = "NAME@WS_URL[,HTTP_URL]", value_parser = place)]
    pub(super) fixture: Vec<(String, Place)>,
    /// What the target has; cases that need more are unsupported [default:
    /// authorizer,templates,management,limits,two-way; on the target `aws` sockets, too].
    #[arg(long, value_delimiter = ',', value_parser = feature)]
    pub(super) features: Option<Vec<Feature>>,
    /// Sign the calls of the `@connections` API, as AWS wants it: with AWS_ACCESS_KEY_ID and its
    /// like, for AWS_REGION.
    #[arg(long)]
    pub(super) sign: bool,
    /// How many seconds an answer may take [default: 10, on the target `aws` 15].
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=DAY))]
    pub(super) patience: Option<u64>,
}

impl EndpointArgs {
    /// What the arguments say of a target, whichever it is.
    pub(super) fn change(&self, target: &mut Target) {
        if let Some(name) = &self.name {
            target.name.clone_from(name);
        }
        if let Some(features) = &self.features {
            target.features.clone_from(features);
        }
        if let Some(seconds) = self.patience {
            target.patience = Duration::from_secs(seconds);
        }
    }
}

/// Whether the arguments say where the target is.
pub(super) fn is_named(args: &EndpointArgs) -> bool {
    args.ws.is_some() || !args.fixture.is_empty()
}

/// Refuses what cannot be run, before anything is: nowhere to connect to, or two places for a
/// fixture.
pub(super) fn check(args: &EndpointArgs) -> Result<(), Failure> {
    let usage = |problem: String| Err(Failure::usage(problem));
    if !is_named(args) {
        return usage(
            "the target `endpoint` needs `--ws URL`, where the stack is, or `--fixture NAME@URL`"
                .to_owned(),
        );
    }
    let names = args.fixture.iter().map(|(name, _)| name);
    let mut sorted: Vec<&String> = names.collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => usage(format!("`--fixture` says twice where `{}` is", pair[0])),
        None => Ok(()),
    }
}

/// Refuses fixtures that no case runs on: misspelt, their cases would be unsupported, and nobody
/// would notice.
pub(super) fn check_names(args: &EndpointArgs, cases: &[Case]) -> Result<(), Failure> {
    let is_known = |name: &str| {
        let mut deployed = cases.iter().filter_map(deployed_as);
        deployed.any(|known| known == name)
    };
    match args.fixture.iter().find(|(name, _)| !is_known(name)) {
        Some((name, _)) => Err(Failure::usage(format!(
            "no case runs on the fixture `{name}`; parameters stand in the order of their names"
        ))),
        None => Ok(()),
    }
}

/// The target of the arguments.
pub(super) fn target(args: &EndpointArgs, options: Options) -> Result<Target, Failure> {
    let credentials = args.sign.then(Credentials::of_environment).transpose();
    let mut target = Target {
        stack: args.ws.clone().map(|ws| Place {
            ws,
            management: args.management.clone(),
        }),
        fixtures: args.fixture.iter().cloned().collect(),
        credentials: credentials.map_err(Failure::usage)?,
        options,
        ..Target::new("", None)
    };
    args.change(&mut target);
    Ok(target)
}

/// A target behind URLs, on all cases.
pub(super) async fn run(target: &Target, cases: &[Case]) -> Report {
    let progress = progress(&target.name, cases.len());
    let report = target.check(cases, || progress.inc(1)).await;
    progress.finish_and_clear();
    report
}

fn place(text: &str) -> Result<(String, Place), String> {
    let (name, urls) = text
        .split_once('@')
        .ok_or_else(|| format!("`{text}` must be NAME@WS_URL[,HTTP_URL]"))?;
    let (ws, management) = match urls.split_once(',') {
        Some((ws, management)) => (ws, Some(url::http(management)?)),
        None => (urls, None),
    };
    let place = Place {
        ws: url::ws(ws)?,
        management,
    };
    Ok((name.to_owned(), place))
}

/// A feature by its name, for the arguments.
pub(super) fn feature(name: &str) -> Result<Feature, String> {
    Feature::parse(name).ok_or_else(|| {
        let known: Vec<String> = Feature::ALL.iter().map(ToString::to_string).collect();
        format!("`{name}` is not a feature; there are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_is_named_with_its_parameters() {
        let (name, place) =
            place("connect?Connect=bare@ws://127.0.0.1:1/test,http://127.0.0.1:2/test").unwrap();
        assert_eq!(name, "connect?Connect=bare");
        assert_eq!(place.ws, "ws://127.0.0.1:1/test");
        assert_eq!(place.management.as_deref(), Some("http://127.0.0.1:2/test"));
        assert!(super::place("ws://x").unwrap_err().contains("NAME@WS_URL"));
        for wrong in ["probe@http://x", "probe@ws://x,ws://x"] {
            assert!(super::place(wrong).unwrap_err().contains("must begin"));
        }
    }

    #[test]
    fn help_says_what_is_taken_for_granted() {
        let taken = conformance::target::endpoint::FEATURES.map(|feature| feature.to_string());
        let mut command = EndpointArgs::augment_args(clap::Command::new("check"));
        let help = command.render_long_help().to_string();
        assert!(
            help.contains(&format!("[default: {};", taken.join(","))),
            "{help}"
        );
    }

    #[test]
    fn features_are_those_of_cases() {
        for feature in Feature::ALL {
            assert_eq!(super::feature(&feature.to_string()), Ok(feature));
        }
        assert!(feature("magic").unwrap_err().contains("authorizer, "));
    }
}
