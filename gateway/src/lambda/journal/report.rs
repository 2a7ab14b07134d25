//! The lines that Lambda writes about an invocation, as people know them from CloudWatch: as text,
//! or as JSON for functions with `LoggingConfig.LogFormat: JSON`.
//!
//! Sources: LocalStack recorded AWS's lines (`REPORT RequestId: …\tDuration: 3.01 ms\tBilled
//! Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms`) in
//! `tests/aws/services/lambda_/test_lambda.snapshot.json`; `Status: timeout` is in
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>. What is written
//! of a start that fails was recorded from AWS by several people in public repositories (2024 to
//! 2026): its own lines and `INIT_REPORT` with `Phase: init`, the same of the second start with
//! `Phase: invoke`, then `START`, `END`, and a `REPORT` with `Status: error` and `Error Type`, whose
//! `Duration` includes the second start. For JSON: the types of records are those of
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>, which of them are
//! written is in <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
//! (at the level `INFO`: no `platform.runtimeDone` of what succeeded).

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use spec::Timestamp;

use crate::lambda::failure::{Phase, Status};
use crate::lambda::launch::Format;
use crate::trace::FunctionReport;

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

/// A start that has failed.
pub(super) struct InitReport {
    pub(super) duration: Duration,
    /// Whether the event was there already, whose first start had failed.
    pub(super) phase: Phase,
    pub(super) status: Status,
}

/// The lines of a format.
impl Format {
    pub(super) fn start(self, now: Timestamp, request_id: &str, arn: &str) -> String {
        match self {
            Self::Text => format!("START RequestId: {request_id} Version: $LATEST"),
            Self::Json => platform(
                now,
                "start",
                &json!({"requestId": request_id, "functionArn": arn, "version": "$LATEST"}),
            ),
        }
    }

    /// `END`; as JSON there is only something to say of what has not succeeded.
    pub(super) fn end(self, now: Timestamp, report: &Report<'_>) -> Option<String> {
        match (self, &report.status) {
            (Self::Text, _) => Some(end(report.request_id)),
            (Self::Json, Status::Success) => None,
            (Self::Json, status) => {
                let mut record = json!({"requestId": report.request_id});
                status.put(&mut record);
                record["metrics"] = json!({"durationMs": rounded(report.duration)});
                Some(platform(now, "runtimeDone", &record))
            }
        }
    }

    pub(super) fn report(self, now: Timestamp, report: &Report<'_>) -> String {
        match self {
            Self::Text => report.to_string(),
            Self::Json => platform(now, "report", &report.to_json()),
        }
    }

    pub(super) fn init_report(self, now: Timestamp, report: &InitReport) -> String {
        let phase = match report.phase {
            Phase::Init => "init",
            Phase::Invoke => "invoke",
        };
        match self {
            Self::Text => format!(
                "INIT_REPORT Init Duration: {:.2} ms\tPhase: {phase}{}",
                millis(report.duration),
                report.status
            ),
            Self::Json => {
                let mut record = json!({"initializationType": "on-demand", "phase": phase});
                report.status.put(&mut record);
                record["metrics"] = json!({"durationMs": rounded(report.duration)});
                platform(now, "initReport", &record)
            }
        }
    }

    /// What stands between `START` and `END` of an invocation that its function has not ended
    /// itself, as text. JSON says it in `platform.runtimeDone`.
    pub(super) fn reason(self, reason: String) -> Option<String> {
        (self == Self::Text).then_some(reason)
    }
}

impl Report<'_> {
    /// What is billed. Since August 2025 that includes the start, for every runtime.
    ///
    /// Source: <https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/>
    fn billed(&self) -> f64 {
        millis(self.duration + self.init.unwrap_or_default()).ceil()
    }

    /// The same for those who watch.
    pub(super) fn traced(&self) -> FunctionReport {
        FunctionReport {
            duration: self.duration,
            init: self.init,
            memory_size: self.memory_size,
            max_memory_used: self.peak.map(|peak| peak.div_ceil(1024)),
            status: match &self.status {
                Status::Success => "success".to_owned(),
                Status::Error(error_type) => error_type.clone(),
                Status::Timeout => "timeout".to_owned(),
            },
        }
    }

    fn to_json(&self) -> Value {
        let mut metrics = json!({
            "durationMs": rounded(self.duration),
            "billedDurationMs": self.billed() as u64,
            "memorySizeMB": self.memory_size,
        });
        if let Some(peak) = self.peak {
            metrics["maxMemoryUsedMB"] = peak.div_ceil(1024).into();
        }
        if let Some(init) = self.init {
            metrics["initDurationMs"] = rounded(init).into();
        }
        let mut record = json!({"requestId": self.request_id, "metrics": metrics});
        self.status.put(&mut record);
        record
    }
}

