//! The local gateway: sockets, functions' processes and a DynamoDB engine around the specification.
//!
//! ```text
//! options      what to serve, and how
//! build        the functions' executables, by cargo
//! services     HTTP backends, and DynamoDB: an engine in memory, with the stack's tables
//! lambda       a pool of processes for each function, each process with its Runtime API
//! home         the API's own host leads functions' processes to the gateway
//! runtime      from a function and its code to the program that runs it
//! streams      event source mappings: the tables' streams invoke functions
//! hub          spec::Gateway behind a lock: inputs in, outputs to clients' tasks and functions
//! calls        what the hub, functions and services know of each other
//! subscription decisions, for whoever watches
//! trace        everything that happens, for whoever watches
//! log          lines for people: one writer, a bounded queue, nobody waits
//! access_log   the stage's lines for requests, to a file or a stream
//! server       one port: WebSocket clients and the @connections API
//! tls          https:// and wss:// on that port, and the authority behind them
//! supervisor   the tasks that must not end, and what is known when one does
//! running      everything that runs, and how it goes down
//! apply        a new deployment while the gateway serves
//! control      a running gateway, as its owner sees it
//! start        puts all of it together
//! ```
//!
//! ```no_run
//! # async fn serve() -> Result<(), gateway::Error> {
//! let gateway = gateway::start(gateway::Options::new("template.yaml")).await?;
//! println!("{}", gateway.ws_url());
//! gateway.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All are for tests only, and off by default:
//!
//! - `mutations`: gateways that are wrong on purpose.
//! - `loom`: every interleaving of what the hub and a client's task share without a lock.
//! - `runtimes`: functions in the languages whose interpreters this machine must have for it.

mod access_log;
mod apply;
mod build;
mod calls;
mod clock;
mod control;
mod credentials;
mod error;
mod home;
mod http1;
mod hub;
mod ids;
mod lambda;
mod log;
mod mount;
#[cfg(feature = "mutations")]
mod mutation;
mod options;
mod running;
mod runtime;
mod server;
mod services;
mod start;
mod streams;
mod subscription;
mod supervisor;
mod tls;
mod trace;

pub use access_log::AccessLog;
pub use apply::{ApplyError, Reloaded};
pub use build::Build;
pub use clock::TimeSource;
pub use control::connections::{ConnectionCall, OpenConnection};
pub use control::invoke::{InvokeError, Invoked};
pub use control::{Control, LocalClient, Snapshot};
pub use error::{BuildError, Error};
pub use ids::Random as RandomIds;
pub use lambda::{Figures, FunctionOutput, InvocationLines, LineSink};
pub use log::{LineWriter, Log, escape};
pub use mount::{Answer, Body, Mount, Visit};
#[cfg(feature = "mutations")]
pub use mutation::Mutation;
pub use options::{MAX_PROCESSES, Options};
pub use runtime::Interpreters;
pub use services::endpoint_variables;
pub use start::{build, start};
pub use subscription::{Notice, Subscription};
pub use supervisor::Fault;
pub use tls::{AuthorityError, authority};
pub use trace::{FunctionEvent, FunctionReport, FunctionStep, Step, Trace, Traced};

#[cfg(feature = "mutations")]
use mutation::Mutant as SpecGateway;
#[cfg(not(feature = "mutations"))]
use spec::Gateway as SpecGateway;
