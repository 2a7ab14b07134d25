//! Lambda's Invoke API, for functions that call each other, and for trying one from outside:
//! `POST /2015-03-31/functions/{name}/invocations`.
//!
//! Names, ARNs and parts of them are taken, and SAM's names in the template; each with any
//! qualifier, because there is only one code here. Nothing has to be signed.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>; the members of errors
//! are those of botocore's model of Lambda.

use serde::de::IgnoredAny;
use serde_json::json;
use spec::io::FunctionOutcome;
use spec::percent::{Plus, decode};

use crate::http1::{Connection, Head, ReadError};
use crate::lambda::{Functions, LogType, Uncallable};

/// An error of Lambda's.
#[derive(Debug)]
struct Refusal {
    status: u16,
    /// `x-amzn-ErrorType`.
    kind: &'static str,
    /// `ResourceNotFoundException` spells it otherwise than all the others.
    key: &'static str,
    message: String,
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
/// The most bytes of a payload that somebody waits for, and of one that nobody waits for.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const PAYLOAD: usize = 6 * 1024 * 1024;
const ASYNCHRONOUS: usize = 1024 * 1024;

/// Whether a path is Lambda's.
pub(super) fn is_meant(path: &str) -> bool {
    let below = path.strip_prefix(FUNCTIONS);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Answers a request; whether another may follow.
pub(super) async fn answer(
    functions: &Functions,
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
    let (status, text) = match call(functions, head, body.bytes).await {
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

async fn call(functions: &Functions, head: &Head, body: Vec<u8>) -> Result<Answer, Refusal> {
    let named = function_name(head)?;
    let kind = InvocationType::of(head)?;
    functions
        .callable(&named)
        .map_err(|why| Refusal::of(&named, why))?;
    let payload = payload(body, kind)?;
    if kind == InvocationType::DryRun {
        return Ok(Answer::Status(204, None));
    }
    let trace_id = head.headers.get("X-Amzn-Trace-Id");
    if kind == InvocationType::Event {
        let queued = functions.enqueue(&named, payload, trace_id);
        let request_id = queued.map_err(|why| Refusal::of(&named, why))?;
        return Ok(Answer::Status(202, Some(request_id)));
    }
    let log_type = log_type(head)?;
    let called = functions.call(&named, payload, trace_id, log_type);
    let called = called.map_err(|why| Refusal::of(&named, why))?;
    let request_id = called.request_id.clone();
    match called.end().await {
        Some((outcome, log)) => Ok(Answer::Outcome {
            request_id,
            outcome,
            log,
        }),
        None => Err(Refusal {
            status: 500,
            kind: "ServiceException",
            key: "Message",
            message: "the gateway is going down".to_owned(),
        }),
    }
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
        Some(name) if head.method == "POST" && !name.is_empty() => Ok(decode(name, Plus::Literal)),
        _ => Err(Refusal {
            status: 501,
            kind: "UnknownOperationException",
            key: "message",
            message: format!(
                "gatespec has only Lambda's Invoke, `POST {FUNCTIONS}/NAME/invocations`, and not \
                 {} {}",
                head.method,
                head.path()
            ),
        }),
    }
}

/// The event, a JSON text. Nothing is an event without members.
fn payload(body: Vec<u8>, kind: InvocationType) -> Result<String, Refusal> {
    let most = match kind {
        InvocationType::Event => ASYNCHRONOUS,
        InvocationType::RequestResponse | InvocationType::DryRun => PAYLOAD,
    };
    if body.len() > most {
        return Err(Refusal {
            status: 413,
            kind: "RequestTooLargeException",
            key: "message",
            message: format!(
                "Request must be smaller than {most} bytes for the InvokeFunction operation"
            ),
        });
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
    Err(Refusal {
        status: 400,
        kind: "InvalidRequestContentException",
        key: "message",
        message: format!("Could not parse request body into json: {problem}"),
    })
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

impl Refusal {
    fn of(named: &str, why: Uncallable) -> Self {
        match why {
            Uncallable::Unknown => Self {
                status: 404,
                kind: "ResourceNotFoundException",
                key: "Message",
                message: format!("Function not found: {named}"),
            },
            Uncallable::NotRun(reason) => Self {
                status: 502,
                kind: "InvalidRuntimeException",
                key: "Message",
                message: format!("the function `{named}` cannot be run here: {reason}"),
            },
            Uncallable::Throttled => Self {
                status: 429,
                kind: "TooManyRequestsException",
                key: "message",
                message: "Rate Exceeded.".to_owned(),
            },
        }
    }

    /// The form is that of all of Lambda's answers to such a value; that Invoke has it too was not
    /// seen.
    fn not_one_of(value: &str, parameter: &str, known: &str) -> Self {
        Self {
            status: 400,
            kind: "ValidationException",
            key: "message",
            message: format!(
                "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy \
                 constraint: Member must satisfy enum value set: {known}"
            ),
        }
    }

    fn to_json(&self) -> String {
        match self.kind {
            "ValidationException" => json!({self.key: self.message}).to_string(),
            "TooManyRequestsException" => json!({
                "Type": "User",
                self.key: self.message,
                "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            })
            .to_string(),
            _ => json!({"Type": "User", self.key: self.message}).to_string(),
        }
    }
}
