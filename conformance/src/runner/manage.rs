//! Calls of the `@connections` API: one, or more messages than a client reads.

use super::answer::Expected;
use super::difference::Difference;
use super::text::repeated;
use super::{LOOKS, Run, Stop};
use crate::case::Manage;
use crate::session::{Answer, Callback, Incoming, Session};

/// A call with its holes filled.
struct Call<'a> {
    step: &'a Manage,
    to: Callback,
    body: String,
}

impl<S: Session> Run<'_, S> {
    /// Makes a call, or floods a client with it, and compares the response.
    pub(super) async fn manage(&mut self, step: &Manage) -> Result<(), Stop> {
        let to = match (&step.path, &step.host) {
            (Some(path), None) => Callback::Path(self.fill(path)?),
            (Some(path), Some(host)) => Callback::Host(host.clone(), self.fill(path)?),
            (None, _) => Callback::Connection(self.fill(&step.id)?),
        };
        let body = repeated(&self.fill(&step.body)?, step.repeat)?;
        let call = Call { step, to, body };
        let answer = match step.most {
            ..=1 => self.call(&call).await?,
            _ => self.flood(&call).await?,
        };
        let expected = Expected {
            status: step.status,
            body: step.response.as_deref(),
            headers: &step.response_headers,
            absent: &step.absent_headers,
        };
        self.answered("backend", &answer, &expected)
    }

    /// Makes a call, again while the answer has the status `meanwhile`.
    async fn call(&mut self, call: &Call<'_>) -> Result<Answer, Stop> {
        let Call { step, to, body } = call;
        let (method, sign) = (&step.method, step.sign.as_ref());
        self.note(">", &format!("backend: {method} {to:?} {body}"));
        let mut looks = 1;
        loop {
            let answer = self.session.manage(method, to, body, sign).await?;
            if Some(answer.status) != step.meanwhile || looks >= LOOKS {
                return Ok(answer);
            }
            if looks == 1 {
                self.note("<", &format!("backend: {} for a moment", answer.status));
            }
            looks += 1;
            self.retry().await;
        }
    }

    /// Posts until the answer has the status, `most` times at most: the last answer.
    async fn flood(&mut self, call: &Call<'_>) -> Result<Answer, Stop> {
        let Call { step, to, body } = call;
        let (most, status) = (step.most, step.status);
        self.note(
            ">",
            &format!("backend: at most {most} times POST {to:?} {body}"),
        );
        let mut answer = Answer::default();
        for number in 1..=most {
            let text = format!("{number} {body}");
            answer = self.session.manage("POST", to, &text, None).await?;
            if answer.status != 200 || status == 200 {
                break;
            }
            self.taken.push(text);
        }
        self.note("·", &format!("{} posts were taken", self.taken.len()));
        Ok(answer)
    }

    /// Reads what was taken of a flood.
    pub(super) async fn drain(&mut self, client: &str) -> Result<(), Stop> {
        for text in std::mem::take(&mut self.taken) {
            let received = self.session.receive(client).await;
            let incoming = received.map_err(|error| Stop::from(error).of(client))?;
            if incoming != Incoming::Text(text.clone()) {
                let number = text.split(' ').next().unwrap_or_default();
                let expected = format!("post {number} of those that were taken");
                let difference = Difference::between(client, expected, beginning(&incoming));
                return Err(Stop::Difference(difference));
            }
        }
        Ok(())
    }
}

/// Enough of a message to know it by.
fn beginning(incoming: &Incoming) -> String {
    incoming.to_string().chars().take(60).collect()
}
