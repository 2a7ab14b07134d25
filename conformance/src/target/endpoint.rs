//! The target `endpoint`: whatever is behind URLs, an emulator or a deployed stack.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use super::wire::{Endpoint, WireSession};
use crate::case::{Case, Feature};
use crate::runner::{self, Options};
use crate::sign::Credentials;
use crate::verdict::{Outcome, Report, Verdict};

/// A target behind URLs, and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in reports.
    pub name: String,
    /// Where the stack is that the cases without a fixture run on.
    pub stack: Option<Place>,
    /// Where fixtures are, by name: `probe`, or `connect?Connect=bare` for one with parameters.
    pub fixtures: BTreeMap<String, Place>,
    /// What it has; cases that need more are unsupported.
    pub features: Vec<Feature>,
    /// How long an answer may take.
    pub patience: Duration,
    /// Who signs calls of the `@connections` API; nobody, if the target takes unsigned calls.
    pub credentials: Option<Credentials>,
    /// How cases are run there.
    pub options: Options,
}

/// Where a stack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `ws://…` or `wss://…`, with the stage.
    pub ws: String,
    /// `http://…`, with the stage.
    pub management: Option<String>,
}

/// What is taken for granted of a target: nothing that needs a hand inside.
pub const FEATURES: [Feature; 5] = [
    Feature::Authorizer,
    Feature::Templates,
    Feature::Management,
    Feature::Limits,
    Feature::TwoWay,
];

impl Target {
    /// A target with a stack at `ws`, and the features that are taken for granted.
    pub fn new(ws: impl Into<String>, management: Option<String>) -> Self {
        Self {
            name: "endpoint".to_owned(),
            stack: Some(Place {
                ws: ws.into(),
                management,
            }),
            fixtures: BTreeMap::new(),
            features: FEATURES.to_vec(),
            patience: Duration::from_secs(10),
            credentials: None,
            options: Options::default(),
        }
    }

    /// Runs a case. On a stack that is not there it is unsupported.
    pub async fn run(&self, case: &Case) -> Outcome {
        let (place, missing) = match deployed_as(case) {
            None => (self.stack.as_ref(), "the stack".to_owned()),
            Some(name) => (self.fixtures.get(&name), format!("the fixture `{name}`")),
        };
        let Some(place) = place else {
            let detail = format!("{missing} is not deployed there");
            return Outcome::without_a_run(case, Verdict::Unsupported, detail);
        };
        let run = async |chance| {
            let mut session = WireSession::new(Endpoint {
                ws_url: place.ws.clone(),
                management_url: place.management.clone(),
                table: None,
                patience: self.patience,
                credentials: self.credentials.clone(),
            });
            let outcome = runner::run_with(case, &mut session, &self.features, chance);
            Ok::<_, Infallible>(outcome.await)
        };
        let Ok(outcome) = self.options.repeated(run).await;
        outcome
    }

    /// Runs cases, each with connections of its own, and calls `ran` after each.
    /// [`gatespec_conformance::check`](crate::check) runs the kit's own.
    pub async fn check(&self, cases: &[Case], ran: impl Fn()) -> Report {
        let run = async |case| {
            let outcome = self.run(case).await;
            ran();
            Ok::<_, Infallible>(outcome)
        };
        let Ok(outcomes) = self.options.all(cases, run).await;
        Report {
            target: self.name.clone(),
            outcomes,
        }
    }
}

/// The fixture that a case runs on, with its parameters: `connect?Connect=bare`.
pub fn deployed_as(case: &Case) -> Option<String> {
    let mut name = case.fixture.clone()?;
    for (index, (parameter, value)) in case.parameters.iter().enumerate() {
        name.push(if index == 0 { '?' } else { '&' });
        name.push_str(&format!("{parameter}={value}"));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_is_named_with_its_parameters() {
        let case = |more: &str| {
            let text = format!(
                "[[case]]\nid = \"a/b\"\nwhy = \"c\"\nrequirements = [\"ROUTE-1\"]\n{more}\nsteps = [{{ do = \"observe\" }}]\n"
            );
            crate::case::parse("x", None, &text).unwrap().remove(0)
        };
        assert_eq!(deployed_as(&case("")), None);
        assert_eq!(
            deployed_as(&case("fixture = \"probe\"")).as_deref(),
            Some("probe")
        );
        let with = case("fixture = \"connect\"\nparameters = { B = \"2\", A = \"1\" }");
        assert_eq!(deployed_as(&with).as_deref(), Some("connect?A=1&B=2"));
    }
}
