//! The streams of the engine's tables, read record by record for the functions that they invoke.

use dynoxide::Database;
use dynoxide::actions::get_records::{GetRecordsRequest, GetRecordsResponse};
use serde_json::{Value as Json, json};
use stack::{EventSourceMapping, StartingPosition};
use tokio::sync::watch;

/// A position in a table's stream.
pub(crate) struct Reader {
    database: Database,
    /// Changes when an item may have changed.
    written: watch::Receiver<u64>,
    /// Where to go on.
    iterator: String,
    /// What the function is told of the stream.
    arn: String,
    region: String,
}

/// The most records that the engine gives at once.
const AT_ONCE: usize = 1000;

impl Reader {
    /// Where a mapping begins.
    ///
    /// # Errors
    /// The table has no stream.
    pub(super) fn new(
        database: Database,
        written: watch::Receiver<u64>,
        mapping: &EventSourceMapping,
        from: StartingPosition,
        region: &str,
    ) -> Result<Self, String> {
        let EventSourceMapping {
            table,
            event_source_arn: arn,
            ..
        } = mapping;
        let asked = super::tables::request(json!({"StreamArn": arn}))?;
        let described = database.describe_stream(asked);
        let described = described.map_err(|error| error.to_string())?;
        let shards = described.stream_description.shards;
        let shard = shards
            .first()
            .ok_or_else(|| format!("the table `{table}` has an empty stream"))?;
        let from = match from {
            StartingPosition::TrimHorizon => "TRIM_HORIZON",
            StartingPosition::Latest => "LATEST",
        };
        let asked = super::tables::request(json!({
            "StreamArn": arn, "ShardId": shard.shard_id, "ShardIteratorType": from,
        }))?;
        let iterator = database.get_shard_iterator(asked);
        let iterator = iterator.map_err(|error| error.to_string())?;
        Ok(Self {
            iterator: iterator.shard_iterator.unwrap_or_default(),
            database,
            written,
            arn: arn.clone(),
            region: region.to_owned(),
        })
    }

    /// The next records, at most `limit`, as a function gets them; and whether there may be more. A
    /// write that has changed nothing is none, though the engine has a record of it.
    ///
    /// # Errors
    /// The table is gone.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<(Vec<Json>, bool), String> {
        // What is written from now on is another time's.
        self.written.borrow_and_update();
        let limit = limit.min(AT_ONCE);
        let asked = GetRecordsRequest {
            shard_iterator: self.iterator.clone(),
            limit: Some(limit),
        };
        let database = self.database.clone();
        let read = tokio::task::spawn_blocking(move || database.get_records(asked)).await;
        let read = read.map_err(|error| error.to_string())?;
        let GetRecordsResponse {
            records,
            next_shard_iterator,
        } = read.map_err(|error| error.to_string())?;
        if let Some(next) = next_shard_iterator {
            self.iterator = next;
        }
        let more = records.len() == limit;
        let mut events = Vec::new();
        for record in records {
            let record = serde_json::to_value(&record).map_err(|error| error.to_string())?;
            if !changes_nothing(&record) {
                events.push(self.event(record));
            }
        }
        Ok((events, more))
    }

    /// How often an item may have changed by now.
    pub(crate) fn written_until(&self) -> u64 {
        *self.written.borrow()
    }

    /// Resolves when an item may have changed since the last [`read`](Self::read).
    pub(crate) async fn written(&mut self) {
        if self.written.changed().await.is_err() {
            // The engine ends with the gateway.
            std::future::pending::<()>().await;
        }
    }

    /// A record as Lambda hands it on: with its source, and seconds that are whole.
    fn event(&self, mut record: Json) -> Json {
        record["awsRegion"] = self.region.as_str().into();
        record["eventSourceARN"] = self.arn.as_str().into();
        let created = &mut record["dynamodb"]["ApproximateCreationDateTime"];
        *created = (created.as_f64().unwrap_or_default() as u64).into();
        record
    }
}

/// Whether an item was written as it was.
fn changes_nothing(record: &Json) -> bool {
    let images = &record["dynamodb"];
    record["eventName"] == "MODIFY"
        && images.get("OldImage").is_some()
        && images.get("OldImage") == images.get("NewImage")
}
