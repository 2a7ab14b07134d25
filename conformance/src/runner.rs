//! Carries out cases, step by step, and writes down what happens.

mod answer;
mod chance;
mod clients;
mod difference;
mod events;
mod manage;
mod many;
mod observer;
mod stop;
mod text;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::case::{Case, Feature, Step, Values};
use crate::generate::Chance;
use crate::pattern::Bindings;
use crate::session::{Incoming, Outgoing, Session};
use crate::verdict::{Outcome, Stopped, Verdict, shortened};
pub(crate) use chance::FOUND;
pub(crate) use chance::run_with;
use difference::Difference;
pub(crate) use events::KINDS;
use events::Reports;
pub use many::Options;
use stop::Stop;

/// One case under way.
struct Run<'a, S> {
    session: &'a mut S,
    bindings: Bindings,
    transcript: Vec<String>,
    reports: Reports,
    /// What was taken of a flood, and not read yet.
    taken: Vec<String>,
    /// What the observer sends to learn its id.
    who_am_i: Option<String>,
    /// How often something was looked for once more.
    retries: u32,
}

/// The client that the probe reports to.
pub(crate) const OBSERVER: &str = "observer";
/// Behind a name, for the value as a JSON string.
pub(crate) const AS_JSON: &str = ".json";
/// The name in patterns of the path that `/@connections/…` stands behind.
pub(crate) const BASE: &str = "base";
/// The name in patterns of the host that clients use.
pub(crate) const HOST: &str = "host";
/// How often the kit looks for what may take a moment before it gives up.
const LOOKS: u32 = 250;
/// How much of a step's words a detail has, in characters.
const WORDS: usize = 100;

/// Carries out `case` on `session`, a target that has `features`.
pub async fn run<S: Session>(case: &Case, session: &mut S, features: &[Feature]) -> Outcome {
    run_with(case, session, features, Chance::default()).await
}

/// Carries out a case once, its names standing for `given`.
async fn once<S: Session>(
    case: &Case,
    given: &BTreeMap<String, String>,
    session: &mut S,
    features: &[Feature],
) -> Outcome {
    let started = Instant::now();
    let host = session.host();
    if let Some(missing) = case
        .features
        .iter()
        .find(|feature| !features.contains(feature))
    {
        let detail = format!("the target lacks the feature {missing}");
        return Outcome::without_a_run(case, Verdict::Unsupported, detail);
    }
    let mut bindings = Bindings::default();
    bindings.set(HOST, &*host);
    bindings.set(BASE, session.base());
    for (name, value) in case.given.iter().chain(given) {
        bindings.set(name, value);
        let json = serde_json::to_string(value).unwrap_or_default();
        bindings.set(&format!("{name}{AS_JSON}"), json);
    }
    let mut run = Run {
        session,
        bindings,
        transcript: Vec::new(),
        reports: Reports::default(),
        taken: Vec::new(),
        who_am_i: None,
        retries: 0,
    };
    let (reached, mut result) = run.steps(case).await;
    if result.is_ok() {
        result = run.nothing_more_is_reported().await;
    }
    let ended = run.close_all().await;
    let mut outcome = Outcome::without_a_run(case, Verdict::Pass, "");
    if let Err(stop) = result.and(ended) {
        let at = case.steps.get(reached);
        let unsupported = matches!(stop, Stop::Unsupported(_));
        // What a target lacks, it lacks in whichever step.
        let stop = match at.filter(|_| !unsupported) {
            Some(step) => {
                let words = shortened(&step.to_string(), WORDS);
                stop.of(&format!("step {} ({words})", reached + 1))
            }
            None => stop,
        };
        (outcome.verdict, outcome.detail, outcome.stopped) = match stop {
            Stop::Difference(difference) => {
                let stopped = stopped(&case.steps, reached, &difference);
                let verdict = Verdict::on_difference(case);
                (verdict, difference.problem, Some(stopped))
            }
            Stop::Unsupported(detail) => (Verdict::Unsupported, detail, None),
            Stop::Broken(detail) => (Verdict::Error, detail, None),
        };
    }
    Outcome {
        transcript: run.transcript,
        retries: run.retries,
        host,
        took: started.elapsed(),
        ..outcome
    }
}

/// Where a case parts from the target: at the step of this index, or behind the last one.
fn stopped(steps: &[Step], index: usize, difference: &Difference) -> Stopped {
    let mut words: Vec<String> = steps.iter().take(index + 1).map(Step::to_string).collect();
    if index >= steps.len() {
        words.push("at the end everybody leaves, and nothing more has come".to_owned());
    }
    let expected = match &*difference.expected {
        "" => words.last().cloned().unwrap_or_default(),
        expected => expected.to_owned(),
    };
    Stopped {
        step: index + 1,
        steps: words,
        expected,
        came: difference.came.clone(),
    }
}

