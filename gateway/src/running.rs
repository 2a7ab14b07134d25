//! All running parts of a gateway, and how it shuts down.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use spec::CompiledApi;
use spec::route::RouteKey;
use spec::signature::Caller;
use stack::{Assembly, Table};
use tokio::sync::{Mutex, Notify, OnceCell, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::access_log::Writer;
use crate::clock::Clock;
use crate::hub::Hub;
use crate::lambda::{Functions, Launch, Sink, Surroundings};
use crate::mount::Mounted;
use crate::runtime::Tools;
use crate::services::dynamodb::Engine;
use crate::services::endpoint::Endpoint;
use crate::streams::Mappings;
use crate::supervisor::Supervisor;
use crate::{Options, log};

/// Everything that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) options: Options,
    /// What functions' processes are started with.
    pub(crate) tools: Tools,
    /// What is served.
    pub(crate) assembly: watch::Sender<Assembly>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Clock,
    pub(crate) functions: Arc<Functions>,
    pub(crate) mappings: Mappings,
    /// What functions write.
    pub(crate) sink: Sink,
    pub(crate) surroundings: Surroundings,
    /// Locked by whoever applies a deployment.
    pub(crate) deployed: Mutex<Deployed>,
    /// Told to the server: no more connections.
    pub(crate) stop: Arc<Notify>,
    /// What answers below `/@inspect`.
    pub(crate) mounted: Arc<Mounted>,
    pub(crate) supervisor: Supervisor,
    pub(crate) tasks: Vec<AbortHandle>,
    pub(crate) dynamodb: Option<Engine>,
    /// Where the functions find DynamoDB.
    pub(crate) endpoint: Endpoint,
    /// Who may sign; the first is the one to show.
    pub(crate) callers: Vec<Caller>,
    pub(crate) goes_down: watch::Sender<bool>,
    pub(crate) down: OnceCell<()>,
}

/// What exists for the deployment that is served. Changed by one [`Control::apply`] after
/// another.
pub(crate) struct Deployed {
    /// How each function's processes are started, by ARN.
    pub(crate) launches: HashMap<String, Launch>,
    /// All tables that were ever created: one that is gone from the template still exists.
    pub(crate) tables: Vec<Table>,
    pub(crate) access_log: Option<Writer>,
}

/// How long `$disconnect` functions and clients' close handshakes may take when the gateway goes
/// down.
const GRACE: Duration = Duration::from_secs(5);

impl Running {
    /// `HOST:PORT/STAGE`, or a custom domain's key in place of the stage, as this machine reaches it.
    pub(crate) fn host_and_base(&self) -> String {
        format!("{}{}", reachable(self.address), self.surroundings.base)
    }

    pub(crate) fn assembly(&self) -> Assembly {
        self.assembly.borrow().clone()
    }

    /// Resolves when the gateway goes down.
    pub(crate) async fn goes_down(&self) {
        // The sender is held here, so the channel stays open.
        let _ = self.goes_down.subscribe().wait_for(|down| *down).await;
    }

    /// See [`Control::shutdown`](crate::Control::shutdown). Called once.
    pub(crate) async fn go_down(&self) {
        self.goes_down.send_replace(true);
        self.stop.notify_one();
        self.mounted.remove();
        if !self.hub.is_broken() {
            self.hub.input(spec::Input::Shutdown);
            if timeout(GRACE, self.hub.quiet()).await.is_err() {
                tracing::warn!(
                    "some connections, or functions that work for them, did not end in time"
                );
            }
        }
        self.mappings.stop();
        self.functions.stop().await;
        self.abort();
        if let Some(writer) = self.deployed.lock().await.access_log.take() {
            writer.finish(GRACE).await;
        }
        self.sink.flush(log::LAST).await;
    }

    fn abort(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abort();
        drop(self.dynamodb.take());
    }
}

/// The address by which this machine reaches a listener, which may listen on all of its addresses.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
    }
}

/// Warns of routes that lead nowhere.
pub(crate) fn warn_of_targets(stack: &Assembly) {
    for (key, route) in &stack.api().routes {
        if route.target.is_none() && !matches!(key, RouteKey::Connect | RouteKey::Disconnect) {
            tracing::warn!(
                "the route `{key}` has no `Target`: its messages get `Internal server error`"
            );
        }
    }
}

/// The rules of an assembly, as this gateway serves them.
pub(crate) fn rules(assembly: &Assembly, options: &Options) -> Arc<CompiledApi> {
    #[cfg(feature = "mutations")]
    if let Some(mutation) = options.mutation {
        return mutation.changed(assembly.api());
    }
    #[cfg(not(feature = "mutations"))]
    let _ = options;
    Arc::clone(assembly.api())
}
