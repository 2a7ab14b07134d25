//! The rules of one event source mapping, without I/O: which records go to the function together,
//! when, and what becomes of them when it fails. Time is an argument.
//!
//! Records are settled in their order: a batch is done, given up, or tried again before any record
//! behind it. AWS documents what is done; how long it rests between two tries is not published, and
//! is assumed here.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value as Json;
use spec::Timestamp;
use spec::io::FunctionOutcome;
use stack::EventSourceMapping;

/// A record of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// `SequenceNumber`.
    pub(super) sequence_number: String,
    /// `ApproximateCreationDateTime`.
    pub(super) created: Timestamp,
    /// What the function gets of it, a JSON text.
    pub(super) event: String,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Call the function with these; then [`Machine::finished`].
    Invoke(Vec<Record>),
    /// So many records have become too old. Ask again.
    TooOld(usize),
    /// Nothing until this moment, if there is one, or until a record comes or the call ends.
    Wait(Option<Timestamp>),
}

/// What a call has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of its records are done.
    Done,
    /// So many of its records are done; the others are tried again.
    Partly(usize),
    /// It has failed: its records are tried again in two batches.
    Split,
    /// It has failed, and is tried again after this time.
    Again(Duration),
    /// It has failed too often: so many records are given up.
    GivenUp(usize),
}

/// The state of a mapping.
#[derive(Debug)]
pub(super) struct Machine {
    mapping: EventSourceMapping,
    /// Read, and in no batch yet.
    waiting: VecDeque<Record>,
    /// When the first of these began to wait.
    since: Timestamp,
    /// What is tried again, before all that waits.
    again: VecDeque<Batch>,
    /// Nothing is tried again before.
    rest: Timestamp,
    at_work: Option<Batch>,
}

#[derive(Debug)]
struct Batch {
    records: Vec<Record>,
    /// How often it has failed, apart from failures that have split it.
    failures: u32,
    /// How often in a row the function could not be called with it.
    refusals: u32,
}

/// What a function says of a batch.
enum Verdict {
    Done,
    Failed,
    /// It was not called: that is no retry.
    NotCalled,
    /// The records from this position on are to be tried again.
    From(usize),
}

/// DynamoDB's streams keep a record for a day.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
/// The most bytes of an event.
const EVENT_BYTES: usize = 6 * 1024 * 1024;
/// What is around the records of an event, and between two of them.
const AROUND: usize = 16;
/// The rest after a first failure, which doubles with each.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

impl Machine {
    pub(super) fn new(mapping: EventSourceMapping) -> Self {
        Self {
            mapping,
            waiting: VecDeque::new(),
            since: Timestamp::from_millis(0),
            again: VecDeque::new(),
            rest: Timestamp::from_millis(0),
            at_work: None,
        }
    }

    /// Other settings of the same mapping.
    pub(super) fn set(&mut self, mapping: EventSourceMapping) {
        self.mapping = mapping;
    }

    /// How many more records there should be.
    pub(super) fn wanted(&self) -> usize {
        let is_full = self.bytes(self.waiting.len()) >= EVENT_BYTES;
        match is_full {
            true => 0,
            false => self.mapping.batch_size.saturating_sub(self.waiting.len()),
        }
    }

    /// Takes records that the function is to get, in their order.
    pub(super) fn push(&mut self, now: Timestamp, records: impl IntoIterator<Item = Record>) {
        if self.waiting.is_empty() {
            self.since = now;
        }
        self.waiting.extend(records);
    }

