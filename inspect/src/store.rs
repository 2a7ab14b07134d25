//! The last exchanges of a gateway, for whoever looks at them.
//!
//! Bounded in number and in bytes: the oldest go. Each change has a revision; a reader remembers the
//! one that it knows, and asks for what has changed since. So nothing waits for readers and nothing
//! is kept for them, however slow they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use spec::Api;
use tokio::sync::watch;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::fold::bytes_of;
use crate::mask::Masks;

/// How many exchanges are kept.
const EXCHANGES: usize = 1000;
/// How many bytes they may have together, about.
const BYTES: usize = 64 * 1024 * 1024;

/// The last exchanges and the connections. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Shared>);

/// What a reader knows: from [`Cursor::default`], nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last change.
    pub revision: u64,
    /// The number of the last exchange.
    pub number: u64,
}

/// What has changed since a reader looked last.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What the reader knows now.
    pub cursor: Cursor,
    /// How many exchanges came and went without the reader.
    pub missed: u64,
    /// How many requests of the gateway were never followed, since the store began.
    pub lost: u64,
    /// The exchanges that are new or have changed, in the order of their numbers, each with the
    /// revision of its last change.
    pub exchanges: Vec<(u64, Arc<Exchange>)>,
    /// The connections, if anything has changed about them.
    pub connections: Option<Arc<[Connection]>>,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    /// The last change.
    revision: watch::Sender<u64>,
    limits: Limits,
    /// What is secret in the exchanges.
    masks: Mutex<Masks>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    exchanges: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    /// By number.
    exchanges: BTreeMap<u64, Entry>,
    bytes: usize,
    /// The number of the last one that came.
    last: u64,
    lost: u64,
    connections: Arc<[Connection]>,
    /// The revision at which they changed last.
    connected: u64,
}

#[derive(Debug)]
struct Entry {
    exchange: Arc<Exchange>,
    bytes: usize,
    /// Of its last change.
    revision: u64,
}

impl Store {
    /// An empty store, that takes for secret what `masks` does.
    pub fn new(masks: Masks) -> Self {
        let limits = Limits {
            exchanges: EXCHANGES,
            bytes: BYTES,
        };
        Self::with(limits, masks)
    }

    fn with(limits: Limits, masks: Masks) -> Self {
        Self(Arc::new(Shared {
            kept: Mutex::default(),
            revision: watch::Sender::new(0),
            limits,
            masks: Mutex::new(masks),
        }))
    }

    /// Takes an exchange, in place of what was known of it. One that was dropped already stays so.
    pub fn put(&self, exchange: Arc<Exchange>) {
        let bytes = bytes_of(&exchange);
        self.masks().learn(&exchange);
        self.change(|kept, revision| {
            let number = exchange.number;
            let is_gone = number <= kept.last && !kept.exchanges.contains_key(&number);
            if is_gone {
                return;
            }
            kept.last = kept.last.max(number);
            let entry = Entry {
                exchange,
                bytes,
                revision,
            };
            let before = kept.exchanges.insert(number, entry);
            kept.bytes += bytes;
            kept.bytes -= before.map_or(0, |before| before.bytes);
            let Limits { exchanges, bytes } = self.0.limits;
            // The last one stays, whatever its size.
            while kept.exchanges.len() > 1
                && (kept.exchanges.len() > exchanges || kept.bytes > bytes)
            {
                let oldest = kept.exchanges.pop_first();
                kept.bytes -= oldest.map_or(0, |(_, oldest)| oldest.bytes);
            }
        });
    }

    /// Takes what another deployment has for secret to what was so before.
    pub fn deploy(&self, api: &Api) {
        self.masks().add(api);
    }

    /// Takes the connections, in place of those that were known.
    pub fn connect(&self, connections: Vec<Connection>) {
        if *self.lock().connections == *connections {
            return;
        }
        self.change(|kept, revision| {
            kept.connections = connections.into();
            kept.connected = revision;
        });
    }

    /// Notes that requests to the gateway were not followed.
    pub fn lose(&self, requests: u64) {
        self.change(|kept, _| kept.lost += requests);
    }

    /// An exchange, unless it is gone or has not come yet.
    pub fn exchange(&self, number: u64) -> Option<Arc<Exchange>> {
        let kept = self.lock();
        let entry = kept.exchanges.get(&number);
        entry.map(|entry| Arc::clone(&entry.exchange))
    }

