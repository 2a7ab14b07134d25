//! A request in one line of the page.

use serde::Serialize;

use crate::exchange::{Kind, Message, Request, Verdict};
use crate::store::Changed;

/// What the timeline shows of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary<'c> {
    number: u64,
    /// When it changed last.
    revision: u64,
    kind: Kind,
    connection_id: &'c str,
    request_id: &'c str,
    began: u64,
    ended: Option<u64>,
    verdict: Verdict,
    /// What was asked for, without secrets.
    text: &'c str,
    route: Option<&'c str>,
    /// What was called.
    targets: &'c [String],
    /// The status of the answer to a handshake or a call of `@connections`.
    status: Option<u16>,
}

impl<'c> Summary<'c> {
    pub(super) fn new(changed: &'c Changed) -> Self {
        let Changed {
            revision,
            exchange,
            line,
        } = changed;
        let is_frame = matches!(exchange.request, Request::Frame { .. });
        let status = exchange.sent.iter().find_map(|sent| match sent.what {
            Message::Response { status, .. } => Some(status),
            _ => None,
        });
        Self {
            number: exchange.number,
            revision: *revision,
            kind: exchange.kind,
            connection_id: &exchange.connection_id,
            request_id: &exchange.request_id,
            began: exchange.began,
            ended: exchange.ended,
            verdict: exchange.verdict,
            text: &line.text,
            route: line.route.as_deref(),
            targets: &line.targets,
            status: status.filter(|_| !is_frame),
        }
    }
}
