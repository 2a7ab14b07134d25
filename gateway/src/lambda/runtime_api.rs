//! Lambda's Runtime API (2018-06-01), for one process.
//!
//! Realises: INTEGRATION-77, INTEGRATION-78, INTEGRATION-79, INTEGRATION-80, INTEGRATION-81,
//! INTEGRATION-100.

use std::sync::Arc;

use tokio::net::TcpStream;

use super::failure::{self, Failure};
use super::machine::End;
use super::owner;
use super::pool::Pool;
use super::sandbox::Sandbox;
use crate::http1::{Body, Connection, Head, Limits};
use crate::server::origin::{Hosts, Pages};
use crate::server::serve::{self, Name, Service};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Answers the process's requests on one connection.
///
/// `next` is never answered with an error: runtimes do not expect one (lambda_runtime panics). A
/// process that asks before it has answered gets its next event when it has: some send an error on
/// one connection and ask on another.
///
/// Who is known to be another user of this machine is refused: every port of this machine is open
/// to all of its users, and an event is nobody else's.
pub(super) async fn serve(pool: Arc<Pool>, sandbox: Arc<Sandbox>, stream: TcpStream) {
    if let Some(uid) = owner::stranger(&stream).await {
        tracing::warn!(
            "function `{}`: a process of another user of this machine (uid {uid}) was refused at \
             its Runtime API",
            sandbox.launch.label
        );
        return;
    }
    let api = RuntimeApi { pool, sandbox };
    serve::serve(&api, &Hosts::loopback(), Limits::NONE, stream.into()).await;
}

struct RuntimeApi {
    pool: Arc<Pool>,
    sandbox: Arc<Sandbox>,
}

impl Service for RuntimeApi {
    const NAME: Name = Name::RuntimeApi;

    fn pages(&self, _: &Head) -> Pages {
        Pages::Refused
    }

    async fn answer(&self, mut connection: Box<Connection>, head: Head) -> Option<Box<Connection>> {
        answer(&self.pool, &self.sandbox, &mut connection, &head).await?;
        Some(connection)
    }
}

/// Answers one request; `None` when no other can follow.
async fn answer(
    pool: &Arc<Pool>,
    sandbox: &Arc<Sandbox>,
    connection: &mut Connection,
    head: &Head,
) -> Option<()> {
    let path = head.path().strip_prefix("/2018-06-01/").unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let keep_alive = head.keep_alive;
    match (&*head.method, &segments[..]) {
        ("GET", ["ping"]) => respond(connection, 200, "pong", keep_alive).await,
        ("GET", ["runtime", "invocation", "next"]) => {
            next(pool, sandbox, connection, keep_alive).await
        }
        ("POST", ["runtime", "invocation", id, "response"]) => {
            let body = body(connection, head).await?;
            let (end, refusal) = result(head, body);
            let is_known = complete(pool, sandbox, id, end);
            match refusal {
                Some((status, error)) if is_known => {
                    respond(connection, status, &error, keep_alive).await
                }
                _ => accepted(connection, is_known, keep_alive).await,
            }
        }
        ("POST", ["runtime", "invocation", id, "error"]) => {
            let body = body(connection, head).await?;
            let failure = Failure::Reported(failure::reported(&body.bytes));
            let is_known = complete(pool, sandbox, id, End::Failed(failure));
            accepted(connection, is_known, keep_alive).await
        }
        ("POST", ["runtime", "init", "error"]) => {
            let body = body(connection, head).await?;
            sandbox.journal.gives_up();
            if pool.init_failed(sandbox, failure::reported(&body.bytes)) {
                return accepted(connection, true, keep_alive).await;
            }
            let error = r#"{"errorMessage":"State transition is not allowed","errorType":"InvalidStateTransition"}"#;
            respond(connection, 403, error, keep_alive).await
        }
        _ => {
            body(connection, head).await?;
            let error = r#"{"errorMessage":"no such path","errorType":"InvalidPath"}"#;
            respond(connection, 404, error, head.keep_alive).await
        }
    }
}

