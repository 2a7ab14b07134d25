//! Runs cases on the target `local`: which gateways there are, and how they are started.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::sync::OnceCell;

use super::TargetError;
use super::local::{CLOCK, FEATURES, LocalGateway};
use super::wire::WireSession;
use crate::case::{Case, Feature};
use crate::fixture::{self, BACKEND_PARAMETER, Fixture, PROBE_FOLDER};
use crate::generate::Chance;
use crate::probe::backend::Backend;
use crate::runner::{self, Options};
use crate::sign;
use crate::verdict::{Outcome, Report, Verdict};

/// The local gateway as processes: one for the stack, one for each fixture with its parameters, and
/// one for each case that lets time pass or that others would notice. Every case gets fresh
/// connections.
#[derive(Clone, Copy)]
pub struct Gateways<'a> {
    /// The command `gatespec`: `serve` is a gateway, `probe` a fixture's function.
    pub program: &'a Path,
    /// The template of the stack that the cases without a fixture run on.
    pub template: &'a Path,
    /// What its gateways are told of it besides: its parameters, its API.
    pub of_stack: &'a [String],
    /// What the other cases run on.
    pub fixtures: &'a [Fixture],
    /// Arguments for every gateway.
    pub arguments: &'a [String],
    /// Where the fixtures' templates and the gateways' log are written to.
    pub folder: &'a Path,
    /// How cases are run.
    pub options: Options,
}

/// Where the fixtures' templates go.
const FIXTURES: &str = "fixtures";
/// Where the gateways' own output goes.
const LOG: &str = "local.log";

/// A gateway that serves a stack, and the backend that the stack's integrations call.
struct Served {
    gateway: LocalGateway,
    _backend: Option<Backend>,
    /// Where its access log is, if its stage has one; removed when the gateway ends.
    access_log: Option<PathBuf>,
}

/// Gateways that several cases share, each started when the first case needs it.
type Shared = BTreeMap<Stack, OnceCell<Served>>;
/// Which stack: the name of a fixture with its parameters, or no name for the stack that is
/// checked.
type Stack = (Option<String>, BTreeMap<String, String>);

/// What a gateway is started with.
struct Arguments {
    arguments: Vec<String>,
    backend: Option<Backend>,
    has_access_log: bool,
}

/// How gateways are started.
struct Launch<'a> {
    gateways: &'a Gateways<'a>,
    log: File,
    /// How many access logs there were.
    access_logs: Cell<u32>,
}

impl Gateways<'_> {
    /// Runs cases, and calls `ran` after each.
    ///
    /// # Errors
    /// The stack that is checked cannot be served, or a file cannot be written. A fixture that
    /// cannot be served makes [`Verdict::Error`] of its cases instead: what the others show is not
    /// lost.
    pub async fn check(&self, cases: &[Case], ran: impl Fn()) -> Result<Report, TargetError> {
        let launch = Launch::prepare(self)?;
        let shared: Shared = cases
            .iter()
            .filter(|case| !self.runs_alone(case))
            .map(|case| (stack_of(case), OnceCell::new()))
            .collect();
        let run = async |case: &Case| {
            let shared = shared.get(&stack_of(case));
            let shared = shared.filter(|_| !self.runs_alone(case));
            let run = self
                .options
                .repeated(async |chance| launch.run(case, shared, chance).await);
            let outcome = match run.await {
                Err(error) if case.fixture.is_some() && !error.is_in_the_input() => {
                    Outcome::without_a_run(case, Verdict::Error, error.page())
                }
                outcome => outcome?,
            };
            ran();
            Ok(outcome)
        };
        let outcomes = self.options.all(cases, run).await?;
        for served in shared.into_values().filter_map(OnceCell::into_inner) {
            served.stop().await?;
        }
        Ok(Report {
            target: "local".to_owned(),
            outcomes,
        })
    }

    /// Whether a case changes what others on the same gateway would see.
    fn runs_alone(&self, case: &Case) -> bool {
        let fixture = fixture::of_case(case, self.fixtures);
        case.features.contains(&Feature::Clock) || fixture.is_some_and(|fixture| fixture.wears_out)
    }
}

impl Served {
    async fn stop(self) -> Result<(), TargetError> {
        self.gateway.stop().await.map_err(TargetError::Stop)?;
        if let Some(file) = self.access_log {
            // What is left of it is in nobody's way.
            drop(std::fs::remove_file(file));
        }
        Ok(())
    }
}

impl<'a> Launch<'a> {
    /// Writes what all gateways need.
    fn prepare(gateways: &'a Gateways<'a>) -> Result<Self, TargetError> {
        let folder = gateways.folder;
        let log = std::fs::create_dir_all(folder)
            .and_then(|()| File::create(folder.join(LOG)))
            .map_err(TargetError::write(folder))?;
        let probe = folder.join(FIXTURES).join(PROBE_FOLDER);
        write_probe(gateways.program, &probe).map_err(TargetError::write(&probe))?;
        Ok(Self {
            gateways,
            log,
            access_logs: Cell::new(0),
        })
    }

