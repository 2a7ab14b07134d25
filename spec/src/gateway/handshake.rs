//! From the request for an upgrade to 101 or a refusal: authorizer, then `$connect`.

use std::sync::Arc;

use serde_json::Map;

use super::pending::{Exchange, FunctionEvent, Pending, Purpose};
use super::{GOING_DOWN, Gateway, Handshake, Peer, Timestamp, Traffic, going_down};
use crate::api::AuthorizationType;
use crate::authorizer::{self, Authorization};
use crate::connection::{Connection, Principal};
use crate::event::{self, EventType, Recipient};
use crate::handshake::{self, HandshakeRequest, Refusal};
use crate::integration::{self, Answer};
use crate::io::{Outcome, PeerId, Reason, Role};
use crate::lifecycle::{Effect, Event, State};
use crate::limits;
use crate::policy::Context;
use crate::route::RouteKey;
use crate::template::Params;
use crate::usage_plan::KeyRefusal;

impl Gateway {
    /// A client asks for an upgrade; nothing is accepted before `$connect` has answered. Each has
    /// an id of its own, and its time is the request's.
    ///
    /// Realises: HANDSHAKE-2, LIFECYCLE-29, AUTHORIZER-28
    pub(super) fn handshake(&mut self, now: Timestamp, peer: PeerId, request: HandshakeRequest) {
        let connection = Connection {
            connection_id: self.ids.connection_id(now),
            connected_at: now,
            last_active_at: now,
            domain_name: request.host().to_owned(),
            source_ip: request.source_ip.clone(),
            user_agent: request.headers.get("User-Agent").map(str::to_owned),
            principal: None,
            caller: None,
            api_key: None,
        };
        let checked = handshake::check(&self.rules, &request);
        let cause = checked.as_ref().err();
        let cause = cause.map(|refusal| handshake::cause(&self.rules, &request, refusal));
        let handshake = Handshake {
            rules: Arc::clone(&self.rules),
            request,
            identity: self.request(now),
            trace_id: self.ids.trace_id(now),
            log: self.handshake_entry(&checked),
        };
        let entry = Peer {
            state: State::Authorizing,
            connection,
            handshake: Some(Box::new(handshake)),
            is_full: false,
            traffic: Traffic::default(),
        };
        self.explain_handshake(peer, &entry);
        self.peers.insert(peer, entry);
        if self.is_draining {
            return self.refuse(peer, &going_down(), GOING_DOWN.to_owned());
        }
        match checked {
            Err(refusal) => {
                self.refuse(peer, &refusal, cause.unwrap_or_default());
            }
            Ok(()) => match self.throttle.take(now, Some(&RouteKey::Connect)) {
                Ok(()) => self.authorize(now, peer),
                Err(throttled) => {
                    self.refuse(peer, &Refusal::TooManyRequests, throttled.to_string());
                }
            },
        }
    }

    /// Calls the authorizer of `$connect`, if there is one: at every handshake and only there, when
    /// each of its identity sources is there, of which there may be none.
    ///
    /// Realises: AUTHORIZER-14, AUTHORIZER-13, AUTHORIZER-3, AUTHORIZER-4
    fn authorize(&mut self, now: Timestamp, peer: PeerId) {
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get(&peer)
        else {
            return;
        };
        let rules = Arc::clone(&handshake.rules);
        let connect = rules.routes.get(&RouteKey::Connect);
        if connect.is_some_and(|route| route.authorization_type == AuthorizationType::AwsIam) {
            return self.check_signature(now, peer);
        }
        let Some(authorizer) = rules.authorizer() else {
            return self.allowed(now, peer);
        };
        let identity = &handshake.identity;
        let context =
            event::request_context(&rules, connection, identity, EventType::Connect, None);
        let absent = authorizer
            .identity_sources
            .iter()
            .find(|source| !source.is_present(&rules, &handshake.request, &context));
        if let Some(source) = absent {
            let cause = format!("identity source `{source}` is missing or empty");
            return self.refuse(peer, &Refusal::Unauthorized, cause);
        }
        let trace_id = handshake.trace_id.clone();
        let event = event::authorizer(&rules, &handshake.request, &trace_id, context);
        let pending = Pending {
            peer,
            purpose: Purpose::Authorizer,
            request: handshake.identity.clone(),
            started: now,
        };
        // No timeout of its own is documented for authorizers: the integrations' maximum is assumed
        // (AUTHORIZER-12).
        let deadline =
            now + std::time::Duration::from_millis(*limits::INTEGRATION_TIMEOUT_MILLIS.end());
        let event = FunctionEvent {
            payload: event.to_string(),
            trace_id,
            deadline,
        };
        self.explain_call(&pending.request, Role::Authorizer, || {
            authorizer.target.shown()
        });
        self.invoke(now, authorizer.target.clone(), event, pending);
    }

