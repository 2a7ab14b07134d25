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

use crate::exchange::{Decision, Exchange, Verdict};
use function::Loose;
pub(crate) use limits::bytes_of;
use table::Table;

/// Makes exchanges of what a gateway does.
#[derive(Debug, Default)]
pub struct Fold {
    table: Table,
    /// Clients whose handshake has begun and whose end has not come.
    peers: BTreeMap<PeerId, Peer>,
    /// What processes wrote between their events.
    loose: Loose,
    /// When the last step was.
    at: u64,
}

/// What an exchange says whose end may have been missed.
const UNFOLLOWED: &str = "what became of it was not followed";

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
        fold.open(open);
        fold
    }

    /// Takes connections that are open.
    pub fn open(&mut self, connections: impl IntoIterator<Item = (PeerId, String)>) {
        for (peer, connection_id) in connections {
            if !self.peers.contains_key(&peer) {
                self.remember(peer, connection_id, None);
            }
        }
    }

    /// Takes what a gateway did next: whether that is a part of an exchange. Deployments, full send
    /// buffers and the log of a call that is not the API's are none.
    pub fn take(&mut self, traced: &Traced) -> bool {
        match traced {
            Traced::Missed(_) => {
                self.lose_track();
                false
            }
            Traced::Step(step) => self.step(step),
            Traced::Function(event) => self.function(event),
            Traced::Advanced(_) => false,
        }
    }

    /// What the gateway did since was not followed: exchanges that are under way have ended, for all
    /// that is known, and clients may be others ([`open`](Self::open)).
    pub fn lose_track(&mut self) {
        let at = self.at;
        for number in self.table.under_way() {
            self.table.edit(number, |exchange| {
                exchange.decided(at, UNFOLLOWED.to_owned());
                exchange.end(at, Verdict::Unknown);
            });
            self.table.weigh(number);
        }
        self.peers.clear();
        self.loose = Loose::default();
    }

    /// The exchanges that are new or changed since this was asked last, each as it is now, in the
    /// order of their numbers.
    pub fn changes(&mut self) -> Vec<Arc<Exchange>> {
        self.table.changes()
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