impl<S: Session> Run<'_, S> {
    /// Carries out the steps, as far as nothing stops them: how many went well, and what stopped
    /// the next one.
    async fn steps(&mut self, case: &Case) -> (usize, Result<(), Stop>) {
        let steps = &case.steps;
        for (index, step) in steps.iter().enumerate() {
            let paused = match case.pause {
                Some(millis) if step.acts() => self.pause(millis).await,
                _ => Ok(()),
            };
            let result = match paused {
                Ok(()) => self.step(step).await.and_then(|()| self.no_fault()),
                Err(stop) => Err(stop),
            };
            for reason in self.session.reasons() {
                self.note("·", &reason);
            }
            if result.is_err() {
                return (index, result);
            }
        }
        (steps.len(), Ok(()))
    }

    async fn step(&mut self, step: &Step) -> Result<(), Stop> {
        match step {
            Step::Connect(connect) => self.connect(connect).await,
            Step::Send(send) => self.send_text(send).await,
            Step::SendBinary { client, bytes } => {
                self.note(">", &format!("{client}: binary {bytes:?}"));
                let message = Outgoing::Binary(bytes.clone());
                Ok(self.session.send(client, &message).await?)
            }
            Step::SendRaw { client, bytes } => {
                self.note(">", &format!("{client}: text frame {bytes:?}"));
                let message = Outgoing::Raw(bytes.clone());
                Ok(self.session.send(client, &message).await?)
            }
            Step::Receive { client, text } => self.receive_text(client, text).await,
            Step::ReceiveAll { client, texts } => self.receive_all(client, texts).await,
            Step::Close {
                client,
                code,
                reason,
                unread,
            } => {
                let left = self.close(client, *code, reason).await?;
                self.nothing_is_left(client, left.first().filter(|_| !unread))
            }
            Step::Closed {
                client,
                code,
                reason,
            } => self.closed(client, *code, reason.as_deref()).await,
            Step::Manage(call) => self.manage(call).await,
            Step::Drain { client } => self.drain(client).await,
            Step::Ping { client, text } => {
                self.note(">", &format!("{client}: ping `{text}`"));
                let message = Outgoing::Ping(text.clone());
                Ok(self.session.send(client, &message).await?)
            }
            Step::Pong { client, text } => match self.receive(client).await? {
                Incoming::Pong(bytes) if bytes == text.as_bytes() => Ok(()),
                incoming => {
                    let expected = format!("a pong `{text}`");
                    Err(Stop::Difference(Difference::between(
                        client, expected, incoming,
                    )))
                }
            },
            Step::Observe(observe) => self.observe(observe).await,
            Step::Event(event) => self.event(event).await,
            Step::Unseen { kind } => {
                self.reports.watch(kind);
                Ok(())
            }
            Step::Row { id, present } => self.row(id, *present).await,
            Step::AccessLog { of, line } => self.access_log(of, line).await,
            Step::Wait { seconds } => {
                self.note(">", &format!("{seconds} seconds pass"));
                Ok(self.session.wait(Duration::from_secs(*seconds)).await?)
            }
        }
    }

    async fn receive(&mut self, client: &str) -> Result<Incoming, Stop> {
        let received = self.session.receive(client).await;
        let incoming = received.map_err(|error| Stop::from(error).of(client))?;
        self.note("<", &format!("{client}: {incoming:?}"));
        Ok(incoming)
    }

    async fn row(&mut self, id: &str, present: bool) -> Result<(), Stop> {
        let id = self.fill(id)?;
        for _ in 0..LOOKS {
            if self.session.has_row(&id).await? == present {
                self.note(
                    "<",
                    &format!("table: {id} is {}", if present { "there" } else { "gone" }),
                );
                return Ok(());
            }
            self.retry().await;
        }
        let state = if present {
            "not in the table"
        } else {
            "still in the table"
        };
        let came = format!("connection {id} is {state}");
        Err(Stop::Difference(Difference::from_the_step(came)))
    }

    async fn access_log(&mut self, of: &str, line: &str) -> Result<(), Stop> {
        let of = self.fill(of)?;
        for _ in 0..LOOKS {
            let lines = self.session.access_log().await?;
            if let Some(found) = lines.iter().find(|line| line.contains(&of)) {
                self.note("<", &format!("access log: {found}"));
                return self.bindings.matches(line, found).map_err(|problem| {
                    let problem = format!("access log: {problem}");
                    let (expected, came) = (format!("the line `{line}`"), format!("`{found}`"));
                    Stop::Difference(Difference::new(problem, expected, came))
                });
            }
            self.retry().await;
        }
        let missing = format!("the access log has no line with `{of}`");
        Err(Stop::Difference(Difference::from_the_step(missing)))
    }

    /// Lets functions finish.
    async fn pause(&mut self, millis: u32) -> Result<(), Stop> {
        let time = Duration::from_millis(millis.into());
        Ok(self.session.quiet(time).await?)
    }

    /// Gives the target a moment for what may take one.
    async fn retry(&mut self) {
        self.retries += 1;
        self.session.settle().await;
    }

    /// Header fields to send.
    fn fields(&self, headers: &BTreeMap<String, Values>) -> Result<Vec<(String, String)>, Stop> {
        let mut fields = Vec::new();
        for (name, values) in headers {
            for value in values.all() {
                fields.push((name.clone(), self.fill(value)?));
            }
        }
        Ok(fields)
    }

    fn fill(&self, text: &str) -> Result<String, Stop> {
        self.bindings.fill(text).map_err(Stop::Broken)
    }

    fn note(&mut self, sign: &str, text: &str) {
        self.transcript.push(format!("{sign} {text}"));
    }
}
