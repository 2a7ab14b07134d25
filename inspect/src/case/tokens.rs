//! What in a text may be an id or a time.

use std::ops::Range;

/// A part of a text that has the form of an id or of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Where it is, in bytes.
    pub(super) range: Range<usize>,
    pub(super) form: Form,
}

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An id of API Gateway's: 15 digits and `=`.
    Id,
    /// A UUID in small letters.
    Uuid,
    /// Common log format: the moment, in milliseconds.
    Clf(u64),
    /// ISO 8601 in UTC with milliseconds.
    Iso(u64),
    /// ISO 8601 otherwise; in UTC as far as the text says, or in whatever zone.
    Moment(u64),
    /// Milliseconds since 1970.
    Millis(u64),
    /// Seconds since 1970, perhaps with decimals behind them.
    Seconds(u64),
}

impl Form {
    /// How a pattern names it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Id => ":id",
            Self::Uuid => ":uuid",
            Self::Clf(_) => ":clf",
            Self::Iso(_) => ":iso",
            Self::Moment(_) => "",
            Self::Millis(_) | Self::Seconds(_) => ":number",
        }
    }

    /// Whether a text of this form may have this character.
    pub(super) fn may_have(self, c: char) -> bool {
        match self {
            Self::Id => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '='),
            Self::Uuid => c.is_ascii_alphanumeric() || c == '-',
            Self::Millis(_) | Self::Seconds(_) => c.is_ascii_digit(),
            Self::Clf(_) | Self::Iso(_) | Self::Moment(_) => {
                c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | ':' | '.' | '/' | ' ')
            }
        }
    }
}

/// All of a text, in order; none overlaps another.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match token(bytes, at) {
            Some(token) => {
                at = token.range.end;
                tokens.push(token);
            }
            None => at += 1,
        }
    }
    tokens
}

/// The token that begins here. All its bytes are ASCII, so that it lies between characters.
fn token(bytes: &[u8], at: usize) -> Option<Token> {
    let rest = &bytes[at..];
    let behind = |length: usize| rest.get(length).copied().unwrap_or(b' ');
    let before = match at {
        0 => b' ',
        at => bytes[at - 1],
    };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let found = |length: usize, form: Form| {
        Some(Token {
            range: at..at + length,
            form,
        })
    };
    if is_id(rest) {
        return found(16, Form::Id);
    }
    if is_word(before) || matches!(before, b'.' | b'/' | b'+') {
        return None;
    }
    if has_shape(rest, b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") && !is_word(behind(36)) {
        return found(36, Form::Uuid);
    }
    if let Some(millis) = clf(rest) {
        return found(26, Form::Clf(millis));
    }
    if let Some((length, form)) = iso(rest) {
        return found(length, form);
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits {
        13 if !is_word(behind(13)) => found(13, Form::Millis(number(&rest[..13]))),
        10 if !is_word(behind(10)) => found(10, Form::Seconds(number(&rest[..10]) * 1000)),
        _ => None,
    }
}

/// Whether an id of API Gateway's stands here.
fn is_id(bytes: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.get(15) == Some(&b'=') && bytes[..15].iter().all(is_digit)
}

/// A shape: `0` is a digit, `a` a letter, `x` a small hexadecimal digit.
fn has_shape(bytes: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'x' => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
        _ => byte == form,
    };
    bytes.len() >= shape.len() && bytes.iter().zip(shape).all(fits)
}

/// Common log format, in UTC.
fn clf(bytes: &[u8]) -> Option<u64> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    if !has_shape(bytes, b"00/aaa/0000:00:00:00 +0000") {
        return None;
    }
    let month = MONTHS.iter().position(|month| *month == &bytes[3..6])? as u64 + 1;
    let date = (number(&bytes[7..11]), month, number(&bytes[..2]));
    Some(moment(date, &bytes[12..20]))
}

