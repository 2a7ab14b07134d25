//! Runs cases on the target `spec`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use spec::signature::{Access, Signatures};
use stack::{Assembly, Settings};

use super::TargetError;
use super::functions::Function;
use super::spec::{FEATURES, Player, SpecSession};
use crate::case::Case;
use crate::fixture::{self, BACKEND_PARAMETER, Fixture};
use crate::runner::{self, Options};
use crate::sign;
use crate::verdict::{Outcome, Report};

/// The specification in process. Every case gets a fresh gateway.
#[derive(Clone, Copy)]
pub struct Specification<'a> {
    /// What the cases without a fixture run on. Its functions are the pattern's.
    pub stack: &'a Assembly,
    /// What the other cases run on.
    pub fixtures: &'a [Fixture],
    /// How cases are run.
    pub options: Options,
}

/// The HTTP backend that the kit plays.
const PLAYED_BACKEND: &str = "http://backend.example";

/// What a case runs on.
struct Setup {
    stack: Assembly,
    /// Who plays the stack's functions, by ARN.
    players: HashMap<String, Player>,
    access: Option<Access>,
}

impl Specification<'_> {
    /// Runs cases, and calls `ran` after each.
    ///
    /// # Errors
    /// A template that cannot be served.
    pub async fn check(&self, cases: &[Case], ran: impl Fn()) -> Result<Report, TargetError> {
        let run = async |case| {
            let outcome = self.run(case).await;
            ran();
            outcome
        };
        Ok(Report {
            target: "spec".to_owned(),
            outcomes: self.options.all(cases, run).await?,
        })
    }

    async fn run(&self, case: &Case) -> Result<Outcome, TargetError> {
        let setup = match fixture::of_case(case, self.fixtures) {
            Some(fixture) => of_fixture(fixture, case)?,
            None => self.of_pattern(),
        };
        let run = async |chance| {
            let api = Arc::clone(setup.stack.api());
            let mut session = SpecSession::new(api, setup.players.clone());
            if let Some(access) = setup.access.clone() {
                session = session.with_access(access);
            }
            Ok(runner::run_with(case, &mut session, &FEATURES, chance).await)
        };
        self.options.repeated(run).await
    }

    /// The pattern's stack, whose functions are known by their binaries.
    fn of_pattern(&self) -> Setup {
        let functions = self.stack.functions().iter();
        let players = functions.filter_map(|function| {
            let played = Function::of_binary(function.code.binary.as_deref()?)?;
            Some((function.arn.clone(), Player::Pattern(played)))
        });
        Setup {
            players: players.collect(),
            stack: self.stack.clone(),
            access: None,
        }
    }
}

/// A fixture's stack with the parameters of a case. The probe is all of its functions.
fn of_fixture(fixture: &Fixture, case: &Case) -> Result<Setup, TargetError> {
    let mut settings = Settings::default();
    settings.parameters.extend(case.parameters.clone());
    if fixture.wants_backend() {
        let url = PLAYED_BACKEND.to_owned();
        settings
            .parameters
            .insert(BACKEND_PARAMETER.to_owned(), url);
    }
    let stack = Assembly::parse(&fixture.name, &fixture.template, Path::new(""), &settings)
        .map_err(TargetError::Template)?;
    let functions = stack.functions().iter();
    let players = functions.map(|function| (function.arn.clone(), Player::Probe));
    Ok(Setup {
        players: players.collect(),
        access: fixture.is_signed().then(|| Access {
            callers: sign::callers(stack.api()),
            management: Signatures::Required,
        }),
        stack,
    })
}
