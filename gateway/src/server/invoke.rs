//! Lambda's Invoke API, for functions that call each other, and for trying one from outside:
//! `POST /2015-03-31/functions/{name}/invocations`.
//!
//! Names, ARNs and parts of them are taken, and SAM's names in the template; each with the qualifiers
//! that the template declares, behind all of which there is the same code here. Calls must be signed where those of
//! `@connections` must be.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

mod refusal;

use std::net::SocketAddr;
use std::sync::Arc;

use serde::de::IgnoredAny;
use spec::api::Api;
use spec::io::FunctionOutcome;
use spec::percent::{Plus, decode};
use spec::policy::Context;
use spec::signature::{self, Access, Caller, Destination, Request, Signatures};

use crate::clock::Clock;
use crate::http1::{Body, Connection, Head, ReadError};
use crate::lambda::{Functions, LogType, Uncallable};
use refusal::Refusal;

/// The functions, as Lambda's API lets them be called.
pub(crate) struct Lambda {
    functions: Arc<Functions>,
    /// How functions' ARNs begin.
    arns: String,
    region: String,
    clock: Clock,
    /// Who may sign, if calls must be signed.
    callers: Option<Vec<Caller>>,
}

/// `X-Amz-Invocation-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// What a request got.
enum Answer {
    /// The call has not been made, or nobody waits for it.
    Status(u16, Option<String>),
    Outcome {
        request_id: String,
        outcome: FunctionOutcome,
        log: Option<String>,
    },
}

const FUNCTIONS: &str = "/2015-03-31/functions";
/// What a caller with a policy must be allowed to do.
const INVOKE: &str = "lambda:InvokeFunction";
/// The most bytes of a payload that somebody waits for, and of one that nobody waits for.
///
/// Sources: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html> (6 MB and 1 MB), and the
/// errors' own texts.
const PAYLOAD: usize = 6 * 1024 * 1024;
const ASYNCHRONOUS: usize = 1024 * 1024;
/// The most characters of `X-Amz-Client-Context`.
const CLIENT_CONTEXT: usize = 3583;