impl Status {
    /// Adds the members `status` and `errorType`.
    fn put(&self, record: &mut Value) {
        let (status, error_type) = match self {
            Self::Success => ("success", None),
            Self::Error(error_type) => ("error", Some(error_type)),
            Self::Timeout => ("timeout", None),
        };
        record["status"] = status.into();
        if let Some(error_type) = error_type {
            record["errorType"] = error_type.as_str().into();
        }
    }
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

/// A record of Lambda's own, as JSON.
fn platform(now: Timestamp, kind: &str, record: &Value) -> String {
    json!({"time": now.iso_8601(), "type": format!("platform.{kind}"), "record": record})
        .to_string()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// In milliseconds, to the microsecond.
fn rounded(duration: Duration) -> f64 {
    millis(Duration::from_micros(duration.as_micros() as u64))
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => Ok(()),
            Self::Error(error_type) => write!(f, "\tStatus: error\tError Type: {error_type}"),
            Self::Timeout => f.write_str("\tStatus: timeout"),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB",
            self.request_id,
            millis(self.duration),
            self.billed(),
            self.memory_size,
        )?;
        if let Some(peak) = self.peak {
            write!(f, "\tMax Memory Used: {} MB", peak.div_ceil(1024))?;
        }
        if let Some(init) = self.init {
            write!(f, "\tInit Duration: {:.2} ms", millis(init))?;
        }
        write!(f, "{}", self.status)
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
        report(None, None, Status::Error("Runtime.ExitError".to_owned())),
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

    // Recorded from AWS: the first in 2025 (Node), the second in 2026 (Python); the third and the
    // fourth as JSON.
    #[rstest]
    #[case(
        Format::Text,
        Phase::Init,
        error(),
        150_790,
        "INIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError"
    )]
    #[case(
        Format::Text,
        Phase::Invoke,
        error(),
        80_490,
        "INIT_REPORT Init Duration: 80.49 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError"
    )]
    #[case(
        Format::Text,
        Phase::Init,
        Status::Timeout,
        9_999_790,
        "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout"
    )]
    #[case(Format::Json, Phase::Init, Status::Timeout, 10_000_487, r#"{"time":"1970-01-01T00:00:01.000Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","status":"timeout","metrics":{"durationMs":10000.487}}}"#)]
    #[case(Format::Json, Phase::Invoke, error(), 1_500, r#"{"time":"1970-01-01T00:00:01.000Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"invoke","status":"error","errorType":"Runtime.ImportModuleError","metrics":{"durationMs":1.5}}}"#)]
    fn a_start_that_fails_is_reported(
        #[case] format: Format,
        #[case] phase: Phase,
        #[case] status: Status,
        #[case] micros: u64,
        #[case] expected: &str,
    ) {
        let report = InitReport {
            duration: Duration::from_micros(micros),
            phase,
            status,
        };
        let now = Timestamp::from_millis(1000);
        assert_eq!(format.init_report(now, &report), expected);
    }

    fn error() -> Status {
        Status::Error("Runtime.ImportModuleError".to_owned())
    }

    // The first two recorded from AWS in 2026.
    #[test]
    fn functions_that_log_json_have_records() {
        let now = Timestamp::from_millis(1000);
        let mut report = Report {
            request_id: "1",
            duration: Duration::from_micros(1_233_960),
            init: Some(Duration::from_micros(463_512)),
            memory_size: 256,
            peak: Some(123 * 1024),
            status: Status::Success,
        };
        assert_eq!(
            Format::Json.start(now, "1", "arn"),
            r#"{"time":"1970-01-01T00:00:01.000Z","type":"platform.start","record":{"requestId":"1","functionArn":"arn","version":"$LATEST"}}"#
        );
        assert_eq!(
            Format::Json.report(now, &report),
            r#"{"time":"1970-01-01T00:00:01.000Z","type":"platform.report","record":{"requestId":"1","metrics":{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":256,"maxMemoryUsedMB":123,"initDurationMs":463.512},"status":"success"}}"#
        );
        assert_eq!(Format::Json.end(now, &report), None);
        report.status = Status::Timeout;
        assert_eq!(
            Format::Json.end(now, &report).as_deref(),
            Some(
                r#"{"time":"1970-01-01T00:00:01.000Z","type":"platform.runtimeDone","record":{"requestId":"1","status":"timeout","metrics":{"durationMs":1233.96}}}"#
            )
        );
    }
}
