//! Shared by the tests of several functions: test doubles in place of the network.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::aws::Aws;
use crate::connections::Connections;
use crate::environment::Environment;

/// An environment as `template.yaml` and Lambda set it.
pub(crate) fn environment() -> Environment {
    Environment::from_iter([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
        ("TABLE_NAME", "connections"),
        ("API_ID", "abcdef123"),
        ("STAGE", "stage"),
    ])
}

/// AWS behind a test double.
pub(crate) fn aws(double: impl HttpClient + 'static) -> (Environment, Aws) {
    let environment = environment();
    let aws = Aws::from_environment(&environment)
        .unwrap()
        .with_http_client(SharedHttpClient::new(double));
    (environment, aws)
}

/// The table behind a test double.
pub(crate) fn connections(double: impl HttpClient + 'static) -> Connections {
    let (environment, aws) = aws(double);
    Connections::from_environment(&environment, &aws).unwrap()
}

/// A double that gives these answers (status, body) in turn, then fails. It records the requests.
pub(crate) fn answers<const N: usize>(answers: [(u16, &'static str); N]) -> Double {
    Double::new(Answers::InTurn(answers.into()))
}

/// A double that answers every request with this status.
pub(crate) fn always(status: u16) -> Double {
    Double::new(Answers::Always(status))
}

/// The requests that a double received: method and address, the `X-Amz-Target` header, and the
/// body.
pub(crate) fn requests(double: &Double) -> Vec<(String, String, String)> {
    let text = |body: &SdkBody| String::from_utf8(body.bytes().unwrap().to_vec()).unwrap();
    let exchanges = double.0.lock().unwrap();
    let requests = exchanges.requests.iter().map(|request| {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        (
            format!("{} {}", request.method(), request.uri()),
            target.to_owned(),
            text(request.body()),
        )
    });
    requests.collect()
}

/// The test double of the network. The SDK's own (`test-util`) brings 18 more crates, and features
/// that cause others to be built twice.
#[derive(Clone, Debug)]
pub(crate) struct Double(Arc<Mutex<Exchanges>>);

#[derive(Debug)]
struct Exchanges {
    answers: Answers,
    requests: Vec<HttpRequest>,
}

#[derive(Debug)]
enum Answers {
    InTurn(VecDeque<(u16, &'static str)>),
    Always(u16),
}

impl Double {
    fn new(answers: Answers) -> Self {
        Self(Arc::new(Mutex::new(Exchanges {
            answers,
            requests: Vec::new(),
        })))
    }
}

impl HttpConnector for Double {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut exchanges = self.0.lock().unwrap();
        exchanges.requests.push(request);
        let answer = match &mut exchanges.answers {
            Answers::InTurn(answers) => answers.pop_front(),
            Answers::Always(status) => Some((*status, "{}")),
        };
        HttpConnectorFuture::ready(match answer {
            Some((status, body)) => Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            )),
            None => Err(ConnectorError::other("no more answers".into(), None)),
        })
    }
}

impl HttpClient for Double {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Runs a future to its end, including the SDK's timers.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Everything that is logged during a call, at every level.
pub(crate) fn logged<T>(call: impl FnOnce() -> T) -> (T, String) {
    let lines = Lines::default();
    let subscriber = crate::log::subscriber(LevelFilter::TRACE, lines.clone());
    let result = tracing::subscriber::with_default(subscriber, call);
    let bytes = lines.0.lock().unwrap().clone();
    (result, String::from_utf8(bytes).unwrap())
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The event with up to two of these fields (JSON pointers) removed or replaced by anything: most
/// of it stays valid, so that it passes the first checks.
pub(crate) fn mutated_event(
    valid: Value,
    fields: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let mutation = (
        proptest::sample::select(fields),
        proptest::option::weighted(0.8, prop_oneof![3 => any_value(), 1 => Just("".into())]),
    );
    proptest::collection::vec(mutation, 0..3).prop_map(move |mutations| {
        let mut event = valid.clone();
        for (field, value) in mutations {
            match (value, field.rsplit_once('/')) {
                (Some(value), _) => {
                    if let Some(found) = event.pointer_mut(field) {
                        *found = value;
                    }
                }
                (None, Some((parent, name))) => {
                    let parent = event.pointer_mut(parent).and_then(Value::as_object_mut);
                    parent.and_then(|parent| parent.remove(name));
                }
                (None, None) => event = Value::Null,
            }
        }
        event
    })
}

/// A JSON text with up to two characters removed or inserted.
pub(crate) fn nearly_json() -> impl Strategy<Value = String> {
    let edit = (
        any::<proptest::sample::Index>(),
        proptest::option::of(proptest::sample::select(r#"{}[]",:.- 0e\"#.as_bytes())),
    );
    (any_value(), proptest::collection::vec(edit, 0..3)).prop_map(|(json, edits)| {
        let mut text: Vec<char> = json.to_string().chars().collect();
        for (at, inserted) in edits {
            match inserted {
                Some(byte) => text.insert(at.index(text.len() + 1), char::from(byte)),
                None if text.is_empty() => {}
                None => drop(text.remove(at.index(text.len()))),
            }
        }
        text.into_iter().collect()
    })
}

/// Any JSON, often with the names and values of real events.
fn any_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        3 => proptest::sample::select(vec!["token", "Token", "connectionId", "connectedAt"])
            .prop_map(str::to_owned),
        1 => ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,16}".prop_map(Value::from),
        Just(Value::from("")),
        Just(Value::from("hello")),
        Just(Value::from("{}")),
    ];
    leaf.prop_recursive(3, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