/// Whether a path is Lambda's.
pub(super) fn is_meant(path: &str) -> bool {
    let below = path.strip_prefix(FUNCTIONS);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Answers a request; whether another may follow.
pub(super) async fn answer(
    lambda: &Lambda,
    peer: SocketAddr,
    connection: &mut Connection,
    head: &Head,
) -> bool {
    let body = match connection.whole(head, PAYLOAD + 1).await {
        Ok(body) => body,
        Err(ReadError::Gone) => return false,
        Err(ReadError::Malformed(status)) => {
            let _ = connection.respond(status, [], b"", false).await;
            return false;
        }
    };
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let (status, text) = match lambda.call(peer, head, body).await {
        Err(refusal) => {
            headers.push(("x-amzn-errortype", refusal.kind.to_owned()));
            (refusal.status, refusal.to_json())
        }
        Ok(Answer::Status(status, id)) => {
            headers.extend(id.map(|id| ("x-amzn-requestid", id)));
            (status, String::new())
        }
        Ok(Answer::Outcome {
            request_id,
            outcome,
            log,
        }) => {
            headers.push(("x-amzn-requestid", request_id));
            let log = log.map(|log| spec::base64::encode(log.as_bytes()));
            headers.extend(log.map(|log| ("x-amz-log-result", log)));
            headers.push(("x-amz-executed-version", "$LATEST".to_owned()));
            let text = match outcome {
                FunctionOutcome::Returned(text) => text,
                FunctionOutcome::Failed(error) | FunctionOutcome::NotInvocable(error) => {
                    headers.push(("x-amz-function-error", "Unhandled".to_owned()));
                    error
                }
            };
            (200, text)
        }
    };
    let headers = headers.iter().map(|(name, value)| (*name, &**value));
    let written = connection
        .respond(status, headers, text.as_bytes(), head.keep_alive)
        .await;
    written.is_ok() && head.keep_alive
}

impl Lambda {
    pub(crate) fn new(functions: Arc<Functions>, api: &Api, access: &Access, clock: Clock) -> Self {
        let Api {
            partition,
            region,
            account_id,
            ..
        } = api;
        let is_signed = access.management == Signatures::Required;
        Self {
            functions,
            arns: format!("arn:{partition}:lambda:{region}:{account_id}:function:"),
            region: region.clone(),
            clock,
            callers: is_signed.then(|| access.callers.clone()),
        }
    }

    async fn call(&self, peer: SocketAddr, head: &Head, body: Body) -> Result<Answer, Refusal> {
        let named = function_name(head)?;
        // A signature is of all of the body, of which no more is kept than may be.
        if body.length > PAYLOAD as u64 {
            return Err(Refusal::too_large(PAYLOAD));
        }
        self.check_caller(&named, peer, head, &body.bytes)?;
        let kind = InvocationType::of(head)?;
        let known = self.functions.callable(&named);
        known.map_err(|why| self.refusal(&named, why))?;
        let payload = payload(body.bytes, kind)?;
        if kind == InvocationType::DryRun {
            return Ok(Answer::Status(204, None));
        }
        let trace_id = head.headers.get("X-Amzn-Trace-Id");
        if kind == InvocationType::Event {
            let queued = self.functions.enqueue(&named, payload, trace_id);
            let request_id = queued.map_err(|why| self.refusal(&named, why))?;
            return Ok(Answer::Status(202, Some(request_id)));
        }
        let log_type = log_type(head)?;
        let about = (trace_id, client_context(head)?);
        let called = self.functions.call(&named, payload, about, log_type);
        let called = called.map_err(|why| self.refusal(&named, why))?;
        let request_id = called.request_id.clone();
        match called.end().await {
            Some((outcome, log)) => Ok(Answer::Outcome {
                request_id,
                outcome,
                log,
            }),
            None => Err(Refusal::going_down()),
        }
    }

    /// Refuses who has not signed as somebody who may call the function.
    fn check_caller(
        &self,
        named: &str,
        peer: SocketAddr,
        head: &Head,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let Some(callers) = &self.callers else {
            return Ok(());
        };
        let request = Request {
            method: &head.method,
            target: &head.target,
            headers: &head.headers,
            body,
        };
        let destination = Destination {
            region: &self.region,
            service: "lambda",
        };
        let now = self.clock.now();
        let caller = signature::verify(&request, callers, destination, now);
        let caller = caller.map_err(|rejection| {
            tracing::warn!("a call of the function `{named}` was refused: {rejection}");
            Refusal::signature(&rejection)
        })?;
        let source_ip = peer.ip().to_canonical().to_string();
        let context = Context::of_request(&head.headers, &source_ip, now);
        // Of a function that there is, its own; a policy does not name another by a part of its ARN.
        let arn = self.functions.arn_of(named);
        let arn = arn.unwrap_or_else(|| self.arn(named));
        let allowed = caller.authorize(INVOKE, &arn, &arn, context);
        allowed.map(drop).map_err(Refusal::access_denied)
    }

    fn refusal(&self, named: &str, why: Uncallable) -> Refusal {
        match why {
            Uncallable::NotRun(reason) => Refusal::not_run(named, &reason),
            Uncallable::Throttled => Refusal::throttled(),
            Uncallable::Unknown => {
                let arn = self.arn(named);
                // AWS names the version that it has looked for.
                Refusal::not_found(&match is_qualified(&arn) {
                    true => arn,
                    false => format!("{arn}:$LATEST"),
                })
            }
        }
    }

    /// The ARN that a name, a part of an ARN or an ARN means.
    fn arn(&self, named: &str) -> String {
        if named.starts_with("arn:") {
            return named.to_owned();
        }
        let name = named
            .split_once("function:")
            .map_or(named, |(_, name)| name);
        format!("{}{name}", self.arns)
    }
}

/// `X-Amz-Client-Context`, decoded: one line of JSON for the runtime.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>; that what is no
/// object is refused, and the words, are assumed.
fn client_context(head: &Head) -> Result<Option<String>, Refusal> {
    let Some(given) = head.headers.get("X-Amz-Client-Context") else {
        return Ok(None);
    };
    let decoded = spec::base64::decode(given).unwrap_or_default();
    match serde_json::from_slice::<Option<serde_json::Map<_, _>>>(&decoded) {
        // A header's value is one line.
        Ok(context) if given.len() <= CLIENT_CONTEXT => {
            let context = context.map_or(serde_json::Value::Null, Into::into);
            Ok(Some(ascii(&context.to_string())))
        }
        _ => Err(Refusal::client_context()),
    }
}

/// JSON in the characters of a header.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

fn log_type(head: &Head) -> Result<LogType, Refusal> {
    match head.headers.get("X-Amz-Log-Type") {
        None | Some("None") => Ok(LogType::None),
        Some("Tail") => Ok(LogType::Tail),
        Some(other) => Err(Refusal::not_one_of(other, "logType", "[Tail, None]")),
    }
}

/// The function that a request names.
fn function_name(head: &Head) -> Result<String, Refusal> {
    let below = head.path().strip_prefix(FUNCTIONS).unwrap_or_default();
    let name = below.strip_prefix('/');
    let name = name.and_then(|name| name.strip_suffix("/invocations"));
    match name {
        Some(name) if head.method == "POST" && !name.is_empty() => {
            let name = decode(name, Plus::Literal);
            Ok(match qualifier(head) {
                // One in the path goes before.
                Some(qualifier) if !is_qualified(&name) => format!("{name}:{qualifier}"),
                _ => name,
            })
        }
        _ => Err(Refusal::unknown_operation(format!(
            "gatespec has only Lambda's Invoke, `POST {FUNCTIONS}/NAME/invocations`, and not {} {}",
            head.method,
            head.path()
        ))),
    }
}

/// The `Qualifier` of a request.
fn qualifier(head: &Head) -> Option<String> {
    let (_, query) = head.target.split_once('?')?;
    let mut fields = query.split('&');
    let qualifier = fields.find_map(|field| field.strip_prefix("Qualifier="))?;
    Some(decode(qualifier, Plus::Literal)).filter(|qualifier| !qualifier.is_empty())
}

/// Whether a name, an ARN or a part of one ends in a qualifier.
fn is_qualified(named: &str) -> bool {
    let name = named
        .split_once("function:")
        .map_or(named, |(_, name)| name);
    name.contains(':')
}

/// The event, a JSON text. Nothing is an event without members.
fn payload(body: Vec<u8>, kind: InvocationType) -> Result<String, Refusal> {
    if kind == InvocationType::Event && body.len() > ASYNCHRONOUS {
        return Err(Refusal::event_too_large(body.len(), ASYNCHRONOUS));
    }
    if body.is_empty() {
        return Ok("{}".to_owned());
    }
    let problem = match serde_json::from_slice::<IgnoredAny>(&body) {
        Ok(_) => match String::from_utf8(body) {
            Ok(text) => return Ok(text),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    Err(Refusal::no_json(&problem))
}

impl InvocationType {
    fn of(head: &Head) -> Result<Self, Refusal> {
        match head.headers.get("X-Amz-Invocation-Type") {
            None | Some("RequestResponse") => Ok(Self::RequestResponse),
            Some("Event") => Ok(Self::Event),
            Some("DryRun") => Ok(Self::DryRun),
            Some(other) => {
                let known = "[Event, RequestResponse, DryRun]";
                Err(Refusal::not_one_of(other, "invocationType", known))
            }
        }
    }
}