    /// What to do now.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        if self.at_work.is_some() {
            return Step::Wait(None);
        }
        let old = self.forget_old(now);
        if old > 0 {
            return Step::TooOld(old);
        }
        if !self.again.is_empty() && self.rest > now {
            return Step::Wait(Some(self.rest));
        }
        if let Some(batch) = self.again.pop_front() {
            return self.invoke(batch);
        }
        if self.waiting.is_empty() {
            return Step::Wait(None);
        }
        let due = self.since + self.mapping.batching_window;
        if self.wanted() > 0 && due > now {
            return Step::Wait(Some(due));
        }
        let mut count = self.waiting.len().min(self.mapping.batch_size);
        while count > 1 && self.bytes(count) > EVENT_BYTES {
            count -= 1;
        }
        let records = self.waiting.drain(..count).collect();
        self.since = now;
        self.invoke(Batch {
            records,
            failures: 0,
            refusals: 0,
        })
    }

    /// Takes what became of the call.
    pub(super) fn finished(&mut self, now: Timestamp, outcome: &FunctionOutcome) -> Ended {
        let Some(mut batch) = self.at_work.take() else {
            return Ended::Done;
        };
        // The next window begins.
        self.since = now;
        match self.verdict(&batch, outcome) {
            Verdict::Done => Ended::Done,
            Verdict::Failed if self.mapping.bisect && batch.records.len() > 1 => {
                let half = batch.records.len().div_ceil(2);
                let second = Batch {
                    records: batch.records.split_off(half),
                    failures: batch.failures,
                    refusals: 0,
                };
                self.again.push_front(second);
                self.again.push_front(batch);
                self.rest = now;
                Ended::Split
            }
            Verdict::Failed => self.try_again(now, batch, 0),
            Verdict::NotCalled => {
                batch.refusals = batch.refusals.saturating_add(1);
                let rest = rest(batch.refusals);
                self.rest = now + rest;
                self.again.push_front(batch);
                Ended::Again(rest)
            }
            Verdict::From(position) => {
                batch.records.drain(..position);
                self.try_again(now, batch, position)
            }
        }
    }

    fn invoke(&mut self, batch: Batch) -> Step {
        let records = batch.records.clone();
        self.at_work = Some(batch);
        Step::Invoke(records)
    }

    /// Tries a batch again, of which so many records are done, unless it was tried often enough.
    fn try_again(&mut self, now: Timestamp, mut batch: Batch, done: usize) -> Ended {
        batch.failures = batch.failures.saturating_add(1);
        batch.refusals = 0;
        let retries = self.mapping.retries;
        if retries.is_some_and(|retries| u64::from(batch.failures) > retries) {
            return Ended::GivenUp(batch.records.len());
        }
        let rest = rest(batch.failures);
        self.rest = now + rest;
        self.again.push_front(batch);
        match done {
            0 => Ended::Again(rest),
            done => Ended::Partly(done),
        }
    }

    /// Drops the records that are too old, which are the first ones: how many.
    fn forget_old(&mut self, now: Timestamp) -> usize {
        let age = self.mapping.record_age.unwrap_or(RETENTION).min(RETENTION);
        let is_old = |record: &Record| record.created + age < now;
        let mut count = 0;
        for batch in &mut self.again {
            let before = batch.records.len();
            batch.records.retain(|record| !is_old(record));
            count += before - batch.records.len();
        }
        self.again.retain(|batch| !batch.records.is_empty());
        let before = self.waiting.len();
        self.waiting.retain(|record| !is_old(record));
        count + before - self.waiting.len()
    }

    /// The bytes of an event with the first `count` of what waits.
    fn bytes(&self, count: usize) -> usize {
        let records = self.waiting.iter().take(count);
        AROUND + records.map(|record| record.event.len() + 1).sum::<usize>()
    }

    fn verdict(&self, batch: &Batch, outcome: &FunctionOutcome) -> Verdict {
        match outcome {
            FunctionOutcome::Returned(text) if self.mapping.reports_item_failures => {
                reported(&batch.records, text)
            }
            FunctionOutcome::Returned(_) => Verdict::Done,
            FunctionOutcome::Failed(_) => Verdict::Failed,
            FunctionOutcome::NotInvocable(_) => Verdict::NotCalled,
        }
    }
}

/// How long a batch rests after so many failures in a row.
fn rest(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_REST.saturating_mul(doubled).min(LONGEST_REST)
}

/// The event of a call.
pub(super) fn event(records: &[Record]) -> String {
    let events: Vec<&str> = records.iter().map(|record| &*record.event).collect();
    format!("{{\"Records\":[{}]}}", events.join(","))
}

/// What a function reports of its batch: the first of the records that it names, and all behind it,
/// have failed. An answer without names is a success; a name that is empty, missing or of no record
/// makes all of it a failure. (Of a name of no record AWS says nothing: assumed.)
fn reported(records: &[Record], text: &str) -> Verdict {
    let answer: Json = serde_json::from_str(text).unwrap_or_default();
    let failures = match &answer["batchItemFailures"] {
        Json::Array(failures) if !failures.is_empty() => failures,
        _ => return Verdict::Done,
    };
    let mut named = HashSet::new();
    for failure in failures {
        match failure["itemIdentifier"].as_str() {
            Some(name) if !name.is_empty() => named.insert(name),
            _ => return Verdict::Failed,
        };
    }
    let mut all = records.iter();
    match all.position(|record| named.contains(&*record.sequence_number)) {
        Some(position) => Verdict::From(position),
        None => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests;