    /// All exchanges that are kept, the oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        let kept = self.lock();
        let entries = kept.exchanges.values();
        entries.map(|entry| Arc::clone(&entry.exchange)).collect()
    }

    /// An exchange as JSON, without its secrets.
    pub fn json(&self, exchange: &Exchange) -> Value {
        self.masks().json(exchange)
    }

    /// An exchange without its secrets.
    pub fn masked(&self, exchange: &Exchange) -> Exchange {
        self.masks().masked(exchange)
    }

    /// A text of an exchange, without the secrets that are known.
    pub fn masked_text(&self, text: &str) -> String {
        self.masks().text(text).into_owned()
    }

    /// What has changed since a reader knew what `cursor` says. One from another store, which this
    /// one cannot have given, is like none.
    pub fn changes(&self, cursor: Cursor) -> Changes {
        let kept = self.lock();
        let revision = *self.0.revision.borrow();
        let cursor = match cursor.revision <= revision && cursor.number <= kept.last {
            true => cursor,
            false => Cursor::default(),
        };
        let oldest = kept.exchanges.keys().next().copied();
        let oldest = oldest.unwrap_or(kept.last + 1);
        // A new reader misses nothing: what is gone was before its time.
        let missed = match cursor.revision {
            0 => 0,
            _ => (oldest - 1).saturating_sub(cursor.number),
        };
        let entries = kept.exchanges.values();
        let changed = entries.filter(|entry| entry.revision > cursor.revision);
        let exchanges = changed.map(|entry| (entry.revision, Arc::clone(&entry.exchange)));
        Changes {
            cursor: Cursor {
                revision,
                number: kept.last,
            },
            missed,
            lost: kept.lost,
            exchanges: exchanges.collect(),
            connections: (kept.connected > cursor.revision || cursor.revision == 0)
                .then(|| Arc::clone(&kept.connections)),
        }
    }

    /// Resolves once there is a later change than `revision`. Safe to cancel.
    pub async fn changed(&self, revision: u64) {
        let mut revisions = self.0.revision.subscribe();
        // The sender is held here, so the channel stays open.
        let _ = revisions.wait_for(|last| *last > revision).await;
    }

    fn change(&self, change: impl FnOnce(&mut Kept, u64)) {
        let mut kept = self.lock();
        let revision = *self.0.revision.borrow() + 1;
        change(&mut kept, revision);
        // Under the lock: revisions come in the order of the changes.
        self.0.revision.send_replace(revision);
    }

    fn masks(&self) -> MutexGuard<'_, Masks> {
        self.0.masks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader that panicked has changed nothing.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Kind, Request, Verdict};

    fn exchange(number: u64, bytes: usize) -> Arc<Exchange> {
        Arc::new(Exchange {
            number,
            kind: Kind::Message,
            connection_id: String::new(),
            request_id: String::new(),
            began: number,
            ended: None,
            request: Request::Frame {
                text: "x".repeat(bytes),
            },
            decisions: Vec::new(),
            route: None,
            model: None,
            calls: Vec::new(),
            sent: Vec::new(),
            access_log: None,
            verdict: Verdict::Open,
            is_cut: false,
        })
    }

    fn store(exchanges: usize, bytes: usize) -> Store {
        Store::with(Limits { exchanges, bytes }, Masks::default())
    }

    fn numbers(changes: &Changes) -> Vec<u64> {
        let exchanges = changes.exchanges.iter();
        exchanges.map(|(_, exchange)| exchange.number).collect()
    }

    #[test]
    fn a_reader_gets_what_has_changed_since_it_looked() {
        let store = store(10, BYTES);
        for number in 1..=3 {
            store.put(exchange(number, 1));
        }
        let first = store.changes(Cursor::default());
        assert_eq!((numbers(&first), first.missed), (vec![1, 2, 3], 0));
        assert!(numbers(&store.changes(first.cursor)).is_empty());
        store.put(exchange(2, 5));
        store.put(exchange(4, 1));
        let second = store.changes(first.cursor);
        assert_eq!((numbers(&second), second.missed), (vec![2, 4], 0));
        assert_eq!(store.exchange(2), Some(exchange(2, 5)));
    }

    #[test]
    fn a_slow_reader_is_told_how_many_it_missed() {
        let store = store(3, BYTES);
        store.put(exchange(1, 1));
        let cursor = store.changes(Cursor::default()).cursor;
        for number in 2..=9 {
            store.put(exchange(number, 1));
        }
        let changes = store.changes(cursor);
        // 2 to 6 came and went.
        assert_eq!((numbers(&changes), changes.missed), (vec![7, 8, 9], 5));
        assert_eq!(store.changes(changes.cursor).missed, 0);
        // Who comes anew has missed nothing, and neither has who brings a cursor of another store.
        assert_eq!(store.changes(Cursor::default()).missed, 0);
        let foreign = Cursor {
            revision: 1000,
            number: 1000,
        };
        assert_eq!(numbers(&store.changes(foreign)), [7, 8, 9]);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_too_large_ones() {
        let store = store(3, 10_000);
        for number in 1..=4 {
            store.put(exchange(number, 1000));
        }
        assert_eq!(store.exchange(1), None);
        // What is gone does not come back.
        store.put(exchange(1, 1));
        assert_eq!(store.exchange(1), None);
        store.put(exchange(5, 9000));
        assert_eq!(numbers(&store.changes(Cursor::default())), [5]);
        // One that grows counts as what it is now.
        store.put(exchange(5, 100));
        store.put(exchange(6, 7000));
        assert_eq!(numbers(&store.changes(Cursor::default())), [5, 6]);
        store.put(exchange(7, 1_000_000));
        assert_eq!(numbers(&store.changes(Cursor::default())), [7]);
    }

    #[tokio::test]
    async fn a_reader_wakes_up_at_the_next_change() {
        let store = store(3, BYTES);
        let revision = store.changes(Cursor::default()).cursor.revision;
        let waits = store.changed(revision);
        tokio::pin!(waits);
        tokio::select! {
            biased;
            () = &mut waits => panic!("nothing has changed"),
            () = std::future::ready(()) => {}
        }
        store.lose(2);
        waits.await;
        assert_eq!(store.changes(Cursor::default()).lost, 2);
    }
}
