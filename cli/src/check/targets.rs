//! The targets of `gatespec check`: which cases run where, on which stack.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use conformance::case::Feature;
use conformance::fixture::{BACKEND_PARAMETER, Fixture, PROBE_FOLDER};
use conformance::probe::backend::Backend;
use conformance::runner::{self, Options};
use conformance::target::functions::Function;
use conformance::target::local::{self, LocalGateway};
use conformance::target::spec::{self as spec_target, Player, SpecSession};
use conformance::target::wire::WireSession;
use conformance::{Case, Outcome, Report, Verdict, sign};
use indicatif::{ProgressBar, ProgressStyle};
use spec::signature::{Access, Signatures};
use stack::{Assembly, Settings};
use tokio::sync::OnceCell;

use super::files::could_not_write;
use crate::{Failure, StackArgs, eprint};

/// The HTTP backend that the target `spec` plays.
const PLAYED_BACKEND: &str = "http://backend.example";
/// Where the fixtures' templates go.
const FIXTURES: &str = "fixtures";
/// Where the local gateway's own words go.
const LOG: &str = "local.log";

/// The specification, in process; every case gets a fresh gateway.
pub(super) async fn spec(
    cases: &[Case],
    stack: &Assembly,
    fixtures: &[Fixture],
    options: Options,
) -> Result<Report, Failure> {
    let pattern: HashMap<String, Player> = stack
        .functions()
        .iter()
        .filter_map(|function| {
            let played = Function::of_binary(function.code.binary.as_deref()?)?;
            Some((function.arn.clone(), Player::Pattern(played)))
        })
        .collect();
    let progress = progress("spec", cases.len());
    let run = async |case| {
        let (api, players) = match of_case(case, fixtures) {
            Some(fixture) => {
                let stack = parse(fixture, case)?;
                let probes = stack.functions().iter();
                let probes = probes.map(|function| (function.arn.clone(), Player::Probe));
                (Arc::clone(stack.api()), probes.collect())
            }
            None => (Arc::clone(stack.api()), pattern.clone()),
        };
        let access = of_case(case, fixtures)
            .filter(|fixture| fixture.is_signed())
            .map(|_| Access {
                callers: sign::callers(&api),
                management: Signatures::Required,
            });
        let outcome = options.repeated(async |chance| {
            let mut session = SpecSession::new(Arc::clone(&api), players.clone());
            if let Some(access) = access.clone() {
                session = session.with_access(access);
            }
            Ok(runner::run_with(case, &mut session, &spec_target::FEATURES, chance).await)
        });
        let outcome = outcome.await?;
        progress.inc(1);
        Ok::<_, Failure>(outcome)
    };
    let outcomes = options.all(cases, run).await?;
    progress.finish_and_clear();
    Ok(Report {
        target: "spec".to_owned(),
        outcomes,
    })
}

/// The fixture that a case runs on, if it is not the stack that is checked.
fn of_case<'a>(case: &Case, fixtures: &'a [Fixture]) -> Option<&'a Fixture> {
    let name = case.fixture.as_ref()?;
    fixtures.iter().find(|fixture| fixture.name == *name)
}

