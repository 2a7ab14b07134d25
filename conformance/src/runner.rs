//! Carries out cases, step by step, and writes down what happens.

mod answer;
mod events;
mod flood;
mod observer;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::case::{Case, Feature, Step, Values};
use crate::pattern::Bindings;
use crate::session::{Callback, Incoming, Outgoing, Session, Trouble, Upgrade};
use crate::verdict::{Outcome, Verdict};
use answer::Expected;
pub(crate) use events::KINDS;
use events::Reports;
use observer::OBSERVER;

/// Why a case stops.
enum Stop {
    /// The target did something else than the case says.
    Difference(String),
    /// The kit could not go on.
    Broken(String),
}

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
}

/// The name in patterns of the host that clients use.
const HOST: &str = "host";
/// How often a row is looked for before the kit gives up.
const LOOKS: usize = 250;
/// How much of a long text stands in a transcript.
const SHOWN: usize = 400;

/// Carries out `case` on `session`, a target that has `features`.
pub async fn run<S: Session>(case: &Case, session: &mut S, features: &[Feature]) -> Outcome {
    let started = Instant::now();
    let outcome = |verdict, detail: String, transcript| Outcome {
        case: case.id.clone(),
        verdict,
        detail,
        transcript,
        took: started.elapsed(),
    };
    if let Some(missing) = case
        .features
        .iter()
        .find(|feature| !features.contains(feature))
    {
        let detail = format!("the target has not the feature {missing}");
        return outcome(Verdict::Unsupported, detail, Vec::new());
    }
    let mut bindings = Bindings::default();
    bindings.set(HOST, session.host());
    let mut run = Run {
        session,
        bindings,
        transcript: Vec::new(),
        reports: Reports::default(),
        taken: Vec::new(),
        who_am_i: None,
    };
    let mut result = run.steps(&case.steps).await;
    if result.is_ok() {
        result = run.nothing_more_is_reported().await;
    }
    let leftover = run.close_all().await;
    if result.is_ok() && !leftover.is_empty() {
        let message = format!("messages that nobody expected: {}", leftover.join(", "));
        result = Err(Stop::Difference(message));
    }
    let transcript = run.transcript;
    match result {
        Ok(()) => outcome(Verdict::Pass, String::new(), transcript),
        Err(Stop::Difference(detail)) => outcome(Verdict::on_difference(case), detail, transcript),
        Err(Stop::Broken(detail)) => outcome(Verdict::Error, detail, transcript),
    }
}

impl<S: Session> Run<'_, S> {
    async fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for (index, step) in steps.iter().enumerate() {
            let result = self.step(step).await;
            for reason in self.session.reasons() {
                self.note("·", &reason);
            }
            result.map_err(|stop| stop.at(index + 1))?;
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
                let target = stretched(&self.fill(target)?, *repeat);
                let fields = self.fields(headers)?;
                self.note(">", &format!("{client}: upgrade {target} {fields:?}"));
                let upgrade = Upgrade {
                    target,
                    headers: fields,
                    sign: sign.clone(),
                };
                let answer = self.session.connect(client, &upgrade).await?;
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
                let text =
                    self.fill(before)? + &self.fill(text)?.repeat(*repeat) + &self.fill(after)?;
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
                        if got == code && reason.as_ref().is_none_or(|reason| reason == text) =>
                    {
                        Ok(())
                    }
                    _ => Err(Stop::Difference(format!(
                        "{client} expected to be closed with {code} {reason:?}, got {incoming:?}"
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
            } => {
                let body = self.fill(body)?.repeat(*repeat);
                let to = match path {
                    Some(path) => Callback::Path(self.fill(path)?),
                    None => Callback::Connection(self.fill(id)?),
                };
                self.note(">", &format!("backend: {method} {to:?} {body}"));
                let answer = if *most > 1 {
                    self.flood(&to, &body, *most, *status).await?
                } else {
                    let sign = sign.as_ref();
                    self.session.manage(method, &to, &body, sign).await?
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
        let incoming = self
            .session
            .receive(client)
            .await
            .map_err(|trouble| match trouble {
                Trouble::Silence(_) => Stop::Difference(format!("{client}: {trouble}")),
                other => Stop::from(other),
            })?;
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
            self.session.settle().await;
        }
        let state = if present {
            "not in the table"
        } else {
            "still in the table"
        };
        Err(Stop::Difference(format!("connection {id} is {state}")))
    }

    /// Ends what is still open, the observer first; what the others get then, nobody expected.
    async fn close_all(&mut self) -> Vec<String> {
        let mut leftover = Vec::new();
        let mut clients = self.session.connected();
        clients.sort_by_key(|client| client != OBSERVER);
        for client in clients {
            if let Ok(texts) = self.session.close(&client, Some(1000), "").await
                && client != OBSERVER
            {
                leftover.extend(texts.into_iter().map(|text| format!("{client}: {text}")));
            }
        }
        leftover.extend(self.session.strays());
        leftover
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
        let line = match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{sign} {}… ({} bytes)", &text[..end], text.len()),
            None => format!("{sign} {text}"),
        };
        self.transcript.push(line);
    }
}

/// `text` with its last character `times` times over.
fn stretched(text: &str, times: usize) -> String {
    match text.char_indices().next_back() {
        Some((at, last)) => format!("{}{}", &text[..at], last.to_string().repeat(times)),
        None => String::new(),
    }
}

impl Stop {
    fn at(self, step: usize) -> Self {
        match self {
            Self::Difference(detail) => Self::Difference(format!("step {step}: {detail}")),
            Self::Broken(detail) => Self::Broken(format!("step {step}: {detail}")),
        }
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unanswered(_) => Self::Difference(trouble.to_string()),
            _ => Self::Broken(trouble.to_string()),
        }
    }
}
