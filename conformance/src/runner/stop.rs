//! Why a case stops, and how it ends.

use super::difference::Difference;
use super::events::Reports;
use super::{OBSERVER, Run};
use crate::session::{Session, SessionError};
use crate::with_causes;

/// Why a case stops.
pub(super) enum Stop {
    /// The target did something else than the case says.
    Difference(Difference),
    /// The target cannot be asked for this.
    Unsupported(String),
    /// The kit could not go on.
    Broken(String),
}

impl<S: Session> Run<'_, S> {
    /// Nothing has gone wrong with connections that end.
    pub(super) fn no_fault(&mut self) -> Result<(), Stop> {
        match &*self.session.faults() {
            [] => Ok(()),
            faults => {
                let came = faults.join(", ");
                let expected = "connections that end as RFC 6455 has it";
                Err(Stop::Difference(Difference::new(
                    came.clone(),
                    expected,
                    came,
                )))
            }
        }
    }

    /// Ends what is still open, the observer first; what the others get then, nobody expected.
    pub(super) async fn close_all(&mut self) -> Result<(), Stop> {
        let mut leftover = Vec::new();
        let mut clients = self.session.connected();
        clients.sort_by_key(|client| client != OBSERVER);
        for client in clients {
            let texts = self.session.close(&client, Some(1000), "").await?;
            // A report that no step looks at is nobody's business; anything else was meant for
            // somebody else.
            let is_stray = |text: &String| client != OBSERVER || !Reports::is_report(text);
            let strays = texts.into_iter().filter(is_stray);
            leftover.extend(strays.map(|text| format!("{client}: {text}")));
        }
        // Also where there is more to complain of: a later run on the same session must not be
        // blamed for them.
        let fault = self.no_fault();
        if !leftover.is_empty() {
            let leftover = leftover.join(", ");
            let message = format!("messages that nobody expected: {leftover}");
            let difference = Difference::new(message, "nothing more", leftover);
            return Err(Stop::Difference(difference));
        }
        fault.map_err(|stop| stop.of("at the end"))
    }
}

impl Stop {
    /// What keeps the kit from seeing anything.
    pub(super) fn unseen(self) -> Self {
        match self {
            Self::Difference(Difference { problem, .. }) => {
                Self::Broken(format!("the observer: {problem}"))
            }
            other => other,
        }
    }

    /// Says where, or with whom.
    pub(super) fn of(self, place: &str) -> Self {
        let of = |detail| format!("{place}: {detail}");
        match self {
            Self::Difference(difference) => Self::Difference(Difference {
                problem: of(difference.problem),
                ..difference
            }),
            Self::Unsupported(detail) => Self::Unsupported(of(detail)),
            Self::Broken(detail) => Self::Broken(of(detail)),
        }
    }
}

