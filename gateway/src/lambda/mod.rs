//! Functions as Lambda runs them: processes that fetch their events from a Runtime API, one at a
//! time each.
//!
//! ```text
//! Functions::invoke -> Pool: PoolMachine gives the event to a process, or to the queue
//! process   a process at work, with a Runtime API of its own:
//!           GET next -> Pool::next; POST response, error -> Pool::complete -> Results::finished
//! machine   the rules: who gets which event, when a process is started, killed or given up
//! asynchronous  events that nobody waits for
//! direct    calls by Lambda's own Invoke API, which are not the hub's
//! launch    how a function's processes are started
//! load      what the processes do at the moment, for the rules
//! journal   what a process writes, and START, END and REPORT around it
//! watchdog  ends the processes of a gateway that was killed
//! ```

mod asynchronous;
mod direct;
mod directory;
mod environment;
mod failure;
mod journal;
mod launch;
mod load;
mod machine;
mod output;
mod owner;
mod pool;
mod process;
mod report;
mod runtime_api;
mod sandbox;
mod watchdog;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation, InvocationType};
use spec::signature::Caller;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::build::Programs;
use crate::calls::{Invoke, NotCalled, Results};
use crate::clock::Clock;
use crate::home::Home;
use crate::tls::Trust;
use direct::Callers;
use directory::Directory;
use machine::PoolMachine;
use pool::{Pool, Throttled, Works};
use sandbox::Given;
use stack::{Assembly, Function};
use watchdog::Watchdog;

pub(crate) use direct::LogType;
pub(crate) use directory::Uncallable;
pub(crate) use launch::Launch;
pub use machine::Figures;
pub(crate) use output::Sink;
pub use output::{FunctionOutput, InvocationLines, LineSink};

/// The functions of a stack, ready to be called.
pub(crate) struct Functions {
    /// By ARN.
    pools: RwLock<HashMap<String, Arc<Pool>>>,
    sink: Sink,
    clock: Clock,
    callers: Arc<Callers>,
    /// Those of what is served. A pool outlives its function, for requests that began before.
    directory: RwLock<Directory>,
    watchdog: Arc<Watchdog>,
    /// What [`Tasks::run`] has to run.
    added: mpsc::UnboundedSender<Task>,
}

/// The tasks of [`Functions`], to be run.
pub(crate) struct Tasks(mpsc::UnboundedReceiver<Task>);

enum Task {
    Pool(Arc<Pool>, Works),
    Event(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// What every function's process needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) region: String,
    /// What functions sign their calls with.
    pub(crate) credentials: Caller,
    /// What stands for the stage in the gateway's own addresses: `/{stage}`, or the key of a mapping.
    pub(crate) base: String,
    /// Where the `@connections` API is.
    pub(crate) management: SocketAddr,
    pub(crate) dynamodb_url: String,
    /// Of other services, as in `AWS_ENDPOINT_URL_{SERVICE}`.
    pub(crate) endpoints: BTreeMap<String, String>,
    /// What TLS clients are told to trust.
    pub(crate) trust: Trust,
    /// What leads them to the gateway.
    pub(crate) home: Home,
    /// The most processes of one function.
    pub(crate) max_processes: usize,
    /// How many processes can compute at once on this machine.
    pub(crate) processors: usize,
}

impl Functions {
    /// Functions to be called, and the tasks that run their processes. `folder` holds files that go
    /// with the gateway.
    pub(crate) fn new(
        launches: Vec<Launch>,
        folder: PathBuf,
        sink: Sink,
        clock: Clock,
        results: Weak<dyn Results>,
    ) -> (Arc<Self>, Tasks) {
        let (added, tasks) = mpsc::unbounded_channel();
        let functions = Self {
            pools: RwLock::default(),
            sink,
            clock,
            callers: Callers::new(results),
            directory: RwLock::default(),
            watchdog: Watchdog::new(folder),
            added,
        };
        for launch in launches {
            functions.deploy(launch);
        }
        (Arc::new(functions), Tasks(tasks))
    }

