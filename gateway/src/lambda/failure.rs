//! The errors that Lambda itself reports for a function, as JSON text.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::{Value, json};

/// Why an event has failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The function said so: its error as JSON.
    Reported(String),
    /// The process said why it cannot start: its error as JSON.
    Init(String),
    /// The process ended while it had the event, or before it asked for one.
    Exited(ExitStatus),
    /// The process was lost: nobody knows how it ended.
    Lost,
    /// The process could not be started.
    NotStarted(StartError),
    /// The function took longer than its `Timeout`, which is this long.
    TimedOut(Duration),
    /// Its processes took longer to start than this.
    InitTimedOut(Duration),
    /// The result had this many bytes, more than [`RESULT_BYTES`].
    TooLarge(u64),
    /// The result's `Lambda-Runtime-Function-Response-Mode` is unknown.
    ResponseMode,
    /// The gateway goes down.
    Stopped,
}

/// How an invocation or a start ended, for its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// With a result, or with an error of the function's.
    Success,
    /// The process ended, or could not start; the type of its error.
    Error(String),
    /// `Timeout` was reached.
    Timeout,
}

/// When a process was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For the first time.
    Init,
    /// Again, within an invocation: its `Timeout` counts.
    Invoke,
}

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The runtime names none.
    #[error("there is no program to run")]
    NoProgram,
    /// Its Runtime API has no port.
    #[error("a port for its Runtime API is missing: {0}")]
    RuntimeApi(#[source] io::Error),
    /// Its output has nowhere to go.
    #[error("a pipe for its output is missing: {0}")]
    Output(#[source] io::Error),
    /// The system refuses.
    #[error("`{}` cannot be started: {error}", program.display())]
    Program {
        /// What was to be run.
        program: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
}

/// The most bytes that a result may have.
pub(super) const RESULT_BYTES: usize = 6 * 1024 * 1024 + 100;

impl Failure {
    /// The error as Lambda reports it: a JSON text with `errorType` and `errorMessage`.
    pub(super) fn to_json(&self, request_id: &str) -> String {
        const NO_REASON: &str = "Error: Runtime exited without providing a reason";
        let error = |error_type: &str, what: &str| {
            error(error_type, &format!("RequestId: {request_id} {what}"))
        };
        match self {
            Self::Reported(text) | Self::Init(text) => text.clone(),
            Self::Exited(status) if !status.success() => {
                let how = describe(*status);
                let what = format!("Error: Runtime exited with error: {how}");
                error("Runtime.ExitError", &what)
            }
            Self::Exited(_) | Self::Lost | Self::Stopped => error("Runtime.ExitError", NO_REASON),
            Self::NotStarted(cause) => {
                error("Runtime.InvalidEntrypoint", &format!("Error: {cause}"))
            }
            Self::TimedOut(after) => {
                let after = after.as_secs_f64();
                let what = format!("Error: Task timed out after {after:.2} seconds");
                error("Sandbox.Timedout", &what)
            }
            Self::InitTimedOut(after) => {
                let what = format!("Error: {}", init_timed_out(*after));
                error("Sandbox.Timedout", &what)
            }
            Self::TooLarge(size) => too_large(*size),
            Self::ResponseMode => self::error(
                "Runtime.InvalidResponseModeHeader",
                "the result's Lambda-Runtime-Function-Response-Mode is unknown",
            ),
        }
    }

    /// What its log says of the start or the invocation that has ended like this.
    pub(super) fn status(&self) -> Status {
        match self {
            Self::TimedOut(_) | Self::InitTimedOut(_) => Status::Timeout,
            other => {
                let error: Value = serde_json::from_str(&other.to_json("")).unwrap_or_default();
                let error_type = error["errorType"].as_str();
                Status::Error(error_type.unwrap_or("Runtime.Unknown").to_owned())
            }
        }
    }

    /// Whether the function's process failed, which its developer should hear of. What a function
    /// reports itself is its caller's.
    pub(super) fn is_of_the_process(&self) -> bool {
        !matches!(self, Self::Reported(_) | Self::TooLarge(_) | Self::Stopped)
    }
}

/// A start that was cut, in words.
pub(super) fn init_timed_out(after: Duration) -> String {
    format!("Init timed out after {:.2} seconds", after.as_secs_f64())
}

/// What the runtime hears when it posts such a result.
pub(super) fn entity_too_large() -> String {
    let message = format!("Exceeded maximum allowed payload size ({RESULT_BYTES} bytes).");
    error("RequestEntityTooLarge", &message)
}

/// The result was larger than a result may be.
fn too_large(size: u64) -> String {
    let message = format!(
        "Response payload size ({size} bytes) exceeded maximum allowed payload size \
         ({RESULT_BYTES} bytes)."
    );
    error("Function.ResponseSizeTooLarge", &message)
}

/// What a function reported as its error: as it is if it is JSON, else wrapped.
pub(super) fn reported(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(_)) => text.into_owned(),
        _ => error("Unhandled", &text),
    }
}

