//! Event source mappings: the streams of the tables invoke functions.
//!
//! ```text
//! Mappings::deploy -> a task for each mapping: reads the stream (services::streams), asks
//! machine             which records go together and when, and what becomes of them when the
//!                     function fails
//! lambda::direct      calls the function, as Lambda's Invoke API does
//! ```

mod machine;

use std::collections::HashMap;
use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;
use spec::Timestamp;
use spec::io::FunctionOutcome;
use stack::EventSourceMapping;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::lambda::{Functions, LogType, Uncallable};
use crate::services::dynamodb::Engine;
use crate::services::streams::Reader;
use machine::{Ended, Machine, Record, Step};

/// The mappings that are served.
pub(crate) struct Mappings {
    /// By name in the template.
    live: Mutex<HashMap<String, Live>>,
    region: String,
    added: mpsc::UnboundedSender<Polling>,
}

/// Their tasks, to be run.
pub(crate) struct Tasks {
    added: mpsc::UnboundedReceiver<Polling>,
    functions: Arc<Functions>,
    clock: Clock,
}

/// A mapping that is served. Its task ends when this is dropped.
struct Live {
    mapping: watch::Sender<EventSourceMapping>,
    caught_up: watch::Receiver<u64>,
}

/// What a mapping's task has.
struct Polling {
    mapping: watch::Receiver<EventSourceMapping>,
    reader: Reader,
    /// Until which write it has read, or has as much as it can take.
    caught_up: watch::Sender<u64>,
}

/// A call that is under way: its outcome, or nothing if the gateway goes down.
type Call = Pin<Box<dyn Future<Output = Option<FunctionOutcome>> + Send>>;

impl Mappings {
    pub(crate) fn new(functions: Arc<Functions>, clock: Clock, region: String) -> (Self, Tasks) {
        let (sender, added) = mpsc::unbounded_channel();
        let mappings = Self {
            live: Mutex::default(),
            region,
            added: sender,
        };
        let tasks = Tasks {
            added,
            functions,
            clock,
        };
        (mappings, tasks)
    }

    /// From now on, there are these mappings. One that stays goes on where it is.
    pub(crate) fn deploy(&self, mappings: &[EventSourceMapping], engine: Option<&Engine>) {
        let Some(engine) = engine else {
            for mapping in mappings {
                tracing::warn!(
                    "the event source mapping `{}` has no effect: the streams of another DynamoDB \
                     are not read",
                    mapping.logical_id
                );
            }
            return;
        };
        let mut live = self.live();
        live.retain(|id, one| {
            let old = one.mapping.borrow();
            // Another function goes on where the one before it was.
            let is_it = |new: &EventSourceMapping| new.logical_id == *id && new.table == old.table;
            mappings.iter().any(is_it)
        });
        for mapping in mappings {
            if let Some(one) = live.get(&mapping.logical_id) {
                one.mapping.send_if_modified(|old| {
                    let differs = old != mapping;
                    old.clone_from(mapping);
                    differs
                });
                continue;
            }
            match engine.stream(mapping, &self.region) {
                Ok(reader) => {
                    let (sender, receiver) = watch::channel(mapping.clone());
                    let caught_up = watch::Sender::new(0);
                    let one = Live {
                        mapping: sender,
                        caught_up: caught_up.subscribe(),
                    };
                    live.insert(mapping.logical_id.clone(), one);
                    // Without tasks, everything is going down.
                    let _ = self.added.send(Polling {
                        mapping: receiver,
                        reader,
                        caught_up,
                    });
                }
                Err(problem) => tracing::warn!(
                    "the event source mapping `{}` has no effect: {problem}",
                    mapping.logical_id
                ),
            }
        }
    }

    /// Resolves when every mapping knows what has been written by now.
    pub(crate) async fn caught_up(&self, engine: &Engine) {
        let written = engine.written_until();
        let all: Vec<_> = {
            let live = self.live();
            live.values().map(|one| one.caught_up.clone()).collect()
        };
        for mut one in all {
            // One that is gone needs to know nothing.
            let _ = one.wait_for(|until| *until >= written).await;
        }
    }

    /// Invokes nothing any more.
    pub(crate) fn stop(&self) {
        self.live().clear();
    }

    fn live(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// Runs the mappings. Never ends.
    ///
    /// # Panics
    /// If a mapping's task has panicked.
    pub(crate) async fn run(mut self) {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                Some(polling) = self.added.recv() => {
                    running.spawn(polling.run(Arc::clone(&self.functions), self.clock.clone()));
                }
                Some(ended) = running.join_next() => {
                    if let Err(error) = ended
                        && let Ok(panic) = error.try_into_panic()
                    {
                        std::panic::resume_unwind(panic);
                    }
                }
                else => pending().await,
            }
        }
    }
}

