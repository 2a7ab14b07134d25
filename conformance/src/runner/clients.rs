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

    /// Compares the next messages with patterns, in whatever order they come.
    pub(super) async fn receive_all(
        &mut self,
        client: &str,
        patterns: &[String],
    ) -> Result<(), Stop> {
        let mut received = Vec::new();
        for _ in patterns {
            let incoming = self.receive(client).await?;
            let Incoming::Text(text) = incoming else {
                let left = patterns.len() - received.len();
                let expected = format!("{left} more text messages");
                let difference = Difference::between(client, expected, incoming);
                return Err(Stop::Difference(difference));
            };
            received.push(text);
        }
        let matched = self.bindings.matches_all(patterns, &received);
        matched.map_err(|problem| {
            let listed = |texts: &[String]| {
                let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
                quoted.join(", ")
            };
            let expected = format!("in any order the texts {}", listed(patterns));
            let problem = format!("{client}: {problem}");
            Stop::Difference(Difference::new(problem, expected, listed(&received)))
        })
    }

    /// Closes: the messages that no step has received.
    pub(super) async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<Vec<String>, Stop> {
        self.note(">", &format!("{client}: close {code:?} `{reason}`"));
        Ok(self.session.close(client, code, reason).await?)
    }

    /// Complains of a message that no step has received.
    pub(super) fn nothing_is_left(
        &self,
        client: &str,
        leftover: Option<&String>,
    ) -> Result<(), Stop> {
        match leftover {
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
