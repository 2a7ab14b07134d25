//! The observer of a case: the connection that the probe reports to.

use super::difference::Difference;
use super::events::{self, Report};
use super::{OBSERVER, Run, Stop};
use crate::case::{Event, Observe};
use crate::session::{Incoming, Outgoing, Session, SessionError, Upgrade};

/// More reports than any case sets off.
const MOST_REPORTS: usize = 1000;

impl<S: Session> Run<'_, S> {
    /// Connects the observer and learns its connection's id. Without an observer the kit sees nothing, so that nothing can be said of
    /// the target.
    pub(super) async fn observe(&mut self, observe: &Observe) -> Result<(), Stop> {
        let upgrade = Upgrade {
            host: None,
            target: self.fill(&observe.target)?,
            headers: self.fields(&observe.headers)?,
            sign: observe.sign.clone(),
        };
        let text = &observe.text;
        let answer = self.session.connect(OBSERVER, &upgrade).await;
        let answer = answer.map_err(|error| Stop::from(error).unseen())?;
        if answer.status != 101 {
            return Err(Stop::Broken(format!("the observer got {answer:?}")));
        }
        let id = self.observers_id(text, None).await;
        let id = id.map_err(Stop::unseen)?;
        self.note("<", &format!("{OBSERVER}: {id}"));
        self.bindings.set(OBSERVER, id);
        self.who_am_i = Some(text.clone());
        Ok(())
    }

    /// Asks the probe for the observer's id, which has not been told yet or is `known`. What is reported until the answer comes is kept.
    async fn observers_id(&mut self, text: &str, known: Option<&str>) -> Result<String, Stop> {
        let message = Outgoing::Text {
            text: text.to_owned(),
            frame: None,
        };
        self.session.send(OBSERVER, &message).await?;
        for _ in 0..MOST_REPORTS {
            match self.session.receive(OBSERVER).await? {
                Incoming::Text(text) if known.map_or(!text.starts_with('{'), |id| id == text) => {
                    return Ok(text);
                }
                Incoming::Text(text) => self.reported(&text)?,
                incoming => {
                    return Err(strange(&incoming));
                }
            }
        }
        Err(too_many())
    }

    /// Compares the next event of a kind.
    pub(super) async fn event(&mut self, expected: &Event) -> Result<(), Stop> {
        let kind = &expected.kind;
        let report = self.report(kind).await?;
        events::check(expected, &report, &mut self.bindings).map_err(|difference| {
            let problem = format!("{kind} event: {}", difference.problem);
            Stop::Difference(Difference {
                problem,
                ..difference
            })
        })
    }

    /// The next report of a kind; those of other kinds wait for their steps.
    async fn report(&mut self, kind: &str) -> Result<Report, Stop> {
        for _ in 0..MOST_REPORTS {
            if let Some(report) = self.reports.next(kind) {
                return Ok(report);
            }
            match self.session.receive(OBSERVER).await {
                Ok(Incoming::Text(text)) => self.reported(&text)?,
                Ok(incoming) => return Err(strange(&incoming)),
                Err(error @ SessionError::Silence(_)) => {
                    let problem = format!("no {kind} event: {error}");
                    let (expected, came) =
                        (format!("a report of a {kind} event"), error.to_string());
                    return Err(Stop::Difference(Difference::new(problem, expected, came)));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(too_many())
    }

    fn reported(&mut self, text: &str) -> Result<(), Stop> {
        self.note("<", &format!("{OBSERVER}: {text}"));
        let no_report = |problem: String| Difference::new(problem, "a report of the probe", text);
        self.reports
            .add(text)
            .map_err(|problem| Stop::Difference(no_report(problem)))
    }

    /// One more message through the probe, on the observer's connection: what a target that takes its time over other connections reports
    /// later than that is not seen. Then nothing may be left.
    pub(super) async fn nothing_more_is_reported(&mut self) -> Result<(), Stop> {
        if !self.reports.are_looked_at() {
            return Ok(());
        }
        if let Some(text) = self.who_am_i.clone() {
            self.session.settle().await;
            let known = self.bindings.get(OBSERVER).map(str::to_owned);
            self.observers_id(&text, known.as_deref()).await?;
        }
        let surplus = self.reports.surplus();
        if surplus.is_empty() {
            return Ok(());
        }
        let surplus = surplus.join(", ");
        let problem = format!("events that nobody expected: {surplus}");
        let expected = "no further event of the kinds that the case looks at";
        Err(Stop::Difference(Difference::new(
            problem, expected, surplus,
        )))
    }
}

fn too_many() -> Stop {
    let came = format!("the observer got more than {MOST_REPORTS} messages");
    Stop::Difference(Difference::from_the_step(came))
}

/// What the probe never sends.
fn strange(incoming: &Incoming) -> Stop {
    let problem = format!("the observer got {incoming}");
    let came = incoming.to_string();
    Stop::Difference(Difference::new(problem, "a report of the probe", came))
}
