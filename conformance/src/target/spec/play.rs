//! What is around the machine: its clients' ends, the functions and backends that the kit plays,
//! and time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use spec::http::{Headers, HttpAnswer, HttpRequest, HttpResponse};
use spec::io::{CallId, FunctionOutcome, HttpCall, HttpOutcome, Invocation, Outcome, ServiceCall};
use spec::{Input, Output, Timestamp};

use super::{Fields, Player, SpecSession};
use crate::probe::backend::{self, Reply};
use crate::probe::{End, Plan};
use crate::session::Incoming;
use crate::target::dynamodb;
use crate::target::functions::World;

/// What Lambda makes of a process that ends.
const EXITED: &str = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 0 Error: Runtime exited without providing a reason"}"#;
const NO_FUNCTION: &str = "there is no such function";

impl SpecSession {
    /// Does what the machine wants done.
    pub(super) fn act(&mut self, output: Output) {
        match output {
            Output::Accept { peer, headers } => {
                let client = self.clients.entry(peer).or_default();
                client.open = true;
                let response = HttpResponse {
                    status: 101,
                    headers,
                    body: String::new(),
                };
                client.answer = Some(response.into());
            }
            Output::Reject { peer, response } => {
                self.clients.entry(peer).or_default().answer = Some(response.into());
            }
            Output::Send { peer, text } => {
                let client = self.clients.entry(peer).or_default();
                client.incoming.push_back(Incoming::Text(text));
            }
            Output::Close { peer, close } => {
                let client = self.clients.entry(peer).or_default();
                client.open = false;
                client
                    .incoming
                    .push_back(Incoming::Closed(close.code, close.reason));
            }
            Output::Invoke(invocation) => self.invoke(&invocation),
            Output::HttpRequest(call) => self.request(&call),
            Output::CallService(call) => self.call_service(&call),
            Output::ManagementReply { id, response } => {
                self.replies.insert(id, response);
            }
            Output::AccessLog(line) => {
                self.reasons.push(format!("access log: {line}"));
                self.access_log.push(line);
            }
            Output::Decision(decision) => self.reasons.push(decision.to_string()),
            Output::Explanation(_) => {}
        }
    }

    /// Plays a function.
    fn invoke(&mut self, invocation: &Invocation) {
        self.reasons.push(format!(
            "invoke {}: {}",
            invocation.function_arn, invocation.payload
        ));
        let result = |outcome: FunctionOutcome| Input::CallFinished {
            id: invocation.id,
            outcome: outcome.into(),
        };
        match self.players.get(&invocation.function_arn).copied() {
            Some(Player::Pattern(function)) => {
                let outcome = function.call(&invocation.payload, self);
                self.come(Duration::ZERO, result(outcome));
            }
            Some(Player::Probe) => {
                let plan = Plan::of_invocation(&invocation.payload);
                let outcome = match plan.end.clone() {
                    End::Returns(text) => FunctionOutcome::Returned(text),
                    End::Fails(text) => FunctionOutcome::Failed(text),
                    End::Exits => FunctionOutcome::Failed(EXITED.to_owned()),
                };
                self.perform(&plan, result(outcome));
            }
            None => {
                let outcome = FunctionOutcome::NotInvocable(NO_FUNCTION.to_owned());
                self.come(Duration::ZERO, result(outcome));
            }
        }
    }

    /// Plays an HTTP backend.
    fn request(&mut self, call: &HttpCall) {
        let url = &call.request.url;
        let host = url.find("://").map_or(0, |at| at + 3);
        let target = url[host..].find('/').map_or("/", |at| &url[host + at..]);
        self.play_backend(call.id, &call.request, target, Outcome::Http);
    }

    /// Plays what gets `request` at `target`; `outcome` says what kind of call it is.
    fn play_backend(
        &mut self,
        id: CallId,
        request: &HttpRequest,
        target: &str,
        outcome: fn(HttpOutcome) -> Outcome,
    ) {
        self.reasons
            .push(format!("request {} {}", request.method, request.url));
        let body = String::from_utf8_lossy(&request.body);
        let event = backend::event(&request.method, target, request.headers.iter(), &body);
        let plan = Plan::of_request(&event);
        let answer = match Reply::of(&plan.end) {
            Some(reply) => HttpOutcome::Answered(HttpAnswer {
                status: reply.status,
                headers: Headers::from_iter(reply.headers),
                body: reply.body,
            }),
            None => HttpOutcome::Failed("it answered nothing".to_owned()),
        };
        let result = Input::CallFinished {
            id,
            outcome: outcome(answer),
        };
        self.perform(&plan, result);
    }

    /// Plays DynamoDB, or another service.
    fn call_service(&mut self, call: &ServiceCall) {
        let ServiceCall { id, request, .. } = call;
        let Some(action) = request
            .action
            .as_deref()
            .filter(|_| request.service == "dynamodb")
        else {
            let (http, target) = (&request.request, &request.request.url);
            return self.play_backend(*id, http, target, Outcome::Service);
        };
        let body = String::from_utf8_lossy(&request.request.body);
        self.reasons.push(format!("{action} {body}"));
        let answer = dynamodb::answer(action, &body, &mut self.table);
        let result = Input::CallFinished {
            id: *id,
            outcome: Outcome::Service(HttpOutcome::Answered(answer)),
        };
        self.come(Duration::ZERO, result);
    }

    /// Does what the probe is to do; `result` comes when it has waited.
    fn perform(&mut self, plan: &Plan, result: Input) {
        let posted: Vec<u16> = plan
            .posts
            .iter()
            .map(|post| self.post(&post.to, &post.data))
            .collect();
        if let Some(observer) = &plan.observer {
            self.post(observer, &plan.report(&posted));
        }
        self.come(plan.wait, result);
    }

    /// A result that comes after a time, at once when that is zero.
    fn come(&mut self, after: Duration, result: Input) {
        if after.is_zero() {
            self.gateway.handle_input(self.now, result);
            return;
        }
        self.numbers += 1;
        self.due.insert((self.now + after, self.numbers), result);
    }

    /// Lets time pass until `enough`, or until nothing happens before `end`.
    pub(super) fn pass(&mut self, end: Timestamp, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let timer = self.gateway.poll_timeout();
            let result = self.due.keys().next().copied();
            let next = timer.into_iter().chain(result.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                return;
            };
            self.now = next.max(self.now);
            match result
                .filter(|(at, _)| *at <= next)
                .and_then(|key| self.due.remove(&key))
            {
                Some(input) => self.gateway.handle_input(self.now, input),
                None => self.gateway.handle_timeout(self.now),
            }
            self.settle_outputs();
        }
    }
}

impl World for SpecSession {
    fn post(&mut self, connection_id: &str, text: &str) -> u16 {
        let path = self.path_of(connection_id);
        self.management("POST", (super::HOST, path), Fields::new(), text)
            .status
    }

    fn table(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.table
    }
}
