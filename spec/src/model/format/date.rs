//! Dates and times as Joda-Time reads them for the validator.

/// A reader of ASCII, front to back.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// A number of exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.iter().all(u8::is_ascii_digit) || rest.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(value(digits))
    }

    fn accept(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        first.eq_ignore_ascii_case(&byte).then(|| self.0 = rest)
    }

    /// Two digits, whatever follows; how many there were when it is fewer.
    fn pair(&mut self) -> Result<u32, usize> {
        let count = self
            .0
            .iter()
            .take(2)
            .take_while(|b| b.is_ascii_digit())
            .count();
        if count < 2 {
            return Err(count);
        }
        let (digits, rest) = self.0.split_at(2);
        self.0 = rest;
        Ok(value(digits))
    }
}

/// `yyyy-MM-dd'T'HH:mm:ss`, up to twelve decimals, and an offset.
pub(super) fn is_date_time(text: &str) -> bool {
    let mut at = Cursor(text.as_bytes());
    let read = date(&mut at)
        .and_then(|()| at.accept(b'T'))
        .and_then(|()| time(&mut at));
    if read.is_none() {
        return false;
    }
    if let Some((b'.', rest)) = at.0.split_first() {
        let decimals = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=12).contains(&decimals) {
            return false;
        }
        at.0 = &rest[decimals..];
    }
    offset(&mut at).is_some() && at.0.is_empty()
}

/// `yyyy-MM-dd`.
pub(super) fn is_date(text: &str) -> bool {
    let mut at = Cursor(text.as_bytes());
    date(&mut at).is_some() && at.0.is_empty()
}

/// `HH:mm:ss`.
pub(super) fn is_time(text: &str) -> bool {
    let mut at = Cursor(text.as_bytes());
    time(&mut at).is_some() && at.0.is_empty()
}

fn value(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |value, byte| value * 10 + u32::from(byte - b'0'))
}

fn date(at: &mut Cursor<'_>) -> Option<()> {
    let year = at.digits(4)?;
    at.accept(b'-')?;
    let month = at.digits(2)?;
    at.accept(b'-')?;
    let day = at.digits(2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(())
}

fn time(at: &mut Cursor<'_>) -> Option<()> {
    let hour = at.digits(2)?;
    at.accept(b':')?;
    let minute = at.digits(2)?;
    at.accept(b':')?;
    let second = at.digits(2)?;
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

/// `Z`, or hours with minutes, seconds and milliseconds as far as they are given, with colons
/// throughout or without any.
fn offset(at: &mut Cursor<'_>) -> Option<()> {
    if at.accept(b'Z').is_some() {
        return Some(());
    }
    at.accept(b'+').or_else(|| at.accept(b'-'))?;
    at.pair().ok().filter(|&hours| hours < 24)?;
    let separated = at.accept(b':').is_some();
    match at.pair() {
        Ok(minutes) if minutes < 60 => {}
        Err(0) if !separated => return Some(()),
        _ => return None,
    }
    if separated && at.accept(b':').is_none() {
        return Some(());
    }
    match at.pair() {
        Ok(seconds) if seconds < 60 => {}
        Err(0) if !separated => return Some(()),
        _ => return None,
    }
    if separated && at.accept(b'.').or_else(|| at.accept(b',')).is_none() {
        return Some(());
    }
    let count =
        at.0.iter()
            .take(3)
            .take_while(|b| b.is_ascii_digit())
            .count();
    at.0 = &at.0[count..];
    (count > 0 || !separated).then_some(())
}
