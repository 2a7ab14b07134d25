//! The local gateway: sockets, functions' processes and a DynamoDB engine around the specification.
//!
//! ```text
//! stack      template.yaml -> what there is to serve, or one error with its place
//! build      the functions' executables, by cargo
//! dynamodb   an engine in memory, with the stack's tables
//! lambda     a pool of processes for each function, each process with its Runtime API
//! hub        spec::Gateway behind a lock: inputs in, outputs to clients' tasks, callers and functions
//! log        lines for people: one writer, a bounded queue, nobody waits
//! access_log the stage's lines for requests, to a file or a stream
//! server     one port: WebSocket clients and the @connections API
//! ```
//!
//! ```no_run
//! # async fn serve() -> Result<(), gateway::Error> {
//! let running = gateway::Gateway::start(gateway::Options::new("template.yaml")).await?;
//! println!("{}", running.ws_url());
//! running.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod access_log;
mod backend;
mod build;
mod clock;
mod credentials;
mod dynamodb;
mod error;
mod http1;
mod hub;
mod ids;
mod lambda;
mod log;
#[cfg(feature = "mutations")]
mod mutation;
mod server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use spec::api::AuthorizationType;
use spec::signature::{Access, Caller, Signatures, presign};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use access_log::AccessLog;
pub use build::Build;
pub use clock::TimeSource;
pub use error::Error;
pub use hub::DecisionSink;
pub use lambda::{FunctionOutput, LineSink};
pub use log::{LineWriter, Log, escape};
#[cfg(feature = "mutations")]
pub use mutation::Mutation;

use access_log::Writer;
use backend::Backends;
use clock::Clock;
use hub::Hub;
use lambda::{Functions, Pool, Sink, Surroundings};
use spec::throttle::{self, Limit};
use stack::{Assembly, Settings};

#[cfg(feature = "mutations")]
use mutation::Mutant as SpecGateway;
#[cfg(not(feature = "mutations"))]
use spec::Gateway as SpecGateway;

/// The local gateway.
#[derive(Debug)]
pub struct Gateway;

/// What to serve, and how.
#[derive(Clone)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// What the template leaves open: parameters, region, which API and stage.
    pub settings: Settings,
    /// The address to listen on. Only this machine can reach a loopback address.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// How to come by the functions' executables.
    pub build: Build,
    /// Where the lines go that functions write.
    pub function_output: FunctionOutput,
    /// Where the lines of the stage's access log go, if it has `AccessLogSettings`.
    pub access_log: AccessLog,
    /// How many requests the account may make, instead of AWS's quota (LIMITS-30).
    pub account_limit: Limit,
    /// How many connections the account may open, instead of AWS's quota (LIMITS-31).
    pub connection_limit: Limit,
    /// Called with every decision of the specification, under its lock: it must be quick and call nothing of the gateway's.
    pub decisions: Option<DecisionSink>,
    /// Who may sign, besides the functions: a file in the form of AWS's shared credentials.
    pub credentials: Option<PathBuf>,
    /// Whether calls of the `@connections` API must be signed.
    pub require_signatures: bool,
    /// Another DynamoDB for the functions than the one in this process. Its tables must be there.
    pub dynamodb_url: Option<String>,
    /// The most processes of one function.
    pub max_processes: usize,
    /// Where the time comes from.
    pub clock: TimeSource,
    /// What the gateway is to do wrong, for tests of the kit.
    #[cfg(feature = "mutations")]
    pub mutation: Option<Mutation>,
}

/// A gateway that serves. Dropping it ends everything at once; [`shutdown`](Self::shutdown) is the polite way.
pub struct Running {
    address: SocketAddr,
    stack: Assembly,
    hub: Arc<Hub>,
    clock: Clock,
    pools: Vec<Arc<Pool>>,
    access_log: Option<Writer>,
    sink: Sink,
    stop: Arc<Notify>,
    tasks: [JoinHandle<()>; 2],
    dynamodb: Option<dynamodb::Engine>,
    dynamodb_url: String,
    /// Who may sign; the first is the one to show.
    callers: Vec<Caller>,
}

