//! A step of the machine: which exchange each of its outputs belongs to, and what it says of it.

use gateway::Step;
use spec::connection::CloseInfo;
use spec::http::HttpResponse;
use spec::io::{self, About, CallId, Explanation, InvocationType, PeerId, Reason, Side};
use spec::{Input, Output};

use super::Fold;
use super::end::{ended, verdict_of};
use super::limits::{ITEMS, cut};
use super::request;
use super::shown::{closing, function_name, responding, template};
use super::table::Failure;
use crate::exchange::{
    Closer, Exchange, Kind, Message, Model, Outcome, Request, Route, Sent, TargetKind, Verdict,
};

/// Who gets the answer to a request that is not a connection's.
const CALLER: &str = "caller";

/// A step while it is read.
pub(super) struct Reading<'s> {
    at: u64,
    input: Option<&'s Input>,
    /// The exchange that outputs belong to.
    pub(super) current: Option<u64>,
    /// The call whose end is the input.
    finished: Option<CallId>,
    /// Close frames whose connection's end has not been told yet.
    closes: Vec<(PeerId, &'s CloseInfo)>,
    touched: Vec<u64>,
}

impl Fold {
    /// Whether it belongs to an exchange.
    pub(super) fn step(&mut self, step: &Step) -> bool {
        let mut reading = Reading {
            at: step.at.as_millis(),
            input: step.input.as_ref(),
            current: None,
            finished: None,
            closes: Vec::new(),
            touched: Vec::new(),
        };
        self.at = reading.at;
        self.input(&mut reading);
        for output in &step.outputs {
            self.output(&mut reading, output);
        }
        for (peer, close) in std::mem::take(&mut reading.closes) {
            let current = reading.current;
            self.send(&mut reading, current, Some(peer), closing(close));
        }
        if let Some(Input::PeerClosed { peer, .. }) = reading.input {
            self.left(&mut reading, *peer);
        }
        reading.touched.sort_unstable();
        reading.touched.dedup();
        for number in &reading.touched {
            self.table.settle(*number, reading.at);
            self.table.weigh(*number);
        }
        !reading.touched.is_empty()
    }

    fn input(&mut self, reading: &mut Reading<'_>) {
        match reading.input {
            Some(Input::CallFinished { id, outcome }) => {
                if let Some((number, place)) = self.table.call(*id) {
                    reading.finished = Some(*id);
                    reading.current = Some(number);
                    self.edit(reading, Some(number), |exchange, at| {
                        let is_cut = &mut exchange.is_cut;
                        if let Some(call) = exchange.calls.get_mut(place) {
                            ended(call, outcome, at, is_cut);
                        }
                    });
                }
            }
            Some(Input::Management { id, request }) => {
                let number = self.table.add(request::management(reading.at, request));
                self.table.name_management(number, *id);
                reading.current = Some(number);
                reading.touched.push(number);
            }
            _ => {}
        }
    }

