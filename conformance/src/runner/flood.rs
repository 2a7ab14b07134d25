//! More messages than a client reads.

use super::{Run, Stop};
use crate::session::{Answer, Callback, Incoming, Session};

impl<S: Session> Run<'_, S> {
    /// Posts until the answer has `status`, `most` times at most: the last answer.
    pub(super) async fn flood(
        &mut self,
        to: &Callback,
        body: &str,
        most: usize,
        status: u16,
    ) -> Result<Answer, Stop> {
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
            let incoming = received.map_err(|trouble| Stop::from(trouble).of(client))?;
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