/// Takes the end of an event: whether it was the one that the process works on. All that it has
/// written by then belongs to it.
fn complete(pool: &Pool, sandbox: &Sandbox, request_id: &str, end: End) -> bool {
    let ended = sandbox.journal.ends(request_id);
    let is_known = pool.complete(sandbox, request_id, end);
    match ended {
        Some(ended) if is_known => ended.answered(pool.clock.now()),
        Some(ended) => ended.timed_out(pool.clock.now()),
        None => {}
    }
    is_known
}

/// What a posted result means, and the refusal that its runtime hears, if it is one.
fn result(head: &Head, body: Body) -> (End, Option<(u16, String)>) {
    let mode = head.headers.get("Lambda-Runtime-Function-Response-Mode");
    let is_known = |mode: &str| ["streaming", "buffered"].contains(&&*mode.to_ascii_lowercase());
    if mode.is_some_and(|mode| !is_known(mode)) {
        let error = r#"{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}"#;
        return (
            End::Failed(Failure::ResponseMode),
            Some((400, error.to_owned())),
        );
    }
    if body.length > failure::RESULT_BYTES as u64 {
        let refusal = (413, failure::entity_too_large());
        return (End::Failed(Failure::TooLarge(body.length)), Some(refusal));
    }
    // A stream that has begun can only say behind its end that the function has failed.
    if let Some(error_type) = body.trailers.get("Lambda-Runtime-Function-Error-Type") {
        let error = body.trailers.get("Lambda-Runtime-Function-Error-Body");
        let error = failure::streamed(error_type, error);
        return (End::Failed(Failure::Reported(error)), None);
    }
    let text = String::from_utf8(body.bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (End::Returned(text), None)
}

async fn next(
    pool: &Arc<Pool>,
    sandbox: &Sandbox,
    connection: &mut Connection,
    keep_alive: bool,
) -> Option<()> {
    sandbox.journal.asks();
    let event = tokio::select! {
        // Whoever has hung up already must not be given one.
        biased;
        () = connection.gone() => {
            pool.hung_up(sandbox);
            return None;
        }
        event = pool.next(sandbox) => event,
    };
    let Some(event) = event else {
        // It is being killed: a connection that breaks before that would only make it complain.
        connection.gone().await;
        return None;
    };
    sandbox.journal.begins(&event, pool.clock.now());
    let deadline = (pool.clock.system() + sandbox.launch.timeout).as_millis();
    let deadline = deadline.to_string();
    // The segment of the call itself: nobody records it.
    let parent: String = event
        .request_id
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    let trace_id = format!("{};Parent={parent};Sampled=0", event.trace_id);
    let context = event.client_context.as_deref();
    let headers = [
        JSON,
        ("Lambda-Runtime-Aws-Request-Id", &event.request_id),
        ("Lambda-Runtime-Deadline-Ms", &deadline),
        ("Lambda-Runtime-Invoked-Function-Arn", &sandbox.launch.arn),
        ("Lambda-Runtime-Trace-Id", &trace_id),
    ];
    let context = context.map(|context| ("Lambda-Runtime-Client-Context", context));
    let headers = headers.into_iter().chain(context);
    let written = connection
        .respond(200, headers, event.payload.as_bytes(), keep_alive)
        .await;
    written.ok().filter(|()| keep_alive)
}

async fn accepted(connection: &mut Connection, known: bool, keep_alive: bool) -> Option<()> {
    if known {
        respond(connection, 202, r#"{"status":"OK"}"#, keep_alive).await
    } else {
        let error = r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#;
        respond(connection, 400, error, keep_alive).await
    }
}

async fn respond(
    connection: &mut Connection,
    status: u16,
    body: &str,
    keep_alive: bool,
) -> Option<()> {
    let written = connection
        .respond(status, [JSON], body.as_bytes(), keep_alive)
        .await;
    written.ok().filter(|()| keep_alive)
}

/// A request's body, of which no more is kept than a result may have.
async fn body(connection: &mut Connection, head: &Head) -> Option<Body> {
    connection.whole(head, failure::RESULT_BYTES).await.ok()
}
