//! How calls and exchanges end.

use spec::io::{self, FunctionOutcome, HttpOutcome};

use super::limits::{ITEMS, cut, cut_bytes};
use super::table::{Failure, Table};
use crate::exchange::{Call, Exchange, Kind, Outcome, Role, Target, TargetKind, Verdict};

impl Exchange {
    /// One whose end was taken for missed may end after all.
    pub(super) fn end(&mut self, at: u64, verdict: Verdict) {
        if !self.has_ended() {
            self.ended = Some(at);
            self.verdict = verdict;
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some() && self.verdict != Verdict::Unknown
    }

    /// Adds a call; `false` if there are too many.
    pub(super) fn call(&mut self, at: u64, role: Role, (kind, name): (TargetKind, String)) -> bool {
        if self.calls.len() >= ITEMS {
            self.is_cut = true;
            return false;
        }
        self.calls.push(Call {
            role,
            target: Target { kind, name },
            template: None,
            response_template: None,
            payload: None,
            answer: None,
            status: None,
            outcome: None,
            began: at,
            ended: None,
            function: None,
            log: Vec::new(),
        });
        true
    }
}

impl Table {
    /// What a step leaves of an exchange: calls that reached nobody have ended, and so has a message
    /// that waits for no call.
    pub(super) fn settle(&mut self, number: u64, at: u64) {
        let Some((tracked, exchange)) = self.get(number) else {
            return;
        };
        let failure = tracked.failure;
        let ids = tracked.ids.clone();
        let is_over =
            exchange.has_ended() && exchange.calls.iter().all(|one| one.outcome.is_some());
        if is_over {
            return;
        }
        self.edit(number, |exchange| {
            let has_answer = !exchange.sent.is_empty();
            for (call, id) in exchange.calls.iter_mut().zip(ids) {
                if call.outcome.is_none() && id.is_none() {
                    let has_failed =
                        failure == Failure::Failed || exchange.verdict == Verdict::Error;
                    call.outcome = Some(match (has_failed, call.target.kind) {
                        (false, _) => Outcome::Returned,
                        (true, TargetKind::Mock) => Outcome::Failed,
                        (true, _) => Outcome::NotInvocable,
                    });
                    call.ended = Some(at);
                }
            }
            let waits = exchange.calls.iter().any(|call| call.outcome.is_none());
            if !waits && matches!(exchange.kind, Kind::Message | Kind::Disconnect) {
                let verdict = match failure {
                    Failure::Refused => Verdict::Refused,
                    Failure::Failed => Verdict::Error,
                    Failure::None if exchange.kind == Kind::Message && has_answer => {
                        Verdict::Answered
                    }
                    Failure::None => Verdict::Silent,
                };
                exchange.end(at, verdict);
            }
        });
    }
}

/// Notes how a call ended.
pub(super) fn ended(call: &mut Call, outcome: &io::Outcome, at: u64, is_cut: &mut bool) {
    if call.outcome.is_some() {
        return;
    }
    let (outcome, answer) = match outcome {
        io::Outcome::Function(FunctionOutcome::Returned(text)) => {
            (Outcome::Returned, Some(cut(text, is_cut)))
        }
        io::Outcome::Function(FunctionOutcome::Failed(text)) => {
            (Outcome::Failed, Some(cut(text, is_cut)))
        }
        io::Outcome::Function(FunctionOutcome::NotInvocable(text)) => {
            (Outcome::NotInvocable, Some(cut(text, is_cut)))
        }
        io::Outcome::Http(outcome) | io::Outcome::Service(outcome) => match outcome {
            HttpOutcome::Answered(answer) => {
                call.status = Some(answer.status);
                (Outcome::Returned, Some(cut_bytes(&answer.body, is_cut)))
            }
            HttpOutcome::Failed(text) => (Outcome::Failed, Some(cut(text, is_cut))),
        },
        io::Outcome::TimedOut => (Outcome::TimedOut, None),
    };
    call.outcome = Some(outcome);
    call.answer = answer;
    call.ended = Some(at);
}

/// What the status of a response says.
pub(super) fn verdict_of(status: u16) -> Verdict {
    match status {
        ..400 => Verdict::Answered,
        400..500 => Verdict::Refused,
        500.. => Verdict::Error,
    }
}
