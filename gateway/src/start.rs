//! From a template to a gateway that serves it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use spec::domain;
use spec::signature::{Access, Caller};
use spec::throttle::AccountLimits;
use stack::{Assembly, Warning, WarningKind};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, OnceCell, watch};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::access_log::Writer;
use crate::build::{self, Build};
use crate::clock::Clock;
use crate::control::Control;
use crate::home::{Home, Lead};
use crate::hub::Hub;
use crate::lambda::{Functions, Launch, Sink, Surroundings};
use crate::mount::Mounted;
use crate::running::{Deployed, Running, reachable, rules, warn_of_targets};
use crate::runtime::{Interpreters, Tools};
use crate::server::Lambda;
use crate::server::origin::Hosts;
use crate::services::aws::{self, Services};
use crate::services::backend::Backends;
use crate::services::dynamodb;
use crate::services::endpoint::Endpoint;
use crate::services::front::Front;
use crate::services::outbox::Outbox;
use crate::streams::Mappings;
use crate::supervisor::Supervisor;
use crate::trace::Traces;
use crate::{Error, Options, SpecGateway, ids, lambda, server, streams, tls};

/// Builds the functions of a stack, so that a later start with [`Build::skip`] finds them.
///
/// # Errors
/// What keeps a function from being built, or from being found.
pub async fn build(
    stack: &Assembly,
    build: &Build,
    interpreters: Interpreters,
) -> Result<(), Error> {
    let tools = Tools::new(interpreters);
    let programs = build::programs(stack, build, &tools).await?;
    match programs.not_run(stack).next() {
        Some((_, why)) => Err(why.error.clone().into()),
        None => Ok(()),
    }
}

