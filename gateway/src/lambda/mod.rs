//! Functions as Lambda runs them: processes that fetch their events from a Runtime API, one at a time each.
//!
//! ```text
//! Functions::invoke -> pool: a waiting process, or the queue and perhaps a new process
//! sandbox: the process with its own Runtime API  GET next -> pool.next
//!                                                POST response, error -> pool.complete -> Hub::result
//! ```

mod environment;
mod failure;
mod output;
mod pool;
mod process;
mod runtime_api;
mod sandbox;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use spec::Timestamp;
use spec::io::{CallId, FunctionOutcome, Invocation};
use spec::signature::Caller;

use crate::build::Executables;
use crate::clock::Clock;
use crate::hub::{Hub, Invoke};
use stack::{Assembly, Function};

pub(crate) use output::Sink;
pub use output::{FunctionOutput, LineSink};
pub(crate) use pool::Pool;

/// The functions of a stack, ready to be called.
pub(crate) struct Functions {
    pools: HashMap<String, Arc<Pool>>,
}

/// What every function's process needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) region: String,
    /// What functions sign their calls with.
    pub(crate) credentials: Caller,
    pub(crate) stage: String,
    /// Where the `@connections` API is.
    pub(crate) management: SocketAddr,
    pub(crate) dynamodb_url: String,
    /// The most processes of one function.
    pub(crate) max_processes: usize,
}

impl Functions {
    pub(crate) fn new(
        stack: &Assembly,
        executables: &Executables,
        surroundings: &Surroundings,
        sink: &Sink,
        clock: &Clock,
        hub: &Weak<Hub>,
    ) -> Self {
        let mut pools = HashMap::new();
        for function in stack.functions() {
            let Some(executable) = executables.get(&function.logical_id) else {
                continue;
            };
            let launch = pool::Launch {
                executable: executable.clone(),
                environment: environment::of(function, executable, surroundings),
                name: function.name.clone(),
                arn: function.arn.clone(),
                timeout: function.timeout,
                max_processes: surroundings.max_processes,
            };
            let pool = Pool::new(launch, sink.clone(), clock.clone(), hub.clone());
            pools.insert(function.arn.clone(), pool);
        }
        Self { pools }
    }

    /// The pools, to be stopped when the gateway goes down.
    pub(crate) fn pools(&self) -> Vec<Arc<Pool>> {
        self.pools.values().cloned().collect()
    }
}

impl Invoke for Functions {
    fn invoke(&self, invocation: Invocation) -> Result<(), String> {
        let arn = &*invocation.function_arn;
        let pool = self.pools.get(arn).or_else(|| {
            // A version or an alias: there is only one code here.
            let (unqualified, _) = arn.rsplit_once(':')?;
            self.pools.get(unqualified)
        });
        match pool {
            Some(pool) => {
                pool.invoke(invocation);
                Ok(())
            }
            None => Err(format!("there is no function `{arn}`")),
        }
    }

    fn next_timeout(&self) -> Option<Timestamp> {
        let pools = self.pools.values();
        pools.filter_map(|pool| pool.next_timeout()).min()
    }

    fn time_out(&self, now: Timestamp) -> Vec<(CallId, FunctionOutcome)> {
        let pools = self.pools.values();
        pools.flat_map(|pool| pool.time_out(now)).collect()
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
        format!("http://{}/{}", self.management, self.stage)
    }
}

/// Whether a function is told to write its logs as JSON.
fn logs_json(function: &Function) -> bool {
    function.log_format.eq_ignore_ascii_case("json")
}
