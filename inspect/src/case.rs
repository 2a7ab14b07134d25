//! Cases from traffic: what clients and functions did, as a case that `gatespec check --cases`
//! holds any target to.
//!
//! ```text
//! recorder   steps of a gateway ─▶ Session: what happened to the connections that overlapped
//! exchange   one exchange, with the connections that it needs ─▶ Session
//! order      Session ─▶ acts, in an order in which they can be played back
//! holes      texts ─▶ patterns: ids and times become holes, `${` stays what it is
//! write      acts ─▶ the text of a case file, behind its head
//! ```
//!
//! Nothing here knows the kit: that it can read what is written is what the kit's tests say
//! (`cli/tests/record.rs`).

mod exchange;
mod fields;
mod head;
mod holes;
mod order;
mod quoted;
mod recorder;
mod tokens;
mod write;

use std::collections::BTreeSet;

use serde_json::Value;
use spec::Timestamp;
use spec::connection::CloseInfo;
use spec::handshake::HandshakeRequest;
use spec::http::{Headers, HttpResponse};
use spec::io::{ClientClose, ManagementRequest};
use spec::limits::Violation;
use spec::percent::{self, Plus};

pub use exchange::from_exchange;
pub use fields::Rules;
pub use head::{How, Origin};
pub use recorder::Recorder;

/// What happened from the first connection on until the last one was closed.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Who was connected, in the order of their connections.
    clients: Vec<Client>,
    /// What happened, in order.
    items: Vec<Item>,
    /// What is known to be an id of a request, a message or an invocation.
    ids: BTreeSet<String>,
    /// The longest call, in milliseconds.
    longest: u64,
    /// What has been kept, in bytes.
    bytes: usize,
}

/// A client that was connected.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Client {
    /// Its name in the case.
    name: String,
    /// Its connection's id.
    connection_id: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
struct Item {
    at: Timestamp,
    /// The number of the action that it is or comes of. Of several where that is not clear: of the
    /// first and the last that may be.
    causes: (usize, usize),
    /// Whether functions were at work then, for somebody else.
    amid: bool,
    what: What,
}

/// What happened. Clients are numbers in [`Session::clients`].
#[derive(Clone, Debug, PartialEq)]
enum What {
    /// A client was let in, and the header fields of its 101 besides RFC 6455's.
    Connected(usize, HandshakeRequest, Headers),
    /// Somebody was not let in.
    Refused(HandshakeRequest, HttpResponse),
    /// A client sent a message.
    Sent(usize, String),
    /// A client sent what ends its connection.
    Violated(usize, Violation),
    /// A client closed, or was lost.
    Left(usize, Option<ClientClose>),
    /// A client got a message.
    Received(usize, String),
    /// The gateway closed a connection; whether because of the time that had passed.
    Closed(usize, CloseInfo, Because),
    /// Somebody outside called `@connections`: what the call did to clients is `Received` and
    /// `Closed` behind it.
    Called(ManagementRequest, u16),
    /// Something that cannot be a step.
    Note(String),
}

/// Why the gateway closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Because {
    /// It was idle for too long, or open.
    Time,
    /// Something was done.
    Deed,
}

/// What a session may hold, in bytes: what is more is not kept.
const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Session {
    /// When it began; `None` if nothing has happened.
    pub fn began(&self) -> Option<Timestamp> {
        self.items.first().map(|item| item.at)
    }

    /// The names of those who were connected.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        self.clients.iter().map(|client| &*client.name)
    }

    /// Whether it is so long that what happens now is no longer kept.
    pub fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    /// Whether somebody connected or left while functions were at work for others: the kit lets them
    /// finish before, so that this may come out otherwise. The case says where.
    pub fn is_unsteady(&self) -> bool {
        order::is_unsteady(self)
    }

    /// The number of a new client.
    fn client(&mut self, connection_id: &str) -> usize {
        let number = self.clients.len();
        self.clients.push(Client {
            name: client_name(number),
            connection_id: connection_id.to_owned(),
        });
        number
    }

    /// An id is known.
    fn learn(&mut self, id: &str) {
        if !id.is_empty() {
            self.ids.insert(id.to_owned());
        }
    }

    /// The ids of an event are known.
    fn learn_of_event(&mut self, payload: &str) {
        const IDS: [&str; 4] = [
            "connectionId",
            "requestId",
            "extendedRequestId",
            "messageId",
        ];
        let event: Value = serde_json::from_str(payload).unwrap_or_default();
        let context = &event["requestContext"];
        let ids = IDS.iter().filter_map(|name| context[name].as_str());
        ids.for_each(|id| self.learn(id));
    }

    /// A message came too late for a client that has left: when this is played back, it may come in
    /// time.
    fn missed_by(&mut self, connection_id: &str) {
        let clients = &self.clients;
        let left = self.items.iter_mut().rev().find(|item| match item.what {
            What::Left(client, _) => clients[client].connection_id == connection_id,
            _ => false,
        });
        if let Some(item) = left {
            item.amid = true;
        }
    }

    fn push(&mut self, item: Item) {
        if self.is_full() {
            return;
        }
        self.bytes += item.what.bytes();
        let at = item.at;
        let causes = item.causes;
        self.items.push(item);
        if self.is_full() {
            let what =
                What::Note("what came then is not recorded: the case is too long".to_owned());
            let amid = false;
            self.items.push(Item {
                at,
                causes,
                amid,
                what,
            });
        }
    }
}

impl What {
    /// Whether it is what somebody did, and not what came of it.
    fn is_action(&self) -> bool {
        !matches!(self, Self::Received(..) | Self::Closed(..) | Self::Note(_))
    }

    /// Roughly what it takes, in bytes.
    fn bytes(&self) -> usize {
        /// What it takes besides its texts.
        const OWN: usize = 64;
        let fields = |headers: &Headers| -> usize {
            let each = headers.iter().map(|(name, value)| name.len() + value.len());
            each.sum()
        };
        OWN + match self {
            Self::Connected(_, request, _) | Self::Refused(request, _) => {
                request.target.len() + fields(&request.headers)
            }
            Self::Sent(_, text) | Self::Received(_, text) | Self::Note(text) => text.len(),
            Self::Called(request, _) => request.path.len() + request.body.len(),
            Self::Violated(..) | Self::Left(..) | Self::Closed(..) => 0,
        }
    }
}

/// The connection that a call of `@connections` is about.
fn connection_of(request: &ManagementRequest) -> Option<String> {
    let (_, id) = path_of(&request.path).rsplit_once("/@connections/")?;
    Some(percent::decode(id, Plus::Literal))
}

/// A request's target without its query string, which may have a secret: a comment has the path.
fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The name of the client with a number: `alice`, `bob`, … `zoe`, `client27`.
fn client_name(number: usize) -> String {
    const NAMES: [&str; 26] = [
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl",
        "lena", "mike", "nina", "oscar", "peggy", "quinn", "rupert", "sybil", "trent", "ursula",
        "victor", "walter", "xenia", "yuri", "zoe",
    ];
    match NAMES.get(number) {
        Some(name) => (*name).to_owned(),
        None => format!("client{}", number + 1),
    }
}

#[cfg(test)]
mod tests;
