//! Points in time as API Gateway writes them. The specification has no clock: every entry point
//! takes the time as an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z, the unit of `connectedAt` and `requestTimeEpoch`.
///
/// Realises: EVENT-21
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// A UTC date and time of day, split for formatting.
struct Civil {
    year: u64,
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millis: u64,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Timestamp {
    /// A point in time from milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Common log format, as in `requestTime`: `20/Jan/2024:11:55:00 +0000`.
    ///
    /// Realises: EVENT-20
    pub fn common_log_format(self) -> String {
        let c = self.civil();
        format!(
            "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000",
            c.day,
            MONTHS[c.month - 1],
            c.year,
            c.hour,
            c.minute,
            c.second
        )
    }

    /// ISO 8601 with milliseconds and `Z`, as in the answer of GetConnection:
    /// `2020-11-15T12:23:14.726Z`.
    ///
    /// Realises: MANAGEMENT-11
    pub fn iso_8601(self) -> String {
        let c = self.civil();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            c.year, c.month, c.day, c.hour, c.minute, c.second, c.millis
        )
    }

    /// ISO 8601's basic format in whole seconds, as signatures use it: `20201115T122314Z`.
    ///
    /// Realises: AUTHORIZER-69
    pub(crate) fn iso_8601_basic(self) -> String {
        let c = self.civil();
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }

    /// Reads ISO 8601's basic format; `None` for anything else, and for what is before 1970.
    pub fn from_iso_8601_basic(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| -> Option<u64> {
            let digits = text.get(range)?;
            let all = digits.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| digits.parse().ok()).flatten()
        };
        let (year, month, day) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
        let (hour, minute, second) = (digits(9..11)?, digits(11..13)?, digits(13..15)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
            return None;
        }
        // Hinnant's `days_from_civil`, the way back of `civil`.
        let year = year - u64::from(month <= 2);
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
        let at = Self(seconds * 1000);
        // A day that the month does not have, or an hour 25, comes out as another.
        (at.iso_8601_basic() == text).then_some(at)
    }

    /// Days since 1970-01-01, in UTC.
    pub(crate) const fn days(self) -> i64 {
        (self.0 / 86_400_000).cast_signed()
    }

    /// Year, month and day in UTC, months and days from 1.
    pub(crate) fn date(self) -> (i64, i64, i64) {
        let c = self.civil();
        (c.year.cast_signed(), c.month as i64, c.day.cast_signed())
    }

    /// Days to a civil date, after Howard Hinnant's `civil_from_days` for years from 1970 on.
    fn civil(self) -> Civil {
        let (days, in_day) = (self.0 / 86_400_000, self.0 % 86_400_000);
        let shifted = days + 719_468; // days since 0000-03-01
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Civil {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month: month as usize,
            day,
            hour: in_day / 3_600_000,
            minute: in_day / 60_000 % 60,
            second: in_day / 1_000 % 60,
            millis: in_day % 1_000,
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso_8601())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    // Instants whose text others recorded on AWS (Go library fixtures, brefphp samples), and the
    // calendar's corners.
    #[rstest]
    #[case(
        1_705_751_700_453,
        "20/Jan/2024:11:55:00 +0000",
        "2024-01-20T11:55:00.453Z"
    )]
    #[case(
        1_605_442_994_726,
        "15/Nov/2020:12:23:14 +0000",
        "2020-11-15T12:23:14.726Z"
    )]
    #[case(0, "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00.000Z")]
    #[case(
        1_709_164_799_999,
        "28/Feb/2024:23:59:59 +0000",
        "2024-02-28T23:59:59.999Z"
    )]
    #[case(
        1_709_164_800_000,
        "29/Feb/2024:00:00:00 +0000",
        "2024-02-29T00:00:00.000Z"
    )]
    #[case(
        4_107_542_399_000,
        "28/Feb/2100:23:59:59 +0000",
        "2100-02-28T23:59:59.000Z"
    )]
    #[case(
        4_107_542_400_000,
        "01/Mar/2100:00:00:00 +0000",
        "2100-03-01T00:00:00.000Z"
    )]
    fn instants_print_as_aws_prints_them(
        #[case] millis: u64,
        #[case] clf: &str,
        #[case] iso: &str,
    ) {
        let at = Timestamp::from_millis(millis);
        assert_eq!(at.common_log_format(), clf);
        assert_eq!(at.iso_8601(), iso);
    }

    #[rstest]
    #[case("20150830T123600Z", Some(1_440_938_160_000))]
    #[case("20240229T000000Z", Some(1_709_164_800_000))]
    #[case("19700101T000000Z", Some(0))]
    #[case("20230229T000000Z", None)]
    #[case("20150830T246000Z", None)]
    #[case("20151330T123600Z", None)]
    #[case("2015-08-30T12:36:00Z", None)]
    #[case("20150830T123600", None)]
    #[case("+0150830T123600Z", None)]
    #[case("19691231T235959Z", None)]
    #[case("", None)]
    fn only_the_basic_format_is_read(#[case] text: &str, #[case] millis: Option<u64>) {
        let read = Timestamp::from_iso_8601_basic(text);
        assert_eq!(read, millis.map(Timestamp::from_millis));
    }

    proptest! {
        #[test]
        fn reading_takes_back_printing(seconds in 0_u64..253_402_300_800) {
            let at = Timestamp::from_millis(seconds * 1000);
            prop_assert_eq!(Timestamp::from_iso_8601_basic(&at.iso_8601_basic()), Some(at));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Timestamp::from_iso_8601_basic(&text);
        }
    }
}
