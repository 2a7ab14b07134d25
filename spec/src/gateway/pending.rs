//! Calls of functions, and what their results lead to.

use serde_json::Value;

use super::{Gateway, Timer};
use crate::connection::Connection;
use crate::event::RequestIdentity;
use crate::integration::{Answer, Failure, Request};
use crate::io::{Invocation, InvocationId, InvocationOutcome, Output, PeerId};
use crate::template::{Params, Variables};
use crate::time::Timestamp;

/// A call whose result is awaited.
pub(super) struct Pending {
    pub(super) peer: PeerId,
    pub(super) purpose: Purpose,
    pub(super) request: RequestIdentity,
    pub(super) started: Timestamp,
}

/// What a function was called for.
pub(super) enum Purpose {
    Authorizer,
    Integration(Box<Exchange>),
}

/// A request to an integration, kept for the response.
pub(super) struct Exchange {
    pub(super) route_key: String,
    /// As it was when the request came: the peer may have gone since.
    pub(super) connection: Connection,
    pub(super) event: Value,
    pub(super) context: Variables,
    pub(super) body: String,
    pub(super) params: Params,
}

impl Exchange {
    pub(super) fn request<'a>(&'a self, stage_variables: &'a Variables) -> Request<'a> {
        Request {
            event: &self.event,
            context: &self.context,
            stage_variables,
            body: &self.body,
            params: &self.params,
        }
    }
}

impl Gateway {
    /// Calls a function, once (INTEGRATION-17), and remembers what for; the timer ends the wait.
    pub(super) fn invoke(
        &mut self,
        function_arn: String,
        payload: String,
        trace_id: String,
        deadline: Timestamp,
        pending: Pending,
    ) {
        self.invocations += 1;
        let id = InvocationId(self.invocations);
        self.timers.set(deadline, Timer::Invocation(id));
        self.pending.insert(id, pending);
        self.outputs.push_back(Output::Invoke(Invocation {
            id,
            function_arn,
            payload,
            trace_id,
            deadline,
        }));
    }

    /// A function answered, or its time is up (`None`, INTEGRATION-9). An answer that comes later finds nobody waiting.
    pub(super) fn result(
        &mut self,
        now: Timestamp,
        id: InvocationId,
        outcome: Option<&InvocationOutcome>,
    ) {
        let Some(pending) = self.pending.remove(&id) else {
            return;
        };
        self.timers.clear(&Timer::Invocation(id));
        match pending.purpose {
            Purpose::Authorizer => {
                let latency = now.since(pending.started).as_millis();
                let latency = u64::try_from(latency).unwrap_or(u64::MAX);
                self.authorized(now, pending.peer, outcome, latency);
            }
            Purpose::Integration(exchange) => {
                let answer = match (outcome, self.compiled.integration(&exchange.route_key)) {
                    (Some(outcome), Some(integration)) => integration
                        .answer(exchange.request(&self.compiled.stage_variables), outcome),
                    _ => Err(Failure::TimedOut),
                };
                self.integrated(now, pending.peer, &pending.request, &exchange, answer);
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
        answer: Result<Answer, Failure>,
    ) {
        match &*exchange.route_key {
            crate::route::CONNECT => self.connected(now, peer, answer),
            crate::route::DISCONNECT => {
                // Nobody can be told: the connection is gone (LIFECYCLE-11).
                if let Err(failure) = answer {
                    let connection_id = &exchange.connection.connection_id;
                    self.failed(connection_id, &request.request_id, &failure);
                }
            }
            route_key => {
                let text = match answer {
                    Ok(answer) if self.compiled.is_two_way(route_key) => answer.body, // INTEGRATION-5
                    Ok(_) => return, // INTEGRATION-2
                    Err(failure) => self.failed(
                        &exchange.connection.connection_id,
                        &request.request_id,
                        &failure,
                    ),
                };
                self.send(now, peer, text);
            }
        }
    }
}
