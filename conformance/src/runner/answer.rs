//! HTTP responses: of refused handshakes, and of `@connections`.

use std::collections::BTreeMap;

use super::difference::Difference;
use super::{Run, Stop};
use crate::session::{Answer, Session};

/// What an HTTP response must be.
pub(super) struct Expected<'a> {
    pub(super) status: u16,
    pub(super) body: Option<&'a str>,
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) absent: &'a [String],
}

impl<S: Session> Run<'_, S> {
    /// Compares an HTTP response.
    pub(super) fn answered(
        &mut self,
        who: &str,
        answer: &Answer,
        expected: &Expected<'_>,
    ) -> Result<(), Stop> {
        let Expected {
            status,
            body,
            headers,
            absent,
        } = *expected;
        self.note(
            "<",
            &format!(
                "{who}: {} {:?} {}",
                answer.status, answer.headers, answer.body
            ),
        );
        if answer.status != status {
            let (expected, came) = (format!("status {status}"), answer.status);
            let mut difference = Difference::between(who, expected, came);
            difference.came = format!("status {came}");
            return Err(Stop::Difference(difference));
        }
        if let Some(body) = body {
            self.bindings
                .matches(body, &answer.body)
                .map_err(|problem| {
                    let problem = format!("{who}, body: {problem}");
                    let (expected, came) = (format!("body `{body}`"), format!("`{}`", answer.body));
                    Stop::Difference(Difference::new(problem, expected, came))
                })?;
        }
        for (name, pattern) in headers {
            let value = answer.header(name).ok_or_else(|| {
                let problem = format!("{who}: no header field `{name}`");
                let (expected, came) = (format!("a header field `{name}`"), "none");
                Stop::Difference(Difference::new(problem, expected, came))
            })?;
            self.bindings.matches(pattern, value).map_err(|problem| {
                let problem = format!("{who}, header field `{name}`: {problem}");
                let expected = format!("header field `{name}: {pattern}`");
                Stop::Difference(Difference::new(problem, expected, format!("`{value}`")))
            })?;
        }
        match absent
            .iter()
            .find_map(|name| Some((name, answer.header(name)?)))
        {
            Some((name, value)) => {
                let problem = format!("{who}: there is a header field `{name}`: `{value}`");
                let expected = format!("no header field `{name}`");
                let came = format!("`{name}: {value}`");
                Err(Stop::Difference(Difference::new(problem, expected, came)))
            }
            None => Ok(()),
        }
    }
}