    /// From now on, events of this function go to processes that are started like this. Those that
    /// work on an event finish it, and end.
    pub(crate) fn deploy(&self, launch: Launch) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&launch.arn) {
            return pool.replace(launch);
        }
        let arn = launch.arn.clone();
        let sink = self.sink.clone();
        let watchdog = Arc::clone(&self.watchdog);
        let callers: Arc<dyn Results> = self.callers.clone();
        let callers = Arc::downgrade(&callers);
        let (pool, work) = Pool::new(launch, sink, self.clock.clone(), watchdog, callers);
        // Without tasks, everything is going down.
        let _ = self.added.send(Task::Pool(Arc::clone(&pool), work));
        pools.insert(arn, pool);
    }

    /// Starts a process of each of these functions, by ARN, before an event comes, if they have run
    /// before.
    pub(crate) fn warm(&self, arns: &[String]) {
        let pools: Vec<Arc<Pool>> = {
            let pools = self.pools();
            arns.iter()
                .filter_map(|arn| pools.get(arn).cloned())
                .collect()
        };
        pools.iter().for_each(|pool| pool.step(PoolMachine::warm));
    }

    /// From now on, the functions of this stack can be called by name, and no others.
    pub(crate) fn offer(&self, stack: &Assembly, programs: &Programs) {
        let directory = Directory::new(stack, programs);
        let mut offered = self
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *offered = directory;
    }

    /// By name, how many processes and events each has.
    pub(crate) fn figures(&self) -> BTreeMap<String, Figures> {
        self.all().iter().map(|pool| pool.figures()).collect()
    }

    /// Resolves when every event has been fetched by a process, except those for which there may
    /// be no more processes.
    pub(crate) async fn fetched(&self) {
        for pool in self.all() {
            pool.fetched().await;
        }
    }

    /// Ends all processes, and starts none any more: what waits fails.
    pub(crate) async fn stop(&self) {
        let pools = self.all();
        pools.iter().for_each(|pool| pool.stop());
        for pool in pools {
            pool.ended().await;
        }
        self.watchdog.finish().await;
    }

    fn all(&self) -> Vec<Arc<Pool>> {
        self.pools().values().cloned().collect()
    }

    fn pools(&self) -> RwLockReadGuard<'_, HashMap<String, Arc<Pool>>> {
        // An insertion into a map is all that happens to it.
        self.pools.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// Runs the functions' processes. Never ends; dropped, it kills them.
    ///
    /// # Panics
    /// If a task below it has panicked: the gateway cannot be trusted to serve on.
    pub(crate) async fn run(mut self) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                Some(task) = self.0.recv() => match task {
                    Task::Pool(pool, work) => drop(tasks.spawn(pool.run(work, process::run))),
                    Task::Event(event) => drop(tasks.spawn(event)),
                },
                Some(ended) = tasks.join_next() => sandbox::pass_panic_on(ended),
                else => std::future::pending().await,
            }
        }
    }
}

impl Invoke for Functions {
    fn invoke(&self, invocation: Invocation) -> Result<(), NotCalled> {
        let arn = &*invocation.function_arn;
        let pools = self.pools();
        let pool = pools.get(arn).or_else(|| {
            // A version or an alias: there is only one code here.
            let (unqualified, _) = arn.rsplit_once(':')?;
            pools.get(unqualified)
        });
        let pool = pool.ok_or_else(|| match self.directory().callable(arn) {
            Err(Uncallable::NotRun(reason)) => NotCalled::CannotRun(reason),
            _ => NotCalled::NoSuchFunction(arn.to_owned()),
        })?;
        if invocation.invocation_type == InvocationType::Event {
            self.enqueue_for(
                Arc::clone(pool),
                invocation.payload,
                invocation.trace_id,
                Some(invocation.id),
            );
            return Ok(());
        }
        let called = pool.invoke(invocation, Given::default());
        called
            .map(drop)
            .map_err(|Throttled(most)| NotCalled::Throttled(most))
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        let pools = self.pools();
        pools.values().filter_map(|pool| pool.next_timeout()).min()
    }

    fn advance_to(&self, now: Timestamp) -> Vec<(CallId, FunctionOutcome)> {
        let pools = self.pools();
        // No event can be fetched between the look at what expires and the clock.
        let mut held: Vec<_> = pools.values().map(|pool| (pool, pool.lock())).collect();
        let expired = held.iter_mut();
        let expired = expired
            .flat_map(|(pool, state)| pool.expire(state, now))
            .filter_map(|(id, outcome)| Some((id, self.callers.deliver(id, outcome).err()?)))
            .collect();
        self.clock.set(now);
        expired
    }
}

/// The log group and the stream that a function's process is told.
fn log_stream(clock: &Clock, id: &str) -> String {
    let day = clock.now().iso_8601();
    let day = day.get(..10).unwrap_or_default().replace('-', "/");
    format!("{day}/[$LATEST]{}", id.replace('-', ""))
}

impl Surroundings {
    /// The base address of the `@connections` API, as a function is to call it.
    pub(crate) fn management_url(&self) -> String {
        format!("http://{}{}", self.management, self.base)
    }

    /// Where functions find Lambda's Invoke API.
    pub(crate) fn lambda_url(&self) -> String {
        format!("http://{}", self.management)
    }
}

/// Whether a function is told to write its logs as JSON.
fn logs_json(function: &Function) -> bool {
    function.log_format.eq_ignore_ascii_case("json")
}
