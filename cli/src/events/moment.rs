//! When an event happens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use spec::Timestamp;
use spec::limits::CONNECTION_DURATION;

use super::route::Asked;
use crate::Failure;

/// When it happens.
#[derive(Args, Clone)]
pub(crate) struct MomentArgs {
    /// `requestTimeEpoch`: milliseconds since 1970, or as in 2024-01-20T11:55:00.453Z [default:
    /// about that].
    #[arg(long, value_name = "TIME", value_parser = moment)]
    time: Option<Timestamp>,
    /// `connectedAt`, in the same forms [default: some seconds before].
    #[arg(long, value_name = "TIME", value_parser = moment)]
    connected_at: Option<Timestamp>,
}

/// When a connection was opened whose events were seen on AWS.
const SEEN: Timestamp = Timestamp::from_millis(1_705_751_697_419);
/// How much later its message came.
const MESSAGE: Duration = Duration::from_millis(3_034);
/// How much later it ended.
const END: Duration = Duration::from_millis(10_907);

impl MomentArgs {
    /// When the connection was opened, and when the event happens.
    pub(super) fn times(
        &self,
        asked: &Asked,
        now: bool,
    ) -> Result<(Timestamp, Timestamp), Failure> {
        let age = match asked {
            Asked::Authorizer | Asked::Connect => Duration::ZERO,
            Asked::Message(_) => MESSAGE,
            Asked::Disconnect => END,
        };
        let (connected, at) = match (self.connected_at, self.time) {
            (Some(connected), None) => (connected, connected + age),
            (Some(connected), Some(at)) => (connected, at),
            (None, Some(at)) => (at - age, at),
            (None, None) if now => (system() - age, system()),
            (None, None) => (SEEN, SEEN + age),
        };
        if asked.is_of_the_handshake() && connected != at {
            return Err(Failure::usage(
                "the connection is opened when this event happens: leave `--connected-at` out",
            ));
        }
        if at < connected || at.since(connected) >= CONNECTION_DURATION {
            return Err(Failure::usage(
                "`--time` must be behind `--connected-at`, by less than two hours: no connection \
                 lives longer",
            ));
        }
        Ok((connected, at))
    }
}

fn system() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(millis) = text.parse() {
        return Ok(Timestamp::from_millis(millis));
    }
    let read = || {
        let text = text.strip_suffix('Z')?;
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
        let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let basic = seconds.replace(['-', ':'], "") + "Z";
        let at = Timestamp::from_iso_8601_basic(&basic).filter(|_| digits)?;
        Some(at + Duration::from_millis(millis))
    };
    let wrong = "it must be milliseconds since 1970, or a time as in 2024-01-20T11:55:00.453Z";
    read().ok_or_else(|| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1705751700453", Some(1_705_751_700_453))]
    #[case("2024-01-20T11:55:00.453Z", Some(1_705_751_700_453))]
    #[case("2024-01-20T11:55:00Z", Some(1_705_751_700_000))]
    #[case("20240120T115500.4Z", Some(1_705_751_700_400))]
    #[case("2024-01-20T11:55:00.453", None)]
    #[case("2024-01-20T11:55:00.-5Z", None)]
    #[case("2024-13-20T11:55:00Z", None)]
    #[case("now", None)]
    #[case("", None)]
    fn times_are_read(#[case] text: &str, #[case] millis: Option<u64>) {
        assert_eq!(moment(text).ok(), millis.map(Timestamp::from_millis));
    }
}
