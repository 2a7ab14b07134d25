//! The values that conditions compare: dates, networks, ARNs.

use std::net::IpAddr;

use super::wildcard;

/// A date in milliseconds since 1970, or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date(i64);

/// A network in CIDR notation, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Date {
    /// Reads seconds since 1970, or a date of ISO 8601 as W3C profiles it: `2024-01-20`,
    /// `2024-01-20T11:55Z`, `2024-01-20T11:55:00.5+01:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<i64>() {
            return Some(Self(seconds.checked_mul(1000)?));
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = numbers(date, '-')?;
        if !(1..=9999).contains(&year)
            || !(1..=12).contains(&month)
            || !(1..=days_in(year, month)).contains(&day)
        {
            return None;
        }
        let midnight = days_before(year, month, day) * 86_400_000;
        Some(Self(midnight + time.map_or(Some(0), millis_of_day)?))
    }
}

/// `11:55:00.5+01:00` in milliseconds of the day in UTC, which may then be another day.
fn millis_of_day(time: &str) -> Option<i64> {
    let (clock, zone) = match time.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let sign = time.rfind(['+', '-'])?;
            let [hours, minutes] = numbers(time.get(sign + 1..)?, ':')?;
            let ahead = (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)?;
            let ahead = if time[sign..].starts_with('-') {
                -ahead
            } else {
                ahead
            };
            (&time[..sign], ahead)
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':').or_else(|| {
        let [hour, minute] = numbers(clock, ':')?;
        Some([hour, minute, 0])
    })?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let is_number = !fraction.is_empty() && fraction.bytes().all(|digit| digit.is_ascii_digit());
    let millis: i64 = format!("{fraction:0<3}")
        .get(..3)
        .filter(|_| is_number)?
        .parse()
        .ok()?;
    Some((((hour * 60 + minute - zone) * 60) + second) * 1000 + millis)
}

/// `N` numbers of digits alone.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let parts: Vec<i64> = text
        .split(separator)
        .map(|part| {
            let digits = part.bytes().all(|digit| digit.is_ascii_digit());
            part.parse().ok().filter(|_| digits && part.len() <= 4)
        })
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a date of the civil calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let years = year - 1;
    let leap_days = years / 4 - years / 100 + years / 400;
    let in_year: i64 = (1..month).map(|month| days_in(year, month)).sum();
    years * 365 + leap_days + in_year + day - 1 - 719_162
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32`, or an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
        (prefix <= longest).then_some(Self { address, prefix })
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        let same = |one: u128, other: u128, bits: u32| {
            let host = bits - self.prefix;
            one.checked_shr(host).unwrap_or(0) == other.checked_shr(host).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                same(one.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

/// Whether an ARN matches a pattern with `*` and `?`: each of the six parts between colons for
/// itself.
pub fn arn_matches(pattern: &str, arn: &str) -> bool {
    let (pattern, arn) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    pattern.clone().count() == 6
        && arn.clone().count() == 6
        && pattern
            .zip(arn)
            .all(|(pattern, part)| wildcard(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("1705751697", Some(1_705_751_697_000))]
    #[case("1970-01-01", Some(0))]
    #[case("2024-01-20T11:55:00.453Z", Some(1_705_751_700_453))]
    #[case("2024-01-20T11:55Z", Some(1_705_751_700_000))]
    #[case("2024-01-20T12:55:00+01:00", Some(1_705_751_700_000))]
    #[case("2024-01-20T06:25:00-05:30", Some(1_705_751_700_000))]
    #[case("2024-02-29", Some(1_709_164_800_000))]
    #[case("2023-02-29", None)]
    #[case("2024-13-01", None)]
    #[case("2024-01-20T24:00:00Z", None)]
    #[case("2024-01-20T11:55:00", None)]
    #[case("2024-01-20T11:55:00.Z", None)]
    #[case("today", None)]
    #[case("", None)]
    fn dates_are_read(#[case] text: &str, #[case] millis: Option<i64>) {
        assert_eq!(Date::parse(text), millis.map(Date));
    }

    #[rstest]
    #[case("203.0.113.0/24", "203.0.113.255", true)]
    #[case("203.0.113.0/24", "203.0.114.0", false)]
    #[case("203.0.113.77/24", "203.0.113.1", true)]
    #[case("203.0.113.7", "203.0.113.7", true)]
    #[case("203.0.113.7", "203.0.113.8", false)]
    #[case("0.0.0.0/0", "198.51.100.1", true)]
    #[case("0.0.0.0/0", "2001:db8::1", false)]
    #[case("2001:db8::/32", "2001:db8:ffff::1", true)]
    #[case("2001:db8::/32", "2001:db9::1", false)]
    #[case("::/0", "2001:db9::1", true)]
    #[case("203.0.113.0/24", "::ffff:203.0.113.9", true)]
    fn networks_contain_addresses(
        #[case] network: &str,
        #[case] address: &str,
        #[case] inside: bool,
    ) {
        let network = Network::parse(network).unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), inside);
    }

    #[rstest]
    #[case("203.0.113.0/33")]
    #[case("203.0.113/24")]
    #[case("::/129")]
    #[case("1.2.3.4/-1")]
    #[case("")]
    fn what_is_no_network(#[case] text: &str) {
        assert_eq!(Network::parse(text), None);
    }

    #[test]
    fn a_star_stays_in_its_part_of_the_arn() {
        let user = "arn:aws:iam::111122223333:user/a:b";
        assert!(arn_matches("arn:aws:iam::*:user/*", user));
        assert!(!arn_matches("arn:aws:*:user/a:b", user));
        assert!(!arn_matches("*", user));
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_is_written(millis in 0_u64..253_402_300_800_000) {
            let written = Timestamp::from_millis(millis).iso_8601();
            prop_assert_eq!(Date::parse(&written), Some(Date(millis.cast_signed())));
        }

        #[test]
        fn no_text_panics(text: String, address: IpAddr) {
            let _ = Date::parse(&text);
            let _ = Date::parse(&format!("2024-01-20T{text}"));
            if let Some(network) = Network::parse(&text) {
                network.contains(address);
            }
            arn_matches(&text, &text);
        }
    }
}
