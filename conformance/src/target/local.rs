//! The target `local`: `gatespec serve` as a process, reached through its sockets only.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::wire::{Endpoint, TableEndpoint};
use crate::case::Feature;

/// What the target has.
pub const FEATURES: [Feature; 8] = [
    Feature::Authorizer,
    Feature::Templates,
    Feature::Management,
    Feature::Table,
    Feature::Limits,
    Feature::TwoWay,
    Feature::Http,
    Feature::Pings,
];

/// A gateway in a process of its own. It ends when its standard input is closed, so also when this process dies.
pub struct LocalGateway {
    child: Child,
    /// Where it is.
    pub endpoint: Endpoint,
    /// What it said when it was ready.
    pub ready: Ready,
}

/// The line that `gatespec serve --ready json` prints.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Ready {
    /// `ws://…/{stage}`.
    pub ws: String,
    /// `http://…/{stage}`.
    pub management: String,
    /// The DynamoDB engine.
    pub dynamodb: String,
    /// The tables' names.
    pub tables: Vec<String>,
}

/// How long anything may take on this machine before it counts as silence.
const PATIENCE: Duration = Duration::from_secs(10);

impl LocalGateway {
    /// Starts `program serve …` with `arguments` (the template, its parameters), on a port that the system chooses, and waits until it
    /// is ready.
    ///
    /// # Errors
    /// A process that can not be started, or that ends before it is ready; what it has to say goes to standard error.
    pub async fn start(program: &Path, arguments: &[String], log: Stdio) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(["serve", "--no-build", "--port", "0", "--ready", "json"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("can not start `{}`: {error}", program.display()))?;
        let stdout = child
            .stdout
            .take()
            .ok_or("the gateway has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines
            .next_line()
            .await
            .map_err(|error| error.to_string())?
            .ok_or("the gateway ended before it was ready; its last words are above")?;
        let ready: Ready = serde_json::from_str(&line).map_err(|error| {
            format!("the gateway's first line `{line}` can not be read: {error}")
        })?;
        let endpoint = Endpoint {
            ws_url: ready.ws.clone(),
            management_url: Some(ready.management.clone()),
            table: ready.tables.first().map(|name| TableEndpoint {
                url: ready.dynamodb.clone(),
                name: name.clone(),
            }),
            patience: PATIENCE,
        };
        Ok(Self {
            child,
            endpoint,
            ready,
        })
    }

    /// The process's id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the gateway in an orderly way.
    ///
    /// # Errors
    /// A gateway that did not end well.
    pub async fn stop(mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the gateway ended with {status}")),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the gateway did not end".to_owned()),
        }
    }
}
