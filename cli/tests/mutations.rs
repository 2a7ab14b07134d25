//! The kit against targets that are wrong on purpose: every wrong behaviour is caught, by the case that is named here.
//!
//! A mutant is the specification with one thing changed on the way between it and the kit, as an emulator would get it wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use conformance::fixture::Fixture;
use conformance::session::{Answer, Callback, Incoming, Outgoing, Session, Trouble, Upgrade};
use conformance::sign::Sign;
use conformance::target::functions::Function;
use conformance::target::spec::{FEATURES, Player, SpecSession};
use conformance::{Verdict, case, runner};
use gateway::stack::{Settings, Stack};
use rstest::rstest;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    None,
    SpacingOfErrorFrames,
    ForbiddenForUnauthorized,
    RepliesToTheWrongClient,
    AnotherCloseCode,
    BinaryIgnored,
    RepliesTwice,
    ErrorFramesSwallowed,
    NotFoundForGone,
    StatusWithoutPrettyPrinting,
    HeadersInLowerCase,
    BodiesTrimmed,
    EveryCloseIsNormal,
    TemplatesNotEvaluated,
}

/// The specification with a mutation.
struct Mutant {
    inner: SpecSession,
    mutation: Mutation,
    again: Option<(String, Incoming)>,
}

impl Mutant {
    fn incoming(&mut self, client: &str, incoming: Incoming) -> Incoming {
        match (self.mutation, incoming) {
            (Mutation::SpacingOfErrorFrames, Incoming::Text(text)) => {
                Incoming::Text(text.replace(r#"{"message": "#, r#"{"message":"#))
            }
            (Mutation::AnotherCloseCode, Incoming::Closed(1009, reason)) => {
                Incoming::Closed(1008, reason)
            }
            (Mutation::RepliesTwice, Incoming::Text(text)) if text.starts_with("good job") => {
                self.again = Some((client.to_owned(), Incoming::Text(text.clone())));
                Incoming::Text(text)
            }
            (Mutation::HeadersInLowerCase, Incoming::Text(text)) => {
                Incoming::Text(text.replace("X-Forwarded-For", "x-forwarded-for"))
            }
            (Mutation::BodiesTrimmed, Incoming::Text(text)) => Incoming::Text(
                text.replace(r#""body":" "#, r#""body":""#)
                    .replace(r#"\n","isBase64"#, r#"","isBase64"#),
            ),
            (Mutation::EveryCloseIsNormal, Incoming::Text(text)) => Incoming::Text(text.replace(
                r#""disconnectStatusCode":1005"#,
                r#""disconnectStatusCode":1000"#,
            )),
            (Mutation::TemplatesNotEvaluated, Incoming::Text(text))
                if text.starts_with(r#"{"kind":"payload""#) =>
            {
                Incoming::Text(r#"{"kind":"payload","event":"$input.body"}"#.to_owned())
            }
            (_, incoming) => incoming,
        }
    }
}

impl Session for Mutant {
    async fn connect(&mut self, client: &str, request: &Upgrade) -> Result<Answer, Trouble> {
        let mut answer = self.inner.connect(client, request).await?;
        if self.mutation == Mutation::ForbiddenForUnauthorized && answer.status == 401 {
            answer.status = 403;
        }
        Ok(answer)
    }

    async fn send(&mut self, client: &str, message: &Outgoing) -> Result<(), Trouble> {
        match (self.mutation, message) {
            (Mutation::BinaryIgnored, Outgoing::Binary(_)) => Ok(()),
            _ => self.inner.send(client, message).await,
        }
    }

    async fn receive(&mut self, client: &str) -> Result<Incoming, Trouble> {
        if let Some((_, incoming)) = self.again.take_if(|(whose, _)| whose == client) {
            return Ok(incoming);
        }
        let others = self.inner.connected();
        let other = others.iter().find(|other| *other != client);
        let from = match (self.mutation, other) {
            (Mutation::RepliesToTheWrongClient, Some(other)) => other.clone(),
            _ => client.to_owned(),
        };
        let incoming = self.inner.receive(&from).await?;
        if self.mutation == Mutation::ErrorFramesSwallowed
            && matches!(&incoming, Incoming::Text(text) if text.contains("Forbidden"))
        {
            return Err(Trouble::Silence(Duration::ZERO));
        }
        Ok(self.incoming(client, incoming))
    }

    async fn close(
        &mut self,
        client: &str,
        code: Option<u16>,
        reason: &str,
    ) -> Result<Vec<String>, Trouble> {
        let mut texts = self.inner.close(client, code, reason).await?;
        if let Some((_, Incoming::Text(text))) = self.again.take_if(|(whose, _)| whose == client) {
            texts.push(text);
        }
        Ok(texts)
    }

    async fn manage(
        &mut self,
        method: &str,
        to: &Callback,
        body: &str,
        sign: Option<&Sign>,
    ) -> Result<Answer, Trouble> {
        let mut answer = self.inner.manage(method, to, body, sign).await?;
        match self.mutation {
            Mutation::NotFoundForGone if answer.status == 410 => answer.status = 404,
            Mutation::StatusWithoutPrettyPrinting => {
                answer.body = answer.body.replace("\n", "").replace("  ", "");
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn has_row(&mut self, id: &str) -> Result<bool, Trouble> {
        self.inner.has_row(id).await
    }

    async fn wait(&mut self, time: Duration) -> Result<(), Trouble> {
        self.inner.wait(time).await
    }

    async fn settle(&mut self) {
        self.inner.settle().await;
    }

    fn host(&self) -> String {
        self.inner.host()
    }

    fn connected(&self) -> Vec<String> {
        self.inner.connected()
    }

    fn strays(&mut self) -> Vec<String> {
        self.inner.strays()
    }
}

/// What a case says of a mutant.
async fn verdict(id: &str, mutation: Mutation) -> Verdict {
    let cases = case::built_in().unwrap();
    let case = cases.iter().find(|case| case.id == id).unwrap();
    let mut settings = Settings::default();
    settings.parameters.extend(case.parameters.clone());
    let (stack, played): (Stack, fn(&str) -> Option<Player>) = match &case.fixture {
        None => {
            let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
            let stack = Stack::read(&template, &settings).unwrap();
            (stack, |binary| {
                Function::of_binary(binary).map(Player::Pattern)
            })
        }
        Some(name) => {
            let fixtures = Fixture::built_in();
            let fixture = fixtures
                .iter()
                .find(|fixture| fixture.name == *name)
                .unwrap();
            let stack = Stack::parse(name, &fixture.template, Path::new(""), &settings).unwrap();
            (stack, |_| Some(Player::Probe))
        }
    };
    let functions = stack.functions.iter().filter_map(|function| {
        let binary = function.code.binary.as_deref().unwrap_or_default();
        Some((function.arn.clone(), played(binary)?))
    });
    let players: HashMap<String, Player> = functions.collect();
    let mut session = Mutant {
        inner: SpecSession::new(stack.api.clone(), players).unwrap(),
        mutation,
        again: None,
    };
    runner::run(case, &mut session, &FEATURES).await.verdict
}

#[rstest]
#[case(
    Mutation::SpacingOfErrorFrames,
    "integration/an-error-frame-has-its-own-spacing"
)]
#[case(Mutation::ForbiddenForUnauthorized, "authorizer/no-token-is-401")]
#[case(
    Mutation::RepliesToTheWrongClient,
    "integration/each-client-gets-its-own-replies"
)]
#[case(Mutation::AnotherCloseCode, "limits/a-frame-beyond-32-kb-is-1009")]
#[case(Mutation::BinaryIgnored, "limits/a-binary-message-is-1003")]
#[case(Mutation::RepliesTwice, "integration/a-one-way-route-sends-no-result")]
#[case(Mutation::ErrorFramesSwallowed, "route/an-unknown-action-is-forbidden")]
#[case(Mutation::NotFoundForGone, "management/an-id-that-never-was-is-gone")]
#[case(
    Mutation::StatusWithoutPrettyPrinting,
    "management/a-get-tells-about-the-connection"
)]
#[case(Mutation::HeadersInLowerCase, "event/the-headers-of-connect")]
#[case(Mutation::BodiesTrimmed, "event/the-body-is-the-message-to-the-byte")]
#[case(
    Mutation::EveryCloseIsNormal,
    "lifecycle/a-close-without-a-code-is-told-as-1005"
)]
#[case(
    Mutation::TemplatesNotEvaluated,
    "template/the-rendered-text-is-the-event"
)]
#[tokio::test]
async fn a_case_catches_it(#[case] mutation: Mutation, #[case] id: &str) {
    assert_eq!(verdict(id, Mutation::None).await, Verdict::Pass);
    assert_eq!(verdict(id, mutation).await, Verdict::Fail);
}
