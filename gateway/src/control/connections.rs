//! The open connections: which there are, and what somebody who looks at them can do with one. All
//! of it goes the ways that clients and backends go.

use spec::Timestamp;
use spec::http::{Headers, HttpResponse};
use spec::io::{ManagementRequest, PeerId};
use spec::signature::{Request, SERVICE, Signer};

use super::Control;
use crate::running::reachable;

/// An open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConnection {
    /// Its client, as a [`Trace`](crate::Trace) names it.
    pub peer: PeerId,
    /// `connectionId`.
    pub connection_id: String,
    /// When it was opened: `connectedAt`.
    pub since: Timestamp,
    /// When data last went in either direction: `lastActiveAt`.
    pub last_active: Timestamp,
    /// The client's address.
    pub source_ip: String,
    /// `principalId`, if there was an authorizer, or the ARN of who signed the handshake.
    pub principal: Option<String>,
    /// How many messages came from the client.
    pub received: u64,
    /// How many went to it.
    pub sent: u64,
}

/// An operation of the `@connections` API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionCall {
    /// `GetConnection`.
    Get,
    /// `PostToConnection`, with these data.
    Post(Vec<u8>),
    /// `DeleteConnection`.
    Delete,
}

impl Control {
    /// The open connections, the oldest first.
    pub fn connections(&self) -> Vec<OpenConnection> {
        let mut all: Vec<OpenConnection> = self.0.hub.look(|machine| {
            let open = machine.open_connections();
            open.map(OpenConnection::from).collect()
        });
        all.sort_by(|a, b| (a.since, &a.connection_id).cmp(&(b.since, &b.connection_id)));
        all
    }

    /// Sends a text message as the client of an open connection, as if it had come from its socket.
    /// `false` if there is no such connection.
    pub fn send_as_client(&self, connection_id: &str, text: String) -> bool {
        self.0.hub.send_as_client(connection_id, text)
    }

    /// Calls the `@connections` API as a function of the stack does, signed with its credentials.
    pub async fn call_connections(
        &self,
        call: ConnectionCall,
        connection_id: &str,
    ) -> HttpResponse {
        let (method, body) = match call {
            ConnectionCall::Get => ("GET", Vec::new()),
            ConnectionCall::Post(data) => ("POST", data),
            ConnectionCall::Delete => ("DELETE", Vec::new()),
        };
        let id = spec::percent::encode(connection_id.as_bytes());
        let path = format!("{}/@connections/{id}", self.0.surroundings.base);
        let address = reachable(self.0.address);
        let mut headers = Headers::from_iter([("Host", address.to_string())]);
        let signer = Signer {
            caller: &self.0.surroundings.credentials,
            region: &self.0.surroundings.region,
            service: SERVICE,
            at: self.0.clock.now(),
        };
        let signature = signer.in_headers(&Request {
            method,
            target: &path,
            headers: &headers,
            body: &body,
        });
        for (name, value) in signature.iter() {
            headers.push(name, value);
        }
        let request = ManagementRequest {
            method: method.to_owned(),
            path,
            headers,
            source_ip: address.ip().to_string(),
            body,
        };
        self.0.hub.management(request).await
    }
}

impl From<spec::OpenConnection<'_>> for OpenConnection {
    fn from(open: spec::OpenConnection<'_>) -> Self {
        let connection = open.connection;
        let principal = connection.principal.as_ref();
        let principal = principal.map(|principal| principal.principal_id.clone());
        let caller = connection.caller.as_ref();
        Self {
            peer: open.peer,
            connection_id: connection.connection_id.clone(),
            since: connection.connected_at,
            last_active: connection.last_active_at,
            source_ip: connection.source_ip.clone(),
            principal: principal.or_else(|| caller.map(|caller| caller.user_arn.clone())),
            received: open.traffic.received,
            sent: open.traffic.sent,
        }
    }
}
