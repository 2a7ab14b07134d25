use serde::{Deserialize, Serialize};

/// The step of a case at which a target did something else than the case says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Which step, from 1; one more than there are where it was seen at the end.
    pub step: usize,
    /// The steps so far in words; that one is the last.
    pub steps: Vec<String>,
    /// What that step expected.
    pub expected: String,
    /// What came instead.
    pub came: String,
}

impl Stopped {
    /// What failures have in common that come of one difference: what was expected and what came,
    /// but for who got it.
    pub(crate) fn cause(&self) -> String {
        let Self { expected, came, .. } = self;
        // Whatever it was that did not come.
        if came.starts_with("nothing came") {
            return match expected.starts_with("a report of ") {
                true => format!("expected {expected}, but {came}"),
                false => came.clone(),
            };
        }
        format!("expected {expected}, got {came}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_one_cause_whatever_was_expected() {
        let cause = |expected: &str, came: &str| {
            let stopped = Stopped {
                step: 1,
                steps: vec!["a receives `x`".to_owned()],
                expected: expected.to_owned(),
                came: came.to_owned(),
            };
            stopped.cause()
        };
        let silence = "nothing came within 3s";
        assert_eq!(cause("a receives `x`", silence), silence);
        assert_ne!(cause("a report of a CONNECT event", silence), silence);
        let status = "expected status 401, got status 101";
        assert_eq!(cause("status 401", "status 101"), status);
    }
}
