//! The connections of a gateway, and those that were there until lately.

use std::collections::{BTreeMap, VecDeque};

use gateway::{Control, OpenConnection};
use serde::Serialize;

/// A connection. As JSON, names are in camelCase and times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// `connectionId`.
    pub connection_id: String,
    /// When it was opened.
    pub since: u64,
    /// When data last went in either direction.
    pub last_active: u64,
    /// The client's address.
    pub source_ip: String,
    /// Who it is: `principalId`, or the ARN of who signed the handshake.
    pub principal: Option<String>,
    /// How many messages it has carried, in both directions.
    pub messages: u64,
    /// Of these, those from the client.
    pub received: u64,
    /// Whether it is still there.
    pub open: bool,
}

/// The connections as they were seen last.
#[derive(Debug, Default)]
pub struct Connections {
    open: BTreeMap<String, Connection>,
    /// The one that ended last is the last.
    closed: VecDeque<Connection>,
}

/// How many connections are kept that have ended.
const CLOSED: usize = 50;

impl Connections {
    /// Looks at a gateway: its open connections, the oldest first, and behind them the last ones
    /// that have ended since this looked for the first time.
    pub fn refresh(&mut self, gateway: &Control) -> Vec<Connection> {
        self.take(gateway.connections().iter().map(Connection::from))
    }

    fn take(&mut self, open: impl Iterator<Item = Connection>) -> Vec<Connection> {
        let open: Vec<Connection> = open.collect();
        let by_id = open.iter();
        let by_id = by_id.map(|one| (one.connection_id.clone(), one.clone()));
        let before = std::mem::replace(&mut self.open, by_id.collect());
        for (id, connection) in before {
            if !self.open.contains_key(&id) {
                self.closed.push_back(Connection {
                    open: false,
                    ..connection
                });
            }
        }
        let too_many = self.closed.len().saturating_sub(CLOSED);
        self.closed.drain(..too_many);
        open.into_iter()
            .chain(self.closed.iter().cloned())
            .collect()
    }
}

impl From<&OpenConnection> for Connection {
    fn from(open: &OpenConnection) -> Self {
        Self {
            connection_id: open.connection_id.clone(),
            since: open.since.as_millis(),
            last_active: open.last_active.as_millis(),
            source_ip: open.source_ip.clone(),
            principal: open.principal.clone(),
            messages: open.received + open.sent,
            received: open.received,
            open: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(number: usize) -> Connection {
        Connection {
            connection_id: number.to_string(),
            since: 0,
            last_active: 0,
            source_ip: String::new(),
            principal: None,
            messages: 0,
            received: 0,
            open: true,
        }
    }

    #[test]
    fn those_that_have_ended_stay_for_a_while() {
        let mut connections = Connections::default();
        assert_eq!(connections.take((0..3).map(connection)).len(), 3);
        let seen = connections.take((1..3).map(connection));
        let short: Vec<_> = seen
            .iter()
            .map(|one| (&*one.connection_id, one.open))
            .collect();
        assert_eq!(short, [("1", true), ("2", true), ("0", false)]);
        connections.take((100..300).map(connection));
        let seen = connections.take([connection(1000)].into_iter());
        assert_eq!(seen.len(), 1 + CLOSED);
        assert!(!seen.iter().any(|one| one.connection_id == "0"));
    }
}
