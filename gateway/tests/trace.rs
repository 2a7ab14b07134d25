//! What those see who watch a gateway with real sockets and a real process, and what they can do
//! with its connections.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use futures_util::SinkExt;
use gateway::{ConnectionCall, FunctionOutput, FunctionStep, Step, Trace, Traced};
use spec::io::{About, CallId, RequestKind, Target};
use spec::{Input, Output};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use support::{PATIENCE, ask, closed, connect, probe, receive, start};

/// All that happens until `last` has.
async fn until(trace: &mut Trace, last: impl Fn(&Traced) -> bool) -> Vec<Traced> {
    let mut seen = Vec::new();
    loop {
        let next = timeout(PATIENCE, trace.next()).await.unwrap().unwrap();
        let is_last = last(&next);
        seen.push(next);
        if is_last {
            return seen;
        }
    }
}

fn steps(seen: &[Traced]) -> impl Iterator<Item = &Step> {
    seen.iter().filter_map(|traced| match traced {
        Traced::Step(step) => Some(&**step),
        _ => None,
    })
}

fn outputs(seen: &[Traced]) -> impl Iterator<Item = &Output> {
    steps(seen).flat_map(|step| &step.outputs)
}

fn is_report(traced: &Traced) -> bool {
    matches!(traced, Traced::Function(event) if matches!(event.what, FunctionStep::Report(_)))
}

/// What the process did, in a word each, with the request it did it for.
fn function_steps(seen: &[Traced], call: CallId) -> Vec<(String, Option<String>)> {
    let events = seen.iter().filter_map(|traced| match traced {
        Traced::Function(event) => Some(event),
        _ => None,
    });
    events
        .map(|event| {
            let word = match &event.what {
                FunctionStep::Queued(id) if *id == call => "queued".to_owned(),
                FunctionStep::Taken(id) if *id == call => "taken".to_owned(),
                FunctionStep::Line(text) => text.clone(),
                FunctionStep::Report(report) => report.status.clone(),
                other => panic!("not expected: {other:?}"),
            };
            (word, event.request_id.clone())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_seen_from_its_arrival_to_its_report() {
    let mut options = probe("template.yaml");
    options.function_output = FunctionOutput::Discard;
    let running = start(options).await;
    let mut trace = running.trace();
    let mut client = connect(&running).await.unwrap();
    let id = ask(&mut client, "{}").await;
    let seen = until(&mut trace, is_report).await;

    let first = steps(&seen).next().unwrap();
    assert!(
        matches!(first.input, Some(Input::Handshake { .. })),
        "{first:?}"
    );
    let began = outputs(&seen).filter_map(|output| match output {
        Output::Explanation(one) => match &one.about {
            About::Began {
                connection_id,
                kind,
                ..
            } => Some((connection_id.clone(), *kind)),
            _ => None,
        },
        _ => None,
    });
    let expected = [
        (id.clone(), RequestKind::Connect),
        (id.clone(), RequestKind::Message),
    ];
    assert_eq!(began.collect::<Vec<_>>(), expected);
    let is_call = |output: &&Output| {
        matches!(output, Output::Explanation(one)
            if matches!(&one.about, About::Calls { target: Target::Function(arn), .. } if arn.ends_with("Probe")))
    };
    assert_eq!(outputs(&seen).filter(is_call).count(), 1);
    let invocation = outputs(&seen).find_map(|output| match output {
        Output::Invoke(invocation) => Some(invocation),
        _ => None,
    });
    let call = invocation.unwrap().id;
    // Every line of the call has its request id.
    let of_function = function_steps(&seen, call);
    let request_id = of_function[0].1.clone();
    assert!(request_id.is_some());
    let words: Vec<&str> = of_function.iter().map(|(word, _)| &**word).collect();
    let line = format!("MESSAGE {id}");
    assert_eq!(words, ["queued", "taken", &line, "success"]);
    assert!(of_function.iter().all(|(_, of)| *of == request_id));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_seen_written_to_and_closed_by_its_watcher() {
    let mut options = probe("template.yaml");
    options.function_output = FunctionOutput::Discard;
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    let [open] = &running.connections()[..] else {
        panic!("one connection");
    };
    assert_eq!((open.received, open.sent), (0, 0));
    let id = open.connection_id.clone();
    let mut trace = running.trace();

    // As the client: the answer goes to its socket.
    assert!(running.send_as_client(&id, r#"{"action":"x"}"#.to_owned()));
    assert_eq!(receive(&mut client).await, id);
    assert!(!running.send_as_client("nobody", String::new()));

    // As a backend.
    let posted = running.call_connections(ConnectionCall::Post(b"hello".to_vec()), &id);
    assert_eq!(posted.await.status, 200);
    assert_eq!(receive(&mut client).await, "hello");
    let status = running.call_connections(ConnectionCall::Get, &id).await;
    assert!(status.body.contains("connectedAt"), "{}", status.body);
    let open = &running.connections()[0];
    assert_eq!((open.received, open.sent), (1, 2));
    let deleted = running.call_connections(ConnectionCall::Delete, &id).await;
    assert_eq!(deleted.status, 204);
    closed(&mut client).await;
    let gone = running.call_connections(ConnectionCall::Get, &id).await;
    assert_eq!(gone.status, 410);
    assert_eq!(running.connections(), []);

    let is_gone = |traced: &Traced| {
        matches!(traced, Traced::Step(step) if step.outputs.iter().any(|output| {
            matches!(output, Output::ManagementReply { response, .. } if response.status == 410)
        }))
    };
    let seen = until(&mut trace, is_gone).await;
    let is_management = |step: &&Step| matches!(step.input, Some(Input::Management { .. }));
    assert_eq!(steps(&seen).filter(is_management).count(), 4);
    running.shutdown().await;
}

// What is explained is only made while somebody watches, and everything else stays as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_ends_with_the_last_who_watch() {
    let mut options = probe("template.yaml");
    options.function_output = FunctionOutput::Discard;
    let running = start(options).await;
    let mut client = connect(&running).await.unwrap();
    let id = ask(&mut client, "{}").await;
    let mut trace = running.trace();
    assert_eq!(ask(&mut client, "{}").await, id);
    assert!(matches!(trace.next().await, Some(Traced::Step(_))));
    drop(trace);
    assert_eq!(ask(&mut client, "{}").await, id);
    // Nothing of that waits for who comes next: the first that they see is the next message, whole.
    running.settled().await;
    let arrived = running.arrived();
    let mut trace = running.trace();
    assert_eq!(ask(&mut client, r#"{"next":1}"#).await, id);
    let is_input = |traced: &Traced| matches!(traced, Traced::Step(step) if step.input.is_some());
    let seen = until(&mut trace, is_input).await;
    let [Traced::Step(step)] = &seen[..] else {
        panic!("one step: {seen:?}");
    };
    assert!(
        matches!(&step.input, Some(Input::Message { text, .. }) if text.contains("next")),
        "{step:?}"
    );
    assert_eq!(step.arrived, arrived + 1);
    let began = step.outputs.iter().filter(
        |output| matches!(output, Output::Explanation(one) if matches!(one.about, About::Began { .. })),
    );
    assert_eq!(began.count(), 1);
    client.send(Message::Close(None)).await.unwrap();
    running.shutdown().await;
}
