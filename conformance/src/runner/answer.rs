//! HTTP responses: of refused handshakes, and of `@connections`.

use std::collections::BTreeMap;

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
            return Err(Stop::Difference(format!(
                "{who} expected status {status}, got {}",
                answer.status
            )));
        }
        if let Some(body) = body {
            self.bindings
                .matches(body, &answer.body)
                .map_err(|problem| Stop::Difference(format!("{who}, body: {problem}")))?;
        }
        for (name, pattern) in headers {
            let value = answer
                .header(name)
                .ok_or_else(|| Stop::Difference(format!("{who}: no header field `{name}`")))?;
            self.bindings.matches(pattern, value).map_err(|problem| {
                Stop::Difference(format!("{who}, header field `{name}`: {problem}"))
            })?;
        }
        match absent
            .iter()
            .find_map(|name| Some((name, answer.header(name)?)))
        {
            Some((name, value)) => Err(Stop::Difference(format!(
                "{who}: there is a header field `{name}`: `{value}`"
            ))),
            None => Ok(()),
        }
    }
}
