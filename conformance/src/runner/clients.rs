//! What clients do: connect, send, receive, close.

use super::answer::Expected;
use super::difference::Difference;
use super::text::{repeated, stretched};
use super::{Run, Stop};
use crate::case::{Connect, Send, closing};
use crate::session::{Incoming, Outgoing, Session, Upgrade};

impl<S: Session> Run<'_, S> {
    /// Asks for an upgrade and compares the response.
    pub(super) async fn connect(&mut self, connect: &Connect) -> Result<(), Stop> {
        let client = &connect.client;
        let target = stretched(&self.fill(&connect.target)?, connect.repeat)?;
        let fields = self.fields(&connect.headers)?;
        self.note(
            ">",
            &format!(
                "{client}: upgrade {}{target} {fields:?}",
                connect.host.as_deref().unwrap_or_default()
            ),
        );
        let upgrade = Upgrade {
            host: connect.host.clone(),
            target,
            headers: fields,
            sign: connect.sign.clone(),
        };
        let answer = self.session.connect(client, &upgrade).await;
        let answer = answer.map_err(|error| Stop::from(error).of(client))?;
        let expected = Expected {
            status: connect.status,
            body: connect.body.as_deref(),
            headers: &connect.response_headers,
            absent: &connect.absent_headers,
        };
        self.answered(client, &answer, &expected)
    }

    pub(super) async fn send_text(&mut self, send: &Send) -> Result<(), Stop> {
        let Send { client, frame, .. } = send;
        let text = repeated(&self.fill(&send.text)?, send.repeat)?;
        let text = self.fill(&send.before)? + &text + &self.fill(&send.after)?;
        self.note(">", &format!("{client}: {text}"));
        let message = Outgoing::Text {
            text,
            frame: *frame,
        };
        Ok(self.session.send(client, &message).await?)
    }

    /// Compares the next message with a pattern.
    pub(super) async fn receive_text(&mut self, client: &str, text: &str) -> Result<(), Stop> {
        let incoming = self.receive(client).await?;
        let Incoming::Text(received) = incoming else {
            let mut difference = Difference::between(client, "a text message", incoming);
            difference.expected = format!("the text `{text}`");
            return Err(Stop::Difference(difference));
        };
        self.bindings.matches(text, &received).map_err(|problem| {
            let (problem, expected) =
                (format!("{client}: {problem}"), format!("the text `{text}`"));
            let came = format!("`{received}`");
            Stop::Difference(Difference::new(problem, expected, came))
        })
    }

    /// Closes, and lets nothing be left that no step has received.
    pub(super) async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<(), Stop> {
        self.note(">", &format!("{client}: close {code:?} `{reason}`"));
        let leftover = self.session.close(client, code, reason).await?;
        match leftover.first() {
            None => Ok(()),
            Some(text) => {
                let problem = format!("{client} got a message that nobody expected: {text}");
                let came = format!("`{text}`");
                Err(Stop::Difference(Difference::new(
                    problem,
                    "nothing more",
                    came,
                )))
            }
        }
    }

    /// Compares the gateway's close frame.
    pub(super) async fn closed(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: Option<&str>,
    ) -> Result<(), Stop> {
        match self.receive(client).await? {
            Incoming::Closed(got, text)
                if code.is_none_or(|code| code == got)
                    && reason.is_none_or(|reason| reason == text) =>
            {
                Ok(())
            }
            incoming => {
                let expected = format!("to be closed{}", closing(code, reason));
                Err(Stop::Difference(Difference::between(
                    client, expected, incoming,
                )))
            }
        }
    }
}