    fn output<'s>(&mut self, reading: &mut Reading<'s>, output: &'s Output) {
        let current = reading.current;
        match output {
            Output::Explanation(explanation) => self.explanation(reading, explanation),
            Output::Decision(decision) => self.decision(reading, decision),
            Output::Accept { peer, headers } => {
                let mut response = HttpResponse::new(101);
                response.headers = headers.clone();
                self.answered(reading, *peer, &response, Verdict::Answered);
            }
            Output::Reject { peer, response } => {
                let verdict = verdict_of(response.status);
                self.answered(reading, *peer, response, verdict);
                self.peers.remove(peer);
            }
            Output::Invoke(invocation) => {
                let payload = invocation.payload.as_bytes();
                let name = function_name(&invocation.function_arn);
                let target = (TargetKind::Function, name.to_owned());
                self.called(reading, invocation.id, target, payload);
                if invocation.invocation_type == InvocationType::Event {
                    // Lambda has taken it: nothing more comes of it.
                    self.edit(reading, current, |exchange, at| {
                        if let Some(call) = exchange.calls.last_mut() {
                            call.outcome = Some(Outcome::Returned);
                            call.ended = Some(at);
                        }
                    });
                }
            }
            Output::HttpRequest(call) => {
                let name = format!("{} {}", call.request.method, call.request.url);
                let target = (TargetKind::Http, name);
                self.called(reading, call.id, target, &call.request.body);
            }
            Output::CallService(call) => {
                let request = &call.request;
                let action = request.action.as_deref().unwrap_or(&request.request.url);
                let target = (TargetKind::Service, format!("{} {action}", request.service));
                self.called(reading, call.id, target, &request.request.body);
            }
            Output::Send { peer, text } => {
                let mut is_cut = false;
                let text = cut(text, &mut is_cut);
                self.edit(reading, current, |exchange, _| exchange.is_cut |= is_cut);
                self.send(reading, current, Some(*peer), Message::Text { text });
            }
            Output::Close { peer, close } => reading.closes.push((*peer, close)),
            Output::ManagementReply { id, response } => {
                let number = self.table.management(*id);
                let request_id = response.headers.get("x-amzn-RequestId");
                let request_id = request_id.unwrap_or_default().to_owned();
                let verdict = verdict_of(response.status);
                self.edit(reading, number, |exchange, at| {
                    exchange.request_id = request_id;
                    exchange.end(at, verdict);
                });
                self.send(reading, number, None, responding(response));
            }
            Output::AccessLog(line) => self.edit(reading, current, |exchange, _| {
                exchange.access_log = Some(cut(line, &mut exchange.is_cut));
            }),
        }
    }

    fn explanation(&mut self, reading: &mut Reading<'_>, explanation: &Explanation) {
        let request_id = &*explanation.request_id;
        if let About::Began {
            peer,
            connection_id,
            kind,
        } = &explanation.about
        {
            return self.began(reading, request_id, (*peer, connection_id, *kind));
        }
        let number = self.request(reading.current, request_id);
        reading.current = number;
        match &explanation.about {
            About::Began { .. } => {}
            About::Resumed => {
                let has_left = matches!(reading.input, Some(Input::PeerClosed { .. }));
                let finished = reading.finished;
                let tracked = number.and_then(|number| self.table.get(number));
                let ids = tracked.map(|(tracked, _)| tracked.ids.clone());
                self.edit(reading, number, |exchange, at| {
                    // Who else resumes it than the end of a call, or its client's, is its timeout.
                    let calls = exchange.calls.iter_mut().zip(ids.unwrap_or_default());
                    for (call, _) in calls.filter(|(_, id)| id.is_some() && *id != finished) {
                        if call.outcome.is_none() && !has_left {
                            call.outcome = Some(Outcome::TimedOut);
                            call.ended = Some(at);
                        }
                    }
                });
            }
            About::Validated { model, mismatch } => {
                let verdict = mismatch.as_ref().map(ToString::to_string);
                self.edit(reading, number, |exchange, _| {
                    exchange.model = Some(Model {
                        name: model.clone(),
                        verdict: verdict.unwrap_or_else(|| "fits".to_owned()),
                    });
                });
            }
            About::Calls { role, target } => self.calls(reading, *role, target),
            About::Rendered(rendering) => self.edit(reading, number, |exchange, _| {
                let template = template(rendering, &mut exchange.is_cut);
                if let Some(call) = exchange.calls.last_mut() {
                    match rendering.side {
                        Side::Request => call.template = Some(template),
                        Side::Response => call.response_template = Some(template),
                    }
                }
            }),
        }
    }

    /// The exchange with this id, which mostly is the current one.
    fn request(&self, current: Option<u64>, request_id: &str) -> Option<u64> {
        let known = current.and_then(|number| self.table.get(number));
        match known {
            Some((_, exchange)) if exchange.request_id == request_id => current,
            _ => self.table.request(request_id),
        }
    }

    fn began(
        &mut self,
        reading: &mut Reading<'_>,
        request_id: &str,
        (peer, connection_id, kind): (PeerId, &str, io::RequestKind),
    ) {
        let (at, input) = (reading.at, reading.input);
        let exchange = request::began(at, peer, connection_id, request_id, kind, input);
        let kind = exchange.kind;
        let number = self.table.add(exchange);
        self.table.name_request(number, request_id);
        reading.current = Some(number);
        reading.touched.push(number);
        match kind {
            Kind::Connect => self.remember(peer, connection_id.to_owned(), Some(number)),
            Kind::Disconnect => {
                let its = |(other, _): &mut (PeerId, _)| *other == peer;
                let closes: Vec<_> = reading.closes.extract_if(.., its).collect();
                if closes.is_empty() {
                    // Its client had left before, while `$connect` was under way.
                    self.edit(reading, Some(number), |exchange, _| {
                        if let Request::Close { by, .. } = &mut exchange.request {
                            *by = Closer::Client;
                        }
                    });
                }
                for (_, close) in closes {
                    self.send(reading, Some(number), Some(peer), closing(close));
                }
                self.peers.remove(&peer);
            }
            _ => {}
        }
    }

    fn decision(&mut self, reading: &mut Reading<'_>, decision: &io::Decision) {
        let number = self.request(reading.current, &decision.request_id);
        let number = number.or(reading.current);
        let Some(number) = number else { return };
        reading.current = Some(number);
        let failure = match &decision.reason {
            Reason::Routed(choice) if choice.route_key.is_none() => Failure::Refused,
            Reason::Throttled(_) | Reason::InvalidRequestBody(_) => Failure::Refused,
            Reason::IntegrationFailed(_) => Failure::Failed,
            _ => Failure::None,
        };
        if failure != Failure::None
            && let Some(tracked) = self.table.tracked(number)
        {
            tracked.failure = failure;
        }
        // Whose it is is known.
        let ids = decision.connection_id.len() + decision.request_id.len() + " : ".len();
        let text = decision.to_string().split_off(ids);
        self.edit(reading, Some(number), |exchange, at| {
            match &decision.reason {
                Reason::Routed(choice) => {
                    exchange.route = Some(Route {
                        key: choice.route_key.as_ref().map(ToString::to_string),
                        why: text.clone(),
                    });
                }
                Reason::Disconnected(close) => {
                    if let Request::Close { code, reason, .. } = &mut exchange.request {
                        *code = close.code;
                        reason.clone_from(&close.reason);
                    }
                }
                _ => {}
            }
            let text = cut(&text, &mut exchange.is_cut);
            exchange.decided(at, text);
        });
    }

    /// A handshake has its answer.
    fn answered(
        &mut self,
        reading: &mut Reading<'_>,
        peer: PeerId,
        response: &HttpResponse,
        verdict: Verdict,
    ) {
        let known = self.peers.get_mut(&peer);
        let number = known.and_then(|known| known.handshake.take());
        self.edit(reading, number, |exchange, at| exchange.end(at, verdict));
        self.send(reading, number, None, responding(response));
    }

    /// A client is gone: its handshake, if it was one still, gets no answer.
    fn left(&mut self, reading: &mut Reading<'_>, peer: PeerId) {
        let known = self.peers.remove(&peer);
        let number = known.and_then(|known| known.handshake);
        self.edit(reading, number, |exchange, at| {
            if exchange.ended.is_none() {
                exchange.decided(at, "the client left before it had an answer".to_owned());
                exchange.end(at, Verdict::Silent);
            }
        });
    }

    fn send(
        &mut self,
        reading: &mut Reading<'_>,
        number: Option<u64>,
        peer: Option<PeerId>,
        what: Message,
    ) {
        let known = peer.and_then(|peer| self.peers.get(&peer));
        let known = known.map(|known| known.connection_id.clone());
        self.edit(reading, number, |exchange, at| {
            let to = match (peer, known) {
                (None, _) => CALLER.to_owned(),
                (Some(_), Some(id)) => id,
                (Some(_), None) => exchange.connection_id.clone(),
            };
            if exchange.sent.len() < ITEMS {
                exchange.sent.push(Sent { at, to, what });
            } else {
                exchange.is_cut = true;
            }
        });
    }

    fn edit(
        &mut self,
        reading: &mut Reading<'_>,
        number: Option<u64>,
        change: impl FnOnce(&mut Exchange, u64),
    ) {
        self.edit_with(reading, number, change);
    }

    pub(super) fn edit_with<T>(
        &mut self,
        reading: &mut Reading<'_>,
        number: Option<u64>,
        change: impl FnOnce(&mut Exchange, u64) -> T,
    ) -> Option<T> {
        let at = reading.at;
        let number = number?;
        let changed = self.table.edit(number, |exchange| change(exchange, at))?;
        if reading.touched.last() != Some(&number) {
            reading.touched.push(number);
        }
        Some(changed)
    }
}
