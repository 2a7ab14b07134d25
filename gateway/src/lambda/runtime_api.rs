//! Lambda's Runtime API (2018-06-01), for one process.
//!
//! Realises: INTEGRATION-77, INTEGRATION-78, INTEGRATION-79, INTEGRATION-80, INTEGRATION-81.

use std::sync::Arc;

use tokio::net::TcpStream;

use super::failure::{self, Failure};
use super::machine::End;
use super::pool::Pool;
use super::sandbox::Sandbox;
use crate::http1::{Connection, Head, Limits};
use crate::server::origin::{Hosts, Pages};
use crate::server::serve::{self, Service};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Answers the process's requests on one connection.
///
/// `next` is never answered with an error: runtimes do not expect one (lambda_runtime panics). A
/// process that asks out of turn is killed.
pub(super) async fn serve(pool: Arc<Pool>, sandbox: Arc<Sandbox>, stream: TcpStream) {
    let api = RuntimeApi { pool, sandbox };
    serve::serve(&api, &Hosts::loopback(), Limits::NONE, stream).await;
}

struct RuntimeApi {
    pool: Arc<Pool>,
    sandbox: Arc<Sandbox>,
}

impl Service for RuntimeApi {
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
    let path = head
        .path()
        .strip_prefix("/2018-06-01/runtime/")
        .unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    match (&*head.method, &segments[..]) {
        ("GET", ["invocation", "next"]) => next(pool, sandbox, connection, head.keep_alive).await,
        ("POST", ["invocation", id, "response"]) => {
            let body = body(connection, head).await?;
            if body.len() > failure::RESULT_BYTES {
                let failure = Failure::TooLarge(body.len());
                let error = failure.to_json(id);
                let known = pool.complete(sandbox, id, End::Failed(failure));
                let status = if known { 413 } else { 400 };
                return respond(connection, status, &error, head.keep_alive).await;
            }
            let text = String::from_utf8(body)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            let known = pool.complete(sandbox, id, End::Returned(text));
            accepted(connection, known, head.keep_alive).await
        }
        ("POST", ["invocation", id, "error"]) => {
            let body = body(connection, head).await?;
            let failure = Failure::Reported(failure::reported(&body));
            let known = pool.complete(sandbox, id, End::Failed(failure));
            accepted(connection, known, head.keep_alive).await
        }
        ("POST", ["init", "error"]) => {
            let body = body(connection, head).await?;
            pool.init_failed(sandbox, failure::reported(&body));
            accepted(connection, true, head.keep_alive).await
        }
        _ => {
            body(connection, head).await?;
            let error = r#"{"errorMessage":"no such path","errorType":"InvalidPath"}"#;
            respond(connection, 404, error, head.keep_alive).await
        }
    }
}

async fn next(
    pool: &Arc<Pool>,
    sandbox: &Sandbox,
    connection: &mut Connection,
    keep_alive: bool,
) -> Option<()> {
    let event = tokio::select! {
        event = pool.next(sandbox) => event,
        () = connection.gone() => {
            pool.hung_up(sandbox);
            return None;
        }
    }?;
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
    let headers = [
        JSON,
        ("Lambda-Runtime-Aws-Request-Id", &event.request_id),
        ("Lambda-Runtime-Deadline-Ms", &deadline),
        ("Lambda-Runtime-Invoked-Function-Arn", &sandbox.launch.arn),
        ("Lambda-Runtime-Trace-Id", &trace_id),
    ];
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

/// A request's body, one byte longer than a result may be at the most.
async fn body(connection: &mut Connection, head: &Head) -> Option<Vec<u8>> {
    connection.body(head, failure::RESULT_BYTES + 1).await.ok()
}
