//! What those who watch want to know: nothing of it is made, and nothing is computed for it, while
//! nobody does.

use super::{Gateway, Peer};
use crate::compile::CallTarget;
use crate::connection::Connection;
use crate::event::RequestIdentity;
use crate::explanation::{Renderings, RequestKind, Role, Target};
use crate::io::{About, Explanation, Output, PeerId};
use crate::message::Message;
use crate::model::Mismatch;
use crate::route::RouteKey;

/// How many messages a connection has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the client.
    pub received: u64,
    /// To the client: answers, posts and error frames.
    pub sent: u64,
}

/// An open connection.
#[derive(Clone, Copy, Debug)]
pub struct OpenConnection<'g> {
    /// Its client.
    pub peer: PeerId,
    /// What is known of it.
    pub connection: &'g Connection,
    /// What it has carried.
    pub traffic: Traffic,
}

impl Gateway {
    /// Whether [`Output::Explanation`]s are wanted from now on. From the start, they are not.
    pub fn explain(&mut self, wanted: bool) {
        self.explains = wanted;
    }

    /// The open connections, in no order.
    pub fn open_connections(&self) -> impl Iterator<Item = OpenConnection<'_>> {
        let peers = self.by_connection_id.values();
        peers.filter_map(|peer| {
            self.peers.get(peer).map(|entry| OpenConnection {
                peer: *peer,
                connection: &entry.connection,
                traffic: entry.traffic,
            })
        })
    }

    /// The client of an open connection.
    pub fn peer(&self, connection_id: &str) -> Option<PeerId> {
        self.by_connection_id.get(connection_id).copied()
    }

    pub(super) fn explain_handshake(&mut self, peer: PeerId, entry: &Peer) {
        if let Some(handshake) = &entry.handshake {
            let request = &handshake.identity;
            self.explain_began(peer, &entry.connection, request, RequestKind::Connect);
        }
    }

    pub(super) fn explain_began(
        &mut self,
        peer: PeerId,
        connection: &Connection,
        request: &RequestIdentity,
        kind: RequestKind,
    ) {
        self.note_of(request, || About::Began {
            peer,
            connection_id: connection.connection_id.clone(),
            kind,
        });
    }

    pub(super) fn explain_resumed(&mut self, request: &RequestIdentity) {
        self.note_of(request, || About::Resumed);
    }

    pub(super) fn explain_validated(
        &mut self,
        request: &RequestIdentity,
        route_key: &RouteKey,
        message: &Message<'_>,
        judged: &Result<(), Mismatch>,
    ) {
        if !self.explains {
            return;
        }
        if let Some(model) = self.rules.model_name(route_key, message) {
            self.note_of(request, || About::Validated {
                model,
                mismatch: judged.as_ref().err().cloned(),
            });
        }
    }

    pub(super) fn explain_call(
        &mut self,
        request: &RequestIdentity,
        role: Role,
        target: impl FnOnce() -> Target,
    ) {
        self.note_of(request, || About::Calls {
            role,
            target: target(),
        });
    }

    pub(super) fn explain_renderings(
        &mut self,
        request: &RequestIdentity,
        renderings: Option<Renderings>,
    ) {
        for rendering in renderings.map(Renderings::into_inner).unwrap_or_default() {
            self.note_of(request, || About::Rendered(Box::new(rendering)));
        }
    }

    fn note_of(&mut self, request: &RequestIdentity, about: impl FnOnce() -> About) {
        if self.explains {
            self.outputs.push_back(Output::Explanation(Explanation {
                request_id: request.request_id.clone(),
                about: about(),
            }));
        }
    }
}

impl CallTarget {
    /// What is to be called, whether it may or not.
    pub(super) fn shown(&self) -> Target {
        match self {
            Self::Function(arn) => Target::Function(arn.clone()),
            Self::NotPermitted { reason } => Target::Unavailable(reason.clone()),
        }
    }
}
