//! The errors that Lambda itself reports for a function, as JSON text.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::{Value, json};

/// The most bytes that a result may have.
pub(super) const RESULT_BYTES: usize = 6 * 1024 * 1024 + 100;

/// The process ended while it had an event, or before it asked for one.
pub(super) fn exited(request_id: &str, status: Option<ExitStatus>) -> String {
    let how = match status {
        Some(status) if status.success() => {
            "Error: Runtime exited without providing a reason".to_owned()
        }
        Some(status) => format!("Error: Runtime exited with error: {}", describe(status)),
        None => "Error: Runtime exited without providing a reason".to_owned(),
    };
    error(
        "Runtime.ExitError",
        &format!("RequestId: {request_id} {how}"),
    )
}

/// The function took longer than its `Timeout`.
pub(super) fn timed_out(request_id: &str, after: Duration) -> String {
    let message = format!(
        "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
        after.as_secs_f64()
    );
    error("Sandbox.Timedout", &message)
}

/// The process could not be started.
pub(super) fn not_started(request_id: &str, cause: &str) -> String {
    error(
        "Runtime.InvalidEntrypoint",
        &format!("RequestId: {request_id} Error: {cause}"),
    )
}

/// The result was larger than a result may be.
pub(super) fn too_large(size: usize) -> String {
    let message = format!(
        "Response payload size ({size} bytes) exceeded maximum allowed payload size ({RESULT_BYTES} bytes)."
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

    // A wait status, as the system gives it: the exit code in the second byte, the signal in the first.
    #[rstest]
    #[case(9, "signal: killed")]
    #[case(11, "signal: segmentation fault")]
    #[case(1 << 8, "exit status 1")]
    #[case(101 << 8, "exit status 101")]
    fn the_words_are_lambdas(#[case] status: i32, #[case] words: &str) {
        let text = exited("id", Some(ExitStatus::from_raw(status)));
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["errorType"], "Runtime.ExitError");
        assert_eq!(
            error["errorMessage"],
            format!("RequestId: id Error: Runtime exited with error: {words}")
        );
    }

    #[test]
    fn what_a_function_reports_is_json_in_any_case() {
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
