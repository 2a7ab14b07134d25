//! Calls of functions, and what their results lead to.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Gateway, Timer};
use crate::access_log;
use crate::compile::{CallTarget, CompiledApi};
use crate::connection::Connection;
use crate::event::RequestIdentity;
use crate::explanation::Renderings;
use crate::integration::{Answer, Call, Failure, Request};
use crate::io::{
    CallId, FunctionOutcome, HttpCall, Invocation, InvocationType, Outcome, Output, PeerId,
    ServiceCall,
};
use crate::limits;
use crate::route::RouteKey;
use crate::template::{Params, Variables};
use crate::time::Timestamp;

/// A call whose result is awaited.
pub(super) struct Pending {
    pub(super) peer: PeerId,
    pub(super) purpose: Purpose,
    pub(super) request: RequestIdentity,
    pub(super) started: Timestamp,
}

/// What a function is called with.
pub(super) struct FunctionEvent {
    /// JSON text.
    pub(super) payload: String,
    pub(super) trace_id: String,
    pub(super) deadline: Timestamp,
}

/// What a function was called for.
pub(super) enum Purpose {
    Authorizer,
    Integration(Box<Exchange>),
}

/// A request to an integration, kept for the response.
pub(super) struct Exchange {
    /// The rules that it began with: they judge the answer, too.
    pub(super) rules: Arc<CompiledApi>,
    pub(super) route_key: RouteKey,
    /// As it was when the request came: the peer may have gone since.
    pub(super) connection: Connection,
    pub(super) event: Value,
    pub(super) context: Arc<Variables>,
    /// The same for the access log's line; `None` where there is none, and at `$connect`, whose
    /// line is the handshake's.
    pub(super) log: Option<Map<String, Value>>,
    pub(super) body: String,
    pub(super) params: Params,
}

impl Exchange {
    pub(super) fn request<'e>(&'e self, renderings: Option<&'e Renderings>) -> Request<'e> {
        Request {
            event: &self.event,
            context: &self.context,
            stage_variables: &self.rules.stage_variables,
            body: &self.body,
            params: &self.params,
            two_way: self.rules.is_two_way(&self.route_key),
            renderings,
        }
    }
}

impl Gateway {
    /// Calls a function, once, and remembers what for; the timer ends the wait. A call that API
    /// Gateway may not make fails before it reaches anybody.
    ///
    /// Realises: INTEGRATION-17
    pub(super) fn invoke(
        &mut self,
        now: Timestamp,
        target: CallTarget,
        event: FunctionEvent,
        pending: Pending,
    ) {
        match target {
            CallTarget::Function(arn) => {
                let id = self.wait(event.deadline, pending);
                self.hand_over(id, arn, event, InvocationType::RequestResponse);
            }
            CallTarget::NotPermitted { reason } => {
                let refused = FunctionOutcome::NotInvocable(reason);
                self.resolve(now, pending, &refused.into());
            }
        }
    }

    /// Calls a function whose result nobody awaits: Lambda takes the event and answers at once,
    /// with nothing.
    ///
    /// Realises: INTEGRATION-73
    fn invoke_asynchronously(
        &mut self,
        now: Timestamp,
        target: CallTarget,
        event: FunctionEvent,
        pending: Pending,
    ) {
        let outcome = match target {
            CallTarget::Function(arn) => {
                let id = self.next_id();
                self.hand_over(id, arn, event, InvocationType::Event);
                FunctionOutcome::Returned(String::new())
            }
            CallTarget::NotPermitted { reason } => FunctionOutcome::NotInvocable(reason),
        };
        self.resolve(now, pending, &outcome.into());
    }

    fn hand_over(
        &mut self,
        id: CallId,
        function_arn: String,
        event: FunctionEvent,
        invocation_type: InvocationType,
    ) {
        self.outputs.push_back(Output::Invoke(Invocation {
            id,
            function_arn,
            payload: event.payload,
            trace_id: event.trace_id,
            deadline: event.deadline,
            invocation_type,
        }));
    }

