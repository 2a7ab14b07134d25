//! A DynamoDB in this process (dynoxide), in memory, with the tables that the template declares.

use std::time::Duration;

use dynoxide::Database;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::front;
use crate::Error;
use crate::server::origin::Hosts;
use stack::Table;

/// The running engine. It ends when this is dropped.
pub(crate) struct Engine {
    pub(crate) url: String,
    database: Database,
    tasks: [JoinHandle<()>; 2],
}

/// How often expired items are removed. DynamoDB promises days; a minute lets one see it happen.
const SWEEP: Duration = Duration::from_secs(60);

impl Engine {
    pub(crate) async fn start(tables: &[Table], hosts: &Hosts) -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::DynamoDb(error.to_string());
        let database = Database::memory().map_err(|error| failed(&error))?;
        for table in tables {
            create(&database, table)?;
        }
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let swept = database.clone();
        let sweep = async move {
            let mut ticks = tokio::time::interval(SWEEP);
            loop {
                ticks.tick().await;
                let database = swept.clone();
                let done = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
                if let Ok(Err(error)) = done {
                    tracing::warn!("the local DynamoDB could not remove expired items: {error}");
                }
            }
        };
        Ok(Self {
            url: format!("http://{address}"),
            database: database.clone(),
            tasks: [
                tokio::spawn(front::run(listener, hosts.clone(), database)),
                tokio::spawn(sweep),
            ],
        })
    }
}

impl Engine {
    /// Creates a table while functions use the others.
    pub(crate) fn create(&self, table: &Table) -> Result<(), Error> {
        create(&self.database, table)
    }

    /// Sets the time-to-live of a table as its declaration says.
    pub(crate) fn set_time_to_live(&self, table: &Table, old: &Table) -> Result<(), Error> {
        if let Some(attribute) = &old.time_to_live {
            time_to_live(&self.database, table, attribute, TimeToLive::Off)?;
        }
        match &table.time_to_live {
            Some(attribute) => time_to_live(&self.database, table, attribute, TimeToLive::On),
            None => Ok(()),
        }
    }
}

/// Whether expired items are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeToLive {
    On,
    Off,
}

impl Drop for Engine {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn create(database: &Database, table: &Table) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::DynamoDb(format!(
            "the table `{}` cannot be created: {error}",
            table.logical_id
        ))
    };
    let request =
        serde_json::from_value(table.definition.clone()).map_err(|error| failed(&error))?;
    database
        .create_table(request)
        .map_err(|error| failed(&error))?;
    match &table.time_to_live {
        Some(attribute) => time_to_live(database, table, attribute, TimeToLive::On),
        None => Ok(()),
    }
}

fn time_to_live(
    database: &Database,
    table: &Table,
    attribute: &str,
    wanted: TimeToLive,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::DynamoDb(format!(
            "the time-to-live of the table `{}` cannot be set: {error}",
            table.logical_id
        ))
    };
    let specification = json!({
        "TableName": table.name,
        "TimeToLiveSpecification": {
            "AttributeName": attribute,
            "Enabled": wanted == TimeToLive::On,
        },
    });
    let request = serde_json::from_value(specification).map_err(|error| failed(&error))?;
    database
        .update_time_to_live(request)
        .map_err(|error| failed(&error))?;
    Ok(())
}
