//! The last exchanges of a gateway, for whoever looks at them.
//!
//! Bounded in number and in bytes: the oldest go. Each change has a revision; a reader remembers the
//! one that it knows, and asks for what has changed since. So nothing waits for readers and nothing
//! is kept for them, however slow they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use serde_json::Value;
use spec::Api;
use tokio::sync::watch;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::fold::bytes_of;
use crate::line::Line;
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
    /// The exchanges that are new or have changed, in the order of their numbers.
    pub exchanges: Vec<Changed>,
    /// The connections, if anything has changed about them.
    pub connections: Option<Arc<[Connection]>>,
}

/// An exchange that has changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Of its last change.
    pub revision: u64,
    /// What it is now, with its secrets.
    pub exchange: Arc<Exchange>,
    /// What is shown of it in one line, without.
    pub(crate) line: Arc<Line>,
}

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    /// The last change.
    revision: watch::Sender<u64>,
    limits: Limits,
    /// What is secret in the exchanges.
    masks: RwLock<Masks>,
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
    changed: Changed,
    bytes: usize,
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
            masks: RwLock::new(masks),
        }))
    }

    /// Takes an exchange, in place of what was known of it. One that was dropped already stays so.
    pub fn put(&self, exchange: Arc<Exchange>) {
        let bytes = bytes_of(&exchange);
        let line = self.line(&exchange);
        self.change(|kept, revision| {
            let number = exchange.number;
            let is_gone = number <= kept.last && !kept.exchanges.contains_key(&number);
            if is_gone {
                return;
            }
            kept.last = kept.last.max(number);
            let changed = Changed {
                revision,
                exchange,
                line,
            };
            let entry = Entry { changed, bytes };
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
        let mut masks = self.0.masks.write().unwrap_or_else(PoisonError::into_inner);
        let has_new_names = masks.add(api);
        drop(masks);
        if has_new_names {
            // What is there already may have such names too.
            self.exchanges()
                .into_iter()
                .for_each(|exchange| self.put(exchange));
        }
    }

    /// Takes the connections, in place of those that were known. A principal may be a secret, and is
    /// kept masked.
    pub fn connect(&self, mut connections: Vec<Connection>) {
        let masks = self.masks();
        for principal in connections.iter_mut().flat_map(|one| &mut one.principal) {
            *principal = masks.text(principal).into_owned();
        }
        drop(masks);
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
        entry.map(|entry| Arc::clone(&entry.changed.exchange))
    }

    /// All exchanges that are kept, the oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        let kept = self.lock();
        let entries = kept.exchanges.values();
        entries
            .map(|entry| Arc::clone(&entry.changed.exchange))
            .collect()
    }

    /// An exchange as JSON, without its secrets.
    pub fn json(&self, exchange: &Exchange) -> Value {
        self.masks().json(exchange)
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
        let changed = entries.map(|entry| &entry.changed);
        let changed = changed.filter(|changed| changed.revision > cursor.revision);
        Changes {
            cursor: Cursor {
                revision,
                number: kept.last,
            },
            missed,
            lost: kept.lost,
            exchanges: changed.cloned().collect(),
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

    /// The line of an exchange, whose secrets are remembered first. Who masks meanwhile holds this up
    /// only if there are new ones.
    fn line(&self, exchange: &Exchange) -> Arc<Line> {
        let secrets = self.masks().secrets(exchange);
        if !secrets.is_empty() {
            let masks = self.0.masks.write();
            masks
                .unwrap_or_else(PoisonError::into_inner)
                .remember(&secrets);
        }
        Arc::new(Line::new(exchange, &self.masks()))
    }

    fn masks(&self) -> RwLockReadGuard<'_, Masks> {
        self.0.masks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader that panicked has changed nothing.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