    /// Makes the call of an integration. One flat match over what can be called.
    pub(super) fn call(
        &mut self,
        now: Timestamp,
        call: Call,
        trace_id: String,
        deadline: Timestamp,
        pending: Pending,
    ) {
        match call {
            Call::Invoke {
                function_arn,
                payload,
                asynchronous,
            } => {
                let Purpose::Integration(exchange) = &pending.purpose else {
                    return;
                };
                let target = exchange
                    .rules
                    .call_target(&exchange.route_key, function_arn);
                let event = FunctionEvent {
                    payload,
                    trace_id,
                    deadline,
                };
                if asynchronous {
                    self.invoke_asynchronously(now, target, event, pending);
                } else {
                    self.invoke(now, target, event, pending);
                }
            }
            Call::Request(request) => {
                let id = self.wait(deadline, pending);
                self.outputs.push_back(Output::HttpRequest(HttpCall {
                    id,
                    request,
                    deadline,
                }));
            }
            Call::Service(request) => {
                let id = self.wait(deadline, pending);
                self.outputs.push_back(Output::CallService(ServiceCall {
                    id,
                    request,
                    deadline,
                }));
            }
            Call::Answered(answer) => {
                if let Purpose::Integration(exchange) = &pending.purpose {
                    // Nothing was called: there is no latency (TEMPLATE-92).
                    let call = access_log::Call::default();
                    let Pending { peer, request, .. } = &pending;
                    self.integrated(now, *peer, request, exchange, call, Ok(answer));
                }
            }
        }
    }

    /// Waits for the result of a call until `deadline`.
    fn wait(&mut self, deadline: Timestamp, pending: Pending) -> CallId {
        let id = self.next_id();
        self.timers.set(deadline, Timer::Call(id));
        self.pending.insert(id, pending);
        id
    }

    fn next_id(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    /// A call has ended, perhaps because its time is up. A result that comes later finds nobody
    /// waiting.
    ///
    /// Realises: INTEGRATION-9
    pub(super) fn finished(&mut self, now: Timestamp, id: CallId, outcome: &Outcome) {
        if let Some(pending) = self.pending.remove(&id) {
            self.timers.clear(&Timer::Call(id));
            self.resolve(now, pending, outcome);
        }
    }

    /// Delivers an outcome to what waits for it.
    fn resolve(&mut self, now: Timestamp, pending: Pending, outcome: &Outcome) {
        let latency = now.since(pending.started).as_millis();
        let latency = u64::try_from(latency).unwrap_or(u64::MAX);
        self.explain_resumed(&pending.request);
        match pending.purpose {
            Purpose::Authorizer => self.authorized(now, pending.peer, outcome, latency),
            Purpose::Integration(exchange) => {
                let call = access_log::Call::new(latency, outcome);
                let renderings = self.explains.then(Renderings::default);
                let request = exchange.request(renderings.as_ref());
                let answer = match exchange.rules.integration(&exchange.route_key) {
                    Some(integration) => integration.answer(request, outcome),
                    None => Err(Failure::NotInvocable(
                        "the route has no integration".to_owned(),
                    )),
                };
                self.explain_renderings(&pending.request, renderings);
                self.integrated(now, pending.peer, &pending.request, &exchange, call, answer);
            }
        }
    }

    /// An integration has its result: on to the handshake or to the client.
    pub(super) fn integrated(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        request: &RequestIdentity,
        exchange: &Exchange,
        call: access_log::Call,
        answer: Result<Answer, Failure>,
    ) {
        let two_way = exchange.rules.is_two_way(&exchange.route_key);
        let answer = match answer {
            Ok(answer) if two_way && answer.body.len() > limits::MESSAGE_BYTES => {
                Err(Failure::AnswerTooLarge(answer.body.len())) // INTEGRATION-72
            }
            answer => answer,
        };
        if exchange.route_key == RouteKey::Connect {
            self.note_handshake(peer, |entry| entry.integrated(call, &answer));
            return self.connected(now, peer, answer);
        }
        self.log_exchange(exchange, call, &answer);
        let failure = match answer {
            // Whatever the status (INTEGRATION-5, INTEGRATION-16).
            Ok(answer) if two_way => return self.send(now, peer, answer.body),
            Ok(_) => return, // INTEGRATION-2, INTEGRATION-3
            Err(failure) => failure,
        };
        let connection_id = &exchange.connection.connection_id;
        let text = self.failed(connection_id, &request.request_id, &failure);
        // At `$disconnect` nobody can be told: the connection is gone (LIFECYCLE-11).
        if exchange.route_key != RouteKey::Disconnect {
            self.send(now, peer, text);
        }
    }
}