    /// The call of the authorizer has ended.
    pub(super) fn authorized(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        outcome: &Outcome,
        latency: u64,
    ) {
        let Some(handshake) = self.peers.get(&peer).and_then(|it| it.handshake.as_ref()) else {
            return;
        };
        let arn = handshake.rules.route_arn(&RouteKey::Connect);
        let context = Context::of_handshake(&handshake.request, handshake.identity.at);
        let authorization = authorizer::interpret(outcome, &arn, &context, latency);
        self.note_handshake(peer, |entry| {
            entry.authorized(outcome, &authorization, latency);
        });
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get_mut(&peer)
        else {
            return;
        };
        let (connection_id, request_id) = (
            connection.connection_id.clone(),
            handshake.identity.request_id.clone(),
        );
        match authorization {
            Authorization::Allowed(principal, evaluation) => {
                let reason = Reason::Authorized {
                    principal_id: principal.principal_id.clone(),
                    evaluation,
                };
                connection.principal = Some(principal);
                self.decide(&connection_id, &request_id, reason);
                self.allowed(now, peer);
            }
            Authorization::Denied(principal_id, evaluation) => {
                let cause = format!("principal `{principal_id}` on `{arn}`: {evaluation}");
                self.refuse(peer, &Refusal::Forbidden, cause);
            }
            Authorization::Refused(refusal, cause) => self.refuse(peer, &refusal, cause),
        }
    }

    /// Nothing stands in the way of `$connect`, which may be missing or do nothing.
    ///
    /// Realises: AUTHORIZER-9, HANDSHAKE-9, HANDSHAKE-10
    pub(super) fn allowed(&mut self, now: Timestamp, peer: PeerId) {
        if self.step(peer, Event::Allowed) != Effect::CallConnect {
            return;
        }
        if let Err(refused) = self.admit(now, peer) {
            return self.refuse(peer, &refused.refusal(), refused.to_string());
        }
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get(&peer)
        else {
            return;
        };
        let missing = missing_parameters(handshake);
        if !missing.is_empty() {
            let cause = "the route's `RequestParameters` want it".to_owned();
            return self.refuse(peer, &Refusal::MissingParameters(missing), cause);
        }
        let rules = Arc::clone(&handshake.rules);
        if rules.integration(&RouteKey::Connect).is_none() {
            return self.connected(
                now,
                peer,
                Ok(Answer {
                    status: 200,
                    ..Answer::default()
                }),
            );
        }
        let identity = handshake.identity.clone();
        let context = |authorizer| {
            event::request_context(
                &rules,
                connection,
                &identity,
                EventType::Connect,
                authorizer,
            )
        };
        let principal = connection.principal.as_ref();
        let typed = context(principal.map(Principal::for_connect_event));
        let exchange = Exchange {
            route_key: RouteKey::Connect,
            connection: connection.clone(),
            event: event::connect(&rules, &handshake.request, &handshake.trace_id, typed),
            context: Arc::new(
                event::template_context(context(principal.map(Principal::for_template))).into(),
            ),
            log: None,
            body: String::new(),
            params: params(&handshake.request, &handshake.trace_id),
            rules,
        };
        self.run(now, peer, identity, exchange);
    }

    /// Judges the API key, where `$connect` wants one: after the authorizer, which may have given
    /// it, and before anything of the integration's is looked at. Messages carry none.
    ///
    /// Realises: HANDSHAKE-32, HANDSHAKE-33, HANDSHAKE-30
    fn admit(&mut self, now: Timestamp, peer: PeerId) -> Result<(), KeyRefusal> {
        let Some(Peer {
            connection,
            handshake: Some(handshake),
            ..
        }) = self.peers.get_mut(&peer)
        else {
            return Ok(());
        };
        let rules = &handshake.rules;
        let connect = rules.routes.get(&RouteKey::Connect);
        if !connect.is_some_and(|route| route.api_key_required) {
            return Ok(());
        }
        let principal = connection.principal.as_ref();
        let of_authorizer =
            principal.and_then(|principal| principal.usage_identifier_key.as_deref());
        let request = &handshake.request;
        let key = self
            .usage
            .admit(now, rules.key_source, request, of_authorizer)?;
        let reason = Reason::ApiKey(key.id.clone());
        connection.api_key = Some(key);
        let connection_id = connection.connection_id.clone();
        let request_id = handshake.identity.request_id.clone();
        self.decide(&connection_id, &request_id, reason);
        Ok(())
    }
}

/// The names of the required parameters that are missing from the handshake.
///
/// Realises: HANDSHAKE-44
fn missing_parameters(handshake: &Handshake) -> Vec<String> {
    let Some(route) = handshake.rules.routes.get(&RouteKey::Connect) else {
        return Vec::new();
    };
    let required = route.request_parameters.iter();
    let mut required = required
        .filter(|(_, required)| **required)
        .map(|(name, _)| name.as_str())
        .peekable();
    if required.peek().is_none() {
        return Vec::new();
    }
    let context = Map::from_iter([("eventType".to_owned(), "CONNECT".into())]);
    let event = event::connect(&handshake.rules, &handshake.request, "", context);
    let missing = integration::missing(required, &event).unwrap_or_default();
    let short = |name: &str| name.splitn(4, '.').last().unwrap_or_default().to_owned();
    missing.into_iter().map(short).collect()
}

/// `$input.params()` at `$connect`: the headers as the proxy event shows them, and the query string
/// (the last of repeated values).
fn params(request: &HandshakeRequest, trace_id: &str) -> Params {
    let mut params = Params::default();
    for (name, value) in event::forwarded_headers(request, trace_id, Recipient::Integration).iter()
    {
        params.header.insert(name.to_owned(), value.to_owned());
    }
    for (name, mut values) in request.query() {
        params
            .querystring
            .insert(name, values.pop().unwrap_or_default());
    }
    params
}