impl From<SessionError> for Stop {
    fn from(error: SessionError) -> Self {
        let detail = with_causes(&error);
        match error {
            SessionError::Silence(_) | SessionError::Violation(_) => {
                Self::Difference(Difference::from_the_step(detail))
            }
            SessionError::Unsupported(_) => Self::Unsupported(detail),
            SessionError::NotConnected(_) | SessionError::Other(_) => Self::Broken(detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use crate::session::{Answer, Callback, Incoming, Outgoing, Session, SessionError, Upgrade};
    use crate::sign::Sign;
    use crate::{Verdict, case, runner};

    /// Everybody gets in and hears `id` when asked; at the end the observer has one more text.
    struct Target {
        connected: Vec<String>,
        last: &'static str,
        faults: Vec<String>,
        is_orderly: bool,
        pauses: u32,
    }

    impl Target {
        fn new(last: &'static str) -> Self {
            Self {
                connected: Vec::new(),
                last,
                faults: Vec::new(),
                is_orderly: false,
                pauses: 0,
            }
        }
    }

    impl Session for Target {
        async fn connect(&mut self, client: &str, _: &Upgrade) -> Result<Answer, SessionError> {
            self.connected.push(client.to_owned());
            Ok(Answer {
                status: 101,
                ..Answer::default()
            })
        }
        async fn send(&mut self, _: &str, _: &Outgoing) -> Result<(), SessionError> {
            Ok(())
        }
        async fn receive(&mut self, _: &str) -> Result<Incoming, SessionError> {
            Ok(Incoming::Text("id".to_owned()))
        }
        async fn close(
            &mut self,
            client: &str,
            _: Option<u16>,
            _: &str,
        ) -> Result<Vec<String>, SessionError> {
            self.connected.retain(|connected| connected != client);
            if !self.is_orderly {
                self.faults.push("not ended".to_owned());
            }
            Ok(vec![self.last.to_owned()])
        }
        async fn manage(
            &mut self,
            _: &str,
            _: &Callback,
            _: &str,
            _: Option<&Sign>,
        ) -> Result<Answer, SessionError> {
            Err(SessionError::Unsupported("not here"))
        }
        async fn has_row(&mut self, _: &str) -> Result<bool, SessionError> {
            Err(SessionError::Unsupported("not here"))
        }
        async fn access_log(&mut self) -> Result<Vec<String>, SessionError> {
            Err(SessionError::Unsupported("not here"))
        }
        async fn wait(&mut self, _: Duration) -> Result<(), SessionError> {
            Err(SessionError::Unsupported("not here"))
        }
        async fn quiet(&mut self, _: Duration) -> Result<(), SessionError> {
            self.pauses += 1;
            Ok(())
        }
        async fn settle(&mut self) {}
        fn host(&self) -> String {
            String::new()
        }
        fn base(&self) -> String {
            String::new()
        }
        fn connected(&self) -> Vec<String> {
            self.connected.clone()
        }
        fn faults(&mut self) -> Vec<String> {
            std::mem::take(&mut self.faults)
        }
    }

    // Else the smaller values of a failure would be those of the run after it.
    #[tokio::test]
    async fn no_run_is_blamed_for_the_one_before() {
        let text =
            "[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = [{ do = \"connect\", client = \"a\" }]\n";
        let case = case::parse("x.toml", None, text).unwrap().remove(0);
        let mut target = Target::new("left over");
        let outcome = runner::run(&case, &mut target, &[]).await;
        assert!(outcome.detail.contains("left over"), "{}", outcome.detail);
        assert_eq!(target.faults(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_may_be_left_unread_is_nobodys_business() {
        let text = r#"
            [[case]]
            id = "a/b"
            why = "w"
            pause = 1
            steps = [
              { do = "connect", client = "a" },
              { do = "receive", client = "a", text = "id" },
              { do = "close", client = "a", unread = true },
            ]
        "#;
        let case = case::parse("x.toml", None, text).unwrap().remove(0);
        let mut target = Target::new("more");
        target.is_orderly = true;
        let outcome = runner::run(&case, &mut target, &[]).await;
        assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.detail);
        assert_eq!(
            target.pauses, 2,
            "before who connects, and before who closes"
        );
    }

    // What a report has to explain: the step and those before, what was expected, what came.
    #[rstest]
    #[case::another_text(
        r#"{ do = "receive", client = "a", text = "x" }"#,
        2,
        "the text `x`",
        "`id`"
    )]
    #[case::a_status(
        r#"{ do = "connect", client = "b", status = 401 }"#,
        2,
        "status 401",
        "status 101"
    )]
    #[case::more_before_a_close(r#"{ do = "close", client = "a" }"#, 2, "nothing more", "`more`")]
    #[case::none_of_several(
        r#"{ do = "receive-all", client = "a", texts = ["x", "id"] }"#,
        2,
        "in any order the texts `x`, `id`",
        "`id`, `id`"
    )]
    #[case::more_at_the_end(
        r#"{ do = "ping", client = "a", text = "" }"#,
        3,
        "nothing more",
        "a: more"
    )]
    #[tokio::test]
    async fn a_difference_is_told_with_its_step(
        #[case] steps: &str,
        #[case] step: usize,
        #[case] expected: &str,
        #[case] came: &str,
    ) {
        let text = format!(
            "[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = [{{ do = \"connect\", client = \"a\" }}, {steps}]\n"
        );
        let case = case::parse("x.toml", None, &text).unwrap().remove(0);
        let mut target = Target::new("more");
        target.is_orderly = true;
        let outcome = runner::run(&case, &mut target, &[]).await;
        let stopped = outcome.stopped.unwrap();
        assert_eq!((stopped.step, stopped.steps.len()), (step, step));
        assert_eq!(stopped.steps[0], "a connects: 101");
        assert_eq!((&*stopped.expected, &*stopped.came), (expected, came));
    }

    // A reply that went to the observer went to somebody else.
    #[rstest]
    #[case::a_report(r#"{"kind":"MESSAGE","event":{}}"#, Verdict::Pass)]
    #[case::a_reply("good job", Verdict::Fail)]
    #[tokio::test]
    async fn what_is_no_report_strayed_to_the_observer(
        #[case] last: &'static str,
        #[case] verdict: Verdict,
    ) {
        let text = "[[case]]\nid = \"a/b\"\nwhy = \"w\"\nsteps = [{ do = \"observe\" }]\n";
        let case = case::parse("x.toml", None, text).unwrap().remove(0);
        let mut target = Target::new(last);
        target.is_orderly = true;
        let outcome = runner::run(&case, &mut target, &[]).await;
        assert_eq!(outcome.verdict, verdict, "{}", outcome.detail);
    }
}