/// How long `$disconnect` functions and clients' close handshakes may take when the gateway goes down.
const GRACE: Duration = Duration::from_secs(5);

impl Options {
    /// The defaults for a template: loopback, a port of the system's choice, everything built; region and DynamoDB as this process's
    /// environment says (`AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`).
    pub fn new(template: impl Into<PathBuf>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut settings = Settings::default();
        if let Some(region) = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
            settings.region = region;
        }
        Self {
            template: template.into(),
            settings,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            build: Build::default(),
            function_output: FunctionOutput::default(),
            access_log: AccessLog::default(),
            account_limit: throttle::ACCOUNT,
            connection_limit: throttle::CONNECTIONS,
            decisions: None,
            credentials: None,
            require_signatures: false,
            dynamodb_url: variable("AWS_ENDPOINT_URL_DYNAMODB"),
            max_processes: 32,
            clock: TimeSource::default(),
            #[cfg(feature = "mutations")]
            mutation: None,
        }
    }
}

impl Options {
    /// Whose signatures hold, and what becomes of calls that nobody signed: noted, when somebody could have.
    fn access(&self, stack: &Assembly) -> Result<Access, Error> {
        let mut access = Access::new(stack.api());
        access.management = match self.require_signatures {
            true => Signatures::Required,
            false if self.credentials.is_some() => Signatures::Noted,
            false => Signatures::Ignored,
        };
        if let Some(path) = &self.credentials {
            let own = credentials::read(path, stack.api())?;
            // A profile with the functions' own access key is meant.
            access.callers.retain(|caller| {
                own.iter()
                    .all(|own| own.access_key_id != caller.access_key_id)
            });
            access.callers.splice(0..0, own);
        }
        Ok(access)
    }
}

impl Gateway {
    /// Builds the functions of a stack, so that a later start with [`Build::skip`] finds them.
    ///
    /// # Errors
    /// What keeps a function from being built, or from being found.
    pub async fn build(stack: &Assembly, build: &Build) -> Result<(), Error> {
        build::executables(stack, build).await.map(drop)
    }

    /// Reads the template, builds the functions, and serves. Functions' processes are started when they are first called.
    ///
    /// # Errors
    /// Whatever stands in the way; nothing is left running then.
    pub async fn start(options: Options) -> Result<Running, Error> {
        let settings = Settings {
            account_limit: options.account_limit,
            connection_limit: options.connection_limit,
            ..options.settings.clone()
        };
        let stack = Assembly::read(&options.template, &settings)?;
        let api = (**stack.api()).clone();
        #[cfg(feature = "mutations")]
        let api = match options.mutation {
            Some(mutation) => mutation.changed(api),
            None => api,
        };
        for warning in stack.warnings() {
            tracing::warn!("{warning}");
        }
        let logs = stack.api().stage.access_log_settings.is_some();
        let access_log = logs.then(|| Writer::start(&options.access_log)).transpose();
        let access_log = access_log.map_err(Error::AccessLog)?;
        let access = options.access(&stack)?;
        let callers = access.callers.clone();
        let executables = build::executables(&stack, &options.build).await?;
        let wanted = SocketAddr::new(options.host, options.port);
        let listen = |error| Error::Listen {
            address: wanted,
            error,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (dynamodb, dynamodb_url) = match options.dynamodb_url {
            Some(url) => (None, url),
            None => {
                let engine = dynamodb::Engine::start(stack.tables()).await?;
                let url = engine.url.clone();
                (Some(engine), url)
            }
        };
        let surroundings = Surroundings {
            region: stack.api().region.clone(),
            credentials: Caller::functions(stack.api()),
            stage: stack.api().stage.stage_name.clone(),
            management: reachable(address),
            dynamodb_url: dynamodb_url.clone(),
            max_processes: options.max_processes.max(1),
        };
        let machine = spec::Gateway::new(api, ids::Random::new())
            .map_err(|invalid| Error::Code(stack.invalid(&invalid)))?
            .with_access(access);
        #[cfg(feature = "mutations")]
        let machine = SpecGateway::new(machine, options.mutation);
        let clock = Clock::start(options.clock);
        let sink = Sink::open(&options.function_output).map_err(Error::Output)?;
        let mut pools = Vec::new();
        let lines = access_log.as_ref().map(Writer::lines);
        let hub = Hub::new(machine, clock.clone(), options.decisions, lines, |hub| {
            let functions =
                Functions::new(&stack, &executables, &surroundings, &sink, &clock, &hub);
            pools = functions.pools();
            let region = surroundings.region.clone();
            let backends = Backends::new(hub, clock.clone(), dynamodb_url.clone(), region);
            (Box::new(functions), backends)
        });
        let stop = Arc::new(Notify::new());
        let timers = Arc::clone(&hub);
        let tasks = [
            tokio::spawn(server::run(Arc::clone(&hub), listener, Arc::clone(&stop))),
            tokio::spawn(async move { timers.run_timers().await }),
        ];
        Ok(Running {
            address,
            stack,
            hub,
            clock,
            pools,
            access_log,
            sink,
            stop,
            tasks,
            dynamodb,
            dynamodb_url,
            callers,
        })
    }
}

impl Running {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect to: `ws://HOST:PORT/STAGE`.
    pub fn ws_url(&self) -> String {
        format!(
            "ws://{}/{}",
            reachable(self.address),
            self.stack.api().stage.stage_name
        )
    }

