//! A running gateway, as its owner sees it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use spec::api::AuthorizationType;
use spec::signature::{Caller, presign};
use stack::Assembly;
use tokio::sync::{Mutex, Notify, OnceCell, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::apply::Deployed;
use crate::clock::Clock;
use crate::hub::Hub;
use crate::lambda::{Figures, Functions, Sink, Surroundings};
use crate::log;
use crate::services::dynamodb::Engine;
use crate::subscription::Subscription;
use crate::supervisor::{Fault, Supervisor};
use crate::{Options, SpecGateway};

/// The way to a gateway that serves. Clones control the same one; when the last is dropped,
/// everything ends at once, where [`shutdown`](Self::shutdown) is the polite way.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Running>);

/// Everything that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) options: Options,
    /// What is served.
    pub(crate) assembly: watch::Sender<Assembly>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Clock,
    pub(crate) functions: Arc<Functions>,
    /// What functions write.
    pub(crate) sink: Sink,
    pub(crate) surroundings: Surroundings,
    /// Locked by whoever applies a deployment.
    pub(crate) deployed: Mutex<Deployed>,
    /// Told to the server: no more connections.
    pub(crate) stop: Arc<Notify>,
    pub(crate) supervisor: Supervisor,
    pub(crate) tasks: Vec<AbortHandle>,
    pub(crate) dynamodb: Option<Engine>,
    pub(crate) dynamodb_url: String,
    /// Who may sign; the first is the one to show.
    pub(crate) callers: Vec<Caller>,
    pub(crate) goes_down: watch::Sender<bool>,
    pub(crate) down: OnceCell<()>,
}

/// A gateway at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The time by which it lives.
    pub now: spec::Timestamp,
    /// How many connections are open.
    pub connections: usize,
    /// How many processes and waiting events each function has, by its name.
    pub functions: BTreeMap<String, Figures>,
}

/// How long `$disconnect` functions and clients' close handshakes may take when the gateway goes
/// down.
const GRACE: Duration = Duration::from_secs(5);

impl Control {
    pub(crate) fn new(running: Running) -> Self {
        Self(Arc::new(running))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Where clients connect to: `ws://HOST:PORT/STAGE`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.0.host_and_stage())
    }

    /// Where clients connect to if `$connect` wants a signature: the same address, signed now by
    /// the first of the callers, valid for `expires` (a week at most). `None` if it wants none.
    pub fn signed_ws_url(&self, expires: Duration) -> Option<String> {
        let assembly = self.0.assembly();
        let api = assembly.api();
        let connect = api.routes.get("$connect")?;
        let caller = self.0.callers.first()?;
        (connect.authorization_type == AuthorizationType::AwsIam).then(|| {
            let host = reachable(self.0.address).to_string();
            let target = format!("/{}", api.stage.stage_name);
            let now = self.0.clock.now();
            let signed = presign(caller, &api.region, &host, &target, now, Some(expires));
            format!("ws://{host}{signed}")
        })
    }

    /// The base address of the `@connections` API, for an SDK's endpoint.
    pub fn management_url(&self) -> String {
        format!("http://{}", self.0.host_and_stage())
    }

    /// The DynamoDB that the functions use.
    pub fn dynamodb_url(&self) -> &str {
        &self.0.dynamodb_url
    }

    /// What is served at the moment.
    pub fn assembly(&self) -> Assembly {
        self.0.assembly()
    }

    /// The gateway as it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            now: self.0.clock.now(),
            connections: self.0.hub.look(SpecGateway::connections),
            functions: self.0.functions.figures(),
        }
    }

    /// Its decisions from now on, with their reasons.
    pub fn subscribe(&self) -> Subscription {
        self.0.hub.subscribe()
    }

    /// Resolves if the gateway cannot be trusted to serve on: a part of it died. Whoever owns it
    /// should end it.
    pub async fn fault(&self) -> Fault {
        self.0.supervisor.fault().await
    }

    /// Lets `time` pass on a frozen clock: once every call of a function has reached its process,
    /// all that is due within `time` happens, each thing at its own moment, and is on its way when
    /// this returns the new time. Functions whose `Timeout` is reached are killed. `None` with a
    /// clock of another kind.
    ///
    /// Calls that are still under way see the time pass too, also those that began in its middle:
    /// whoever wants an answer first must wait for it.
    pub async fn advance(&self, time: Duration) -> Option<spec::Timestamp> {
        if !self.0.clock.stands() {
            return None;
        }
        self.0.functions.fetched().await;
        Some(self.0.hub.advance(time))
    }

    /// Goes down: takes no more clients, closes every connection with 1001, runs `$disconnect` for
    /// each, ends the functions' processes, and writes the access log to its end. Returns within
    /// some seconds, when nothing is left; a second call waits for the first.
    pub async fn shutdown(&self) {
        self.0.down.get_or_init(|| self.0.go_down()).await;
    }
}

#[cfg(test)]
impl Control {
    /// Panics under the machine's lock.
    pub(crate) fn break_the_machine(&self) {
        self.0.hub.look(|_| panic!("as a test asks"));
    }
}

impl Running {
    fn host_and_stage(&self) -> String {
        format!("{}/{}", reachable(self.address), self.surroundings.stage)
    }

    pub(crate) fn assembly(&self) -> Assembly {
        self.assembly.borrow().clone()
    }

    /// Resolves when the gateway goes down.
    pub(crate) async fn goes_down(&self) {
        // The sender is held here, so the channel stays open.
        let _ = self.goes_down.subscribe().wait_for(|down| *down).await;
    }

    async fn go_down(&self) {
        self.goes_down.send_replace(true);
        self.stop.notify_one();
        if !self.hub.is_broken() {
            self.hub.input(spec::Input::Shutdown);
            if timeout(GRACE, self.hub.quiet()).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
        }
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
