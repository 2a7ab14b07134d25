//! From what a gateway does to exchanges: a [`Traced`] and nothing else goes in, changed exchanges
//! come out. Neither a clock nor a socket is needed, and whatever comes in whatever order, what is
//! remembered is bounded.

mod call;
mod end;
mod function;
mod limits;
mod request;
mod shown;
mod step;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway::Traced;
use spec::io::PeerId;

use crate::exchange::{Decision, Exchange};
use function::Loose;
pub(crate) use limits::bytes_of;
pub use limits::{EXCHANGE_BYTES, EXCHANGES};
use table::Table;

/// Makes exchanges of what a gateway does.
#[derive(Debug, Default)]
pub struct Fold {
    table: Table,
    /// Clients whose handshake has begun and whose end has not come.
    peers: BTreeMap<PeerId, Peer>,
    /// What processes wrote between their events.
    loose: Loose,
    counts: Counts,
}

/// How much of what came in is in an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What came in, without [`Traced::Missed`].
    pub taken: u64,
    /// What became a part of an exchange.
    pub joined: u64,
    /// What did not: deployments, full send buffers, the log of a call that is not the API's.
    pub apart: u64,
    /// What was dropped before it came in.
    pub missed: u64,
}

/// A client.
#[derive(Debug)]
struct Peer {
    connection_id: String,
    /// The number of its handshake, while that is not over.
    handshake: Option<u64>,
}

impl Fold {
    /// A fold that begins while these connections are open.
    pub fn new(open: impl IntoIterator<Item = (PeerId, String)>) -> Self {
        let mut fold = Self::default();
        for (peer, connection_id) in open {
            fold.remember(peer, connection_id, None);
        }
        fold
    }

    /// Takes what a gateway did next.
    pub fn take(&mut self, traced: &Traced) {
        let joined = match traced {
            Traced::Missed(count) => {
                self.counts.missed += count;
                return;
            }
            Traced::Step(step) => self.step(step),
            Traced::Function(event) => self.function(event),
            Traced::Advanced(_) => false,
        };
        self.counts.taken += 1;
        match joined {
            true => self.counts.joined += 1,
            false => self.counts.apart += 1,
        }
    }

    /// The exchanges that are new or changed since this was asked last, each as it is now, in the
    /// order of their numbers.
    pub fn changes(&mut self) -> Vec<Arc<Exchange>> {
        self.table.changes()
    }

    /// How much is in exchanges.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn remember(&mut self, peer: PeerId, connection_id: String, handshake: Option<u64>) {
        let known = Peer {
            connection_id,
            handshake,
        };
        self.peers.insert(peer, known);
        if self.peers.len() > limits::PEERS {
            self.peers.pop_first();
        }
    }
}

impl Exchange {
    fn decided(&mut self, at: u64, text: String) {
        if self.decisions.len() < limits::ITEMS {
            self.decisions.push(Decision { at, text });
        } else {
            self.is_cut = true;
        }
    }
}

#[cfg(test)]
mod tests;
