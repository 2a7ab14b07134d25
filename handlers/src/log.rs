//! The log: JSON lines with the request id, never with the token.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::environment::Environment;

/// The lowest level that is logged: `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the template's
/// `LoggingConfig`; `INFO` if it is unset or not a level.
#[must_use]
pub fn level(environment: &Environment) -> LevelFilter {
    match environment.get("AWS_LAMBDA_LOG_LEVEL") {
        Some(level) if level.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        Some(level) => level.parse().unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

/// A subscriber that writes one JSON object per line: `timestamp`, `level`, `message`, fields, and
/// the span with the request id.
///
/// This crate logs from `level` up, all others from INFO up at most: below INFO the runtime writes
/// whole events into the log, and with them the token.
pub fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer);
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("handlers", level);
    tracing_subscriber::registry().with(filter).with(lines)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, LevelFilter::INFO)]
    #[case(Some("DEBUG"), LevelFilter::DEBUG)]
    #[case(Some("warn"), LevelFilter::WARN)]
    #[case(Some("FATAL"), LevelFilter::ERROR)]
    #[case(Some("loud"), LevelFilter::INFO)]
    fn the_level_is_lambdas(#[case] value: Option<&str>, #[case] expected: LevelFilter) {
        let environment = value
            .map(|value| ("AWS_LAMBDA_LOG_LEVEL", value))
            .into_iter()
            .collect();
        assert_eq!(level(&environment), expected);
    }
}
