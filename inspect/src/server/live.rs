//! What happens, to a page that follows it.
//!
//! A page has a revision of the store that it knows, and is told what has changed since: nothing
//! waits for a page, and nothing is kept for one. What a slow page gets next is what has changed
//! meanwhile, and how many requests came and went without it.

use std::sync::Arc;
use std::time::Duration;

use gateway::Answer;
use serde::Serialize;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::answers::{Problem, stream};
use super::shared::Shared;
use super::summary::Summary;
use crate::connection::Connection;
use crate::store::{Changes, Cursor};

/// How long changes are collected before they are told: as often as eyes can follow.
const PAUSE: Duration = Duration::from_millis(100);
/// How long nothing may be told; then an empty line shows whether the page is still there.
const SILENCE: Duration = Duration::from_secs(15);

/// The first event of a stream.
#[derive(Serialize)]
struct Hello {
    ws: String,
    /// Without its secrets: `api/wscat` has them.
    wscat: String,
    frozen: bool,
    now: u64,
    routes: Vec<String>,
}

/// What has changed since the page was told last.
#[derive(Serialize)]
struct Told<'c> {
    revision: u64,
    number: u64,
    missed: u64,
    lost: u64,
    now: u64,
    exchanges: Vec<Summary<'c>>,
    connections: Option<&'c [Connection]>,
}

/// The stream of what has changed since the page knew what the query says, such as
/// `since=12&number=3`.
pub(super) fn answer(shared: Arc<Shared>, query: &str) -> Result<Answer, Problem> {
    let mut cursor = Cursor::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let wrong = |_| Problem::new(400, format!("`{name}` is not a number"));
        match name {
            "since" => cursor.revision = value.parse().map_err(wrong)?,
            "number" => cursor.number = value.parse().map_err(wrong)?,
            _ => {}
        }
    }
    // One piece waits: the next is made once the page takes it.
    let (events, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut ends = shared.ends.subscribe();
        tokio::select! {
            // The page has gone.
            () = events.closed() => {}
            _ = ends.wait_for(|ends| *ends) => {}
            _ = follow(&shared, cursor, &events) => {}
        }
    });
    Ok(stream(receiver))
}

/// Tells what changes, until nobody listens any more.
async fn follow(
    shared: &Arc<Shared>,
    mut cursor: Cursor,
    events: &Sender<Vec<u8>>,
) -> Result<(), SendError<Vec<u8>>> {
    let hello = hello(shared);
    events.send(event("hello", &hello)).await?;
    loop {
        let changes = shared.store.changes(cursor);
        cursor = changes.cursor;
        let to_tell = Arc::clone(shared);
        // Long, perhaps: for a thread that nobody else needs.
        let told = spawn_blocking(move || event("changes", &told(&to_tell, &changes))).await;
        // It is lost only where the program ends.
        events.send(told.unwrap_or_default()).await?;
        sleep(PAUSE).await;
        while timeout(SILENCE, shared.store.changed(cursor.revision))
            .await
            .is_err()
        {
            events.send(b":\n\n".to_vec()).await?;
        }
    }
}

fn hello(shared: &Shared) -> Hello {
    let assembly = shared.control.assembly();
    let routes = assembly.api().routes.keys();
    Hello {
        ws: shared.control.ws_url(),
        wscat: shared.store.masked_text(&shared.wscat()),
        frozen: shared.control.is_frozen(),
        now: now(shared),
        routes: routes.map(ToString::to_string).collect(),
    }
}

fn told<'c>(shared: &Shared, changes: &'c Changes) -> Told<'c> {
    let exchanges = changes.exchanges.iter();
    Told {
        revision: changes.cursor.revision,
        number: changes.cursor.number,
        missed: changes.missed,
        lost: changes.lost,
        now: now(shared),
        exchanges: exchanges.map(Summary::new).collect(),
        connections: changes.connections.as_deref(),
    }
}

fn now(shared: &Shared) -> u64 {
    shared.control.snapshot().now.as_millis()
}

/// An event of a stream. JSON has no line ends, outside of its own spaces.
fn event(name: &str, data: &impl Serialize) -> Vec<u8> {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}
