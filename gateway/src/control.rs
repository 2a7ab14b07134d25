//! A running gateway, as its owner sees it.

mod client;
pub(crate) mod connections;
pub(crate) mod invoke;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use spec::api::AuthorizationType;
use spec::signature::presign;
use stack::{Assembly, Plan};

use crate::SpecGateway;
use crate::apply::{ApplyError, Reloaded};
use crate::lambda::Figures;
use crate::mount::Mount;
use crate::running::{Running, reachable};
use crate::services::aws;
use crate::subscription::Subscription;
use crate::supervisor::Fault;
use crate::trace::Trace;

pub use client::LocalClient;

/// The way to a gateway that serves. Clones control the same one; when the last is dropped,
/// everything ends at once; [`shutdown`](Self::shutdown) is the graceful way.
#[derive(Clone)]
pub struct Control(Arc<Running>);

/// A gateway at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The time on its clock.
    pub now: spec::Timestamp,
    /// How many connections are open.
    pub connections: usize,
    /// How many processes and waiting events each function has, by its name.
    pub functions: BTreeMap<String, Figures>,
}

impl Control {
    pub(crate) fn new(running: Running) -> Self {
        Self(Arc::new(running))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Where clients connect to: `ws://HOST:PORT/STAGE`, or the key of a custom domain in place of the
    /// stage if the default endpoint is disabled.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.0.host_and_base())
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
            let target = self.0.surroundings.base.clone();
            let now = self.0.clock.now();
            let signed = presign(caller, &api.region, &host, &target, now, Some(expires));
            format!("ws://{host}{signed}")
        })
    }

    /// The base address of the `@connections` API, for an SDK's endpoint.
    pub fn management_url(&self) -> String {
        format!("http://{}", self.0.host_and_base())
    }

    /// The custom domains that lead to the stage, each with the address that clients call it at, who
    /// name it in their `Host` header.
    pub fn custom_domains(&self) -> Vec<(String, String)> {
        let address = reachable(self.0.address);
        let assembly = self.0.assembly();
        let mappings = assembly.api().api_mappings.iter();
        let each = mappings.map(|one| {
            let url = format!("ws://{address}{}", one.path());
            (one.domain_name.clone(), url)
        });
        each.collect()
    }

    /// Where the requests to AWS services are shown that have no address, if an integration calls
    /// one; by `GET`, as JSON. `DELETE` forgets them.
    pub fn outbox_url(&self) -> Option<String> {
        let endpoints = &self.0.options.endpoints;
        let services = aws::without_address(&self.assembly(), endpoints);
        let address = reachable(self.0.address);
        (!services.is_empty()).then(|| format!("http://{address}/@outbox"))
    }

    /// The certificate, PEM, of the authority that clients of `https://` and `wss://` on this
    /// address are to trust.
    pub fn authority(&self) -> &Path {
        &self.0.surroundings.trust.authority
    }

    /// The DynamoDB that the functions use.
    pub fn dynamodb_url(&self) -> &str {
        &self.0.endpoint.url
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

    /// Takes the requests below `/@inspect` on the gateway's port, from programs on this machine and
    /// from no web page but those answered with here; in place of whoever took them before.
    pub fn mount(&self) -> Mount {
        self.0.mounted.replace()
    }

    /// Where [`mount`](Self::mount) answers, for browsers on this machine: `http://HOST:PORT/@inspect`.
    /// `None` if the gateway listens on no loopback address.
    pub fn mount_url(&self) -> Option<String> {
        let address = reachable(self.0.address);
        let is_here = address.ip().to_canonical().is_loopback();
        is_here.then(|| format!("http://{address}/@inspect"))
    }

    /// How many handshakes, messages and requests to `@connections` have come since the start,
    /// whoever watched.
    pub fn arrived(&self) -> u64 {
        self.0.hub.arrived()
    }

    /// Whether its clock is frozen, so that only [`advance`](Self::advance) lets time pass.
    pub fn is_frozen(&self) -> bool {
        self.0.clock.stands()
    }

    /// Everything that happens from now on: each input with all that it led to, and what the
    /// functions do. It costs nothing while nobody holds a [`Trace`].
    pub fn trace(&self) -> Trace {
        self.0.hub.trace()
    }

    /// Resolves if the gateway cannot be trusted to serve on: a part of it died. Whoever owns it
    /// should end it.
    pub async fn fault(&self) -> Fault {
        self.0.supervisor.fault().await
    }

    /// Lets `time` pass on a frozen clock: once every call of a function has reached its process,
    /// and every event source mapping knows what was written, all that is due within `time` happens,
    /// each thing at its own moment, and is on its way when this returns the new time. Functions
    /// whose `Timeout` is reached are killed. Items of the embedded DynamoDB that have expired by
    /// then are gone. `None` with a clock of another kind.
    ///
    /// Calls that are still under way see the time pass too, also those that began in its middle:
    /// whoever wants an answer first must wait for it.
    pub async fn advance(&self, time: Duration) -> Option<spec::Timestamp> {
        if !self.0.clock.stands() {
            return None;
        }
        if let Some(engine) = &self.0.dynamodb {
            self.0.mappings.caught_up(engine).await;
        }
        self.0.functions.fetched().await;
        let now = self.0.hub.advance(time);
        if let Some(engine) = &self.0.dynamodb {
            engine.sweep().await;
        }
        Some(now)
    }

    /// Resolves when no function, HTTP backend or service is at work: every call has ended, also
    /// those that nobody waits for, and every event source mapping has invoked its function for all
    /// that was written. What clients have sent and the gateway has not read yet is not known here.
    pub async fn settled(&self) {
        /// How often processes are looked at, which end their work without a word to anybody here.
        const LOOK: Duration = Duration::from_millis(2);
        let is_at_rest = || {
            let is_busy = |figures: &Figures| figures.busy + figures.waiting > 0;
            let calls = self.0.hub.look(SpecGateway::is_calling);
            !calls && !self.0.functions.figures().values().any(is_busy)
        };
        // A function that ended after the first look may have written for a mapping.
        let mut looks = 0;
        while looks < 2 {
            if let Some(engine) = &self.0.dynamodb {
                self.0.mappings.caught_up(engine).await;
            }
            if is_at_rest() {
                looks += 1;
            } else {
                looks = 0;
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Serves `assembly` from now on, in place of what is served: what changed between the two.
    ///
    /// - Rules: a request that has begun is answered by the rules that it began with, the next one
    ///   by the new rules. Connections stay open; throttles and quotas go on where their key stays.
    /// - Functions: events from now on go to processes of the new program; those that work on an
    ///   event finish it, and end. A function is new as well if its executable is.
    /// - Tables: new ones are created. Those that stay keep their rows, and those that are gone
    ///   from the template keep theirs until the gateway ends. Of a table that stays only the
    ///   time-to-live changes.
    ///
    /// Everything is built and created beside what is served before anything changes. Calls are
    /// applied one after another.
    ///
    /// # Errors
    /// Whatever stands in the way; then nothing has changed, except that tables may have been
    /// created.
    pub async fn apply(&self, assembly: Assembly) -> Result<Plan, ApplyError> {
        self.0.apply(assembly).await
    }

    /// As [`apply`](Self::apply), for a person who has just saved something and wants to see it:
    ///
    /// - The stage is deployed, whether or not the template makes a deployment: what AWS would
    ///   serve only after the next one is [named](Reloaded::held).
    /// - Functions whose code is among `saved` (files and folders as
    ///   [`inputs`](Assembly::inputs) has them) are new, whatever the state of their files is.
    /// - A new function that has been called before gets a process at once: the next event finds it
    ///   started, and what is wrong with it is in the log.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn reload(
        &self,
        assembly: Assembly,
        saved: &[PathBuf],
    ) -> Result<Reloaded, ApplyError> {
        self.0.reload(assembly, saved).await
    }

    /// The files and folders that functions run from: their code and layers, and executables.
    pub async fn code(&self) -> Vec<PathBuf> {
        let deployed = self.0.deployed.lock().await;
        let launches = deployed.launches.values();
        let mut code: Vec<PathBuf> = launches
            .flat_map(|launch| launch.program.code.clone())
            .collect();
        code.sort();
        code.dedup();
        code
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