    /// Where clients connect to when `$connect` wants a signature: the same address, signed now by the first of the callers, good for `expires`
    /// (a week at most). `None` when it wants none.
    pub fn signed_ws_url(&self, expires: Duration) -> Option<String> {
        let api = self.stack.api();
        let connect = api.routes.get("$connect")?;
        let caller = self.callers.first()?;
        (connect.authorization_type == AuthorizationType::AwsIam).then(|| {
            let host = reachable(self.address).to_string();
            let target = format!("/{}", api.stage.stage_name);
            let now = self.clock.now();
            let signed = presign(caller, &api.region, &host, &target, now, Some(expires));
            format!("ws://{host}{signed}")
        })
    }

    /// The base address of the `@connections` API, for an SDK's endpoint.
    pub fn management_url(&self) -> String {
        format!(
            "http://{}/{}",
            reachable(self.address),
            self.stack.api().stage.stage_name
        )
    }

    /// The DynamoDB that the functions use.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// What is served.
    pub fn stack(&self) -> &Assembly {
        &self.stack
    }

    /// The stack's `Outputs`.
    pub fn outputs(&self) -> &IndexMap<String, String> {
        self.stack.outputs()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.hub.look(SpecGateway::connections)
    }

    /// Lets `time` pass on a clock that stands: once every call of a function has reached its process, all that is due within `time` happens,
    /// each thing at its own moment, and is on its way when this returns the new time. Functions whose `Timeout` is reached are killed.
    /// `None` with a clock of another kind.
    ///
    /// Calls that are still under way see the time pass too, also those that began in its middle: who wants an answer first must wait for it.
    pub async fn advance(&self, time: Duration) -> Option<spec::Timestamp> {
        if !self.clock.stands() {
            return None;
        }
        for pool in &self.pools {
            pool.fetched().await;
        }
        Some(self.hub.advance(time))
    }

    /// Goes down: takes no more clients, closes every connection with 1001, runs `$disconnect` for each, ends the functions' processes,
    /// and writes the access log to its end.
    /// Returns within some seconds, when nothing is left.
    pub async fn shutdown(mut self) {
        self.stop.notify_one();
        self.hub.input(spec::Input::Shutdown);
        if timeout(GRACE, self.hub.quiet()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        for pool in &self.pools {
            pool.stop().await;
        }
        if let Some(writer) = self.access_log.take() {
            writer.finish(GRACE).await;
        }
        self.sink.flush(log::LAST).await;
        // The rest ends as this is dropped.
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for pool in &self.pools {
            pool.abort();
        }
        for task in &self.tasks {
            task.abort();
        }
        drop(self.dynamodb.take());
    }
}

/// The address by which this machine reaches a listener, which may listen on all of its addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(_) => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port()),
    }
}