/// A fixture's stack, with the parameters of a case.
fn parse(fixture: &Fixture, case: &Case) -> Result<Assembly, Failure> {
    let mut settings = Settings::default();
    settings.parameters.extend(case.parameters.clone());
    if fixture.wants_backend() {
        let url = PLAYED_BACKEND.to_owned();
        settings
            .parameters
            .insert(BACKEND_PARAMETER.to_owned(), url);
    }
    Assembly::parse(&fixture.name, &fixture.template, Path::new(""), &settings)
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// The local gateway, as processes: one for the stack, one for each fixture with its parameters, one for each case in which time is made to
/// pass: it begins when every such case does, and no other case's connections feel it. Every case gets fresh connections.
pub(super) async fn local(
    cases: &[Case],
    stack: &StackArgs,
    fixtures: &[Fixture],
    folder: &Path,
    options: Options,
) -> Result<Report, Failure> {
    let launch = Launch {
        folder,
        log: log_file(folder)?,
        #[cfg(feature = "mutations")]
        mutation: mutation(stack),
    };
    let fixtures_folder = folder.join(FIXTURES);
    write_probe(&fixtures_folder.join(PROBE_FOLDER))
        .map_err(|error| could_not_write(&fixtures_folder, &error))?;
    let mut arguments = vec![stack.template.display().to_string()];
    arguments.extend(parameters(
        stack.parameters.iter().map(|(name, value)| (name, value)),
    ));
    let clock = local::CLOCK.map(str::to_owned);
    // One for all cases on a stack; an own one where a case changes what the others would see.
    let is_own = |case: &Case| {
        let fixture = of_case(case, fixtures);
        case.features.contains(&Feature::Clock) || fixture.is_some_and(|fixture| fixture.wears_out)
    };
    let key = |case: &Case| (case.fixture.clone(), case.parameters.clone());
    let shared: BTreeMap<_, OnceCell<Served>> = cases
        .iter()
        .filter(|case| !is_own(case))
        .map(|case| (key(case), OnceCell::new()))
        .collect();
    let serve = async |case: &Case| {
        let clock: &[String] = if case.features.contains(&Feature::Clock) {
            &clock
        } else {
            &[]
        };
        match of_case(case, fixtures) {
            Some(fixture) => launch.fixture(fixture, case, clock).await,
            None => launch.stack(&[&*arguments, clock].concat()).await,
        }
    };
    let progress = progress("local", cases.len());
    let run = async |case| {
        let outcome = options.repeated(async |chance| {
            let mut own = None;
            let served = match shared.get(&key(case)) {
                Some(served) if !is_own(case) => {
                    served.get_or_try_init(async || serve(case).await).await?
                }
                _ => own.insert(serve(case).await?),
            };
            let gateway = &served.gateway;
            let mut session =
                WireSession::with_clock(gateway.endpoint.clone(), gateway.clock.clone());
            let outcome = runner::run_with(case, &mut session, &local::FEATURES, chance).await;
            if let Some(own) = own {
                own.stop().await?;
            }
            Ok(outcome)
        });
        let outcome = match outcome.await {
            // One fixture that does not start is no reason to lose what all the others showed.
            Err(Failure::CouldNotRun(problem)) if case.fixture.is_some() => {
                Outcome::without_a_run(case, Verdict::Error, problem)
            }
            outcome => outcome?,
        };
        progress.inc(1);
        Ok::<_, Failure>(outcome)
    };
    let outcomes = options.all(cases, run).await?;
    progress.finish_and_clear();
    for served in shared.into_values().filter_map(OnceCell::into_inner) {
        served.stop().await?;
    }
    Ok(Report {
        target: "local".to_owned(),
        outcomes,
    })
}

/// A gateway that serves a stack, and the backend that the stack's integrations call.
struct Served {
    gateway: LocalGateway,
    _backend: Option<Backend>,
}

impl Served {
    async fn stop(self) -> Result<(), Failure> {
        self.gateway.stop().await.map_err(could_not)
    }
}

/// How gateways are started.
struct Launch<'a> {
    /// For fixtures and logs.
    folder: &'a Path,
    log: File,
    /// The arguments that make a gateway wrong on purpose.
    #[cfg(feature = "mutations")]
    mutation: Vec<String>,
}