/// Reads the template, builds the functions, and serves. Functions' processes are started when they
/// are first called. The log has the stack's warnings, but those of resources that are not served,
/// which are in [`Assembly::warnings`].
///
/// One step after another, each with what the ones before it made: in pieces it would be no shorter.
///
/// # Errors
/// Whatever stands in the way; nothing is left running then.
pub async fn start(options: Options) -> Result<Control, Error> {
    let stack = Assembly::read(&options.template, &options.settings)?;
    let is_said = |warning: &&Warning| !matches!(warning.kind, WarningKind::NotServed { .. });
    for warning in stack.warnings().iter().filter(is_said) {
        tracing::warn!("{warning}");
    }
    warn_of_targets(&stack);
    let logs = stack.api().stage.access_log_settings.is_some();
    let access_log = logs.then(|| Writer::start(&options.access_log)).transpose();
    let access_log = access_log.map_err(Error::AccessLog)?;
    let access = options.access(&stack)?;
    let callers = access.callers.clone();
    let tools = Tools::new(options.interpreters.clone());
    for name in tools.unused(stack.functions()) {
        tracing::warn!("`--runtime {name}`: no function of the stack has this runtime or name");
    }
    let programs = build::programs(&stack, &options.build, &tools).await?;
    programs.check(&stack)?;
    programs.warn(&stack);
    let (listener, address) = listen(SocketAddr::new(options.host, options.port)).await?;
    let names = names(&stack, &options);
    let of_dynamodb = hosts_of(&stack, &["dynamodb", "streams.dynamodb"]);
    let all = || names.iter().chain(&of_dynamodb).cloned();
    let hosts = Hosts::new(options.host, all());
    let (authority, trust) = tls::open(options.authority.as_deref(), &tools)?;
    let acceptor = tls::acceptor(&authority, options.host, all())?;
    let mut leads: Vec<Lead> = Lead::all(names, reachable(address)).collect();
    let clock = Clock::start(options.clock);
    let (dynamodb, dynamodb_url) = match options.dynamodb_url.clone() {
        Some(url) => (None, url),
        None => {
            let place = dynamodb::Place {
                port: options.dynamodb_port,
                file: options.data.clone(),
            };
            let accepting = (hosts.clone(), acceptor.clone());
            let tables = stack.tables();
            let engine = dynamodb::Engine::start(tables, accepting, &clock, place).await?;
            leads.extend(Lead::all(of_dynamodb, engine.address));
            let url = engine.url();
            (Some(engine), url)
        }
    };
    let home = Home::new(leads, &tools).map_err(Error::Home)?;
    let surroundings = Surroundings {
        region: stack.api().region.clone(),
        credentials: Caller::functions(stack.api()),
        base: domain::base(stack.api(), "localhost"),
        management: reachable(address),
        dynamodb_url: dynamodb_url.clone(),
        endpoints: options.endpoints.clone(),
        trust,
        home,
        max_processes: options.max_processes.max(1),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let folder = tools.folder().map_err(Error::Home)?;
    let traces = Traces::new(clock.clone());
    let (output, about) = (&options.function_output, options.invocation_lines);
    let sink = Sink::open(output, about, traces.clone()).map_err(Error::Output)?;
    let launches = Launch::all(&stack, &programs, &surroundings);
    let deployed = Deployed {
        launches: launches
            .iter()
            .map(|launch| (launch.arn.clone(), launch.clone()))
            .collect(),
        tables: stack.tables().to_vec(),
        access_log,
    };
    let endpoint = Endpoint {
        url: dynamodb_url,
        region: surroundings.region.clone(),
        access_key_id: surroundings.credentials.access_key_id.clone(),
    };
    if dynamodb.is_none() {
        for problem in endpoint.create(stack.tables()).await {
            tracing::warn!("{problem}");
        }
    }
    aws::warn(&stack, &options.endpoints);
    let services = Arc::new(Services {
        dynamodb_url: endpoint.url.clone(),
        endpoints: options.endpoints.clone(),
        caller: surroundings.credentials.clone(),
        outbox: Outbox::default(),
    });
    let mut started = None;
    let lines = deployed.access_log.as_ref().map(Writer::lines);
    let hub = Hub::new(
        machine(&stack, access.clone(), &options),
        clock.clone(),
        lines,
        traces,
        |hub| {
            let (functions, tasks) =
                Functions::new(launches, folder, sink.clone(), clock.clone(), hub.clone());
            started = Some((Arc::clone(&functions), tasks));
            let backends = Backends::new(hub, clock.clone(), Arc::clone(&services));
            (functions, backends)
        },
    );
    let (functions, processes) = started.expect("`Hub::new` has called what it was given");
    functions.offer(&stack, &programs);
    let (mappings, polls) = Mappings::new(
        Arc::clone(&functions),
        clock.clone(),
        surroundings.region.clone(),
    );
    mappings.deploy(stack.event_source_mappings(), dynamodb.as_ref());
    let stop = Arc::new(Notify::new());
    let supervisor = Supervisor::new();
    let lambda = Lambda::new(Arc::clone(&functions), stack.api(), &access, clock.clone());
    let mounted = Arc::<Mounted>::default();
    let front = dynamodb.as_ref().map(|engine| Arc::clone(&engine.front));
    let served = (
        Arc::clone(&hub),
        Arc::new(lambda),
        (front, services, Arc::clone(&mounted)),
    );
    let listening = (listener, hosts, acceptor);
    let tasks = spawn(&supervisor, served, (processes, polls), listening, &stop);
    Ok(Control::new(Running {
        address,
        deployed: Mutex::new(deployed),
        options,
        tools,
        assembly: watch::Sender::new(stack),
        hub,
        clock,
        functions,
        mappings,
        sink,
        surroundings,
        stop,
        mounted,
        supervisor,
        tasks,
        dynamodb,
        endpoint,
        callers,
        goes_down: watch::Sender::new(false),
        down: OnceCell::new(),
    }))
}

/// The specification with an assembly's rules.
fn machine(stack: &Assembly, access: Access, options: &Options) -> SpecGateway {
    let machine = spec::Gateway::new(rules(stack, options), ids::Random::new())
        .with_access(access)
        .with_account_limits(AccountLimits {
            requests: options.account_limit,
            connections: options.connection_limit,
        });
    #[cfg(feature = "mutations")]
    let machine = SpecGateway::new(machine, options.mutation);
    machine
}

/// Starts the tasks that must not end.
fn spawn(
    supervisor: &Supervisor,
    (hub, lambda, services): (Arc<Hub>, Arc<Lambda>, server::Others<Front>),
    (processes, polls): (lambda::Tasks, streams::Tasks),
    (listener, hosts, acceptor): (TcpListener, Hosts, TlsAcceptor),
    stop: &Arc<Notify>,
) -> Vec<AbortHandle> {
    let served = server::run(
        (Arc::clone(&hub), lambda, services),
        listener,
        (hosts, acceptor),
        Arc::clone(stop),
        supervisor.clone(),
    );
    let timers = async move { hub.run_timers().await };
    vec![
        supervisor.spawn("the server", served),
        supervisor.spawn("the machine", timers),
        supervisor.spawn("the functions", processes.run()),
        supervisor.spawn("the event source mappings", polls.run()),
    ]
}

/// The names by which requests may call this machine, and functions do: those that the API has on
/// AWS, its custom domains, those that were named, and Lambda's.
fn names(stack: &Assembly, options: &Options) -> Vec<String> {
    let api = stack.api();
    let own = ["amazonaws.com", "amazonaws.com.cn", "api.aws"];
    let own = own.map(|suffix| format!("{}.execute-api.{}.{suffix}", api.api_id, api.region));
    let mappings = api.api_mappings.iter();
    let custom: BTreeSet<String> = mappings.map(|one| one.domain_name.clone()).collect();
    let named = options.allowed_hosts.iter().cloned();
    let lambda = hosts_of(stack, &["lambda"]);
    let own = own.into_iter().chain(custom);
    own.chain(named).chain(lambda).collect()
}

/// The hosts of services in the stack's region, which SDKs call that know no variable for them.
fn hosts_of(stack: &Assembly, services: &[&str]) -> Vec<String> {
    let region = &stack.api().region;
    let suffix = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    let host = |service: &&str| format!("{service}.{region}.{suffix}");
    services.iter().map(host).collect()
}

async fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error| Error::Listen {
        address: wanted,
        error,
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
