//! The exchanges that are remembered, and the names by which later things find theirs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use spec::io::{CallId, ManagementId};

use super::limits::{self, EXCHANGE_BYTES, EXCHANGES};
use crate::exchange::Exchange;

/// A call of an exchange: its number, and the place among its calls.
pub(super) type Place = (u64, usize);

/// The last exchanges.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_number: BTreeMap<u64, Tracked>,
    by_request: HashMap<String, u64>,
    by_management: HashMap<ManagementId, u64>,
    by_call: HashMap<CallId, Place>,
    /// By Lambda's request id.
    by_event: HashMap<String, Place>,
    last: u64,
    bytes: usize,
    changed: BTreeSet<u64>,
    /// What was changed and is not remembered any more.
    gone: BTreeMap<u64, Arc<Exchange>>,
}

/// An exchange, and what is known of it besides.
#[derive(Debug)]
pub(super) struct Tracked {
    exchange: Arc<Exchange>,
    bytes: usize,
    names: Vec<Name>,
    pub(super) failure: Failure,
    /// For each call, the gateway's number of it.
    pub(super) ids: Vec<Option<CallId>>,
}

/// What went wrong with an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Failure {
    #[default]
    None,
    /// A rule refused it.
    Refused,
    /// What was called, or was to be called, failed.
    Failed,
}

/// A name by which an exchange, or one of its calls, is found.
#[derive(Debug)]
enum Name {
    Request(String),
    Management(ManagementId),
    Call(CallId),
    Event(String),
}

/// How many names one exchange may have.
const NAMES: usize = 2 * limits::ITEMS;

impl Table {
    /// A new exchange; its number is given to it.
    pub(super) fn add(&mut self, mut exchange: Exchange) -> u64 {
        self.last += 1;
        exchange.number = self.last;
        let tracked = Tracked {
            exchange: Arc::new(exchange),
            bytes: 0,
            names: Vec::new(),
            failure: Failure::None,
            ids: Vec::new(),
        };
        self.by_number.insert(self.last, tracked);
        self.changed.insert(self.last);
        self.last
    }

    pub(super) fn name_request(&mut self, number: u64, request_id: &str) {
        self.name(number, Name::Request(request_id.to_owned()));
    }

    pub(super) fn name_management(&mut self, number: u64, id: ManagementId) {
        self.name(number, Name::Management(id));
    }

    pub(super) fn name_call(&mut self, (number, place): Place, id: CallId) {
        if self.name(number, Name::Call(id)) {
            self.by_call.insert(id, (number, place));
        }
    }

    pub(super) fn name_event(&mut self, (number, place): Place, request_id: &str) {
        if self.name(number, Name::Event(request_id.to_owned())) {
            self.by_event.insert(request_id.to_owned(), (number, place));
        }
    }

    /// Gives an exchange a name. `false` if there are too many, or the exchange is gone.
    fn name(&mut self, number: u64, name: Name) -> bool {
        let Some(tracked) = self.by_number.get_mut(&number) else {
            return false;
        };
        if tracked.names.len() >= NAMES {
            return false;
        }
        match &name {
            Name::Request(id) => drop(self.by_request.insert(id.clone(), number)),
            Name::Management(id) => drop(self.by_management.insert(*id, number)),
            // Their places are their callers' to tell.
            Name::Call(_) | Name::Event(_) => {}
        }
        tracked.names.push(name);
        true
    }

    pub(super) fn request(&self, request_id: &str) -> Option<u64> {
        self.by_request.get(request_id).copied()
    }

    pub(super) fn management(&self, id: ManagementId) -> Option<u64> {
        self.by_management.get(&id).copied()
    }

    pub(super) fn call(&self, id: CallId) -> Option<Place> {
        self.by_call.get(&id).copied()
    }

    pub(super) fn event(&self, request_id: &str) -> Option<Place> {
        self.by_event.get(request_id).copied()
    }

    pub(super) fn get(&self, number: u64) -> Option<(&Tracked, &Exchange)> {
        let tracked = self.by_number.get(&number)?;
        Some((tracked, &tracked.exchange))
    }

    pub(super) fn tracked(&mut self, number: u64) -> Option<&mut Tracked> {
        self.by_number.get_mut(&number)
    }

    /// Changes an exchange, if it is remembered. To be followed by [`weigh`](Self::weigh)
    /// or [`changed`](Self::changed).
    pub(super) fn edit<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Exchange) -> T,
    ) -> Option<T> {
        let tracked = self.by_number.get_mut(&number)?;
        Some(change(Arc::make_mut(&mut tracked.exchange)))
    }

    /// Notes that an exchange has changed, but not what it costs.
    pub(super) fn changed(&mut self, number: u64) {
        self.changed.insert(number);
    }

    /// Notes what an exchange costs now, and forgets others if that is too much.
    pub(super) fn weigh(&mut self, number: u64) {
        let Some(tracked) = self.by_number.get_mut(&number) else {
            return;
        };
        self.changed.insert(number);
        let bytes = limits::bytes_of(&tracked.exchange);
        self.bytes = self.bytes - tracked.bytes + bytes;
        tracked.bytes = bytes;
        while self.by_number.len() > EXCHANGES
            || (self.bytes > EXCHANGE_BYTES && self.by_number.len() > 1)
        {
            self.forget_one();
        }
    }

    /// The exchanges that have not ended.
    pub(super) fn under_way(&self) -> Vec<u64> {
        let all = self.by_number.iter();
        let open = all.filter(|(_, tracked)| tracked.exchange.ended.is_none());
        open.map(|(number, _)| *number).collect()
    }

    /// Forgets the oldest that has ended, or else the oldest.
    fn forget_one(&mut self) {
        let mut all = self.by_number.iter();
        let ended = all.find(|(_, tracked)| tracked.exchange.ended.is_some());
        let oldest = ended.or_else(|| self.by_number.first_key_value());
        let Some((&number, _)) = oldest else { return };
        let Some(tracked) = self.by_number.remove(&number) else {
            return;
        };
        self.bytes -= tracked.bytes;
        // A name may be another's by now.
        for name in &tracked.names {
            match name {
                Name::Request(id) => remove_if(&mut self.by_request, id, |at| *at == number),
                Name::Management(id) => {
                    remove_if(&mut self.by_management, id, |at| *at == number);
                }
                Name::Call(id) => remove_if(&mut self.by_call, id, |at| at.0 == number),
                Name::Event(id) => remove_if(&mut self.by_event, id, |at| at.0 == number),
            }
        }
        if self.changed.remove(&number) {
            self.gone.insert(number, tracked.exchange);
            // Nobody has asked for long.
            if self.gone.len() > EXCHANGES {
                self.gone.pop_first();
            }
        }
    }

    pub(super) fn changes(&mut self) -> Vec<Arc<Exchange>> {
        let mut changes = std::mem::take(&mut self.gone);
        for number in std::mem::take(&mut self.changed) {
            if let Some(tracked) = self.by_number.get(&number) {
                changes.insert(number, Arc::clone(&tracked.exchange));
            }
        }
        changes.into_values().collect()
    }

    /// How many exchanges are remembered, with how many bytes and names.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize, usize) {
        let names = self.by_request.len()
            + self.by_management.len()
            + self.by_call.len()
            + self.by_event.len();
        (self.by_number.len() + self.gone.len(), self.bytes, names)
    }
}

fn remove_if<K, V, Q>(map: &mut HashMap<K, V>, key: &Q, is_it: impl FnOnce(&V) -> bool)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if map.get(key).is_some_and(is_it) {
        map.remove(key);
    }
}
