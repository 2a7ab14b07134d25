//! The target `local`: `gatespec serve` as a process, reached through its sockets only.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::addresses::Endpoint;
use super::table::TableEndpoint;
use crate::case::Feature;
use crate::session::SessionError;

/// What the target has.
pub const FEATURES: [Feature; 11] = [
    Feature::Authorizer,
    Feature::Templates,
    Feature::Management,
    Feature::Table,
    Feature::Limits,
    Feature::Clock,
    Feature::TwoWay,
    Feature::Http,
    Feature::Sockets,
    Feature::AccessLog,
    Feature::Domains,
];

/// The clock of a gateway that was started with [`CLOCK`]. It is moved through the gateway's
/// standard input, which this holds.
#[derive(Clone)]
pub struct Clock(Arc<Mutex<Option<Pipes>>>);

struct Pipes {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

/// Arguments for a gateway whose clock is frozen at 2024-01-20T11:54:57.419Z, where every case
/// begins, unless it is moved.
pub const CLOCK: [&str; 2] = ["--clock", "1705751697419"];

/// A gateway in a process of its own. It ends when its standard input is closed, so also when this
/// process dies.
pub struct LocalGateway {
    child: Child,
    /// What moves its time.
    pub clock: Clock,
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

/// Why a gateway's process could not be used.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The program is not there, or the system has no room for a process.
    #[error("cannot start `{}`", .0.display())]
    Start(PathBuf, #[source] io::Error),
    /// It said nothing for a long time.
    #[error("the gateway was not ready within {STARTING:?}")]
    NotReady,
    /// Its standard output cannot be read.
    #[error("cannot read the gateway's standard output")]
    Output(#[source] io::Error),
    /// It ended before it was ready.
    #[error("the gateway ended before it was ready")]
    Ended,
    /// What it printed is not the line of `serve --ready json`.
    #[error("the gateway's first line `{0}` cannot be read")]
    FirstLine(String, #[source] serde_json::Error),
    /// Its standard input or output cannot be used.
    #[error("the gateway cannot be given commands")]
    Command(#[source] io::Error),
    /// It ended without success.
    #[error("the gateway ended with {0}")]
    Status(ExitStatus),
    /// The system does not say whether it has ended.
    #[error("cannot wait for the gateway to end")]
    Wait(#[source] io::Error),
    /// Its standard input was closed, and it runs on.
    #[error("the gateway did not end within {PATIENCE:?}")]
    NotEnding,
}

/// How long a gateway may take to be ready, when its functions are built: several may start at once
/// on a busy machine.
const STARTING: Duration = Duration::from_secs(60);
/// How long anything may take on this machine before it counts as silence.
const PATIENCE: Duration = Duration::from_secs(10);

impl LocalGateway {
    /// Starts `program serve …` with `arguments` (the template, its parameters), on a port that the
    /// system chooses, and waits until it is ready.
    ///
    /// # Errors
    /// A process that cannot be started, or that is not ready in time. Why it ended is in `log`.
    pub async fn start(
        program: &Path,
        arguments: &[String],
        log: Stdio,
    ) -> Result<Self, GatewayError> {
        let mut child = Command::new(program)
            .args(["serve", "--no-build", "--port", "0", "--ready", "json"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| GatewayError::Start(program.to_owned(), error))?;
        let stdout = child.stdout.take().ok_or(GatewayError::Ended)?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(STARTING, lines.next_line())
            .await
            .map_err(|_| GatewayError::NotReady)?
            .map_err(GatewayError::Output)?
            .ok_or(GatewayError::Ended)?;
        let ready: Ready = serde_json::from_str(&line)
            .map_err(|error| GatewayError::FirstLine(line.clone(), error))?;
        let endpoint = Endpoint {
            ws_url: ready.ws.clone(),
            management_url: Some(ready.management.clone()),
            table: ready.tables.first().map(|name| TableEndpoint {
                url: ready.dynamodb.clone(),
                name: name.clone(),
            }),
            patience: PATIENCE,
            credentials: None,
        };
        let pipes = child.stdin.take().map(|stdin| Pipes {
            stdin,
            stdout: lines,
        });
        Ok(Self {
            child,
            clock: Clock(Arc::new(Mutex::new(pipes))),
            endpoint,
            ready,
        })
    }

    /// The process's id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Has the gateway read its template again and serve what it says now: what changed, in the
    /// gateway's words.
    ///
    /// # Errors
    /// A gateway that is gone, or that refuses the change.
    pub async fn apply(&self) -> Result<String, SessionError> {
        self.clock.ask("apply", "applied").await
    }

    /// Ends the gateway in an orderly way.
    ///
    /// # Errors
    /// A gateway that does not end, or ends without success.
    pub async fn stop(mut self) -> Result<(), GatewayError> {
        drop(self.clock.0.lock().await.take());
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(GatewayError::Status(status)),
            Ok(Err(error)) => Err(GatewayError::Wait(error)),
            Err(_) => Err(GatewayError::NotEnding),
        }
    }
}

impl Clock {
    /// Lets time pass for the gateway. All that is due by then has happened when this returns.
    ///
    /// # Errors
    /// A gateway that is gone, or whose clock cannot be moved.
    pub async fn advance(&self, time: Duration) -> Result<(), SessionError> {
        let command = format!("advance {}", time.as_secs_f64());
        self.ask(&command, "now").await.map(drop)
    }

    /// Waits until no function is at work.
    ///
    /// # Errors
    /// A gateway that is gone, or whose functions work for longer than anything may take.
    pub async fn settle(&self) -> Result<(), SessionError> {
        self.ask("settle", "settled").await.map(drop)
    }

    /// Sends a command to the gateway's standard input: what follows `answers` in its answer.
    async fn ask(&self, command: &str, answers: &str) -> Result<String, SessionError> {
        let other = |error| SessionError::other(GatewayError::Command(error));
        let mut pipes = self.0.lock().await;
        let pipes = pipes
            .as_mut()
            .ok_or_else(|| SessionError::other("the gateway has ended"))?;
        let line = format!("{command}\n");
        pipes
            .stdin
            .write_all(line.as_bytes())
            .await
            .map_err(other)?;
        let answer = timeout(PATIENCE, pipes.stdout.next_line())
            .await
            .map_err(|_| SessionError::Silence(PATIENCE))?
            .map_err(other)?
            .unwrap_or_default();
        match answer.strip_prefix(answers) {
            Some(rest) => Ok(rest.trim_start_matches([':', ' ']).to_owned()),
            None => Err(SessionError::other(format!(
                "the gateway answers `{command}` with `{answer}`"
            ))),
        }
    }
}
