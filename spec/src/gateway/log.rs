//! When a request's line is written to the access log: once, when the request is over (TEMPLATE-90).

use serde_json::{Map, Value};

use super::pending::Exchange;
use super::{Gateway, Peer};
use crate::access_log::{Call, Entry};
use crate::api::Api;
use crate::connection::{Connection, Principal};
use crate::event::{self, EventType, RequestIdentity};
use crate::handshake::Refusal;
use crate::integration::{Answer, Failure};
use crate::io::{Output, PeerId};

impl Gateway {
    /// What is known of a new request; `None` where nothing is logged.
    pub(super) fn log_entry(&self) -> Option<Entry> {
        self.compiled.access_log.as_ref().map(|_| Entry::new())
    }

    /// What is known of a handshake: one that reaches no stage has no log.
    pub(super) fn handshake_entry(&self, checked: &Result<(), Refusal>) -> Option<Entry> {
        match checked {
            Err(Refusal::UnknownPath | Refusal::UriTooLong) => None,
            _ => self.log_entry(),
        }
    }

    /// Notes something of a handshake that is under way.
    pub(super) fn note_handshake(&mut self, peer: PeerId, note: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.peers.get_mut(&peer).and_then(|it| it.log.as_mut()) {
            note(entry);
        }
    }

    /// A handshake is over: its line, if it has not been written yet.
    pub(super) fn log_handshake(&mut self, peer: PeerId, note: impl FnOnce(&mut Entry)) {
        if let Some(peer) = self.peers.get_mut(&peer)
            && let Some(mut entry) = peer.log.take()
        {
            note(&mut entry);
            let context = peer_context(&self.compiled.api, peer);
            self.log_of(context, entry);
        }
    }

    /// The line of a handshake whose client left before it got an answer.
    pub(super) fn log_abandoned(&mut self, mut peer: Peer) {
        if let Some(entry) = peer.log.take() {
            let context = peer_context(&self.compiled.api, &peer);
            self.log_of(context, entry);
        }
    }

    /// A message that reached no integration is over.
    pub(super) fn log_stopped(
        &mut self,
        connection: &Connection,
        request: &RequestIdentity,
        route_key: Option<&str>,
        note: impl FnOnce(&mut Entry),
    ) {
        if let Some(mut entry) = self.log_entry() {
            let event_type = EventType::Message {
                route_key: route_key.unwrap_or_default(),
                message_id: "",
            };
            note(&mut entry);
            let context = self.log_context(connection, request, event_type);
            self.log_of(context, entry);
        }
    }

    /// A connection that had no `$disconnect` route is over.
    pub(super) fn log_disconnect(
        &mut self,
        connection: &Connection,
        request: &RequestIdentity,
        event_type: EventType<'_>,
    ) {
        if let Some(mut entry) = self.log_entry() {
            entry.status(200);
            let context = self.log_context(connection, request, event_type);
            self.log_of(context, entry);
        }
    }

    /// A message or the end of a connection has its integration's result, and is over.
    pub(super) fn log_exchange(
        &mut self,
        exchange: &Exchange,
        call: Call,
        answer: &Result<Answer, Failure>,
    ) {
        if let Some(context) = &exchange.log {
            let mut entry = Entry::new();
            entry.integrated(call, answer);
            match answer {
                Ok(_) => entry.status(200),
                Err(failure) => entry.failed(failure),
            }
            self.log_of(context.clone(), entry);
        }
    }

    fn log_context(
        &self,
        connection: &Connection,
        request: &RequestIdentity,
        event_type: EventType<'_>,
    ) -> Map<String, Value> {
        let authorizer = connection.principal.as_ref().map(Principal::for_template);
        event::request_context(
            &self.compiled.api,
            connection,
            request,
            event_type,
            authorizer,
        )
    }

    fn log_of(&mut self, context: Map<String, Value>, mut entry: Entry) {
        if let Some(format) = &self.compiled.access_log {
            entry.context(context);
            self.outputs
                .push_back(Output::AccessLog(format.line(&entry)));
        }
    }
}

/// `$context` of a handshake's request.
fn peer_context(api: &Api, peer: &Peer) -> Map<String, Value> {
    let authorizer = peer.connection.principal.as_ref();
    event::request_context(
        api,
        &peer.connection,
        &peer.request,
        EventType::Connect,
        authorizer.map(Principal::for_template),
    )
}