    /// Runs a case once, on a shared gateway or on one of its own.
    async fn run(
        &self,
        case: &Case,
        shared: Option<&OnceCell<Served>>,
        chance: Chance,
    ) -> Result<Outcome, TargetError> {
        let mut own = None;
        let served = match shared {
            Some(served) => served.get_or_try_init(|| self.serve(case)).await?,
            None => own.insert(self.serve(case).await?),
        };
        let gateway = &served.gateway;
        let mut session = WireSession::with_clock(gateway.endpoint.clone(), gateway.clock.clone())
            .with_access_log(served.access_log.clone());
        let outcome = runner::run_with(case, &mut session, &FEATURES, chance).await;
        if let Some(own) = own {
            own.stop().await?;
        }
        Ok(outcome)
    }

    /// Starts what a case runs on.
    async fn serve(&self, case: &Case) -> Result<Served, TargetError> {
        let mut served = match fixture::of_case(case, self.gateways.fixtures) {
            Some(fixture) => self.fixture(fixture, case).await?,
            None => {
                let template = self.gateways.template;
                let mut arguments = vec![template.display().to_string()];
                arguments.extend_from_slice(self.gateways.of_stack);
                // That it cannot be read, the gateway says better.
                let text = std::fs::read_to_string(template).unwrap_or_default();
                Arguments {
                    arguments,
                    backend: None,
                    has_access_log: fixture::has_access_log(&text),
                }
            }
        };
        if case.features.contains(&Feature::Clock) {
            served.arguments.extend(CLOCK.map(str::to_owned));
        }
        let access_log = served.has_access_log.then(|| self.access_log());
        if let Some(file) = &access_log {
            let file = file.display().to_string();
            served.arguments.extend(["--access-log".to_owned(), file]);
        }
        let Arguments {
            arguments, backend, ..
        } = served;
        let gateway = self.gateway(&arguments).await?;
        if let Some(backend) = &backend {
            backend.reports_through(&gateway.ready.management);
        }
        Ok(Served {
            gateway,
            _backend: backend,
            access_log,
        })
    }

    /// Writes the template of a fixture and starts what it calls.
    async fn fixture(&self, fixture: &Fixture, case: &Case) -> Result<Arguments, TargetError> {
        let folder = self.gateways.folder.join(FIXTURES);
        let path = folder.join(format!("{}.yaml", fixture.name));
        write_whole(&path, &fixture.template)?;
        let mut arguments = vec![path.display().to_string()];
        let given = case.parameters.iter();
        arguments.extend(given.flat_map(|(name, value)| parameter(name, value)));
        if fixture.is_signed() {
            arguments.push("--require-signatures".to_owned());
            let credentials = sign::credentials();
            for (name, policy) in &credentials.policies {
                write_whole(&folder.join(name), policy)?;
            }
            let path = folder.join("credentials");
            write_whole(&path, &credentials.ini)?;
            arguments.extend(["--credentials".to_owned(), path.display().to_string()]);
        }
        let mut backend = None;
        let services = fixture.services();
        if fixture.wants_backend() || !services.is_empty() {
            let started = Backend::start().await.map_err(TargetError::Backend)?;
            let url = backend.insert(started).url();
            if fixture.wants_backend() {
                arguments.extend(parameter(BACKEND_PARAMETER, &url));
            }
            let endpoint = |service| ["--endpoint".to_owned(), format!("{service}={url}")];
            arguments.extend(services.iter().flat_map(endpoint));
        }
        Ok(Arguments {
            arguments,
            backend,
            has_access_log: fixture.has_access_log(),
        })
    }

    /// A file of its own for an access log, which is appended to: one of the kit's run before would
    /// show through.
    fn access_log(&self) -> PathBuf {
        let number = self.access_logs.get();
        self.access_logs.set(number + 1);
        let file = own_name(&self.gateways.folder.join(format!("access-{number}.log")));
        // A process of the same id may have left one.
        drop(std::fs::remove_file(&file));
        file
    }

    /// Starts `gatespec serve` with `arguments`.
    async fn gateway(&self, arguments: &[String]) -> Result<LocalGateway, TargetError> {
        let Gateways {
            program, folder, ..
        } = self.gateways;
        let log = self.log.try_clone().map_err(TargetError::write(folder))?;
        let arguments = [arguments, self.gateways.arguments].concat();
        LocalGateway::start(program, &arguments, Stdio::from(log))
            .await
            .map_err(|error| TargetError::Start {
                log: folder.join(LOG),
                error,
            })
    }
}

fn stack_of(case: &Case) -> Stack {
    (case.fixture.clone(), case.parameters.clone())
}

/// Writes the executable of the fixtures' functions where their templates look for it.
fn write_probe(program: &Path, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let bootstrap = folder.join("bootstrap");
    let program = program.display().to_string().replace('\'', r"'\''");
    std::fs::create_dir_all(folder)?;
    let own = own_name(&bootstrap);
    std::fs::write(&own, format!("#!/bin/sh\nexec '{program}' probe\n"))?;
    std::fs::set_permissions(&own, PermissionsExt::from_mode(0o755))?;
    std::fs::rename(&own, &bootstrap)
}

/// Writes a file that is there as a whole or not at all: another check may be reading it.
fn write_whole(path: &Path, text: &str) -> Result<(), TargetError> {
    let own = own_name(path);
    std::fs::write(&own, text)
        .and_then(|()| std::fs::rename(&own, path))
        .map_err(TargetError::write(path))
}

/// A name beside `path` that is this process's own.
fn own_name(path: &Path) -> PathBuf {
    path.with_added_extension(std::process::id().to_string())
}

fn parameter(name: &str, value: &str) -> [String; 2] {
    ["--parameter".to_owned(), format!("{name}={value}")]
}