/// ISO 8601: its length, and what it says.
fn iso(bytes: &[u8]) -> Option<(usize, Form)> {
    const SECONDS: usize = 19;
    let is_time =
        has_shape(bytes, b"0000-00-00T00:00:00") || has_shape(bytes, b"0000-00-00 00:00:00");
    if !is_time {
        return None;
    }
    let month = number(&bytes[5..7]);
    if !(1..=12).contains(&month) {
        return None;
    }
    let date = (number(&bytes[..4]), month, number(&bytes[8..10]));
    let millis = moment(date, &bytes[11..SECONDS]);
    let rest = &bytes[SECONDS..];
    if has_shape(rest, b".000Z") {
        return Some((SECONDS + 5, Form::Iso(millis + number(&rest[1..4]))));
    }
    let mut length = 0;
    if rest.first() == Some(&b'.') {
        length += 1 + rest[1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
    }
    let zone = &rest[length..];
    length += match zone.first() {
        Some(b'Z') => 1,
        Some(b'+' | b'-') if has_shape(&zone[1..], b"00:00") => 6,
        _ => 0,
    };
    Some((SECONDS + length, Form::Moment(millis)))
}

/// Milliseconds of a date (year, month, day) and a time of day, `11:55:00`. Hinnant's
/// `days_from_civil`; what is before 1970 is 1970.
fn moment((year, month, day): (u64, u64, u64), time: &[u8]) -> u64 {
    let year = if month <= 2 {
        year.saturating_sub(1)
    } else {
        year
    };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.saturating_sub(1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).saturating_sub(719_468);
    let part = |from: usize| number(&time[from..from + 2]);
    (days * 86_400 + part(0) * 3600 + part(3) * 60 + part(6)) * 1000
}

/// The number of some digits, few enough for it.
fn number(digits: &[u8]) -> u64 {
    let add = |sum: u64, digit: &u8| sum * 10 + u64::from(digit.saturating_sub(b'0'));
    digits.iter().fold(0, add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use spec::Timestamp;

    use super::*;

    #[rstest]
    #[case("XDmENcnwIE0CFEQ=", "XDmENcnwIE0CFEQ=", Form::Id)]
    #[case("user-XDmENcnwIE0CFEQ=!", "XDmENcnwIE0CFEQ=", Form::Id)]
    #[case(
        "a 03c09e84-9949-48d9-9d50-8ddb489d6142",
        "03c09e84-9949-48d9-9d50-8ddb489d6142",
        Form::Uuid
    )]
    #[case(
        "20/Jan/2024:11:54:57 +0000",
        "20/Jan/2024:11:54:57 +0000",
        Form::Clf(1_705_751_697_000)
    )]
    #[case(
        "\"2024-01-20T11:54:57.419Z\"",
        "2024-01-20T11:54:57.419Z",
        Form::Iso(1_705_751_697_419)
    )]
    #[case(
        "2024-01-20T11:54:57.419123+00:00,",
        "2024-01-20T11:54:57.419123+00:00",
        Form::Moment(1_705_751_697_000)
    )]
    #[case(
        "2024-01-20 11:54:57",
        "2024-01-20 11:54:57",
        Form::Moment(1_705_751_697_000)
    )]
    #[case(
        "{\"at\":1705751697419}",
        "1705751697419",
        Form::Millis(1_705_751_697_419)
    )]
    #[case("1705751697.25", "1705751697", Form::Seconds(1_705_751_697_000))]
    fn a_token_is_found(#[case] text: &str, #[case] found: &str, #[case] form: Form) {
        let all = tokens(text);
        let token = all.iter().find(|token| token.form == form);
        let token = token.unwrap_or_else(|| panic!("{all:?}"));
        assert_eq!(&text[token.range.clone()], found);
    }

    #[rstest]
    #[case("+41123456789012")]
    #[case("a1705751697419")]
    #[case("1705751697419a")]
    #[case("03C09E84-9949-48D9-9D50-8DDB489D6142")]
    #[case("2024-13-20T11:54:57Z")]
    #[case("12345678901")]
    #[case("x/2024-01-20")]
    fn anything_else_is_none(#[case] text: &str) {
        assert_eq!(tokens(text), []);
    }

    proptest! {
        #[test]
        fn the_specifications_own_times_are_read(millis in 0..4_000_000_000_000_u64) {
            let at = Timestamp::from_millis(millis);
            let iso = tokens(&at.iso_8601());
            prop_assert_eq!(iso[0].form, Form::Iso(millis));
            let clf = tokens(&at.common_log_format());
            prop_assert_eq!(clf[0].form, Form::Clf(millis / 1000 * 1000));
        }

        #[test]
        fn any_text_has_tokens_between_characters(text in "([0-9T:.Z+-]{0,30}|[a-z=]{0,20}|.){0,6}") {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.range.start >= end && text.get(token.range.clone()).is_some());
                end = token.range.end;
            }
        }
    }
}