/// The error of a streamed answer, as its trailers say it: the type, and the error's JSON in base64.
pub(super) fn streamed(error_type: &str, body: Option<&str>) -> String {
    let decoded = body.and_then(|body| spec::base64::decode(body.trim()));
    match decoded {
        Some(decoded) if !decoded.is_empty() => reported(&decoded),
        _ => error(error_type, ""),
    }
}

/// An error, which is JSON, for people: `TYPE: MESSAGE`. Its trace is in the function's own lines.
pub(super) fn in_words(error: &str) -> String {
    let value: Value = serde_json::from_str(error).unwrap_or_default();
    match (value["errorType"].as_str(), value["errorMessage"].as_str()) {
        (Some(error_type), Some(message)) => format!("{error_type}: {message}"),
        _ => error.to_owned(),
    }
}

fn error(error_type: &str, message: &str) -> String {
    json!({"errorType": error_type, "errorMessage": message}).to_string()
}

/// In the words of Lambda (which are Go's): `exit status 1`, `signal: killed`.
fn describe(status: ExitStatus) -> String {
    if let Some(signal) = status.signal() {
        let name = match signal {
            1 => "hangup",
            2 => "interrupt",
            3 => "quit",
            4 => "illegal instruction",
            6 => "aborted",
            7 => "bus error",
            8 => "floating point exception",
            9 => "killed",
            11 => "segmentation fault",
            13 => "broken pipe",
            15 => "terminated",
            other => return format!("signal: signal {other}"),
        };
        return format!("signal: {name}");
    }
    format!("exit status {}", status.code().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // A wait status, as the system gives it: the exit code in the second byte, the signal in the
    // first.
    #[rstest]
    #[case(9, "signal: killed")]
    #[case(11, "signal: segmentation fault")]
    #[case(1 << 8, "exit status 1")]
    #[case(101 << 8, "exit status 101")]
    fn the_words_are_lambdas(#[case] status: i32, #[case] words: &str) {
        let text = Failure::Exited(ExitStatus::from_raw(status)).to_json("id");
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["errorType"], "Runtime.ExitError");
        assert_eq!(
            error["errorMessage"],
            format!("RequestId: id Error: Runtime exited with error: {words}")
        );
    }

    #[test]
    fn a_streamed_error_is_what_its_trailers_say() {
        let body = spec::base64::encode(br#"{"errorType":"Late"}"#);
        assert_eq!(streamed("Late", Some(&body)), r#"{"errorType":"Late"}"#);
        let alone = r#"{"errorType":"Late","errorMessage":""}"#;
        assert_eq!(streamed("Late", None), alone);
        assert_eq!(streamed("Late", Some("no base64")), alone);
    }

    #[test]
    fn an_error_is_said_in_words_as_far_as_it_has_them() {
        let error = r#"{"errorType":"A","errorMessage":"b\nc","stackTrace":["d"]}"#;
        assert_eq!(in_words(error), "A: b\nc");
        let other = r#"{"errorMessage":1}"#;
        assert_eq!(in_words(other), other);
    }

    #[test]
    fn a_reported_error_is_json_in_any_case() {
        assert_eq!(
            reported(br#"{"errorMessage":"x"}"#),
            r#"{"errorMessage":"x"}"#
        );
        assert_eq!(
            reported(b"\"x\""),
            r#"{"errorType":"Unhandled","errorMessage":"\"x\""}"#
        );
        assert!(serde_json::from_str::<Value>(&reported(b"\xff")).is_ok());
    }
}
