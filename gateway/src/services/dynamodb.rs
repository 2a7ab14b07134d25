//! A DynamoDB in this process (dynoxide), in memory or in a file, with the tables that the template
//! declares.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynoxide::Database;
use stack::{EventSourceMapping, StartingPosition, Table};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::front::{self, Front};
use super::streams::Reader;
use super::tables;
use crate::Error;
use crate::clock::Clock;
use crate::server::origin::Hosts;

/// The running engine. It ends when this is dropped.
pub(crate) struct Engine {
    pub(crate) address: SocketAddr,
    /// What answers requests there.
    pub(crate) front: Arc<Front>,
    database: Database,
    /// Counts the times at which an item may have changed.
    written: watch::Sender<u64>,
    /// The tables that were in the file already, by name.
    kept: Mutex<HashSet<String>>,
    tasks: Vec<JoinHandle<()>>,
    /// Held as long as the file of the rows is in use.
    _locked: Option<File>,
}

/// Where the engine listens and keeps its rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// 0 lets the system choose.
    pub(crate) port: u16,
    /// In memory, if there is none.
    pub(crate) file: Option<PathBuf>,
}

/// How often expired items are removed. DynamoDB promises days; a minute lets one see it happen.
const SWEEP: Duration = Duration::from_secs(60);

impl Engine {
    /// An engine with these tables, on a loopback port that lets in what the hosts do, plain or with
    /// TLS.
    ///
    /// # Errors
    /// The port or the file cannot be used, or a table cannot be created.
    pub(crate) async fn start(
        wanted: &[Table],
        accepting: (Hosts, TlsAcceptor),
        clock: &Clock,
        place: Place,
    ) -> Result<Self, Error> {
        let (database, locked) = match &place.file {
            Some(file) => open(file, clock)?,
            None => {
                let clock = Arc::new(EngineClock(clock.clone()));
                let database = Database::memory_with_clock(clock);
                (database.map_err(|error| failed(&error))?, None)
            }
        };
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), place.port);
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| Error::Listen { address, error })?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let written = watch::Sender::new(0);
        let front = Arc::new(Front::new(database.clone(), written.clone()));
        let serving = front::run(Arc::clone(&front), listener, accepting);
        let mut engine = Self {
            address,
            front,
            database: database.clone(),
            written: written.clone(),
            kept: Mutex::default(),
            tasks: vec![tokio::spawn(serving)],
            _locked: locked,
        };
        for table in wanted {
            engine.create(table)?;
        }
        if !clock.stands() {
            let clock = clock.clone();
            let sweeps = async move {
                loop {
                    sweep(database.clone(), &written).await;
                    clock.sleep_until(Some(clock.now() + SWEEP)).await;
                }
            };
            engine.tasks.push(tokio::spawn(sweeps));
        }
        Ok(engine)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a table while functions use the others, unless the file has it already.
    pub(crate) fn create(&self, table: &Table) -> Result<(), Error> {
        match tables::create(&self.database, table).map_err(Error::DynamoDb)? {
            tables::Created::New => {}
            tables::Created::Kept => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(table.name.clone());
            }
        }
        Ok(())
    }

    /// Sets the time-to-live of a table as its declaration says.
    pub(crate) fn set_time_to_live(&self, table: &Table) -> Result<(), Error> {
        tables::set_time_to_live(&self.database, table).map_err(Error::DynamoDb)
    }

    /// The stream of a mapping's table, from where the mapping begins. Of a table that was in the
    /// file before, that is the end: what was written then was an earlier gateway's.
    ///
    /// # Errors
    /// The table has no stream.
    pub(crate) fn stream(
        &self,
        mapping: &EventSourceMapping,
        region: &str,
    ) -> Result<Reader, String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let from = match kept.contains(&mapping.table) {
            true => StartingPosition::Latest,
            false => mapping.starting_position,
        };
        let written = self.written.subscribe();
        Reader::new(self.database.clone(), written, mapping, from, region)
    }

    /// How often an item may have changed: what [`Reader::written_until`] counts.
    pub(crate) fn written_until(&self) -> u64 {
        *self.written.borrow()
    }

    /// Removes the items that have expired. It happens by itself, but for frozen clocks.
    pub(crate) async fn sweep(&self) {
        sweep(self.database.clone(), &self.written).await;
    }
}

/// The engine's view of the gateway's clock: what its items expire by, and its streams are dated by.
struct EngineClock(Clock);

impl dynoxide::storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        self.0.now().as_millis() / 1000
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().as_millis() as f64 / 1000.0
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The database in a file, and the lock that keeps other gateways from it: each would know only of
/// its own changes.
fn open(file: &Path, clock: &Clock) -> Result<(Database, Option<File>), Error> {
    let shown = file.display();
    let failed = |problem: String| Error::DynamoDb(format!("the file `{shown}` {problem}"));
    if clock.stands() {
        let problem = "goes by the system's clock: it cannot be used with a frozen one";
        return Err(failed(problem.to_owned()));
    }
    let path = file.to_str();
    let path = path.ok_or_else(|| failed("has a name that is not UTF-8".to_owned()))?;
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(lock);
    let lock = opened.map_err(|error| failed(format!("cannot be locked: {error}")))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(failed("is in use by another gateway".to_owned()));
        }
        Err(TryLockError::Error(error)) => {
            return Err(failed(format!("cannot be locked: {error}")));
        }
    }
    let database = Database::new(path);
    let database = database.map_err(|error| failed(format!("cannot be opened: {error}")))?;
    Ok((database, Some(lock)))
}

async fn sweep(database: Database, written: &watch::Sender<u64>) {
    let done = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    match done {
        Ok(Ok(0)) | Err(_) => {}
        Ok(Ok(_)) => {
            written.send_modify(|count| *count += 1);
        }
        Ok(Err(error)) => {
            tracing::warn!("the local DynamoDB could not remove expired items: {error}");
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::DynamoDb(error.to_string())
}
