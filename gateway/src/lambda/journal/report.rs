//! The lines that Lambda writes about an invocation, as people know them from CloudWatch.
//!
//! Sources: LocalStack recorded AWS's lines (`REPORT RequestId: …\tDuration: 3.01 ms\tBilled
//! Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms`) in
//! `tests/aws/services/lambda_/test_lambda.snapshot.json`; `Status: timeout` is in
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use spec::Timestamp;

/// The figures of an invocation that has ended.
pub(super) struct Report<'r> {
    pub(super) request_id: &'r str,
    pub(super) duration: Duration,
    /// How long its process took to start, for the first event of that.
    pub(super) init: Option<Duration>,
    /// `MemorySize`, in MB.
    pub(super) memory_size: u64,
    /// The most memory that the process has had, in KiB, if the system tells.
    pub(super) peak: Option<u64>,
    pub(super) status: Status,
}

/// How an invocation ended, for its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// With a result, or with an error of the function's.
    Success,
    /// The process ended.
    Error,
    /// `Timeout` was reached.
    Timeout,
}

pub(super) fn start(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST")
}

pub(super) fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

pub(super) fn timed_out(now: Timestamp, request_id: &str, after: Duration) -> String {
    let (now, after) = (now.iso_8601(), after.as_secs_f64());
    format!("{now} {request_id} Task timed out after {after:.2} seconds")
}

/// What is said of a process that has ended: its error, as JSON, in words.
pub(super) fn exited(error: &str) -> String {
    let error: Value = serde_json::from_str(error).unwrap_or_default();
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    format!("{}\n{}", text("errorMessage"), text("errorType"))
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        // Since August 2025 the start is billed for every runtime.
        // Source: <https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/>
        let billed = self.duration + self.init.unwrap_or_default();
        write!(
            f,
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB",
            self.request_id,
            millis(self.duration),
            millis(billed).ceil(),
            self.memory_size,
        )?;
        if let Some(peak) = self.peak {
            write!(f, "\tMax Memory Used: {} MB", peak.div_ceil(1024))?;
        }
        if let Some(init) = self.init {
            write!(f, "\tInit Duration: {:.2} ms", millis(init))?;
        }
        f.write_str(match self.status {
            Status::Success => "",
            Status::Error => "\tStatus: error\tError Type: Runtime.ExitError",
            Status::Timeout => "\tStatus: timeout",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn report(init: Option<u64>, peak: Option<u64>, status: Status) -> String {
        let report = Report {
            request_id: "1",
            duration: Duration::from_micros(250_060),
            init: init.map(Duration::from_micros),
            memory_size: 1024,
            peak,
            status,
        };
        report.to_string()
    }

    #[rstest]
    // AWS's own example of the billed start.
    #[case(
        report(Some(100_770), Some(350 * 1024), Status::Success),
        "REPORT RequestId: 1\tDuration: 250.06 ms\tBilled Duration: 351 ms\tMemory Size: 1024 MB\tMax Memory Used: 350 MB\tInit Duration: 100.77 ms"
    )]
    #[case(
        report(None, Some(1), Status::Timeout),
        "REPORT RequestId: 1\tDuration: 250.06 ms\tBilled Duration: 251 ms\tMemory Size: 1024 MB\tMax Memory Used: 1 MB\tStatus: timeout"
    )]
    #[case(
        report(None, None, Status::Error),
        "REPORT RequestId: 1\tDuration: 250.06 ms\tBilled Duration: 251 ms\tMemory Size: 1024 MB\tStatus: error\tError Type: Runtime.ExitError"
    )]
    fn a_report_is_what_cloudwatch_shows(#[case] report: String, #[case] expected: &str) {
        assert_eq!(report, expected);
    }

    #[test]
    fn a_process_that_has_ended_is_said_in_words() {
        let error = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: x"}"#;
        assert_eq!(exited(error), "RequestId: 1 Error: x\nRuntime.ExitError");
        assert_eq!(
            timed_out(Timestamp::from_millis(1000), "1", Duration::from_secs(3)),
            "1970-01-01T00:00:01.000Z 1 Task timed out after 3.00 seconds"
        );
    }
}
