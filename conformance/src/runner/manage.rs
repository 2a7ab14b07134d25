//! Calls of the `@connections` API: one, or more messages than a client reads.

use super::{LOOKS, Run, Stop};
use crate::session::{Answer, Callback, Incoming, Session};
use crate::sign::Sign;

/// A call, and the status that it waits for.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) to: Callback,
    pub(super) body: String,
    pub(super) sign: Option<&'a Sign>,
    pub(super) status: u16,
}

impl<S: Session> Run<'_, S> {
    /// Makes a call, again while the answer has the status `meanwhile`.
    pub(super) async fn manage(
        &mut self,
        call: &Call<'_>,
        meanwhile: Option<u16>,
    ) -> Result<Answer, Stop> {
        let Call {
            method, to, body, ..
        } = call;
        self.note(">", &format!("backend: {method} {to:?} {body}"));
        let mut looks = 1;
        loop {
            let answer = self.session.manage(method, to, body, call.sign).await?;
            if Some(answer.status) != meanwhile || looks >= LOOKS {
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
    pub(super) async fn flood(&mut self, call: &Call<'_>, most: usize) -> Result<Answer, Stop> {
        let Call {
            to, body, status, ..
        } = call;
        self.note(
            ">",
            &format!("backend: at most {most} times POST {to:?} {body}"),
        );
        let mut answer = Answer::default();
        for number in 1..=most {
            let text = format!("{number} {body}");
            answer = self.session.manage("POST", to, &text, None).await?;
            if answer.status != 200 || *status == 200 {
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
                return Err(Stop::Difference(format!(
                    "{client} should get post {number} of those that were taken, and got {}",
                    beginning(&incoming)
                )));
            }
        }
        Ok(())
    }
}

/// Enough of a message to know it by.
fn beginning(incoming: &Incoming) -> String {
    format!("{incoming:?}").chars().take(60).collect()
}
