//! When a request's line is written to the access log: once, when the request is over.
//!
//! Realises: TEMPLATE-90

use std::sync::Arc;

use serde_json::{Map, Value};

use super::pending::Exchange;
use super::{Gateway, Handshake, Peer};
use crate::access_log::{Call, Entry};
use crate::compile::CompiledApi;
use crate::connection::{Connection, Principal};
use crate::event::{self, EventType, RequestIdentity};
use crate::handshake::Refusal;
use crate::integration::{Answer, Failure};
use crate::io::{Output, PeerId};
use crate::route::RouteKey;

impl Gateway {
    /// What is known of a new request; `None` where nothing is logged.
    pub(super) fn log_entry(&self) -> Option<Entry> {
        self.rules.access_log.as_ref().map(|_| Entry::new())
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
        if let Some(peer) = self.peers.get_mut(&peer)
            && let Some(handshake) = &mut peer.handshake
            && let Some(entry) = &mut handshake.log
        {
            note(entry);
        }
    }

    /// A handshake is over: its line, if it has not been written yet.
    pub(super) fn log_handshake(&mut self, peer: PeerId, note: impl FnOnce(&mut Entry)) {
        if let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get_mut(&peer)
            && let Some(mut entry) = handshake.log.take()
        {
            note(&mut entry);
            let context = handshake_context(connection, handshake);
            let rules = Arc::clone(&handshake.rules);
            self.log_of(&rules, context, entry);
        }
    }

    /// The line of a handshake whose client left before it got an answer.
    pub(super) fn log_abandoned(&mut self, peer: Peer) {
        if let Some(mut handshake) = peer.handshake
            && let Some(entry) = handshake.log.take()
        {
            self.explain_resumed(&handshake.identity);
            let context = handshake_context(&peer.connection, &handshake);
            self.log_of(&handshake.rules, context, entry);
        }
    }

    /// A message that reached no integration is over.
    pub(super) fn log_stopped(
        &mut self,
        connection: &Connection,
        request: &RequestIdentity,
        route_key: Option<&RouteKey>,
        note: impl FnOnce(&mut Entry),
    ) {
        if let Some(mut entry) = self.log_entry() {
            let event_type = EventType::Message {
                route_key: route_key.map_or("", RouteKey::as_str),
                message_id: "",
            };
            note(&mut entry);
            let context = self.log_context(connection, request, event_type);
            let rules = Arc::clone(&self.rules);
            self.log_of(&rules, context, entry);
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
            let rules = Arc::clone(&self.rules);
            self.log_of(&rules, context, entry);
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
            self.log_of(&exchange.rules, context.clone(), entry);
        }
    }

    fn log_context(
        &self,
        connection: &Connection,
        request: &RequestIdentity,
        event_type: EventType<'_>,
    ) -> Map<String, Value> {
        let authorizer = connection.principal.as_ref().map(Principal::for_template);
        event::request_context(&self.rules, connection, request, event_type, authorizer)
    }

    fn log_of(&mut self, rules: &CompiledApi, context: Map<String, Value>, mut entry: Entry) {
        if let Some(format) = &rules.access_log {
            entry.context(context);
            self.outputs
                .push_back(Output::AccessLog(format.line(&entry)));
        }
    }
}

/// `$context` of a handshake's request.
fn handshake_context(connection: &Connection, handshake: &Handshake) -> Map<String, Value> {
    let authorizer = connection.principal.as_ref();
    event::request_context(
        &handshake.rules,
        connection,
        &handshake.identity,
        EventType::Connect,
        authorizer.map(Principal::for_template),
    )
}
