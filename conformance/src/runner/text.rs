//! Texts that a case makes of others.

use super::Stop;

/// The most bytes that a repeated text may have: far more than anybody takes.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// `text` with its last character `times` times over.
pub(super) fn stretched(text: &str, times: usize) -> Result<String, Stop> {
    match text.char_indices().next_back() {
        Some((at, last)) => Ok(text[..at].to_owned() + &repeated(&last.to_string(), times)?),
        None => Ok(String::new()),
    }
}

/// `text`, `times` times over.
pub(super) fn repeated(text: &str, times: usize) -> Result<String, Stop> {
    let length = text.len().checked_mul(times);
    if length.is_none_or(|length| length > MOST_BYTES) {
        let problem = format!("a text of {} bytes repeated {times} times", text.len());
        return Err(Stop::Broken(format!(
            "{problem} is more than the kit sends"
        )));
    }
    Ok(text.repeat(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_repeated_as_far_as_anybody_would_send_them() {
        assert!(repeated("ab", 3).is_ok_and(|text| text == "ababab"));
        assert!(repeated("", usize::MAX).is_ok_and(|text| text.is_empty()));
        assert!(repeated("ab", usize::MAX).is_err());
        assert!(stretched("?aä", 3).is_ok_and(|text| text == "?aäää"));
        assert!(stretched("", 3).is_ok_and(|text| text.is_empty()));
    }
}
