//! Carries out cases, step by step, and writes down what happens.

mod answer;
mod chance;
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
use crate::session::{Callback, Incoming, Outgoing, Session, Upgrade};
use crate::verdict::{Outcome, Verdict};
use answer::Expected;
pub(crate) use chance::FOUND;
pub use chance::run_with;
pub(crate) use events::KINDS;
use events::Reports;
pub use many::Options;
pub(crate) use observer::OBSERVER;
use stop::Stop;
use text::{repeated, stretched, wanted};

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

/// Behind a name, for the value as a JSON string.
pub(crate) const AS_JSON: &str = ".json";
/// The name in patterns of the path that `/@connections/…` stands behind.
pub(crate) const BASE: &str = "base";
/// The name in patterns of the host that clients use.
pub(crate) const HOST: &str = "host";
/// How often the kit looks for what may take a moment before it gives up.
const LOOKS: u32 = 250;

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
    let outcome = |verdict, detail: String, transcript, retries| Outcome {
        case: case.id.clone(),
        verdict,
        detail,
        transcript,
        retries,
        host: host.clone(),
        took: started.elapsed(),
    };
    if let Some(missing) = case
        .features
        .iter()
        .find(|feature| !features.contains(feature))
    {
        let detail = format!("the target has not the feature {missing}");
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
    let mut result = run.steps(&case.steps).await;
    if result.is_ok() {
        result = run.nothing_more_is_reported().await;
    }
    let ended = run.close_all().await;
    let (verdict, detail) = match result.and(ended) {
        Ok(()) => (Verdict::Pass, String::new()),
        Err(Stop::Difference(detail)) => (Verdict::on_difference(case), detail),
        Err(Stop::Unsupported(detail)) => (Verdict::Unsupported, detail),
        Err(Stop::Broken(detail)) => (Verdict::Error, detail),
    };
    outcome(verdict, detail, run.transcript, run.retries)
}

impl<S: Session> Run<'_, S> {
    async fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for (index, step) in steps.iter().enumerate() {
            let result = self.step(step).await.and_then(|()| self.no_fault());
            for reason in self.session.reasons() {
                self.note("·", &reason);
            }
            result.map_err(|stop| stop.of(&format!("step {}", index + 1)))?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), Stop> {
        match step {
            Step::Connect {
                client,
                headers,
                target,
                repeat,
                status,
                body,
                response_headers,
                absent_headers,
                sign,
            } => {
                let target = stretched(&self.fill(target)?, *repeat)?;
                let fields = self.fields(headers)?;
                self.note(">", &format!("{client}: upgrade {target} {fields:?}"));
                let upgrade = Upgrade {
                    target,
                    headers: fields,
                    sign: sign.clone(),
                };
                let answer = self.session.connect(client, &upgrade).await;
                let answer = answer.map_err(|error| Stop::from(error).of(client))?;
                let expected = Expected {
                    status: *status,
                    body: body.as_deref(),
                    headers: response_headers,
                    absent: absent_headers,
                };
                self.answered(client, &answer, &expected)
            }
            Step::Send {
                client,
                text,
                repeat,
                before,
                after,
                frame,
            } => {
                let text = repeated(&self.fill(text)?, *repeat)?;
                let text = self.fill(before)? + &text + &self.fill(after)?;
                self.note(">", &format!("{client}: {text}"));
                let message = Outgoing::Text {
                    text,
                    frame: *frame,
                };
                Ok(self.session.send(client, &message).await?)
            }
            Step::SendBinary { client, bytes } => {
                self.note(">", &format!("{client}: binary {bytes:?}"));
                Ok(self
                    .session
                    .send(client, &Outgoing::Binary(bytes.clone()))
                    .await?)
            }
            Step::SendRaw { client, bytes } => {
                self.note(">", &format!("{client}: text frame {bytes:?}"));
                Ok(self
                    .session
                    .send(client, &Outgoing::Raw(bytes.clone()))
                    .await?)
            }
            Step::Receive { client, text } => {
                let incoming = self.receive(client).await?;
                let Incoming::Text(received) = incoming else {
                    return Err(Stop::Difference(format!(
                        "{client} expected a text message, got {incoming:?}"
                    )));
                };
                self.bindings
                    .matches(text, &received)
                    .map_err(|problem| Stop::Difference(format!("{client}: {problem}")))
            }
            Step::Close {
                client,
                code,
                reason,
            } => {
                self.note(">", &format!("{client}: close {code:?} `{reason}`"));
                let leftover = self.session.close(client, *code, reason).await?;
                match leftover.first() {
                    None => Ok(()),
                    Some(text) => Err(Stop::Difference(format!(
                        "{client} got a message that nobody expected: {text}"
                    ))),
                }
            }
            Step::Closed {
                client,
                code,
                reason,
            } => {
                let incoming = self.receive(client).await?;
                match &incoming {
                    Incoming::Closed(got, text)
                        if code.is_none_or(|code| code == *got)
                            && reason.as_ref().is_none_or(|reason| reason == text) =>
                    {
                        Ok(())
                    }
                    _ => Err(Stop::Difference(format!(
                        "{client} expected to be closed{}, got {incoming:?}",
                        wanted(*code, reason.as_deref())
                    ))),
                }
            }
            Step::Manage {
                method,
                id,
                path,
                body,
                repeat,
                most,
                status,
                response,
                response_headers,
                absent_headers,
                sign,
                meanwhile,
            } => {
                let to = match path {
                    Some(path) => Callback::Path(self.fill(path)?),
                    None => Callback::Connection(self.fill(id)?),
                };
                let call = manage::Call {
                    method,
                    to,
                    body: repeated(&self.fill(body)?, *repeat)?,
                    sign: sign.as_ref(),
                    status: *status,
                };
                let answer = match *most {
                    ..=1 => self.manage(&call, *meanwhile).await?,
                    most => self.flood(&call, most).await?,
                };
                let expected = Expected {
                    status: *status,
                    body: response.as_deref(),
                    headers: response_headers,
                    absent: absent_headers,
                };
                self.answered("backend", &answer, &expected)
            }
            Step::Drain { client } => self.drain(client).await,
            Step::Ping { client, text } => {
                self.note(">", &format!("{client}: ping `{text}`"));
                Ok(self
                    .session
                    .send(client, &Outgoing::Ping(text.clone()))
                    .await?)
            }
            Step::Pong { client, text } => match self.receive(client).await? {
                Incoming::Pong(bytes) if bytes == text.as_bytes() => Ok(()),
                incoming => Err(Stop::Difference(format!(
                    "{client} expected a pong `{text}`, got {incoming:?}"
                ))),
            },
            Step::Observe {
                text,
                headers,
                target,
                sign,
            } => {
                let upgrade = Upgrade {
                    target: self.fill(target)?,
                    headers: self.fields(headers)?,
                    sign: sign.clone(),
                };
                self.observe(&upgrade, text).await
            }
            Step::Event {
                kind,
                has,
                lacks,
                members,
                ascending,
                posted,
            } => {
                let expected = events::Expected {
                    has,
                    lacks,
                    members,
                    ascending,
                    posted,
                };
                self.event(kind, &expected).await
            }
            Step::Unseen { kind } => {
                self.reports.watch(kind);
                Ok(())
            }
            Step::Row { id, present } => self.row(id, *present).await,
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
        Err(Stop::Difference(format!("connection {id} is {state}")))
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