impl Launch<'_> {
    /// The stack that is checked, with the arguments that name it.
    async fn stack(&self, arguments: &[String]) -> Result<Served, Failure> {
        Ok(Served {
            gateway: self.gateway(arguments).await?,
            _backend: None,
        })
    }

    /// A fixture, with the parameters of a case and `more` arguments.
    async fn fixture(
        &self,
        fixture: &Fixture,
        case: &Case,
        more: &[String],
    ) -> Result<Served, Failure> {
        let folder = self.folder.join(FIXTURES);
        let path = folder.join(format!("{}.yaml", fixture.name));
        write_whole(&path, &fixture.template).map_err(|error| could_not_write(&folder, &error))?;
        let mut arguments = vec![path.display().to_string()];
        arguments.extend(parameters(&case.parameters));
        arguments.extend_from_slice(more);
        if fixture.is_signed() {
            let files = sign::credentials();
            for (name, text) in &files {
                write_whole(&folder.join(name), text)
                    .map_err(|error| could_not_write(&folder, &error))?;
            }
            arguments.push("--require-signatures".to_owned());
            if let Some((name, _)) = files.first() {
                let path = folder.join(name).display().to_string();
                arguments.extend(["--credentials".to_owned(), path]);
            }
        }
        let backend = if fixture.wants_backend() {
            let backend = Backend::start().await.map_err(could_not)?;
            let parameter = (&BACKEND_PARAMETER.to_owned(), &backend.url());
            arguments.extend(parameters([parameter]));
            Some(backend)
        } else {
            None
        };
        let gateway = self.gateway(&arguments).await?;
        if let Some(backend) = &backend {
            backend.reports_through(&gateway.ready.management);
        }
        Ok(Served {
            gateway,
            _backend: backend,
        })
    }

    /// Starts `gatespec serve` with `arguments`.
    async fn gateway(&self, arguments: &[String]) -> Result<LocalGateway, Failure> {
        #[cfg(feature = "mutations")]
        let arguments = &[arguments, &self.mutation].concat();
        let program = std::env::current_exe().map_err(|error| could_not(error.to_string()))?;
        let log = self.log.try_clone();
        let log = log.map_err(|error| could_not(error.to_string()))?;
        LocalGateway::start(&program, arguments, Stdio::from(log))
            .await
            .map_err(|error| {
                let log = self.folder.join(LOG);
                let words = std::fs::read_to_string(&log).unwrap_or_default();
                could_not(format!("{error} (log: {})\n{words}", log.display()))
            })
    }
}

/// Puts the probe's executable, which is this program, where the fixtures' templates look for it.
fn write_probe(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let bootstrap = folder.join("bootstrap");
    let program = std::env::current_exe()?.display().to_string();
    let program = program.replace('\'', r"'\''");
    std::fs::create_dir_all(folder)?;
    let own = own_name(&bootstrap);
    std::fs::write(&own, format!("#!/bin/sh\nexec '{program}' probe\n"))?;
    std::fs::set_permissions(&own, PermissionsExt::from_mode(0o755))?;
    std::fs::rename(&own, &bootstrap)
}

/// Writes a file that is there as a whole or not at all: another check in the same folder may be reading it.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let own = own_name(path);
    std::fs::write(&own, text)?;
    std::fs::rename(&own, path)
}

/// A name beside `path` that is this process's own.
fn own_name(path: &Path) -> PathBuf {
    path.with_added_extension(std::process::id().to_string())
}

fn parameters<'a>(
    parameters: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> impl Iterator<Item = String> {
    let arguments = parameters.into_iter();
    arguments.flat_map(|(name, value)| ["--parameter".to_owned(), format!("{name}={value}")])
}

#[cfg(feature = "mutations")]
fn mutation(stack: &StackArgs) -> Vec<String> {
    let of = |mutation: gateway::Mutation| ["--mutation".to_owned(), mutation.to_string()];
    stack.mutation.map(of).into_iter().flatten().collect()
}

fn log_file(folder: &Path) -> Result<File, Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| File::create(folder.join(LOG)))
        .map_err(|error| could_not_write(folder, &error))
}

fn could_not(error: impl std::fmt::Display) -> Failure {
    Failure::CouldNotRun(format!("error: {error}"))
}

/// A bar on a terminal, one line elsewhere.
pub(super) fn progress(target: &str, cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprint(&format!("{target}: {cases} cases"));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(cases as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_prefix(target.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
