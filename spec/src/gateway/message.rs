//! Messages and `$disconnect`: a request to an integration for an event of an open connection.

use std::sync::Arc;

use super::pending::{Exchange, Pending, Purpose};
use super::{Gateway, Timestamp};
use crate::access_log;
use crate::connection::{CloseInfo, Connection, Principal};
use crate::error_frame::ErrorFrame;
use crate::event::{self, EventType, RequestIdentity};
use crate::explanation::{Renderings, RequestKind, Role};
use crate::integration::Failure;
use crate::io::{PeerId, Reason};
use crate::limits::{self, Violation};
use crate::message::Message;
use crate::route::{self, RouteKey};
use crate::template::Params;

impl Gateway {
    /// A text message of an open connection. It restarts the idle time, does not wait for what
    /// became of those before it, and whatever is wrong with it, the connection stays open.
    ///
    /// Realises: LIFECYCLE-5, INTEGRATION-18, INTEGRATION-76, LIFECYCLE-27
    pub(super) fn message(&mut self, now: Timestamp, peer: PeerId, text: String) {
        let Some(entry) = self.peers.get_mut(&peer) else {
            return;
        };
        entry.connection.last_active_at = now;
        entry.traffic.received += 1;
        let connection = entry.connection.clone();
        if text.len() > limits::MESSAGE_BYTES {
            self.violated(now, peer, Violation::MessageTooLarge);
            return;
        }
        let request = self.request(now);
        self.explain_began(peer, &connection, &request, RequestKind::Message);
        let message = Message::new(&text);
        let selection = route::select(&self.rules.route_selection, &message);
        let choice = route::choose(selection, &self.rules.routes);
        let connection_id = &connection.connection_id;
        self.decide(
            connection_id,
            &request.request_id,
            Reason::Routed(choice.clone()),
        );
        let route_key = choice.route_key;
        if let Err(throttled) = self.throttle.take(now, route_key.as_ref()) {
            // LIMITS-26, LIMITS-28
            let reason = Reason::Throttled(throttled);
            self.decide(connection_id, &request.request_id, reason);
            let frame = ErrorFrame::TooManyRequests;
            self.send(now, peer, frame.text(connection_id, &request.request_id));
            self.log_stopped(&connection, &request, route_key.as_ref(), |entry| {
                entry.stopped(frame);
            });
            return;
        }
        let Some(route_key) = route_key else {
            let frame = ErrorFrame::Forbidden;
            self.send(now, peer, frame.text(connection_id, &request.request_id));
            self.log_stopped(&connection, &request, None, |entry| {
                entry.stopped(frame);
            });
            return;
        };
        let judged = self.rules.validate(&route_key, &message);
        self.explain_validated(&request, &route_key, &message, &judged);
        if let Err(mismatch) = judged {
            // ROUTE-34, ROUTE-35
            let reason = Reason::InvalidRequestBody(mismatch.clone());
            self.decide(connection_id, &request.request_id, reason);
            let frame = ErrorFrame::InvalidRequestBody;
            self.send(now, peer, frame.text(connection_id, &request.request_id));
            self.log_stopped(&connection, &request, Some(&route_key), |entry| {
                entry.invalid(&mismatch);
            });
            return;
        }
        let message_id = self.ids.message_id(now, connection_id);
        let event_type = EventType::Message {
            route_key: route_key.as_str(),
            message_id: &message_id,
        };
        let exchange = self.exchange(route_key.clone(), &connection, &request, event_type, text);
        self.run(now, peer, request, exchange);
    }

    /// Runs `$disconnect` for a connection that has just ended, if there is such a route; nothing
    /// throttles it. `violation` is what the client did that ended it.
    ///
    /// Realises: LIMITS-42
    pub(super) fn disconnect(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        close: &CloseInfo,
        violation: Option<Violation>,
    ) {
        let Some(entry) = self.peers.get(&peer) else {
            return;
        };
        let connection = entry.connection.clone();
        let request = self.request(now);
        self.explain_began(peer, &connection, &request, RequestKind::Disconnect);
        let reasons = violation.map(Reason::Violation).into_iter();
        for reason in reasons.chain([Reason::Disconnected(close.clone())]) {
            self.decide(&connection.connection_id, &request.request_id, reason);
        }
        let event_type = EventType::Disconnect(close);
        let key = RouteKey::Disconnect;
        if self.rules.integration(&key).is_some() {
            let exchange = self.exchange(key, &connection, &request, event_type, String::new());
            self.run(now, peer, request, exchange);
        } else {
            self.log_disconnect(&connection, &request, event_type);
        }
    }

    /// Passes an exchange to its route's integration.
    pub(super) fn run(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        request: RequestIdentity,
        exchange: Exchange,
    ) {
        let rules = Arc::clone(&exchange.rules);
        let Some(integration) = rules.integration(&exchange.route_key) else {
            let failure = Failure::NotInvocable("the route has no integration".to_owned());
            let call = access_log::Call::default();
            return self.integrated(now, peer, &request, &exchange, call, Err(failure));
        };
        let deadline = now + integration.timeout();
        let handshake = self.peers.get(&peer).and_then(|it| it.handshake.as_ref());
        let trace_id = match handshake {
            Some(handshake) if exchange.route_key == RouteKey::Connect => {
                handshake.trace_id.clone()
            }
            _ => self.ids.trace_id(now),
        };
        self.explain_call(&request, Role::Integration, || integration.target());
        let renderings = self.explains.then(Renderings::default);
        let called = integration.call(exchange.request(renderings.as_ref()), &trace_id);
        self.explain_renderings(&request, renderings);
        match called {
            Ok(call) => {
                let pending = Pending {
                    peer,
                    purpose: Purpose::Integration(Box::new(exchange)),
                    request,
                    started: now,
                };
                self.call(now, call, trace_id, deadline, pending);
            }
            Err(failure) => {
                let call = access_log::Call::default();
                self.integrated(now, peer, &request, &exchange, call, Err(failure));
            }
        }
    }

    /// Notes why an integration failed and gives the frame that tells the client.
    pub(super) fn failed(
        &mut self,
        connection_id: &str,
        request_id: &str,
        failure: &Failure,
    ) -> String {
        let reason = Reason::IntegrationFailed(failure.to_string());
        self.decide(connection_id, request_id, reason);
        failure.frame().text(connection_id, request_id)
    }

    /// A new request, now; every event but the authorizer's is another one.
    ///
    /// Realises: EVENT-13
    pub(super) fn request(&mut self, now: Timestamp) -> RequestIdentity {
        RequestIdentity {
            request_id: self.ids.request_id(now),
            at: now,
        }
    }

    fn exchange(
        &self,
        route_key: RouteKey,
        connection: &Connection,
        request: &RequestIdentity,
        event_type: EventType<'_>,
        body: String,
    ) -> Exchange {
        let api = &*self.rules;
        let context =
            |authorizer| event::request_context(api, connection, request, event_type, authorizer);
        let principal = connection.principal.as_ref();
        let typed = context(principal.map(Principal::for_event));
        let event = match event_type {
            EventType::Disconnect(_) => event::disconnect(api, connection, typed),
            _ => event::message(api, typed, &body),
        };
        let context = context(principal.map(Principal::for_template));
        let log = self.rules.access_log.as_ref().map(|_| context.clone());
        Exchange {
            rules: Arc::clone(&self.rules),
            route_key,
            connection: connection.clone(),
            event,
            context: Arc::new(event::template_context(context).into()),
            log,
            body,
            params: Params::default(),
        }
    }
}
