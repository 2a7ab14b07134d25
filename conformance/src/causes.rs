use std::error::Error;

/// An error with everything that caused it, in one line:
/// `cannot read the cases: permission denied`.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot {0}")]
    struct Outer(&'static str, #[source] std::io::Error);

    #[test]
    fn every_cause_is_told_once() {
        let inner = std::io::Error::other("no room");
        assert_eq!(with_causes(&Outer("write", inner)), "cannot write: no room");
    }
}