impl Polling {
    async fn run(mut self, functions: Arc<Functions>, clock: Clock) {
        let mut machine = Machine::new(self.mapping.borrow_and_update().clone());
        let mut call: Option<Call> = None;
        let mut more = true;
        loop {
            let written = self.reader.written_until();
            while more && machine.wanted() > 0 {
                let (records, rest) = self.read(machine.wanted()).await;
                machine.push(clock.now(), records);
                more = rest;
            }
            let until = loop {
                match machine.step(clock.now()) {
                    Step::Invoke(records) => call = Some(self.call(&functions, &records)),
                    Step::TooOld(count) => {
                        self.say(&format!("{} given up as too old", records_are(count)));
                    }
                    Step::Wait(until) => break until,
                }
            };
            self.caught_up.send_replace(written);
            tokio::select! {
                // First, so that nothing is said of what the gateway's end has cut short.
                biased;
                changed = self.mapping.changed() => match changed {
                    Ok(()) => machine.set(self.mapping.borrow_and_update().clone()),
                    Err(_) => return,
                },
                outcome = ended(&mut call) => {
                    let Some(outcome) = outcome else {
                        // The gateway is going down.
                        return;
                    };
                    call = None;
                    let ended = machine.finished(clock.now(), &outcome);
                    self.say_of(&ended, &outcome);
                }
                // What has come by then belongs to the batch.
                () = clock.sleep_until(until) => more = true,
                () = self.reader.written() => more = true,
            }
        }
    }

    /// The next records that the function is to get, and whether there may be more.
    async fn read(&mut self, limit: usize) -> (Vec<Record>, bool) {
        match self.reader.read(limit).await {
            Ok((events, more)) => {
                let mapping = self.mapping.borrow();
                let filters = &mapping.filters;
                let is_meant = |event: &Json| {
                    filters.is_empty() || filters.iter().any(|filter| filter.matches(event))
                };
                let meant = events.into_iter().filter(is_meant);
                (meant.map(|event| record(&event)).collect(), more)
            }
            Err(problem) => {
                self.say(&problem);
                (Vec::new(), false)
            }
        }
    }

    fn call(&self, functions: &Functions, records: &[Record]) -> Call {
        let function = self.mapping.borrow().function_arn.clone();
        let event = machine::event(records);
        match functions.call(&function, event, (None, None), LogType::None) {
            Ok(called) => Box::pin(async { called.end().await.map(|(outcome, _)| outcome) }),
            Err(why) => {
                let why = match why {
                    Uncallable::Unknown => "there is no such function".to_owned(),
                    Uncallable::NotRun(reason) => reason,
                    // As Lambda does, it is tried again.
                    Uncallable::Throttled => "the function is throttled".to_owned(),
                };
                Box::pin(ready(Some(FunctionOutcome::NotInvocable(why))))
            }
        }
    }

    fn say_of(&self, ended: &Ended, outcome: &FunctionOutcome) {
        let what = match ended {
            Ended::Done => return,
            Ended::Partly(done) => {
                return self.say(&format!(
                    "the function reports a failure behind the first {done} records of its batch, \
                     which is tried again from there"
                ));
            }
            Ended::Split => "is tried again in two halves".to_owned(),
            Ended::Again(rest) => format!("is tried again in {} s", rest.as_secs()),
            Ended::GivenUp(count) => {
                let why = reason(outcome);
                return self.say(&format!("{} given up: {why}", records_are(*count)));
            }
        };
        self.say(&format!("a batch {what}: {}", reason(outcome)));
    }

    fn say(&self, what: &str) {
        let mapping = self.mapping.borrow();
        tracing::warn!("event source mapping `{}`: {what}", mapping.logical_id);
    }
}

fn records_are(count: usize) -> String {
    match count {
        1 => "1 record is".to_owned(),
        count => format!("{count} records are"),
    }
}

/// Why a batch has failed, in a line: the function's own log says more.
fn reason(outcome: &FunctionOutcome) -> String {
    match outcome {
        FunctionOutcome::Returned(_) => "the function reports a failure".to_owned(),
        FunctionOutcome::Failed(error) | FunctionOutcome::NotInvocable(error) => {
            let json: Json = serde_json::from_str(error).unwrap_or_default();
            let texts = [&json["errorType"], &json["errorMessage"]];
            let texts: Vec<&str> = texts.into_iter().filter_map(Json::as_str).collect();
            match texts.is_empty() {
                true => error.clone(),
                false => texts.join(": "),
            }
        }
    }
}

/// The outcome of the call that is under way; `None` if nobody will ever know it.
async fn ended(call: &mut Option<Call>) -> Option<FunctionOutcome> {
    match call {
        Some(call) => call.await,
        None => pending().await,
    }
}

fn record(event: &Json) -> Record {
    let record = &event["dynamodb"];
    let seconds = record["ApproximateCreationDateTime"].as_u64();
    let number = record["SequenceNumber"].as_str();
    Record {
        sequence_number: number.unwrap_or_default().to_owned(),
        created: Timestamp::from_millis(seconds.unwrap_or_default().saturating_mul(1000)),
        event: event.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_said_in_a_line() {
        let failed = |error: &str| reason(&FunctionOutcome::Failed(error.to_owned()));
        assert_eq!(
            failed(r#"{"errorType":"Error","errorMessage":"broken","trace":["x"]}"#),
            "Error: broken"
        );
        assert_eq!(failed(r#"{"errorMessage":"late"}"#), "late");
        assert_eq!(
            failed("there is no such function"),
            "there is no such function"
        );
        assert_eq!(records_are(1), "1 record is");
        assert_eq!(records_are(2), "2 records are");
    }
}
